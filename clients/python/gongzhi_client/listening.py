"""Listening: `gongzhi-listen` sends what happens to an address of yours as webhooks do, while you write your program.

It asks for events with your key, so nothing on your side has to be reachable, and no endpoint is set up. Deliveries are
signed and look like those of an endpoint; each is sent once, and what came of it is printed.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from .client import Client, GongzhiError
from .types import Event

CASES = "query($after: String!, $first: Int!) { events(after: $after, first: $first) { events { id case %s } } }"
TYPE = "application/cloudevents+json; charset=utf-8"
ANSWER = 20.0
"""Seconds that an endpoint may take."""


def make_body(event: Event, sequence: int, case: Mapping[str, Any] | None, with_case: bool) -> bytes:
    """Make the body of an event as an endpoint gets it, the one of this `sequence`."""
    data = {"version": event["dataversion"], "actor": event["actor"], "facts": event["data"]}
    made = {
        "specversion": event["specversion"],
        "id": event["id"],
        "source": event["source"],
        "type": event["type"],
        "time": event["time"],
        "sequence": f"{sequence:016}",
        **({"subject": event["subject"]} if "subject" in event else {}),
        "datacontenttype": "application/json",
        "data": {**data, "case": case} if with_case else data,
    }
    return httpx.Request("POST", "http://x", json=made).content


def sign(id: str, body: bytes, secret: str) -> Mapping[str, str]:
    """Make the headers of a delivery, as Standard Webhooks have them."""
    now = datetime.now(UTC)
    return {
        "content-type": TYPE,
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, now, body.decode()),
    }


def listen(client: Client, to: str, secret: str, types: Sequence[str], selection: str | None, after: str) -> None:
    """Send what happens behind a cursor to an address, without end. Raises as `Client.follow` does."""
    sequence = 0
    with httpx.Client(timeout=ANSWER) as receiver:
        for page in client.follow(after):
            cases = find_cases(client, selection, after, len(page.events)) if selection else {}
            for event in page.events:
                if types and event["type"] not in types:
                    continue
                sequence += 1
                body = make_body(event, sequence, cases.get(event["id"]), bool(selection))
                came = deliver(receiver, to, event["id"], body, secret)
                print(event["type"], event.get("subject", "-"), came, flush=True)
            after = page.cursor


def find_cases(client: Client, selection: str, after: str, first: int) -> Mapping[str, Any]:
    """Find what is selected of the cases of a page's events, by the events' ids."""
    found = client.ask(CASES % selection, after=after, first=first)["events"]["events"]
    return {one["id"]: one["case"] for one in found}


def deliver(receiver: httpx.Client, to: str, id: str, body: bytes, secret: str) -> str:
    """Send a delivery once, and say what came of it."""
    try:
        return str(receiver.post(to, content=body, headers=dict(sign(id, body, secret))).status_code)
    except httpx.HTTPError as problem:
        return type(problem).__name__


def read_arguments() -> argparse.Namespace:
    """Read the command line. The key is never there: others could see it in the list of processes."""
    parser = argparse.ArgumentParser(
        prog="gongzhi-listen",
        description="Send what happens to an address of yours, signed as webhooks are (本地调试).",
    )
    parser.add_argument("to", help="the address, such as http://localhost:3000/events")
    parser.add_argument("--server", default=os.environ.get("GONGZHI_URL"), help="the server's address; or GONGZHI_URL")
    parser.add_argument("--type", action="append", default=[], help="only these events, such as case.closed")
    parser.add_argument("--selection", help='what of the case is sent along, such as "{ number status }"')
    parser.add_argument("--secret", default=os.environ.get("WEBHOOK_SECRET"), help="whsec_…; not said: a new one")
    given = parser.parse_args()
    if not given.server or not os.environ.get("GONGZHI_TOKEN"):
        parser.error("name the server (GONGZHI_URL), and have an API key in GONGZHI_TOKEN")
    return given


def main() -> None:
    """Listen until it is stopped."""
    given = read_arguments()
    secret = given.secret or f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    client = Client(given.server, os.environ["GONGZHI_TOKEN"])
    try:
        cursor = client.find_cursor()
        if not given.secret:
            print(f"WEBHOOK_SECRET={secret}", flush=True)
        print("listening", flush=True)
        listen(client, given.to, secret, given.type, given.selection, cursor)
    except GongzhiError as refused:
        raise SystemExit(f"{refused.code}: {refused}") from None
    except KeyboardInterrupt:
        pass
    finally:
        client.close()


if __name__ == "__main__":
    main()
