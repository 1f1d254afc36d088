"""Takes docs/images/studio-*.png: the studio at work on the example site. Run: python -m tools.make_studio_pictures.

It needs chromium, node, npm and a Japanese font. The voice is Open JTalk, so that the accents can be seen.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.kit.node_packages import fetch_into
from tests.kit.studio_page import EXAMPLE, browser, started

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    playwright = fetch_into("browser", ROOT / "build" / "browser") / "playwright-core"
    driver = Path(__file__).with_name("studio_pictures.cjs")
    for language in ("en", "ja"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            site = Path(shutil.copytree(EXAMPLE, folder / "site"))
            with started(site, folder / "cache", "openjtalk", playwright) as studio:
                words = ["node", driver, playwright, browser(), studio.address, IMAGES, language]
                subprocess.run([*map(str, words)], check=True)


if __name__ == "__main__":
    main()
