"""Gateway: GraphQL over HTTP, WebSocket and server-sent events by their specifications, within limits.

Its modules lie side by side: `application.py` is the way of a request, and each other one a step or a bound of it.
"""

from __future__ import annotations

from .application import Gateway
from .discovery import PublishedSchema
from .error_codes import Code, coded_error
from .interfaces import (
    Answer,
    Authenticate,
    Engine,
    Forbidden,
    Kind,
    PreparedOperation,
    RequestRefused,
    Stage,
    Traits,
    Unauthenticated,
)
from .limits import Limits
from .options import GatewaySettings
from .overload import Guard
from .rate_limits import Rate, Rates
from .trusted_documents import DocumentStore
from .websocket import CloseCode

__all__ = [
    "Answer",
    "Authenticate",
    "CloseCode",
    "Code",
    "DocumentStore",
    "Engine",
    "Forbidden",
    "Gateway",
    "Guard",
    "Kind",
    "Limits",
    "PreparedOperation",
    "PublishedSchema",
    "Rate",
    "Rates",
    "RequestRefused",
    "GatewaySettings",
    "Stage",
    "Traits",
    "Unauthenticated",
    "coded_error",
]
