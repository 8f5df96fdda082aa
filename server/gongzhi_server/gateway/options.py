"""Options: the settings of the gateway, each with its default and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .limits import Limits
from .rate_limits import Rates

__all__ = ["GatewaySettings", "documented_fields"]


def declare_option(default: Any, doc: str) -> Any:
    """Declare a setting with its default and what it does."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Settings of the gateway."""

    status: Literal["audit", "release"] = declare_option(
        "audit",
        "Where the official audits and the September 2026 release of GraphQL over HTTP clash: audit answers "
        "application/json clients with 200 and invalid documents with 400; release gives 4xx to both, 422 for what "
        "can be read but not executed.",
    )
    compress: int | None = declare_option(1_024, "Bytes from which a response is compressed if the client can read it.")
    batch: int = declare_option(0, "Operations a batch may have, costed as a whole; 0 refuses batches.")
    origins: tuple[str, ...] = declare_option((), "Other origins whose pages may call, by CORS and by socket.")
    proxies: tuple[str, ...] = declare_option((), "Proxies (addresses or networks) whose X-Forwarded-For is believed.")
    page: bool = declare_option(False, "Give browsers pages: one that says where things are, or those of a plugin.")
    rates: Rates | None = declare_option(None, "How much each account, key and address may ask for; None: without end.")
    slow: float = declare_option(float("inf"), "Seconds from which an operation is logged as slow.")
    limits: Limits = declare_option(Limits(), "The most a request may ask for.")


def documented_fields(declared: type[Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield name, default and meaning of each field of a class of settings."""
    for each in fields(declared):
        yield each.name, each.default, each.metadata["doc"]
