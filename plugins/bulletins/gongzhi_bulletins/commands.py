"""Bulletin commands: publish, correct, withdraw, and note that one was read."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from uuid import uuid4

import strawberry
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_rows
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    KEY_OPTIONAL,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import FIELD, Refusal, Text
from strawberry import ID, UNSET

from .events import Corrected, Withdrawn
from .files import MOST_FILES, BulletinFileInput, receive_files
from .models import AttachmentRow, Audience, BulletinKind, BulletinRow, RevisionRow
from .publishing import create_bulletin
from .rules import LOUD, PUBLISH, WARN, published_bulletins
from .telling import Change, enqueue_telling
from .types import Bulletin

TITLE, TEXT, REASON = 200, 10_000, 500
BY_HAND = (BulletinKind.NOTICE, BulletinKind.POLICY, BulletinKind.SERVICE, BulletinKind.EMERGENCY)
"""What an office publishes by itself."""
BULLETIN = "The bulletin's id (信息标识)."
UNTIL = "Until when it holds (有效期至)."
RECEIVED = (
    "insert into bulletins.receipt (id, bulletin_id, digest) values ($1, $2, $3) "
    "on conflict (bulletin_id, digest) do nothing"
)


@strawberry.type(description="The bulletin, or why nothing was done (信息发布结果).")
class BulletinPayload:
    bulletin: Bulletin | None = result_field("The bulletin (公开信息).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Something to tell whoever lives in a grid (发布信息).")
class PublishBulletinInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("The grid that it reaches, with all below, by code (网格编码).")
    kind: BulletinKind = input_field("What it is about (类别).")
    title: str = free_text("In a few words; do not name private persons (标题).", length=(1, TITLE))
    text: str = free_text("What it says; do not name private persons (内容).", length=(1, TEXT))
    attachments: list[BulletinFileInput] = input_field("Its files (附件).", items=MOST_FILES, default_factory=list)
    audience: Audience = input_field("Who may read it (公开范围).", default=Audience.PUBLIC)
    until: datetime.datetime | None = input_field(UNTIL, default=UNSET)


@command(
    "Publish a bulletin: whoever agreed to hear of its kind finds it in their inbox, of danger everybody whom it "
    "reaches (发布信息).",
    requires=PUBLISH,
    form=lambda call, input: check_until(call, input.until),
)
async def publish_bulletin(call: Call, input: PublishBulletinInput) -> BulletinPayload:
    until = check_until(call, input.until)
    grid = await find_grid(input.grid, "grid")
    if not call.may(PUBLISH, grid):
        raise not_allowed("grid")
    if input.kind not in BY_HAND:
        raise invalid_input(
            "This kind is published by the ledger of affairs or by a warning service.",
            "该类别由村务公开台账或预警机构发布，不能手工发布。",
            "kind",
        )
    # Everybody is told of it, at any hour.
    if input.kind in LOUD and not call.may(WARN, grid):
        raise not_allowed("kind")
    # Last of what may be refused: a file is scanned, which takes longer than all the rest.
    files = await receive_files(call, input.attachments, AttachmentRow)
    row = await create_bulletin(call, grid, input.kind, input.title, input.text, audience=input.audience, until=until)
    for file in files:
        file.bulletin = row
    await AttachmentRow.bulk_create(files)
    return BulletinPayload(bulletin=ref(Bulletin, row.id))


def check_until(call: Call, until: datetime.datetime | None) -> datetime.datetime | None:
    """Return until when something holds, if anybody says so; it must lie ahead."""
    if not is_given(until) or until is None:
        return None
    if require_offset(until, "until") <= call.now:
        raise invalid_input(f"{FIELD} must lie in the future.", f"{FIELD}应晚于现在。", "until")
    return until


IN_FORCE = require_empty("withdrawn_at", Text("It was withdrawn.", "该信息已撤回。"))
WRITTEN_HERE = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql("{0} not in ('AFFAIRS','WARNING')", row.kind)],
    Text(
        "Others answer for its words: correct it where it comes from.", "该信息由台账或预警机构发布，请在来源处更正。"
    ),
)
UNSIGNED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql("{0}<>'AFFAIRS'", row.kind)],
    Text("It has two signatures: correct it in the ledger.", "该信息经双方签字公开，请在台账中更正。"),
)
CORRECTING = Action(Bulletin, (require_rows(published_bulletins),), (IN_FORCE, WRITTEN_HERE))
WITHDRAWING = Action(Bulletin, (require_rows(published_bulletins),), (IN_FORCE, UNSIGNED))
LIVES_HERE = Requirement(
    "FORBIDDEN",
    lambda row, viewer: None if viewer.known() else [],
    Text("Sign in as somebody who lives here.", "请以居民身份登录。"),
)
READING = Action(Bulletin, (), (IN_FORCE,))
ASKING = Action(Bulletin, (LIVES_HERE,), (IN_FORCE,))


@strawberry.input(description="What a bulletin should have said; what is left out stays as it is (更正信息).")
class CorrectBulletinInput:
    idempotency_key: str = input_field(KEY)
    bulletin: ID = input_field(BULLETIN)
    expected_version: int = input_field(EXPECTED)
    title: str | None = free_text("In a few words (标题).", length=(1, TITLE), default=UNSET)
    text: str | None = free_text("What it says (内容).", length=(1, TEXT), default=UNSET)
    until: datetime.datetime | None = input_field(UNTIL, default=UNSET)
    reason: str = free_text("What was wrong; anybody who reads the bulletin reads it (更正原因).", length=(1, REASON))


@command(
    "Correct a bulletin: what it said before stays to be read, and who was told of it is told again (更正信息).",
    requires=PUBLISH,
    action=CORRECTING,
)
async def correct_bulletin(call: Call, input: CorrectBulletinInput) -> BulletinPayload:
    row: BulletinRow = await call.find(Bulletin, "bulletin", id=key_of(Bulletin)(input.bulletin))
    until = check_until(call, input.until) if is_given(input.until) else row.until
    # Before the row changes: the revision is what people had read.
    await RevisionRow.create(
        bulletin=row, version=row.version, title=row.title, text=row.text, corrected_at=call.now, reason=input.reason
    )
    row.title, row.text = input.title or row.title, input.text or row.text
    row.until, row.corrected_at = until, call.now
    row.version += 1
    await row.save()
    call.publish(Corrected(bulletin=row.id, kind=row.kind), row)
    enqueue_telling(call, row, Change.CORRECTED)
    return BulletinPayload(bulletin=ref(Bulletin, row.id))


@strawberry.input(description="A bulletin that nobody is to read any more (撤回信息).")
class WithdrawBulletinInput:
    idempotency_key: str = input_field(KEY)
    bulletin: ID = input_field(BULLETIN)
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why (撤回原因).", length=(1, REASON))


@command(
    "Withdraw a bulletin: those who publish here alone see it from then on, and who was told of it is told (撤回信息).",
    requires=PUBLISH,
    action=WITHDRAWING,
)
async def withdraw_bulletin(call: Call, input: WithdrawBulletinInput) -> BulletinPayload:
    row: BulletinRow = await call.find(Bulletin, "bulletin", id=key_of(Bulletin)(input.bulletin))
    # The words stay in the table: whoever published them answers for what people were told.
    row.withdrawn_at, row.reason = call.now, input.reason
    row.version += 1
    await row.save()
    call.publish(Withdrawn(bulletin=row.id, kind=row.kind), row)
    enqueue_telling(call, row, Change.WITHDRAWN)
    return BulletinPayload(bulletin=ref(Bulletin, row.id))


@strawberry.type(description="The bulletin, or why nothing was noted (已读结果).")
class MarkBulletinReadPayload:
    # Not the bulletin: the audit has the objects of an answer, and would list its readers.
    counted: bool | None = result_field("That it is counted, now or before (是否已计入).")
    errors: list[Problem] = problems()


@strawberry.input(description="A bulletin that one has read (已读信息).")
class MarkBulletinReadInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    bulletin: ID = input_field(BULLETIN)


@command(
    "Note that one has read a bulletin: it is counted once for each account, and nobody learns who it was (已读).",
    requires=None,
    repeats=True,
    action=READING,
)
async def mark_bulletin_read(call: Call, input: MarkBulletinReadInput) -> MarkBulletinReadPayload:
    require_signed_in(call)
    if call.viewer.account.name is None:
        # Strangers would be counted as often as they like.
        raise Refusal("UNAUTHENTICATED", "Sign in, so that you are counted once.", "请登录后操作。")
    # Found as the reader may see it: what one cannot read is not counted either.
    row: BulletinRow = await call.find(Bulletin, "bulletin", id=key_of(Bulletin)(input.bulletin))
    await call.fetch(RECEIVED, uuid4(), row.id, digest_reader(call, row))
    return MarkBulletinReadPayload(counted=True)


def digest_reader(call: Call, row: BulletinRow) -> bytes:
    """Return what tells one account from the others that read a bulletin, and tells nobody which it is.

    By the deployment's secret: whoever has the table alone cannot try the names of accounts.
    """
    text = f"bulletins:{row.id}:{call.viewer.account.name}"
    return hmac.digest(call.context.receipts, text.encode(), hashlib.sha256)


EXTENSIONS = (
    extend(
        Mutation,
        publish_bulletin=publish_bulletin,
        correct_bulletin=correct_bulletin,
        withdraw_bulletin=withdraw_bulletin,
        mark_bulletin_read=mark_bulletin_read,
    ),
)
