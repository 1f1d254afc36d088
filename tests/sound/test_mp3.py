"""The finished MP3: tags that other readers understand, facts measured on what it decodes to, and the promised level."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import shutil
import subprocess
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen import id3, mp3

from tests.kit.signals import ffmpeg_loudness, in_blocks, needs_ffmpeg, speech_like, tone
from tts_render.ground.errors import OutputError
from tts_render.ground.units import Frames
from tts_render.sound.audio import amplitude
from tts_render.sound.encoders import EncoderName, choose_encoder, encode
from tts_render.sound.loudness import ProfileMeter, measure
from tts_render.sound.mastering import correct, decide, limit
from tts_render.sound.mp3 import Mp3, Tags, inspect, write_tags
from tts_render.sound.mpeg import read_length

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.sound.audio import Samples

RATE = 44100
ID3: Any = id3.ID3  # mutagen has no types
MP3: Any = mp3.MP3
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
FULL = Tags(
    title="お嬢様☆ずんだもん 第517回",
    album="私立ずんだもん女学園放送部",
    artist="ずんだもん",
    date=datetime.date(2026, 7, 3),
    track=517,
    comment="VOICEVOX:ずんだもん\nHTS Voice Mei",
    url="https://example.com/放送/517?a=b&c=%20",
    chapters=((0, 2500, "オープニング", None), (2500, 4000, "News", "https://example.com/news")),
    lyrics="一行目\n二行目",
    picture=PNG,
    extra=(("season", "2"), ("注記", "合成音声")),
)


def plain(path: Path, sound: Samples | None = None, *, rate: int = RATE) -> Path:
    sound = tone(440, 4.0, rate) if sound is None else sound
    channels = sound.shape[1]
    encode([sound], path, rate=rate, channels=channels, bitrate=128, encoder=choose_encoder("soundfile"))
    return path


def texts(path: Path, frame: str) -> list[Any]:
    return [text for found in ID3(path).getall(frame) for text in found.text]


def test_every_tag_is_read_back_by_mutagen(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, FULL)
    tags = ID3(path)
    assert tags.version == (2, 3, 0)
    assert texts(path, "TIT2") == [FULL.title]
    assert texts(path, "TALB") == [FULL.album]
    assert texts(path, "TPE1") == [FULL.artist]
    assert texts(path, "TRCK") == ["517"]
    assert texts(path, "TCON") == ["Podcast"]
    assert texts(path, "TLAN") == ["jpn"]
    assert [str(date) for date in texts(path, "TDRC")] == ["2026-07-03"]
    assert tags.getall("COMM")[0].lang == "jpn"
    assert texts(path, "COMM") == [FULL.comment]
    assert tags.getall("USLT")[0].text == FULL.lyrics
    assert tags["WOAS"].url == "https://example.com/%E6%94%BE%E9%80%81/517?a=b&c=%20"
    assert tags["TXXX:season"].text == ["2"]
    assert tags["TXXX:注記"].text == ["合成音声"]
    assert (tags["APIC:"].mime, tags["APIC:"].data) == ("image/png", PNG)
    assert tags["CTOC:toc"].child_element_ids == ["chp0", "chp1"]
    first, second = tags["CHAP:chp0"], tags["CHAP:chp1"]
    assert (first.start_time, first.end_time, first.sub_frames["TIT2"].text) == (0, 2500, ["オープニング"])
    assert (second.start_time, second.end_time, second.sub_frames["TIT2"].text) == (2500, 4000, ["News"])
    assert second.sub_frames["WXXX:"].url == "https://example.com/news"


@needs_ffmpeg
def test_ffprobe_reads_tags_and_chapters(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, FULL)
    command = ["ffprobe", "-v", "error", "-show_chapters", "-show_format", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    tags = told["format"]["tags"]
    assert (tags["title"], tags["album"], tags["artist"]) == (FULL.title, FULL.album, FULL.artist)
    assert (tags["track"], tags["genre"], tags["comment"]) == ("517", "Podcast", FULL.comment)
    chapters = [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in told["chapters"]]
    assert chapters == [(0.0, 2.5, "オープニング"), (2.5, 4.0, "News")]
    assert float(told["format"]["duration"]) == pytest.approx(4.0, abs=0.06)


def test_tagging_leaves_the_sound_alone_and_is_the_same_each_time(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    sound = path.read_bytes()
    write_tags(path, FULL)
    once = path.read_bytes()
    assert once.endswith(sound)
    write_tags(path, FULL)
    assert path.read_bytes() == once
    position, end = 10, len(once) - len(sound)
    while position < end:
        assert once[position : position + 4].isalnum(), "a frame, no padding"
        position += 10 + int.from_bytes(once[position + 4 : position + 8], "big")
    assert position == end


@pytest.mark.parametrize("count", [1, 255, 256, 1000])
def test_every_chapter_of_a_long_day_stands_in_the_table_of_contents(tmp_path: Path, count: int) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, Tags(title="題", chapters=tuple((n, n + 1, f"章{n}", None) for n in range(count))))
    tags = ID3(path)

    def listed(name: str) -> list[str]:
        table = tags.get(f"CTOC:{name}")
        if table is None:
            return [name]
        assert len(table.child_element_ids) <= 255
        return [chapter for child in table.child_element_ids for chapter in listed(child)]

    assert listed("toc") == [f"chp{n}" for n in range(count)]
    assert [table.element_id for table in tags.getall("CTOC") if table.flags & 2] == ["toc"]
    assert len(tags.getall("CHAP")) == count


@needs_ffmpeg
def test_chapters_stand_in_their_order_whatever_their_length(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    titles = ["長い題名の章" * (12 - number) for number in range(12)]
    write_tags(path, Tags(title="題", chapters=tuple((300 * n, 300 * (n + 1), t, None) for n, t in enumerate(titles))))
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]
    assert [chapter["tags"]["title"] for chapter in told] == titles
    assert [frame.element_id for frame in ID3(path).getall("CHAP")] == [f"chp{n}" for n in range(12)]


def test_what_is_empty_is_not_written(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, Tags(title="題"))
    assert sorted(frame.FrameID for frame in ID3(path).values()) == ["TCON", "TIT2", "TLAN"]


def test_old_tags_do_not_survive(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, FULL)
    write_tags(path, Tags(title="新しい"))
    assert "APIC:" not in ID3(path)
    assert texts(path, "TIT2") == ["新しい"]


def test_control_characters_and_line_ends_do_not_reach_a_title(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    nasty = "題\0名\x1b[31m\r\n 二\x85行\ud800"
    write_tags(path, Tags(title=nasty, comment=nasty, chapters=((0, 1, nasty, "java\nscript:\0"),)))
    assert texts(path, "TIT2") == ["題名[31m 二 行"]
    assert texts(path, "COMM") == ["題名[31m\n 二\n行"]
    assert ID3(path)["CHAP:chp0"].sub_frames["TIT2"].text == ["題名[31m 二 行"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=40), comment=st.text(max_size=40), name=st.text(max_size=20))
def test_any_text_is_written_and_read_back_without_control_characters(
    tmp_path: Path, title: str, comment: str, name: str
) -> None:
    path = tmp_path / "a.mp3"
    if not path.exists():
        plain(path, tone(440, 0.1))
    write_tags(path, Tags(title=title, comment=comment, extra=((name, title),)))
    read = "".join([*texts(path, "TIT2"), *texts(path, "COMM")])
    assert {unicodedata.category(sign) for sign in read.replace("\n", "")} & {"Cc", "Cs"} == set()
    assert "".join(read.split()) == "".join(
        sign for sign in (title + comment) if unicodedata.category(sign) not in {"Cc", "Cs"} and not sign.isspace()
    )
    assert read_length(path) == (4410, RATE)


def test_a_cover_is_jpeg_or_png(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp3")
    write_tags(path, Tags(picture=JPEG))
    assert ID3(path)["APIC:"].mime == "image/jpeg"
    with pytest.raises(OutputError, match="neither JPEG nor PNG"):
        write_tags(path, Tags(picture=b"GIF89a"))


def test_tags_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="tags cannot be written"):
        write_tags(tmp_path / "none" / "a.mp3", Tags(title="題"))


def test_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    sound = np.repeat(speech_like(6.0), 2, axis=1)
    path = plain(tmp_path / "a.mp3", sound)
    write_tags(path, FULL)
    facts = inspect(path)
    decoded = soundfile.read(path, dtype="float32")[0]
    assert facts == Mp3(
        path=path,
        bytes=path.stat().st_size,
        frames=Frames(len(sound)),
        rate=RATE,
        channels=2,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        loudness=measure([decoded], RATE, 2),
    )
    assert read_length(path) == (facts.frames, facts.rate)
    assert MP3(path).info.length == pytest.approx(6.0, abs=0.001)


@pytest.mark.parametrize(("frames", "seconds"), [(44100, 1), (66149, 1), (66150, 2), (110250, 3), (22049, 0)])
def test_half_a_second_rounds_up(tmp_path: Path, frames: int, seconds: int) -> None:
    assert inspect(plain(tmp_path / "a.mp3", np.zeros((frames, 1), np.float32))).seconds == seconds


def test_what_is_no_mp3_cannot_be_inspected(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("a letter")
    with pytest.raises(OutputError, match="cannot be read"):
        inspect(tmp_path / "a.mp3")
    with pytest.raises(OutputError, match="cannot be read"):
        inspect(tmp_path / "b.mp3")


def speech_with_loud_jingles() -> Samples:
    jingle = np.concatenate([tone(523, 3.0, level=0.9), tone(659, 1.0, level=0.9)])
    return np.concatenate([jingle, speech_like(20.0) * np.float32(0.2), jingle])


EPISODES = {
    "speech": speech_like(25.0) * np.float32(0.5),
    "speech with loud jingles": speech_with_loud_jingles(),
    "very quiet speech": speech_like(20.0) * np.float32(amplitude(-26)),
    "clipped speech": (np.round(np.clip(speech_like(20.0) * 6, -1, 1) * 32767) / 32768).astype(np.float32),
    "speech in stereo": np.repeat(speech_like(20.0, seed=3), 2, axis=1) * np.array([0.6, 0.3], np.float32),
}
ENCODERS = [
    "soundfile",
    pytest.param("lame", marks=[pytest.mark.lame, pytest.mark.skipif(not shutil.which("lame"), reason="needs lame")]),
]


def mastered(sound: Samples, path: Path, name: EncoderName, *, bitrate: int = 128) -> tuple[Mp3, int]:
    """As an episode is made: measure, decide, limit, encode, look, and once more if need be; and how often."""
    channels = sound.shape[1]
    meter = ProfileMeter(RATE, channels)
    meter.add(sound)
    master = decide(meter.profile(), loudness=-16.0, true_peak=-1.0)
    encoder = choose_encoder(name)
    attempts = 0
    while True:
        attempts += 1
        blocks = limit(in_blocks(sound), rate=RATE, gain_db=master.gain_db, ceiling_db=master.ceiling_db)
        encode(blocks, path, rate=RATE, channels=channels, bitrate=bitrate, encoder=encoder)
        made = inspect(path)
        better = correct(master, made.loudness, true_peak=-1.0)
        if not better or attempts == 2:
            return made, attempts
        master = better


@needs_ffmpeg
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("episode", EPISODES)
def test_an_episode_comes_out_at_minus_16_lufs_and_under_minus_1_dbtp(
    tmp_path: Path, episode: str, name: EncoderName
) -> None:
    path = tmp_path / "a.mp3"
    made, attempts = mastered(EPISODES[episode], path, name)
    loudness, peak = ffmpeg_loudness(path)
    assert loudness == pytest.approx(-16.0, abs=0.5)
    assert peak <= -1.0
    assert made.loudness.true_peak <= -1.0
    assert made.loudness.integrated == pytest.approx(loudness, abs=0.1)
    if made.channels == 1:
        assert attempts == 1, "the foretold loudness and the reserve are meant to be enough for speech at 128 kbit/s"


@needs_ffmpeg
def test_an_almost_silent_episode_is_not_blown_up_to_noise(tmp_path: Path) -> None:
    hiss = np.random.default_rng(1).standard_normal((RATE * 6, 1)).astype(np.float32) * np.float32(amplitude(-72))
    made, _ = mastered(hiss, tmp_path / "a.mp3", "soundfile")
    assert ffmpeg_loudness(tmp_path / "a.mp3")[0] == pytest.approx(-40, abs=2)
    assert made.frames == len(hiss)


def test_silence_stays_silence(tmp_path: Path) -> None:
    made, attempts = mastered(np.zeros((RATE * 2, 1), np.float32), tmp_path / "a.mp3", "soundfile")
    assert made.loudness.integrated == -math.inf
    assert attempts == 1


@needs_ffmpeg
def test_an_overshoot_of_the_encoder_is_cured_by_one_more_encoding(tmp_path: Path) -> None:
    """At 96 kbit/s for two different channels of clipped noise no reserve is enough."""
    noise = np.clip(np.random.default_rng(2).standard_normal((RATE * 8, 2)) * 2, -1, 1).astype(np.float32)
    made, attempts = mastered(noise, tmp_path / "a.mp3", "soundfile", bitrate=96)
    assert attempts == 2
    assert made.loudness.true_peak <= -1.0
