"""What fuzzing begins with: samples of the three inputs, the words that they are made of, and ways to change them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.kit.site_kit import POST, SCRIPT, VOICES

if TYPE_CHECKING:
    from random import Random

__all__ = ["mutate", "seeds", "tokens"]

ROOT = Path(__file__).resolve().parents[2]

_TOML = """\
+++
title = "題 ☆" # 註
date = 2026-11-20T09:00:00+09:00
authors = ["ずんだもん", 'つむぎ']
audio = "/a/x.mp3"
audio_size = 0
audio_duration = '00:00'
season = 2
transcript = ""
[extra]
audio_length = "1_0"
duration = \"\"\"
00:00\"\"\"
other = { duration = 1, "a.b" = [1, 2.5e3, inf, 0xff], c.d = 07:25:00 }
[[list]]
duration = 1
+++
本文。
"""
_POSTS = (
    POST,
    POST.replace("\n", "\r\n"),
    "\ufeff" + POST.replace("audio_file_size: 0\n", ""),
    _TOML,
    _TOML.replace("\n", "\r\n"),
    "---\ntitle: &a 題\nepisode:\n  filename: x.mp3\n  size: 0 # 註\n  duration: ~\n  hosts: [*a, b]\n  transcript: \n---\n",
    "---\naudio: {mp3: x.mp3}\nfilesize: {mp3: 0}\nduration: '0:00:00'\nsummary: >-\n  一\n  二\nauthor: |\n  名\n...\n本文",
    "---\nDuration: 12:34\npodcast_bytes: '0'\npodcast_duration:\n? podcast_file\n: a.mp3\nhosts: !!set {a, b}\n<<: {url: /x}\n---\n",
    "---\n{title: 題, extra: {duration: , audio_length: 0}, date: 2026-11-20 05:00:00 +0900}\n---\n",
    "---\n---\n",
    "+++\n+++\n",
)

_MARKUP = (
    'はい。<break time="1.2s"/><sub alias="エーアイ">AI</sub>と<ruby>颯<rp>（</rp><rt>はやて</rt></ruby>。\n'
    '<prosody rate="130%" pitch="+2st" volume="80%">急ぐ</prosody><voice name="つむぎ">私</voice><audio src="bumper"/>\n'
    '<mark name="章"/><say-as interpret-as="telephone">03-1234-5678</say-as><say-as interpret-as="date">2026-11-20</say-as>\n'
    '<phoneme alphabet="x-voicevox-kana" ph="ハ\'シ">箸</phoneme><p>段落。</p><s>文&lt;&#12354;&#x3042;</s><!-- 註 -->三 < 五\n'
)
_PLAIN = (
    SCRIPT,
    "ずんだもん：おはよう。\nつむぎ（ささやき）: しずかに。\n注意：文です。\n10:30に。\n----\n「長い\n」と言った。\n！\n",
    "# 題\n- 一つ\n> 引用\n・中黒\n**太字**と`code`\n```python\nコード\n```\n[題](https://e.com/)です ![絵](a.png) a@b.co\n",
    "2026年7月1日 12:34、3.5倍の1,200円（税込み）。GPT-5、Node.js、C++とR&D。100km/h、第1回、wwwwアアアアアー！？☆🎉\n",
)
_BODIES = (
    "## 話題\n\n[本文](https://e.com/)です。\n\n- 一つ\n- 二つ\n\n1. 三つ\n\n> 引用です。\n\n---\n\n| 表 | 列 |\n|---|---|\n| a | b |\n",
    "- [一つ目の記事](https://e.com/1)  \n\n\nまとめ。\n\n引用元: https://e.com/1\n\n- [お便り](https://forms.gle/a)\n\nVOICEVOX:ずんだもん\n",
    '{{<quote body="一。<br>＞二" user="a" color="">}}\n\n{{< fold summary="もっと">}}\n中。\n{{</fold>}}\n\n{% include x.html %}{: .note}\n',
    "<div class='v'>\n<b>太い</b> &amp; <i>斜め</i>\n</div>\n\n```sh\necho 読まない\n```\n\n    字下げ\n\n見出し\n---\n\n**強調**と*斜体*。[^1]\n\n[^1]: 註\n",
)
_PAGE = "朝の技術だより\nDescription\n関連リンク\n鍵を二つに分けます。\n- 一つ目: 公開鍵\n引用元: https://example.com/keys\n次です。\nVOICEVOX:春日部つむぎ\n"
_DECK = json.dumps(
    [
        {"type": "rawmedia", "start_ms": 0, "end_ms": 8000},
        {"type": "agenda", "title": "予定", "notes": "おはよう。今日は二つ。", "items": ["鍵"]},
        {"type": "section", "title": "鍵", "url": "https://example.com/keys", "notes": "まずは鍵。\n次。"},
        {"type": "image", "image_url": "key.png"},
        {"type": "content", "notes": "鍵を分けます。\\n", "start_ms": 1, "end_ms": 2.5, "x": [None, True, 1e9]},
    ],
    ensure_ascii=False,
    indent=2,
)
_ESCAPED = r'[{"type": "section", "title": "\u984c", "url": "\/x", "notes": "\u3042\u3002"}, {"notes": "\ud83d\ude00\u3044\n"}]'

_SETTINGS = """\
default: つむぎ
engine: {urls: [http://127.0.0.1:50021, openjtalk]}
voices:
  ずんだもん: {speaker: ずんだもん, style: ノーマル, speed: 1.1, pitch: -0.02, intonation: 1, volume: 1, pause: 0.9}
  つむぎ: {style_id: 8, aliases: [春日部つむぎ, "t"], credit: 名, kokoro: jf_alpha, openjtalk: {half_tone: -3, speed: 0.9}}
sounds:
  opening: {file: "a.flac", gain: -3, fade_in: 0.5, fade_out: 1}
  bumper: builtin:bumper
shows:
  - match: {actor: t, title: "*放送*", file: "*_?.md"}
    opening: opening
    between_sections: bumper
    opening_overlap: 1.5
    season: 3
    cover: "c.png"
    bed: {sound: opening}
    intro: "{title}、{date}。"
    before_article: "{n}本目、{article}"
    outro: おわり
pacing: {head: 0.3, sentence: 0.35, paragraph: 0.7, section: 1.2, tail: 1.0}
master: {loudness: -16, true_peak: -1, bitrate: 128, rate: 44100, channels: 1, encoder: auto}
lexicon:
  - {"LLM": "エルエルエム", 颯: {reading: はやて, accent: 1, class: proper_noun}}
  - {file: "words.csv"}
reading: {links: "リンク"}
shortcodes: {quote: {text: body, speaker: user, voices: [つむぎ, t]}, ref: silent}
post: {preset: castanet, duration: {key: extra.duration, form: "m:ss", optional: true}, bundle: false}
outputs: [vtt, deck]
"""
_WORDS = 'surface,reading,accent,class\nRTX,アールティーエックス,0,common_noun\n"a,b",えび,,\n'

_TOKENS = {  # with spaces between them
    "post": (
        "---\n +++\n ...\n audio_file_size: audio_file_path: duration: 'duration = ' 'duration:' \"\"\" ''' {} [] [[ ]] & * !! !!int !!str "
        "!!binary !!omap !!timestamp !!float <<: ? : |- >+ # \\ \\n \\u0085 \\ud800 \\0 %YAML %TAG ~ null true .inf 12:34 07:25 0x1f 1_000 0o7 "
        "2026-11-20 T09:00:00Z extra. [extra] episode: filesize: {mp3: Duration audio_duration"
    ),
    "script": (
        '---- ``` ~~~ **  [ ]( ) ![ <b> <br> </b> <!-- --> <ruby> <rt> </ruby> <sub  alias=" <break time="1s"/> <prosody rate="fast"> '
        '</prosody> <voice name="つむぎ"> </voice> <audio src="bumper"/> <mark name="a"/> <say-as interpret-as="digits"> </say-as> '
        '<phoneme alphabet="x-voicevox-kana" ph=" </phoneme> <speak> <p> <s> &lt; &#x202e; &#0; &amp; &#xf0000; {{< >}} {{% %}} {{ }} {% %} {: '
        'ずんだもん： つむぎ（ ）: quote body= user= https://e.com/ www. a@b.co 。 、 ！？ 「 」 （ ） … ー 〜 ・ \\u200b \\ud800 \\n "notes": '
        '"type": "rawmedia" "section" 1e999 NaN 引用元: VOICEVOX: 関連リンク Description [^1] [^1]: \t 　 - | > # 1. 😀 が ﾊﾟ 々 第 円 年 % km'
    ),
    "voices": (
        "voices: speaker: style_id: aliases: default: sounds: file: gain: shows: match: actor: title: bed: intro: {title} {n} lexicon: words.csv "
        "../ / \\0 \\e \\ud800 \\u202e .inf nan 1e999 -0 0x10 true null ~ [] {} - | > ' \" & * !! # : ? builtin:opening preset: castanet key: "
        "extra.duration form: m:ss optional: links: skip shortcodes: text: silent outputs: === reading: accent: class: cover: publication"
    ),
}


def seeds(target: str) -> list[bytes]:
    """Cases of ``target``, each with the bytes in front that choose how it is read."""
    if target == "post":
        shipped = _texts("scripts/*.md", "examples/site/_posts/*.md")
        return [_with([n % 6, 6 + 16 * (n % 2) + 32], text) for n, text in enumerate([*_POSTS * 2, *shipped])]
    if target == "script":
        plain = [
            *_PLAIN,
            _MARKUP,
            *_texts("scripts/*.txt"),
            *(line for text in (*_PLAIN, _MARKUP) for line in text.splitlines()),
        ]
        bodies = [
            *_BODIES,
            _MARKUP,
            *_texts("scripts/*.md"),
            *(part for text in _BODIES for part in text.split("\n\n")),
        ]
        forms = [(0, plain), (1, bodies), (2, [_DECK, _ESCAPED]), (5, [_PAGE])]
        return [_with([form, n % 16], text) for form, texts in forms for n, text in enumerate(texts)]
    whole = [_SETTINGS + "=== words.csv\n" + _WORDS, VOICES, *_texts("voices.yaml")]
    settings = re.split(r"^(?=\w)", _SETTINGS, flags=re.MULTILINE)[1:]
    needed = "".join(text for text in settings if text.startswith(("voices:", "sounds:")))
    few = "voices: {t: {style_id: 8}, つむぎ: {style_id: 1}}\n"
    parts = [needed if text in needed else (needed if text.startswith("shows") else few) + text for text in settings]
    return [_with([0], text) for text in (*whole, *parts, few + "lexicon: {file: words.csv}\n=== words.csv\n" + _WORDS)]


def tokens(target: str) -> tuple[str, ...]:
    """Words that mean something in the inputs of ``target``."""
    return tuple(filter(None, _TOKENS[target].split(" ")))


def mutate(data: bytes, target: str, random: Random) -> bytes:
    """``data`` changed in one to three places: bytes, characters, words or lines; the bytes in front seldom."""
    header = 1 if target == "voices" else 2
    head, body = data[:header], data[header:]
    for _ in range(random.randint(1, 3)):
        match random.randrange(10):
            case 0:
                head = bytes([random.randrange(256) if random.randrange(8) == 0 else byte for byte in head])
            case 1:
                at = random.randint(0, len(body))
                body = body[:at] + random.randbytes(random.randint(0, 3)) + body[at + random.randint(0, 3) :]
            case _:
                body = _mutate_text(body.decode("utf-8", "surrogateescape"), target, random).encode(
                    "utf-8", "surrogateescape"
                )
    return head + body


def _mutate_text(text: str, target: str, random: Random) -> str:
    start, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    match random.randrange(8):
        case 0 | 1 | 2:
            return text[:start] + random.choice(tokens(target)) + text[start:]
        case 3:
            return text[:start] + random.choice(tokens(target)) + text[min(end, start + random.randint(1, 8)) :]
        case 4:
            return text[:start] + text[min(end, start + random.randint(1, 20)) :]
        case 5:
            part = text[start : min(end, start + random.randint(1, 40))]
            return text[:start] + part * random.choice((2, 3, 40)) + text[start + len(part) :]
        case 6:
            lines = re.split("(?<=\n)", text)
            one, other = random.randrange(len(lines)), random.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            return "".join(lines)
        case _:
            new = random.choice(
                "\n\r\t\x00\x1b\x85\u2028\u200b\u202e\ufeff \u3000あ漢A1\"'\\:{}[]<>&*-、。！」\U000f0001\U0001f600"
            )
            return text[:start] + new + text[start + random.randint(0, 1) :]


def _with(head: list[int], text: str) -> bytes:
    return bytes(head) + text.encode()


def _texts(*patterns: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(ROOT.glob(pattern))]
