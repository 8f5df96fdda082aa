"""What every plugin promises."""

from __future__ import annotations

from gongzhi.testing import Conformance


class TestConformance(Conformance):
    plugin = "watch"
