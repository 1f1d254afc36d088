"""Parts of a sound, for who seeks in it (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["ranged"]

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def ranged(request: Request, content: bytes, *, media_type: str) -> Response:
    """The part of ``content`` that a request asks for: 206, or 416 where there is no such part, or all of it.

    Several parts at once are answered by all of it, which every browser takes.
    """
    whole = Response(content, media_type=media_type, headers={"Accept-Ranges": "bytes"})
    asked = _ONE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if asked is None or asked[0] == "bytes=-":
        return whole
    size = len(content)
    if asked[1]:
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        if asked[2] and int(asked[2]) < first:
            return whole
    else:
        first, last = max(0, size - int(asked[2])), size - 1
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{size}"}
    return Response(content[first : last + 1], 206, media_type=media_type, headers=headers)
