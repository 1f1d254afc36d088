"""What is still in Latin letters when the lexicons have had their turn, word by word, into katakana.

A word is divided where its case changes (``LangChain``); each part is looked up in the shipped lexicon, named letter
by letter if it is an acronym (up to five capitals, or no vowel), made from its stem if that is in the lexicon and only
an -s, -ed or -ing is behind it, and else guessed by kanalizer, a small model of how English words sound in Japanese. So
every engine is given the same kana, and an engine's own conversion finds nothing left to do.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tts_render.reading.terms import shipped_terms

__all__ = ["spell_articles", "spell_words"]

_WORD = re.compile(r"[A-Za-z]+(?:['’](?:s|t|re|ve|ll|d|m)\b)?")
_PART = re.compile("[A-Z]+(?=[A-Z][a-z]{2})|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")
_PLURAL = re.compile("([A-Z]{2,5})s")
_JOINT = re.compile(r"(?<=[A-Za-z])[-_&+/@.](?=[A-Za-z])|(?<=[A-Za-zァ-ヺー])[-_.@](?=[A-Za-zァ-ヺ])")
_JOINTS = {"-": " ", "_": " ", "&": " アンド ", "+": " プラス ", "/": " ", "@": " アット ", ".": " ドット "}
_PLUS = re.compile(r"(?<=[A-Za-zァ-ヺー])[+](?![A-Za-z+])")
_BESIDE_FIGURES = re.compile("(?<=[A-Za-zァ-ヺー])[-_/](?=[0-9])|(?<=[0-9])[-_](?=[A-Za-zァ-ヺ])")
_ENDING = re.compile(r"(?<=[A-Za-z])\.(?=\s|$)")
_CONTRACTION = re.compile("([ァ-ヺー])['’](s|t|re|ve|ll|d|m)(?![A-Za-z])")
"""Behind a word that a lexicon has put into katakana already."""
_APOSTROPHE = re.compile("(?<=[A-Za-zァ-ヺー])['’](?=[A-Za-z]{3}|[A-Za-z]['’])|(?<=['’][A-Za-z])['’]")
_ARTICLE = re.compile(
    r"(?:^|(?<=[:.!?|—–-] )|(?<=[「『（(\"“：]))A(?= [A-Za-z][a-z])(?! (?:[Ii]s|[Aa]nd|[Oo]r|[Vv]s|[Tt]o|[Ii]n)\b)"
)
"""At the beginning of an English title; elsewhere a capital A is the letter (Plan A)."""
_SMALL_ARTICLE = re.compile("(?<![0-9A-Za-z])a(?![0-9A-Za-z])")
_MODEL = re.compile("(?<![0-9A-Za-z])([A-UW-Zio])([1-9])(?![0-9A-Za-z.,])")
"""F1, i9: the figure is said in English too. V2 is a version."""
_FIGURES = ("ワン", "ツー", "スリー", "フォー", "ファイブ", "シックス", "セブン", "エイト", "ナイン")
_LONGEST_ACRONYM = 5
_LONGEST_UNSAYABLE = 8
_UNSAYABLE = re.compile("[B-DF-HJ-NP-TV-XZ]{4}")
_LONGEST_WORD = 24
"""Letters; the model loses its way in longer ones."""
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "エー",
            "ビー",
            "シー",
            "ディー",
            "イー",
            "エフ",
            "ジー",
            "エイチ",
            "アイ",
            "ジェー",
            "ケー",
            "エル",
            "エム",
            "エヌ",
            "オー",
            "ピー",
            "キュー",
            "アール",
            "エス",
            "ティー",
            "ユー",
            "ブイ",
            "ダブリュー",
            "エックス",
            "ワイ",
            "ゼット",
        ],
        strict=True,
    )
)
_CONTRACTED = {"s": "ズ", "t": "ト", "re": "アー", "ve": "ブ", "ll": "ル", "d": "ド", "m": "ム"}
_HARD_ENDINGS = ("プ", "ク", "フ")
_HISSING = ("s", "x", "z", "ch", "sh", "ce", "se", "ze", "ge", "xe", "che")
_DOUBLED = re.compile(r"([bdgklmnprt])\1$")
_SHORTEST_STEM = 3
_BEFORE_ING = {
    "シュ": "シング",
    "チ": "チング",
    "ジ": "ジング",
    "ズ": "ジング",
    "ク": "キング",
    "グ": "ギング",
    "ス": "シング",
    "ト": "ティング",
    "ド": "ディング",
    "プ": "ピング",
    "ブ": "ビング",
    "フ": "フィング",
    "ム": "ミング",
    "ン": "ニング",
    "ル": "リング",
    "イ": "イング",
    "ー": "ーイング",
}


def spell_articles(text: str) -> str:
    """``text``, to which no lexicon has been applied, with the article that English titles begin with in katakana."""
    return _ARTICLE.sub("ア", text)


def spell_words(text: str) -> str:
    """``text`` without a Latin letter."""
    text = _BESIDE_FIGURES.sub("", _ENDING.sub("", text))
    text = _APOSTROPHE.sub("", _CONTRACTION.sub(lambda found: _contract(found[1], found[2]), text))
    text = _PLUS.sub("プラス", text)
    text = _JOINT.sub(lambda found: _JOINTS[found.group()], text)
    text = _MODEL.sub(lambda found: _by_letters(found[1]) + _FIGURES[int(found[2]) - 1], text)
    return _WORD.sub(lambda found: _say(found.group()), _SMALL_ARTICLE.sub("ア", text))


@lru_cache(maxsize=8192)
def _say(word: str) -> str:
    """One word, which may have an apostrophe in it."""
    terms = shipped_terms()
    stem, _, ending = word.replace("’", "'").partition("'")
    if ending:
        whole = terms.find(f"{stem}'{ending}")
        if whole is not None:
            return whole
        return _contract(_say(stem), ending)
    known = terms.find(word)
    if known is not None:
        return known
    plural = _PLURAL.fullmatch(word)
    if plural:
        return _say(plural[1]) + "ズ"
    return "".join(_say_part(part) for part in _PART.findall(word))


def _contract(said: str, ending: str) -> str:
    if ending == "s" and said.endswith("ト"):
        return said[:-1] + "ツ"
    return said + ("ス" if ending == "s" and said.endswith(_HARD_ENDINGS) else _CONTRACTED[ending])


def _say_part(part: str) -> str:
    known = shipped_terms().find(part)
    if known is not None:
        return known
    if (part.isupper() and len(part) <= _LONGEST_ACRONYM) or not re.search("[aeiouy]", part.lower()) or len(part) == 1:
        return _by_letters(part)
    if part.isupper() and len(part) <= _LONGEST_UNSAYABLE and _UNSAYABLE.search(part):
        return _by_letters(part)
    inflected = _inflect(part.lower())
    if inflected is not None:
        return inflected
    return "".join(_guess(part[at : at + _LONGEST_WORD].lower()) for at in range(0, len(part), _LONGEST_WORD))


def _inflect(word: str) -> str | None:
    """The reading of a word that is a known one with an ending behind it."""
    if word.endswith("s") and not word.endswith("ss"):
        said = None if word[:-1].endswith(_HISSING) else _find_stem(word[:-1])
        return said and _pluralise(said)
    if word.endswith("ing"):
        stem = word[:-3]
        said = _find_stem(_DOUBLED.sub(r"\1", stem)) if _DOUBLED.search(stem) else None
        said = said or _find_stem(stem + "e") or _find_stem(stem)
        ending = said and next((kana for kana in _BEFORE_ING if said.endswith(kana)), None)
        return said[: -len(ending)] + _BEFORE_ING[ending] if said and ending else None
    if word.endswith("ed"):
        stem = word[:-2]
        said = _find_stem(_DOUBLED.sub(r"\1", stem)) if _DOUBLED.search(stem) else None
        said = said or _find_stem(stem + "e") or _find_stem(stem)
        return said and _past(said)
    return None


def _find_stem(stem: str) -> str | None:
    return shipped_terms().find(stem) if len(stem) >= _SHORTEST_STEM else None


def _pluralise(said: str) -> str:
    if said.endswith("ト"):
        return said[:-1] + "ツ"
    if said.endswith("ド"):
        return said[:-1] + "ズ"
    return said + ("ス" if said.endswith(_HARD_ENDINGS) else "ズ")


def _past(said: str) -> str:
    if said.endswith("ト"):
        return said[:-1] + "テッド"
    if said.endswith("ド"):
        return said[:-1] + "デッド"
    return said + ("ト" if said.endswith(_HARD_ENDINGS) else "ド")


@lru_cache(maxsize=8192)
def _guess(word: str) -> str:
    import kanalizer

    return kanalizer.convert(word, on_incomplete="ignore") or _by_letters(word)


def _by_letters(word: str) -> str:
    return "".join(_LETTERS[letter] for letter in word.lower())
