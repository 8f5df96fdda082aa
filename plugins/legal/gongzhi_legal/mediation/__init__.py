"""Mediation: people's mediation from the request to its end, with its figures and rates."""
