"""What NATS has to know of accounts, as a part of its configuration.

Each integrator has an account of its own, which sees nothing but the requests for one consumer of one county: nobody
can listen to another one's answers, make consumers, or have something delivered into a stream.
"""

from __future__ import annotations

from .relay import Integrators
from .wire import shelf

OWN = "GONGZHI"


def configuration(integrators: Integrators) -> str:
    """The `accounts` of the servers. Passwords are variables of the servers' environment, and not in it."""
    return "\n".join(["accounts {", *indented(own(integrators)), *indented(theirs(integrators)), "}", ""])


def own(integrators: Integrators) -> list[str]:
    exports = [
        f"{{ service: {quoted(subject)}, accounts: [{label(county, name)}]{streamed(subject)} }}"
        for county, name in integrators
        for subject in subjects(county, name)
    ]
    return [
        f"{OWN} {{",
        "  jetstream: enabled",
        "  users: [ { user: gongzhi, password: $NATS_GONGZHI } ]",
        "  exports: [",
        *(f"    {each}" for each in exports),
        "  ]",
        "}",
    ]


def theirs(integrators: Integrators) -> list[str]:
    lines = []
    for county, name in integrators:
        account = label(county, name)
        imports = [f"{{ service: {{ account: {OWN}, subject: {quoted(one)} }} }}" for one in subjects(county, name)]
        user = f"{{ user: {quoted(f'{county}-{name}')}, password: $NATS_{account} }}"
        lines += [
            f"{account} {{",
            f"  users: [ {user} ]",
            "  imports: [",
            *(f"    {each}" for each in imports),
            "  ]",
            "}",
        ]
    return lines


def subjects(county: str, name: str) -> tuple[str, str, str]:
    """What an integrator may ask: the next message, how the consumer stands; and what it acknowledges by."""
    consumer = f"{shelf(county)}.{name}"
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer}",
        f"$JS.API.CONSUMER.INFO.{consumer}",
        f"$JS.ACK.{consumer}.>",
    )


def label(county: str, name: str) -> str:
    return f"COUNTY_{county}_{name.upper().replace('-', '_')}"


def quoted(text: str) -> str:
    return f'"{text}"'


def streamed(subject: str) -> str:
    """A request for messages may have several answers."""
    return ", response: stream" if ".MSG.NEXT." in subject else ""


def indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
