"""The VOICEVOX engine and its kin, over HTTP."""
