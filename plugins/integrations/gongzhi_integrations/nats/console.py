"""Console: what `nats` does for operators, as `gongzhi nats NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.commands import Call

from ..settings import IntegrationSettings
from .accounts import write_configuration


def print_accounts(settings: Mapping[type, Any]) -> None:
    """Print the accounts part of the NATS servers' configuration (账户配置)."""
    print(write_configuration(settings[IntegrationSettings].nats_integrators), end="")


async def verify_streams(
    call: Call,
    heal: Annotated[bool, typer.Option("--heal", help="Make streams anew that lack something (修复).")] = False,
) -> int:
    """Compare the streams of NATS with the outbox, and tell how far integrators are (核对消息流)."""
    from .verification import verify  # the client of NATS is loaded by what uses it

    return await verify(call, heal)


ERRANDS = (
    Errand("accounts", print_accounts, group="nats"),
    Errand("verify", verify_streams, group="nats"),
)
