"""Two rows of every type: one where the viewer serves, around one person, and one where they do not, around another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from gongzhi.declare.entity import Entity
from gongzhi_server.testing import TODAY

PERSON = """
select p.id, m.household_id, p.town_id, t.code, g.code
from people.person p
join people.membership m on m.person_id = p.id and m.until is null
join people.household h on h.id = m.household_id
join grids.grid t on t.id = p.town_id
join grids.grid g on g.id = p.grid_id
where p.town_id <> all($1::int[])
  and exists(select from cases.case c where c.town_id = p.town_id and c.series = 'ORDINARY')
order by exists(select from people.phone f where f.person_id = p.id) desc,
  exists(select from people.visit v where v.household_id = m.household_id) desc,
  exists(select from people.liaison l where l.household_id = m.household_id) desc,
  exists(select from people.award a where a.household_id = m.household_id) desc,
  p.resident_id_mask is null, p.id limit 1
"""
UNIT = "select id, code from units.unit where kind = 'COUNTY_DEPARTMENT' order by code offset $1 limit 1"
# Somebody's own case, in the hands of a unit of its own: the small county has no such case by itself.
CASE = """
update cases.case set requester_id = $1, filed_by_id = $1, anonymous = false, status = 'REPLIED', lead_unit_id = $3,
  reply = 'done', replied_at = reported_at, settled_at = reported_at, settled_level = 'TOWN', rating = 4, solved = true,
  rating_comment = 'good'
where id = (select id from cases.case where town_id = $2 and series = 'ORDINARY' order by longitude is null, id limit 1)
returning id, number
"""


@dataclass(frozen=True)
class Around:
    """A person, and what is theirs: the household, a case in hand, the unit that has it, the town."""

    person: Any
    household: Any
    case: Any
    clock: Any
    number: str
    lead: int
    unit: str
    area: int
    town: str
    grid: str
    look: Any
    account: Any
    name: str
    """The account of somebody who is looked after in the town."""
    webhook: Any
    whistle: Any
    emergency: Any

    @property
    def named(self) -> Mapping[str, Any]:
        """What columns that point to one of them are called, and what they hold."""
        people = dict.fromkeys(("person_id", "requester_id", "head_id", "visitor_id"), self.person)
        return {
            **people,
            "household_id": self.household,
            "case_id": self.case,
            "clock_id": self.clock,
            "account_id": self.account,
            "webhook_id": self.webhook,
            "whistle_id": self.whistle,
            "emergency_id": self.emergency,
            "lead_unit_id": self.lead,
        }


MORE = """
with told as (
  insert into notices.notice (id, kind, person_id, grid_id, title_en, title_zh, body_en, body_zh, about, at, read_at)
  values (gen_random_uuid(), 'case.replied', $1, $2, 'Told', '通知', 'It is so.', '如此。', 'Case:1', $3, $3)
)
insert into plugins.activation (id, plugin, grid_id, active, since, until, account)
values (gen_random_uuid(), 'points', $2, true, $3, $3, 'administrator')
"""

RIGHTS = """
with decided as (
  insert into rights.decision (id, grid_id, person_id, rule, inputs, contributions, outcome, adverse, at, account)
  values (gen_random_uuid(), $2, $1, 'service-tier/1', '[{"name": "a", "value": 1}]',
    '[{"name": "a", "value": 1, "text": "t", "english": "e"}]', 'GUANXIN', true, $3, 'machine') returning id
), reviewed as (
  insert into rights.review (id, grid_id, decision_id, person_id, asked_by_id, asked_at, reason, due_at, state, outcome,
    grounds, decided_at, account, version)
  select gen_random_uuid(), $2, id, $1, $1, $3, 'r', $3, 'UPHELD', 'GUANXIN', 'g', $3, 'machine', 1 from decided
), demanded as (
  insert into rights.demand (id, grid_id, person_id, matter, decision_id, text, asked_by_id, asked_at, due_at, state,
    grounds, decided_at, account, version)
  select gen_random_uuid(), $2, $1, 'EXPORT', id, 't', $1, $3, $3, 'GRANTED', 'g', $3, 'machine', 1 from decided
), agreed as (
  insert into rights.consent (id, grid_id, person_id, purpose, recipient, version, given_by_id, given_at, expires_at,
    withdrawn_at, account) values (gen_random_uuid(), $2, $1, 'people.duty_phone', 'public', 1, $1, $3, $3, $3, 'x')
), spoken as (
  insert into rights.representative (id, grid_id, person_id, representative_id, capacity, since, until, account)
  values (gen_random_uuid(), $2, $1, $1, 'GUARDIAN', $3, $3, 'machine')
), shown as (
  insert into rights.release (id, grid_id, person_id, recipient, purpose, kinds, claims, given_at, expires_at,
    revoked_at, account) values (gen_random_uuid(), $2, $1, 'bank', 'loan', '{POINTS}',
    '[{"kind": "POINTS", "text": "t", "english": "e", "value": 1}]', $3, $3, $3, 'x')
)
insert into resolutions.resolution (id, grid_id, body, title, text, decided_on, adopts, votes_for, votes_against,
  abstentions, recorded_at, account, revoked_at)
values (gen_random_uuid(), $2, 'ASSEMBLY', 't', 't', $3, '{a/1}', 1, 1, 1, $3, 'x', $3)
"""


# The look and the act have one key between them.
LOOKED = """
with one as materialized (select gen_random_uuid() as id), warned as (
  insert into access.alert (id, at, kind, account, role, count, grid_id)
  values (gen_random_uuid(), $3, 'BULK', 'grid_worker', 'grid_worker', 7, $2)
), broken as (
  insert into access.glass (id, account, person_id, reason, at, until)
  values (gen_random_uuid(), 'everything', $1, '急', $3, $3)
), acted as (
  insert into access.act (id, at, account, role, unit_id, grid_id, content, mutation, objects, codes, persons, salts,
    commitments)
  select one.id, $3, 'grid_worker', 'grid_worker', $4, $2, '', 'update_person', '{}', '{}', array[$1::uuid], '{}', '{}'
  from one
)
insert into access.look (id, at, account, role, unit_id, grid_id, content, kind, operation, purpose, fields, persons,
  salts, commitments)
select one.id, $3, 'grid_worker', 'grid_worker', $4, $2, '', 'READ', 'Q', 'Q', '{Person.name}', array[$1::uuid], '{}',
  '{}' from one
returning id
"""


CLOCK = """
with running as (
  insert into clocks.clock (id, case_id, stage, rule_id, calendar_id, calendar_version, unit_id, started_at, warn_at,
    due_at, stopped_at, pauses, extensions, working, allowed, counted, reminded)
  select gen_random_uuid(), $1, 'HANDLE', r.id, c.id, c.version, $2, $3, $3, $3, $3, '[]', '[]', true, 60, 60, 0
  from (select min(id) as id from clocks.rule) r, calendars.calendar c returning id
)
insert into clocks.trace (id, clock_id, at, why, before, after, data)
select gen_random_uuid(), id, $3, 'RULES', $3, $3, '{}' from running returning clock_id
"""

# With all that can hang on an account; a session's and a key's times are of no matter here.
ACCOUNT = """
with a as (
  insert into accounts.account (id, name, kind, grid_id, person_id, created_at, created_by, suspended_at, suspended_by,
    suspending_at, suspending_by, version)
  values (gen_random_uuid(), 'of-' || $2::text, 'PERSON', $3, $1, $4, 'console', $4, 'console', $4, 'console', 1)
  returning id, name
), h as (
  insert into accounts.holding (id, account_id, role, grid_id, since, until, granted_by, proposed_at, confirmed_by,
    revoked_by, granted_at, waits_until, agreed_by, stopped_by, stopped_why, ending_at, ending_by)
  select gen_random_uuid(), a.id, 'resident', $3, $4, $4, 'console', $4, 'console', 'console', $4, $4, 'console',
    'console', 'no', $4, 'console' from a
), i as (
  insert into accounts.identity (id, account_id, issuer, subject, linked_at, linked_by,
    proposed_at, confirmed_by)
  select gen_random_uuid(), a.id, 'https://id.example', a.name, $4, 'console', $4, 'console' from a
), v as (
  insert into accounts.invitation (id, account_id, person_id, mac, created_at, created_by, expires_at, printed_at,
    printed_by, used_at) select gen_random_uuid(), a.id, $1, a.name::bytea, $4, 'console', $4, $4, 'console', $4 from a
), s as (
  insert into accounts.session (id, account_id, device, generation, created_at, used_at, expires_at, ended_at)
  select gen_random_uuid(), a.id, 'phone', 0, $4, $4, $4, $4 from a
), k as (
  insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at, revoked_at)
  select gen_random_uuid(), a.id, 'hotline', a.name::bytea, '{cases.view}', $4, 'console', $4, $4 from a
)
select id, name from a
"""

# What the offices have between them about the case.
PAPERS = """
with given as (
  insert into dispatch.work_order (id, case_id, unit_id, role, state, issued_at, due_at, warn_at, acknowledged_at,
    finished_at, extended, contribution, version)
  values (gen_random_uuid(), $1, $2, 'LEAD', 'DONE', $3, $3, $3, $3, $3, true, 'done', 1) returning id
), ruled as (
  insert into dispatch.objection (id, case_id, order_id, unit_id, suggested_id, grounds, filed_at, due_at, ruling,
    reason, ruled_at, before_id, after_id)
  select gen_random_uuid(), $1, g.id, $2, $2, 'ours?', $3, $3, 'UPHELD', 'no', $3, r.id, r.id
  from given g, (select min(id) as id from dispatch.rule) r
), asked as (
  insert into dispatch.approval (id, case_id, kind, state, unit_id, until, reason, requested_at, decision, decided_at)
  values (gen_random_uuid(), $1, 'EXTENSION', 'APPROVED', $2, $3, 'rain', $3, 'yes', $3)
)
insert into dispatch.follow_up (id, case_id, at, contact, reached, rating, solved, note, role)
values (gen_random_uuid(), $1, $3, 'PHONE', true, 4, true, 'good', 'town_dispatcher')
"""


# What came from the field about the case, and the town's centre and deadlines.
FIELD = """
with file as (
  insert into attachments.attachment (id, case_id, kind, media_type, size, thumbnail, county, at)
  values (gen_random_uuid(), $1, 'PHOTO', 'image/jpeg', 1, true, '610921', $3)
), changed as (
  insert into sync.change (id, case_id, field, before, after, occurred_at, at, account, role)
  values (gen_random_uuid(), $1, 'title', 'a', 'b', $3, $3, 'somebody', 'grid_worker')
), met as (
  insert into sync.conflict (id, case_id, field, base, mine, theirs, by, at, occurred_at, received_at, role, kept,
    resolved_at)
  values (gen_random_uuid(), $1, 'title', 'a', 'b', 'c', 'grid_worker', $3, $3, $3, 'grid_worker', 'MINE', $3)
), looked as (
  insert into patrols.patrol (id, grid_id, patroller_id, at, found, case_id, recorded_at)
  values (gen_random_uuid(), $2, $4, $3, 'found', $1, $3)
), written as (
  insert into clocks.rule_set (code, edition, name, kind, county_id, town_id, since, account)
  select g.code, 1, 'own', 'TOWN', g.county_id, g.id, $3, 'somebody' from grids.grid g where g.id = $2 returning id
), ruled as (
  insert into clocks.rule (set_id, rank, stage, amount, unit, next_day, basis)
  select id, 1, 'REPLY', 2, 'WORKING_DAY', true, 'own' from written
)
update centers.center set valid_to = null, address = 'there', duty_phone = '09150009999' where grid_id = $2
"""


# Where the account has events sent to, and the case's number elsewhere.
OUTBOUND = """
with sent as (
  insert into webhooks.webhook (id, account_id, url, types, selection, grid_id, secret, previous_until, state, reason,
    position, failing_since, rests_until, created_at, version)
  values (gen_random_uuid(), $2, 'https://example.org/', '{case.closed}', '{ number }', $3, '', $4, 'PAUSED', 'GONE',
    0, $4, $4, $4, 1) returning id
), noted as (
  insert into intake.entry (id, case_id, source, number, caller, called_at, recording)
  values (gen_random_uuid(), $1, 'hotline', $5, 'c', $4, 'r')
)
insert into webhooks.delivery (id, webhook_id, event_id, position, case_id, type, at, state, attempts, status, error,
  tried_at, next_attempt_at)
select gen_random_uuid(), id, gen_random_uuid(), 1, $1, 'case.closed', $4, 'WAITING', 1, 503, 'TIMEOUT', $4, $4
from sent returning webhook_id
"""

# What the account asked to have as a file.
TAKEN = """
insert into exports.export (account, role, grid_id, listing, document, variables, format, purpose, rows, personal,
  state, asked_at, until, decided_by, decided_at, grounds, fetches, fetched_at, version)
values ($1, 'county_dispatcher', $2, 'cases', '{ cases { nodes { number } } }', '{}', 'CSV', 'p', 3, true, 'READY',
  $3, $3::timestamptz + interval '1 day', 'officer', $3, 'g', 1, $3, 1)
"""

# What was called together, supervised and declared about the case and the town.
OPERATED = """
with declared as (
  insert into emergency.emergency (id, grid_id, state, powers, reason, declared_at, confirmed_at, starts_at, ends_at,
    ended_at, report, version)
  values (gen_random_uuid(), $2, 'ENDED', '{EMERGENCY_WHISTLE}', 'flood', $3, $3, $3, $3, $3, '{"events": []}', 1)
  returning id
), marked as (
  insert into emergency.mark (id, emergency_id, power, command, about, at)
  select gen_random_uuid(), id, 'EMERGENCY_WHISTLE', 'callWhistle', 'Whistle:1', $3 from declared
), called as (
  insert into whistles.whistle (id, grid_id, kind, state, matter, case_id, check_in_within, asked_at, called_at,
    emergency_id, outcome, closed_at, version)
  select gen_random_uuid(), $2, 'EMERGENCY', 'CLOSED', 'flood', $1, 'PT30M', $3, $3, id, 'done', $3, 1 from declared
  returning id
), summoned as (
  insert into whistles.summons (id, whistle_id, unit_id, warn_at, due_at, checked_in_at, escalated_at)
  select gen_random_uuid(), id, $4, $3, $3, $3, $3 from called
), planned as (
  insert into whistles.plan (id, whistle_id, version, text, at)
  select gen_random_uuid(), id, 1, 'go', $3 from called returning id, whistle_id
), tasked as (
  insert into whistles.task (id, whistle_id, plan_id, unit_id, text, due_at)
  select gen_random_uuid(), whistle_id, id, $4, 'go', $3 from planned
), assessed as (
  insert into whistles.assessment (id, whistle_id, unit_id, direction, rating, comment, at)
  select gen_random_uuid(), id, $4, 'OF_UNIT', 4, 'good', $3 from called
)
insert into supervision.supervision (id, case_id, unit_id, level, state, rule_id, reason, issued_at, warn_at,
  reply_due_at, reply, replied_at, lifted_at, lifted_why, version)
select gen_random_uuid(), $1, $4, 'LISTED', 'LIFTED', min(id), 'late', $3, $3, $3, 'soon', $3, $3, 'done', 1
from supervision.rule
"""


async def around(connection: asyncpg.Connection[Any], *others: Around) -> Around:
    """Somebody with as much as there is, in a town and with a unit of their own."""
    person, household, area, town, grid = await connection.fetchrow(PERSON, [one.area for one in others])
    lead, unit = await connection.fetchrow(UNIT, len(others))
    case, number = await connection.fetchrow(CASE, person, area, lead)
    await connection.execute(MORE, person, area, TODAY)
    look = await connection.fetchval(LOOKED, person, area, TODAY, lead)
    clock = await connection.fetchval(CLOCK, case, lead, TODAY)
    account, name = await connection.fetchrow(ACCOUNT, person, town, area, TODAY)
    await connection.execute(PAPERS, case, lead, TODAY)
    await connection.execute(RIGHTS, person, area, TODAY)
    await connection.execute(FIELD, case, area, TODAY, person)
    await connection.execute(OPERATED, case, area, TODAY, lead)
    webhook = await connection.fetchval(OUTBOUND, case, account, area, TODAY, number)
    await connection.execute(TAKEN, name, area, TODAY)
    asked = "select id, emergency_id from whistles.whistle where case_id=$1"
    whistle, emergency = await connection.fetchrow(asked, case)
    return Around(
        *(person, household, case, clock, number, lead, unit, area, town, grid, look, account, name, webhook),
        *(whistle, emergency),
    )


async def sample(connection: asyncpg.Connection[Any], entity: Entity, near: Around) -> Any:
    """The key of a row of this type near somebody: theirs if there is one, else of their town; None for none."""
    meta = entity.model._meta
    table = f'"{meta.schema}"."{meta.db_table}"'
    exact = {
        "people.person": near.person,
        "people.household": near.household,
        "cases.case": near.case,
        "grids.grid": near.area,
        "units.unit": near.lead,
        "access.look": near.look,
        "access.act": near.look,
        "emergency.emergency": near.emergency,
    }
    if key := exact.get(f"{meta.schema}.{meta.db_table}"):
        return key
    columns = {entity.column(name) for name in meta.fields_map if name not in meta.backward_fk_fields}
    theirs = [(name, value) for name, value in near.named.items() if name in columns]
    where = " or ".join(f'"{name}"=${at}' for at, (name, _) in enumerate(theirs, 1)) or "false"
    values = [value for _, value in theirs]
    if "town_id" in columns:
        where = f"({where}) or town_id=${len(values) + 1}"
        values.append(near.area)
    elif entity.through is None:  # a row that lies nowhere is as near as another
        where = "true"
    full = " + ".join(f'("{name}" is not null)::int' for name in sorted(columns))
    order = "".join(f'"{name}" is not distinct from ${at} desc, ' for at, (name, _) in enumerate(theirs, 1))
    sql = f'select "{entity.key}" from {table} where {where} order by {order}({full}) desc, "{entity.key}" limit 1'
    return await connection.fetchval(sql, *values)
