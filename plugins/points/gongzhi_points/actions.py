"""Actions: who may do something to what they see of points, where another table says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, all_of, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion


def rows_through(table: str, key: Any, rows: Callable[[Table], Alternatives]) -> Alternatives:
    """Select rows whose key leads to certain rows of a table of points."""
    # An own alias, because the table may be in the statement already under its name.
    led = Table(table, schema="points", alias=f"led_{table}")
    found = rows(led)
    if not found:
        return found
    return [
        Sql(f"exists(select from points.{table} led_{table} where {{0}}={{1}} and {{2}})", led.id, key, any_of(*found))
    ]


def require_through(table: str, column: str, permission: str) -> Requirement:
    """Return the requirement that one holds a permission where the row lies to which a column leads."""
    return require_rows(
        lambda row, viewer: rows_through(table, row.field(column), lambda led: viewer.within(led, permission))
    )


def own_accounts(account: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select accounts from which one may spend: one's own, one's household's, and those of groups that one leads."""
    if not viewer.known():
        return []
    return [
        Sql("{0}={1}", account.person_id, viewer.person),
        Sql("{0}=any(array{1})", account.household_id, own_households(viewer)),
    ]


def rows_of_own_account(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what belongs to an account from which one may spend."""
    return rows_through("account", row.account_id, lambda account: own_accounts(account, viewer))


def kept_shops(merchant: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Select shops for whose unit one holds a permission, or where they or their programmes lie.

    The office that let a shop join keeps it, wherever the shop's unit has its seat.
    """
    seen = viewer.within(merchant, permission)
    managed = rows_through("programme", merchant.programme_id, lambda programme: viewer.within(programme, permission))
    if managed is None:
        return None
    return widen_rows(seen, *managed, *(Sql("{0}={1}", merchant.unit_id, unit) for unit in viewer.units(permission)))


def require_shop(permission: str) -> Requirement:
    return require_rows(lambda merchant, viewer: kept_shops(merchant, viewer, permission))


def require_shop_of(permission: str) -> Requirement:
    """Return the requirement that one holds a permission for the shop that a row belongs to."""
    return require_rows(
        lambda row, viewer: rows_through(
            "merchant", row.merchant_id, lambda merchant: kept_shops(merchant, viewer, permission)
        )
    )


def own_claims(claim: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select claims that one filed, that are for oneself, or for who lives with oneself."""
    filed = Sql("{0}={1}", claim.account, viewer.account)
    if not viewer.known():
        return [filed]
    kin = (
        "{0}=any(array(select m.person_id from people.membership m where m.household_id=any(array{1}) "
        "and (m.until is null or m.until>{2})))"
    )
    return [
        filed,
        Sql("{0}={1}", claim.person_id, viewer.person),
        Sql(kin, claim.person_id, own_households(viewer), viewer.today),
    ]


def foreign_claims(claim: Table, viewer: ViewerScope) -> Alternatives:
    """Select claims but those that are one's own affair."""
    return [Sql("{0} is not true", any_of(*own_claims(claim, viewer)))]


DISINTERESTED = Requirement(
    "CONFLICT_OF_INTEREST",
    foreign_claims,
    Text(
        "Somebody else must decide: you filed it, or it is yours or your family's.",
        "须由他人认定：该申报由您提交，或与您及家人有关。",
    ),
)


def uninvolved_objections(objection: Table, viewer: ViewerScope) -> Alternatives:
    """Select objections to what one did not decide, in which neither oneself nor one's family has a part."""

    def involved(claim: Table) -> Alternatives:
        return [Sql("{0}={1}", claim.decided_by, viewer.account), *own_claims(claim, viewer)]

    decided = rows_through("claim", objection.claim_id, involved) or ()
    gains = rows_through("account", objection.beneficiary_id, lambda account: own_accounts(account, viewer)) or ()
    return [all_of(*(Sql("{0} is not true", one) for one in (*decided, *gains)))]


UNINVOLVED = Requirement(
    "CONFLICT_OF_INTEREST",
    uninvolved_objections,
    Text("Somebody else must decide on this.", "须由未参与原认定的他人处理。"),
)
