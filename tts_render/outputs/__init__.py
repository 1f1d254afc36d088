"""The files published beside the MP3, all made from one timeline."""
