"""The VOICEVOX engine and compatible ones, over HTTP."""
