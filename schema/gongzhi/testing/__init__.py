"""Testing: fixtures for the tests of plugins (`server`, `as_viewer`, `database`), and what each must keep to.

Install it with `gongzhi[testing]`; pytest finds the fixtures by itself. The server is imported when a test runs.
"""

from __future__ import annotations

from gongzhi.testing.conformance import Conformance as Conformance

__all__ = ["Conformance"]
