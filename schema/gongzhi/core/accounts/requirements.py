"""Requirements: who may do what to grants, sessions, keys and invitations, and in which states."""

from __future__ import annotations

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

from gongzhi.core.access.rules import OVERSEE
from gongzhi.declare.sql import Alternatives, Sql, narrow_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_empty, require_rows
from gongzhi.values.errors import Text

from .independence import require_other
from .rules import CONFIRM, EDIT, GRANT, INVITE
from .types import rows_reached

ACCOUNT = Table("account", schema="accounts", alias="managed")
PERSON = Table("person", schema="people", alias="vouched")


def require_over_place(permission: str) -> Requirement:
    """Return the requirement that the viewer holds a permission where a grant is held, or for its unit."""
    # A grant for a unit is held where the unit is at home; one for everywhere, by nobody who holds less.
    text = (
        "exists(select from grids.grid held where held.id="
        "coalesce({0},(select u.grid_id from units.unit u where u.id={1})) and {2})"
    )

    def rows(grant: Table, viewer: ViewerScope) -> Alternatives:
        areas = viewer.within(Table("grid", schema="grids", alias="held"), permission)
        if areas is None:
            return None
        units = [Sql("{0}={1}", grant.unit_id, unit) for unit in viewer.units(permission)]
        return [*(Sql(text, grant.grid_id, grant.unit_id, area) for area in areas), *units]

    return require_rows(rows)


def managed_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return what belongs to accounts that the viewer looks after."""
    return rows_reached(viewer.within(ACCOUNT, EDIT), row.account_id, "accounts.account", "managed")


def own_rows(row: Table, viewer: ViewerScope) -> Sql:
    """Return what belongs to the viewer's own account."""
    text = "exists(select from accounts.account own where own.id={0} and own.name={1})"
    return Sql(text, row.account_id, viewer.account)


def others_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what does not belong to the viewer's own account."""
    return [Sql("not {0}", own_rows(row, viewer))]


def invited_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return invitations for people whom the viewer invites, and for accounts of nobody that they look after."""
    people = rows_reached(viewer.within(PERSON, INVITE), row.person_id, "people.person", "vouched")
    managed = [Sql("{0} is null and {1}", row.person_id, one) for one in managed_rows(row, viewer)]
    return narrow_rows([*people, *managed], Sql("({0}={1}) is not true", row.person_id, viewer.person))


def require_moment(text: str, columns: tuple[str, ...], said: Text) -> Requirement:
    """Return the requirement on columns of a row and the moment, which come to the places of the text in this order."""
    return Requirement(
        "ILLEGAL_TRANSITION", lambda row, viewer: [Sql(text, *map(row.field, columns), viewer.now)], said
    )


OTHERS = require_rows(others_rows)
MANAGES = require_rows(managed_rows)
RESPONSIBLE = require_rows(lambda row, viewer: [*managed_rows(row, viewer), own_rows(row, viewer)])

CONFIRMS_GRANT = (require_over_place(CONFIRM), OTHERS, require_other("granted_by"))
OVERSEES_GRANT = (require_over_place(OVERSEE), OTHERS, require_other("granted_by"))
REVOKES_GRANT = (require_over_place(GRANT),)
PRINTS = (require_rows(invited_rows), OTHERS, require_other("created_by"))

WAITS = require_moment(
    "{0} is not null and ({1} is null or {1}>{2})",
    ("proposed_at", "until"),
    Text("It does not wait to be confirmed.", "该授权无须复核或已失效。"),
)
STOPPABLE = require_moment(
    "{0} is not null and ({1} is null or {1}>greatest({2},{4})) and ({3} is not null or {2}>{4})",
    ("waits_until", "until", "since", "proposed_at"),
    Text("It counts already, or is over.", "该授权已生效或已失效。"),
)
LASTS = require_moment(
    "{0} is null or {0}>greatest({1},{2})", ("until", "since"), Text("It is over already.", "该授权已失效。")
)
# A code whose maker was shown it is never shown to a second person.
PRINTABLE = require_moment(
    "{0} is null and {1}>{4} and ({2} is null or {3} is not null)",
    ("used_at", "expires_at", "mac", "printed_by"),
    Text("It is used, over or shown: make another.", "该邀请已失效，请重新创建。"),
)
SIGNED_IN = require_empty("ended_at", Text("It was ended already.", "该会话已结束。"))
IN_FORCE = require_empty("revoked_at", Text("The key was revoked already.", "该密钥已被吊销。"))
