"""Engines of a cluster are kept busy with what only they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.conftest import Farm
    from tests.kit.site_kit import SiteKit


def test_what_is_in_the_cache_asks_no_engine_anything(farm: Farm, site: SiteKit) -> None:
    assert farm.render(site.post).returncode == 0
    asked = [(len(engine.queries), len(engine.syntheses)) for engine in farm.engines]
    files = site.files()
    done = farm.render("--force", site.post)
    assert done.returncode == 0, done.stderr
    assert [(len(engine.queries), len(engine.syntheses)) for engine in farm.engines] == asked
    assert site.files() == files


def test_an_engine_is_asked_about_other_lines_while_it_speaks(farm: Farm, site: SiteKit) -> None:
    site.script.write_text("".join(f"これは{number}番目の話です。\n" for number in range(12)), encoding="utf-8")
    before = [len(engine.requests) for engine in farm.engines]
    for engine in farm.engines:
        engine.service = 0.1
    done = farm.render(site.post)
    assert done.returncode == 0, done.stderr
    for engine, past in zip(farm.engines, before, strict=True):
        asked = spoken = ahead = 0
        for request in engine.requests[past:]:
            asked += "/audio_query" in request
            if "/synthesis" in request:
                ahead += asked >= spoken + 2
                spoken += 1
        assert ahead >= spoken // 2 > 1
