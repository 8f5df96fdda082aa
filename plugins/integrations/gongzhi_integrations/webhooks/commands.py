"""Commands: set endpoints up, have them tried, and have events sent again."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import strawberry
from gongzhi.core.accounts.models import AccountRow
from gongzhi.core.cases.events import EVENTS
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime import sealing
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import input_form, invalid_input, is_given
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    secret_field,
)
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi.values.errors import FIELD, Refusal
from strawberry import ID, UNSET

from ..settings import IntegrationSettings
from . import secrets
from .due_times import due_now
from .models import DeliveryRow, DeliveryState, RetiredSecretRow, WebhookRow, WebhookState
from .rules import ACTIVE, EDIT, OWNS, STOPS, TEST
from .types import Webhook, WebhookDelivery

URL = 500
ENDPOINTS = 20
"""The most endpoints of an account."""
OVERLAP = 24
"""Hours that a rotated secret goes on for, if nobody says how many."""
OVERLAPPING = 4
"""The most secrets that sign beside the one of now; each makes every delivery's headers longer."""
AGAIN = timedelta(minutes=10)
"""How long a secret whose answer was lost can be asked for again by its idempotency key."""
NOWHERE = ("localhost", "local", "internal", "invalid", "onion", "alt", "lan", "home", "intranet")
"""Last parts of names that the internet does not know (RFC 6761, RFC 6762, and what is common inside)."""
TYPES = tuple(one.type for one in EVENTS)
TYPES_GIVEN = "The types it gets, of cases or of plugins' streams; all of cases, if none is named (事件类型)."
WEBHOOK = "The endpoint's id (回调标识)."
SELECTION = (
    "What of the case is sent along, such as { number status }: ids, codes, numbers, times; "
    "never names or what people wrote (字段选择)."
)
CONDITION = (
    "Which cases' events it gets, as a filter of cases such as { urgency: { equals: URGENT } }, which the case meets "
    "when the event is first sent; null for all (过滤条件)."
)
HEADER = (
    "A header Authorization that is sent along, such as Bearer …; kept sealed, never shown, null for none (授权头)."
)
MOST = 100
"""The most events of a request."""
BATCH = (
    f"How many events a request may have, 1 to {MOST}; with more than 1, each is an array of CloudEvents, of different "
    "cases (每批事件数)."
)
AUTHORIZED = re.compile(r"[!-~]([ -~]{0,998}[!-~])?")
"""Printable, and without blanks around it (RFC 9110)."""


@strawberry.type(description="The endpoint, or why nothing was done (回调结果).")
class WebhookPayload:
    webhook: Webhook | None = result_field("The endpoint (回调).")
    errors: list[Problem] = problems()


@strawberry.type(description="The endpoint with its secret, or why there is none (回调密钥结果).")
class WebhookSecretPayload:
    webhook: Webhook | None = result_field("The endpoint (回调).")
    secret: str | None = secret_field(
        "What its deliveries are signed with; shown once, and for ten minutes by the same key (签名密钥).", again=AGAIN
    )
    errors: list[Problem] = problems()


@strawberry.input(description="A new endpoint (创建回调).")
class CreateWebhookInput:
    idempotency_key: str = input_field(KEY)
    url: str = input_field("Where to send events to, https://… (地址).", length=(1, URL))
    grid: str = input_field(
        "It gets what happens in this grid, of a county or below, and in those below it (网格编码)."
    )
    types: list[str] = input_field(TYPES_GIVEN, default_factory=list)
    selection: str | None = input_field(SELECTION, default=UNSET)
    filter: str | None = input_field(CONDITION, default=UNSET)
    authorization: str | None = input_field(HEADER, default=UNSET)
    batch: int = input_field(BATCH, between=(1, MOST), default=1)


@command("Have events of cases delivered to an address, from now on (创建回调).", requires=EDIT)
async def create_webhook(call: Call, input: CreateWebhookInput) -> WebhookSecretPayload:
    with input_form() as read:
        url = read(partial(check_address, call), input.url, "url")
        types = read(partial(check_types, call), input.types, "types")
    grid = await find_county_grid(input.grid)
    if not call.may(EDIT, grid):
        raise not_allowed("grid")
    # Locked, so that two requests do not both find room.
    account = await AccountRow.select_for_update().get_or_none(name=call.viewer.account.name)
    if account is None:
        raise Refusal(
            "UNAUTHENTICATED",
            "An endpoint belongs to an account; sign in with one, or use its API key.",
            "回调须属于账户，请登录或使用接口密钥。",
        )
    if await WebhookRow.filter(account=account).count() >= ENDPOINTS:
        raise invalid_input(f"An account has {ENDPOINTS} endpoints at most.", f"每个账户最多 {ENDPOINTS} 个回调。")
    secret = sealing.data_key()
    row = WebhookRow(
        account=account,
        **bind_to_key(call),
        url=url,
        types=types,
        batch=input.batch,
        selection=check_selection(call, input.selection) if is_given(input.selection) else None,
        condition=await check_condition(call, input.filter) if is_given(input.filter) else None,
        grid=grid,
        secret=await secrets.wrap_secret(call, grid, secret),
        # From now on: what happened before is not delivered.
        position=await find_last_position(call),
        created_at=call.now,
    )
    await seal_authorization(call, row, input.authorization if is_given(input.authorization) else None)
    await row.save(force_create=True)
    return WebhookSecretPayload(webhook=ref(Webhook, row.id), secret=secrets.write_secret(secret))


@strawberry.input(description="A change of an endpoint (修改回调).")
class UpdateWebhookInput:
    idempotency_key: str = input_field(KEY)
    webhook: ID = input_field(WEBHOOK)
    expected_version: int = input_field(EXPECTED)
    url: str | None = input_field(
        "Where to send events to; with another scheme, host or port, say what becomes of authorization (地址).",
        length=(1, URL),
        default=UNSET,
    )
    types: list[str] | None = input_field(TYPES_GIVEN, default=UNSET)
    selection: str | None = input_field(SELECTION, default=UNSET)
    filter: str | None = input_field(CONDITION, default=UNSET)
    authorization: str | None = input_field(HEADER, default=UNSET)
    batch: int | None = input_field(BATCH, between=(1, MOST), default=UNSET)


OWNING = Action(Webhook, (OWNS,))
STOPPING = Action(Webhook, (STOPS,))


@command("Change where events are sent to, which, and what with them (修改回调).", requires=EDIT, action=OWNING)
async def update_webhook(call: Call, input: UpdateWebhookInput) -> WebhookPayload:
    row = await find_bound_webhook(call, input.webhook)
    with input_form() as read:
        url = read(partial(check_address, call), input.url, "url") if is_given(input.url) else row.url
        row.types = read(partial(check_types, call), input.types, "types") if is_given(input.types) else row.types
    if input.authorization is UNSET:
        require_same_origin(row, url)
    row.url = url
    row.batch = input.batch if is_given(input.batch) else row.batch
    if input.selection is not UNSET:
        row.selection = check_selection(call, input.selection) if input.selection else None
    if input.filter is not UNSET:
        row.condition = await check_condition(call, input.filter) if input.filter else None
    if input.authorization is not UNSET:
        await seal_authorization(call, row, input.authorization)
    return await save_webhook(row)


@strawberry.input(description="Whether an endpoint is to be delivered to (启停回调).")
class SetWebhookActiveInput:
    idempotency_key: str = input_field(KEY)
    webhook: ID = input_field(WEBHOOK)
    active: bool = input_field("Whether it is to get what happens (是否启用).")


@command(
    "Pause an endpoint, or begin again where it stopped; disabled ones too (启停回调).", requires=None, action=STOPPING
)
async def set_webhook_active(call: Call, input: SetWebhookActiveInput) -> WebhookPayload:
    row: WebhookRow = await find_webhook(call, input.webhook)
    # Who watches over endpoints stops them; only their owner starts them again.
    if input.active and (await row.account).name != call.viewer.account.name:
        raise not_allowed("active")
    row.state = WebhookState.ACTIVE if input.active else WebhookState.PAUSED
    if input.active:
        row.update_from_dict(bind_to_key(call))
    # It begins without the failures of before.
    row.reason = row.failing_since = row.rests_until = None
    return await save_webhook(row)


@strawberry.input(description="An endpoint, to do something with (回调操作).")
class WebhookInput:
    idempotency_key: str = input_field(KEY)
    webhook: ID = input_field(WEBHOOK)


@strawberry.type(description="Whether it was done, or why not (删除结果).")
class DeleteWebhookPayload:
    deleted: bool | None = result_field("Whether it is gone (是否已删除).")
    errors: list[Problem] = problems()


@command("Delete an endpoint and the log of its deliveries (删除回调).", requires=None, action=STOPPING)
async def delete_webhook(call: Call, input: WebhookInput) -> DeleteWebhookPayload:
    row: WebhookRow = await find_webhook(call, input.webhook)
    # Deliveries go with it by the foreign key; one that a worker is sending at this moment finds no row to write to.
    await row.delete()
    return DeleteWebhookPayload(deleted=True)


@strawberry.input(description="An endpoint that is to have a new secret (轮换回调密钥).")
class RotateWebhookSecretInput:
    idempotency_key: str = input_field(KEY)
    webhook: ID = input_field(WEBHOOK)
    overlap: int = input_field("For how many hours both sign (重叠小时数).", between=(0, 31 * 24), default=OVERLAP)


@command(
    "Make a new secret; for an overlap, deliveries are signed with both (轮换回调密钥).", requires=EDIT, action=OWNING
)
async def rotate_webhook_secret(call: Call, input: RotateWebhookSecretInput) -> WebhookSecretPayload:
    row = await find_bound_webhook(call, input.webhook)
    await RetiredSecretRow.filter(webhook=row, until__lte=call.now).delete()
    if await RetiredSecretRow.filter(webhook=row).count() >= OVERLAPPING:
        raise invalid_input(
            f"{OVERLAPPING} secrets overlap already; rotate when the first of them is over.",
            f"已有 {OVERLAPPING} 个密钥处于重叠期，请待其到期后再轮换。",
            "webhook",
        )
    # Without an overlap the secret of now signs nothing any more. Those before keep what they were promised.
    if input.overlap > 0:
        until = call.now + timedelta(hours=input.overlap)
        await RetiredSecretRow.create(webhook=row, county_id=row.county_id, secret=row.secret, until=until)
        row.previous_until = max(until, row.previous_until or until)
    secret = sealing.data_key()
    row.secret = await secrets.wrap_secret(call, await row.grid, secret)
    await save_webhook(row)
    return WebhookSecretPayload(webhook=ref(Webhook, row.id), secret=secrets.write_secret(secret))


@strawberry.type(description="What is sent to try an endpoint, or why nothing is (测试结果).")
class TestWebhookPayload:
    delivery: WebhookDelivery | None = result_field("What is sent; ask for it again to see what became of it (投递).")
    errors: list[Problem] = problems()


@command(
    "Send an endpoint something to try it with, of the type webhook.test (测试回调).",
    requires=EDIT,
    action=Action(Webhook, (OWNS,), (ACTIVE,)),
)
async def test_webhook(call: Call, input: WebhookInput) -> TestWebhookPayload:
    row = await find_bound_webhook(call, input.webhook)
    # Only put down here: whatever answers at the address must not hold this mutation's transaction open.
    delivery = await DeliveryRow.create(
        webhook=row,
        event_id=uuid4(),
        position=row.position,
        type=TEST,
        at=call.now,
        next_attempt_at=await due_now(call),
    )
    return TestWebhookPayload(delivery=ref(WebhookDelivery, delivery.id))


@strawberry.input(description="From when events are to be sent again (重放事件).")
class ReplayWebhookInput:
    idempotency_key: str = input_field(KEY)
    webhook: ID = input_field(WEBHOOK)
    since: datetime.datetime = input_field("What happened from this moment on is sent (again); ids stay (起始时间).")


@command(
    "Send all events from a moment on again, whether or not they were taken (重放事件).", requires=EDIT, action=OWNING
)
async def replay_webhook(call: Call, input: ReplayWebhookInput) -> WebhookPayload:
    since = require_offset(input.since, "since")
    row = await find_bound_webhook(call, input.webhook)
    if since > call.now:
        raise invalid_input(f"{FIELD} must not lie in the future.", f"{FIELD}不能晚于现在。", "since")
    # Never forward: what it has not had yet would be left out.
    row.position = min(row.position, await call.context.events.find_position(since))
    # What was put down already is sent again; the rest comes by the position.
    again = DeliveryRow.filter(webhook=row, at__gte=since).exclude(type=TEST)
    await again.update(state=DeliveryState.WAITING, attempts=0, next_attempt_at=await due_now(call))
    return await save_webhook(row)


def bind_to_key(call: Call) -> dict[str, Any]:
    """Return what an endpoint keeps of the API key that was shown: it knows no more than that may, nor any longer."""
    account = call.viewer.account
    return {"permissions": sorted(account.granted) if account.api_key else None, "key_id": account.api_key}


async def find_webhook(call: Call, webhook: ID) -> Any:
    """Find an endpoint that the caller sees. Raises Refusal."""
    return await call.find(Webhook, "webhook", id=key_of(Webhook)(webhook))


async def find_bound_webhook(call: Call, webhook: ID) -> WebhookRow:
    """Find an endpoint that the caller may change. Raises Refusal."""
    row: WebhookRow = await find_webhook(call, webhook)
    require_bound(call, row, "webhook")
    return row


def require_bound(call: Call, row: WebhookRow, *path: str) -> None:
    """Refuse an API key an endpoint that gets more than the key may, or that outlives it. Raises Refusal."""
    account = call.viewer.account
    if account.api_key is None:
        return
    # A token for the key may have fewer permissions than the key.
    bound = row.key_id == account.api_key and row.permissions is not None
    if not bound or not account.granted.issuperset(row.permissions):
        raise Refusal(
            "FORBIDDEN",
            "The endpoint is not bound to this API key, or gets more than it may: activate it with this key first, "
            "which binds it to the key, or sign in.",
            "该回调未绑定此接口密钥，或超出其权限。请先用此密钥启用该回调（即绑定），或登录后操作。",
            path,
        )


def require_same_origin(row: WebhookRow, url: str) -> None:
    """Refuse to take a header that nobody may see to another receiver. Raises Refusal."""
    if row.sealed_authorization is not None and find_origin(row.url) != find_origin(url):
        raise invalid_input(
            "The header is not sent to another receiver unasked: give it anew, or null for none.",
            "授权头不会自动发送至其他接收方，请重新填写，或填 null 表示不发送。",
            "authorization",
        )


def find_origin(url: str) -> tuple[str, str | None, int]:
    """Find the scheme, the host and the port of an address that has been checked."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


async def save_webhook(row: WebhookRow) -> WebhookPayload:
    """Save a change, and answer with the endpoint."""
    row.version += 1
    await row.save()
    return WebhookPayload(webhook=ref(Webhook, row.id))


def check_selection(call: Call, selection: str) -> str:
    """Print what is sent along anew. Raises Refusal for what may not be."""
    return call.context.events.check_selection(selection, call.viewer)


async def check_condition(call: Call, condition: str) -> str:
    """Print a filter of cases anew. Raises Refusal for one that may not choose what is sent."""
    return await call.context.events.check_condition(condition, call.viewer)


async def seal_authorization(call: Call, row: WebhookRow, value: str | None) -> None:
    """Seal what is sent along as the header Authorization, or take it away. Raises Refusal."""
    row.sealed_authorization = None
    if value is None:
        return
    if not AUTHORIZED.fullmatch(value):
        raise invalid_input(
            f"{FIELD} has 1 to 1000 printable characters of ASCII, none of them a blank at an end.",
            f"{FIELD}应为 1 至 1000 个可打印的 ASCII 字符，首尾不含空格。",
            "authorization",
        )
    grid = await row.grid
    if row.data_key is None:
        row.data_key = await secrets.wrap_secret(call, grid, sealing.data_key())
    key = call.context.keys.unwrap((await GridRow.get(id=grid.county_id)).code, bytes(row.data_key))
    row.sealed_authorization = sealing.seal_value(key, secrets.AUTHORIZATION.format(row.id), value)


async def find_county_grid(code: str) -> GridRow:
    """Find a grid that lies in a county: its key wraps the endpoint's secret. Raises Refusal."""
    grid = await find_grid(code, "grid")
    if grid.county_id is None:
        raise invalid_input("Name a county, or a grid inside one.", "请选择县级或以下网格。", "grid")
    return grid


async def find_last_position(call: Call) -> int:
    """Find the position of the last event."""
    [row] = await call.fetch("select given from events.counter")
    return int(row["given"])


def check_address(call: Call, url: str, *path: str) -> str:
    """Check the form of an address, and that events may be sent there. Raises Refusal.

    What a name leads to is looked at with each delivery: it may be another address by then.
    """
    try:
        parts = urlsplit(url)
        plain = not (parts.username or parts.password or parts.fragment) and parts.port != 0
    except ValueError:
        plain = False
    if not plain or parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii() or " " in url:
        raise invalid_input(
            "The address reads https://host/path, without a user, a password or a fragment.",
            "地址应形如 https://host/path，不含用户名、密码和片段。",
            *path,
        )
    require_reachable(OutboundNetworks(call.context.settings[IntegrationSettings].webhook_networks), parts, *path)
    return url


def require_reachable(networks: OutboundNetworks, parts: SplitResult, *path: str) -> None:
    """Refuse an address that nothing could ever be delivered to. Raises Refusal."""
    host = (parts.hostname or "").rstrip(".")
    # Somebody who names inner networks may have names for what is in them, and plain HTTP there.
    if parts.scheme == "http" and not networks.inside:
        raise invalid_input(
            "Events are sent over encrypted connections alone; the address begins with https://.",
            "事件仅通过加密连接投递，地址应以 https:// 开头。",
            *path,
        )
    try:
        address = ip_address(host)
    except ValueError:
        if not networks.inside and ("." not in host or host.rpartition(".")[2].lower() in NOWHERE):
            raise invalid_input(
                "The name is known inside a network alone, where events are not sent to; ask whoever runs the server.",
                "该主机名仅在内部网络中有效，事件不会投递到内部网络，请联系系统运维人员。",
                *path,
            ) from None
        return
    if not networks.allows(address, parts.scheme):
        raise invalid_input(
            "The address lies inside a network where events are not sent to, or is no host's; ask whoever runs the "
            "server to have its network allowed.",
            "该地址属于不允许投递的网络，或不是主机地址，请联系系统运维人员开放相应网络。",
            *path,
        )


def check_types(call: Call, types: Sequence[str], *path: str) -> list[str]:
    """Check types, and name each once: those of cases, and those of plugins that whoever asks may follow."""
    if set(types) - {*TYPES, *call.context.events.find_types(call.viewer)}:
        raise invalid_input(
            "There is no such type, or you may not follow it; the integrators' page on events lists them.",
            "事件类型不存在或无权订阅，请参阅集成文档中的事件清单。",
            *path,
        )
    return list(dict.fromkeys(types))


EXTENSIONS = (
    extend(
        Mutation,
        create_webhook=create_webhook,
        update_webhook=update_webhook,
        set_webhook_active=set_webhook_active,
        delete_webhook=delete_webhook,
        rotate_webhook_secret=rotate_webhook_secret,
        test_webhook=test_webhook,
        replay_webhook=replay_webhook,
    ),
)
