"""A small site in a temporary folder, and the command line on it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_render.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "title: 朝の技術だより\nurl: https://example.com\npermalink: /episode/:title\ntimezone: Asia/Tokyo\n"

VOICES = """\
default: ずんだもん
voices:
  ずんだもん: {speaker: ずんだもん, style: ノーマル}
  お嬢様ずんだもん: {speaker: ずんだもん, style: ノーマル, pitch: 0.02, speed: 0.95}
  春日部つむぎ: {speaker: 春日部つむぎ, style: ノーマル, aliases: [つむぎ]}
sounds:
  opening: builtin:opening
  bumper: builtin:bumper
  ending: builtin:ending
shows:
  - {opening: opening, between_sections: bumper, ending: ending}
"""

POST = """\
---
actor_ids:
  - 春日部つむぎ
audio_file_path: /audio/朝の技術だより☆A.I._20261121.mp3
audio_file_size: 0
date: 2026-11-21 05:00:00 +0900
description: '今日の話題
  duration: ここは本文のつもり'
duration: "00:00"
layout: article
title: 朝の技術だより☆A.I. 20261121 [特別]
---

## 関連リンク

- [鍵の仕組み](https://example.com/keys)

鍵を二つに分けると、片方は配ってよくなります。

引用元: https://example.com/keys

VOICEVOX:春日部つむぎ
"""

SCRIPT = """\
おはようございます。朝の技術だよりの時間です。
今日は鍵の話をします！

鍵を二つに分けると、片方は配ってよくなります。
「本当に？」と思いましたか。
----
それでは、また明日お会いしましょう。
"""


@dataclass
class Result:
    """What one call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class SiteKit:
    """A site with one post that has a script beside its audio."""

    root: Path
    cache: Path
    engines: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    address: str = ""
    """Of a bucket behind the cache folder; empty for the folder alone."""

    @property
    def post(self) -> Path:
        return self.root / "_posts" / "2026-11-21-41.md"

    @property
    def script(self) -> Path:
        return self.root / "audio" / "朝の技術だより☆A.I._20261121.txt"

    @property
    def audio(self) -> Path:
        return self.script.with_suffix(".mp3")

    @property
    def receipt(self) -> Path:
        return self.root / ".tts-render" / "receipts" / "audio" / f"{self.audio.name}.json"

    def make(self) -> SiteKit:
        for folder in ("_posts", "audio"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "_config.yml").write_text(CONFIG, encoding="utf-8")
        (self.root / "voices.yaml").write_text(VOICES, encoding="utf-8")
        self.post.write_text(POST, encoding="utf-8")
        self.script.write_text(SCRIPT, encoding="utf-8")
        return self

    def run(self, *arguments: str | Path, stdin: str = "") -> Result:
        """Run the command line in this process, with a cache of its own."""
        words = [str(argument) for argument in arguments]
        if words[0] in ("render", "plan", "voices", "status", "lexicon", "export", "import"):
            words += ["--cache-dir", self.address or str(self.cache)]
            for engine in self.engines:
                words += ["--engine", engine]
        elif words[0] == "cache":
            words += ["--cache-dir", self.address or str(self.cache)]
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ.update(self.environment | ({"TTS_RENDER_CACHE_FOLDER": str(self.cache)} if self.address else {}))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                real, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
                try:
                    code = main(words)
                finally:
                    sys.stdin = real
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Result(code, out.getvalue(), err.getvalue())

    def files(self) -> dict[str, bytes]:
        """Every file of the site, by its path."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }
