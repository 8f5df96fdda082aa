"""Receiving: how messages arrive, from a source that is asked, or pushed with a signature."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID, uuid4
from xml.etree.ElementTree import Element

from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.outbound.networks import PRIVATE, OutboundNetworks
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.runtime.services import ServiceRun
from gongzhi.values.errors import Refusal
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from .cap import LONGEST, NAMESPACE, Alert, UnfitAlert, parse_xml, read_alert
from .handling import handle_warnings
from .settings import BulletinSettings

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("gongzhi.bulletins")
EVERY = timedelta(minutes=1)
SECONDS, MOST_SECONDS = 10.0, 30.0
"""How long each part of an answer may take, and the whole of it."""
ADDRESS = 500
ENTRIES = 50
"""How many entries of a feed are looked at, the first first: feeds begin with what is new."""
TOLERANCE = timedelta(minutes=5)
ATOM = "{http://www.w3.org/2005/Atom}"

KEEP = """
insert into bulletins.warning (
  id, sender, identifier, sent, status, message_type, scope, reference, "references", event, severity, expires, title,
  text, infos, polygons, codes, url, received_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10, $11, $12, $13, $14, $15::text::jsonb, $16::text[],
  $17::text[], $18, $19)
on conflict (sender, identifier, sent) do nothing returning id
"""
KNOWN = "select url from bulletins.warning where url=any($1::text[])"

Fetch = Callable[..., Awaitable[Sequence[Any]]]


async def keep_message(fetch: Fetch, alert: Alert, url: str | None, now: datetime) -> UUID | None:
    """Keep a message and return its key; None if it is there: by sender, identifier and moment it is the same."""
    # A cancellation may say nothing but what it cancels.
    main = alert.main if alert.infos else None
    infos = [
        {
            "language": one.language,
            "event": one.event,
            "severity": one.severity.name,
            "headline": one.headline,
            "description": one.description,
            "instruction": one.instruction,
        }
        for one in alert.infos
    ]
    kept = await fetch(
        KEEP,
        uuid4(),
        alert.sender,
        alert.identifier,
        alert.sent,
        alert.status,
        alert.message_type,
        alert.scope,
        alert.reference,
        list(alert.references),
        main.event if main else "",
        main.severity.value if main else "UNKNOWN",
        max((one.expires for one in alert.infos), default=alert.sent),
        main.headline if main else "",
        main.text if main else "",
        json.dumps(infos, ensure_ascii=False),
        [write_polygon(one) for one in alert.polygons],
        list(alert.codes),
        url,
        now,
    )
    return kept[0]["id"] if kept else None


def write_polygon(corners: Sequence[tuple[float, float]]) -> str:
    """Write a polygon for PostgreSQL as boundaries are kept, in millionths of a degree."""
    return "(" + ",".join(f"({longitude * 1e6:.1f},{latitude * 1e6:.1f})" for longitude, latitude in corners) + ")"


# asked


def has_source(settings: Any) -> bool:
    """Tell whether an operator has named a source."""
    return settings[BulletinSettings].source is not None


async def ask_source(run: ServiceRun) -> None:
    """Ask the source each minute, for as long as the server runs."""
    due: datetime | None = None
    while True:
        context = run.context()
        now = context.viewer.now
        # Events wake the service more often than the source is to be asked.
        if due is None or now >= due:
            due = now + EVERY
            try:
                await take_warnings(run, context.settings[BulletinSettings].source, now)
            except Exception as error:
                logger.warning(
                    "no warnings are heard from the source: %s; look at GONGZHI_BULLETINS_SOURCE", tell_failure(error)
                )
        await run.wait(EVERY.total_seconds())


async def take_warnings(run: ServiceRun, source: str, now: datetime) -> int:
    """Keep the messages that the source has and we have not, and have them handled; how many there were."""
    from gongzhi.runtime.outbound.clients import make_client

    kept = 0
    # The operator names the source, which may lie inside; what it names itself may not.
    async with (
        make_client(OutboundNetworks(PRIVATE), SECONDS) as own,
        make_client(OutboundNetworks(), SECONDS) as others,
    ):
        root = parse_xml(await read_body(own, source))
        if root.tag == f"{{{NAMESPACE}}}alert":
            kept += await keep_message(run.connection.fetch, read_alert(root), None, now) is not None
        else:
            for url in await find_new(run, [urljoin(source, one) for one in read_feed(root)]):
                client = own if urlsplit(url)[:2] == urlsplit(source)[:2] else others
                kept += await take_message(run, client, url, now)
    # Not within the loop: one job handles all that has come.
    if kept:
        await run.context().enqueue(handle_warnings, f"source:{now.isoformat()}")
    return kept


async def take_message(run: ServiceRun, client: httpx.AsyncClient, url: str, now: datetime) -> bool:
    """Keep the message at an address of the feed. One that is unfit, or cannot be had, holds up no other."""
    try:
        alert = read_alert(parse_xml(await read_body(client, url)))
    except Exception as error:
        logger.warning(
            "a message of the source of warnings is left out: %s; ask whoever runs the source", tell_failure(error)
        )
        return False
    return await keep_message(run.connection.fetch, alert, url, now) is not None


def tell_failure(error: Exception) -> str:
    """Tell why there is no message, without the address, which may hold a password, and what was in it."""
    from gongzhi.runtime.outbound.clients import name_failure

    return str(error) if isinstance(error, UnfitAlert) else name_failure(error)


async def read_body(client: httpx.AsyncClient, url: str) -> bytes:
    """Return what lies at an address, of which no more is read than a message may have."""
    body = b""
    # As it is, and not unpacked: what is packed may unfold to more than there is room for.
    asked = client.stream("GET", url, headers={"accept-encoding": "identity"})
    async with asyncio.timeout(MOST_SECONDS), asked as reply:
        if reply.status_code != 200 or reply.headers.get("content-encoding", "identity") != "identity":
            raise UnfitAlert(f"status {reply.status_code}, or packed")
        async for part in reply.aiter_raw():
            body += part
            if len(body) > LONGEST:
                raise UnfitAlert("it is too long")
    return body


def read_feed(root: Element) -> Iterator[str]:
    """Yield the addresses of the messages in an Atom feed. Raises UnfitAlert for what is neither feed nor message."""
    if root.tag != f"{ATOM}feed":
        raise UnfitAlert("it is neither a message nor a feed")
    for entry in root.findall(f"{ATOM}entry")[:ENTRIES]:
        links = [one for one in entry.findall(f"{ATOM}link") if one.get("rel", "alternate") == "alternate"]
        # Where there are several, the one that says it is a message.
        links.sort(key=lambda one: "cap+xml" not in one.get("type", ""))
        if links:
            yield links[0].get("href", "")


async def find_new(run: ServiceRun, urls: Sequence[str]) -> list[str]:
    """Return the addresses from which no message was kept yet."""
    known = {one["url"] for one in await run.connection.fetch(KNOWN, list(urls))}
    return [one for one in dict.fromkeys(urls) if one not in known and len(one) <= ADDRESS]


# pushed


async def receive_warning(call: RouteCall) -> Response:
    """Take a message that is signed with the operator's secret, as Standard Webhooks are."""
    settings = call.context.settings[BulletinSettings]
    viewer = await call.load_viewer(settings.account) if settings.secret and settings.account else None
    # As if the route were not there, so that nobody learns how it is set up.
    if viewer is None:
        raise not_found("Nothing is taken here.", "此处不接收预警。")
    body, now = await call.request.body(), call.context.viewer.now
    if not is_signed(settings.secret, call.request.headers, body, now):
        raise Refusal("FORBIDDEN", "The signature is wrong, or more than 5 minutes old.", "签名无效或已超过五分钟。")
    try:
        alert = read_alert(parse_xml(body))
    except UnfitAlert as error:
        raise invalid_input(f"This is no warning: {error}.", "不是有效的 CAP 1.2 预警消息。") from None

    async def keep(inner: Call) -> bool:
        key = await keep_message(inner.fetch, alert, None, now)
        if key is not None:
            inner.enqueue(handle_warnings, f"pushed:{key}")
        return key is not None

    new = await call.transact(viewer, "receiveWarning", [], keep)
    return JSONResponse({"new": new}, 202 if new else 200)


def is_signed(secret: str | None, headers: Headers, body: bytes, now: datetime) -> bool:
    """Tell whether a body was just signed with the secret; several signatures are allowed while one is renewed."""
    from standardwebhooks import Webhook

    try:
        signed = datetime.fromtimestamp(int(headers.get("webhook-timestamp", "")), UTC)
        expected = Webhook(secret or "").sign(headers.get("webhook-id", ""), signed, body.decode())
    # What is no number, no time, or no text has no signature.
    except (OverflowError, OSError, ValueError):
        return False
    # All are compared, in constant time.
    given = headers.get("webhook-signature", "").split(" ")
    matches = [hmac.compare_digest(expected.encode(), one.encode()) for one in given]
    return any(matches) and abs(now - signed) <= TOLERANCE


ROUTES = (Route("/warnings", receive_warning, methods=("POST",), strangers=True, longest=LONGEST),)
