"""What can be asked for: planning an episode, and rendering it."""
