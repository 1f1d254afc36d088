"""The hierarchy of errors: every foreseeable failure derives from one base.

::

    TtsRenderError                exit 1
    ├── CommandLineError          exit 2   what was asked makes no sense
    ├── InputError                         something that was given is wrong
    │   ├── PostError                      a post or its front matter
    │   ├── ScriptError                    a script, 台本
    │   ├── ConfigError                    voices.yaml
    │   ├── SoundError                     a jingle or another sound file
    │   └── OutsideSiteError               a path that leaves the site
    ├── EngineError               exit 3   no engine to speak with
    │   ├── EngineUnreachableError         it does not answer, or stopped answering
    │   ├── EngineRefusedError             it refused the request (4xx)
    │   ├── EngineReplyError               its answers were unusable on every try
    │   ├── EngineMismatchError            engines of one run differ, or lack the voice
    │   └── EngineMissingError             an embedded engine is not installed
    ├── SpeechError                        utterances that could not be spoken
    ├── UtteranceError                     one of them
    ├── StoreError                         the bucket of a cache does not answer, or nonsense
    │   └── StoreRefusedError              it refuses: credentials, permissions, no such bucket
    ├── OutputError                        disk, encoder, or a finished MP3 that is wrong
    └── BusyError                          another run is at work on the same episode
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.ground.messages import joined, translate
from tts_render.ground.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.ground.messages import Language

__all__ = [
    "BusyError",
    "CommandLineError",
    "ConfigError",
    "EngineError",
    "EngineMismatchError",
    "EngineMissingError",
    "EngineRefusedError",
    "EngineReplyError",
    "EngineUnreachableError",
    "InputError",
    "OutputError",
    "OutsideSiteError",
    "PostError",
    "ScriptError",
    "SoundError",
    "SpeechError",
    "StoreError",
    "StoreRefusedError",
    "TtsRenderError",
    "UtteranceError",
]


class TtsRenderError(Exception):
    """Base of all foreseeable failures: what happened, where, and what to do.

    ``str()`` gives one or two lines: ``path:line: message`` and, if there is a remedy, the remedy on a second line.
    Unprintable characters from inputs become U+FFFD and line breaks become spaces, so it can be shown anywhere.
    ``str()`` is English; :meth:`shown` gives the same in another language.
    """

    exit_code = 1
    """Exit code of the command line: 1 the work failed, 2 the command line was wrong, 3 the engine failed."""

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.message = one_line(message)
        super().__init__(self.message)
        self.path = path
        self.line = line
        """1-based line in ``path``."""
        self.remedy = remedy and one_line(remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        # An error may come from another process; exceptions by themselves are made anew of their message alone.
        return _restored, (type(self), self.args, self.__dict__)

    @property
    def whole(self) -> str:
        """All of it as a message: what ``str()`` gives, to put into another message or to show."""
        where = "" if self.path is None else f"{self.path}: " if self.line is None else f"{self.path}:{self.line}: "
        return joined((one_line(where), self.message, *(("\n  ", self.remedy) if self.remedy else ())))

    def shown(self, language: Language) -> str:
        """What ``str()`` gives, in ``language``."""
        return translate(self.whole, language)

    def __str__(self) -> str:
        return str(self.whole)


def _restored(kind: type[TtsRenderError], arguments: tuple[object, ...], facts: dict[str, object]) -> TtsRenderError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(facts)
    return error


class CommandLineError(TtsRenderError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class InputError(TtsRenderError):
    """Something given to the program is wrong."""


class PostError(InputError):
    """A post, or its front matter, cannot be read or safely changed."""


class ScriptError(InputError):
    """A script cannot be read or has nothing to say."""


class ConfigError(InputError):
    """voices.yaml is wrong."""


class SoundError(InputError):
    """A jingle or another sound file cannot be used."""


class OutsideSiteError(InputError):
    """A path in an input points outside the site."""


class EngineError(TtsRenderError):
    """There is no engine to speak with; ``engine`` is its URL or name."""

    exit_code = 3

    def __init__(self, message: str, *, engine: str, status: int | None = None, remedy: str | None = None) -> None:
        super().__init__(message, path=engine, remedy=remedy)
        self.engine = engine
        self.status = status
        """HTTP status, if there was one."""


class EngineUnreachableError(EngineError):
    """The engine does not answer, or has stopped answering."""


class EngineRefusedError(EngineError):
    """The engine understood the request and refused it (4xx); asking again would not help."""


class EngineReplyError(EngineError):
    """The engine's answer was unusable on every try."""


class EngineMismatchError(EngineError):
    """Engines of one run differ, or an engine does not have the requested voice."""


class EngineMissingError(EngineError):
    """The package of a requested embedded engine is not installed."""


class SpeechError(TtsRenderError):
    """Some utterances could not be spoken; the episode is not published.

    ``failures`` holds one error for each utterance, in script order, with its path and line.
    """

    def __init__(self, message: str, failures: Sequence[TtsRenderError], *, path: Path | str | None = None) -> None:
        super().__init__(message, path=path)
        self.failures = tuple(failures)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # the worst of its failures decides
        """Exit code 3 if an engine is to blame for any failure, else 1."""
        return max((failure.exit_code for failure in self.failures), default=1)

    @property
    def whole(self) -> str:
        """All of it, each failure on lines of its own."""
        return joined((super().whole, *(failure.whole for failure in self.failures)), "\n")


class UtteranceError(TtsRenderError):
    """One utterance that could not be spoken, with its place in the script."""

    def __init__(self, message: str, *, path: Path | str, line: int, remedy: str | None = None, blame: int = 1) -> None:
        super().__init__(message, path=path, line=line, remedy=remedy)
        self.exit_code = blame
        """3 if the engine is to blame, 1 if the text is."""


class StoreError(TtsRenderError):
    """The bucket of a cache does not answer, or answers what cannot be understood."""


class StoreRefusedError(StoreError):
    """The bucket refuses: credentials are missing or wrong, permissions are missing, or there is no such bucket."""


class OutputError(TtsRenderError):
    """A file could not be written, or the written file is wrong."""


class BusyError(TtsRenderError):
    """Another run is working on the same episode."""
