"""Commands: have a second factor that was lost taken away, as strictly as a new password is given."""

from __future__ import annotations

import strawberry
from gongzhi.core.accounts.credential_commands import InvitationPayload, invitation_payload, invite_owner
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values.errors import Text

from .models import FactorRow

EDIT = "accounts.edit"
ASKED = Text("Somebody asked for your second factor to be taken away", "有人申请解除您的动态验证码")
NOT_ME = Text(
    "It goes once the code that was made for it is used. If you did not ask for it, tell the data-protection officer.",
    "使用为此创建的邀请码后即解除。如非本人申请，请告知个人信息保护负责人。",
)


@strawberry.input(description="An account whose owner has lost the second factor (解除动态验证码).")
class ResetSecondFactorInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field("The account's name (账户名).")


@command(
    "Make a code that sets a new password and takes the second factor away, for an owner who has lost it; as with "
    "inviteAccount earlier codes are void, and for a resident, and for who holds what nobody gives alone, a second "
    "person prints it (解除动态验证码).",
    requires=EDIT,
)
async def reset_second_factor(call: Call, input: ResetSecondFactorInput) -> InvitationPayload:
    # The very rules by which a password is renewed: whoever could do more by the one would choose it.
    made = await invite_owner(call, input.account)
    account = made.row.account_id
    if not await FactorRow.filter(account_id=account).update(reset_by=made.row.id):
        raise invalid_input("This account has no second factor.", "该账户未启用动态验证码。", "account")
    person = made.row.person_id
    await send_notice(
        call,
        NoticeDraft("account.second_factor_asked", ASKED, NOT_ME),
        persons=[person] if person else [],
        accounts=[] if person else [input.account],
    )
    return invitation_payload(made)


EXTENSIONS = (extend(Mutation, reset_second_factor=reset_second_factor),)
