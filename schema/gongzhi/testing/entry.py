"""Where pytest begins. Without what the fixtures need (`gongzhi[testing]`) it is left alone."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("gongzhi_server", "httpx", "pytest_asyncio")

pytest_plugins = ["gongzhi.testing.fixtures"] if all(map(find_spec, NEEDED)) else []
