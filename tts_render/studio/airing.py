"""Publishing: rendering an episode from the page, what came of it, and the change to its post, which somebody confirms.

A render puts MP3, what goes beside it and the receipt into place, as on the command line, and leaves the post alone.
What is still to be written there follows from receipt and post, so it can be looked at later and by anybody, also after
the studio was started again; and it is written only as it was seen.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from tts_render.ground.errors import InputError, TtsRenderError
from tts_render.ground.files import digest_bytes, digest_file, locked
from tts_render.ground.messages import joined, listed, said
from tts_render.outputs.plots import draw, talk
from tts_render.outputs.report import decode_profile
from tts_render.outputs.sidecars import wanted_outputs
from tts_render.run.describe import chapters_of
from tts_render.run.journal import Change, StaleError
from tts_render.run.plan import expected_timeline
from tts_render.run.prepare import open_deck
from tts_render.run.write_back import edit_for
from tts_render.settings.publication import OUTPUTS
from tts_render.site.receipt import read_receipt
from tts_render.studio.asking import answer, body, tell, text
from tts_render.studio.facts import error_facts, finding_facts, made_facts, plots_facts, progress_facts, shown
from tts_render.studio.press import Wish
from tts_render.upkeep.checks import check
from tts_render.upkeep.status import status

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.episode.episode import Episode
    from tts_render.site.post import PostEdit
    from tts_render.site.receipt import Receipt
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["airing_routes"]

_PATIENCE = 2.0  # seconds that a change to the post waits for a render
_MOST_PLOTS = 8  # episodes of which they are kept


def airing_routes(desk: Desk) -> list[Route]:
    """Where an episode is rendered, and its post written."""
    answers = _Airing(desk)
    return [
        Route("/api/publishing/{path:path}", answers.look),
        Route("/api/plots/{path:path}", answers.plots),
        Route("/api/render/{path:path}", answers.standing),
        Route("/api/render/{path:path}", answers.render, methods=["POST"]),
        Route("/api/cancel/{path:path}", answers.cancel, methods=["POST"]),
        Route("/api/write/{path:path}", answers.write, methods=["POST"]),
    ]


class _Airing:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._plots: dict[Path, tuple[Sheet, object, dict[str, Any]]] = {}

    async def look(self, request: Request) -> Response:
        return await answer(self._desk, request, self._facts)

    async def standing(self, request: Request) -> Response:
        now = self._desk.press.standing(self._desk.path(request.path_params["path"]))
        return tell(request, {"render": None if now is None else progress_facts(now)})

    async def render(self, request: Request) -> Response:
        asked = await body(request)
        also = asked.get("outputs", [])
        if not isinstance(also, list) or not all(name in OUTPUTS for name in also):
            raise InputError(said("outputs must be a list of {names}", names=listed(OUTPUTS)))
        force, post = asked.get("force", False), asked.get("post", True)
        if not isinstance(force, bool) or not isinstance(post, bool):
            raise InputError(said("force and post must be true or false"))

        def begin(path: Path) -> dict[str, Any]:
            wish = Wish(path, tuple(also), force=force, post=post)
            return {"render": progress_facts(self._desk.press.ask(wish))}

        return await answer(self._desk, request, begin)

    async def cancel(self, request: Request) -> Response:
        def give_up(path: Path) -> dict[str, Any]:
            now = self._desk.press.cancel(path)
            return {"render": None if now is None else progress_facts(now)}

        return await answer(self._desk, request, give_up)

    async def write(self, request: Request) -> Response:
        asked = await body(request)
        seen = text(asked, "digest")

        def write(path: Path) -> dict[str, Any]:
            desk, episode = self._desk, self._desk.read(path)
            if episode.audio is None:
                raise InputError(said("has no audio"), path=path)
            busy = said("{audio}: another run is at work on this episode", audio=episode.audio)
            with locked(desk.session.lock(episode.audio), patience=_PATIENCE, busy=busy):
                receipt = _receipt(desk, episode)
                edit = None if receipt is None else _edit(receipt, episode)
                if edit is None or digest_bytes(edit.after) != seen:
                    raise StaleError(
                        said("was changed in the meantime"),
                        path=path,
                        remedy=said("Look at the change as it is now."),
                    )
                desk.journal.make(joined((path.name, edit.summary), ": "), [Change(edit.path, edit.before, edit.after)])
            desk.files_changed([shown(path, desk.root)])
            return {**self._facts(path), **desk.undoable()}

        return await answer(self._desk, request, write)

    async def plots(self, request: Request) -> Response:
        path = self._desk.path(request.path_params["path"])
        return tell(request, await run_in_threadpool(self._draw, path))

    def _facts(self, path: Path) -> dict[str, Any]:
        desk, episode = self._desk, self._desk.read(path)
        stands = status(path, desk.session, site=desk.root, voices=desk.voices)
        receipt = _receipt(desk, episode)
        now = desk.press.standing(path)
        return {
            "state": stands.state,
            "why": stands.why,
            "audio": None if episode.audio is None else shown(episode.audio, desk.root),
            "outputs": _outputs(episode, receipt),
            "made": None if receipt is None else made_facts(receipt),
            "post": episode.post is not None,
            "edit": None if receipt is None else _edit_facts(receipt, episode, desk.root),
            "findings": [
                finding_facts(found, desk.root, made=receipt is not None)
                for found in check(path, site=desk.root, voices=desk.voices)
            ],
            "render": None if now is None else progress_facts(now),
        }

    def _draw(self, path: Path) -> dict[str, Any]:
        """The plots of the MP3 that is there, with who speaks when, if that is still what the script says."""
        desk = self._desk
        sheet = desk.sheet(path)
        receipt = _receipt(desk, sheet.episode)
        if receipt is None or sheet.episode.audio is None:
            raise InputError(said("has no MP3 that was rendered here"), path=path, remedy=said("Render it."))
        clips = sheet.clips(desk.clips)
        known = self._plots.get(path)
        if known is not None and known[0] is sheet and known[1] == (receipt.sha256, clips):
            return known[2]
        profile = decode_profile(sheet.episode.audio)
        timeline = expected_timeline(sheet.lines.script, clips, sheet.episode)
        chapters = chapters_of(sheet.lines.script.items, timeline, open_deck(sheet.episode))
        plots = draw(timeline, chapters, profile, receipt.loudness_lufs)
        same = None not in clips and round(timeline.frames / timeline.rate, 6) == receipt.duration_seconds
        facts = plots_facts(plots, talk(plots, profile) if same else None)
        self._plots.pop(path, None)
        self._plots[path] = sheet, (receipt.sha256, clips), facts
        for old in list(self._plots)[:-_MOST_PLOTS]:
            self._plots.pop(old, None)
        return facts


def _receipt(desk: Desk, episode: Episode) -> Receipt | None:
    """The receipt of the MP3 that is there; None where it is another one, or there is none."""
    if episode.audio is None:
        return None
    receipt = read_receipt(desk.session.receipt(episode.site, episode.audio, source=episode.path))
    if receipt is None or not episode.audio.is_file() or episode.audio.stat().st_size != receipt.bytes:
        return None
    return receipt if digest_file(episode.audio) == receipt.sha256 else None


def _edit(receipt: Receipt, episode: Episode) -> PostEdit | None:
    if episode.post is None or episode.audio is None:
        return None
    return edit_for(receipt, episode.post, episode.audio, episode.site)


def _edit_facts(receipt: Receipt, episode: Episode, root: Path) -> dict[str, Any] | None:
    """What would be written into the post, or why it cannot be; None for a bare script."""
    try:
        edit = _edit(receipt, episode)
    except TtsRenderError as error:
        return {"error": error_facts(error)}
    if edit is None:
        return None
    name = shown(edit.path, root)
    before, after = (content.decode(errors="replace").splitlines() for content in (edit.before, edit.after))
    diff = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=2, lineterm="")
    return {
        "changed": edit.changed,
        "summary": edit.summary,
        "digest": digest_bytes(edit.after),
        "diff": list(diff),
    }


def _outputs(episode: Episode, receipt: Receipt | None) -> list[dict[str, Any]]:
    """Every output that there is, and whether it is made anyway."""
    asked = episode.config.publication.outputs
    kept = () if episode.audio is None else wanted_outputs((), receipt, episode.audio)
    return [
        {
            "name": name,
            "files": [suffix for suffix, _ in files],
            "because": "settings" if name in asked else "exists" if name in kept else None,
            "possible": name != "deck" or episode.deck is not None,
        }
        for name, files in OUTPUTS.items()
    ]
