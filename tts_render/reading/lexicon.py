"""The second layer: words whose reading is given, out of the ``lexicon`` of voices.yaml.

- From left to right; at each place the longest entry that fits; what was put in is not looked at again.
- A Latin entry fits whole words only: ``LLM`` is not in ``LLMs`` or ``vLLM`` (give these entries of their own), but in
  ``LLM2`` and ``LLMの``. An entry that ends with a digit is not in a longer number: ``GPT-4`` is not in ``GPT-4.1``.
- Letters must agree in case; an entry with a small letter in it fits other cases too, where no entry agrees. So
  ``GitHub`` reads ``github``, but ``IT`` does not read ``it``. One or two capitals are an acronym: ``or`` does
  not read ``OR``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tts_render.reading.normalise import normalise
from tts_render.script.cleaning import clean

__all__ = ["Lexicon"]

_LETTER = re.compile("[A-Za-zÀ-ɏ]")
_DIGIT = re.compile("[0-9]")
_NUMBER_BEFORE = re.compile("[0-9][.,]?$")
_NUMBER_AFTER = re.compile("[.,]?[0-9]")
_FIRST = 0xF0000
_MOST = 0xFFFD
"""Private characters, each of which stands for a word that is kept; the first layer has removed those of the text."""
_FOLD = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # one for one, unlike str.lower


class Lexicon(Mapping[str, str]):
    """Readings by surface, made ready for looking up. Surfaces are normalised as texts are.

    Args:
        entries: readings by surface.
        kept: surfaces that this layer and those after it leave alone, and what stands for each in the end: the surface
            itself, where the engine knows how to say it.
    """

    def __init__(self, entries: Mapping[str, str], kept: Mapping[str, str] = MappingProxyType({})) -> None:
        chosen = sorted(kept)[:_MOST]
        self._kept = {normalise(surface): chr(_FIRST + number) for number, surface in enumerate(chosen)}
        self._restored = {chr(_FIRST + number): kept[surface] for number, surface in enumerate(chosen)}
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        lengths: dict[str, set[int]] = {}
        for surface, reading in entries.items():
            written = surface if surface.isascii() and surface.isalnum() else normalise(surface)
            if not written:
                continue
            if not reading.isprintable():
                reading = clean(reading).replace("\n", " ")
            self._exact.setdefault(written, reading)
            lengths.setdefault(written[0].translate(_FOLD), set()).add(len(written))
            if re.search("[a-z]", written):
                self._folded.setdefault(written.translate(_FOLD), reading)
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def __getitem__(self, surface: str) -> str:
        return self._exact[surface]

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)

    def __len__(self) -> int:
        return len(self._exact)

    def find(self, word: str) -> str | None:
        """The reading of one whole word; written small, an entry in capitals fits it too (``json``, ``api``)."""
        reading = self._exact.get(word)
        if reading is None and not (len(word) <= 2 and word.isupper()):
            reading = self._folded.get(word.translate(_FOLD))
        if reading is None and word.islower() and len(word) > 2:
            reading = self._exact.get(word.upper())
        return reading

    def apply(self, text: str) -> str:
        """``text``, which is normalised, with the entries' readings in their places."""
        if not self._exact:
            return text
        folded = text.translate(_FOLD)
        said: list[str] = []
        at = 0
        while at < len(text):
            for length in self._lengths.get(folded[at], ()):
                end = at + length
                reading = self._exact.get(text[at:end])
                if reading is None and not (length <= 2 and text[at:end].isupper()):
                    reading = self._folded.get(folded[at:end])
                if reading is not None and end <= len(text) and _is_whole(text, at, end):
                    said.append(self._kept.get(text[at:end], reading))
                    at = end
                    break
            else:
                said.append(text[at])
                at += 1
        return "".join(said)

    def restore(self, text: str) -> str:
        """``text`` with what stands for the words that are kept, which :meth:`apply` has hidden from later layers."""
        for sign, said in self._restored.items():
            text = text.replace(sign, said)
        return text


def _is_whole(text: str, begin: int, end: int) -> bool:
    """Whether the text between is no part of a longer word or number."""
    before, first, last, after = text[begin - 1 : begin], text[begin], text[end - 1], text[end : end + 1]
    if _LETTER.match(first) and _LETTER.match(before):
        return False
    if _LETTER.match(last) and _LETTER.match(after):
        return False
    if _DIGIT.match(first) and _NUMBER_BEFORE.search(text[max(0, begin - 2) : begin]):
        return False
    return not (_DIGIT.match(last) and _NUMBER_AFTER.match(text, end))
