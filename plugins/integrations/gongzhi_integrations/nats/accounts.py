"""Accounts: what NATS has to know of them, as a part of its configuration.

Each integrator has an account of its own, which sees nothing but the requests for one consumer of one county: nobody
can listen to another one's answers, make consumers, or have something delivered into a stream.
"""

from __future__ import annotations

from ..settings import Integrators
from .messages import stream_of

OWN = "GONGZHI"


def write_configuration(integrators: Integrators) -> str:
    """Write the `accounts` of the servers. Passwords are variables of the servers' environment, and not in it."""
    return "\n".join(
        [
            "accounts {",
            *indent_lines(write_own_account(integrators)),
            *indent_lines(write_integrator_accounts(integrators)),
            "}",
            "",
        ]
    )


def write_own_account(integrators: Integrators) -> list[str]:
    """Write our own account, which answers each integrator's requests and has all else to itself."""
    exports = [
        f"{{ service: {quote_text(subject)}, accounts: [{account_label(county, name)}]{allow_several(subject)} }}"
        for county, name in integrators
        for subject in list_subjects(county, name)
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


def write_integrator_accounts(integrators: Integrators) -> list[str]:
    """Write an account for each integrator, which can send nothing but the requests of one consumer."""
    lines = []
    for county, name in integrators:
        account = account_label(county, name)
        # Nothing else of our account can be reached from this one.
        imports = [
            f"{{ service: {{ account: {OWN}, subject: {quote_text(one)} }} }}" for one in list_subjects(county, name)
        ]
        user = f"{{ user: {quote_text(f'{county}-{name}')}, password: $NATS_{account} }}"
        lines += [
            f"{account} {{",
            f"  users: [ {user} ]",
            "  imports: [",
            *(f"    {each}" for each in imports),
            "  ]",
            "}",
        ]
    return lines


def list_subjects(county: str, name: str) -> tuple[str, str, str]:
    """List what an integrator may ask: the next message, how the consumer stands; and what it acknowledges by."""
    consumer = f"{stream_of(county)}.{name}"
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer}",
        f"$JS.API.CONSUMER.INFO.{consumer}",
        f"$JS.ACK.{consumer}.>",
    )


def account_label(county: str, name: str) -> str:
    """Name the account of an integrator."""
    return f"COUNTY_{county}_{name.upper().replace('-', '_')}"


def quote_text(text: str) -> str:
    """Quote a text as the configuration has it."""
    return f'"{text}"'


def allow_several(subject: str) -> str:
    """Let a request for messages have several answers."""
    return ", response: stream" if ".MSG.NEXT." in subject else ""


def indent_lines(lines: list[str]) -> list[str]:
    """Indent lines of the configuration."""
    return [f"  {line}" for line in lines]
