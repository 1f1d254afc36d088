"""Fuzzing: bytes that nobody would write, given to what people write, and what must hold for all of them."""
