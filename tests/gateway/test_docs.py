"""What the page on the gateway says by hand is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from gongzhi_server.gateway import application, http_messages
from gongzhi_server.gateway.negotiation import PREFLIGHT

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")


def test_statuses_are_listed() -> None:
    listed = re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)
    source = "\n".join(Path(one.__file__).read_text(encoding="utf-8") for one in (application, http_messages))
    assert listed == sorted(set(re.findall(r"(?<![\w.])([2345]\d\d)(?![\d_])", source)) - {"300"})


def test_headers_are_listed() -> None:
    for name in PREFLIGHT:
        assert name.decode() in PAGE.lower()
