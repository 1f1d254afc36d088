"""The one function that Dask calls. It travels as code, so that a scheduler needs nothing of this program."""

from __future__ import annotations

__all__ = ["carry_out"]


def carry_out(work: bytes) -> bytes:
    """Do a piece of work on a worker; see :func:`tts_render.cluster.booth.answer`."""
    from tts_render.cluster.booth import answer

    return answer(work)
