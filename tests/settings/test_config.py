"""voices.yaml: what is wrong is named with file, line and the nearest right name."""

from pathlib import Path

import pytest

from tts_render.ground.errors import ConfigError, OutsideSiteError, TtsRenderError
from tts_render.settings.config import Config, load_config, packaged_config_path
from tts_render.settings.publication import Disclosure, Publication

SMALL_VOICES = "voices: {a: {style_id: 1}}\n"
SMALL = """\
default: ずんだもん
voices:
  ずんだもん: {speaker: ずんだもん, style: ノーマル, aliases: [ずんだ]}
  お嬢様: {speaker: ずんだもん, pitch: 0.02, speed: 0.95}
  試作: {style_id: 3}
sounds:
  jingle: {file: sounds/a.flac, gain: -3, fade_out: 0.5}
shows:
  - match: {actor: お嬢様}
    name: お茶の間
    opening: jingle
  - match: {title: "*速報*"}
  - opening: jingle
    ending: jingle
pacing: {section: 2}
master: {loudness: -19, bitrate: 96, channels: 2}
lexicon: {LLM: エルエルエム}
post: {preset: castanet}
"""


def load(folder: Path, text: str) -> Config:
    path = folder / "voices.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_the_packaged_file_is_valid() -> None:
    config = load_config(packaged_config_path())
    assert {"ずんだもん", "お嬢様ずんだもん", "春日部つむぎ"} <= set(config.voices)
    assert config.default == "ずんだもん"
    assert all(sound.path.is_file() for sound in config.sounds.values())
    assert config.preset.name == "yattecast"


def test_everything_that_is_written_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL)
    assert config.voices["お嬢様"].pitch == 0.02
    assert config.voices["試作"].style_id == 3
    assert config.sounds["jingle"].path == tmp_path / "sounds" / "a.flac"
    assert (config.sounds["jingle"].gain, config.sounds["jingle"].fade_out) == (-3, 0.5)
    assert (config.pacing.section, config.pacing.sentence) == (2, 0.35)
    assert (config.master.loudness, config.master.bitrate, config.master.channels) == (-19, 96, 2)
    assert config.lexicon == {"LLM": "エルエルエム"}
    assert config.preset.name == "castanet"


def test_a_voice_answers_to_its_alias_and_to_decomposed_names(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL)
    assert config.voice("ずんだ") is config.voices["ずんだもん"]
    assert config.voice("す\u3099んた\u3099もん") is config.voices["ずんだもん"]
    assert config.voice("めたん") is None


def test_the_first_show_that_matches_is_taken(tmp_path: Path) -> None:
    config = load(tmp_path, SMALL)
    assert config.show(actor="お嬢様", title="速報です", file="a.md").name == "お茶の間"
    assert config.show(actor="ずんだもん", title="速報です", file="a.md").opening is None
    assert config.show(actor="ずんだもん", title="普通", file="a.md").ending == "jingle"


def test_the_first_voice_is_the_default_where_none_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, "voices:\n  ア: {style_id: 1}\n  イ: {style_id: 2}\n").default == "ア"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("default: ずんだもん", "default: ずんだ門", 1, "Did you mean ずんだ"),
        ("speaker: ずんだもん, style", "speakr: ずんだもん, style", 3, "Did you mean speaker"),
        ("pitch: 0.02", "pitch: high", 4, "must be a number"),
        ("pitch: 0.02", "pitch: 3", 4, "between -1 and 1"),
        ("speed: 0.95", "speed: .inf", 4, "voices.お嬢様.speed"),
        ("{style_id: 3}", "{style_id: 3, speaker: x}", 5, "style_id cannot be combined"),
        ("{style_id: 3}", "{aliases: [x]}", 5, "needs speaker: or style_id:"),
        ("{style_id: 3}", "{style_id: 3, aliases: [ずんだ]}", 5, "already belongs to ずんだもん in line 3"),
        ("opening: jingle\n  - match", "opening: jingel\n  - match", 11, "Did you mean jingle"),
        ("actor: お嬢様", "actor: お嬢さま", 9, "Did you mean お嬢様"),
        ("section: 2", "sektion: 2", 15, "Did you mean section"),
        ("section: 2", "section: -1", 15, "between 0 and 60"),
        ("bitrate: 96", "bitrate: 100", 16, "must be one of"),
        ("channels: 2", "channels: 6", 16, "must be one of 1, 2"),
        ("preset: castanet", "preset: castnet", 18, "Did you mean castanet"),
        ("file: sounds/a.flac", "file: ''", 7, "must not be empty"),
        ("lexicon: {LLM: エルエルエム}", "lexicon: {LLM: [a]}", 17, "must be text, not a list"),
        ("試作:", "お嬢様:", 5, "occurs twice"),
        ("試作: {style_id: 3}", "試作: &a {style_id: 3}", 5, "anchors"),
        ("試作: {style_id: 3}", "試作: {style_id: 3", 6, "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in SMALL
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, SMALL.replace(old, new, 1))
    assert caught.value.line == line
    assert message in str(caught.value)
    assert str(tmp_path / "voices.yaml") in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n", "voices: {}\n", "voices: 3\n", "{", "a: *b\n", "? [a]\n: b\n", "\t"])
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, text)


def test_bytes_that_are_no_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    path.write_bytes(b"voices:\n  " + "ずんだもん".encode("shift_jis"))
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        load_config(path)
    assert caught.value.line == 2


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(ConfigError, match="anchors"):
        load(tmp_path, "\n".join(lines))


def test_a_megabyte_of_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than"):
        load(tmp_path, "# " + "x" * 1_000_001)


@pytest.mark.parametrize("sound", ["../outside.wav", "/etc/passwd", "sounds/link.wav"])
def test_a_sound_cannot_lie_outside_the_site(tmp_path: Path, sound: str) -> None:
    site = tmp_path / "site"
    (site / "sounds").mkdir(parents=True)
    (tmp_path / "outside.wav").write_bytes(b"")
    (site / "sounds" / "link.wav").symlink_to(tmp_path / "outside.wav")
    with pytest.raises(OutsideSiteError, match="leaves the site"):
        load(site, f"voices: {{a: {{style_id: 1}}}}\nsounds: {{x: {sound}}}\n")


def test_the_nearest_names_are_offered_for_builtin_sounds(tmp_path: Path) -> None:
    with pytest.raises(TtsRenderError, match="builtin:opening"):
        load(tmp_path, "voices: {a: {style_id: 1}}\nsounds: {x: 'builtin:intro'}\n")


def test_what_is_published_is_read(tmp_path: Path) -> None:
    settings = "outputs: [vtt, chapters, vtt]\ntags: {lyrics: false}\ncredits: {spoken: true}\n"
    publication = load(tmp_path, SMALL + settings).publication
    assert publication.outputs == ("vtt", "chapters")
    assert (publication.lyrics, publication.spoken_credits) == (False, True)
    assert publication.disclosure == Disclosure()
    assert load(tmp_path, SMALL).publication == Publication()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("false", Disclosure(tags=False)),
        ("true", Disclosure()),
        ("合成音声です。", Disclosure("合成音声です。")),
        ("{spoken: true}", Disclosure(spoken=True)),
        ("{text: 合成音声です。, tags: false, spoken: true}", Disclosure("合成音声です。", tags=False, spoken=True)),
    ],
)
def test_the_disclosure_is_a_text_a_switch_or_both(tmp_path: Path, written: str, read: Disclosure) -> None:
    assert load(tmp_path, f"{SMALL}disclosure: {written}\n").publication.disclosure == read


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("outputs: [vtt, chapter]", "chapters"),
        ("outputs: {vtt: true}", "must be a list"),
        ("tags: {lyric: true}", "lyrics"),
        ("tags: {lyrics: perhaps}", "true"),
        ("credits: {spokn: true}", "spoken"),
        ("disclosure: {spoken: 3}", "true"),
    ],
)
def test_a_mistake_in_what_is_published_is_named_with_its_line(tmp_path: Path, line: str, near: str) -> None:
    with pytest.raises(ConfigError, match=near) as caught:
        load(tmp_path, SMALL + line + "\n")
    assert caught.value.line == SMALL.count("\n") + 1


def test_a_show_has_a_cover_and_a_season(tmp_path: Path) -> None:
    (show,) = load(tmp_path, SMALL.partition("shows:")[0] + "shows: [{cover: img/a.png, season: 2}]\n").shows
    assert (show.cover, show.season) == (tmp_path / "img" / "a.png", 2)
    with pytest.raises(OutsideSiteError, match="cover"):
        load(tmp_path, SMALL.partition("shows:")[0] + "shows: [{cover: ../a.png}]\n")


@pytest.mark.parametrize("setting", ["sounds: {x: %s}", "shows: [{cover: %s}]", "lexicon: {file: %s}"])
@pytest.mark.parametrize("name", ['"a\\0.csv"', "a" * 300 + ".csv"])
def test_a_name_that_no_file_can_have_is_named_with_its_line(tmp_path: Path, setting: str, name: str) -> None:
    with pytest.raises(ConfigError, match="not a possible file name") as caught:
        load(tmp_path, SMALL_VOICES + setting % name)
    assert caught.value.line == 2


def test_a_path_that_is_too_long_to_be_asked_for_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no a/a/") as caught:
        load(tmp_path, SMALL_VOICES + "lexicon: {file: " + "a/" * 3000 + ".csv}")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nvoices: \x1b\n", 2), ("a: 1\r\n\r\nb", 3), ("a: 1\n?", 1), ("voices:\n? b", 2)]
)
def test_an_error_is_never_below_the_last_line_and_always_has_one(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.line == line


def test_a_message_holds_nothing_that_moves_a_cursor_or_turns_the_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, '"v\\e[31m\\u202eoices\\x9b": 1\n')
    assert str(caught.value).startswith(f"{tmp_path / 'voices.yaml'}:1: v\ufffd[31m\ufffdoices\ufffd: is not a setting")
