"""The settings: all that voices.yaml says, and the files that it names."""
