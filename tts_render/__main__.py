"""``python -m tts_render``."""

import sys

from tts_render.cli import main

if __name__ == "__main__":
    sys.exit(main())
