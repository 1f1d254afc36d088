"""The settings: everything in voices.yaml, and the files that it names."""
