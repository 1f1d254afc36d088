"""Sound: samples, and files that hold them."""
