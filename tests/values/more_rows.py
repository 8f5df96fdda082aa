"""More rows: what the furnished county has none of, so that something can be done to it."""

from __future__ import annotations

from typing import Any

MATTER = """
matter as (
  insert into legal.matter (id, kind, opened_at, grid_id) select gen_random_uuid(), '{kind}', now(), g.id
  from grids.grid g where g.code = '610921101222' returning id
), seats as (
  insert into legal.seat (id, role, account, person_id, unit_id, since, matter_id)
  select gen_random_uuid(), s.role, s.account, s.person, s.unit, now(), m.id from matter m cross join (
    select 'PARTY' as role, null::text as account, (select min(id::text)::uuid from people.person) as person,
      null::int as unit
    union all select 'HANDLER', 'demo-lawyer', null, null
    union all select 'REPRESENTATIVE', null, null, (select max(id) from units.unit)
  ) s
)
"""
ADVISER = "(select id from legal.adviser where account = 'demo-lawyer')"
LEGAL = (
    f"""with {MATTER.format(kind="ADVICE")}
    insert into legal.advice (id, channel, topic, urgent, question, state, asked_at, due_at, version, adviser_id,
      matter_id)
    select gen_random_uuid(), 'TEXT', 'LAND', false, '', 'ASKED', now(), now(), 1, {ADVISER}, id from matter""",
    f"""with {MATTER.format(kind="AID")}
    insert into legal.aid (id, about, ground, facts, proposed, trace, state, applied_at, due_at, version, adviser_id,
      firm_id, matter_id)
    select gen_random_uuid(), 'LABOUR', 'INCOME', '', 'GRANT', '[]', 'APPLIED', now(), now(), 1, {ADVISER},
      (select max(id) from units.unit), id from matter""",
    f"""with {MATTER.format(kind="CLUE")}
    insert into legal.clue (id, subject, text, state, reported_at, due_at, version, grid_id, matter_id)
    select gen_random_uuid(), 'WATER', '', 'REPORTED', now(), now(), 1, g.id, m.id
    from matter m, grids.grid g where g.code = '610921101222'""",
    f"""with slot as (
      insert into legal.slot (id, starts_at, ends_at, meeting, place, adviser_id)
      select gen_random_uuid(), '2030-01-01', '2030-01-02', 'OFFICE', '司法所', {ADVISER} returning id
    )
    insert into legal.booking (id, booked_at, person_id, slot_id)
    select gen_random_uuid(), now(), (select min(id::text)::uuid from people.person), id from slot""",
    "update legal.term set kept = null",
    "update legal.advice set shared_at = now()",
)
CREDIT = (
    """with appraisal as (
      select id from credit.appraisal order by id desc limit 1
    ), panel as (
      insert into credit.panel (id, appraisal_id, round, seats, quorum, pool, seed, drawn_at, account)
      select gen_random_uuid(), id, 1, 3, 2, 9, 'seed', now(), 'demo' from appraisal returning id
    )
    insert into credit.seat (id, panel_id, panelist_id, place, state)
    select gen_random_uuid(), p.id, m.id, row_number() over (),
      (array['DRAWN', 'SCORED', 'EXCUSED'])[row_number() over ()]
    from panel p cross join (select id from credit.panelist order by id limit 3) m""",
    "update credit.application set disbursing_by = 'somebody', reference = 'R-000001' where reference is null",
)
HOLDER = """
holder as (select id, person_id, grid_id, programme_id from points.account where kind = 'PERSON' order by id limit 1)
"""
POINTS = (
    f"""with {HOLDER}, claim as (
      insert into points.claim (id, acted_on, state, claimed_at, decide_by, account, version, beneficiary_id, person_id,
        rule_id, grid_id)
      select gen_random_uuid(), '2026-06-01', 'CLAIMED', now(), d.day, 'claimant', 1, h.id, h.person_id, r.id, h.grid_id
      from holder h cross join (values ('2026-06-01'::date), ('2027-06-01')) d(day)
      cross join (select id from points.rule where act_id is not null order by id limit 1) r
      returning id, beneficiary_id
    )
    insert into points.objection (id, reason, state, raised_at, decide_by, account, beneficiary_id, claim_id)
    select gen_random_uuid(), '有异议', 'OPEN', now(), '2026-07-01', 'claimant', beneficiary_id, id from claim""",
    f"""with {HOLDER}, honour as (
      insert into points.honour (id, programme_id, code, title, criteria, kind, least, months)
      select gen_random_uuid(), programme_id, 'tidy', '文明个人', '整洁', 'PERSON', 0, 12 from holder returning id
    )
    insert into points.award (id, awarded_at, earned, published, account_id, honour_id)
    select gen_random_uuid(), now(), 9, false, h.id, o.id from holder h, honour o""",
    f"""with {HOLDER}
    insert into points.redemption (id, price, number, nonce, state, held_at, expires_at, held_until, "by", account_id,
      merchant_id, person_id, reward_id)
    select gen_random_uuid(), 1, r.number, 7, 'HELD', now(), now(), now(), 'holder', h.id, r.merchant_id,
      h.person_id, r.id
    from holder h, (select * from points.reward order by id limit 1) r""",
)
LIVES = "lives as (select id, grid_id from people.person where birth_date < '2000-01-01' order by id limit 1)"
UNIT = "(select max(id) from units.unit)"
PARTY = (
    f"""with {LIVES} insert into party.wish (id, title, text, published, state, wished_at, grid_id, person_id)
    select gen_random_uuid(), '书', '想要一本书', true, 'OPEN', now(), grid_id, id from lives""",
    f"""with {LIVES} insert into party.project (id, title, text, state, percent, due_on, started_at, version, grid_id)
    select gen_random_uuid(), '路灯', '装路灯', 'UNDER_WAY', 10, '2027-01-01', now(), 1, grid_id from lives""",
    f"""with {LIVES} insert into party.suggestion (id, title, text, state, submitted_at, reply_by, grid_id, unit_id,
      person_id)
    select gen_random_uuid(), '桥', '修桥', 'SUBMITTED', now(), '2027-01-01', grid_id, {UNIT}, id from lives""",
    f"""with {LIVES} insert into party.code (id, number, title, text, state, drafted_at, grid_id)
    select gen_random_uuid(), 99, '村规', '全文', 'DRAFT', now(), grid_id from lives""",
    f"""with {LIVES} insert into party.seat (id, kind, head, since, grid_id, person_id)
    select gen_random_uuid(), 'MORALITY', false, '2026-01-01', grid_id, id from lives""",
    f"""with {LIVES} insert into party.team (id, name, purpose, founded_on, grid_id, leader_id)
    select gen_random_uuid(), '服务队', '服务', '2026-01-01', grid_id, id from lives""",
    f"""with {LIVES} insert into party.task (id, title, due_on, owner_id, deliberation_id)
    select gen_random_uuid(), '清渠', '2027-01-01', l.id, d.id
    from lives l cross join (select id from party.deliberation order by id limit 1) d""",
    """insert into party.transfer (id, state, requested_at, account, member_id, source_id, target_id)
    select gen_random_uuid(), 'REQUESTED', now(), 'demo', m.id, m.branch_id, m.branch_id
    from party.member m order by m.id limit 1""",
    """insert into party.participation (id, state, signed_at, offline, share, activity_id, person_id)
    select gen_random_uuid(), (array['SIGNED_UP', 'CHECKED_IN'])[row_number() over ()], now(), false,
      false, a.id, p.id
    from (select id from party.activity order by id desc limit 1) a
    cross join (select id from people.person order by id limit 2) p""",
)
EXPORTS = (
    """insert into exports.export (id, account, listing, document, variables, format, purpose, rows, personal, state,
      asked_at, until, fetches, version, grid_id)
    select 1, 'asker', 'cases', '{ cases { totalCount } }', '{}', 'CSV', '核对', 1, false, 'WAITING', now(),
      '2030-01-01', 0, 1, id from grids.grid where code = '610921'""",
)
DISPATCH = (
    """insert into dispatch.objection (id, case_id, order_id, unit_id, grounds, filed_at, due_at, ruling, filed_by)
    select gen_random_uuid(), o.case_id, o.id, o.unit_id, '不属本单位职责', now(), '2030-01-01', 'OPEN', 'somebody'
    from dispatch.work_order o join cases.case c on c.id = o.case_id
    where c.status = 'DISPATCHED' and o.role = 'LEAD' and not exists (select from dispatch.objection)
    order by o.id desc limit 1""",
)
DEMANDS = (
    f"""with {LIVES} insert into rights.demand (id, matter, asked_at, due_at, state, version, grid_id, person_id)
    select gen_random_uuid(), 'RESTRICTION', now(), '2030-01-01', 'OPEN', 1, grid_id, id from lives""",
)
BULLETINS = (
    """insert into bulletins.bulletin (id, kind, title, text, audience, published_at, withdrawn_at, version, account,
      grid_id)
    select gen_random_uuid(), 'NOTICE', '停水', '停水半天', 'PUBLIC', now(), w.at, 1, 'demo', g.id
    from (select id from grids.grid where code = '610921') g, (values (null), (now())) w (at)""",
    "update bulletins.affair set until = null",
)
FIELD = (
    """insert into sync.conflict (id, case_id, field, base, mine, theirs, at, occurred_at, received_at)
    select gen_random_uuid(), id, 'title', '路灯', '路灯不亮', '路灯损坏', now(), now(), now()
    from cases.case where status = 'HANDLING' order by id limit 1""",
)
WEBHOOKS = (
    """insert into accounts.account (id, name, kind, created_by, created_at, version)
    values (gen_random_uuid(), 'of a machine', 'MACHINE', 'demo', now(), 1)""",
    """insert into webhooks.webhook (id, account_id, url, types, grid_id, secret, position, created_at,
      state, version)
    select gen_random_uuid(), a.id, 'https://example.org/events', '{}', g.id, '', 0, now(), 'ACTIVE', 1
    from (select id from accounts.account order by id limit 1) a, grids.grid g where g.code = '610921'""",
    """insert into webhooks.delivery (id, webhook_id, event_id, position, type, at, body, state, attempts)
    select gen_random_uuid(), id, gen_random_uuid(), 0, 'case.closed', now(), '{}', 'DELIVERED', 1
    from webhooks.webhook""",
)
RIGHTS = (
    """insert into rights.review (id, decision_id, household_id, grid_id, asked_at, due_at, state, version)
    select gen_random_uuid(), t.id, t.household_id, h.grid_id, now(), now(), 'OPEN', 1
    from people.tier t join people.household h on h.id = t.household_id order by t.id limit 1""",
    f"""with {LIVES} insert into rights.representative (id, person_id, representative_id, capacity, since, account,
      grid_id)
    select gen_random_uuid(), c.id, l.id, 'GUARDIAN', '2026-01-01', 'demo', c.grid_id
    from lives l cross join (select id, grid_id from people.person order by birth_date desc limit 1) c""",
    f"""with {LIVES} insert into rights.release (id, person_id, recipient, purpose, kinds, claims, given_at, expires_at,
      account, grid_id)
    select gen_random_uuid(), id, 'bank', 'loan', '{{}}', '[]', now(), '2030-01-01', 'demo', grid_id from lives""",
)


OWNER = "(select id from accounts.account where name = 'account-holder')"
LAST = "overlay(gen_random_uuid()::text placing 'ffffffff' from 1)::uuid"
"""A key behind those of the county's own rows, so that these are taken first."""
ACCOUNTS = (
    """insert into accounts.account (id, name, kind, created_by, created_at, version, person_id, grid_id, county_id)
    select gen_random_uuid(), 'account-holder', 'PERSON', 'demo', now(), 1, p.id, g.id, g.id
    from (select min(id::text)::uuid as id from people.person) p, grids.grid g where g.code = '610921'""",
    # One that counts, one that waits to be confirmed, and one that is over.
    f"""insert into accounts.holding (id, account_id, role, grid_id, since, granted_by, until, proposed_at, waits_until)
    select {LAST}, {OWNER}, 'auditor', g.id, '2026-01-01', 'proposer', w.until, w.proposed, w.waits
    from grids.grid g, (values (null::timestamptz, null::timestamptz, null::timestamptz),
      (null, '2026-06-01', '2030-01-01'), ('2026-01-02', null, null)) w (until, proposed, waits)
    where g.code = '610921'""",
    f"""insert into accounts.identity (id, account_id, issuer, subject, linked_at, linked_by, proposed_at)
    select {LAST}, {OWNER}, 'https://id.example', n::text, now(), 'proposer', p
    from (values (1, null::timestamptz), (2, now())) w (n, p)""",
    f"""insert into accounts.session (id, account_id, generation, created_at, used_at, expires_at, ended_at)
    select {LAST}, {OWNER}, 0, now(), now(), '2030-01-01', e from (values (null::timestamptz), (now())) w (e)""",
    f"""insert into accounts.key (id, account_id, label, permissions, networks, public_keys, digest, created_at,
      created_by, expires_at, revoked_at)
    select {LAST}, {OWNER}, 'demo', '{{}}', '{{}}', '{{}}', e::text::bytea, now(), 'demo', '2030-01-01', r
    from (values (1, null::timestamptz), (2, now())) w (e, r)""",
    f"""insert into accounts.invitation (id, account_id, person_id, created_at, created_by, expires_at, used_at)
    select {LAST}, a.id, p, now(), 'proposer', '2030-01-01', u
    from accounts.account a cross join (values (null::timestamptz), (now())) w (u)
    cross join lateral (values (a.person_id), (null)) v (p) where a.name = 'account-holder'""",
)


async def add_rows(connection: Any) -> None:
    """Add them all."""
    for text in (
        *LEGAL,
        *CREDIT,
        *POINTS,
        *PARTY,
        *EXPORTS,
        *DISPATCH,
        *DEMANDS,
        *BULLETINS,
        *FIELD,
        *WEBHOOKS,
        *RIGHTS,
        *ACCOUNTS,
    ):
        await connection.execute(text)
