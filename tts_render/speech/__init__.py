"""Speech: who says what, and the clips of what was said."""
