"""Formats: the two of GeoReport. In XML a list's items are named after what the list holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.etree import ElementTree

import orjson

Format = Literal["json", "xml"]
MEDIA = {"json": "application/json", "xml": "text/xml; charset=utf-8"}
ITEMS = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to say."""


def format_body(root: str, value: Any, format: Format) -> bytes:
    """Return the body: a list or an object, which XML gives the name `root`."""
    if format == "json":
        return orjson.dumps(value)
    done: bytes = ElementTree.tostring(build_element(root, value), encoding="utf-8", xml_declaration=True)
    return done


def build_element(name: str, value: Any) -> ElementTree.Element:
    made = ElementTree.Element(name)
    if isinstance(value, Mapping):
        made.extend(build_element(key, one) for key, one in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        made.extend(build_element(ITEMS[name], one) for one in value)
    elif value is not None:
        # In XML it is `true`, not `True`.
        made.text = str(value).lower() if isinstance(value, bool) else UNFIT.sub("\ufffd", str(value))
    return made
