"""The gateway: GraphQL over HTTP to the letter, and a hard shell."""

from __future__ import annotations

from gongzhi_server.gateway.codes import Code, error
from gongzhi_server.gateway.engine import (
    Answer,
    Authenticate,
    Engine,
    Forbidden,
    Kind,
    Prepared,
    Refused,
    Stage,
    Unauthenticated,
)
from gongzhi_server.gateway.http import Gateway, Settings
from gongzhi_server.gateway.limits import Limits

__all__ = [
    "Answer",
    "Authenticate",
    "Code",
    "Engine",
    "Forbidden",
    "Gateway",
    "Kind",
    "Limits",
    "Prepared",
    "Refused",
    "Settings",
    "Stage",
    "Unauthenticated",
    "error",
]
