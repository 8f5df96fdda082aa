"""Identity commands: link, confirm and unlink who an account is at an identity provider."""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.core.accounts.commands import NAMED, load_managed_account
from gongzhi.core.accounts.credential_commands import AccountPayload
from gongzhi.core.accounts.independence import require_other, require_second_entry
from gongzhi.core.accounts.models import AccountRow, IdentityRow
from gongzhi.core.accounts.oversight import require_no_office
from gongzhi.core.accounts.requirements import MANAGES, OTHERS, PERSON
from gongzhi.core.accounts.rules import (
    EDIT,
    INVITE,
    author_of,
    can_vouch,
    is_own_account,
    outranks_account,
    require_signed_in,
    takes_two_to_enter,
)
from gongzhi.core.accounts.types import Account, Identity
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, any_of
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_rows
from gongzhi.runtime.checks import duplicate
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from strawberry import ID


def vouched_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what belongs to accounts of nobody, or of people whom the viewer may let sign in."""
    text = (
        "not exists(select from accounts.account managed where managed.id={0} and managed.person_id is not null and "
        "not exists(select from people.person vouched where vouched.id=managed.person_id and ({1})))"
    )
    areas = viewer.within(PERSON, INVITE)
    # Everywhere: whoever it belongs to.
    return None if areas is None else [Sql(text, row.account_id, any_of(Sql("false"), *areas))]


PROPOSED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda identity, viewer: [Sql("{0} is not null", identity.proposed_at)],
    Text("It does not wait to be confirmed.", "该关联无须复核。"),
)
CONFIRMS = (MANAGES, OTHERS, require_rows(vouched_rows), require_other("linked_by"))


@strawberry.type(description="The identity that was linked, or why not (外部身份结果).")
class IdentityPayload:
    identity: Identity | None = result_field("The identity (外部身份).")
    errors: list[Problem] = problems()


@strawberry.input(description="Who an account is at an identity provider (关联外部身份).")
class LinkIdentityInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field(NAMED)
    issuer: str = input_field("The provider, as its tokens name it in `iss` (签发方).", length=(1, 200))
    subject: str = input_field("The account there, as tokens name it in `sub` (主体).", length=(1, 255))


@command(
    "Let an account sign in by an identity provider. For a resident, and for who holds what nobody gives alone, a "
    "second person confirms it (关联外部身份).",
    requires=EDIT,
)
async def link_identity(call: Call, input: LinkIdentityInput) -> IdentityPayload:
    account = await load_managed_account(call, input.account)
    # Whoever makes a way in could take it: they must stand above all that the owner holds, and know the person.
    if not (await outranks_account(call, account) and await can_vouch(call, account)):
        raise not_allowed("account")
    identity = IdentityRow(
        account=account, issuer=input.issuer, subject=input.subject, linked_at=call.now, linked_by=author_of(call)
    )
    if await takes_two_to_enter(call, account):
        identity.proposed_at = call.now
    # A conflict would abort the transaction, so it is passed over, and then it is seen whether it was linked.
    await IdentityRow.bulk_create([identity], ignore_conflicts=True)
    if not await IdentityRow.exists(id=identity.id):
        raise duplicate("This identity is linked to an account already.", "该外部身份已关联账户。", "subject")
    await tell_owner(call, account, "account.identity_linked", LINKED, identity.id)
    return IdentityPayload(identity=ref(Identity, identity.id))


LINKED = Text("A way to sign in was added to your account", "您的账户新增了登录方式")


async def tell_owner(call: Call, account: AccountRow, kind: str, title: Text, identity: Any) -> None:
    """Tell whose account it is that somebody made a way in."""
    body = Text(
        "If this was not you, have it taken away and tell the data-protection officer.",
        "如非本人所为，请要求撤销并告知个人信息保护负责人。",
    )
    people = [account.person_id] if account.person_id else []
    # One notice: to the person, where the account is somebody's.
    accounts = [] if people else [account.name]
    await send_notice(call, NoticeDraft(kind, title, body, f"Identity:{identity}"), persons=people, accounts=accounts)


@strawberry.input(description="An identity that waits for a second person (复核外部身份关联).")
class ConfirmIdentityInput:
    idempotency_key: str = input_field(KEY)
    identity: ID = input_field("The identity's id (外部身份标识).")


@command(
    "Confirm that an account signs in by an identity that somebody else linked (复核外部身份关联).",
    requires=EDIT,
    two_persons=True,
    action=Action(Identity, CONFIRMS, (PROPOSED,)),
)
async def confirm_identity(call: Call, input: ConfirmIdentityInput) -> IdentityPayload:
    require_signed_in(call)
    identity: IdentityRow = await call.find(Identity, "identity", id=key_of(Identity)(input.identity))
    account = await AccountRow.get(id=identity.account_id)
    await require_second_entry(call, account, identity.linked_by, "identity")
    identity.proposed_at, identity.confirmed_by = None, author_of(call)
    await identity.save()
    await tell_owner(call, account, "account.identity_confirmed", LINKED, identity.id)
    return IdentityPayload(identity=ref(Identity, identity.id))


@strawberry.input(description="An identity that does not count any more (取消关联).")
class UnlinkIdentityInput:
    idempotency_key: str = input_field(KEY)
    identity: ID = input_field("The identity's id (外部身份标识).")


@command(
    "Unlink an identity: its tokens are refused from now on (取消关联).",
    requires=EDIT,
    action=Action(Identity, (MANAGES,)),
)
async def unlink_identity(call: Call, input: UnlinkIdentityInput) -> AccountPayload:
    identity: IdentityRow = await call.find(Identity, "identity", id=key_of(Identity)(input.identity))
    account = await AccountRow.get(id=identity.account_id)
    # Into their own account those who look after accounts close a way; into an officer's nobody does alone.
    if not is_own_account(call, account):
        await require_no_office(call, account, "identity")
    await identity.delete()
    return AccountPayload(account=ref(Account, account.id))


EXTENSIONS = (
    extend(Mutation, link_identity=link_identity, confirm_identity=confirm_identity, unlink_identity=unlink_identity),
)
