"""Names: how published names of handlers, jobs and reactions read."""

from __future__ import annotations

import re

DOTTED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
"""Such as `points.feed`: whose it is, and what."""
