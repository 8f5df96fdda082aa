"""Prevention: situations that may become disputes, and clues for inspectors."""
