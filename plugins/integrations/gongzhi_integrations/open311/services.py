"""Services: the subjects of cases, and what may be said of a case beside its subject."""

from __future__ import annotations

from typing import Any

from .inquiry import GeoReportError, Inquiry

CATEGORIES = """
query($after: String) {
  categories(first: 100, after: $after) {
    nodes { code name parent { code name } validTo }
    pageInfo { endCursor hasNextPage }
  }
}
"""
CHANNELS = "{ channels(first: 100) { nodes { code name } } }"
KINDS = {"HELP": "求助 A request for help", "CONSULT": "咨询 A question", "COMPLAINT": "投诉 A complaint",
         "SUGGESTION": "建议 A suggestion"}  # fmt: skip
"""All but tip-offs, which no other system is told of."""
URGENCIES = {"ROUTINE": "一般 In the usual time", "URGENT": "紧急 Soon", "EMERGENCY": "特急 At once"}
CHANNEL, RESIDENTS = "HOTLINE_12345", "WEB"
"""How a case arrives if nothing is said: from a hotline's system, and from a resident's own account."""


async def list_services(inquiry: Inquiry) -> list[dict[str, Any]]:
    """Return the list: subjects that have no finer ones below them."""
    # The list is the same everywhere, but an unknown county is an error all the same.
    await inquiry.jurisdiction()
    found = await load_subjects(inquiry)
    # A subject with finer ones below it is their group.
    groups = {one["parent"]["code"] for one in found if one["parent"]}
    return [service_of_subject(one) for one in found if one["code"] not in groups]


async def load_subjects(inquiry: Inquiry) -> list[Any]:
    """Return all subjects in use."""
    found: list[Any] = []
    page: Any = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        data = (await inquiry.ask(CATEGORIES, after=page["endCursor"]))["categories"]
        found += [one for one in data["nodes"] if one["validTo"] is None]
        page = data["pageInfo"]
    return found


def service_of_subject(subject: Any) -> dict[str, Any]:
    parent = subject["parent"] or subject
    return {
        "service_code": subject["code"],
        "service_name": subject["name"],
        "description": subject["name"] if parent is subject else f"{parent['name']}：{subject['name']}",
        "metadata": True,
        "type": "realtime",
        "keywords": "",
        "group": parent["name"],
    }


async def service_definition(inquiry: Inquiry, code: str) -> dict[str, Any]:
    """Return what may be said of a case of this subject. Raises GeoReportError."""
    await inquiry.jurisdiction()
    if code not in {one["code"] for one in await load_subjects(inquiry)}:
        raise GeoReportError(404, "service_code provided was not found")
    channels = (await inquiry.ask(CHANNELS))["channels"]["nodes"]
    attributes = [
        attribute_definition(1, "kind", "诉求类型 What is inquiry (a request for help if nothing is said)", KINDS),
        attribute_definition(
            2, "urgency", "紧急程度 How soon somebody must look (routine if nothing is said)", URGENCIES
        ),
        attribute_definition(
            3, "channel", f"渠道 How it arrived ({CHANNEL})", {one["code"]: one["name"] for one in channels}
        ),
    ]
    return {"service_code": code, "attributes": attributes}


def attribute_definition(order: int, code: str, description: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "variable": True,
        "code": code,
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": None,
        "order": order,
        "description": description,
        "values": [{"key": key, "name": name} for key, name in values.items()],
    }
