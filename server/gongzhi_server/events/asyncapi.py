"""AsyncAPI document: the events that are told, and in which form; `gongzhi asyncapi` prints it (AsyncAPI 3)."""

from __future__ import annotations

import datetime
import enum
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from importlib.metadata import version
from types import MappingProxyType
from typing import Any
from uuid import UUID

from gongzhi.declare.events import CODE, Actor, Code, Event, camel_case, strip_optional

VERSION = "3.0.0"
CURSOR = "Gongzhi-Cursor"
"""The header that integrators go on from; the tests of `plugins/integrations` compare it with messages."""
# How each type of a fact is written in JSON. A Decimal is a text, so that no reader rounds it.
SCALARS: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: {"type": "string", "format": "decimal"},
    UUID: {"type": "string", "format": "uuid"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    Code: {"type": "string", "pattern": f"^{CODE.pattern}$"},
}
TEXT = {"type": "string"}
HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {
            **TEXT,
            "format": "uuid",
            "description": "The event's id, the same each time; of several events one of the request.",
        },
        "webhook-timestamp": {**TEXT, "description": "When it was sent, in seconds since 1970."},
        "webhook-signature": {**TEXT, "description": "Standard Webhooks: `v1,…`, separated by spaces."},
    },
}
STREAM_HEADERS = {
    "type": "object",
    "required": ["Nats-Msg-Id", CURSOR],
    "properties": {
        "Nats-Msg-Id": {**TEXT, "format": "uuid", "description": "The event's id, the same each time."},
        CURSOR: {**TEXT, "description": "With it a subscription over GraphQL goes on after this event."},
    },
}
WEBHOOK = {
    "address": None,
    "title": "An endpoint (事件回调)",
    "description": "Whatever address `createWebhook` was given; see docs/integrators/webhooks.md.",
}
STREAM = {
    "address": "gongzhi.county.{county}.{town}.{type}",
    "title": "A county's stream over NATS JetStream (消息总线)",
    "description": "The events of its cases, but for tip-offs and what is internal; see docs/integrators/nats.md.",
    "parameters": {
        "county": {"description": "Its division code, six digits."},
        "town": {"description": "The division code of the town, nine digits; `_` where the case lies in none."},
        "type": {"description": "The event's type, such as `case.accepted`."},
    },
}
BATCH, MOST = "batch", 100
"""The message of an endpoint that takes several events at a time, and how many it may have."""
STREAMED = ".streamed"
"""The suffix of components that describe an event in a stream."""
EXTENSIONS: Mapping[str, Mapping[str, Any]] = {
    "dataversion": {"type": "integer", "description": "The version of the facts."},
    "actor": {"enum": [one.value for one in Actor]},
    "county": {**TEXT, "description": "The division code of the county."},
    "grid": {**TEXT, "description": "The code of the grid."},
    "caseid": {**TEXT, "format": "uuid", "description": "The key inside the case's global id."},
}
OWNER = "x-gongzhi-plugin"
ABOUT = (
    "What happens to cases, told in order and without a gap, and what the plugins of this server tell; they are named "
    f"in `{OWNER}`. Events hold codes, ids and numbers, never names or what people wrote. GraphQL subscriptions tell "
    "the same events under the same ids; docs/integrators/ has all three, with working clients."
)


def build_document(events: Iterable[type[Event]], owners: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Build the document: webhooks, and counties' streams over NATS. Subscriptions have the GraphQL schema.

    `owners` are the plugins that declare events, by the events' types.
    """
    # Sorted, so that the document is the same text each time, and a diff of it shows changes only.
    known = sorted(events, key=lambda one: one.type)
    # Streams are shared by many readers, so internal events do not go there.
    shared = [one for one in known if not one.internal]
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
            "webhook": WEBHOOK
            | {
                "messages": {name: schema_reference("messages", name) for name in (*(one.type for one in known), BATCH)}
            },
            "stream": STREAM
            | {"messages": {one.type: schema_reference("messages", one.type + STREAMED) for one in shared}},
        },
        "operations": {
            "deliver": describe_operation(
                "webhook", "Deliver events to an endpoint (投递事件)", [one.type for one in known]
            ),
            "deliverBatch": describe_operation(
                "webhook", "Deliver events together to an endpoint whose `batch` is more than 1 (批量投递)", [BATCH]
            ),
            "publish": describe_operation(
                "stream", "Publish the events of a county's cases (发布事件)", [one.type for one in shared]
            ),
        },
        "components": build_components(known, shared, owners),
    }


def build_components(
    known: Sequence[type[Event]], shared: Sequence[type[Event]], owners: Mapping[str, str]
) -> dict[str, Any]:
    """Build the messages and schemas: of events as they are delivered, together, and as they are streamed."""
    return {
        "messages": {
            **{one.type: describe_message(one, "", owners) for one in known},
            BATCH: BATCH_MESSAGE,
            **{one.type + STREAMED: describe_message(one, STREAMED, owners) for one in shared},
        },
        "schemas": {
            "headers": HEADERS,
            BATCH: batch_schema(known),
            "headers" + STREAMED: STREAM_HEADERS,
            **{one.type: envelope_schema(one, delivery_schema(one), sequence=SEQUENCE) for one in known},
            **{one.type + STREAMED: envelope_schema(one, facts_schema(one), **EXTENSIONS) for one in shared},
        },
    }


SEQUENCE = {**TEXT, "description": "Counts what the endpoint is sent for the first time; compare it as a text."}


def schema_reference(kind: str, name: str) -> dict[str, str]:
    """Refer to a component of the document."""
    return {"$ref": f"#/components/{kind}/{name}"}


BATCH_MESSAGE = {
    "name": BATCH,
    "title": "Several events in one request, each of another case (批量事件)",
    "contentType": "application/cloudevents-batch+json",
    "headers": schema_reference("schemas", "headers"),
    "payload": schema_reference("schemas", BATCH),
}


def batch_schema(events: Iterable[type[Event]]) -> dict[str, Any]:
    """Build the array of events that one request has (CloudEvents, batched content mode)."""
    kinds = [schema_reference("schemas", one.type) for one in events]
    return {"type": "array", "minItems": 1, "maxItems": MOST, "items": {"anyOf": kinds} if kinds else {}}


def describe_operation(channel: str, title: str, names: Iterable[str]) -> dict[str, Any]:
    """Describe the sending of messages over a channel."""
    place = f"#/channels/{channel}"
    messages = [{"$ref": f"{place}/messages/{name}"} for name in names]
    return {"action": "send", "title": title, "channel": {"$ref": place}, "messages": messages}


def describe_message(event: type[Event], form: str, owners: Mapping[str, str]) -> dict[str, Any]:
    """Describe an event as a message in a form: delivered, or streamed."""
    owner = {OWNER: owners[event.type]} if event.type in owners else {}
    return {
        "name": event.type,
        "title": event.description,
        "contentType": "application/cloudevents+json",
        "headers": schema_reference("schemas", f"headers{form}"),
        "payload": schema_reference("schemas", f"{event.type}{form}"),
        **owner,
    }


def envelope_schema(event: type[Event], data: Mapping[str, Any], **extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Build the CloudEvent of an event (CloudEvents 1.0) as JSON Schema."""
    properties = {
        "specversion": {"const": "1.0"},
        "id": {**TEXT, "format": "uuid"},
        "source": {**TEXT, "format": "uri-reference"},
        "type": {"const": event.type},
        "time": {**TEXT, "format": "date-time"},
        "subject": {**TEXT, "description": "The case's number."},
        "datacontenttype": {"const": "application/json"},
        **extensions,
        "data": data,
    }
    required = ["specversion", "id", "source", "type", "time", "datacontenttype", "data"]
    return {"type": "object", "description": event.description, "required": required, "properties": properties}


def delivery_schema(event: type[Event]) -> dict[str, Any]:
    """Build the data of an event as an endpoint gets it."""
    data = {
        "version": {"const": event.version},
        "actor": {"enum": [one.value for one in Actor]},
        "facts": facts_schema(event),
        "case": {"type": ["object", "null"], "description": "The case as it is, by the endpoint's selection."},
    }
    return {"type": "object", "required": ["version", "actor", "facts"], "properties": data}


def facts_schema(event: type[Event]) -> dict[str, Any]:
    """Build what an event class declares as JSON Schema."""
    # No "additionalProperties: false": later versions may add facts, and clients must accept them.
    known = {camel_case(name): json_schema(hint) for name, hint in event.hints.items()}
    return {"type": "object", "required": list(known), "properties": known}


def json_schema(hint: Any) -> dict[str, Any]:
    """Translate the type of a fact to JSON Schema."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return {"anyOf": [json_schema(strip_optional(hint)), {"type": "null"}]}
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": json_schema(typing.get_args(hint)[0])}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [one.value for one in hint]}
    return dict(SCALARS[hint])
