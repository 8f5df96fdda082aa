"""Registration: what `findings` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import hookimpl
from ..permissions import Permission, Role, permission
from ..roles import ADMINISTRATOR, AUDITOR


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import types

    return types.EXTENSIONS


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("deployment.examine", "See what would hurt a deployment later (部署体检)", AUDITOR, ADMINISTRATOR),
    ]
