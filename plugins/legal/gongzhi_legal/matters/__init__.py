"""Matters: what mediation, advice and aid have in common, with its sealed words and files."""
