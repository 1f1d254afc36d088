"""Converts what is still in Latin letters after the lexicons, word by word, into katakana.

A word is divided where its case changes (``LangChain``); each part is looked up in the shipped lexicon, named letter
by letter if it is an acronym (up to five capitals, no vowel, or letters that no word begins with), made of its stem,
its halves or what is behind a prefix if these are in the lexicon (``derivation``), and else guessed by kanalizer, a
small model of how English words sound in Japanese. So every engine is given the same kana, and an engine's own
conversion finds nothing left to do.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tts_render.reading.derivation import derive, pluralise
from tts_render.reading.terms import shipped_terms

__all__ = ["spell_articles", "spell_models", "spell_words"]

_WORD = re.compile(r"[A-Za-z]+(?:['’](?:s|t|re|ve|ll|d|m)\b)?")
_PART = re.compile("[A-Z]+(?=[A-Z][a-z]{2})|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")
_PLURAL = re.compile("[A-Za-z]+[A-Z]s")
"""LLMs, LoRAs."""
_JOINT = re.compile(r"(?<=[A-Za-z])[-_&+/@.](?=[A-Za-z])|(?<=[A-Za-zァ-ヺー])[-_.@](?=[A-Za-zァ-ヺ])")
_JOINTS = {"-": " ", "_": " ", "&": " アンド ", "+": " プラス ", "/": " ", "@": " アット ", ".": " ドット "}
_PLUS = re.compile(r"(?<=[A-Za-zァ-ヺー])[+](?![A-Za-z+])")
_BESIDE_FIGURES = re.compile("(?<=[A-Za-zァ-ヺー])[-_/](?=[0-9])|(?<=[0-9])[-_](?=[A-Za-zァ-ヺ])")
_ENDING = re.compile(r"(?<=[A-Za-z])\.(?=\s|$)")
_CONTRACTION = re.compile("([ァ-ヺー])['’](s|t|re|ve|ll|d|m)(?![A-Za-z])")
"""After a word that a lexicon has already put into katakana."""
_APOSTROPHE = re.compile("(?<=[A-Za-zァ-ヺー])['’](?=[A-Za-z]{3}|[A-Za-z]['’])|(?<=['’][A-Za-z])['’]")
_ARTICLE = re.compile(
    r"(?:^|(?<=[:.!?|—–-] )|(?<=[「『（(\"“：]))A(?= [A-Za-z][a-z])(?! (?:[Ii]s|[Aa]nd|[Oo]r|[Vv]s|[Tt]o|[Ii]n)\b)"
)
"""At the beginning of an English title; elsewhere a capital A is the letter (Plan A)."""
_SMALL_ARTICLE = re.compile("(?<![0-9A-Za-z])a(?![0-9A-Za-z])")
_MODEL = re.compile("(?<![0-9A-Za-z])([A-Zio])([1-9])(?![0-9A-Za-z.,])")
"""F1, i9: the figure is said in English too."""
_GENERATION = re.compile(
    r"(?<![0-9A-Za-z.])([A-Za-z][A-Za-z.]*[A-Za-z])"
    r"(?:([ ])([1-9])(?=$|[^一-鿿ぁ-ヺ]|[のをがはにでとへもや系版]|か(?![月国所年条])"
    r"|より|対応|発売|登場|搭載|発表|公開|向け)|(-?)([1-9]))"
    r"(?![0-9A-Za-z%^〜~→-]|[.,:/][0-9]| ?(?:[0-9+×〜~→]|[a-zμ]{1,2}(?![A-Za-z])"
    r"|(?:days|hours|tokens?|bytes?|bits?|inch)(?![a-z])))"
)
"""Switch 2, Phi-4, Chapter 3: the figure is said in English too, unless the Japanese around it counts (Rust 3年目)."""
_COUNTED_BY = frozenset(("v", "ver", "version", "vol", "no", "pp", "am", "pm"))
"""What comes before a number that another layer reads."""
_SMALL_S = re.compile("(?<![A-Za-z])([a-z]+[A-Z][a-z]+) ([1-9])s(?![0-9A-Za-z])")
"""iPhone 5s is not a time."""
_FIGURES = ("ワン", "ツー", "スリー", "フォー", "ファイブ", "シックス", "セブン", "エイト", "ナイン")
_LONG_A = re.compile("(?<=[ケゲセゼテデネヘベペメレエ])イ(?=(?:ト|ツ|テッド|ティング|ターズ?|ションズ?)$)")
"""The a of -ate and -ation, which the model spells as エイ, and dictionaries as エー."""
_V = re.compile("ヴ([ァィェォ]?)")
_V_ROW = {"ァ": "バ", "ィ": "ビ", "": "ブ", "ェ": "ベ", "ォ": "ボ"}
"""As the shipped lexicon spells the sound."""
_SHORTEST_ACRONYM = 3
"""Letters of a plural in small letters (gpus)."""
_LONGEST_ACRONYM = 5
_LONGEST_UNSAYABLE = 8
_UNSAYABLE = re.compile("[B-DF-HJ-NP-TV-XZ]{4}")
_SMALL_ACRONYM = re.compile(
    "(?!(?:[bcfgkps]?l|[bcdfgkptw]r|s?[ckptw]|s[hlmnv]|[bckprtwz]h|[gkp]n|[sth][hkpt]r|spl|[dktz]w|vl|ps|y|qu)?[aeiouy]"
    "|[^aeiouy][aeiouy])[a-z]{2,4}"
    "|[a-z]{1,2}(?:[bdfgkmptv]c|[bdfgkptv]m|[^aeiouymlrst]p|[^aeiouylrw]l|[^aeioufnlry]f|[^aeiouyhrlwgmn]n)"
)
"""Small letters that no English word begins or ends with: cpu, udp."""
_LONGEST_WORD = 24
"""Number of letters; the model gets lost in longer words."""
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


def spell_articles(text: str) -> str:
    """Write the article that begins English titles in katakana; no lexicon has been applied to ``text`` yet."""
    return _ARTICLE.sub("ア", text)


def spell_models(text: str) -> str:
    """Write figures in English names in English, in katakana; no lexicon has been applied to ``text`` yet."""
    text = _SMALL_S.sub(lambda found: f"{found[1]} {_FIGURES[int(found[2]) - 1]}エス", text)
    return _GENERATION.sub(_count_in_english, text)


def _count_in_english(found: re.Match[str]) -> str:
    name, figure = found[1], int(found[3] or found[5])
    if name.lower() in _COUNTED_BY or shipped_terms().find(found.group()) is not None:
        return found.group()
    return f"{name}{found[2] or ''}{_FIGURES[figure - 1]}"


def spell_words(text: str) -> str:
    """``text`` without Latin letters."""
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
    if _PLURAL.fullmatch(word) and (word[:-1].isupper() or terms.find(word[:-1]) is not None):
        return pluralise(_say(word[:-1]))
    return "".join(_say_part(part) for part in _PART.findall(word))


def _contract(said: str, ending: str) -> str:
    if ending == "s" and not said.endswith("ド"):  # a name keeps all its sounds
        return pluralise(said)
    return said + _CONTRACTED[ending]


def _say_part(part: str) -> str:
    known = shipped_terms().find(part)
    if known is not None:
        return known
    if (part.isupper() and len(part) <= _LONGEST_ACRONYM) or not re.search("[aeiouy]", part.lower()) or len(part) == 1:
        return _by_letters(part)
    if part.isupper() and len(part) <= _LONGEST_UNSAYABLE and _UNSAYABLE.search(part):
        return _by_letters(part)
    if part.islower():
        acronym = shipped_terms().get(part[:-1].upper())
        if acronym is not None and part.endswith("s") and len(part) > _SHORTEST_ACRONYM:
            return pluralise(acronym)
        if _SMALL_ACRONYM.fullmatch(part):
            return _by_letters(part)
    derived = derive(part.lower(), _find_word) if len(part) <= _LONGEST_WORD else None
    if derived is not None:
        return derived
    return "".join(_guess(part[at : at + _LONGEST_WORD].lower()) for at in range(0, len(part), _LONGEST_WORD))


def _find_word(word: str) -> str | None:
    """A known word; with a capital, since an acronym is not a stem."""
    return shipped_terms().find(word.capitalize())


@lru_cache(maxsize=8192)
def _guess(word: str) -> str:
    import kanalizer

    guessed = kanalizer.convert(word, on_incomplete="ignore") or _by_letters(word)
    if re.search("at(?:e[ds]?|ing|ors?|ions?)$", word):
        guessed = _LONG_A.sub("ー", guessed)
    return _V.sub(lambda found: _V_ROW[found[1]], guessed)


def _by_letters(word: str) -> str:
    return "".join(_LETTERS[letter] for letter in word.lower())
