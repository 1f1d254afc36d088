"""Everything that is published, from one run: made with the MP3, kept right, and told by the tags."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema
import mutagen
import pytest

from tests.episode.test_cover import paint
from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit
from tests.outputs.test_outputs import PODCASTING, SCHEMA, milliseconds
from tts_render.ground.errors import OutputError
from tts_render.ground.files import Staged, digest_bytes, temporary_name
from tts_render.settings.publication import DISCLOSURE

if TYPE_CHECKING:
    from pathlib import Path

ALL = "vtt,srt,chapters,timeline,transcript"
SUFFIXES = (".chapters.json", ".chapters.txt", ".srt", ".timeline.json", ".transcript.html", ".vtt")

WRITTEN = (".vtt", ".srt", ".chapters.json", ".chapters.txt", ".timeline.json", ".transcript.html")
"""The same in the order in which they take their places."""


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def settle(site: SiteKit, more: str) -> None:
    (site.root / "voices.yaml").write_text(VOICES + more, encoding="utf-8")


def beside(site: SiteKit, suffix: str) -> Path:
    return site.audio.with_name(site.audio.name.removesuffix(".mp3") + suffix)


def sidecars(site: SiteKit) -> dict[str, bytes]:
    return {suffix: beside(site, suffix).read_bytes() for suffix in SUFFIXES if beside(site, suffix).is_file()}


def render(site: SiteKit, *more: str) -> Any:
    result = site.run("render", site.post, "--json", *more)
    assert result.code == 0, result.err
    return result.json[0]


def test_nothing_goes_beside_the_mp3_unasked(site: SiteKit) -> None:
    assert render(site)["sidecars"] == []
    assert sidecars(site) == {}


def test_what_is_asked_for_is_made_and_stands_in_the_receipt(site: SiteKit) -> None:
    receipt = render(site, "--also", ALL)
    made = sidecars(site)
    assert sorted(made) == sorted(SUFFIXES)
    assert {entry["path"]: entry["sha256"] for entry in receipt["sidecars"]} == {
        f"audio/{beside(site, suffix).name}": digest_bytes(data) for suffix, data in made.items()
    }
    assert [entry["output"] for entry in receipt["sidecars"]] == ["vtt", "srt", "chapters", "chapters", "timeline", "transcript"]  # fmt: skip
    jsonschema.validate(json.loads(made[".timeline.json"]), SCHEMA)
    jsonschema.validate(json.loads(made[".chapters.json"]), PODCASTING)


def test_voices_yaml_can_ask_for_good(site: SiteKit) -> None:
    settle(site, "outputs: [vtt, chapters]\n")
    render(site)
    assert sorted(sidecars(site)) == [".chapters.json", ".chapters.txt", ".vtt"]


@pytest.mark.parametrize(
    ("names", "hint"), [("vt", "did you mean vtt"), ("vtt,nonsense-of-mine", "choose from"), ("chapter", "chapters")]
)
def test_an_unknown_output_is_a_mistake_of_the_command_line(site: SiteKit, names: str, hint: str) -> None:
    result = site.run("render", site.post, "--also", names)
    assert result.code == 2
    assert hint in result.err
    assert not site.audio.exists()


@pytest.mark.ffmpeg
def test_ffprobe_lists_the_chapters_with_titles_and_times(site: SiteKit) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    site.script.unlink()
    site.post.write_text(POST.replace("鍵を二つに", "## 錠の歴史\n\n錠は古いものです。鍵を二つに"), encoding="utf-8")
    receipt = render(site, "--also", "chapters,timeline")
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(site.audio)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]
    told = [
        (round(float(c["start_time"]) * 1000), round(float(c["end_time"]) * 1000), c["tags"]["title"]) for c in told
    ]
    timeline = json.loads(beside(site, ".timeline.json").read_bytes())
    assert told == [(c["start_ms"], c["end_ms"], c["title"]) for c in timeline["chapters"]]
    assert [title for _, _, title in told] == ["鍵の仕組み", "錠の歴史"]
    assert (told[0][0], told[-1][1]) == (0, timeline["duration_ms"])
    assert timeline["duration_ms"] == pytest.approx(receipt["duration_seconds"] * 1000, abs=1)
    marks = json.loads(beside(site, ".chapters.json").read_bytes())["chapters"]
    assert [round(mark["startTime"] * 1000) for mark in marks] == [start for start, _, _ in told]
    assert marks[0]["url"] == "https://example.com/keys"
    # The bumper before a section is a part of it.
    assert told[1][0] == next(s["start_ms"] for s in timeline["sounds"] if s["name"] == "bumper")


def test_captions_are_those_of_the_sound(site: SiteKit) -> None:
    webvtt = pytest.importorskip("webvtt")
    render(site, "--also", "vtt,timeline")
    timeline = json.loads(beside(site, ".timeline.json").read_bytes())
    read = webvtt.from_string(beside(site, ".vtt").read_text(encoding="utf-8"))
    starts = {milliseconds(caption.start) for caption in read}
    assert {u["start_ms"] for u in timeline["utterances"]} <= starts
    assert {caption.voice for caption in read} == {"春日部つむぎ"}
    assert not any(caption["estimated"] for caption in timeline["captions"])


def test_a_second_run_changes_and_speaks_nothing(site: SiteKit, fake_engine: FakeEngine) -> None:
    settle(site, f"outputs: [{ALL}]\n")
    render(site)
    before = {path: path.stat().st_mtime_ns for path in site.root.rglob("*")}
    fake_engine.syntheses.clear()
    fake_engine.queries.clear()
    receipt = render(site)
    assert (receipt["changed"], fake_engine.syntheses, fake_engine.queries) == (False, [], [])
    assert {path: path.stat().st_mtime_ns for path in site.root.rglob("*")} == before


@pytest.mark.parametrize(("suffix", "damage"), list(zip(SUFFIXES, ["missing", "changed"] * 3, strict=True)))
def test_a_sidecar_that_is_not_right_is_made_without_speaking_or_encoding(
    site: SiteKit, fake_engine: FakeEngine, suffix: str, damage: str
) -> None:
    settle(site, f"outputs: [{ALL}]\n")
    render(site)
    good, audio, post = sidecars(site), site.audio.stat().st_mtime_ns, site.post.stat().st_mtime_ns
    path = beside(site, suffix)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"?" + path.read_bytes())
    fake_engine.syntheses.clear()
    result = site.run("render", site.post, "--json", "--verbose")
    (receipt,) = result.json
    assert sidecars(site) == good
    assert (receipt["changed"], receipt["synthesized"], receipt["cached"]) == (True, 0, 6)
    assert fake_engine.syntheses == []
    assert "encoding" not in result.err
    assert (site.audio.stat().st_mtime_ns, site.post.stat().st_mtime_ns) == (audio, post)


def test_an_output_that_is_asked_for_later_is_made_without_encoding(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert "encoding" in site.run("render", site.post, "--verbose").err
    audio = site.audio.stat().st_mtime_ns
    fake_engine.syntheses.clear()
    result = site.run("render", site.post, "--json", "--verbose", "--also", "vtt,transcript")
    assert result.json[0]["changed"] is True
    assert "encoding" not in result.err
    assert sorted(sidecars(site)) == [".transcript.html", ".vtt"]
    assert (site.audio.stat().st_mtime_ns, fake_engine.syntheses) == (audio, [])


def test_a_clip_that_has_gone_is_spoken_again_for_a_missing_sidecar(site: SiteKit, fake_engine: FakeEngine) -> None:
    settle(site, "outputs: [vtt]\n")
    render(site)
    good = sidecars(site)
    shutil.rmtree(site.cache / "utterances")
    beside(site, ".vtt").unlink()
    fake_engine.syntheses.clear()
    receipt = render(site)
    assert sidecars(site) == good
    assert (receipt["synthesized"], len(fake_engine.syntheses)) == (6, 6)


def test_what_was_made_once_is_kept_right_until_it_is_removed(site: SiteKit) -> None:
    render(site, "--also", "vtt,srt")
    first = sidecars(site)
    site.script.write_text(SCRIPT.replace("鍵の話", "錠の話"), encoding="utf-8")
    render(site)
    assert sorted(sidecars(site)) == [".srt", ".vtt"]
    assert sidecars(site) != first
    beside(site, ".srt").unlink()
    receipt = render(site)
    assert sorted(sidecars(site)) == [".vtt"]
    assert [entry["output"] for entry in receipt["sidecars"]] == ["vtt"]
    assert render(site)["changed"] is False


def test_what_people_read_reaches_captions_and_tags_without_speaking(site: SiteKit, fake_engine: FakeEngine) -> None:
    settle(site, "outputs: [vtt]\nlexicon: {鍵: かぎ, かぎ: かぎ}\n")
    render(site)
    fake_engine.syntheses.clear()
    site.script.write_text(SCRIPT.replace("鍵の話", "かぎの話"), encoding="utf-8")
    render(site)
    assert fake_engine.syntheses == []
    assert "かぎの話" in beside(site, ".vtt").read_text(encoding="utf-8")
    assert "かぎの話" in mutagen.File(site.audio).tags.getall("USLT")[0].text


def test_a_line_that_moves_renews_the_timeline_and_not_the_mp3(site: SiteKit) -> None:
    render(site, "--also", "timeline,vtt")
    before = site.files()
    site.script.write_text("\n" + SCRIPT, encoding="utf-8")
    render(site)
    after = site.files()
    changed = {name for name in after if after[name] != before.get(name)}
    script, timeline = (f"audio/{path.name}" for path in (site.script, beside(site, ".timeline.json")))
    receipt = site.receipt.relative_to(site.root).as_posix()
    assert changed == {script, timeline, receipt}


def test_the_same_episode_elsewhere_has_the_same_files(tmp_path: Path, site: SiteKit) -> None:
    settle(site, f"outputs: [{ALL}]\n")
    render(site)
    with FakeEngine() as one, FakeEngine() as two:
        other = SiteKit(tmp_path / "elsewhere", tmp_path / "cache2", (one.url, two.url)).make()
        settle(other, f"outputs: [{ALL}]\n")
        render(other)
        assert other.files() == site.files()


@pytest.mark.parametrize("survivors", [0, 1, 4, 7, 8])
def test_a_disk_that_fails_leaves_each_file_old_or_new_and_the_next_run_ends_the_same(
    site: SiteKit, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    settle(site, f"outputs: [{ALL}]\n")
    render(site)
    old = site.files()
    site.script.write_text(SCRIPT.replace("鍵の話", "大きな錠と小さな鍵と、その間の長い話"), encoding="utf-8")
    placed: list[str] = []
    take_place = Staged.take_place

    def fail(file: Staged) -> None:
        if len(placed) == survivors:
            raise OutputError("the disk is broken", path=file.target)
        take_place(file)
        placed.append(file.target.relative_to(site.root).as_posix())

    monkeypatch.setattr(Staged, "take_place", fail)
    code = site.run("render", site.post).code
    monkeypatch.undo()
    torn = site.files()
    assert site.run("render", site.post).code == 0
    new = site.files()
    order = [f"audio/{site.audio.name}", *(f"audio/{beside(site, suffix).name}" for suffix in WRITTEN)]
    order += [path.relative_to(site.root).as_posix() for path in (site.receipt, site.post)]
    assert (code, placed) == (0 if survivors >= len(order) else 1, order[:survivors])
    for name, data in torn.items():
        assert data in (old[name], new[name]), name
        assert data == (new if name in placed or (name.endswith(".txt") and "chapters" not in name) else old)[name], (
            name
        )
    assert set(torn) == set(old)


def test_what_a_killed_run_left_is_removed(site: SiteKit) -> None:
    render(site)
    leftovers = [temporary_name(beside(site, suffix)) for suffix in SUFFIXES]
    for path in leftovers:
        path.write_bytes(b"half")
    render(site)
    assert not any(path.exists() for path in leftovers)


def test_a_sidecar_that_is_a_link_out_of_the_site_is_refused(site: SiteKit, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    beside(site, ".vtt").symlink_to(tmp_path / "precious")
    before = site.files()
    result = site.run("render", site.post, "--also", "vtt")
    assert result.code == 1
    assert "leaves the site" in result.err
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"
    assert site.files() == before


def test_a_script_is_never_overwritten(site: SiteKit) -> None:
    script = beside(site, ".chapters.txt")
    script.write_text(SCRIPT, encoding="utf-8")
    site.post.write_text(POST.replace("layout:", f"script: audio/{script.name}\nlayout:"), encoding="utf-8")
    result = site.run("render", site.post, "--also", "chapters")
    assert result.code == 1
    assert "is the script" in result.err
    assert script.read_text(encoding="utf-8") == SCRIPT


def test_a_hugo_post_gets_the_paths_where_its_keys_wait(site: SiteKit) -> None:
    settle(site, "post: {preset: podcast-feed-hugo}\noutputs: [srt, vtt, chapters]\n")
    site.post.write_text(
        '---\ntitle: 題\naudio: "/podcast/a.mp3"\naudio_duration: "00:00"\naudio_size: 0\nauthors: [つむぎ]\n'
        'transcript: ""\nchapters:\n---\nおはようございます。\n',
        encoding="utf-8",
    )
    render(site)
    text = site.post.read_text(encoding="utf-8")
    assert 'transcript: "/podcast/a.vtt"\nchapters: "/podcast/a.chapters.json"\n' in text
    assert (site.root / "static" / "podcast" / "a.vtt").is_file()
    assert render(site)["changed"] is False


def test_write_back_alone_fills_the_paths_as_render_does(site: SiteKit) -> None:
    settle(site, "post: {preset: podcast-feed-hugo}\noutputs: [srt, vtt, chapters]\n")
    waiting = (
        '---\ntitle: 題\naudio: "/podcast/a.mp3"\naudio_duration: "00:00"\naudio_size: 0\nauthors: [つむぎ]\n'
        'transcript: ""\nchapters:\n---\nおはようございます。\n'
    )
    site.post.write_text(waiting, encoding="utf-8")
    render(site)
    rendered = site.post.read_text(encoding="utf-8")
    site.post.write_text(waiting, encoding="utf-8")
    (told,) = site.run("write-back", site.post, "--json").json
    assert site.post.read_text(encoding="utf-8") == rendered
    assert "chapters" in told["edit"]
    (site.root / "static" / "podcast" / "a.vtt").unlink()
    (site.root / "static" / "podcast" / "a.chapters.json").unlink()
    site.post.write_text(waiting, encoding="utf-8")
    assert site.run("write-back", site.post).code == 0
    text = site.post.read_text(encoding="utf-8")
    assert 'transcript: "/podcast/a.srt"\nchapters:\n' in text  # no path of a file that is not there


def test_a_post_without_such_keys_changes_in_its_two_values_only(site: SiteKit) -> None:
    render(site, "--also", ALL)
    old, new = POST.splitlines(), site.post.read_text(encoding="utf-8").splitlines()
    assert len(old) == len(new)
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 2


def tags_of(site: SiteKit) -> Any:
    return mutagen.File(site.audio).tags


def test_the_tags_tell_all_that_is_known(site: SiteKit) -> None:
    paint(site.root / "images" / "絵.png", (600, 600))
    voices = VOICES.replace("{opening: opening,", "{name: 朝の便り, season: 3, cover: images/絵.png, opening: opening,")
    (site.root / "voices.yaml").write_text(voices, encoding="utf-8")
    render(site)
    tags = tags_of(site)
    assert (str(tags["TALB"]), str(tags["TRCK"]), str(tags["TPOS"])) == ("朝の便り", "41", "3")
    assert tags.getall("APIC")[0].mime == "image/jpeg"
    assert len(tags.getall("APIC")[0].data) < 300_000
    assert str(tags["TXXX:description"]) == "今日の話題 duration: ここは本文のつもり"
    assert str(tags["TXXX:ai_disclosure"]) == DISCLOSURE
    assert "voicevox.hiroshima.jp/term" in str(tags["TXXX:voice_licence"])
    assert tags.getall("COMM")[0].text == [f"VOICEVOX:春日部つむぎ\n{DISCLOSURE}"]
    (lyrics,) = tags.getall("USLT")
    assert (lyrics.lang, lyrics.text.splitlines()[0]) == (
        "jpn",
        "おはようございます。朝の技術だよりの時間です。今日は鍵の話をします！",
    )
    assert tags.version[:2] == (2, 3)


@pytest.mark.parametrize(
    ("lines", "told"), [("", (None, "3")), ("number: 7\n", ("7", "3")), ("season: 2\nnumber: 0\n", ("0", "2"))]
)
def test_number_and_season_of_a_post_come_before_those_of_its_name_and_its_show(
    site: SiteKit, lines: str, told: tuple[str | None, str]
) -> None:
    settle(site, "post: {preset: podcast-feed-hugo}\n")
    voices = (site.root / "voices.yaml").read_text(encoding="utf-8")
    (site.root / "voices.yaml").write_text(voices.replace("- {opening", "- {season: 3, opening"), encoding="utf-8")
    post = site.post.with_name("a.md")
    post.write_text(
        f'---\ntitle: 題\naudio: "/a.mp3"\naudio_duration: "00:00"\naudio_size: 0\nauthors: [つむぎ]\n{lines}---\nはい。\n',
        encoding="utf-8",
    )
    assert site.run("render", post).code == 0
    tags = mutagen.File(site.root / "static" / "a.mp3").tags
    assert (tags.get("TRCK") and str(tags["TRCK"]), str(tags["TPOS"])) == told


def test_a_description_that_was_written_for_xml_is_read_as_text(site: SiteKit) -> None:
    site.post.write_text(POST.replace("今日の話題", "R&amp;D &quot;今日&quot;"), encoding="utf-8")
    render(site)
    assert str(tags_of(site)["TXXX:description"]).startswith('R&D "今日"')


def test_lyrics_and_disclosure_can_be_left_out(site: SiteKit) -> None:
    settle(site, "tags: {lyrics: false}\ndisclosure: false\n")
    render(site)
    tags = tags_of(site)
    assert tags.getall("USLT") == []
    assert tags.getall("TXXX:ai_disclosure") == []
    assert tags.getall("COMM")[0].text == ["VOICEVOX:春日部つむぎ"]


@pytest.mark.parametrize(
    "change",
    [
        "tags: {lyrics: false}\n",
        "disclosure: 別の文です。\n",
        "credits: {spoken: true}\n",
        "disclosure: {spoken: true}\n",
    ],
)
def test_what_changes_the_tags_or_the_end_makes_the_mp3_anew(site: SiteKit, change: str) -> None:
    render(site)
    before = site.audio.read_bytes()
    settle(site, change)
    assert render(site)["changed"] is True
    assert site.audio.read_bytes() != before
    assert render(site)["changed"] is False


def test_another_title_of_a_chapter_makes_the_mp3_anew_without_speaking(site: SiteKit, fake_engine: FakeEngine) -> None:
    script = site.script.read_text(encoding="utf-8")
    for title in ("鍵", "錠"):
        site.script.write_text(script.replace("----\n", f'<mark name="{title}"/>\n'), encoding="utf-8")
        fake_engine.syntheses.clear()
        assert [chapter["title"] for chapter in render(site)["chapters"]][-1] == title
    assert fake_engine.syntheses == []


def test_another_picture_makes_the_mp3_anew_without_speaking(site: SiteKit, fake_engine: FakeEngine) -> None:
    voices = VOICES.replace("{opening: opening,", "{cover: images/a.png, opening: opening,")
    (site.root / "voices.yaml").write_text(voices, encoding="utf-8")
    paint(site.root / "images" / "a.png")
    render(site)
    assert render(site)["changed"] is False
    fake_engine.syntheses.clear()
    paint(site.root / "images" / "a.png", (90, 90))
    assert render(site)["changed"] is True
    assert fake_engine.syntheses == []


def test_a_picture_that_is_none_is_an_error_before_anything_is_published(site: SiteKit) -> None:
    voices = VOICES.replace("{opening: opening,", "{cover: images/a.png, opening: opening,")
    (site.root / "voices.yaml").write_text(voices, encoding="utf-8")
    (site.root / "images").mkdir()
    (site.root / "images" / "a.png").write_bytes(b"no picture")
    before = site.files()
    result = site.run("render", site.post)
    assert result.code == 1
    assert "a.png" in result.err
    assert site.files() == before


def test_credits_and_disclosure_are_spoken_after_the_last_words(site: SiteKit, fake_engine: FakeEngine) -> None:
    settle(site, "credits: {spoken: true}\ndisclosure: {spoken: true}\noutputs: [vtt, timeline]\n")
    receipt = render(site)
    assert fake_engine.texts[-2:] == ["この番組の音声は、エーアイによる合成音声です。", "ボイスボックス、春日部つむぎ"]
    assert receipt["utterances"] == 8
    timeline = json.loads(beside(site, ".timeline.json").read_bytes())
    words, disclosure, credit = timeline["utterances"][-3:]
    assert credit["text"] == "VOICEVOX、春日部つむぎ"
    ending = next(sound for sound in timeline["sounds"] if sound["name"] == "ending")
    assert words["end_ms"] + 700 == pytest.approx(disclosure["start_ms"], abs=1)
    assert disclosure["end_ms"] + 700 == pytest.approx(credit["start_ms"], abs=1)
    assert credit["end_ms"] <= ending["start_ms"]
    assert tags_of(site).getall("USLT")[0].text.endswith("VOICEVOX、春日部つむぎ")


def test_a_plan_knows_what_is_said_at_the_end(site: SiteKit, fake_engine: FakeEngine) -> None:
    settle(site, "credits: {spoken: true}\n")
    (planned,) = site.run("plan", site.post, "--json").json
    assert planned["utterances"][-1]["text"] == "VOICEVOX、春日部つむぎ"
    receipt = render(site)
    (planned,) = site.run("plan", site.post, "--json").json
    assert planned["estimated_seconds"] == pytest.approx(receipt["duration_seconds"], abs=0.06)
    fake_engine.stop()
    (planned,) = site.run("plan", site.post, "--json").json
    assert planned["utterances"][-1]["text"] == "VOICEVOX、春日部つむぎ"


def test_a_receipt_of_an_older_version_still_counts(site: SiteKit) -> None:
    render(site)
    facts = json.loads(site.receipt.read_bytes())
    del facts["sidecars"], facts["texts"]
    site.receipt.write_text(json.dumps(facts), encoding="utf-8")
    audio = site.audio.stat().st_mtime_ns
    render(site, "--also", "vtt")
    assert site.audio.stat().st_mtime_ns == audio
    assert list(sidecars(site)) == [".vtt"]
