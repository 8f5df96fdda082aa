"""Whistle calls (吹哨报到): who is called together, who came, what was planned, and what both sides make of it."""
