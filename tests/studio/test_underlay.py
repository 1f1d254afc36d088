"""The bed is heard under a stream as it will be in the MP3, though not all of the episode is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from tests.kit.site_kit import VOICES, SiteKit
from tts_render.episode.episode import open_episode
from tts_render.run.session import Session
from tts_render.sound.mastering import limit
from tts_render.studio.known_clips import KnownClips
from tts_render.studio.sheet import Sheet, open_sheet
from tts_render.studio.stream import Heard, check_whole, stream_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tts_render.mix.metering import Checked
    from tts_render.sound.audio import Samples
    from tts_render.speech.cache import CachedClip

RATE = 44_100
BED = "{sound: music, level: -12, fade_in: 0.2, fade_out: 0.3, attack: 0.05, release: 0.05}"


@pytest.fixture
def sheet(tmp_path: Path, fake_engine: FakeEngine) -> Iterator[tuple[Sheet, tuple[CachedClip, ...], Checked]]:
    """An episode with a bed, its clips, and the whole as it goes into the MP3."""
    site = SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()
    noise = (np.random.default_rng(5).standard_normal((round(2.5 * RATE), 1)) * 0.05).astype(np.float32)
    soundfile.write(site.root / "music.wav", noise, RATE, subtype="FLOAT")
    settings = VOICES.replace("sounds:\n", "sounds:\n  music: music.wav\n").replace(
        "{opening:", f"{{bed: {BED}, opening:"
    )
    (site.root / "voices.yaml").write_text(settings, encoding="utf-8")
    result = site.run("render", site.post)
    assert result.code == 0, result.err
    with Session(site.cache, engines=site.engines) as session:
        sheet = open_sheet(open_episode(site.post), session)
        clips = tuple(clip for clip in sheet.clips(KnownClips(session.cache)) if clip is not None)
        yield sheet, clips, check_whole(sheet, clips)


def streamed(
    sheet: Sheet,
    clips: Sequence[CachedClip],
    known: Sequence[CachedClip | None],
    first: int,
    *,
    opening: bool = False,
    whole: Checked | None = None,
) -> tuple[Samples, list[Heard]]:
    """The stream from a line on, while ``known`` is spoken, and what was heard in it."""
    heard: list[Heard] = []
    blocks = stream_from(
        sheet,
        first,
        opening=opening,
        whole=whole,
        known=known,
        clip=lambda _, index: clips[index],
        heard=heard.append,
        newest=lambda: sheet,
        followed=lambda *_: None,
    )
    return np.concatenate(list(blocks)), heard


def mastered(whole: Checked) -> Samples:
    master = whole.master
    return np.concatenate(list(limit(whole.mixed(), rate=RATE, gain_db=master.gain_db, ceiling_db=master.ceiling_db)))


def start_of(whole: Checked, index: int) -> int:
    return whole.timeline.speech[index].start


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def pauses(whole: Checked, begin: int) -> list[tuple[int, int]]:
    """Where the bed alone is heard, from a frame on."""
    assert whole.bed is not None
    sounds = [p for p in whole.timeline.placements if p.source is not None]
    between = zip((p.end for p in sounds), (p.start for p in sounds[1:]), strict=False)
    return [(a, b) for a, b in between if begin <= a and whole.bed.start <= a and b <= whole.bed.end and b - a > 2000]


@pytest.mark.parametrize(("first", "spoken"), [(0, (0, 1, 2)), (2, (0, 1, 2)), (3, (3,)), (3, ())])
def test_in_every_pause_the_bed_is_as_loud_as_in_the_mp3_though_half_is_not_spoken(
    sheet: tuple[Sheet, tuple[CachedClip, ...], Checked], first: int, spoken: tuple[int, ...]
) -> None:
    episode, clips, whole = sheet
    known = [clip if index in spoken else None for index, clip in enumerate(clips)]
    heard, _ = streamed(episode, clips, known, first)
    begin = start_of(whole, first)
    wanted = mastered(whole)[begin:]
    assert len(heard) == len(wanted)
    found = pauses(whole, begin)
    assert found
    for a, b in found:
        for at in np.linspace(a - begin, b - begin, 4).astype(int)[:-1]:  # as it rises, above, and as it comes down
            part = slice(at, at + (b - a) // 3)
            assert decibels(heard[part]) > -70
            assert decibels(heard[part]) == pytest.approx(decibels(wanted[part]), abs=1.0)


def test_of_what_is_spoken_up_to_the_line_it_is_the_same_part_of_the_music_faded_out_at_the_same_place(
    sheet: tuple[Sheet, tuple[CachedClip, ...], Checked],
) -> None:
    episode, clips, whole = sheet
    known = [*clips[:4], *[None] * (len(clips) - 4)]
    for first, opening in ((3, False), (0, True), (0, False)):
        heard, _ = streamed(episode, clips, known, first, opening=opening)
        wanted = mastered(whole)[0 if opening else start_of(whole, first) :]
        assert len(heard) == len(wanted)
        level = np.vdot(heard, wanted) / np.vdot(wanted, wanted)
        assert 20 * np.log10(level) == pytest.approx(0, abs=1.0)
        begin = 0 if opening else start_of(whole, first)
        assert whole.bed is not None
        ending = slice(whole.timeline.speech[-1].end - begin, whole.bed.end - begin)
        for part in [slice(a - begin, b - begin) for a, b in pauses(whole, begin)] + [ending]:
            alike = np.corrcoef(heard[part, 0], wanted[part, 0])[0, 1]
            assert alike > 0.99, "another part of the music, or another shape"


def test_once_all_is_spoken_the_stream_with_a_bed_is_exactly_the_mix(
    sheet: tuple[Sheet, tuple[CachedClip, ...], Checked],
) -> None:
    episode, clips, whole = sheet
    wanted = mastered(whole)
    for first in (0, 3, len(clips) - 1):
        heard, _ = streamed(episode, clips, clips, first, whole=whole)
        assert np.abs(heard - wanted[start_of(whole, first) :]).max() < 1.5 / 32768, f"from line {first}"
