"""Releases and resolutions: how plugins that do not know each other exchange what people let them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import pick, ref
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.register_entries import Statement, StatementClaim
from gongzhi.declare.registers import Registers
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import DeclarationError, Text
from gongzhi_resolutions.records import find_adoption
from gongzhi_rights.consents import require_consent
from gongzhi_rights.releases import claim_data, create_release, find_released_claims
from gongzhi_rights.representation import load_subject
from gongzhi_rights.rules import consent_given, in_force
from gongzhi_rights.types import Release
from gongzhi_server.testing import essential_with, serve_application
from strawberry import ID, UNSET

from .conftest import Family, expect_success, key, refusal_codes


async def points(call: Call, person: UUID) -> list[StatementClaim]:
    return [StatementClaim(Text("Earned 30 points.", "累计 30 分。"), 30)]


async def nothing(call: Call, person: UUID) -> list[StatementClaim]:
    return []


STATEMENTS = (
    Statement("POINTS", Text("Points earned", "积分"), points),
    Statement("AWARDS", Text("Awards", "荣誉"), nothing),
)


@strawberry.type(description="What came of it (结果).")
class ApplyPayload:
    release: Release | None = result_field("The release (授权).")
    read: strawberry.scalars.JSON | None = result_field("What the recipient reads (可见内容).")
    errors: list[Problem] = problems()


@strawberry.input(description="What is released (授权).")
class ApplyInput:
    idempotency_key: str = input_field(KEY)
    kinds: list[str] = input_field("Kinds (种类).")
    expires_on: date = input_field("Until (到期).")
    person: ID | None = input_field("Who (人员).", default=UNSET)


@command("Apply for something (申请).", requires=None)
async def apply(call: Call, input: ApplyInput) -> ApplyPayload:
    person = await load_subject(call, input.person or None)
    await require_consent(call, person.id, "people.income_band", "village", "person")
    made = await create_release(
        call, person, kinds=input.kinds, recipient="bank", purpose="loan", expires_on=input.expires_on
    )
    return ApplyPayload(
        release=ref(Release, made.id, shown=True), read=await find_released_claims(call, person.id, "bank", "loan")
    )


@strawberry.input(description="What is looked for (查询).")
class LookInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("Whose (人员).")
    rule: str = input_field("Which rule (规则).", default="")
    grid: str = input_field("Where (网格).", default="")


@strawberry.type(description="What was found (结果).")
class LookPayload:
    read: strawberry.scalars.JSON | None = result_field("What the recipient reads (可见内容).")
    adopted: bool | None = result_field("Whether the rule was adopted (是否通过).")
    errors: list[Problem] = problems()


@command("Look something up (查询).", requires=None)
async def look(call: Call, input: LookInput) -> LookPayload:
    found = await find_released_claims(call, key(input.person), "bank", "loan")
    grid = await GridRow.get_or_none(code=input.grid)
    return LookPayload(read=found, adopted=grid and await find_adoption(call, input.rule, grid.id) is not None)


SHOWN = pick(
    "What the bank reads (银行可见).",
    lambda at: [Sql("{0}={1} and {2}", at.rows.person_id, at.row.id, in_force(at.rows, at.viewer))],
    shown=True,
    type=Release | None,
    requires=None,
)
CONSENTING = pick(
    "Themselves, if they agree (本人同意时).",
    lambda at: [
        Sql(
            "{0}={1} and {2}",
            at.rows.id,
            at.row.id,
            consent_given(at.row.id, "people.income_band", "village", at.viewer),
        )
    ],
    type=Person | None,
    requires=None,
)


class Bank:
    """A plugin that reads what people release to it."""

    @hookimpl
    def graphql(self) -> list[Extension]:
        return [extend(Mutation, apply=apply, look=look), extend(Person, bank_reads=SHOWN, consenting=CONSENTING)]

    @hookimpl
    def registers(self) -> list[Registers]:
        return [Registers(statements=STATEMENTS)]


SELECTION = "release { id kinds recipient purpose expiresAt claims { kind text value } } read"
AGREED = {"purpose": "people.income_band", "noticeVersion": 1}


async def test_release_is_read_until_revoked(family: Family, database: str, tmp_path: Any) -> None:
    async with serve_application(database, tmp_path, plugins=essential_with("bank", Bank())) as bank:
        family.server.client = bank.client
        elder, staff = family.of(family.elder), family.staff("grid_worker")
        kinds = (await bank.ask("{ statementKinds { kind description } }")).data["statementKinds"]
        assert kinds == [
            {"kind": "POINTS", "description": "Points earned"},
            {"kind": "AWARDS", "description": "Awards"},
        ]
        asked = {"kinds": ["POINTS", "AWARDS"], "expiresOn": "2026-12-31"}
        assert await refusal_codes(elder, "apply", SELECTION, **asked) == [("CONSENT_REQUIRED", ["person"])]
        await expect_success(elder, "giveConsent", "consent { id }", **AGREED)
        payload = await elder.do("apply", SELECTION, **asked)
        claim = {"kind": "POINTS", "text": "累计 30 分。", "value": 30}
        assert payload["release"]["kinds"] == ["POINTS"] and payload["release"]["claims"] == [claim]
        assert payload["read"] == [{**claim, "english": "Earned 30 points."}]
        for wrong, path in (({"kinds": ["NOPE"]}, "kinds"), ({"expiresOn": "2028-01-01"}, "expiresOn")):
            assert [one[1] for one in await refusal_codes(elder, "apply", SELECTION, **{**asked, **wrong})] == [[path]]
        others = await refusal_codes(staff, "apply", SELECTION, **asked, person=family.elder)
        assert others == [("FORBIDDEN", ["person"])]

        reads = f'{{ person(id: "{family.elder}") {{ bankReads {{ kinds }} consenting {{ id }} }} }}'
        assert (await staff.ask(reads)).data["person"] == {
            "bankReads": {"kinds": ["POINTS"]},
            "consenting": {"id": family.elder},
        }
        mine = "{ me { releases { nodes { kinds revokedAt } } } }"
        assert len((await elder.ask(mine)).data["me"]["releases"]["nodes"]) == 1
        given_ = {"release": payload["release"]["id"]}
        assert await refusal_codes(staff, "revokeRelease", "release { id }", **given_) == [("NOT_FOUND", ["release"])]
        assert (await expect_success(elder, "revokeRelease", "release { revokedAt }", **given_))["revokedAt"]
        await expect_success(elder, "withdrawConsent", "consent { id }", purpose="people.income_band")
        assert (await staff.ask(reads)).data["person"] == {"bankReads": None, "consenting": None}
        assert (await staff.do("look", "read", person=family.elder))["read"] == []
        assert await refusal_codes(elder, "apply", SELECTION, **asked) == [("CONSENT_REQUIRED", ["person"])]


async def test_release_ends_by_itself(family: Family, database: str, tmp_path: Any) -> None:
    async with serve_application(database, tmp_path, plugins=essential_with("bank", Bank())) as bank:
        family.server.client = bank.client
        elder, worker = family.of(family.elder), bank.as_("grid_worker", grid=family.grid)
        await expect_success(elder, "giveConsent", "consent { id }", **AGREED)
        payload = await elder.do("apply", SELECTION, kinds=["POINTS"], expiresOn="2026-06-30")
        assert payload["release"]["expiresAt"] == "2026-06-30T16:00:00+00:00"  # the end of the day in China
        assert len((await worker.do("look", "read", person=family.elder))["read"]) == 1
        bank.clock.move(hours=14)
        assert (await worker.do("look", "read", person=family.elder))["read"] == []
        await resolved(family, bank)


RULE = "points.village/3"
RESOLUTION = "resolution { id body title adopts votesFor grid { code } revokedAt }"


async def resolved(family: Family, bank: Any) -> None:
    """A resolution is recorded where one serves, read by anybody, and looked up below, until it is revoked."""
    village = family.grid.partition("-")[0]
    leader, worker = bank.as_("grid_leader", grid=village), bank.as_("grid_worker", grid=village)
    text = {"title": "通过积分规则", "text": "全体通过。", "decidedOn": "2026-06-01", "adopts": [RULE]}
    given_ = {"grid": village, "body": "ASSEMBLY", **text, "votesFor": 30, "votesAgainst": 2, "abstentions": 1}
    made = await expect_success(leader, "recordResolution", RESOLUTION, **given_)
    assert (made["adopts"], made["votesFor"], made["grid"]) == ([RULE], 30, {"code": village})
    wrong = {**given_, "abstentions": None, "adopts": ["points"], "decidedOn": "2027-01-01", "title": ""}
    found = await refusal_codes(leader, "recordResolution", RESOLUTION, **wrong)
    assert {path[0] for _, path in found} == {"title", "decidedOn", "adopts", "votesFor"}
    away = await refusal_codes(leader, "recordResolution", RESOLUTION, **{**given_, "grid": "610921"})
    assert away == [("FORBIDDEN", ["grid"])]
    listed = (await bank.ask("{ resolutions { nodes { title } } }")).data["resolutions"]["nodes"]
    assert listed == [{"title": "通过积分规则"}]
    asked = {"person": family.elder, "rule": RULE}
    assert (await worker.do("look", "adopted", **asked, grid=family.grid))["adopted"] is True
    assert (await worker.do("look", "adopted", **asked, grid="610921"))["adopted"] is False
    revoked = await expect_success(leader, "revokeResolution", RESOLUTION, resolution=made["id"])
    assert revoked["revokedAt"] and (await worker.do("look", "adopted", **asked, grid=family.grid))["adopted"] is False


def test_claims_are_positive() -> None:
    assert claim_data("X", StatementClaim(Text("a", "b"), 3))["value"] == 3
    with pytest.raises(DeclarationError, match="above zero"):
        claim_data("X", StatementClaim(Text("a", "b"), 0))


def test_a_year_at_most() -> None:
    from gongzhi_rights.releases import LONGEST

    assert timedelta(days=365) <= LONGEST <= timedelta(days=366)
