"""Slide decks: read as a script, and filled in with exact times."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.site_kit import SiteKit
from tts_render.ground.errors import ScriptError
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.mix.timeline import Placement, Timeline
from tts_render.outputs.slide_times import LEAST_SCORE, Shown, show_deck, write_deck
from tts_render.script import Cue, Line, Notation
from tts_render.script.base import Source
from tts_render.script.deck import Deck, parse_deck, read_deck
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine

RATE = 44100
HERE = Path("deck.json")

SLIDES: list[dict[str, Any]] = [
    {"type": "rawmedia", "start_ms": 0, "end_ms": 8000, "mp4_url": "opening.mp4"},
    {
        "type": "agenda",
        "title": "今日の予定",
        "notes": "おはようございます。今日は二つの話をします。",
        "items": ["鍵", "窓"],
    },
    {"type": "section", "title": "鍵の話", "url": "https://example.com/keys", "notes": "まずは鍵の話です。"},
    {"type": "image", "title": "絵だけ", "image_url": "key.png"},
    {
        "type": "content",
        "title": "二つの鍵",
        "notes": "鍵を二つに分けます。\n片方は配れます。",
        "start_ms": 1,
        "end_ms": 2,
    },
    {"type": "closing", "notes": "また明日。"},
]
SPOKEN = (
    "おはようございます。",
    "今日は二つの話をします。",
    "まずは、鍵の話です！",
    "鍵を二つに分けます。",
    "片方は配れます。",
    "また明日。",
)


def deck_of(slides: list[dict[str, Any]], indent: int | None = 4) -> Deck:
    return parse_deck(HERE, json.dumps(slides, ensure_ascii=False, indent=indent))


def timeline_of(texts: tuple[str, ...], seconds: float = 2.0, gap: float = 0.5) -> Timeline:
    placements = []
    position = int(0.3 * RATE)
    for index, text in enumerate(texts):
        utterance = Utterance(index=index, text=text, reading=text, voice="声", line=index + 1, end_of_sentence=True)
        placements.append(Placement(Frames(position), Frames(int(seconds * RATE)), None, utterance=utterance))
        position += int((seconds + gap) * RATE)
    placements.append(Placement(Frames(position + RATE), Frames(0), None))
    return Timeline(tuple(placements), RATE)


def times(shown: tuple[Shown, ...]) -> list[tuple[float, float]]:
    return [(at.start_ms / 1000, at.end_ms / 1000) for at in shown]


def test_notes_are_the_script_and_sections_are_sections() -> None:
    items = read_deck(Source(HERE, json.dumps(SLIDES, ensure_ascii=False, indent=4)), Notation())
    assert [item.text for item in items if isinstance(item, Line)] == [
        "おはようございます。", "今日は二つの話をします。", "まずは鍵の話です。", "鍵を二つに分けます。", "片方は配れます。", "また明日。",
    ]  # fmt: skip
    (cue,) = [item for item in items if isinstance(item, Cue)]
    assert (cue.title, cue.url) == ("鍵の話", "https://example.com/keys")


def test_lines_are_those_of_the_file() -> None:
    text = json.dumps(SLIDES, ensure_ascii=False, indent=4)
    items = read_deck(Source(HERE, text), Notation())
    first = next(item for item in items if isinstance(item, Line))
    assert text.splitlines()[first.line - 1].strip() == "{"
    assert "agenda" in text.splitlines()[first.line]


def test_slides_touch_and_begin_with_their_words() -> None:
    shown = show_deck(deck_of(SLIDES), timeline_of(SPOKEN))
    assert all(one.end_ms == other.start_ms for one, other in itertools.pairwise(shown))
    raw, agenda, section, image, content, closing = times(shown)
    assert raw == (0.0, 8.0)
    assert agenda[0] == 8.0
    # Audio times plus the eight seconds of film: utterances begin at 0.3, 2.8, 5.3 … seconds and last two.
    assert section[0] == 8 + 5.3
    assert image == (8 + 7.3, 8 + 7.8)
    assert content[0] == 8 + 7.8
    assert closing[0] == 8 + 12.8


def test_the_last_slide_ends_with_the_audio_the_films_and_the_offset() -> None:
    timeline = timeline_of(SPOKEN)
    shown = show_deck(deck_of(SLIDES), timeline, offset_ms=1500)
    assert shown[0].start_ms == 1500
    assert shown[-1].end_ms == frames_to_ms(timeline.frames, RATE) + 8000 + 1500


def test_small_edits_do_not_move_a_slide() -> None:
    edited = tuple(text.replace("鍵", "カギ").replace("。", "！") for text in SPOKEN)
    assert times(show_deck(deck_of(SLIDES), timeline_of(edited))) == times(
        show_deck(deck_of(SLIDES), timeline_of(SPOKEN))
    )


def test_a_slide_whose_notes_were_not_spoken_is_doubtful() -> None:
    slides = [*SLIDES[:5], {"type": "content", "notes": "これはどこにも出てこない一枚。"}, SLIDES[5]]
    shown = show_deck(deck_of(slides), timeline_of(SPOKEN))
    assert [at.doubtful for at in shown] == [False, False, False, False, False, True, False]
    assert (shown[5].score or 0) < LEAST_SCORE
    assert all(one.end_ms == other.start_ms for one, other in itertools.pairwise(shown))


def test_everything_but_the_times_is_as_it_was() -> None:
    deck = deck_of(SLIDES)
    written = write_deck(deck, show_deck(deck, timeline_of(SPOKEN)))
    again = json.loads(written)
    assert [{k: v for k, v in slide.items() if not k.endswith("_ms")} for slide in again] == [
        {k: v for k, v in slide.items() if not k.endswith("_ms")} for slide in SLIDES
    ]
    assert [list(slide)[: len(before)] for slide, before in zip(again, SLIDES, strict=True)] == [
        list(s) for s in SLIDES
    ]
    assert written.decode().splitlines()[1] == "    {"
    assert all(isinstance(slide["start_ms"], int) and isinstance(slide["end_ms"], int) for slide in again)


def test_half_a_character_is_written_as_it_stood_and_is_in_no_title() -> None:
    text = r'[{"type": "section", "title": "鍵\ud83d\u001b の\n話", "url": "/k\ud83d", "notes": "はい。\udc00", "\ud800": 1}]'
    deck = parse_deck(HERE, text)
    written = write_deck(deck, show_deck(deck, timeline_of(("はい。",))))
    (slide,) = json.loads(written)
    assert {**slide} == {**json.loads(text)[0], "start_ms": slide["start_ms"], "end_ms": slide["end_ms"]}
    (cue, line) = read_deck(Source(HERE, text), Notation())
    assert cue == Cue("section", 1, "鍵 の 話", "/k")
    assert isinstance(line, Line)
    assert line.text == "はい。"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("{}", 1, "list of slides"),
        ('[\n{"type": "a"},\n3]', 3, "object"),
        ('[\n{"type": "a"\n', 3, "JSON"),
        ('[{"type": "a"}\n{"type": "b"}]', 2, "comma"),
        ('[{"type": "rawmedia"}]', 1, "do not say how long"),
        ("[] x", 1, "follows"),
        ("[" * 100_000, 1, "JSON"),
    ],
)
def test_a_deck_that_is_wrong_is_named_with_its_line(text: str, line: int, word: str) -> None:
    with pytest.raises(ScriptError, match=word) as caught:
        parse_deck(HERE, text)
    assert caught.value.line == line


SLIDE = st.one_of(
    st.fixed_dictionaries({"type": st.just("content"), "notes": st.sampled_from([*SPOKEN, "別の話。", "", "。"])}),
    st.fixed_dictionaries({"type": st.just("rawmedia"), "start_ms": st.just(0), "end_ms": st.integers(0, 9000)}),
    st.fixed_dictionaries({"type": st.just("image")}),
)


@given(st.lists(SLIDE, min_size=1, max_size=12), st.integers(0, 5000))
def test_any_deck_is_contiguous_and_as_long_as_audio_films_and_offset(
    slides: list[dict[str, Any]], offset: int
) -> None:
    timeline = timeline_of(SPOKEN)
    shown = show_deck(deck_of(slides), timeline, offset_ms=offset)
    assert shown[0].start_ms == offset
    assert all(one.end_ms == other.start_ms for one, other in itertools.pairwise(shown))
    assert all(at.start_ms <= at.end_ms for at in shown)
    raw = sum(slide.get("end_ms", 0) for slide in slides)
    assert shown[-1].end_ms == frames_to_ms(timeline.frames, RATE) + raw + offset
    for at in shown:
        if at.slide.raw_ms is not None:
            assert at.end_ms - at.start_ms >= at.slide.raw_ms


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def put_deck(site: SiteKit) -> Path:
    deck = site.audio.with_suffix(".json")
    deck.write_text(json.dumps(SLIDES, ensure_ascii=False, indent=4), encoding="utf-8")
    site.script.write_text("\n".join(SPOKEN) + "\n", encoding="utf-8")
    return deck


def test_a_rendered_episode_gets_its_deck_with_times(site: SiteKit) -> None:
    deck = put_deck(site)
    before = deck.read_bytes()
    (receipt,) = site.run("render", site.post, "--also", "deck", "--offset", "1.5", "--json").json
    slides = json.loads(site.audio.with_name(site.audio.stem + ".deck.json").read_bytes())
    assert slides[0]["start_ms"] == 1500
    assert all(one["end_ms"] == other["start_ms"] for one, other in itertools.pairwise(slides))
    assert slides[-1]["end_ms"] == pytest.approx(receipt["duration_seconds"] * 1000 + 8000 + 1500, abs=1)
    assert deck.read_bytes() == before
    assert [chapter["title"] for chapter in receipt["chapters"]] == ["オープニング", "鍵の話"]


def test_the_offset_is_kept_by_later_runs(site: SiteKit) -> None:
    put_deck(site)
    made = site.audio.with_name(site.audio.stem + ".deck.json")
    assert site.run("render", site.post, "--also", "deck", "--offset", "2").code == 0
    first = made.read_bytes()
    (receipt,) = site.run("render", site.post, "--json").json
    assert (receipt["changed"], made.read_bytes()) == (False, first)
    assert site.run("render", site.post, "--offset", "3").code == 0
    assert json.loads(made.read_bytes())[0]["start_ms"] == 3000


def test_a_deck_is_spoken_where_there_is_no_text(site: SiteKit, fake_engine: FakeEngine) -> None:
    deck = put_deck(site)
    site.script.unlink()
    assert site.run("render", site.post, "--also", "deck").code == 0
    assert fake_engine.texts[0] == "おはようございます。"
    assert len(fake_engine.texts) == 6
    fake_engine.syntheses.clear()
    assert site.run("render", deck, "--voice", "つむぎ", "-o", site.root / "b.mp3").code == 0
    assert fake_engine.syntheses == []


def test_a_deck_that_is_asked_for_must_be_there(site: SiteKit, fake_engine: FakeEngine) -> None:
    result = site.run("render", site.post, "--also", "deck")
    assert result.code == 1
    assert "there is no slide deck" in result.err
    assert fake_engine.texts == []


def test_settings_ask_for_the_decks_of_those_that_have_one(site: SiteKit) -> None:
    voices = site.root / "voices.yaml"
    voices.write_text("outputs: [deck]\n" + voices.read_text(encoding="utf-8"), encoding="utf-8")
    made = site.audio.with_name(site.audio.stem + ".deck.json")
    assert site.run("render", site.post).code == 0
    assert not made.exists()
    put_deck(site)
    assert site.run("render", site.post).code == 0
    assert made.is_file()


def test_doubtful_slides_are_reported(site: SiteKit) -> None:
    deck = put_deck(site)
    slides = [*SLIDES, {"type": "content", "notes": "これはどこにも出てこない一枚。"}]
    deck.write_text(json.dumps(slides, ensure_ascii=False, indent=4), encoding="utf-8")
    result = site.run("render", site.post, "--also", "deck")
    assert result.code == 0
    assert "slide 7" in result.err


SHARED = Path(__file__).resolve().parents[3] / "shared" / "site"


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the folder of real posts")
@pytest.mark.parametrize("number", ["2026-07-01-515", "2026-07-03-517", "2026-07-06-518"])
def test_real_decks_are_contiguous_and_as_long_as_audio_and_films(
    tmp_path: Path, fake_engine: FakeEngine, number: str
) -> None:
    import shutil

    root = tmp_path / "site"
    shutil.copytree(SHARED, root, copy_function=shutil.copyfile)
    kit = SiteKit(root, tmp_path / "cache", (fake_engine.url,))
    (receipt,) = kit.run("render", root / "_posts" / f"{number}.md", "--also", "deck", "--json").json
    audio = root / receipt["audio"]
    slides = json.loads(audio.with_name(audio.name.removesuffix(".mp3") + ".deck.json").read_bytes())
    before = json.loads(audio.with_name(audio.name.removesuffix(".mp3") + ".json").read_bytes())
    assert all(one["end_ms"] == other["start_ms"] for one, other in itertools.pairwise(slides))
    raw = sum(slide["end_ms"] - slide["start_ms"] for slide in before if slide["type"] == "rawmedia")
    assert slides[-1]["end_ms"] == pytest.approx(receipt["duration_seconds"] * 1000 + raw, abs=1)
    assert [slide.get("notes") for slide in slides] == [slide.get("notes") for slide in before]
