"""Clocks: by when each stage of a case is due, and what happens when that time comes."""
