"""Accounts: what NATS has to know of them, as a part of its configuration.

Each integrator has an account of its own, which sees nothing but the requests for one consumer of one county: nobody
can listen to another one's answers, make consumers, or have something delivered into a stream.
"""

from __future__ import annotations

from ..settings import Integrators
from .messages import stream_of

OWN = "GONGZHI"
STANDING = "gongzhi.consumer"
"""Where the question how a consumer stands goes within an integrator's account. Under its own name the server would
answer it as well, and first: that the account has no JetStream."""
ON_DISK = (
    "# By default NATS answers up to two minutes before it writes to the disk; a loss of power takes what it took.",
    '# On every server: jetstream { store_dir: "/var/lib/nats", sync_interval: always }',
)
"""What the configuration says beside the accounts: it is not ours to write, and no client can ask for it."""


def write_configuration(integrators: Integrators) -> str:
    """Write the `accounts` of the servers. Passwords are variables of the servers' environment, and not in it."""
    return "\n".join(
        [
            *ON_DISK,
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
        taking, standing, acknowledging = list_subjects(county, name)
        imports = [
            f"{{ service: {{ account: {OWN}, subject: {quote_text(taking)} }} }}",
            f"{{ service: {{ account: {OWN}, subject: {quote_text(standing)} }}, to: {quote_text(STANDING)} }}",
            f"{{ service: {{ account: {OWN}, subject: {quote_text(acknowledging)} }} }}",
        ]
        user = f"{{ user: {quote_text(f'{county}-{name}')}, password: $NATS_{account} }}"
        lines += [
            f"{account} {{",
            f"  users: [ {user} ]",
            "  imports: [",
            *(f"    {each}" for each in imports),
            "  ]",
            f"  mappings: {{ {quote_text(standing)}: {quote_text(STANDING)} }}",
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
