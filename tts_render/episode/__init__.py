"""An episode before it is spoken: what is to be said, with which settings, and where the MP3 goes."""
