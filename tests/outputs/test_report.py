"""The report: a page that shows and plays what a run has made, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import numpy as np
import pytest
import soundfile

from tests.kit.node_packages import fetch
from tests.kit.signals import speech_like, tone
from tests.kit.site_kit import SiteKit
from tests.kit.timed import RATE, Silent, lay, tell
from tts_render.ground.errors import OutputError
from tts_render.ground.units import Frames, frames_to_ms, frames_to_seconds
from tts_render.mix.timeline import Jingle, Jingles
from tts_render.mix.timeline import chapters as sections
from tts_render.outputs.captions import captions
from tts_render.outputs.finished import FinishedEpisode, Run
from tts_render.outputs.report import decode_profile, report_html
from tts_render.script import Cue, Pause
from tts_render.sound.loudness import Profile, ProfileMeter
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine
    from tts_render.mix.timeline import Timeline
    from tts_render.sound.audio import Samples

NAME = "朝の技術だより☆A.I. #41 100%.mp3"

EVIL = "<img src=x onerror=hacked=1>\"'</script><script>hacked=1</script>{{js}}&amp;"


def speak(index: int, text: str, voice: str = "ずんだもん", reading: str | None = None) -> Utterance:
    return Utterance(index, text, reading or text, voice, index + 3, True)


ITEMS: list[CastItem] = [
    speak(0, "おはようございます。朝の技術だより、司会のずんだもんです。"),
    speak(1, "GitHubで2件の更新がありました。", reading="ギットハブでにけんのこうしんがありました。"),
    Pause("paragraph", 3),
    speak(2, "今日は、鍵を二つに分ける話をします。"),
    Cue("section", 4, "鍵を二つに分ける", "https://example.com/keys?a=1&b=2"),
    speak(3, "片方は配ってよく、もう片方は誰にも見せません。", "春日部つむぎ"),
    speak(4, "「本当に配ってもいいの？」と思いましたか。"),
    speak(5, "配る鍵で閉じたものは、見せない鍵でしか開きません。", "春日部つむぎ"),
    Cue("section", 6, "お便り", "javascript:alert(1)"),
    speak(6, "髙橋さん、﨑の字も𠮷の字も読めました。", reading="たかはしさん、さきのじもよしのじもよめました。"),
    speak(7, "それでは、また明日お会いしましょう。"),
]

JINGLES = Jingles(opening=Jingle("開始の曲", Silent(Frames(2 * RATE), RATE), ""))


def sing(timeline: Timeline) -> Samples:
    """Speech-like sound where somebody speaks, a tone where a jingle is, silence between."""
    samples = np.zeros((timeline.frames, 1), dtype=np.float32)
    for number, placement in enumerate(timeline.placements):
        if placement.frames:
            seconds = frames_to_seconds(placement.frames, RATE)
            sound = (
                speech_like(seconds + 0.1, seed=number) * 0.5 if placement.utterance else tone(440, seconds, level=0.2)
            )
            part = sound[: placement.frames]
            samples[placement.start : placement.start + len(part)] += part
    return samples


@cache
def profile_of_items() -> Profile:
    return profile(sing(lay(ITEMS, jingles=JINGLES)))


def profile(samples: Samples) -> Profile:
    meter = ProfileMeter(RATE, samples.shape[1])
    meter.add(samples)
    return meter.profile()


def publish(items: list[CastItem] = ITEMS, **changes: Any) -> FinishedEpisode:
    timeline = lay(items, jingles=JINGLES)
    count = sum(isinstance(item, Utterance) for item in items)
    published = FinishedEpisode(
        title="朝の技術だより☆A.I. 41",
        show="朝の技術だより",
        artist="ずんだもん",
        url="https://example.com/episode/41",
        audio=NAME,
        items=tuple(items),
        timeline=timeline,
        captions=captions(timeline, tell),
        chapters=sections(items, timeline, "オープニング"),
        credits=("VOICEVOX:ずんだもん", "VOICEVOX:春日部つむぎ"),
        run=Run(
            cached=tuple(index not in (1, 3) for index in range(count)),
            profile=profile_of_items(),
            loudness=-16.0,
            true_peak=-1.53,
            bytes=1_234_567,
            engines=("voicevox 0.25.2",),
            encoder="lame 3.100",
            warnings=("the true peak is -0.87 dBTP, over -1",),
        ),
    )
    return replace(published, **changes)


def of_run(**changes: Any) -> FinishedEpisode:
    published = publish()
    assert published.run is not None
    return replace(published, run=replace(published.run, **changes))


@dataclass
class Page(html.parser.HTMLParser):
    """The elements of a page, and its text."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in ("style", "script"):
            self.texts.append(data)

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return [a for name, a in self.elements if name == tag and (not kind or kind in a.get("class", "").split())]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(published: FinishedEpisode) -> Page:
    page = Page()
    page.feed(report_html(published).decode())
    page.close()
    return page


def points(path: str) -> list[tuple[float, float]]:
    """Where a path of the drawing goes; its steps are relative."""
    x = y = 0.0
    found: list[tuple[float, float]] = []
    for command, numbers in re.findall(r"([MVHlhZ])([-\d. ]*)", path):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "V":
            (y,) = values
        elif command == "H":
            (x,) = values
        elif command == "l":
            x, y = x + values[0], y + values[1]
        elif command == "h":
            x += values[0]
        found.append((x, y))
    return found


def test_every_utterance_stands_there_with_speaker_text_reading_start_and_length() -> None:
    published = publish()
    text = read(published).text
    for placement in published.timeline.speech:
        utterance = placement.utterance
        assert utterance is not None
        start, lasts = frames_to_ms(placement.start, RATE), frames_to_ms(placement.frames, RATE)
        said = utterance.text if utterance.reading == utterance.text else f"{utterance.text} {utterance.reading}"
        clock = f"{start // 60000}:{start // 1000 % 60:02d}.{start // 100 % 10}"
        state = "新規" if utterance.index in (1, 3) else "済み"
        assert f"{clock} {utterance.voice} {said} {utterance.line} 行目 {lasts / 1000:.2f} s {state}" in text


def test_a_line_can_be_played_from_where_it_begins_to_the_millisecond() -> None:
    published = publish()
    starts = [float(a["data-start"]) for a in read(published).all("li") if "data-start" in a]
    assert starts == [frames_to_ms(p.start, RATE) / 1000 for p in published.timeline.placements if p.source]


def test_new_and_cached_are_marked_and_counted() -> None:
    page = read(publish())
    assert (len(page.all("li", "new")), len(page.all("li", "cached"))) == (2, 6)
    assert "発話 8 件（新規 2、済み 6）" in page.text
    assert "Utterances 8: 2 new, 6 cached" in read(publish(language="en")).text
    assert any(a.get("id") == "only-new" for a in page.all("input"))


def test_what_is_said_is_there_in_both_languages_and_the_text_in_that_of_the_episode() -> None:
    japanese, english = read(of_run()), read(publish(language="en-GB"))
    for tag, page, other in (("ja", japanese, "en"), ("en", english, "ja")):
        assert page.elements[0] == ("html", {"lang": tag})
        labels = [a for _, a in page.elements if f"data-{other}-label" in a]
        assert len(labels) == 3
        assert all(a["aria-label"] for a in labels)
    assert [a["data-en"] for tag, a in japanese.elements if tag == "h2" and "data-en" in a] == [
        "1 warning", "Chapters", "Utterances",
    ]  # fmt: skip
    words = json.loads(japanese.all("body")[0]["data-words"])
    script = (files("tts_render.outputs") / "page" / "report.js").read_text(encoding="utf-8")
    assert len(words) == script.count("say(") == 7
    assert all(translated != text for text, translated in words.items())


def test_where_all_is_cached_there_is_no_switch_for_what_is_new() -> None:
    assert not any(a.get("id") == "only-new" for a in read(of_run(cached=(True,) * 8)).all("input"))


def test_warnings_come_before_the_player_and_are_absent_without_cause() -> None:
    page = report_html(publish()).decode()
    assert page.index("the true peak is -0.87 dBTP") < page.index("<audio")
    assert 'class="warnings"' not in report_html(of_run(warnings=())).decode()


def test_chapters_are_buttons_and_only_web_addresses_are_links() -> None:
    page = read(publish())
    links = {a["href"] for a in page.all("a")}
    assert links == {"https://example.com/episode/41", "https://example.com/keys?a=1&b=2"}
    starts = [float(a["data-start"]) for a in page.all("button") if "data-start" in a]
    assert starts == [frames_to_ms(chapter.start, RATE) / 1000 for chapter in publish().chapters]


def test_text_from_outside_never_becomes_markup() -> None:
    items: list[CastItem] = [
        Utterance(0, EVIL, EVIL + "よ", EVIL, 1, True, style=EVIL),
        Cue("section", 2, EVIL, f"https://example.com/{EVIL}"),
        speak(1, EVIL, EVIL),
    ]
    published = publish(items)
    assert published.run is not None
    run = replace(published.run, warnings=(EVIL,), engines=(EVIL,), encoder=EVIL)
    evil = replace(
        published,
        title=EVIL,
        show=EVIL,
        audio=f"{EVIL}.mp3",
        credits=(EVIL,),
        language=EVIL,
        url=f"https://{EVIL}",
        run=run,
    )
    page, good = read(evil), read(replace(publish(items), url="https://example.com", language="en"))
    harmless = {"html", "head", "meta", "link", "title", "style", "body", "header", "h1", "dl", "div", "dt", "dd", "main", "span",
        "section", "audio", "p", "svg", "path", "use", "rect", "text", "line", "ul", "li", "a", "h2", "h3", "nav", "ol",
        "button", "time", "label", "input", "i", "script"}  # fmt: skip
    assert {tag for tag, _ in page.elements} <= harmless
    assert len(page.all("script")) == 1
    assert {name for _, a in page.elements for name in a} == {name for _, a in good.elements for name in a}
    assert page.text.count(EVIL) >= 12


def test_half_a_character_does_not_stop_the_report() -> None:
    assert "半?分" in report_html(replace(publish(), title="半\ud800分")).decode()


def test_nothing_is_loaded_but_the_audio_beside_the_page() -> None:
    page = read(publish())
    loaded = [a["src"] for _, a in page.elements if "src" in a]
    assert [unquote(address) for address in loaded] == [NAME]
    assert not urlsplit(loaded[0]).query
    assert not urlsplit(loaded[0]).fragment
    assert {a["href"] for tag, a in page.elements if tag in ("link", "use")} == {"data:,", "#half"}
    inside = report_html(publish()).decode()
    assert re.findall(r"url\(|@import|\bfetch\(|XMLHttpRequest|import\(|eval\(|innerHTML", inside) == []
    assert [a for _, a in page.elements if "style" in a] == []


def test_the_policy_lets_only_the_packaged_script_and_style_work() -> None:
    page = report_html(publish()).decode()
    (policy,) = (a["content"] for a in read(publish()).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert rules[directive] == [f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"]
    assert rules["default-src"] == ["'none'"]
    assert rules["media-src"] == ["'self'", "file:"]


def test_the_same_run_gives_the_same_page() -> None:
    assert report_html(publish()) == report_html(publish())


def test_a_report_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="the facts of a run"):
        report_html(publish(run=None))


def test_the_waveform_is_as_high_as_the_sound_where_it_sounds() -> None:
    samples = np.concatenate([tone(997, 5, level=0.8), tone(997, 5, level=0.2), np.zeros((5 * RATE, 1), np.float32)])
    (half,) = (a["d"] for a in read(of_run(profile=profile(samples))).all("path") if a.get("id") == "half")
    heights = [-y for _, y in points(half)]
    third = len(heights) // 3
    for begin, level in ((0, 800), (third, 200), (2 * third, 0)):
        assert heights[begin + third // 2] == pytest.approx(level, abs=2)
    assert points(half)[-2][1] == 0


def test_the_curve_runs_where_a_meter_would_point() -> None:
    # In one channel a 997 Hz sine of amplitude 0.2 reads -3.01 - 13.98 LUFS.
    (curve,) = (a["d"] for a in read(of_run(profile=profile(tone(997, 20, level=0.2)))).all("path", "curve"))
    levels = {-6 - 30 * y / 1000 for x, y in points(curve) if 100 < x < 1400}
    assert (min(levels), max(levels)) == pytest.approx((-16.99, -16.99), abs=0.02)


def test_short_term_loudness_is_the_mean_of_three_seconds() -> None:
    loud, quiet = tone(997, 10, level=0.5), tone(997, 10, level=0.05)
    levels = profile(np.concatenate([loud, quiet])).short_term()
    assert len(levels) == 2000
    assert levels[500] == pytest.approx(-9.03, abs=0.05)
    assert levels[1500] == pytest.approx(-29.03, abs=0.05)
    assert levels[1000] == pytest.approx(-9.03 - 3.0, abs=0.1)
    assert levels[900] == pytest.approx(-9.03 - 0.78, abs=0.02), "2.5 of 3 s are loud"
    assert np.isneginf(profile(np.zeros((5 * RATE, 1), np.float32)).short_term()).all()


def test_silence_and_next_to_nothing_have_a_report() -> None:
    for length in (0, 100, 3 * RATE):
        silent = of_run(profile=profile(np.zeros((length, 1), np.float32)), loudness=None, true_peak=None)
        assert "ラウドネス 無音" in read(silent).text


def test_the_profile_of_an_mp3_is_that_of_its_sound(tmp_path: Path) -> None:
    samples = speech_like(12) * 0.5
    soundfile.write(tmp_path / "a.mp3", samples, RATE, format="MP3")
    assert decode_profile(tmp_path / "a.mp3").integrated() == pytest.approx(profile(samples).integrated(), abs=0.1)
    with pytest.raises(OutputError, match="cannot be read"):
        decode_profile(tmp_path / "b.mp3")


def test_text_stands_out_from_what_is_behind_it_in_light_and_dark() -> None:
    css = (files("tts_render.outputs") / "page" / "report.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in css.split("prefers-color-scheme: dark"))
    dark = light | dark
    pairs = [("text", "page"), ("text", "card"), ("text", "now"), ("dim", "page"), ("dim", "card"), ("dim", "now"), ("link", "page"),
        ("new", "new-back"), ("warn", "warn-back")]  # fmt: skip

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(sign * 2 for sign in colour[1:])
        linear = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for palette in (light, dark):
        for text, back in pairs:
            one, other = sorted((luminance(palette[text]), luminance(palette[back])))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (text, back)


class RangeServer(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and parts of files where ``parts`` says so."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, parts: bool, **names: Any) -> None:
        self.parts = parts
        super().__init__(*arguments, **names)

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        begin, end = 0, len(data)
        if wanted and self.parts:
            begin, end = int(wanted[1]), min(int(wanted[2] or len(data)) + 1, len(data))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        else:
            self.send_response(200)
        if self.parts:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        try:
            self.wfile.write(data[begin:end])
        except ConnectionError:
            self.close_connection = True


@contextmanager
def serve(folder: Path, *, parts: bool = True) -> Iterator[str]:
    handler = partial(RangeServer, directory=str(folder), parts=parts)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def playwright(request: pytest.FixtureRequest) -> Path:
    """The node package that drives the browser."""
    if not browser():
        pytest.skip("needs chromium")
    return fetch("browser", request.config) / "playwright-core"


def browser() -> str:
    return next((found for name in BROWSERS if (found := shutil.which(name))), "")


def drive(playwright: Path, address: str, pictures: Path | None = None) -> Any:
    driver = Path(__file__).with_name("report_driver.cjs")
    done = subprocess.run(
        ["node", str(driver), str(playwright), browser(), address, str(pictures or "")],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def put(published: FinishedEpisode, folder: Path) -> str:
    """The report and its MP3 in ``folder``; the report's address relative to it."""
    soundfile.write(folder / published.audio, sing(published.timeline), RATE, format="MP3")
    name = f"{published.audio.removesuffix('.mp3')}.report.html"
    (folder / name).write_bytes(report_html(published))
    return quote(name)


@pytest.mark.chromium
@pytest.mark.slow
def test_a_browser_plays_from_where_one_clicks_and_asks_nobody_else(playwright: Path, tmp_path: Path) -> None:
    published = publish()
    timeline = published.timeline
    starts = [frames_to_seconds(placement.start, RATE) for placement in timeline.speech]
    texts = [placement.utterance.text for placement in timeline.speech if placement.utterance]
    name = put(published, tmp_path)
    with serve(tmp_path) as address:
        seen = drive(playwright, address + name, tmp_path)
    assert set(seen["requests"]) == {address + name, address + quote(NAME, safe="")}
    assert seen["problems"] == []
    assert seen["loaded"]["duration"] == pytest.approx(frames_to_seconds(timeline.frames, RATE), abs=0.06)
    assert seen["loaded"]["current"] == []
    assert seen["clicked"] == pytest.approx(starts[2], abs=0.05)
    assert seen["afterClick"]["current"] == [texts[2]]
    assert seen["moved"]["start"] == pytest.approx(starts[3], abs=0.001)
    assert starts[3] - 0.05 <= seen["moved"]["time"] <= starts[3] + 1, "a browser tells of the time when it has time"
    assert seen["afterMove"]["current"] == [texts[3]]
    assert seen["keyed"] == pytest.approx(starts[1], abs=0.05)
    assert seen["halfway"] == pytest.approx(frames_to_seconds(timeline.frames, RATE) / 2, abs=0.1)
    assert seen["onlyNew"] == 2
    assert seen["spoken"]["en-US"] == ["en", "Utterances", "line 3", "cached", "Play from 0:03.0", "Player"]
    assert seen["spoken"]["ja-JP"] == ["ja", "発話", "3 行目", "済み", "0:03.0 から再生", "プレーヤー"]
    assert seen["foreign"] == {"elements": 0, "scripts": 1, "hacked": False}
    assert (seen["wide"], seen["narrow"]) == (0, 0)
    assert seen["light"] != seen["dark"]
    assert seen["loaded"]["trouble"] == seen["afterMove"]["trouble"] == ""
    if "Noto Sans CJK JP" in subprocess.run(["fc-list"], capture_output=True, text=True, check=False).stdout:
        assert seen["fonts"] == ["Noto Sans CJK JP"]


@pytest.mark.chromium
@pytest.mark.slow
def test_the_report_works_from_the_disk(playwright: Path, tmp_path: Path) -> None:
    published = publish()
    put(published, tmp_path)
    (page,) = tmp_path.glob("*.report.html")
    seen = drive(playwright, page.as_uri())
    assert seen["problems"] == []
    assert seen["loaded"]["duration"] == pytest.approx(frames_to_seconds(published.timeline.frames, RATE), abs=0.06)
    third = frames_to_seconds(published.timeline.speech[2].start, RATE)
    assert third - 0.05 <= seen["afterClick"]["time"] <= third + 1
    assert seen["afterClick"]["trouble"] == ""


@pytest.mark.chromium
@pytest.mark.slow
def test_texts_that_attack_do_nothing_in_a_browser(playwright: Path, tmp_path: Path) -> None:
    evil = [Utterance(index, EVIL, EVIL + "よ", EVIL, 1, True) for index in range(3)]
    name = put(replace(publish([*evil]), title=EVIL, audio="a.mp3"), tmp_path)
    with serve(tmp_path) as address:
        seen = drive(playwright, address + name)
    assert set(seen["requests"]) == {address + name, f"{address}a.mp3"}
    assert seen["problems"] == []
    assert seen["afterClick"]["time"] > 0


@pytest.mark.chromium
@pytest.mark.slow
def test_what_keeps_the_audio_from_playing_is_said(playwright: Path, tmp_path: Path) -> None:
    name = put(replace(publish(), audio="a.mp3"), tmp_path)
    with serve(tmp_path, parts=False) as address:
        assert "does not answer requests for a part" in drive(playwright, address + name)["afterClick"]["trouble"]
    (tmp_path / "a.mp3").unlink()
    with serve(tmp_path) as address:
        assert "has to lie beside this page" in drive(playwright, address + name)["afterClick"]["trouble"]
    soundfile.write(tmp_path / "a.mp3", tone(440, 3), RATE, format="MP3")
    with serve(tmp_path) as address:
        assert "not as long" in drive(playwright, address + name)["loaded"]["trouble"]


@pytest.fixture
def kit(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", engines=(fake_engine.url,)).make()


def report_of(kit: SiteKit) -> Path:
    return kit.audio.with_name(f"{kit.audio.stem}.report.html")


def states(kit: SiteKit) -> list[str]:
    page = Page()
    page.feed(report_of(kit).read_text(encoding="utf-8"))
    return [kind for a in page.all("li") for kind in ("new", "cached") if kind in a.get("class", "").split()]


def test_a_report_is_made_where_it_is_asked_for_and_tells_of_that_run(kit: SiteKit) -> None:
    assert kit.run("render", kit.post).code == 0
    assert not report_of(kit).exists()
    done = kit.run("render", kit.post, "--also", "report", "--json")
    assert done.json[0]["changed"] is True
    assert done.json[0]["sidecars"][0]["path"] == f"audio/{report_of(kit).name}"
    assert set(states(kit)) == {"cached"}
    kit.script.write_text(kit.script.read_text(encoding="utf-8").replace("本当に？", "本当かな？"), encoding="utf-8")
    assert kit.run("render", kit.post).code == 0
    assert states(kit).count("new") == 1


def test_what_a_report_tells_of_the_run_makes_no_episode_look_changed(kit: SiteKit) -> None:
    assert kit.run("render", kit.post, "--also", "report").code == 0
    assert set(states(kit)) == {"new"}
    before = kit.files()
    for more in ((), ("--also", "report")):
        assert kit.run("render", kit.post, "--json", *more).json[0]["changed"] is False
        assert kit.files() == before


def test_the_report_of_a_real_run_fits_its_mp3_and_tells_its_warnings(kit: SiteKit) -> None:
    kit.script.write_text("おはよう。\n<nothing>また明日。\n", encoding="utf-8")
    done = kit.run("render", kit.post, "--also", "report,timeline", "--json")
    assert done.code == 0, done.err
    page = report_of(kit).read_text(encoding="utf-8")
    assert f"{done.json[0]['loudness_lufs']:.1f} LUFS".replace("-", "\u2212") in page
    (length,) = re.findall(r'data-seconds="([\d.]+)"', page)
    assert float(length) == pytest.approx(soundfile.info(kit.audio).duration, abs=0.001)
    assert re.search(
        r'class="warnings".*<li data-en="line 2: &lt;nothing&gt; [^"]*">2 行目: &lt;nothing&gt; [^<]*</li>.*<audio',
        page,
        re.DOTALL,
    )


def test_a_report_tells_the_warnings_of_its_own_run(kit: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.lengths = "mock"
    again = kit.post.with_name("2026-11-22-42.md")
    again.write_text(kit.post.read_text(encoding="utf-8").replace("☆A.I._20261121", "_2"), encoding="utf-8")
    (kit.audio.parent / "朝の技術だより_2.txt").write_text("別の回です。\n", encoding="utf-8")
    assert kit.run("render", kit.post, again, "--also", "report").code == 0
    pages = [path.read_text(encoding="utf-8") for path in sorted(kit.audio.parent.glob("*.report.html"))]
    assert [page.count(f">{fake_engine.url}: ") for page in pages] == [0, 1]
