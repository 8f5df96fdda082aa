"""Agreements: what parties agreed on, its documents, and its confirmation by the court."""
