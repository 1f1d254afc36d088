"""The ground: what knows nothing of podcasts."""
