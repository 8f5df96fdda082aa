"""Everything that is in the little county, and what of it somebody sees.

The rules are said here once more, in Python, from their descriptions: nothing is shared with those that are declared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import asyncpg
from gongzhi.declare.bounds import FIRST
from gongzhi.declare.columns import NEVER
from gongzhi.declare.viewer import Viewer, ViewerGrant
from gongzhi_server.testing import ESSENTIAL

from . import (
    reference_deployment,
    reference_dispatch,
    reference_exports,
    reference_integrations,
    reference_operations,
    reference_signs,
)

TABLES = {
    "Grid": "grids.grid",
    "Ring": "grids.ring",
    "Unit": "units.unit",
    "Person": "people.person",
    "Phone": "people.phone",
    "Household": "people.household",
    "Membership": "people.membership",
    "HouseholdAward": "people.award",
    "TierDecision": "people.tier",
    "Visit": "people.visit",
    "Liaison": "people.liaison",
    "Officer": "people.post",
    "Category": "cases.category",
    "Channel": "cases.channel",
    "Case": "cases.case",
    "Support": "cases.support",
    "CaseEvent": "cases.event",
    "PluginActivation": "plugins.activation",
    **reference_dispatch.TABLES,
    **reference_integrations.TABLES,
    **reference_operations.TABLES,
    **reference_signs.TABLES,
    **reference_exports.TABLES,
    "Notice": "notices.notice",
    "Job": "events.job",
    "AccessLogEntry": "access.look",
    "ActLogEntry": "access.act",
    "Act": "access.act",
    "Look": "access.look",
    "AccessAlert": "access.alert",
    "Glass": "access.glass",
    "WorkCalendar": "calendars.calendar",
    "CalendarDay": "calendars.day",
    "CalendarYear": "calendars.year",
    "Span": "calendars.span",
    "DeadlineRuleSet": "clocks.rule_set",
    "DeadlineRule": "clocks.rule",
    "Choice": "clocks.choice",
    "Clock": "clocks.clock",
    "DeadlineTrace": "clocks.trace",
    "Account": "accounts.account",
    "Grant": "accounts.holding",
    "Identity": "accounts.identity",
    "Session": "accounts.session",
    "ApiKey": "accounts.key",
    "Invitation": "accounts.invitation",
    "Representative": "rights.representative",
    "Consent": "rights.consent",
    "Decision": "rights.trace",
    "DecisionReview": "rights.review",
    "DataRequest": "rights.demand",
    "Release": "rights.release",
    "Resolution": "resolutions.resolution",
    "Attachment": "attachments.attachment",
    "CaseChange": "sync.change",
    "CaseConflict": "sync.conflict",
    "Patrol": "patrols.patrol",
    "GovernanceCenter": "centers.center",
    "Seat": "centers.seat",
}
OWNED = {
    **dict.fromkeys(("Grant", "Identity", "Session", "ApiKey"), ("Account", "account_id")),
    "Phone": ("Person", "person_id"),
    "Membership": ("Household", "household_id"),
    "HouseholdAward": ("Household", "household_id"),
    "TierDecision": ("Household", "household_id"),
    "Visit": ("Household", "household_id"),
    "Liaison": ("Household", "household_id"),
    "CaseEvent": ("Case", "case_id"),
    "Support": ("Case", "case_id"),
    "Clock": ("Case", "case_id"),
    "DeadlineTrace": ("Clock", "clock_id"),
    **dict.fromkeys(reference_dispatch.STAFF, ("Case", "case_id")),
    **reference_operations.OWNED,
    "Attachment": ("Case", "case_id"),
    "CaseChange": ("Case", "case_id"),
    "CaseConflict": ("Case", "case_id"),
    **reference_integrations.OWNED,
}
"""Rows that are seen with the row they belong to."""


class Row:
    """A row of a table, with the name of its GraphQL type."""

    depth: int

    def __init__(self, typename: str, values: Mapping[str, Any]) -> None:
        self.typename = typename
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.typename} has no {name}")


class Rows:
    """Everything there is."""

    def __init__(self, found: Mapping[str, list[Row]], likeness: Mapping[tuple[Any, Any], float]) -> None:
        self.kinds, self.likeness = found, likeness
        self.found: list[dict[str, Any]] = []
        self.deployment: dict[str, list[dict[str, Any]]] = {}
        """What the checks of the deployment say, which the plain way takes as it is."""
        self.factors: list[Any] = []
        """The second factors of accounts."""
        self.used: list[Any] = []
        """How much API keys were used, the last day first."""
        self.keys = {kind: {row.id: row for row in rows} for kind, rows in found.items()}
        for case in found.get("Case", ()):
            steps = [one.at for one in found["CaseEvent"] if one.case_id == case.id and one.audience == "PUBLIC"]
            case.last_event_at = max(steps, default=FIRST)

    @classmethod
    async def load(cls, dsn: str) -> Rows:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
            pairs = {(one, other): alike for one, other, alike in await connection.fetch(reference_dispatch.LIKENESS)}
            rows = cls({
                kind: [Row(kind, plainly(record)) for record in await connection.fetch(f'select * from {name}')]
                for kind, name in TABLES.items()
            }, pairs)  # fmt: skip
            rows.factors = await connection.fetch("select * from second_factors.factor")
            rows.used = await connection.fetch("select * from api_keys.usage order by day desc")
            for check in ESSENTIAL.registers.checks:
                count = await connection.fetchval(check.sql)
                said = check.say(count)
                rows.found.append({"name": check.name, "count": count, "english": said.en, "chinese": said.zh})
            rows.deployment = await reference_deployment.load(connection)
            return rows
        finally:
            await connection.close()

    def current(self, code: str) -> Row | None:
        """The grid that has the code now."""
        return next((row for row in self.kinds["Grid"] if row.code == code and row.valid_to is None), None)

    def lies_in(self, grid: int | None, area: int) -> bool:
        """Whether a grid is another one, or below it."""
        while grid is not None and grid != area:
            grid = self.keys["Grid"][grid].parent_id
        return grid == area


def plainly(record: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values; infinity is a moment in UTC like others."""
    return {name: NEVER if value == datetime.max else value for name, value in record.items()}


def anybody(row: Row) -> bool:
    return True


class ExpectedVisibility:
    """What one viewer sees."""

    def __init__(self, rows: Rows, viewer: Viewer) -> None:
        self.rows, self.viewer = rows, viewer
        self.person = viewer.account.person
        self.today = (viewer.now.astimezone(UTC) + timedelta(hours=8)).date()

    def grants(self, permission: str) -> list[ViewerGrant]:
        return [grant for grant in self.viewer.account.grants if permission in grant.permissions]

    def can(self, permission: str) -> bool:
        return bool(self.grants(permission))

    def serves(self, row: Row, permission: str) -> bool:
        """Whether the viewer holds the permission where the row lies."""
        return any(
            (grant.grid is None and grant.unit is None)
            or (grant.grid is not None and self.rows.lies_in(row.grid_id, grant.grid))
            for grant in self.grants(permission)
        )

    def all(self, kind: str) -> list[Row]:
        return self.rows.kinds[kind]

    # the rules of people

    def lasts(self, row: Row) -> bool:
        """Whether it is still in force today."""
        return row.until is None or bool(row.until > self.today)

    @cached_property
    def homes(self) -> set[Any]:
        return {m.household_id for m in self.all("Membership") if m.person_id == self.person and self.lasts(m)}

    @cached_property
    def family(self) -> set[Any]:
        return {m.person_id for m in self.all("Membership") if m.household_id in self.homes and self.lasts(m)}

    @cached_property
    def helped(self) -> set[Any]:
        return {o.household_id for o in self.all("Liaison") if o.person_id == self.person and self.lasts(o)}

    @cached_property
    def asking(self) -> set[Any]:
        """Who asked for an open ordinary case that a unit of the viewer answers for."""
        units = {grant.unit for grant in self.grants("cases.handle")} - {None}
        at_work = {"DISPATCHED", "HANDLING", "SUSPENDED", "REPLIED"}
        return {
            row.requester_id
            for row in self.all("Case")
            if row.lead_unit_id in units and row.series == "ORDINARY" and row.status in at_work
        }

    def sees_person(self, row: Row) -> bool:
        own = self.person is not None and (row.id == self.person or row.id in self.family)
        if row.restricted_at:
            return own or self.serves(row, "people.view_restricted")
        return own or row.id in self.asking or self.serves(row, "people.view")

    def knows_name(self, person: Any, household: Any) -> bool:
        """Whether the viewer may know the name of a member: they see the person, or help the household."""
        row = self.rows.keys["Person"][person]
        helps = self.person is not None and household in self.helped and not row.restricted_at
        return helps or self.sees_person(row)

    def sees_household(self, row: Row) -> bool:
        own = self.person is not None and (row.id in self.homes or row.id in self.helped)
        return own or self.serves(row, "people.view")

    def sees_visit(self, row: Row) -> bool:
        own = self.person is not None and (row.household_id in self.homes or row.household_id in self.helped)
        return own or self.serves(row, "people.view")

    def sees_needs(self, row: Row) -> bool:
        own = self.person is not None and (row.id in self.homes or row.id in self.helped)
        return own or self.serves(row, "people.view_needs")

    # the rules of rights

    @cached_property
    def represented(self) -> set[Any]:
        return {
            r.person_id
            for r in self.all("Representative")
            if r.representative_id == self.person and (r.until is None or r.until > self.today)
        }

    def speaks(self, row: Row) -> bool:
        return self.person is not None and (row.person_id == self.person or row.person_id in self.represented)

    def at_home(self, row: Row) -> bool:
        return row.household_id in self.homes

    # the rules of cases

    def sees_case(self, row: Row) -> bool:
        if self.person is not None and self.person in (row.requester_id, row.filed_by_id):
            return True
        if row.accused_unit_id in self.employers:
            return False
        if any(grant.unit is not None and self.handles(row, grant.unit) for grant in self.grants("cases.view")):
            return True
        if row.series == "ORDINARY":
            return self.serves(row, "cases.view")
        if all("cases.view_sealed" in grant.permissions for grant in self.grants("cases.view")):
            return self.serves(row, "cases.view")
        return self.serves(row, "cases.view_sealed")

    def handles(self, row: Row, unit: int) -> bool:
        helping = any(s.case_id == row.id and s.unit_id == unit for s in self.all("Support"))
        return row.lead_unit_id == unit or helping

    def holds(self, case: Row, permission: str) -> bool:
        """Whether the viewer holds the permission on a case: where it lies, or for a unit that works on it."""
        units = [grant.unit for grant in self.grants(permission) if grant.unit is not None]
        return self.serves(case, permission) or any(self.handles(case, unit) for unit in units)

    @cached_property
    def employers(self) -> set[Any]:
        """The units of all the viewer's grants, and those above them."""
        found, left = set(), [grant.unit for grant in self.viewer.account.grants if grant.unit is not None]
        while left:
            unit = left.pop()
            if unit not in found:
                found.add(unit)
                left += [row.parent_id for row in self.all("Unit") if row.id == unit and row.parent_id]
        return found

    def sees_event(self, row: Row) -> bool:
        return row.audience == "PUBLIC" or self.holds(self.rows.keys["Case"][row.case_id], "cases.view_notes")

    def sees_paper(self, row: Row) -> bool:
        """What is between offices."""
        return self.holds(self.rows.keys["Case"][row.case_id], "cases.view_notes")

    def sees_history(self, row: Row) -> bool:
        own = self.viewer.account.name is not None and row.account == self.viewer.account.name
        return own or self.holds(self.rows.keys["Case"][row.case_id], "cases.view_notes")

    def sees_patrol(self, row: Row) -> bool:
        own = self.person is not None and row.patroller_id == self.person
        return own or self.serves(row, "patrols.view")

    def sees_activation(self, row: Row) -> bool:
        return self.serves(row, "plugins.view")

    def sees_job(self, row: Row) -> bool:
        return self.can("jobs.view")

    def sees_notice(self, row: Row) -> bool:
        if row.office == "cases.view_sealed" and row.barred_unit_id in self.employers:
            return False
        if row.office is not None:
            return self.serves(row, row.office)
        if row.unit_id is not None:
            return any(grant.unit == row.unit_id for grant in self.grants("cases.handle"))
        mine = self.person if row.account is None else self.viewer.account.name
        return mine is not None and mine in (row.person_id, row.account)

    def is_told(self, row: Row) -> bool:
        return self.person is not None and self.person in (row.persons or ())

    def sees_act(self, row: Row) -> bool:
        """What was done in an office of a grid, or for a unit at home there, whose audit the viewer follows."""
        grants = self.grants("disclosure.audit")
        if row.role == "resident":
            return False
        if any(grant.grid is None and grant.unit is None for grant in grants):
            return True
        homes = {unit.id: unit.grid_id for unit in self.rows.kinds["Unit"]}
        grid = row.grid_id if row.grid_id is not None else homes.get(row.unit_id)
        return grid is not None and any(
            grant.grid is not None and self.rows.lies_in(grid, grant.grid) for grant in grants
        )

    def owns(self, row: Row) -> bool:
        return row.account is not None and bool(row.account == self.viewer.account.name)

    def sees_look(self, row: Row) -> bool:
        """One's own looks, those at people one watches over, and those that found nobody, from grids one watches over.

        Who watches over everything sees them all.
        """
        grants = self.grants("people.oversee")
        if self.owns(row) or any(grant.grid is None and grant.unit is None for grant in grants):
            return True
        if not row.persons:
            return row.grid_id is not None and self.serves(row, "people.oversee")
        people = self.rows.keys["Person"]
        return any(self.serves(people[key], "people.oversee") for key in row.persons if key)

    def sees_account(self, row: Row) -> bool:
        return row.name == self.viewer.account.name or self.serves(row, "accounts.view")

    def sees_invitation(self, row: Row) -> bool:
        """Those for people whom one may invite, and those for accounts that one looks after."""
        person, account = self.rows.keys["Person"].get(row.person_id), self.rows.keys["Account"].get(row.account_id)
        invites = person is not None and self.serves(person, "accounts.invite_residents")
        return invites or (account is not None and self.serves(account, "accounts.edit"))

    def sees_webhook(self, row: Row) -> bool:
        owner = self.rows.keys["Account"][row.account_id]
        return bool(owner.name == self.viewer.account.name or self.serves(row, "webhooks.oversee"))

    # all of them

    @cached_property
    def seen(self) -> dict[str, set[Any]]:
        """The keys of the visible rows of every type; a row that belongs to another is seen with it."""
        rules: dict[str, Callable[[Row], bool]] = {
            "Person": self.sees_person,
            "Household": self.sees_household,
            "Visit": self.sees_visit,
            "Case": self.sees_case,
            "CaseEvent": self.sees_event,
            "PluginActivation": self.sees_activation,
            "Notice": self.sees_notice,
            "Job": self.sees_job,
            "AccessLogEntry": self.is_told,
            "ActLogEntry": self.is_told,
            "Act": self.sees_act,
            "Look": self.sees_look,
            "AccessAlert": lambda row: self.serves(row, "people.oversee"),
            "Glass": self.owns,
            "Account": self.sees_account,
            "Invitation": self.sees_invitation,
            "Webhook": self.sees_webhook,
            "WebhookDelivery": lambda row: row.attempts > 0 or row.type == "webhook.test",
            "Representative": lambda row: (
                self.speaks(row) or self.person == row.representative_id or self.serves(row, "rights.represent")
            ),
            "Consent": lambda row: self.speaks(row) or self.serves(row, "rights.handle"),
            "DataRequest": lambda row: self.speaks(row) or self.serves(row, "rights.handle"),
            "Decision": lambda row: self.speaks(row) or self.at_home(row),
            "DecisionReview": lambda row: self.speaks(row) or self.at_home(row) or self.serves(row, "rights.review"),
            "Release": self.speaks,
            **dict.fromkeys(reference_dispatch.STAFF, self.sees_paper),
            **reference_operations.rules(self),
            **reference_signs.rules(self),
            **reference_exports.rules(self),
            "CaseChange": self.sees_history,
            "CaseConflict": self.sees_history,
            "Patrol": self.sees_patrol,
        }
        found: dict[str, set[Any]] = {}
        for kind in sorted(TABLES, key=lambda kind: kind in OWNED):
            rule, (owner, key) = rules.get(kind, anybody), OWNED.get(kind, ("", ""))
            owners = found.get(owner)
            found[kind] = {
                row.id for row in self.all(kind) if rule(row) and (owners is None or getattr(row, key) in owners)
            }
        return found

    def visible(self, kind: str) -> list[Row]:
        return [row for row in self.all(kind) if row.id in self.seen[kind]]

    def find(self, kind: str, key: Any) -> Row | None:
        """A row by its key, if it is there and to be seen."""
        return self.rows.keys[kind].get(key) if key in self.seen[kind] else None
