"""Sign-in notices: tell the owner of an account, in inbox and log, who signed in to it and what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.values.errors import Text
from uuid6 import uuid7

from gongzhi_server.storage import audit

OWNER = "select a.name, a.person_id, p.grid_id from accounts.account a left join people.person p on p.id=a.person_id "
TELL = """
insert into notices.notice (id, kind, person_id, account, grid_id, title_en, title_zh, body_en, body_zh, at, pending)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)
"""
NOT_ME = Text(
    "If it was not you, change your password, sign out everywhere and tell the data-protection officer.",
    "如非本人操作，请修改密码、退出全部登录，并告知个人信息保护负责人。",
)


@dataclass(frozen=True)
class AccountEvent:
    """Something that happens to an account at `/auth/`: the kind of its notice, what it is called in the log."""

    kind: str
    act: str
    title: Text


NEW_DEVICE = AccountEvent(
    "account.signed_in", "signIn", Text("Your account was signed in to on a new device", "您的账户在新设备上登录")
)
PASSWORD_SET = AccountEvent(
    "account.password_set", "acceptInvitation", Text("A password was set by an invitation", "已使用邀请码设置账户密码")
)
PASSWORD_CHANGED = AccountEvent(
    "account.password_changed", "changePassword", Text("Your password was changed", "您的账户密码已修改")
)
PASSWORD_BY_OPERATOR = AccountEvent(
    "account.password_set", "setPassword", Text("Your password was set by the operator", "运维人员设置了您的账户密码")
)
FACTOR_ADDED = AccountEvent(
    "account.second_factor_added",
    "addSecondFactor",
    Text("A second factor was added to your account", "您的账户已启用动态验证码"),
)
FACTOR_REMOVED = AccountEvent(
    "account.second_factor_removed",
    "removeSecondFactor",
    Text("The second factor of your account was removed", "您的账户已解除动态验证码"),
)
CODES_RENEWED = AccountEvent(
    "account.recovery_codes_renewed",
    "renewRecoveryCodes",
    Text("Your account has new recovery codes", "您的账户恢复码已更换"),
)
RECOVERY_USED = AccountEvent(
    "account.recovery_code_used",
    "useRecoveryCode",
    Text("Your account was signed in to by a recovery code", "已使用恢复码登录您的账户"),
)
CODES_FAILED = AccountEvent(
    "account.codes_failed",
    "failSecondFactor",
    Text("Somebody who knows your password entered wrong codes", "有人使用您的密码登录，并多次输入错误验证码"),
)
LINKED = AccountEvent("account.linked", "linkPerson", Text("An account is yours from now on", "账户已与您本人关联"))


async def tell_owner(connection: Any, account: UUID, event: AccountEvent, now: datetime, by: str | None = None) -> None:
    """Put a notice into the owner's inbox, and what was done into their log: `by` whom, if not by the account itself.

    The log is written even where nobody is on file for the account, as for every act.
    """
    owner = await connection.fetchrow(OWNER + "where a.id=$1", account)
    if owner is None:
        return
    # Addressed to the person where there is one; an account that belongs to nobody on file is addressed by its name.
    name = None if owner["person_id"] else owner["name"]
    title = event.title
    texts = title.en, title.zh, NOT_ME.en, NOT_ME.zh
    await connection.execute(TELL, uuid7(), event.kind, owner["person_id"], name, owner["grid_id"], *texts, now)
    viewer = Viewer(ViewerAccount(by or owner["name"]), now)
    people = [owner["person_id"]] if owner["person_id"] else []
    act = audit.act_statement(viewer, event.act, [f"Account:{account}"], persons=people)
    await connection.execute(act.sql, *act.values)
