"""Entry point: where pytest loads the fixtures, if what they need is installed (`gongzhi[testing]`)."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("gongzhi_server", "httpx", "pytest_asyncio")

pytest_plugins = ["gongzhi.testing.fixtures"] if all(map(find_spec, NEEDED)) else []
