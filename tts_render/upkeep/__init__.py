"""The upkeep of a whole site: what is wrong in it, what is out of date, and what it needs to start with."""
