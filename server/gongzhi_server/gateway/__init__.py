"""Gateway: GraphQL over HTTP, WebSocket and server-sent events by their specifications, within limits."""

from __future__ import annotations

from .application import Gateway
from .discovery import Published
from .error_codes import Code, error
from .interfaces import Answer, Authenticate, Engine, Forbidden, Kind, Prepared, Refused, Stage, Traits, Unauthenticated
from .limits import Limits
from .options import Settings
from .overload import Guard
from .rate_limits import Rate, Rates
from .trusted_documents import Documents
from .websocket import Close

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
