"""The closing words, if voices.yaml asks for them: that the speech is synthetic, and whose voices were used.

The terms of use of VOICEVOX require a spoken credit where the sound is published without accompanying text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.reading import Lexicon, read, speakable
from tts_render.script import Pause
from tts_render.settings.embedded import EMBEDDED
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tts_render.engine import Identity
    from tts_render.settings.config import Config
    from tts_render.speech.casting import Cast

__all__ = ["add_closing", "licence_of", "spoken_credit"]

_SAID = {engine.attribution: engine.said for engine in EMBEDDED.values()}

_READINGS = {
    "VOICEVOX": "ボイスボックス",
    **{name: reading for engine in EMBEDDED.values() for name, reading in engine.readings},
}

_LICENCES = {
    "voicevox": "VOICEVOXの利用規約と、各音声ライブラリの利用規約 https://voicevox.hiroshima.jp/term/",
    **{name: engine.licence for name, engine in EMBEDDED.items()},
}


def add_closing(script: Cast, config: Config, credit_lines: Iterable[str]) -> Cast:
    """Append the closing words to ``script``, in the voice that speaks the most.

    Args:
        script: the cast script.
        config: says which closing words are wanted.
        credit_lines: the credits of the voices in the script.
    """
    publication = config.publication
    texts = [publication.disclosure.text] if publication.disclosure.spoken else []
    if publication.spoken_credits and (said := spoken_credit(credit_lines)):
        texts.append(said)
    utterances = script.utterances
    ((voice, _),) = Counter(utterance.voice for utterance in utterances).most_common(1)
    lexicon = Lexicon({**_READINGS, **config.lexicon})
    closing: list[Pause | Utterance] = []
    index, line = len(utterances), utterances[-1].line
    for text in texts:
        said = read(text, lexicon).said
        if speakable(said):
            closing += [Pause("paragraph", line), Utterance(index, text, said, voice, line, end_of_sentence=True)]
            index += 1
    return replace(script, items=(*script.items, *closing)) if closing else script


def spoken_credit(credit_lines: Iterable[str]) -> str:
    """Credit lines as they are spoken: ``VOICEVOX、春日部つむぎ、ずんだもん``."""
    names: dict[str, list[str]] = {}
    for line in credit_lines:
        maker, colon, name = re.fullmatch("([^:：]*)([:：]?)(.*)", _SAID.get(line, line), re.DOTALL).groups()  # type: ignore[union-attr]  # fits any text
        names.setdefault(maker.strip(), []).extend([name.strip()] if colon else [])
    return "、".join(part for maker, found in names.items() for part in (maker, *found) if part)


def licence_of(identity: Identity, credit_lines: Sequence[str]) -> str:
    """The terms under which the voices of an engine may be used; empty if they are not known.

    An engine by another maker that speaks VOICEVOX's protocol has its own terms.
    """
    if identity.engine == "voicevox" and not identity.version[:1].isdigit():
        return ""
    return _LICENCES.get(identity.engine, "") if credit_lines else ""
