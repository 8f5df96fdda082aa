"""Replicas: servers that follow the primary, and which of them is far enough for whose read."""
