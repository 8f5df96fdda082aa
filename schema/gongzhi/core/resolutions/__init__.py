"""Resolutions: what an assembly or council decided, by whom, when, and which rules it adopts."""
