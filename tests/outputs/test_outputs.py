"""What is published beside the MP3, as other programs read it: captions, transcript, chapters and timeline."""

from __future__ import annotations

import html.parser
import itertools
import json
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.timed import RATE, Silent, lay, say, tell
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.mix.bed import place_bed
from tts_render.mix.timeline import Chapter, Jingle, Jingles, Timeline
from tts_render.mix.timeline import chapters as sections
from tts_render.outputs.captions import captions
from tts_render.outputs.chapters import chapters_json, chapters_text, shorten
from tts_render.outputs.finished import FinishedEpisode, Run, utterance_ids
from tts_render.outputs.registry import writers
from tts_render.outputs.timeline_file import timeline_json
from tts_render.outputs.transcript import plain_text, transcript_html, transcript_srt, transcript_vtt
from tts_render.script import Cue, Pause
from tts_render.settings.bed import BedSettings
from tts_render.settings.publication import OUTPUTS
from tts_render.sound.loudness import Piece, Profile
from tts_render.speech.casting import CastItem, Utterance

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "timeline.schema.json").read_text(encoding="utf-8"))

PODCASTING = {
    "type": "object",
    "required": ["version", "chapters"],
    "properties": {
        "version": {"const": "1.2.0"},
        "author": {"type": "string"},
        "title": {"type": "string"},
        "podcastName": {"type": "string"},
        "fileName": {"type": "string"},
        "chapters": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["startTime"],
                "properties": {
                    "startTime": {"type": "number", "minimum": 0},
                    "endTime": {"type": "number", "minimum": 0},
                    "title": {"type": "string"},
                    "url": {"type": "string", "format": "uri", "pattern": "^https?://"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""Podcasting 2.0 JSON chapters, as far as we write them; from the words of its specification."""


def speak(index: int, text: str, voice: str = "ずんだもん") -> Utterance:
    return Utterance(index, text, text, voice, index + 1, True)


ITEMS: list[CastItem] = [
    speak(0, "おはようございます。"),
    speak(1, "司会のずんだもんです。"),
    Pause("paragraph", 3),
    speak(2, "今日もよろしくお願いします。"),
    Cue("section", 4, "鍵 <b> & 錠", "https://example.com/keys?a=1&b=2"),
    speak(3, "矢印は-->、比較は a<b && c>d です。"),
    speak(4, "そうなの？", "春日部つむぎ"),
    Cue("section", 6, "危ない見出し {{ site.title }}", "javascript:alert(1)"),
    speak(5, "中かっこ{% raw %}も読めます。", "春日部つむぎ"),
    speak(6, "「昨日は朝から雨が降っていました。だから一日中家で本を読んで過ごしていました。夕方にやんだので散歩に出ました。」と話した。"),
]  # fmt: skip

RUN = Run(
    (True,) * 7,
    Profile((Piece(np.ones(500, np.float32), np.ones(500, np.float32)),)),
    -16.0,
    -1.0,
    1,
    ("voicevox 1",),
    "lame",
)


def publish(items: list[CastItem], timeline: Timeline | None = None, **changes: Any) -> FinishedEpisode:
    timeline = timeline or lay(items)
    found = sections(items, timeline, "オープニング")
    return replace(
        FinishedEpisode(
            title="朝の技術だより☆A.I. 41",
            show="朝の技術だより",
            artist="ずんだもん",
            url="https://example.com/episode/41",
            audio="朝の技術だより☆A.I..mp3",
            items=tuple(items),
            timeline=timeline,
            captions=captions(timeline, tell, chapter_starts=[chapter.start for chapter in found]),
            chapters=found,
            credits=("VOICEVOX:ずんだもん",),
        ),
        **changes,
    )


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def spoken(items: list[CastItem]) -> str:
    return squeeze("".join(item.text for item in items if isinstance(item, Utterance)))


def milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def test_webvtt_is_read_by_another_program_with_speakers_times_and_text() -> None:
    webvtt = pytest.importorskip("webvtt")
    published = publish(ITEMS)
    read = webvtt.from_string(transcript_vtt(published).decode())
    assert [(milliseconds(c.start), milliseconds(c.end), c.voice) for c in read] == [
        (c.start_ms, c.end_ms, c.speaker) for c in published.captions
    ]
    assert squeeze("".join(html.unescape(c.text) for c in read)) == spoken(ITEMS)
    assert {len(c.lines) for c in read} == {1, 2}


def test_webvtt_has_no_markup_and_no_arrow_but_its_own() -> None:
    text = transcript_vtt(publish(ITEMS)).decode()
    assert text.startswith("WEBVTT\n\n")
    for block in text.split("\n\n")[1:]:
        times, *lines = block.strip().split("\n")
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}", times)
        body = "\n".join(lines)
        assert "-->" not in body
        assert re.sub(r"&(amp|lt|gt);", "", body).count("&") == 0
        assert re.findall("<[^>]*>", body) in (["<v ずんだもん>", "</v>"], ["<v 春日部つむぎ>", "</v>"])


def test_a_name_of_a_voice_cannot_break_out_of_its_tag() -> None:
    webvtt = pytest.importorskip("webvtt")
    items: list[CastItem] = [speak(0, "はい、そうです。", "a>b<c & d")]
    text = transcript_vtt(publish(items)).decode()
    assert "<v a&gt;b&lt;c &amp; d>はい、そうです。</v>" in text
    assert [c.text for c in webvtt.from_string(text)] == ["はい、そうです。"]


def test_subrip_is_read_by_another_program_with_times_and_text() -> None:
    srt = pytest.importorskip("srt")
    published = publish(ITEMS)
    read = list(srt.parse(transcript_srt(published).decode(), ignore_errors=False))
    assert [(c.start.total_seconds(), c.end.total_seconds()) for c in read] == [
        (c.start_ms / 1000, c.end_ms / 1000) for c in published.captions
    ]
    assert [c.index for c in read] == list(range(1, len(read) + 1))
    same = squeeze("".join(c.content for c in read)).translate(str.maketrans("＜＞｛｝", "<>{}"))
    assert same == spoken(ITEMS)
    assert not re.search("[<>{}]", "".join(c.content for c in read))


def test_what_looks_like_an_entity_is_none_in_subrip() -> None:
    items: list[CastItem] = [speak(0, "&amp;と書いて、R&Dと読み、A & Bとも書きます。")]
    assert "＆amp;と書いて、R＆Dと読み、A & Bとも書きます。" in squeeze(
        transcript_srt(publish(items)).decode()
    ).replace("A&B", "A & B")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet="あ漢-><&;#{}%\n\"'a1lt gt", min_size=1, max_size=60).map(lambda t: "あ" + t + "。"), min_size=1, max_size=4))  # fmt: skip
def test_any_text_comes_back_from_the_captions(texts: list[str]) -> None:
    webvtt, srt = pytest.importorskip("webvtt"), pytest.importorskip("srt")
    items = say(*texts)
    published = publish(items)
    read = webvtt.from_string(transcript_vtt(published).decode())
    assert squeeze("".join(html.unescape(c.text) for c in read)) == spoken(items)
    same = str.maketrans("＜＞｛｝＆", "<>{}&")
    found = list(srt.parse(transcript_srt(published).decode(), ignore_errors=False))
    assert squeeze("".join(c.content for c in found)).translate(same) == spoken(items)


@dataclass
class Fragment(html.parser.HTMLParser):
    """What a browser would make of a fragment."""

    stack: list[str] = field(default_factory=list)
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    links: list[str | None] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    attributes: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"div", "section", "h3", "a", "p", "b", "span"}
        self.stack.append(tag)
        self.attributes = dict(attrs)
        if tag == "a":
            self.links.append(self.attributes["href"])
        if tag == "p":
            self.speakers.append(str(self.attributes["data-speaker"]))
        if tag == "span":
            self.spans.append(("", float(str(self.attributes["data-start"])), float(str(self.attributes["data-end"]))))
        if tag == "h3":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "span" in self.stack:
            text, start, end = self.spans[-1]
            self.spans[-1] = (text + data, start, end)
        elif "h3" in self.stack:
            self.headings[-1] += data


def test_the_transcript_of_a_page_has_sections_speakers_and_times() -> None:
    published = publish(ITEMS)
    page = Fragment()
    page.feed(transcript_html(published).decode())
    page.close()
    assert page.stack == []
    assert [text for text, _, _ in page.spans] == [item.text for item in ITEMS if isinstance(item, Utterance)]
    assert [(start, end) for _, start, end in page.spans] == [
        (frames_to_ms(p.start, RATE) / 1000, frames_to_ms(p.end, RATE) / 1000) for p in published.timeline.speech
    ]
    assert page.headings == ["オープニング", "鍵 <b> & 錠", "危ない見出し {{ site.title }}"]
    assert page.links == ["https://example.com/keys?a=1&b=2"]
    assert page.speakers == ["ずんだもん", "ずんだもん", "ずんだもん", "春日部つむぎ", "春日部つむぎ", "ずんだもん"]


def test_the_transcript_of_a_page_holds_nothing_that_a_site_generator_would_run() -> None:
    text = transcript_html(publish(ITEMS)).decode()
    assert "{" not in text
    assert "}" not in text
    assert "javascript:" not in text


def test_an_episode_without_sections_has_a_transcript_without_headings() -> None:
    page = Fragment()
    page.feed(transcript_html(publish(say("はい。", "いいえ。"))).decode())
    assert page.headings == []
    assert [text for text, _, _ in page.spans] == ["はい。", "いいえ。"]


def test_the_plain_text_has_paragraphs_and_says_who_speaks_where_several_do() -> None:
    assert plain_text(ITEMS[:3]) == "おはようございます。司会のずんだもんです。"
    assert plain_text(ITEMS[:7]).splitlines() == [
        "ずんだもん：おはようございます。司会のずんだもんです。",
        "ずんだもん：今日もよろしくお願いします。",
        "",
        "ずんだもん：矢印は-->、比較は a<b && c>d です。",
        "春日部つむぎ：そうなの？",
    ]


def test_chapters_hold_against_the_schema_and_the_timeline() -> None:
    published = publish(ITEMS)
    read = json.loads(chapters_json(published))
    jsonschema.validate(read, PODCASTING)
    marks = read["chapters"]
    assert [mark["title"] for mark in marks] == ["オープニング", "鍵 <b> & 錠", "危ない見出し {{ site.title }}"]
    assert marks[0]["startTime"] == 0
    assert [mark["endTime"] for mark in marks[:-1]] == [mark["startTime"] for mark in marks[1:]]
    assert marks[-1]["endTime"] == frames_to_ms(published.timeline.frames, RATE) / 1000
    assert marks[1]["startTime"] == frames_to_ms(published.timeline.speech[3].start, RATE) / 1000
    assert marks[1]["url"] == "https://example.com/keys?a=1&b=2"
    assert "url" not in marks[2], "no player should be sent there"
    assert (read["podcastName"], read["fileName"]) == ("朝の技術だより", "朝の技術だより☆A.I..mp3")


def test_an_episode_without_sections_is_one_chapter() -> None:
    published = publish(say("はい。"))
    read = json.loads(chapters_json(published))
    jsonschema.validate(read, PODCASTING)
    assert [mark["title"] for mark in read["chapters"]] == ["朝の技術だより☆A.I. 41"]
    assert chapters_text(published).decode() == "0:00 朝の技術だより☆A.I. 41\n"


def marks(*seconds: tuple[float, str]) -> FinishedEpisode:
    """An episode whose chapters last as long as it says."""
    start, made = 0.0, []
    for length, title in seconds:
        made.append(Chapter(Frames(round(start * RATE)), Frames(round((start + length) * RATE)), title))
        start += length
    return publish(say("はい。"), chapters=tuple(made))


def lines(published: FinishedEpisode) -> list[str]:
    return chapters_text(published).decode().splitlines()


def test_lines_for_a_video_begin_at_zero_and_are_rounded_down() -> None:
    assert lines(marks((41.9, "オープニング"), (78.0, "鍵"), (3600, "錠"), (20, "エンディング"))) == [
        "0:00 オープニング", "0:41 鍵", "1:59 錠", "1:01:59 エンディング",
    ]  # fmt: skip


def test_a_chapter_of_less_than_ten_seconds_joins_its_neighbour_and_the_longer_one_gives_the_title() -> None:
    assert lines(marks((4, "短い始まり"), (60, "本題"), (60, "次"))) == ["0:00 本題", "1:04 次"]
    assert lines(marks((9, "始まり"), (8, "一"), (7, "二"), (60, "三"))) == ["0:00 始まり", "0:17 三"]
    assert lines(marks((30, "始まり"), (60, "本題"), (5, "終わり"))) == ["0:00 始まり", "0:30 本題"]
    assert lines(marks((4, "全部"))) == ["0:00 全部"]


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=20))
def test_lines_for_a_video_are_ten_seconds_apart(lengths: list[float]) -> None:
    published = marks(*((length, f"題{at}") for at, length in enumerate(lengths)))
    found = [line.split(" ")[0].split(":") for line in lines(published)]
    times = [sum(int(part) * 60**power for power, part in enumerate(reversed(clock))) for clock in found]
    assert times[0] == 0
    assert all(b - a >= 10 for a, b in itertools.pairwise(times))
    if len(times) > 1:
        assert published.chapters[-1].end // RATE - times[-1] >= 10


def test_lines_for_a_video_have_no_angle_brackets_and_no_line_breaks() -> None:
    assert lines(marks((20, "a<b>\nc"), (20, "x"))) == ["0:00 a＜b＞ c", "0:20 x"]


@pytest.mark.parametrize(
    ("title", "cut"),
    [
        ("短い題", "短い題"),
        ("Anthropic、AIで科学研究を支援する作業環境「Claude Science」をパブリックベータで公開", "Anthropic、AIで科学研究を支援する作業環境…"),
        ("A" * 60, "A" * 39 + "…"),
    ],
)  # fmt: skip
def test_long_titles_are_cut_between_phrases(title: str, cut: str) -> None:
    assert shorten(title, 40) == cut
    assert len(cut) <= 40


def test_the_timeline_holds_against_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jingle = Jingle("opening", Silent(Frames(RATE), RATE), "")
    timeline = lay(ITEMS, jingles=Jingles(opening=jingle, between_sections=jingle))
    published = publish(ITEMS, timeline)
    read = json.loads(timeline_json(published))
    jsonschema.validate(read, SCHEMA)
    assert (read["frames"], read["duration_ms"]) == (timeline.frames, frames_to_ms(timeline.frames, RATE))
    assert [(u["start_frame"], u["end_frame"]) for u in read["utterances"]] == [
        (p.start, p.end) for p in timeline.speech
    ]
    assert [u["start_ms"] for u in read["utterances"]] == [frames_to_ms(p.start, RATE) for p in timeline.speech]
    assert [u["text"] for u in read["utterances"]] == [i.text for i in ITEMS if isinstance(i, Utterance)]
    assert [c["start_frame"] for c in read["chapters"]] == [c.start for c in published.chapters]
    assert [s["name"] for s in read["sounds"]] == ["opening"] * 3
    assert timeline_json(published) == (json.dumps(read, ensure_ascii=False, indent=1) + "\n").encode()
    ids = [u["id"] for u in read["utterances"]]
    assert [i for c in read["captions"] for i in c["utterances"] if c["estimated"] is False] == [
        ids[index] for caption in published.captions for index in caption.utterances
    ]


def test_the_bed_holds_against_the_schema_of_the_timeline() -> None:
    timeline = lay(ITEMS)
    facts = json.loads(timeline_json(publish(ITEMS, timeline, bed=place_bed(BedSettings("music"), timeline))))
    jsonschema.validate(facts, SCHEMA)
    bed, (known,) = facts["bed"], [SCHEMA["$defs"]["bed"]]
    span = set(SCHEMA["$defs"]["span"]["properties"])
    assert set(bed) == set(known["properties"]) | span
    assert set(bed["fade_in"]) == set(bed["fade_out"]) == span
    level = known["properties"]["levels"]["items"]
    assert all(set(point) == set(level["properties"]) == set(level["required"]) for point in bed["levels"])
    assert {point["level"] for point in bed["levels"]} <= {-20.0, -14.0}
    bed["levels"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(facts, SCHEMA)


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts.update(schema=2),
        lambda facts: facts["utterances"][0].pop("reading"),
        lambda facts: facts["utterances"][0].update(start_ms=0.5),
        lambda facts: facts["utterances"][0].update(id="1"),
        lambda facts: facts["captions"][0].update(lines=[]),
        lambda facts: facts["chapters"][0].pop("end_frame"),
    ],
)
def test_the_schema_refuses_another_shape(damage: Any) -> None:
    facts = json.loads(timeline_json(publish(ITEMS)))
    damage(facts)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(facts, SCHEMA)


def test_the_schema_describes_every_property() -> None:
    facts = json.loads(timeline_json(publish(ITEMS)))
    assert set(facts) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    span = set(SCHEMA["$defs"]["span"]["properties"])
    for name in ("utterances", "captions", "chapters", "sounds"):
        known = SCHEMA["properties"][name]["items"]
        properties = set(known["properties"]) | (span if "allOf" in known else set())
        assert all(set(entry) == properties for entry in facts[name])


def test_the_text_of_a_paragraph_takes_time_in_proportion_to_its_length() -> None:
    began = time.process_time()
    text = plain_text(speak(number, "はい、OK") for number in range(100_000))
    assert text == " ".join(["はい、OK"] * 100_000).replace("K は", "Kは")
    assert time.process_time() - began < 5  # of the processor; what takes the square of the length takes half a minute


def test_ids_stay_when_others_come_and_go() -> None:
    before = utterance_ids(u for u in say("はい。", "いいえ。", "はい。") if isinstance(u, Utterance))
    after = utterance_ids(u for u in say("新しい。", "はい。", "はい。") if isinstance(u, Utterance))
    assert len(set(before)) == 3
    assert before[2] == before[0] + "-2"
    assert (after[1], after[2]) == (before[0], before[2])
    other = utterance_ids(u for u in say("はい。", voice="別") if isinstance(u, Utterance))
    assert other[0] != before[0]


def test_the_same_episode_gives_the_same_bytes() -> None:
    for name in OUTPUTS.keys() - {"deck"}:  # this episode has none
        for _, write in writers(name):
            assert write(publish(ITEMS, run=RUN)) == write(publish(ITEMS, run=RUN))
            assert write(publish(ITEMS, run=RUN)).endswith(b"\n")


def test_no_two_outputs_share_a_file() -> None:
    suffixes = [suffix for files in OUTPUTS.values() for suffix, _ in files]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.startswith(".") and suffix.isascii() for suffix in suffixes)
    assert not {".mp3", ".txt", ".md", ".json"} & set(suffixes), "those are the episode's own"
