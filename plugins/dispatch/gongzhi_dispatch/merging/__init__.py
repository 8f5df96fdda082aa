"""Merging: cases about the same matter, found and joined."""
