"""Back from VOICEVOX's editor: what somebody changes there is heard in the episode, or is named."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from tests.kit.editor import (
    LINE,
    Json,
    bring_back,
    edit,
    export,
    item_of,
    items_of,
    reword,
    spoken,
    takes,
)
from tests.kit.site_kit import POST, SCRIPT, SiteKit
from tts_render.episode.episode import open_episode
from tts_render.ground.files import locked
from tts_render.run.journal import Journal
from tts_render.run.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def test_what_was_just_exported_changes_not_one_byte_of_the_site(site: SiteKit) -> None:
    project = export(site)
    before = site.files()
    bring_back(site, project)
    assert site.files() == before
    edit(project, lambda items: None)
    bring_back(site, project)
    assert site.files() == before


def test_a_drawn_pitch_and_length_are_spoken_and_kept_alone(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    spoken(site, fake_engine)

    def draw(items: list[Json]) -> None:
        moras = item_of(items)["query"]["accentPhrases"][0]["moras"]
        moras[0]["pitch"] += 0.25
        moras[1]["vowelLength"] = 0.5

    edit(project, draw)
    assert "lengths and pitches" in bring_back(site, project)
    moras = takes(site)[0]["accent_phrases"][0]["moras"]
    assert [mora["pitch"] is None for mora in moras[:2]] == [False, True]
    assert [mora["vowel_length"] for mora in moras[:2]] == [None, 0.5]
    (query,) = spoken(site, fake_engine)
    wanted = item_of(items_of(project))["query"]["accentPhrases"][0]["moras"]
    made = query["accent_phrases"][0]["moras"]
    assert [m["pitch"] for m in made] == pytest.approx([m["pitch"] for m in wanted])
    assert [m["vowel_length"] for m in made] == pytest.approx([m["vowelLength"] for m in wanted])


def test_a_change_that_is_undone_leaves_no_take(site: SiteKit) -> None:
    voices = site.root / "voices.yaml"
    voices.write_text(voices.read_text(encoding="utf-8") + "lexicon: {鍵: キイ}\n", encoding="utf-8")
    project = export(site)
    untouched = project.read_bytes()
    edit(project, lambda items: item_of(items)["query"]["accentPhrases"][0]["moras"][0].update(pitch=5.0))
    bring_back(site, project)
    assert len(takes(site)) == 1
    project.write_bytes(untouched)
    bring_back(site, project)
    assert takes(site) == []
    assert not site.script.with_name(site.script.name.replace(".txt", ".takes.json")).exists()


@pytest.mark.parametrize(
    ("scales", "markup", "said"),
    [
        ({"speedScale": 1.2}, '<prosody rate="120%">', {"speedScale": 1.2}),
        ({"pitchScale": 0.05}, '<prosody pitch="+0.6st">', {"pitchScale": 0.05}),
        ({"volumeScale": 0.5, "speedScale": 0.9}, '<prosody rate="90%" volume="50%">', {"volumeScale": 0.5}),
    ],
)
def test_speed_pitch_and_volume_become_markup(
    site: SiteKit, fake_engine: FakeEngine, scales: Json, markup: str, said: Json
) -> None:
    project = export(site)
    spoken(site, fake_engine)
    edit(project, lambda items: item_of(items)["query"].update(scales))
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, f"{markup}{LINE}</prosody>")
    assert takes(site) == []
    (query,) = spoken(site, fake_engine)
    assert {name: query[name] for name in said} == pytest.approx(said, abs=1e-3)


def test_markup_that_an_import_wrote_is_changed_and_taken_back_by_the_next(site: SiteKit) -> None:
    project = export(site)

    def pace(speed: float) -> None:
        edit(project, lambda items: item_of(items)["query"].update(speedScale=speed))
        bring_back(site, project)

    for speed in (1.2, 1.5):
        pace(speed)
        assert f'<prosody rate="{speed * 100:.0f}%">{LINE}</prosody>\n' in site.script.read_text(encoding="utf-8")
    pace(1.0)
    assert site.script.read_text(encoding="utf-8") == SCRIPT


def test_intonation_becomes_a_take_of_its_line(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    spoken(site, fake_engine)
    edit(project, lambda items: item_of(items)["query"].update(intonationScale=1.4))
    assert "intonation 1 -> 1.4" in bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == SCRIPT
    (query,) = spoken(site, fake_engine)
    assert query["intonationScale"] == pytest.approx(1.4)


def test_a_changed_text_is_changed_in_the_script_and_nowhere_else(site: SiteKit, fake_engine: FakeEngine) -> None:
    script = b"\xef\xbb\xbf" + SCRIPT.replace("\n", "\r\n").encode()
    site.script.write_bytes(script)
    project = export(site)
    spoken(site, fake_engine)
    new = "あしたは<錠>の話をします！"

    def change(items: list[Json]) -> None:
        other = copy.deepcopy(
            items_of(project)[0]["query"]["accentPhrases"]
        )  # neither what it was nor the engine's own
        other[0]["moras"][0]["vowelLength"] = 0.4
        item_of(items)["query"]["accentPhrases"] = other
        item_of(items)["text"] = new

    edit(project, change)
    bring_back(site, project)
    written = new.replace("<", "&lt;")
    assert site.script.read_bytes() == script.replace(LINE.encode(), written.encode())
    (take,) = takes(site)
    assert (take["text"], take["line"]) == (new, 2)
    assert len(spoken(site, fake_engine)) == 1


def test_a_changed_text_that_is_as_the_engine_says_it_needs_no_take(site: SiteKit, tmp_path: Path) -> None:
    new = "それでは、また来週お会いしましょう。"
    old = "それでは、また明日お会いしましょう。"
    other = SiteKit(tmp_path / "other", tmp_path / "cache", site.engines).make()
    other.script.write_text(SCRIPT.replace(old, new), encoding="utf-8")
    query = item_of(items_of(export(other)), new)["query"]
    project = export(site)

    def change(items: list[Json]) -> None:
        item_of(items, old).update(text=new)
        item_of(items, new)["query"]["accentPhrases"] = query["accentPhrases"]

    edit(project, change)
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(old, new)
    assert takes(site) == []


def test_a_changed_text_is_read_as_every_text_is_whatever_the_editor_made_of_it(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    voices = site.root / "voices.yaml"
    voices.write_text(voices.read_text(encoding="utf-8") + "lexicon: {鍵: キイ}\n", encoding="utf-8")
    project = export(site)
    new = "明日も鍵の話をします！"
    edit(project, lambda items: reword(item_of(items), new))
    phrases = item_of(items_of(project), new)["query"]["accentPhrases"]
    bring_back(site, project)
    assert takes(site) == []
    made = [
        "".join(m["text"] for p in query["accent_phrases"] for m in p["moras"]) for query in spoken(site, fake_engine)
    ]
    assert "".join(m["text"] for p in phrases for m in p["moras"]) not in made
    assert sum("キイ" in moras for moras in made) == 2


def test_accents_of_a_text_that_cannot_be_put_into_its_line_stay_out_too(site: SiteKit) -> None:
    project = export(site)

    def change(items: list[Json]) -> None:
        item_of(items)["query"]["accentPhrases"][0]["moras"][0]["pitch"] = 5.0
        item_of(items)["query"]["speedScale"] = 1.2
        item_of(items)["text"] = "つむぎ：はい。"

    edit(project, change)
    bring_back(site, project, left=1)
    assert takes(site) == []
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, f'<prosody rate="120%">{LINE}</prosody>')


def test_a_take_ends_with_the_line_that_it_was_made_of(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: item_of(items)["query"]["accentPhrases"][0]["moras"][0].update(pitch=5.0))
    bring_back(site, project)
    edit(project, lambda items: item_of(items).update(text="鍵です。錠です。"))
    bring_back(site, project, left=1)
    assert takes(site) == []


def test_a_text_may_become_several_sentences(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    edit(project, lambda items: item_of(items).update(text="鍵です。錠です。"))
    out = bring_back(site, project, left=1)
    assert "its accents and lengths, since its text is several sentences now" in out
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, "鍵です。錠です。")
    assert {"鍵です。", "錠です。"} <= {u["text"] for u in site.run("plan", site.post, "--json").json[0]["utterances"]}


def test_a_project_may_be_worked_on_after_it_was_imported(site: SiteKit) -> None:
    project = export(site)
    text = LINE
    for new in ("鍵の話をします。", "錠の話をします。"):
        edit(project, lambda items, old=text, new=new: reword(item_of(items, old), new))  # type: ignore[misc]
        bring_back(site, project)
        assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, new)
        text = new


def test_several_sentences_as_the_engine_says_them_are_brought_back_whole(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: reword(item_of(items), "鍵です。錠です。"))
    result = site.run("import", site.post, project)
    assert "1 change, 0 not brought back" in result.err
    assert takes(site) == []


def test_takes_stay_with_their_lines_while_equal_ones_are_reworded(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.write_text("はい。\n\nはい。\n", encoding="utf-8")
    project = export(site)
    edit(project, lambda items: items[1]["query"].update(intonationScale=1.5))
    bring_back(site, project)
    edit(project, lambda items: reword(items[0], "ええ。"))
    bring_back(site, project)
    assert site.script.read_text(encoding="utf-8") == "ええ。\n\nはい。\n"
    assert [(take["text"], take["intonation"]) for take in takes(site) if take["intonation"] != 1] == [("はい。", 1.5)]
    assert {query["intonationScale"] for query in spoken(site, fake_engine)} == {1.0, 1.5}


def test_a_mended_line_is_exported_as_it_was_mended_and_stays_so(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: item_of(items)["query"]["accentPhrases"][0]["moras"][0].update(pitch=5.0))
    edit(project, lambda items: item_of(items)["query"].update(intonationScale=1.4))
    bring_back(site, project)
    before = site.files()
    query = item_of(items_of(export(site)))["query"]
    assert (query["accentPhrases"][0]["moras"][0]["pitch"], query["intonationScale"]) == (5.0, 1.4)
    bring_back(site, project)
    assert site.files() == before
    edit(project, lambda items: item_of(items)["query"].update(intonationScale=1.0))
    bring_back(site, project)
    assert [(take["intonation"], take["accent_phrases"] != []) for take in takes(site)] == [(1.0, True)]


def test_a_take_that_is_not_used_is_kept(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: item_of(items)["query"].update(intonationScale=1.4))
    bring_back(site, project)
    site.script.write_text(SCRIPT.replace(LINE, "別の行です。"), encoding="utf-8")
    project = export(site)
    edit(project, lambda items: items[0]["query"].update(intonationScale=0.7))
    bring_back(site, project)
    assert sorted(take["intonation"] for take in takes(site)) == [0.7, 1.4]


def test_a_line_stays_as_it_was_heard_when_the_dictionary_has_changed_meanwhile(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    project = export(site)
    fake_engine.add_word("鍵", "キイ", accent=1)
    out = bring_back(site, project)
    assert "accent phrases" in out
    wanted = ["".join(m["text"] for p in item["query"]["accentPhrases"] for m in p["moras"]) for item in items_of(project)]  # fmt: skip
    made = ["".join(m["text"] for p in query["accent_phrases"] for m in p["moras"]) for query in spoken(site, fake_engine)]  # fmt: skip
    assert sorted(made) == sorted(wanted)


def test_lines_that_were_moved_are_recognised_and_said_to_be_moved(site: SiteKit) -> None:
    project = export(site)

    def move(items: list[Json]) -> None:
        item_of(items)["query"].update(speedScale=1.2)
        items.append(items.pop(0))

    edit(project, move)
    assert "lines are moved in the script" in bring_back(site, project, left=1)
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, f'<prosody rate="120%">{LINE}</prosody>')


def test_new_and_missing_lines_are_named_and_not_applied(site: SiteKit) -> None:
    project = export(site)

    def reshape(items: list[Json]) -> None:
        items.insert(1, copy.deepcopy(items[0]) | {"text": "割り込みます。"})
        items[1]["query"]["kana"] = "ワリコミマ'_ス"
        items.remove(item_of(items))

    edit(project, reshape)
    before = site.files()
    out = bring_back(site, project, left=2)
    assert f"{site.script}:2: not brought back: 「{LINE}」: is not in the project" in out
    assert f"{project}: not brought back: 「割り込みます。」: is no line of the script" in out
    assert site.files() == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda item: item["query"].update(pauseLengthScale=1.5), "length of pauses 1.5; set `pause`"),
        (lambda item: item["query"].update(postPhonemeLength=0.9), "silence after it 0.9 s; write <break>"),
        (lambda item: item["query"].update(outputStereo=True), "sampling rate or stereo"),
        (lambda item: item["query"].update(speedScale=9.0), 'rate 900%; write <prosody rate="900%">'),
        (lambda item: item["voice"].update(styleId=3), "is spoken by ずんだもん（ノーマル） there"),
        (lambda item: item.update(text=""), "is empty there"),
        (lambda item: item.update(text="つむぎ：はい。"), "text 「つむぎ：はい。」 cannot be put into this line"),
        (lambda item: item.update(morphingInfo={"rate": 0.5}), "is mixed with another voice"),
    ],
)
def test_what_neither_script_nor_takes_can_say_is_named_with_its_line(
    site: SiteKit, change: Callable[[Json], object], why: str
) -> None:
    project = export(site)
    edit(project, lambda items: change(item_of(items)))
    before = site.files()
    assert f"{site.script}:2: not brought back: 「{LINE}」: {why}" in bring_back(site, project, left=1)
    assert site.files() == before


def test_a_line_with_a_reading_of_its_own_is_sped_up_whole(site: SiteKit) -> None:
    line = "ずんだもん：<ruby>颯<rt>はやて</rt></ruby>です。"
    site.script.write_text(f"前です。\n{line}\n", encoding="utf-8")
    project = export(site)
    edit(project, lambda items: item_of(items, "颯です。")["query"].update(speedScale=1.2))
    bring_back(site, project)
    name, _, words = line.partition("：")
    wanted = f'前です。\n{name}：<prosody rate="120%">{words}</prosody>\n'
    assert site.script.read_text(encoding="utf-8") == wanted


def test_the_body_of_a_post_is_changed_and_its_front_matter_is_not(site: SiteKit) -> None:
    site.script.unlink()
    post = POST.partition("## 関連リンク")[0] + "鍵です。錠です。\n"
    site.post.write_text(post, encoding="utf-8")
    project = export(site)

    def change(items: list[Json]) -> None:
        reword(items[0], "合鍵です。")
        items[1]["query"].update(speedScale=1.2)

    edit(project, change)
    bring_back(site, project)
    wanted = post.replace("鍵です。錠です。", '合鍵です。<prosody rate="120%">錠です。</prosody>')
    assert site.post.read_text(encoding="utf-8") == wanted


def test_a_slide_deck_gets_texts_and_has_no_markup_for_the_rest(site: SiteKit) -> None:
    deck = site.root / "deck.json"
    content = '[\n  {"type": "content", "title": "鍵", "notes": "鍵です。錠です。"}\n]\n'
    deck.write_text(content, encoding="utf-8")
    project = site.root.parent / "p.vvproj"
    assert site.run("export", deck, "-o", project).code == 0

    def change(items: list[Json]) -> None:
        items[0].update(text='"合鍵"です。')
        items[1]["query"].update(speedScale=1.2)

    edit(project, change)
    result = site.run("import", deck, project)
    assert result.code == 0, result.err
    (slide,) = json.loads(deck.read_text(encoding="utf-8"))
    assert slide["notes"] == '"合鍵"です。錠です。'
    assert f"{deck}:2: not brought back: 「錠です。」: rate 120%; a slide deck has no markup" in result.err


def test_a_project_of_another_episode_is_refused(site: SiteKit, tmp_path: Path) -> None:
    other = SiteKit(tmp_path / "other", tmp_path / "cache", site.engines).make()
    other.script.write_text("まったく別の話です。\n", encoding="utf-8")
    project = export(other)
    before = site.files()
    result = site.run("import", site.post, project)
    assert result.code == 1
    assert f"{project}: has none of the lines of {site.script.name}" in result.err
    assert site.files() == before


def test_an_engine_that_is_gone_leaves_everything_as_it_is(site: SiteKit, fake_engine: FakeEngine) -> None:
    project = export(site)
    edit(project, lambda items: reword(item_of(items), "直しました。"))
    before = site.files()
    fake_engine.stop()
    assert site.run("import", site.post, project).code == 3
    assert site.files() == before


def test_a_disk_that_fails_leaves_no_half_written_file(site: SiteKit) -> None:
    project = export(site)

    def change(items: list[Json]) -> None:
        reword(item_of(items), "直しました。")
        items[0]["query"].update(intonationScale=1.4)

    edit(project, change)
    site.script.with_name(site.script.name.replace(".txt", ".takes.json")).mkdir()
    before = site.files()
    assert site.run("import", site.post, project).code == 1
    assert site.files() == before


def test_an_import_is_undone_as_every_change_of_the_studio_is(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: reword(item_of(items), "直しました。"))
    edit(project, lambda items: items[0]["query"].update(intonationScale=1.4))
    before = site.files()
    bring_back(site, project)
    assert site.files() != before
    journal = Journal(site.cache, site.root)
    moved = journal.undo()
    assert moved is not None
    assert (moved.name, len(moved.paths)) == (f"import of {project.name}", 2)
    assert site.files() == before


def test_an_episode_that_is_being_rendered_is_not_imported(site: SiteKit) -> None:
    project = export(site)
    edit(project, lambda items: reword(item_of(items), "直しました。"))
    before = site.files()
    audio = open_episode(site.post).audio
    assert audio is not None
    with locked(Session(site.cache).lock(audio), busy=""):
        result = site.run("import", site.post, project)
    assert (result.code, "another run is at work on this episode" in result.err) == (1, True)
    assert site.files() == before
