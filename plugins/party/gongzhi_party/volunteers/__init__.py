"""Volunteers: groups of volunteers and who leads them."""
