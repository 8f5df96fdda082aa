"""Messages of the Common Alerting Protocol after the standard's schema, for the stories of warnings."""

from __future__ import annotations

from typing import Any

SENDER = "tqj@hanyin.example.gov.cn"
VILLAGE_SQUARE = "{0},{1} {0},{3} {2},{3} {2},{1} {0},{1}"


def square(latitude: float, longitude: float, size: float = 0.001) -> str:
    """A polygon around a place, as the protocol writes it: latitude first."""
    low, left, high, right = latitude - size, longitude - size, latitude + size, longitude + size
    return VILLAGE_SQUARE.format(low, left, high, right)


def info(language: str = "zh-CN", area: str = "", **given: str) -> str:
    said = {
        "category": "Met", "event": "暴雨", "urgency": "Immediate", "severity": "Severe", "certainty": "Likely",
        "expires": "2026-06-30T22:00:00+08:00", "headline": "汉阴县气象台发布暴雨橙色预警信号",
        "description": "预计未来 3 小时降雨量将达 50 毫米以上。", "instruction": "切断低洼地带室外电源。",
    } | given  # fmt: skip
    parts = "".join(f"<{name}>{value}</{name}>" for name, value in said.items() if value)
    return f"<info><language>{language}</language>{parts}<area><areaDesc>汉阴县</areaDesc>{area}</area></info>"


def alert(identifier: str, *infos: str, **given: Any) -> str:
    said = {
        "identifier": identifier, "sender": SENDER, "sent": "2026-06-30T10:00:00+08:00", "status": "Actual",
        "msgType": "Alert", "scope": "Public",
    } | given  # fmt: skip
    parts = "".join(f"<{name}>{value}</{name}>" for name, value in said.items() if value)
    body = f"{parts}{''.join(infos)}"
    return f'<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{body}</alert>'


def refer(identifier: str, sent: str = "2026-06-30T10:00:00+08:00", sender: str = SENDER) -> str:
    return f"{sender},{identifier},{sent}"


def feed(*links: str) -> str:
    entries = "".join(
        f'<entry><link rel="alternate" type="application/cap+xml" href="{one}"/></entry>' for one in links
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>预警</title>{entries}</feed>'
