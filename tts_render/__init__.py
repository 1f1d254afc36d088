"""Renders podcast scripts to MP3."""
