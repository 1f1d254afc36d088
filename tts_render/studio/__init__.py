"""The page on which an episode is heard, mended and rendered: a face on what the command line does."""
