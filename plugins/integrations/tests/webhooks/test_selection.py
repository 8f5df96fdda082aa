"""What may be sent along, and who may set endpoints up."""

from __future__ import annotations

from gongzhi_server.testing import Server

from .conftest import Desk

GOOD = (
    "{ number status rating category { code } grid { code } leadUnit { code } }",
    "{ number externalNumber source dueAt light ... on Case { solved } timeline(first: 5) { type at } }",
)
TELLING = (
    "{ title }",
    "{ number requester { id } }",
    "{ reply { text } }",
    "{ place { longitude } }",
    "{ timeline(first: 3) { note } }",
    "{ grid { name } }",
    "{ grid { cases(first: 2) { nodes { description } } } }",
    "{ a: address }",
    "{ timeline(first: 3) { data } }",
)
WRONG = (
    "number",
    "{ nothing }",
    "{ number } } mutation { x",
    "{ number } query B { __typename }",
    "query A { number }",
    "{ ...F } fragment F on Case { number }",
    "{ number @include(if: $x) }",
    "{ grid { cases(first: 100) { nodes { timeline { id } previous { timeline { id } } } } } }",
    "{" * 300,
)


async def test_selections_tell_no_one(desk: Desk) -> None:
    """Ids, codes, numbers and times; in one test, for a server takes longer to start than all of them."""
    for selection in GOOD:
        await desk.create(selection=selection)
    for selection in (*TELLING, *WRONG):
        payload = await desk.system.do(
            "createWebhook", "webhook { id }", url=desk.receiver.url, grid="610921", selection=selection
        )
        assert payload["webhook"] is None, selection
        assert [(one["code"], one["path"]) for one in payload["errors"]] == [("BAD_USER_INPUT", ["selection"])]
    for wrong in (
        {"url": "ftp://example.org/"}, {"url": "https://user:word@example.org/"}, {"url": "https:///x"},
        {"url": "https://example.org/#x"}, {"url": "file:///etc/passwd"}, {"url": "https://example.org:99999/"},
        {"types": ["case.nothing"]}, {"grid": "61"}, {"grid": "999999"}, {"grid": "610922"},
    ):  # fmt: skip
        given = {"url": desk.receiver.url, "grid": "610921", **wrong}
        payload = await desk.system.do("createWebhook", "webhook { id }", **given)
        assert [one["path"] for one in payload["errors"]] == [list(wrong)], payload


async def test_endpoints_are_ones_own(desk: Desk) -> None:
    made = await desk.create()
    id = made["webhook"]["id"]
    watcher = desk.server.as_("auditor", grid="610921")
    stranger = desk.server.as_("integrator", grid="610921")
    seen = "query { webhooks(first: 5) { nodes { id url } } }"
    assert (await stranger.ask(seen)).data["webhooks"]["nodes"] == []
    assert [one["id"] for one in (await watcher.ask(seen)).data["webhooks"]["nodes"]] == [id]
    assert await codes(stranger, "updateWebhook", webhook=id, expectedVersion=1) == ["NOT_FOUND"]
    assert await codes(stranger, "deleteWebhook", webhook=id, name="WebhookInput") == ["NOT_FOUND"]
    assert await codes(desk.server.as_("administrator"), "rotateWebhookSecret", webhook=id) == ["FORBIDDEN"]
    assert await codes(watcher, "setWebhookActive", webhook=id, active=False) == []
    assert await codes(watcher, "setWebhookActive", webhook=id, active=True) == ["FORBIDDEN"]
    assert await codes(desk.system, "updateWebhook", webhook=id, expectedVersion=1) == ["STALE_VERSION"]
    changed = {"types": ["case.closed"], "selection": None, "url": "https://example.org/hooks"}
    assert await codes(desk.system, "updateWebhook", webhook=id, expectedVersion=2, **changed) == []
    assert await codes(desk.system, "deleteWebhook", webhook=id, name="WebhookInput") == []


async def codes(caller: Server, mutation: str, /, name: str | None = None, **given: object) -> list[str]:
    kind = name or f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}"
    key = f"{mutation} {sorted(given)} {given.get('expectedVersion')}{given.get('active')}"
    answer = await caller.ask(query, input={"idempotencyKey": key, **given})
    return [one["code"] for one in answer.data[mutation]["errors"]]
