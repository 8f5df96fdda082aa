"""Nobody decides in their own cause, whatever grants they have besides."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime.context import Bounds
from gongzhi.values.errors import Refusal
from gongzhi_dispatch.lookups import require_decider
from hypothesis import given
from hypothesis import strategies as st

APPROVE = "dispatch.approve"
UNITS = st.one_of(st.none(), st.integers(1, 3))
GRANTS = st.lists(
    st.builds(lambda unit, held: ViewerGrant("r", frozenset(held), unit=unit), UNITS, st.sets(st.just(APPROVE)))
)
NAMES = st.sampled_from(["one", "two", "three"])


async def nothing(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Nobody has an account here, so nobody appointed anybody."""
    return []


@given(NAMES, GRANTS, UNITS, st.lists(NAMES, max_size=2), st.booleans())
def test_who_decides(name: str, grants: list[ViewerGrant], unit: int | None, others: list[str], allowed: bool) -> None:
    account = ViewerAccount(name, None, tuple(grants))
    call: Any = SimpleNamespace(
        viewer=Viewer(account, datetime(2026, 6, 30, tzinfo=UTC)),
        now=datetime(2026, 6, 30, tzinfo=UTC),
        may=lambda permission, row: allowed,
        context=SimpleNamespace(civic=(), bounds=Bounds()),
        checks=set(),
        fetch=nothing,
    )
    case: Any = SimpleNamespace()
    concerned = unit is not None and any(grant.unit == unit for grant in grants)
    if allowed and not concerned and name not in others:
        asyncio.run(require_decider(call, APPROVE, case, unit, *others))
    else:
        with pytest.raises(Refusal) as refusal:
            asyncio.run(require_decider(call, APPROVE, case, unit, *others))
        assert refusal.value.code in {"FORBIDDEN", "CONFLICT_OF_INTEREST", "FOUR_EYES"}
