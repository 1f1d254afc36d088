"""Speech: who says what, and what was said as clips."""
