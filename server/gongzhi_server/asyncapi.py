"""The AsyncAPI 3 document of all events: what is told, and in which form. `gongzhi asyncapi` prints it."""

from __future__ import annotations

import datetime
import enum
import types
import typing
from collections.abc import Iterable
from decimal import Decimal
from importlib.metadata import version
from typing import Any
from uuid import UUID

from gongzhi.events.event import CODE, Actor, Code, Event, bare, camel

VERSION = "3.0.0"
SCALARS: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: {"type": "string", "format": "decimal"},
    UUID: {"type": "string", "format": "uuid"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    Code: {"type": "string", "pattern": f"^{CODE.pattern}$"},
}
HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "format": "uuid", "description": "The event's id, the same each time."},
        "webhook-timestamp": {"type": "string", "description": "When it was sent, in seconds since 1970."},
        "webhook-signature": {"type": "string", "description": "Standard Webhooks: `v1,…`, separated by spaces."},
    },
}
ABOUT = (
    "What happens to cases, told in order and without a gap. Events hold codes, ids and numbers, never names or what "
    "people wrote. GraphQL subscriptions and webhooks tell the same events under the same ids; docs/integrators/ has "
    "both, with working clients."
)


def document(events: Iterable[type[Event]]) -> dict[str, Any]:
    """The document. Webhooks are what it describes; subscriptions have the GraphQL schema, and are named in words."""
    known = sorted(events, key=lambda one: one.type)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Gongzhi (共治): events",
            "version": version("gongzhi"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "webhook": {
                "address": None,
                "title": "An endpoint (事件回调)",
                "description": "Whatever address `createWebhook` was given; see docs/integrators/webhooks.md.",
                "messages": {one.type: reference("messages", one.type) for one in known},
            }
        },
        "operations": {
            "deliver": {
                "action": "send",
                "title": "Deliver events to an endpoint (投递事件)",
                "channel": {"$ref": "#/channels/webhook"},
                "messages": [{"$ref": f"#/channels/webhook/messages/{one.type}"} for one in known],
            }
        },
        "components": {
            "messages": {one.type: message(one) for one in known},
            "schemas": {"headers": HEADERS, **{one.type: envelope(one) for one in known}},
        },
    }


def reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.description,
        "contentType": "application/cloudevents+json",
        "headers": reference("schemas", "headers"),
        "payload": reference("schemas", event.type),
    }


def envelope(event: type[Event]) -> dict[str, Any]:
    """The CloudEvent of an event, as JSON Schema."""
    data = {
        "version": {"const": event.version},
        "actor": {"enum": [one.value for one in Actor]},
        "facts": facts(event),
        "case": {"type": ["object", "null"], "description": "The case as it is, by the endpoint's selection."},
    }
    text = {"type": "string"}
    properties = {
        "specversion": {"const": "1.0"},
        "id": {**text, "format": "uuid"},
        "source": {**text, "format": "uri-reference"},
        "type": {"const": event.type},
        "time": {**text, "format": "date-time"},
        "subject": {**text, "description": "The case's number."},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object", "required": ["version", "actor", "facts"], "properties": data},
    }
    required = ["specversion", "id", "source", "type", "time", "datacontenttype", "data"]
    return {"type": "object", "description": event.description, "required": required, "properties": properties}


def facts(event: type[Event]) -> dict[str, Any]:
    """What an event class declares, as JSON Schema. More may be added to it later."""
    known = {camel(name): schema(hint) for name, hint in event.hints.items()}
    return {"type": "object", "required": list(known), "properties": known}


def schema(hint: Any) -> dict[str, Any]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return {"anyOf": [schema(bare(hint)), {"type": "null"}]}
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": schema(typing.get_args(hint)[0])}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [one.value for one in hint]}
    return dict(SCALARS[hint])
