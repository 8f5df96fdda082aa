"""Types: what the schema says of second factors, and of the sessions and invitations that have to do with them."""

from __future__ import annotations

import datetime

from gongzhi.core.accounts.types import Account, Invitation, Session
from gongzhi.core.people.types import Me
from gongzhi.declare.entity import expression
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql

SINCE = "(select f.created_at from second_factors.factor f where f.account_id={0})"
OWN = "(select {} from second_factors.factor f join accounts.account a on a.id=f.account_id where a.name={{0}})"
RESETS = "exists(select from second_factors.factor f where f.reset_by={0})"


def own_factor(at: Frame, value: str) -> Sql:
    """Return a value of the factor of the account that asks."""
    return Sql(OWN.format(value), at.viewer.account)


def factor_due(at: Frame) -> Sql:
    """Return whether the account that asks has to add a factor first, as its credential was judged."""
    return Sql("{0}", at.given.whole(lambda arguments, context: context.viewer.account.owes_factor, cast="boolean"))


EXTENSIONS = (
    extend(
        Me,
        second_factor_since=expression(
            "Since when signing in takes a code of one's second factor; null without one (启用动态验证码时间).",
            lambda at: own_factor(at, "f.created_at"),
            type=datetime.datetime | None,
        ),
        recovery_codes_left=expression(
            "How many of one's recovery codes are left; null without a second factor (剩余恢复码数).",
            lambda at: own_factor(at, "cardinality(f.recovery)"),
            type=int | None,
        ),
        second_factor_due=expression(
            "Whether one's role asks for a second factor, and the session was opened without one: it may nothing but "
            "add one (须先启用动态验证码).",
            factor_due,
            type=bool,
        ),
    ),
    extend(
        Account,
        second_factor_since=expression(
            "Since when signing in takes a code of a second factor; null without one (启用动态验证码时间).",
            lambda at: Sql(SINCE, at.row.id),
            type=datetime.datetime | None,
        ),
    ),
    extend(
        Session,
        methods=expression(
            "How it was signed in to: pwd, otp (a code of the second factor), recovery (a recovery code), idp (the "
            "identity provider) (登录方式).",
            lambda at: at.row.methods,
            type=list[str],
        ),
    ),
    extend(
        Invitation,
        removes_second_factor=expression(
            "Whether its use takes the second factor of the account away (是否解除动态验证码).",
            lambda at: Sql(RESETS, at.row.id),
            type=bool,
        ),
    ),
)
