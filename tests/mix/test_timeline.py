"""The timeline: pauses are exact, nothing overlaps, chapters cover everything."""

import itertools
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tts_render.ground.units import Frames, conform_frames, seconds_to_frames
from tts_render.mix.timeline import Jingle, Jingles, Placement, Timeline, arrange, chapters
from tts_render.script import Cue, Pause, Sound
from tts_render.settings.config import Pacing
from tts_render.sound.audio import Clip
from tts_render.speech.casting import CastItem, Utterance

RATE = 44100
PACING = Pacing(head=0.3, sentence=0.35, paragraph=0.7, section=1.2, tail=1.0)


@dataclass(frozen=True)
class Silent:
    frames: Frames
    rate: int

    def load(self) -> Clip:
        raise AssertionError("the timeline touches no samples")


@dataclass(frozen=True)
class Said:
    utterance: Utterance
    source: Silent


def say(index: int, *, whole: bool = True) -> Utterance:
    return Utterance(index, f"文{index}。", f"ぶん{index}。", "声", index + 1, whole)


def place(items: list[CastItem], jingles: Jingles | None = None, seconds: float = 1.0) -> Timeline:
    clips = [Said(i, Silent(Frames(round(24000 * seconds)), 24000)) for i in items if isinstance(i, Utterance)]
    return Timeline(tuple(arrange(items, clips, jingles or Jingles(), PACING, rate=RATE)), RATE)


def gaps(timeline: Timeline) -> list[float]:
    sounding = [p for p in timeline.placements if p.source is not None]
    return [round((b.start - a.end) / RATE, 6) for a, b in itertools.pairwise(sounding)]


def test_head_and_tail_are_as_long_as_they_say() -> None:
    timeline = place([say(0)])
    assert timeline.placements[0].start == seconds_to_frames(0.3, RATE)
    assert timeline.frames == seconds_to_frames(0.3, RATE) + RATE + seconds_to_frames(1.0, RATE)


def test_each_kind_of_pause_is_exact() -> None:
    items: list[CastItem] = [
        say(0), say(1), Pause("paragraph", 2), say(2), Cue("section", 3), say(3), say(4, whole=False), say(5),
    ]  # fmt: skip
    assert gaps(place(items)) == [0.35, 0.7, 1.2, 0.35, round(seconds_to_frames(0.35 / 3, RATE) / RATE, 6)]


def test_without_pauses_one_thing_begins_where_the_other_ends() -> None:
    none = Pacing(head=0, sentence=0, paragraph=0, section=0, tail=0)
    clips = [Said(say(n), Silent(Frames(24000), 24000)) for n in range(3)]
    items: list[CastItem] = [say(0), say(1), Pause("paragraph", 2), say(2)]
    placed = list(arrange(items, clips, Jingles(), none, rate=RATE))
    assert [place.start for place in placed if place.source] == [0, RATE, 2 * RATE]


def test_where_pauses_meet_the_longest_holds() -> None:
    items: list[CastItem] = [
        say(0), Pause("paragraph", 1), Pause("sentence", 2), say(1), Pause("paragraph", 3), Cue("section", 4), say(2),
    ]  # fmt: skip
    assert gaps(place(items)) == [0.7, 1.2]


def test_a_silence_of_so_many_seconds_is_exact_whatever_it_meets() -> None:
    items: list[CastItem] = [
        say(0), Pause("paragraph", 1), Pause("exact", 1, 0.1), say(1), Pause("exact", 2, 1.5), Cue("section", 2),
        Pause("exact", 2, 0.25), say(2, whole=False), Pause("exact", 3, 0.0), say(3),
    ]  # fmt: skip
    assert gaps(place(items)) == [0.1, 1.75, 0.0]


def test_a_sound_that_the_script_places_has_pauses_as_an_utterance_has() -> None:
    bell = Jingle("bell", Silent(Frames(44100), 44100), "")
    items: list[CastItem] = [
        say(0), Sound("bell", 1), say(1), Pause("exact", 2, 0.0), Sound("bell", 2), Pause("paragraph", 2), say(2),
    ]  # fmt: skip
    timeline = place(items, Jingles(placed=(bell,)))
    assert [p.sound for p in timeline.placements] == [None, "bell", None, "bell", None, None]
    assert gaps(timeline) == [0.35, 0.35, 0.0, 0.7]


def test_a_chapter_begins_with_the_sound_before_its_words_and_not_with_one_before_that() -> None:
    bell = Jingle("bell", Silent(Frames(44100), 44100), "")
    items: list[CastItem] = [
        say(0), Sound("bell", 1), Cue("chapter", 1, "一"), say(1), Cue("chapter", 2, "二"), Sound("bell", 2), say(2),
    ]  # fmt: skip
    timeline = place(items, Jingles(placed=(bell,)))
    found = chapters(items, timeline, "始め")
    starts = [p.start for p in timeline.placements]
    assert [(c.title, c.start) for c in found] == [("始め", 0), ("一", starts[2]), ("二", starts[3])]


def test_a_bumper_plays_in_the_middle_of_the_section_pause() -> None:
    bumper = Jingle("bumper", Silent(Frames(44100), 44100), "")
    items: list[CastItem] = [Cue("section", 1), say(0), Cue("section", 2), Cue("section", 3), say(1), Cue("section", 4)]
    timeline = place(items, Jingles(between_sections=bumper))
    assert [p.sound for p in timeline.placements] == [None, "bumper", None, None]
    assert gaps(timeline) == [0.6, 0.6]


def test_opening_and_ending_stand_a_paragraph_pause_from_the_words() -> None:
    opening, ending = Jingle("o", Silent(Frames(48000), 48000), ""), Jingle("e", Silent(Frames(24000), 24000), "")
    timeline = place([say(0)], Jingles(opening=opening, ending=ending))
    assert gaps(timeline) == [0.7, 0.7]
    assert timeline.placements[0].start == seconds_to_frames(0.3, RATE)
    assert timeline.frames - timeline.placements[-2].end == RATE


def overlapping(opening: float, ending: float) -> Jingles:
    """Jingles of two seconds that reach under the words."""
    sound = Silent(Frames(2 * RATE), RATE)
    return Jingles(
        opening=Jingle("o", sound, "", overlap=seconds_to_frames(opening, RATE)),
        ending=Jingle("e", sound, "", overlap=seconds_to_frames(ending, RATE)),
    )


def test_opening_and_ending_reach_under_the_words_and_fade_there() -> None:
    timeline = place([say(0), say(1)], overlapping(0.5, 0.25), seconds=3)
    assert gaps(timeline) == [-0.5, 0.35, -0.25]
    first, *_, last, _ = timeline.placements
    assert (first.fade_in, first.fade_out) == (0, RATE // 2)
    assert (last.fade_in, last.fade_out) == (RATE // 4, 0)
    assert timeline.frames == last.end + RATE


def test_an_overlap_ends_with_the_sounds_that_it_joins() -> None:
    timeline = place([say(0), say(1)], overlapping(9, 9), seconds=3)
    opening, first, last, ending, _ = timeline.placements
    assert opening.start == first.start
    assert opening.fade_out == opening.frames
    assert ending.start == last.start
    assert timeline.frames == last.end + RATE


def test_the_longest_fade_holds_where_a_jingle_overlaps() -> None:
    own = Jingle("o", Silent(Frames(2 * RATE), RATE), "", fade_out=Frames(RATE), overlap=Frames(RATE // 2))
    assert place([say(0)], Jingles(opening=own)).placements[0].fade_out == RATE


def test_placements_come_as_soon_as_their_clips_are_ready() -> None:
    asked: list[int] = []

    def clips() -> object:
        for index in range(3):
            asked.append(index)
            yield Said(say(index), Silent(Frames(2400), 24000))

    placements = arrange([say(0), say(1), say(2)], clips(), Jingles(), PACING, rate=RATE)  # type: ignore[arg-type]
    next(placements)
    assert asked == [0]


ITEMS = st.lists(
    st.one_of(
        st.builds(lambda whole: ("say", whole), st.booleans()),
        st.sampled_from([Pause("sentence", 1), Pause("paragraph", 1), Cue("section", 1), Cue("section", 1, "題")]),
    ),
    max_size=30,
)


@given(ITEMS, st.lists(st.integers(1, 200_000), min_size=30, max_size=30), st.sampled_from([24000, 44100, 48000]))
def test_any_timeline_is_ordered_never_overlaps_and_adds_up(items: list[Any], lengths: list[int], rate: int) -> None:
    cast: list[CastItem] = []
    for item in items:
        count = sum(isinstance(i, Utterance) for i in cast)
        cast.append(say(count, whole=item[1]) if isinstance(item, tuple) else item)
    clips = [Said(u, Silent(Frames(lengths[u.index]), rate)) for u in cast if isinstance(u, Utterance)]
    bumper = Jingle("b", Silent(Frames(1000), rate), "")
    placements = tuple(arrange(cast, clips, Jingles(bumper, bumper, bumper), PACING, rate=RATE))
    timeline = Timeline(placements, RATE)
    position = 0
    for placement in placements:
        assert placement.start >= position
        position = placement.end
    assert [p.utterance for p in timeline.speech] == [c.utterance for c in clips]
    assert [p.frames for p in timeline.speech] == [conform_frames(c.source.frames, rate, RATE) for c in clips]
    assert timeline.frames == placements[-1].end
    marks = chapters(cast, timeline, "はじめに")
    if marks:
        assert marks[0].start == 0
        assert marks[-1].end == timeline.frames
        assert all(a.end == b.start for a, b in itertools.pairwise(marks))
        assert all(a.start < a.end for a in marks)


def test_chapters_begin_with_the_first_words_of_their_section() -> None:
    items: list[CastItem] = [
        say(0),
        Cue("section", 2, "記事", "https://example.com/"),
        say(1),
        Cue("section", 3),
        say(2),
    ]
    timeline = place(items)
    first, second = chapters(items, timeline, "番組")
    assert (first.start, first.title) == (0, "番組")
    assert (second.start, second.title, second.url) == (timeline.speech[1].start, "記事", "https://example.com/")
    assert second.end == timeline.frames


def test_a_chapter_begins_with_its_bumper() -> None:
    bumper = Jingle("bumper", Silent(Frames(44100), 44100), "")
    items: list[CastItem] = [Cue("section", 1, "一"), say(0), say(1), Cue("section", 3, "二"), say(2)]
    timeline = place(items, Jingles(opening=bumper, between_sections=bumper))
    first, second = chapters(items, timeline, "番組")
    assert (first.title, first.start, second.title) == ("一", 0, "二")
    assert second.start == first.end == next(p.start for p in timeline.placements[1:] if p.sound)


def test_where_no_section_has_a_title_each_is_called_by_its_first_words() -> None:
    long = Utterance(1, "とても長い" * 10, "とてもながい", "声", 2, True)
    items: list[CastItem] = [say(0), Cue("section", 2), long, Cue("section", 3), say(2)]
    titles = [chapter.title for chapter in chapters(items, place(items), "番組")]
    assert titles == ["番組", ("とても長い" * 6)[:29] + "…", "文2。"]


def test_a_section_without_a_title_belongs_to_the_one_before_where_others_have_one() -> None:
    items: list[CastItem] = [
        Cue("section", 1, "一"),
        say(0),
        Cue("section", 2),
        say(1),
        Cue("section", 3, "三"),
        say(2),
    ]
    assert [chapter.title for chapter in chapters(items, place(items), "番組")] == ["一", "三"]


def test_without_sections_there_are_no_chapters() -> None:
    items: list[CastItem] = [say(0), Pause("paragraph", 2), say(1)]
    assert chapters(items, place(items), "番組") == ()


def test_a_placement_says_where_it_ends() -> None:
    assert Placement(Frames(10), Frames(5), None).end == 15
