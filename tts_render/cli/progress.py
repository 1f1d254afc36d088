"""Progress on standard error: drawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TextIO

from tts_render.cli.language import language
from tts_render.ground.events import Began, Event, Spoke, Stage, Warned
from tts_render.ground.messages import joined, said, said_count, translate
from tts_render.ground.printable import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["Progress"]

_STAGES = {
    "mastering": said("mastering and encoding"),
    "correcting": said("encoding again, corrected"),
    "writing": said("writing"),
}
_EVERY = 20  # utterances between two plain lines
_TOLD = 10.0  # seconds between two lines about the whole, where each stays
_REDRAWN = 0.5  # and where it is drawn again


class Progress:
    """Shows the events of a run.

    Args:
        stream: where to write.
        quiet: show only warnings.
        verbose: above 0 shows every utterance.
    """

    def __init__(self, stream: TextIO, *, quiet: bool, verbose: int) -> None:
        self._stream = stream
        self._language = language()  # events come from other threads too
        self._quiet = quiet
        self._verbose = verbose
        self._name = ""
        self._total = self._done = 0
        self._told: float | None = None
        """When the line about the whole was shown last; nothing is told of it right at the beginning."""
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if not self._quiet and self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Drawn

            self._bar = Drawn(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Warned(message):
                self.note(said("warning: {message}", message=message), always=True)
            case Began(episode, utterances, cached):
                self._name, self._total, self._done = str(episode), utterances, 0
                if self._bar is not None:
                    if self._task is not None:
                        self._bar.remove_task(self._task)
                    self._task = self._bar.add_task(plain(episode.name), total=utterances, rate="")
                else:
                    self.note(
                        said_count(
                            "{episode}: {count} utterance, {cached} from the cache",
                            "{episode}: {count} utterances, {cached} from the cache",
                            count=utterances,
                            episode=episode,
                            cached=cached,
                        )
                    )
            case Spoke():
                self._spoke(event)
            case Stage(name):
                if self._bar is not None and self._task is not None:
                    self._bar.update(self._task, rate=translate(_STAGES[name], self._language))
                elif self._verbose:
                    self.note(joined((self._name, _STAGES[name]), ": "))

    def detail(self, name: str, event: Spoke | Stage) -> None:
        """Show one event of one of several episodes that are made at once, for those who want to see every utterance.

        Args:
            name: of the episode.
            event: what has happened.
        """
        if not self._verbose:
            return
        if isinstance(event, Stage):
            self.note(joined((name, _STAGES[event.name]), ": "))
            return
        how = said("cached") if event.cached else said("spoken")
        self.note(
            said("{name}: {how} {seconds:.2f} s  {text}", name=name, how=how, seconds=event.seconds, text=event.text)
        )

    def overall(self, line: Callable[[], str], done: int, total: int) -> None:
        """Show how a call stands as a whole, in one line that is drawn again, or told now and then.

        Args:
            line: says it in words; asked only when it is shown.
            done: how much is done.
            total: of how much.
        """
        now = time.monotonic()
        if self._told is None:
            self._told = now if self._bar is None else float("-inf")
        if now - self._told < (_TOLD if self._bar is None else _REDRAWN):
            return
        self._told = now
        if self._bar is None:
            self.note(line())
            return
        if self._task is None:
            from rich.progress import BarColumn, TextColumn

            self._bar.columns = TextColumn("{task.description}"), BarColumn()
            self._task = self._bar.add_task("", total=total)
        text = translate(line(), self._language)
        self._bar.update(self._task, completed=done, total=total, description=text)

    def note(self, text: str, *, always: bool = False) -> None:
        """Show a line, above the progress bar if there is one."""
        if self._quiet and not always:
            return
        text = plain(translate(text, self._language))
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self._stream, flush=True)

    def _spoke(self, event: Spoke) -> None:
        self._done += 1
        if self._verbose:
            how = said("cached") if event.cached else said("spoken")
            self.note(
                said(
                    "{done}/{total} {how} {seconds:.2f} s  {text}",
                    done=self._done,
                    total=self._total,
                    how=how,
                    seconds=event.seconds,
                    text=event.text,
                )
            )
        if self._bar is not None and self._task is not None:
            task = next(task for task in self._bar.tasks if task.id == self._task)
            rate = f"{task.speed:.1f}/s" if task.speed else ""
            self._bar.update(self._task, advance=1, rate=rate)
        elif not self._verbose and self._done % _EVERY == 0 and self._done < self._total:
            self.note(said("{name}: {done} of {total}", name=self._name, done=self._done, total=self._total))
