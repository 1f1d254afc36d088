"""The second layer: words with a given reading, from the ``lexicon`` of voices.yaml.

- From left to right, the longest matching entry is used at each place; inserted readings are not matched again.
- A Latin entry matches only whole words: ``LLM`` does not match in ``LLMs`` or ``vLLM`` (add entries for these), but
  does in ``LLM2`` and ``LLMの``. An entry that ends with a digit does not match in a longer number, such as
  ``GPT-4`` in ``GPT-4.1``.
- Case must agree; but an entry with a lower-case letter matches other cases too, if no entry agrees. So ``GitHub``
  reads ``github``, but ``IT`` does not read ``it``. One or two capitals are taken for an acronym: ``or`` does not read
  ``OR``.
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
"""Private characters that each stand for a kept word; the first layer has removed those of the text."""
_FOLD = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # one for one, unlike str.lower


class Lexicon(Mapping[str, str]):
    """Readings by surface, prepared for lookup. Surfaces are normalised like texts.

    Args:
        entries: readings by surface.
        kept: surfaces that this layer and the later ones leave alone, and what finally replaces each: the surface
            itself, if the engine knows how to say it.
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
        self._first = re.compile(f"[{''.join(map(re.escape, self._lengths))}]") if self._lengths else None

    def __getitem__(self, surface: str) -> str:
        return self._exact[surface]

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)

    def __len__(self) -> int:
        return len(self._exact)

    def find(self, word: str) -> str | None:
        """The reading of one whole word; a lower-case word also matches an entry in capitals (``json``, ``api``)."""
        reading = self._exact.get(word)
        if reading is None and not (len(word) <= 2 and word.isupper()):
            reading = self._folded.get(word.translate(_FOLD))
        if reading is None and word.islower() and len(word) > 2:
            reading = self._exact.get(word.upper())
        return reading

    def apply(self, text: str) -> str:
        """Replace the entries in ``text``, which must be normalised, with their readings."""
        if self._first is None:
            return text
        folded = text.translate(_FOLD)
        said: list[str] = []
        at = left = 0  # what is before ``left`` is in ``said``
        while found := self._first.search(folded, at):
            at = found.start()
            for length in self._lengths[folded[at]]:
                end = at + length
                reading = self._exact.get(text[at:end])
                if reading is None and not (length <= 2 and text[at:end].isupper()):
                    reading = self._folded.get(folded[at:end])
                if reading is not None and end <= len(text) and _is_whole(text, at, end):
                    said += (text[left:at], self._kept.get(text[at:end], reading))
                    at = left = end
                    break
            else:
                at += 1
        return "".join((*said, text[left:]))

    def restore(self, text: str) -> str:
        """Put back the kept words, which :meth:`apply` has hidden from later layers."""
        for sign, said in self._restored.items():
            text = text.replace(sign, said)
        return text


def _is_whole(text: str, begin: int, end: int) -> bool:
    """Whether the text in between is not part of a longer word or number."""
    before, first, last, after = text[begin - 1 : begin], text[begin], text[end - 1], text[end : end + 1]
    if _LETTER.match(first) and _LETTER.match(before):
        return False
    if _LETTER.match(last) and _LETTER.match(after):
        return False
    if _DIGIT.match(first) and _NUMBER_BEFORE.search(text[max(0, begin - 2) : begin]):
        return False
    return not (_DIGIT.match(last) and _NUMBER_AFTER.match(text, end))
