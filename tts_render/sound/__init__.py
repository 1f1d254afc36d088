"""Sound: samples, and files of samples."""
