"""The mix: clips and jingles become one finished MP3."""
