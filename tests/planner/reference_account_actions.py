"""What may be done to accounts' grants, identities, sessions, keys and invitations of the county, the plain way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .reference_actions import Deed, Refuses, actions, by_another, may, unless, unset

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At


def over_place(permission: str) -> Refuses:
    """Refuses whoever does not hold the permission where a grant is held: in its grid, for its unit, or everywhere."""

    def holds(at: At, grant: Row) -> bool:
        home = at.rows.keys["Unit"][grant.unit_id].grid_id if grant.unit_id is not None else grant.grid_id
        return any(
            (one.grid is None and one.unit is None)
            or (one.unit is not None and one.unit == grant.unit_id)
            or (one.grid is not None and home is not None and at.rows.lies_in(home, one.grid))
            for one in at.scope.grants(permission)
        )

    return may(holds)


def own(at: At, row: Row) -> bool:
    account = at.rows.keys["Account"].get(row.account_id)
    return account is not None and account.name == at.scope.viewer.account.name


def managed(at: At, row: Row) -> bool:
    account = at.rows.keys["Account"].get(row.account_id)
    return account is not None and at.scope.serves(account, "accounts.edit")


def vouches(at: At, row: Row) -> bool:
    person = at.rows.keys["Person"].get(at.rows.keys["Account"][row.account_id].person_id)
    return person is None or at.scope.serves(person, "accounts.invite_residents")


def invites(at: At, row: Row) -> bool:
    person = at.rows.keys["Person"].get(row.person_id)
    if person is None:
        return managed(at, row)
    return person.id != at.scope.person and at.scope.serves(person, "accounts.invite_residents")


def waits(at: At, grant: Row) -> bool:
    return grant.proposed_at is not None and (grant.until is None or grant.until > at.scope.viewer.now)


def can_be_stopped(at: At, grant: Row) -> bool:
    now = at.scope.viewer.now
    over = grant.until is not None and grant.until <= max(grant.since, now)
    return grant.waits_until is not None and not over and (grant.proposed_at is not None or grant.since > now)


def lasts(at: At, grant: Row) -> bool:
    return grant.until is None or grant.until > max(grant.since, at.scope.viewer.now)


def can_be_printed(at: At, row: Row) -> bool:
    shown = row.mac is not None and row.printed_by is None
    return row.used_at is None and row.expires_at > at.scope.viewer.now and not shown


def in_state(holds: Callable[[At, Row], bool]) -> Refuses:
    return unless("ILLEGAL_TRANSITION", holds)


OTHERS = may(lambda at, row: not own(at, row))
RESPONSIBLE = may(lambda at, row: own(at, row) or managed(at, row))
OVERSEES = over_place("people.oversee"), OTHERS, by_another("granted_by"), in_state(can_be_stopped)
DEEDS: dict[str, dict[str, Deed]] = {
    "Grant": {
        "agreeToGrant": Deed("同意授予受保护角色", "people.oversee", OVERSEES),
        "confirmGrant": Deed(
            "复核角色授予",
            "accounts.confirm",
            (over_place("accounts.confirm"), OTHERS, by_another("granted_by"), in_state(waits)),
        ),
        "revokeGrant": Deed("收回角色", "accounts.grant", (over_place("accounts.grant"), in_state(lasts))),
        "stopGrant": Deed("叫停受保护角色的授予", "people.oversee", OVERSEES),
    },
    "Identity": {
        "confirmIdentity": Deed(
            "复核外部身份关联",
            "accounts.edit",
            (
                may(managed),
                OTHERS,
                may(vouches),
                by_another("linked_by"),
                in_state(lambda at, row: bool(row.proposed_at)),
            ),
        ),
        "unlinkIdentity": Deed("取消关联", "accounts.edit", (may(managed),)),
    },
    "Session": {"endSession": Deed("结束会话", None, (RESPONSIBLE, unset("ended_at")))},
    "ApiKey": {
        "limitApiKey": Deed("限定密钥来源", None, (RESPONSIBLE, unset("revoked_at"))),
        "revokeApiKey": Deed("吊销接口密钥", None, (RESPONSIBLE, unset("revoked_at"))),
    },
    "Invitation": {
        "printInvitation": Deed(
            "打印邀请码", None, (may(invites), OTHERS, by_another("created_by"), in_state(can_be_printed))
        ),
    },
}
FIELDS = {f"{kind}.actions": partial(actions, deeds=DEEDS) for kind in DEEDS}
