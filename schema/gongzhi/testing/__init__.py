"""For the tests of plugins: fixtures (`server`, `as_viewer`, `database`) and what every plugin must keep to.

Install it with `gongzhi[testing]`; pytest finds the fixtures by itself. The server is imported when a test runs.
"""

from __future__ import annotations

from gongzhi.testing.conformance import Conformance as Conformance

__all__ = ["Conformance"]
