"""Types: accounts as the schema has them, and what somebody is told of their own."""

from __future__ import annotations

import datetime
from typing import Any

from pypika_tortoise.queries import Table

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me, Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    lookup,
    many,
    one,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place, compare_text
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope

from .models import AccountKind, AccountRow, GrantRow, IdentityRow, InvitationRow, KeyRow, SessionRow
from .rules import EDIT, INVITE

VIEW = "accounts.view"
GRANTS = 100
"""The most roles of an account that are shown."""

describe_enum(
    AccountKind,
    "AccountKind",
    "Who stands behind an account (账户类型).",
    PERSON="A person, who signs in (人员)",
    MACHINE="A system, which has keys and no password (系统)",
)


def visible_accounts(account: Table, viewer: ViewerScope) -> Alternatives:
    """Return accounts looked after in the grids one serves, and one's own."""
    return widen_rows(viewer.within(account, VIEW), Sql("{0}={1}", account.name, viewer.account))


@entity(
    AccountRow,
    visible=visible_accounts,
    order=("name", "created_at"),
    filter={"name": compare_text("name"), "kind": None, "grid": compare_place()},
)
class Account(Node):
    """Somebody who may sign in (账户)."""

    name: str = column("The name to sign in with (账户名).")
    kind: AccountKind = column("Who stands behind it (类型).")
    person: Person | None = one("The person it belongs to, if one sees them (本人).")
    grid: Grid | None = one("Where it is looked after; null for the whole deployment (管理网格).")
    grants: list[Grant] = many("The roles it was ever given (授权).", on="account", order="since", cap=GRANTS)
    identities: list[Identity] = many(
        "Who it is at identity providers (外部身份).", on="account", order="linked_at", cap=20
    )
    sessions: Connection[Session] = connection(
        "Where it is signed in, and was (会话).", on="account", order="-created_at"
    )
    api_keys: Connection[ApiKey] = connection("Its API keys (接口密钥).", on="account", order="-created_at")
    created_at: datetime.datetime = column("When it was made (创建时间).")
    created_by: str = column("By which account (创建账户).")
    suspended_at: datetime.datetime | None = column("Since when it may not sign in (停用时间).")
    suspended_by: str | None = column("Who saw to that (停用人).")
    suspending_at: datetime.datetime | None = column(
        "Since when its suspension waits for a second person, as a data-protection officer's does (待停用时间)."
    )
    suspending_by: str | None = column("Who asked for it first (提议停用人).")
    version: int = column("Grows with every change (版本).")


@entity(GrantRow, visible=visible_to_all, through="account", order=("since",))
class Grant(Node):
    """A role, where it is held, and from when to when (授权)."""

    account: Account | None = one("Who holds it (账户).")
    role: str = column("The role (角色).")
    grid: Grid | None = one("Held in this grid and below it (网格范围).")
    unit: Unit | None = one("Held for this unit (单位范围).")
    since: datetime.datetime = column("From when (起).")
    until: datetime.datetime | None = column("Until when; null for no end (止).")
    granted_by: str = column("Who gave it (授权人).")
    proposed_at: datetime.datetime | None = column(
        "Since when it waits for a second person to confirm it; it counts for nothing until then (待复核起始时间)."
    )
    confirmed_by: str | None = column("The second person, of a role that nobody gives alone (复核人).")
    revoked_by: str | None = column("Who took it back, if somebody did (收回人).")
    granted_at: datetime.datetime | None = column("When it was given or proposed; `since` may lie before (授予时间).")
    waits_until: datetime.datetime | None = column(
        "Until when whoever watches over personal data can stop it; it counts no sooner, unless they agree (叫停期限)."
    )
    agreed_by: str | None = column("Who of them agreed (同意人).")
    stopped_by: str | None = column("Who of them stopped it (叫停人).")
    stopped_why: str | None = column("Why (叫停理由).")
    ending_at: datetime.datetime | None = column(
        "Since when its end waits for a second person, as a data-protection officer's does (待终止时间)."
    )
    ending_by: str | None = column("Who asked for it first (提议终止人).")


@entity(IdentityRow, visible=visible_to_all, through="account", order=("linked_at",))
class Identity(Node):
    """Who an account is at an identity provider (外部身份)."""

    account: Account | None = one("The account (账户).")
    issuer: str = column("The provider (签发方).")
    subject: str = column("What the provider calls them (主体).")
    linked_at: datetime.datetime = column("When it was linked (关联时间).")
    linked_by: str = column("By which account (关联人).")
    proposed_at: datetime.datetime | None = column(
        "Since when it waits for a second person to confirm it; nobody signs in by it until then (待复核起始时间)."
    )
    confirmed_by: str | None = column("The second person (复核人).")


def visible_invitations(invitation: Table, viewer: ViewerScope) -> Alternatives:
    """Return invitations for people where one invites residents, and for accounts one looks after."""
    person = Table("person", schema="people", alias="invited")
    account = Table("account", schema="accounts", alias="entered")
    people = rows_reached(viewer.within(person, INVITE), invitation.person_id, "people.person", "invited")
    return [*people, *rows_reached(viewer.within(account, EDIT), invitation.account_id, "accounts.account", "entered")]


def rows_reached(areas: Alternatives, key: Any, table: str, alias: str) -> list[Any]:
    """Return the rows that point at rows in these areas; None is everywhere."""
    text = f"exists(select from {table} {alias} where {alias}.id={{0}} and {{1}})"
    # Everywhere: it need only point at something.
    if areas is None:
        return [Sql("{0} is not null", key)]
    return [Sql(text, key, area) for area in areas]


@entity(InvitationRow, visible=visible_invitations, order=("created_at",))
class Invitation(Node):
    """A one-time code for somebody to sign in with: to open an account, or set a new password (邀请)."""

    person: Person | None = one("Whom it is for, if one sees them (受邀人员).")
    account: Account | None = one("The account it is for, if there is one and one sees it (账户).")
    created_at: datetime.datetime = column("When it was made (创建时间).")
    created_by: str = column("By which account (创建人).")
    expires_at: datetime.datetime = column("Until when it is good (有效期至).")
    printed_at: datetime.datetime | None = column("When a second person printed it (打印时间).")
    printed_by: str | None = column("Who did; null where nobody has, or nobody need (打印人).")
    used_at: datetime.datetime | None = column("When it was used (使用时间).")


@entity(SessionRow, visible=visible_to_all, through="account", order=("created_at", "used_at"))
class Session(Node):
    """A place where an account is signed in (会话)."""

    account: Account | None = one("The account (账户).")
    # It helps an owner to tell sessions apart, and proves nothing: the client chooses it.
    device: str | None = column("What the client called itself (设备).")
    created_at: datetime.datetime = column("When it signed in (登录时间).")
    used_at: datetime.datetime = column("When it was last renewed (最近续期).")
    expires_at: datetime.datetime = column("When it ends if it is not renewed (到期时间).")
    ended_at: datetime.datetime | None = column("When it was ended (结束时间).")


@entity(KeyRow, visible=visible_to_all, through="account", order=("created_at", "expires_at"))
class ApiKey(Node):
    """A key that a system calls with. It is shown once, when it is made (接口密钥)."""

    account: Account | None = one("Whose it is (账户).")
    label: str = column("What it is for (用途).")
    permissions: list[str] = column("What of the account's permissions it has (权限).")
    created_at: datetime.datetime = column("When it was made (创建时间).")
    created_by: str = column("By which account (创建人).")
    expires_at: datetime.datetime = column("When it ends (到期时间).")
    revoked_at: datetime.datetime | None = column("When it was revoked (吊销时间).")


def own_rows(at: Frame) -> Alternatives:
    """Return what belongs to the account that asks."""
    return [Sql("{0}=(select a.id from accounts.account a where a.name={1})", at.rows.account_id, at.viewer.account)]


def in_force(at: Frame) -> Alternatives:
    """Return the account's grants that count now."""
    # By the clock: nothing runs at the moment in which a role begins or ends.
    rows, span = at.rows, "{0} and {1}<={2} and ({3} is null or {3}>{2}) and {4} is null"
    return [Sql(span, one, rows.since, at.viewer.now, rows.until, rows.proposed_at) for one in own_rows(at) or ()]


def granted_sql(at: Frame) -> Sql:
    # Sorted, so that the same rights read the same.
    held = at.given.whole(lambda arguments, context: sorted(context.viewer.account.granted), cast="text[]")
    return Sql("{0}", held)


EXTENSIONS = (
    extend(
        Query,
        account=lookup(
            "The account that has this name (按名称查账户).", "Its name (账户名).", by="name", type=Account | None
        ),
        accounts=connection("Accounts you may see, by name (账户列表).", order="name", type=Connection[Account]),
        invitations=connection(
            "Invitations you may see, the last first (邀请列表).", order="-created_at", type=Connection[Invitation]
        ),
    ),
    extend(
        Me,
        permissions=expression("Everything one may somewhere (权限).", granted_sql, type=list[str]),
        grants=many("The roles one holds now (当前授权).", in_force, order="since", cap=GRANTS, type=list[Grant]),
        sessions=connection(
            "Where one is signed in, and was (会话).", own_rows, order="-created_at", type=Connection[Session]
        ),
        api_keys=connection("One's API keys (接口密钥).", own_rows, order="-created_at", type=Connection[ApiKey]),
    ),
)
