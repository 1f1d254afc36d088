"""Accents of VOICEVOX's editor are readings in the text, wherever the engine then reads the text so."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.kit.editor import (
    LINE,
    Json,
    bring_back,
    edit,
    export,
    item_of,
    items_of,
    move_accent,
    reword,
    spoken,
    takes,
)
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_voice import from_notation
from tests.kit.site_kit import SCRIPT, SiteKit
from tts_render.engine.base import StyleId
from tts_render.engine.moras import read_phrases, to_kana
from tts_render.engine.openjtalk import OpenJtalkEngine
from tts_render.episode.episode import open_episode
from tts_render.episode.takes import Take, encode_takes
from tts_render.ground.errors import TtsRenderError
from tts_render.run.retuning import opened
from tts_render.run.rewording import Draft
from tts_render.run.saying import Saying, drop_readings, write_readings
from tts_render.run.session import Session
from tts_render.speech.casting import cast
from tts_render.speech.fitting import utterance_ids
from tts_render.speech.speaking import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.engine.moras import AccentPhrase

needs_openjtalk = [
    pytest.mark.openjtalk,
    pytest.mark.filterwarnings("ignore:Dictionary.create:DeprecationWarning"),  # pyopenjtalk uses SudachiPy so
    pytest.mark.skipif(find_spec("pyopenjtalk") is None, reason="the extra openjtalk is not installed"),
]


class Reader(FakeEngine):
    """A stand-in that reads texts as Open JTalk does, words and accents."""

    def make_query(self, text: str, style: int) -> Json:
        query = super().make_query(text, style)
        reader = OpenJtalkEngine(warn=lambda _: None)
        kana = to_kana(reader.unfold(reader.phrase(text, StyleId(0))))
        return query | {"accent_phrases": from_notation(kana, style), "kana": kana}


@pytest.fixture(params=[FakeEngine, pytest.param(Reader, marks=needs_openjtalk)])
def fake_engine(request: pytest.FixtureRequest) -> Iterator[FakeEngine]:
    with request.param() as fake:
        yield fake


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def elsewhere(item: Json, number: int = 0) -> int:
    """An accent that a phrase does not have."""
    phrase = item["query"]["accentPhrases"][number]
    return int(1 + phrase["accent"] % len(phrase["moras"]))


def move(*items: Json, number: int = 0) -> None:
    for item in items:
        move_accent(item, number, elsewhere(item, number))


def kana_of(item: Json) -> str:
    """How an audio item is said."""
    names = {"isInterrogative": "is_interrogative", "pauseMora": "pause_mora"}
    phrases = [
        {"pause_mora": None} | {names.get(k, k): v for k, v in p.items()} for p in item["query"]["accentPhrases"]
    ]

    def mora(value: Json) -> Json:
        return {"consonant": None, "consonant_length": None, "vowel_length": None, "pitch": None} | {
            name: value[name] for name in ("text", "consonant", "vowel") if name in value
        }

    bare = [
        one | {"moras": [*map(mora, one["moras"])], "pause_mora": one["pause_mora"] and mora(one["pause_mora"])}
        for one in phrases
    ]
    return to_kana(read_phrases({"accent_phrases": bare}, open_ends=True))


def heard(queries: list[Json]) -> set[str]:
    return {to_kana(read_phrases(query)) for query in queries}


LINES = ["箸を持って、橋を渡ります。", "明日は雨が降るそうです。", "名前はまだありません。", "庭に花が咲きました。", "それでは、また明日。"]  # fmt: skip


def test_moved_accents_are_markup_of_their_lines_and_spoken_from_it(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    project = export(site)
    spoken(site, fake_engine)
    edit(project, lambda items: move(items[0], items[1], items[3]))
    out = bring_back(site, project)
    assert out.count("accent phrases ") == 3
    rows = site.script.read_text(encoding="utf-8").splitlines()
    assert [at for at, (row, line) in enumerate(zip(rows, LINES, strict=True)) if row != line] == [0, 1, 3]
    for at in (0, 1, 3):
        assert rows[at].count("<phoneme ") == 1
        assert not rows[at].startswith(f"<phoneme {LINES[at]}"), "not around all of it"
    assert takes(site) == []
    assert heard(spoken(site, fake_engine)) == {kana_of(items_of(project)[at]) for at in (0, 1, 3)}


@pytest.mark.parametrize(
    ("script", "moved"),
    [
        ("鍵です。箸です。橋です。\n", [0, 2]),
        ("はい。はい。はい。\n\nはい。\n", [1, 3]),
        ("つむぎ：雨です。\nずんだもん：雨です。花です。\n", [1, 2]),
        ('<prosody rate="120%">雨です。花です。</prosody>\n鍵&箸です。\n', [0, 1, 2]),
        ("\ufeff雨です。\r\n花です。\r\n", [1]),
    ],
    ids=["in one row", "alike", "a dialogue", "with markup", "as Windows writes it"],
)
def test_accents_go_to_their_line_wherever_it_stands(
    site: SiteKit, fake_engine: FakeEngine, script: str, moved: list[int]
) -> None:
    site.script.write_bytes(script.encode())
    project = export(site)
    before = [kana_of(item) for item in items_of(project)]
    edit(project, lambda items: move(*(items[at] for at in moved)))
    bring_back(site, project)
    wanted = [kana_of(item) for item in items_of(project)]
    assert [at for at, (one, other) in enumerate(zip(before, wanted, strict=True)) if one != other] == moved
    assert takes(site) == []
    assert [kana_of(item) for item in items_of(export(site))] == wanted
    written = site.script.read_bytes().decode()
    assert re.sub(r"</?phoneme\b[^>]*>", "", written) == script, "nothing else"
    assert written.count("<phoneme ") == len(moved)
    assert {wanted[at] for at in moved} <= heard(spoken(site, fake_engine))


def test_what_was_moved_back_leaves_the_script_as_it_was(site: SiteKit) -> None:
    project = export(site)
    untouched = project.read_bytes()
    edit(project, lambda items: move(*items))
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8").count("<phoneme ") == 6
    assert takes(site) == []
    project.write_bytes(untouched)
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == SCRIPT


def test_a_line_keeps_what_was_moved_while_more_of_it_is_moved(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    for number in (0, 1):
        edit(project, lambda items, number=number: move(item_of(items), number=number))  # type: ignore[misc]
        bring_back(site, project)
        assert kana_of(item_of(items_of(project))) in heard(spoken(site, fake_engine))
    assert takes(site) == []
    before = site.files()
    bring_back(site, export(site))
    assert site.files() == before


def test_the_engine_is_asked_about_changed_lines_alone(site: SiteKit, fake_engine: FakeEngine) -> None:
    lines = [f"これは{number}番目の行です。" for number in "一二三四五六七八九十"]
    site.script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    project = export(site)
    edit(project, lambda items: move(items[2], items[7]))
    fake_engine.queries.clear()
    fake_engine.requests.clear()
    assert site.run("import", site.post, project).code == 0
    asked = Counter(text for text, _ in fake_engine.queries)
    assert {asked[line] for at, line in enumerate(lines) if at not in (2, 7)} == {1}, "how the line is said now"
    assert len(fake_engine.requests) <= 10 + 2 * 14


def test_a_drawn_pitch_is_a_take_and_a_moved_accent_is_not(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)

    def change(items: list[Json]) -> None:
        move(item_of(items))
        move(items[0])
        items[0]["query"]["accentPhrases"][0]["moras"][0]["pitch"] = 5.0

    edit(project, change)
    bring_back(site, project)
    (take,) = takes(site)
    assert take["text"] == items_of(project)[0]["text"]
    rows = site.script.read_text(encoding="utf-8").splitlines()
    assert [at for at, (row, old) in enumerate(zip(rows, SCRIPT.splitlines(), strict=True)) if row != old] == [1]
    assert {kana_of(items_of(project)[0]), kana_of(item_of(items_of(project)))} <= heard(spoken(site, fake_engine))


def test_an_accent_is_moved_together_with_speed_intonation_and_text(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    new = "あしたは雨の話をします！"

    def change(items: list[Json]) -> None:
        item = item_of(items)
        reword(item, new)
        item["query"]["accentPhrases"] = items_of(other)[0]["query"]["accentPhrases"]
        move(item, number=1)
        item["query"].update(speedScale=1.2, intonationScale=1.5)

    copy = SiteKit(site.root.parent / "copy" / "site", site.cache, site.engines).make()
    copy.script.write_text(f"{new}\n", encoding="utf-8")
    other = export(copy)
    edit(project, change)
    bring_back(site, project)
    row = site.script.read_text(encoding="utf-8").splitlines()[1]
    assert row.startswith('<prosody rate="120%">')
    assert row.count("<phoneme ") == 1
    (take,) = takes(site)
    assert (take["accent_phrases"], take["intonation"]) == ([], 1.5)
    query = next(query for query in spoken(site, fake_engine) if query["speedScale"] == pytest.approx(1.2))
    assert to_kana(read_phrases(query)) == kana_of(item_of(items_of(project), new))
    assert query["intonationScale"] == pytest.approx(1.5)


def test_a_take_of_accents_stays_until_somebody_moves_them(site: SiteKit) -> None:
    accents = item_of(items_of(export(site)))["query"]["accentPhrases"]
    kana = kana_of({"query": {"accentPhrases": [accents[0] | {"accent": 1 + accents[0]["accent"] % 2}, *accents[1:]]}})
    phrases = opened(read_phrases({"accent_phrases": from_notation(kana, 8)}))
    episode = open_episode(site.post)
    lines = cast(episode.script, episode.config, episode.voice).utterances
    take = next(
        Take(number, line.line, LINE, line.reading, line.voice, line.style, phrases, 1.0)
        for number, line in zip(utterance_ids(lines), lines, strict=True)
        if line.text == LINE
    )
    episode.takes_file.write_bytes(encode_takes([take]))
    project = export(site)
    assert kana_of(item_of(items_of(project))) == kana
    before = site.files()
    bring_back(site, project)
    assert site.files() == before, "not a byte of what was exported unchanged"
    edit(project, lambda items: move(item_of(items)))
    bring_back(site, project)
    assert takes(site) == []
    assert "<phoneme " in site.script.read_text(encoding="utf-8")


def test_a_reading_that_people_see_is_not_hidden_and_the_accent_is_a_take(site: SiteKit) -> None:
    script = "前です。\n<ruby>颯<rt>はやて</rt></ruby>です。\n"
    site.script.write_text(script, encoding="utf-8")
    project = export(site)
    edit(project, lambda items: move(items[1]))
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == script
    assert [take["text"] for take in takes(site)] == ["颯です。"]


def test_a_slide_deck_has_no_markup_and_keeps_accents_as_takes(site: SiteKit) -> None:
    deck = site.root / "deck.json"
    content = '[\n  {"type": "content", "title": "鍵", "notes": "鍵です。錠です。"}\n]\n'
    deck.write_text(content, encoding="utf-8")
    project = site.root.parent / "p.vvproj"
    assert site.run("export", deck, "-o", project).code == 0
    edit(project, lambda items: move(items[0]))
    assert site.run("import", deck, project).code == 0
    assert deck.read_text(encoding="utf-8") == content
    kept = json.loads(deck.with_name("deck.takes.json").read_text(encoding="utf-8"))["takes"]
    assert [take["text"] for take in kept] == ["鍵です。"]


def test_an_engine_that_takes_no_kana_has_takes(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    edit(project, lambda items: move(item_of(items)))
    fake_engine.lacks.add("/accent_phrases")
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == SCRIPT
    assert [take["text"] for take in takes(site)] == [LINE]
    assert kana_of(item_of(items_of(project))) in heard(spoken(site, fake_engine))


class Embedded(NamedTuple):
    """A script that Open JTalk says in this process."""

    site: SiteKit
    session: Session

    def draft(self) -> Draft:
        return Draft(open_episode(self.site.post))

    def heard(self) -> list[tuple[AccentPhrase, ...]]:
        """How each line is said, from the file alone."""
        episode = open_episode(self.site.post)
        plain = cast(episode.script, episode.config, episode.voice)
        pool = self.session.pool(())
        answers = pool.run(plain.utterances, lambda engine, one: engine.unfold(phrase(engine, one, StyleId(0))))
        return [answer for _, answer in answers if not isinstance(answer, TtsRenderError)]

    def write(self, draft: Draft, sayings: list[Saying]) -> set[int]:
        episode = open_episode(self.site.post)
        return write_readings(draft, sayings, episode, self.session.pool(()), self.session.cache)

    def save(self, draft: Draft) -> list[str]:
        self.site.script.write_bytes(draft.encode(self.site.script.read_bytes()))
        return self.site.script.read_text(encoding="utf-8").splitlines()


@pytest.fixture(params=[pytest.param(None, marks=needs_openjtalk)])
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    site = SiteKit(tmp_path / "site", tmp_path / "cache", ("openjtalk",)).make()
    site.script.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    with Session(site.cache, engines=site.engines) as session:
        yield Embedded(site, session)


def test_many_lines_are_written_at_once_and_a_real_engine_says_them_so(embedded: Embedded) -> None:
    own = embedded.heard()
    wanted = list(own)
    for at in (0, 1, 3):
        first = own[at][0]
        wanted[at] = (replace(first, accent=1 + first.accent % len(first.moras)), *own[at][1:])
    draft = embedded.draft()
    sayings = [Saying(at, own[at], wanted[at], StyleId(0)) for at in range(len(LINES))]
    assert embedded.write(draft, sayings) == {*range(len(LINES))}, "what is said so already is done too"
    rows = embedded.save(draft)
    assert [at for at, (row, line) in enumerate(zip(rows, LINES, strict=True)) if row != line] == [0, 1, 3]
    assert rows[3] == '<phoneme alphabet="x-voicevox-kana" ph="ニ\'ワニ">庭に</phoneme>花が咲きました。'
    assert list(map(to_kana, embedded.heard())) == list(map(to_kana, wanted))
    assert embedded.site.run("render", embedded.site.post).code == 0
    draft = embedded.draft()
    assert drop_readings(draft, range(len(LINES))) == {*range(len(LINES))}
    assert embedded.save(draft) == LINES


def test_what_no_text_says_is_not_written(embedded: Embedded) -> None:
    own = embedded.heard()
    draft = embedded.draft()
    silent = (replace(own[0][0], moras=(replace(own[0][0].moras[0], text="ヲヲ"),)), *own[0][1:])  # no such mora
    assert embedded.write(draft, [Saying(0, own[0], silent, StyleId(0))]) == set()
    assert not draft.changed
