"""The gateway: GraphQL over HTTP, WebSocket and server-sent events to the letter, and a hard shell."""

from __future__ import annotations

from gongzhi_server.gateway.codes import Code, error
from gongzhi_server.gateway.discovery import Published
from gongzhi_server.gateway.documents import Documents
from gongzhi_server.gateway.engine import (
    Answer,
    Authenticate,
    Engine,
    Forbidden,
    Kind,
    Prepared,
    Refused,
    Stage,
    Traits,
    Unauthenticated,
)
from gongzhi_server.gateway.guard import Guard
from gongzhi_server.gateway.http import Gateway
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.rates import Rate, Rates
from gongzhi_server.gateway.settings import Settings
from gongzhi_server.gateway.sockets import Close

__all__ = [
    "Answer",
    "Authenticate",
    "Close",
    "Code",
    "Documents",
    "Engine",
    "Forbidden",
    "Gateway",
    "Guard",
    "Kind",
    "Limits",
    "Prepared",
    "Published",
    "Rate",
    "Rates",
    "Refused",
    "Settings",
    "Stage",
    "Traits",
    "Unauthenticated",
    "error",
]
