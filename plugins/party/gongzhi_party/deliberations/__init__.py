"""Deliberations: agenda, meetings, votes, counts and decisions."""
