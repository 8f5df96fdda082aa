"""The client for other systems loses nothing and takes nothing twice, and believes nothing that is not signed."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints

import httpx
import pytest
from gongzhi_client import (
    Client,
    CursorExpired,
    Event,
    FiledOrder,
    GongzhiError,
    Order,
    Place,
    WrongSignature,
    read_webhook,
)
from gongzhi_server.testing import ESSENTIAL, built_graphql_schema
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type, is_required_input_field
from standardwebhooks import Webhook

from .conftest import Station
from .killed_clients import kill_while_it_follows

FOLDER = Path(__file__).parents[2] / "clients" / "python"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SECRET, OTHER = (f"whsec_{letter * 43}=" for letter in "ab")


def example(name: str) -> str:
    [found] = re.findall(rf"```python {name}\n(.*?)```", README, re.DOTALL)
    return str(found)


def client_of(station: Station) -> Client:
    return Client(station.url, station.headers["authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
async def test_killed_it_loses_and_doubles_nothing(station: Station, tmp_path: Path, kills: int) -> None:
    """While it takes an event, before it has any, and while it starts."""
    script = tmp_path / "client.py"
    script.write_text(example("events"), encoding="utf-8")
    token = station.as_("integrator", grid="610921").headers["authorization"].removeprefix("Bearer ")
    told = {"GONGZHI_URL": station.url, "GONGZHI_TOKEN": token, "PYTHONPATH": str(FOLDER)}
    kept, numbers = await kill_while_it_follows(station, script, told, kills, 60 + 10 * kills)
    assert kept == numbers  # ids are the key: what came twice would have failed


def test_it_says_the_furthest_position_that_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, it reads its own changes at any server of the database; where an answer was lost it says none."""
    said, told = list[str | None](), iter(["41", "7", "x", "100", None, None])

    def answer(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        said.append(request.headers.get("gongzhi-position"))
        if (position := next(told)) is None:
            raise httpx.ReadError("lost")
        return httpx.Response(200, json={"data": {}}, headers={"gongzhi-position": position})

    client = Client("http://test", "nothing")
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    for _ in range(4):
        client.ask("{ me { account } }")
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            client.ask("{ me { account } }")
    assert said == [None, "41", "41", "41", "100", None]


async def test_it_files_orders_and_says_what_is_refused(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a batch holds, and a cursor that nobody gave."""
    monkeypatch.setattr("gongzhi_client.client.BATCH", 2)
    client = client_of(station.as_("integrator", grid="610921"))
    order = {"kind": "HELP", "category": "roads.lighting", "title": "路灯", "description": "路灯不亮", "grid": "999"}
    orders: list[Any] = [{**order, "externalNumber": f"C-{at}"} for at in range(3)]
    found = await asyncio.to_thread(lambda: list(client.file_orders(orders)))
    assert [one["externalNumber"] for one in found] == [one["externalNumber"] for one in orders]
    assert found[0]["errors"][0]["path"] == ["grid"]
    with pytest.raises(CursorExpired):
        await asyncio.to_thread(lambda: next(client.follow("nonsense")))
    with pytest.raises(GongzhiError) as refused:
        await asyncio.to_thread(client.ask, "{ nope }")
    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
    client.close()


def test_types_are_those_of_the_schema() -> None:
    """What must be given, what may be, and the values there are."""
    schema = built_graphql_schema(ESSENTIAL)
    for kind, name in ((Order, "IntakeEntryInput"), (Place, "PointInput")):
        declared = schema.type_map[name]
        assert isinstance(declared, GraphQLInputObjectType)
        assert kind.__annotations__.keys() == declared.fields.keys()
        required = {field for field, one in declared.fields.items() if is_required_input_field(one)}
        hints = get_type_hints(kind, include_extras=True)
        assert {field for field, hint in hints.items() if get_origin(hint) is not NotRequired} == required
        for field, hint in get_type_hints(kind).items():
            if get_origin(hint) is Literal:
                values = get_named_type(declared.fields[field].type)
                assert isinstance(values, GraphQLEnumType) and set(get_args(hint)) == set(values.values)
    assert FiledOrder.__annotations__.keys() <= schema.type_map["IntakeResult"].fields.keys()  # type: ignore
    assert Event.__annotations__.keys() == schema.type_map["CloudEvent"].fields.keys() - {"case"}  # type: ignore


def delivery(secret: str, ago: timedelta = timedelta()) -> tuple[bytes, dict[str, str]]:
    body, at = json.dumps({"id": "1", "type": "case.closed"}), datetime.now(UTC) - ago
    signature = Webhook(secret).sign("1", at, body)
    headers = {"Webhook-Id": "1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}
    return body.encode(), headers


def test_only_what_is_signed_is_read() -> None:
    body, headers = delivery(SECRET)
    assert read_webhook(body, headers, SECRET)["type"] == "case.closed"
    assert read_webhook(body, headers, OTHER, SECRET)["id"] == "1"
    for given in ((body + b" ", headers, SECRET), (body, headers, OTHER), (body, headers), (body, {}, SECRET)):
        with pytest.raises(WrongSignature):
            read_webhook(*given)
    with pytest.raises(WrongSignature):
        read_webhook(*delivery(SECRET, timedelta(minutes=6)), SECRET)


def test_examples_are_python() -> None:
    """What the page shows of webhooks works on a delivery; the others are run against a server."""
    scope: dict[str, Any] = {}
    exec(example("webhook"), scope)
    secret = re.findall(r"whsec_\w+", example("webhook"))[0]
    body, headers = delivery(secret)
    seen: set[str] = set()
    assert [scope["receive"](body, headers, seen), scope["receive"](body + b"x", headers, seen)] == [204, 401]
    assert seen == {"1"}
    compile(example("intake"), "README.md", "exec")
