"""Actions are what commands do: what is allowed is not refused for state or permission, what is not is refused so.

For every type that says what may be done to it: rows of the furnished county, in each state, for each role.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import PLAN
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.roles import Role
from gongzhi.values.codes import Kind
from gongzhi_server.planner.actions import ActionList, OfferedAction
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import TODAY, create_database, drop_database

from ..access.argument_values import Name, value
from .more_rows import add_rows
from .mutation_lab import Lab, lab
from .test_hostile_values import written

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATES = ("status", "state", "ruling")
"""The columns in which types keep where their rows stand."""
APART = {("Case", "MERGED")}
"""States that no row is only put in: a case is part of another one, as the tests of merging have it."""
BARE = {"Approval", "Supervision"}
"""Of what the county has no rows."""
REFUSING = {"FORBIDDEN", "ILLEGAL_TRANSITION"}
"""What nobody is refused with who was told that it is allowed."""
OFTEN = "", "bulletins", "dispatch", "operations"
"""Plugins that more depends on: of their types two rows are tried, in `make test-all`; of the others one."""
SOME = 3
"""How many are refused for the same state of a row."""
SAID = {"rating:Int": 4}
PEOPLE = {"representative_id", "requester_id", "person_id", "owner_id", "leader_id", "asked_by_id"}
ACCOUNTS = {"account", "declared_by"}
UNITS = {"lead_unit_id", "unit_id", "lender_id"}
SEATS = "select s.account, s.person_id, s.unit_id from legal.seat s join legal.{} t using (matter_id) where t.id = $1"
SEATED = (
    "select m.person_id from credit.panel p join credit.seat s on s.panel_id = p.id "
    "join credit.panelist m on m.id = s.panelist_id where p.appraisal_id = $1"
)
ADVISER = "select a.account from legal.adviser a join legal.slot s on s.adviser_id = a.id"
PARTS = {
    **{
        name: (SEATS.format(table),)
        for name, table in (
            ("Mediation", "mediation"),
            ("AgreementTerm", "term"),
            ("JudicialConfirmation", "confirmation"),
            ("LegalAdvice", "advice"),
            ("LegalAid", "aid"),
            ("EnforcementClue", "clue"),
        )
    },
    "LegalMatter": ("select account, person_id, unit_id from legal.seat where matter_id = $1",),
    "CreditAppraisal": (SEATED,),
    "Deliberation": (
        "select id as person_id from people.person where birth_date < '2000-01-01' and $1::uuid is not null "
        "order by id limit 1",
    ),
    "PartyActivity": ("select person_id from party.participation where activity_id = $1",),
    "PartyTransfer": (
        "select person_id from party.member m join party.transfer t on t.member_id = m.id where t.id = $1",
    ),
    "PublicProject": (
        "select p.id as person_id from people.person p join party.project j on j.grid_id = p.grid_id "
        "where j.id = $1 order by p.id limit 1",
    ),
    "PointsAward": (
        "select person_id from points.account a join points.award w on w.account_id = a.id where w.id = $1",
    ),
    "PointsObjection": (
        "select c.account, c.person_id from points.claim c join points.objection o on o.claim_id = c.id "
        "where o.id = $1",
    ),
    "PointsRedemption": (
        "select m.unit_id from points.merchant m join points.redemption r on r.merchant_id = m.id where r.id = $1",
    ),
    "PointsReward": (
        "select m.unit_id from points.merchant m join points.reward r on r.merchant_id = m.id where r.id = $1",
    ),
    "Webhook": (
        "select a.name account from accounts.account a join webhooks.webhook w on a.id = w.account_id where w.id=$1",
    ),
    "WebhookDelivery": (
        "select a.name account from accounts.account a join webhooks.webhook w on a.id = w.account_id "
        "join webhooks.delivery d on d.webhook_id = w.id where d.id = $1",
    ),
    "LegalBooking": (f"{ADVISER} join legal.booking b on b.slot_id = s.id where b.id = $1",),
}
"""Who has a part in rows of a type by other tables."""
HOLDER = "select name as account from accounts.account where id = (select account_id from accounts.{} where id = $1)"
DONE_BY = {"Grant": "granted_by", "Identity": "linked_by", "Invitation": "created_by"}
TABLES = {"Grant": "holding", "Identity": "identity", "Session": "session", "ApiKey": "key", "Invitation": "invitation"}
PARTS |= {
    name: (
        HOLDER.format(table),
        *([f"select {DONE_BY[name]} as account from accounts.{table} where id = $1"] if name in DONE_BY else []),
    )
    for name, table in TABLES.items()
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laboratory(
    postgres: str, furnished: str, installed: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Lab]:
    """A county of its own, with rows of everything that something can be done to."""
    name = f"actions_{uuid4().hex}"
    dsn = await create_database(postgres, name, furnished.partition("?")[0].rpartition("/")[2])
    async with lab(dsn, installed, tmp_path_factory.mktemp("lab")) as made:
        await add_rows(made.connection)
        yield made
    await drop_database(postgres, name)


@dataclass(frozen=True)
class Acted:
    """A type that mutations are done to."""

    entity: Entity
    offered: tuple[OfferedAction, ...]

    @property
    def table(self) -> str:
        meta = self.entity.model._meta
        return f'"{meta.schema}"."{meta.db_table}"'

    @property
    def plugin(self) -> str:
        """The plugin that the type is of; none for the core."""
        package = self.entity.model.__module__.partition(".")[0]
        return package.removeprefix("gongzhi").removeprefix("_")

    @property
    def column(self) -> str | None:
        return next((name for name in STATES if name in self.entity.model._meta.fields_db_projection), None)

    @property
    def states(self) -> list[str]:
        field: Any = self.entity.model._meta.fields_map[self.column] if self.column else None
        kind: type[enum.Enum] | None = getattr(field, "enum_type", None)
        return [one.value for one in kind] if kind else []


def acted(made: Lab) -> Iterator[Acted]:
    """The types that have actions."""
    for name, entity in made.bench.engine.planner.entities.items():
        kind: Any = made.bench.schema._schema.type_map[name]
        field = kind.fields.get("actions")
        plan = field.extensions["strawberry-definition"].metadata.get(PLAN) if field else None
        if isinstance(plan, ActionList):
            yield Acted(entity, plan.offered)


async def viewers(made: Lab, installed: Plugins, of: Acted, row: Any) -> dict[str, Viewer]:
    """Who asks: every role in the county and for a unit, and whoever has a part in the row: people, accounts, units."""
    county = await made.connection.fetchval("select id from grids.grid where code = '610921'")
    parts = await find_parts(made, of, row)
    units = [*parts.units, await made.connection.fetchval("select max(id) from units.unit")]
    found = {"stranger": Viewer(ViewerAccount(), TODAY)}
    for role in (one for one in installed.roles if one.name != "stranger"):
        grants = place_grants(role, installed, county, units)
        for at, grant in enumerate(grants):
            account = ViewerAccount(f"actor {role.name}", None, (grant,))
            found[f"{role.name} {at}"] = Viewer(account, TODAY)
    everything = frozenset(one.name for one in installed.permissions)
    staff = ViewerGrant("everything", everything, Kind.COUNTY, county)
    for at, person in enumerate(parts.people):
        held = ViewerGrant("resident", installed.held("resident"))
        found[f"person {at}"] = Viewer(ViewerAccount("owner", person, (held,)), TODAY)
        found[f"staff person {at}"] = Viewer(ViewerAccount("staff", person, (held, staff)), TODAY)
    for name in parts.accounts:
        found[f"account {name}"] = Viewer(ViewerAccount(name, None, (staff,)), TODAY)
    for unit in parts.units:
        mine = ViewerGrant("everything", everything, unit=unit)
        found[f"unit {unit}"] = Viewer(ViewerAccount("of a unit", None, (mine,)), TODAY)
    return found


@dataclass(frozen=True)
class Parts:
    """Who has a part in a row."""

    people: list[UUID]
    accounts: list[str]
    units: list[int]


async def find_parts(made: Lab, of: Acted, row: Any) -> Parts:
    """Whom the columns of a row name, and of the rows that hang on it."""
    rows = [row]
    for text in PARTS.get(of.entity.name, ()):
        rows += await made.connection.fetch(text, row["id"])
    found = [(name, value) for one in rows for name, value in one.items() if value is not None]
    return Parts(
        list(dict.fromkeys(value for name, value in found if name in PEOPLE and isinstance(value, UUID))),
        list(dict.fromkeys(value for name, value in found if name in ACCOUNTS and isinstance(value, str))),
        list(dict.fromkeys(value for name, value in found if name in UNITS)),
    )


def place_grants(role: Role, installed: Plugins, county: int, units: list[int]) -> list[ViewerGrant]:
    held = installed.held(role.name)
    if role.name == "department_handler":
        return [ViewerGrant(role.name, held, unit=unit) for unit in units]
    return [ViewerGrant(role.name, held, Kind.COUNTY, county)]


def naming_field(kind: Any, of: Acted) -> str:
    """The field of a mutation's input that names the row."""
    return next(
        name
        for name, field in kind.of_type.fields.items()
        if name == "number" or str(field.type) in ("ID", "ID!") and of.entity.name.lower().endswith(name.lower())
    )


def give(made: Lab, offered: OfferedAction, of: Acted, row: Any) -> tuple[str, dict[str, Any]]:
    """The mutation on this row, with plain values in whatever else it needs."""
    kind = made.mutations[offered.name].args["input"].type
    known = {**made.names(offered.name), **SAID, "expectedVersion:Int": row.get("version", 1)}
    named = naming_field(kind, of)
    if offered.name == "mergeCases":
        known["merge:String"] = f"nothing {uuid4()}"
    given = value("input", kind, known)
    given[named] = row["number"] if named == "number" else f"{of.entity.name}:{row['id']}"
    if offered.name == "recordConfirmation":
        given["state"] = Name("REJECTED")  # what the court says at each of its steps
    if offered.name == "ruleOnObjection":
        given["ruling"] = Name("REJECTED")  # upheld it needs more of the case
    if offered.name == "markActivityAttendance":
        given["came"] = False  # to come it must take place
    if offered.name == "endWish":
        given["fulfilled"] = False  # to fulfil it somebody must see to it
    if offered.name == "setWebhookActive":
        given["active"] = False  # only its owner starts it again
    if offered.name == "publishAppraisal":
        given["published"] = False  # to show it takes a grade
    if "level" in given:
        given["level"] = Name("REMINDER")  # to list a case takes a further permission
    return written(offered.name, kind, given, in_document=False)


@pytest.mark.parametrize(
    "plugin, rows",
    [
        *((plugin, 1) for plugin in (*OFTEN, "credit", "field", "integrations", "legal", "list_exports")),
        *((plugin, 1) for plugin in ("points", "resolutions", "rights")),
        *(pytest.param(plugin, 2, marks=pytest.mark.slow) for plugin in OFTEN),
        # Its types are many, nothing else depends on them, and each has tests of its own.
        pytest.param("party", 1, marks=pytest.mark.slow),
    ],
)
async def test_what_is_told_is_what_is_done(laboratory: Lab, installed: Plugins, plugin: str, rows: int) -> None:
    tried = Tried()
    for of in (one for one in acted(laboratory) if one.plugin == plugin):
        assert (await try_type(laboratory, installed, tried, of, rows) > 0) is (of.entity.name not in BARE), (
            of.entity.name
        )
    assert [f"{key}: {len(found)}, {found[0]}" for key, found in tried.wrong.items()] == []
    assert tried.allowed and tried.refused, (tried.allowed, tried.refused)


async def try_type(made: Lab, installed: Plugins, tried: Tried, of: Acted, most: int) -> int:
    """Try some rows of a type in each state, by everybody, and return how many."""
    # Without a column for it, the state is that of several rows.
    most = 4 if of.entity.name in TABLES else most
    rows = await made.connection.fetch(f"select * from {of.table} order by {of.entity.key} desc limit {most}")
    for row in rows:
        for state in [one for one in of.states if (of.entity.name, one) not in APART] or [None]:
            if state:
                await set_state(made, of, row, state)
            for who, viewer in (await viewers(made, installed, of, row)).items():
                await compare(made, tried, of, dict(row), state, who, viewer)
        if of.column:
            await set_state(made, of, row, row[of.column])
    return len(rows)


async def set_state(made: Lab, of: Acted, row: Any, state: str) -> None:
    # Without triggers, which let some rows go no way back.
    await made.connection.execute("set session_replication_role = replica")
    await made.connection.execute(f"update {of.table} set {of.column} = $1 where id = $2", state, row["id"])
    await made.connection.execute("reset session_replication_role")


@dataclass
class Tried:
    """What was tried: how often each was told, and where what is told is not what is done."""

    allowed: int = 0
    refused: int = 0
    names: set[str] = field(default_factory=set)
    """The mutations that were allowed."""
    wrong: dict[tuple[str, ...], list[str]] = field(default_factory=lambda: defaultdict(list))
    times: Counter[tuple[str, ...]] = field(default_factory=Counter)


async def compare(made: Lab, tried: Tried, of: Acted, row: Any, state: str | None, who: str, viewer: Viewer) -> None:
    """Ask what somebody who sees the row may do to it, and try each."""
    text = f"query($id: ID!) {{ node(id: $id) {{ ... on {of.entity.name} {{ actions {{ name allowed reason }} }} }} }}"
    seen = (await made.bench.data(text, viewer, id=f"{of.entity.name}:{row['id']}"))["node"]
    for told in seen["actions"] if seen else []:
        offered = next(one for one in of.offered if one.name == told["name"])
        # Who may is asked before the state of the row: once for each viewer is enough, and once for all rows where
        # they hold the permission nowhere. What the state refuses it refuses to everybody: some are enough.
        held = offered.command.requires is None or viewer.can(offered.command.requires)
        if told["reason"] in {"FORBIDDEN", *(one.code for one in offered.command.action.who)}:
            whom: tuple[str, ...] = offered.name, who, str(row["id"]) if held else ""
            most = 1
        else:
            whom, most = (offered.name, str(row["id"]), str(state), str(told["reason"])), SOME
        tried.times[whom] += 1
        if tried.times[whom] > most and not told["allowed"]:
            continue
        refusals = await refusals_of(made, offered, of, row, viewer)
        if told["allowed"]:
            tried.allowed += 1
            tried.names.add(offered.name)
            fits = not REFUSING & set(refusals)
        else:
            tried.refused += 1
            fits = refusals == [told["reason"]]
        if not fits:
            tried.wrong[of.entity.name, told["name"], str(told["reason"]), *refusals].append(f"{state} {who}")


async def refusals_of(made: Lab, offered: OfferedAction, of: Acted, row: Any, viewer: Viewer) -> list[str]:
    """With which codes the mutation is refused, but for those that another field of the input is at fault for."""
    mutation, variables = give(made, offered, of, row)
    answer = await made.bench.send(f"mutation{mutation}", variables, viewer)
    refused = (answer.data or {}).get(offered.name)
    return answer.codes or [
        one["code"]
        for one in (refused or {}).get("errors", [])
        if one["path"][:1]
        in ([], ["expectedVersion"], [naming_field(made.mutations[offered.name].args["input"].type, of)])
    ]
