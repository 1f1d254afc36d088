"""Words derived from known ones: an ending after a stem, a prefix before it, or two words written as one.

    threads = thread + s, audited = audit + ed, rebuilding = re + build + ing, toolchain = tool + chain

Endings are said as in English, as far as kana allow: ``-s`` is ツ after ト, ス after a voiceless sound and after
ing (as in ホールディングス), else ズ; ``-ed`` is テッド, デッド, ト or ド; an ending that begins with a vowel
absorbs the last consonant (スレッド, スレッディング). The spelling decides the rest: ``audit`` does not double its t
and loses its ッ (オーディテッド), ``submit`` does and keeps it (サブミッテッド).
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["derive", "pluralise"]

_Find = Callable[[str], str | None]

_SHORTEST_STEM = 3
_SHORTEST_HALF = 4
"""Minimum number of letters; shorter words occur in longer ones by chance (car-pet, not-able)."""
_SHORTEST_ICS = 6
"""Number of letters of a stem whose plural is a science (dynamics), not several things (topics)."""
_NO_HALVES = frozenset(("able", "ages", "aged"))
"""Words that are usually the end of another (passages)."""
_HISSING = ("s", "x", "z", "ch", "sh")
_ROWS = {
    "シュ": ("シャ", "シ", "シェ"),
    "チ": ("チャ", "チ", "チェ"),
    "ジ": ("ジャ", "ジ", "ジェ"),
    "ズ": ("ザ", "ジ", "ゼ"),
    "ク": ("カ", "キ", "ケ"),
    "グ": ("ガ", "ギ", "ゲ"),
    "ス": ("サ", "シ", "セ"),
    "ト": ("タ", "ティ", "テ"),
    "ド": ("ダ", "ディ", "デ"),
    "プ": ("パ", "ピ", "ペ"),
    "ブ": ("バ", "ビ", "ベ"),
    "フ": ("ファ", "フィ", "フェ"),
    "ム": ("マ", "ミ", "メ"),
    "ン": ("ナ", "ニ", "ネ"),
    "ル": ("ラ", "リ", "レ"),
}
"""What the last sound of a stem becomes before アー, イング and エスト."""
_VOWEL_ENDINGS = {
    "er": (0, "ー"),
    "ing": (1, "ング"),
    "est": (2, "スト"),
    "able": (0, "ブル"),
    "ability": (0, "ビリティ"),
}
_BARE = {"er": "アー", "ing": "イング", "est": "エスト", "able": "アブル", "ability": "アビリティ"}
"""After a stem that ends with a vowel."""
_NOUN_ENDINGS = {
    "ization": ("ize", "イズ", "イゼーション"),
    "isation": ("ize", "イズ", "イゼーション"),
    "ation": ("ate", "ート", "ーション"),
    "ator": ("ate", "ート", "ーター"),
}
"""The ending of the verb, and what its last sounds become."""
_PLAIN_ENDINGS = {"ness": "ネス", "less": "レス", "ful": "フル", "ment": "メント", "ship": "シップ", "wise": "ワイズ"}
_PREFIXES = {
    "un": "アン",
    "re": "リ",
    "non": "ノン",
    "pre": "プレ",
    "dis": "ディス",
    "mis": "ミス",
    "sub": "サブ",
    "out": "アウト",
    "up": "アップ",
    "off": "オフ",
    "bio": "バイオ",
    "geo": "ジオ",
    "tele": "テレ",
    "mono": "モノ",
    "poly": "ポリ",
    "semi": "セミ",
    "auto": "オート",
    "nano": "ナノ",
    "mega": "メガ",
    "fore": "フォア",
    "inter": "インター",
    "intra": "イントラ",
    "trans": "トランス",
    "cyber": "サイバー",
    "hyper": "ハイパー",
    "micro": "マイクロ",
    "macro": "マクロ",
    "photo": "フォト",
    "pseudo": "スード",
}
_DOUBLED = re.compile(r"([bdfgklmnprstz])\1$")
_UNDOUBLED = re.compile("[^aeiou]*[aeiou][bdfgklmnprstz]")
"""A stem of one syllable that would be doubled: ``fared`` comes from fare, not from far."""
_X = re.compile("ックス$")
"""Loses its ッ before a vowel: ボックス, ボクシング."""
_VOWEL = re.compile("[aeiouy]")
_SINGLE_E = re.compile("(?<!e)e$")
_Y = re.compile("[キシチニヒミリギジビピィ]$")
"""The end of a stem whose y has no ー: クエリ, コミュニティ."""
_R = re.compile("[カサタナハマヤラガザダバパャァ]$")
"""The end of a stem whose r has no ー: コンパイラ, リファクタ."""


def derive(word: str, find: _Find) -> str | None:
    """The reading of a lower-case word that is derived from known ones; None if no rule fits.

    Args:
        word: ``a`` to ``z`` only.
        find: returns the reading of a known word, or None.
    """
    return _ended(word, find) or _prefixed(word, find) or _joined(word, find)


def pluralise(said: str) -> str:
    """Add the s of a plural or a third person to ``said``, unless it ends with a sibilant."""
    if said.endswith("ト"):
        return said[:-1] + "ツ"
    if said.endswith("ド"):
        return said[:-1] + "ズ"
    return said + ("ス" if said.endswith(("プ", "ク", "フ", "ング")) else "ズ")


def _ended(word: str, find: _Find) -> str | None:
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return _plural(word, find)
    if word.endswith("ed"):
        return _past(word, find)
    if word.endswith("ly"):
        return _adverb(word, find)
    for ending, kana in _PLAIN_ENDINGS.items():
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            said = _find(stem, find)
            if said is None and stem.endswith("i"):
                said = _find(stem[:-1] + "y", find)
                said = said and said.removesuffix("ー")
            return said and said + kana
    for ending, (verb, last, kana) in _NOUN_ENDINGS.items():
        if word.endswith(ending):
            said = find(word.removesuffix(ending) + verb)
            return said.removesuffix(last) + kana if said is not None and said.endswith(last) else None
    for ending in _VOWEL_ENDINGS:
        if word.endswith(ending):
            return _before_vowel(word, ending, find)
    return None


def _find(stem: str, find: _Find) -> str | None:
    """The reading of a stem, which may have an ending of its own (``builders``, ``settings``)."""
    if len(stem) < _SHORTEST_STEM:
        return None
    return find(stem) or _ended(stem, find)


def _plural(word: str, find: _Find) -> str | None:
    if word.endswith("ies"):
        said = _find(word[:-3] + "y", find)
        if said is not None:
            return _Y.sub(r"\g<0>ー", said) + "ズ"
    stem = word[:-1]
    said = _find(stem, find)
    hissing = said is not None and stem.endswith(("se", "ce", "ze", "ge", "xe", "che", "she"))
    if said is None and word.endswith("es") and word[:-2].endswith(_HISSING):
        said, hissing = _find(word[:-2], find), True
    if said is None or stem.endswith(_HISSING):
        return None
    if stem.endswith("o"):
        return said + "ズ"
    if len(stem) >= _SHORTEST_ICS and stem.endswith("ic"):
        said = re.sub("ック$", "ク", said)
    if not hissing:
        return pluralise(_R.sub(r"\g<0>ー", said) if stem.endswith("r") else said)
    said = _X.sub("クス", said)
    for last in ("シュ", "ス", "ズ"):
        if said.endswith(last):
            return said.removesuffix(last) + ("ジズ" if last == "ズ" else "シズ")
    return said + "ズ"


def _past(word: str, find: _Find) -> str | None:
    if word.endswith("ied"):
        said = _find(word[:-3] + "y", find)
        if said is not None:
            return _Y.sub(r"\g<0>ー", said) + "ド"
    found = _stem_of(word[:-2], find)
    if found is None:
        return None
    stem, said = found
    if said.endswith("ト"):
        return said[:-1] + "テッド"
    if said.endswith("ド"):
        return said[:-1] + "デッド"
    if stem.endswith("r"):
        said = _R.sub(r"\g<0>ー", said)
    voiceless = said.endswith(("プ", "ク", "フ", "シュ")) or (said.endswith("ス") and stem.endswith(("ss", "ce", "x")))
    return said + ("ト" if voiceless else "ド")


def _adverb(word: str, find: _Find) -> str | None:
    stem = word[:-2]
    if len(stem) < _SHORTEST_HALF:
        return None
    said = _find(stem, find)
    if said is None and stem.endswith("i"):
        said = _find(stem[:-1] + "y", find)
        said = said and said.removesuffix("ー")
    if said is None and stem.endswith(("b", "p", "d", "t", "g", "k")):
        said = _find(stem + "le", find)
        said = said and said.removesuffix("ル")
    if said is None and stem.endswith("ical"):
        said = _find(stem[:-2], find)
        return said and (re.sub("ッ?ク$", "カリー", said) if said.endswith("ク") else None)
    return said and (said.removesuffix("ル") if stem.endswith("l") else said) + "リー"


def _before_vowel(word: str, ending: str, find: _Find) -> str | None:
    cut = word.removesuffix(ending)
    if ending in ("er", "est") and cut.endswith("i"):
        said = _find(cut[:-1] + "y", find)
        return said and said.removesuffix("ー") + _BARE[ending]
    found = _stem_of(cut, find, keeping="ッド" if ending == "er" else "")
    if found is None:
        return None
    stem, said = found
    column, rest = _VOWEL_ENDINGS[ending]
    if stem.endswith(("r", "re")) and (said.endswith(("ー", "ア")) or _R.search(said)):
        return (said if cut.endswith("rr") else said.removesuffix("ー")) + _ROWS["ル"][column] + rest
    if ending == "er" and stem.endswith("ow"):
        return re.sub("[ーウ]$", "", said) + "ワー"
    if stem.endswith("y") and said.endswith("イ"):
        return said.removesuffix("イ") + {"er": "イヤー", "ing": "イング"}.get(ending, "イ" + _BARE[ending])
    if ending == "ing" and stem.endswith("ss") and said.endswith("ス"):
        return said.removesuffix("ス") + "ッシング"
    said = _X.sub("クス", said)
    last = next((kana for kana in _ROWS if said.endswith(kana)), None)
    if last is None:
        return (said.removesuffix("ー") if ending.startswith("ab") else said) + _BARE[ending]
    return said.removesuffix(last) + _ROWS[last][column] + rest


def _stem_of(cut: str, find: _Find, *, keeping: str = "") -> tuple[str, str] | None:
    """The word of which ``cut`` remains before an ending that begins with a vowel, and its reading before that ending.

    ``keeping`` is the end of readings that keep their ッ whatever the spelling (ヘッダー).
    """
    if not _VOWEL.search(cut):  # string, red
        return None
    stems = [cut + "e"]
    if _DOUBLED.search(cut):
        stems.insert(0, cut[:-1])
    if not _UNDOUBLED.fullmatch(cut) and not _SINGLE_E.search(cut):
        stems.append(cut)
    if cut.endswith("y"):
        stems.append(cut[:-1] + "ie")
    for stem in stems:
        said = find(stem) or (None if stem.endswith("s") else _find(stem, find))
        if said is not None:
            # a t that is not doubled removes the ッ, and so does a doubled d: auditing, embedding
            stopped = (said.endswith("ット") and stem == cut) or (said.endswith("ッド") and cut.endswith("dd"))
            return stem, said[:-2] + said[-1] if stopped and not (keeping and said.endswith(keeping)) else said
    return None


def _prefixed(word: str, find: _Find) -> str | None:
    for prefix, kana in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) >= _SHORTEST_HALF:
            said = _find(rest, find)
            if said is not None:
                return kana + said
    return None


def _joined(word: str, find: _Find) -> str | None:
    for at in range(len(word) - _SHORTEST_HALF, _SHORTEST_HALF - 1, -1):
        first = None if word[at:] in _NO_HALVES else find(word[:at])
        if first is not None:
            second = _find(word[at:], find)
            if second is not None:
                return first + second
    return None
