"""Findings: what would hurt a deployment later, looked for in its data."""
