"""What can be asked for: to plan an episode, and to render it."""
