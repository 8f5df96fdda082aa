"""Performance: what operations take, counted by every process of a deployment and kept by the hour."""
