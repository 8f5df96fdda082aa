"""Clocks at their edges: periods of caps, cool-downs, terms at month ends and leap days, and midnight in China."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi.values.errors import Refusal, Text
from gongzhi_points.claims.awards import award_posting, check_cooldown, is_rule_in_force, require_in_force
from gongzhi_points.claims.objections import check_term
from gongzhi_points.ledger import posting
from gongzhi_points.ledger.posting import Leg, Posting, make_legs
from gongzhi_points.models import Period, PostingKind, RedemptionState, RuleState, SettledState
from gongzhi_points.rewards.codes import Code
from gongzhi_points.rewards.redemptions import judge_code
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .test_claims import codes
from .test_redeeming import REDEEMED, fund, settle

DAYS = st.dates(date(2023, 12, 15), date(2024, 3, 15))
"""Over the turn of a year and a leap day."""
RULE = """
insert into points.rule (id, programme_id, code, version, title, text, event, amount, beneficiary, cap, period,
 cooldown_days, proof, approver, peers, decide_days, objection_days, state, starts_on, proposed_at, account)
values ($1, $2, $3, $4, '', '', 'case.closed', 1, 'PERSON', null, $5, 0, 'NONE', 'GRID_WORKER', 1, 7, 15, 'ADOPTED',
 '2020-01-01', now(), 'test')
"""


class Shelf:
    """Books in a transaction that is rolled back after each example."""

    def __init__(self, runner: asyncio.Runner, dsn: str, opening: Any, desk: Any) -> None:
        self.runner, self.dsn, self.opening, self.desk = runner, dsn, opening, desk

    def run(self, work: Any) -> Any:
        async def within() -> Any:
            connection = await asyncpg.connect(self.dsn)
            whole = connection.transaction()
            await whole.start()
            try:
                return await work(await self.opening(self.desk(connection), uuid4().hex, 1))
            finally:
                await whole.rollback()
                await connection.close()

        return self.runner.run(within())


@pytest.fixture
def shelf(ledgers: str, opening: Any, desk_type: Any) -> Iterator[Shelf]:
    with asyncio.Runner() as runner:
        yield Shelf(runner, ledgers, opening, desk_type)


async def add_rule(books: Any, code: str, version: int, period: Period = Period.MONTH) -> UUID:
    key = uuid4()
    await books.desk.fetch(RULE, key, books.programme, code, version, period.value)
    return key


async def earn(books: Any, rule: UUID, amount: int, day: date) -> UUID:
    legs = make_legs(books.issuer, books.accounts[0], amount)
    made = Posting(PostingKind.EARNED, str(uuid4()), legs, Text("", ""), day, rule=rule)
    return (await posting.post_entries(books.desk, books.programme, made))[0]


async def take_back(books: Any, wrongly: UUID, amount: int) -> None:
    legs = (Leg(books.issuer, amount), Leg(books.accounts[0], -amount))
    back = Posting(PostingKind.REVERSED, str(uuid4()), legs, Text("", ""), date(2024, 1, 1), reverses=wrongly)
    await posting.post_entries(books.desk, books.programme, back)


def same_period(period: Period, one: date, other: date) -> bool:
    """Tell, by Python's calendar, whether two days are in one period; weeks begin on Monday."""
    match period:
        case Period.DAY:
            return one == other
        case Period.WEEK:
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        case Period.MONTH:
            return (one.year, one.month) == (other.year, other.month)
        case Period.QUARTER:
            return (one.year, (one.month - 1) // 3) == (other.year, (other.month - 1) // 3)
        case Period.YEAR:
            return one.year == other.year


GIVEN = st.lists(
    st.tuples(DAYS, st.integers(1, 9), st.sampled_from(["first", "next", "other"]), st.booleans()), max_size=8
)


@pytest.mark.parametrize("period", list(Period))
def test_what_counts_towards_a_cap(shelf: Shelf, period: Period) -> None:
    """What a rule gave in the period, under any of its versions; other rules and what was reversed do not count."""

    @settings(max_examples=15, deadline=None)
    @given(GIVEN, DAYS)
    @example([(date(2023, 12, 31), 5, "first", False), (date(2024, 1, 1), 7, "next", False)], date(2024, 1, 1))
    @example([(date(2024, 2, 29), 5, "first", False), (date(2024, 3, 1), 7, "first", False)], date(2024, 2, 29))
    def check(made: list[tuple[date, int, str, bool]], day: date) -> None:
        async def compare(books: Any) -> None:
            rules = {
                "first": await add_rule(books, "one", 1, period),
                "next": await add_rule(books, "one", 2, period),
                "other": await add_rule(books, "two", 1, period),
            }
            expected = 0
            for at, amount, which, wrongly in made:
                key = await earn(books, rules[which], amount, at)
                if wrongly:
                    await take_back(books, key, amount)
                elif which != "other" and same_period(period, at, day):
                    expected += amount
            text = "select points.earned($1, $2, $3) earned"
            for rule in ("first", "next"):
                [found] = await books.desk.fetch(text, rules[rule], books.accounts[0], day)
                assert found["earned"] == expected

        shelf.run(compare)

    check()


def test_cooldown_is_a_distance_of_days(shelf: Shelf) -> None:
    """Before as well as after, whatever the version; what was reversed is no act."""

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(DAYS, st.booleans()), max_size=5), DAYS, st.integers(0, 40))
    @example([(date(2024, 2, 28), False)], date(2024, 3, 1), 2)
    @example([(date(2024, 2, 28), False)], date(2024, 3, 1), 3)
    def check(acts: list[tuple[date, bool]], day: date, days: int) -> None:
        async def compare(books: Any) -> None:
            first, second = await add_rule(books, "one", 1), await add_rule(books, "one", 2)
            for at, wrongly in acts:
                key = await earn(books, first, 1, at)
                if wrongly:
                    await take_back(books, key, 1)
            near = any(not wrongly and abs((at - day).days) < days for at, wrongly in acts)
            rule = SimpleNamespace(id=second, cooldown_days=days)
            act: Any = SimpleNamespace(rule=rule, account=books.accounts[0], on=day)
            try:
                await check_cooldown(books.desk, act)
            except Refusal as refusal:
                assert refusal.code == "COOLING_DOWN" and near
            else:
                assert not near

        shelf.run(compare)

    check()


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)), st.one_of(st.none(), st.integers(1, 120)))
@example(date(2028, 2, 29), 12)
@example(date(2027, 8, 31), 6)
@example(date(2027, 1, 31), 1)
def test_points_last_whole_months(today: date, lasts: int | None) -> None:
    """From the day they are booked to the same day of a later month, or to its last day; never less than that."""
    rule = SimpleNamespace(
        id=uuid4(), code="tidy", version=1, amount=5, cap=None, period=Period.MONTH, title="庭院整洁"
    )
    act: Any = SimpleNamespace(
        rule=rule,
        account=uuid4(),
        on=today - timedelta(days=400),
        key="k",
        today=today,
        inputs={},
        claim=None,
        case=None,
    )
    source, holder = award_posting(act, 5, 0, uuid4(), lasts).legs
    assert (source.amount, source.expires_on, holder.amount) == (-5, None, 5)
    if lasts is None:
        assert holder.expires_on is None
        return
    assert holder.expires_on
    months = (holder.expires_on.year - today.year) * 12 + holder.expires_on.month - today.month
    assert months == lasts
    last = (holder.expires_on + timedelta(days=1)).month != holder.expires_on.month
    assert holder.expires_on.day == today.day or (last and holder.expires_on.day < today.day)


FIRST, END = date(2026, 7, 1), date(2026, 10, 1)


@pytest.mark.parametrize("state", list(RuleState))
@pytest.mark.parametrize(
    ("day", "inside"),
    [(FIRST - timedelta(days=1), False), (FIRST, True), (END - timedelta(days=1), True), (END, False)],
)
def test_rule_is_in_force_from_its_first_day_to_before_its_end(state: RuleState, day: date, inside: bool) -> None:
    """A rule that has ended still counts for what was done before; one that is proposed counts for nothing."""
    rule: Any = SimpleNamespace(state=state, starts_on=FIRST, ends_on=END)
    expected = inside and state is not RuleState.PROPOSED
    assert is_rule_in_force(rule, day) == expected
    for starts, ends in ((FIRST, None), (date(2026, 1, 1), END), (date(2026, 1, 1), None)):
        programme: Any = SimpleNamespace(starts_on=starts, ends_on=ends)
        if expected:
            require_in_force(rule, programme, day, "actedOn")
            continue
        with pytest.raises(Refusal) as caught:
            require_in_force(rule, programme, day, "actedOn")
        assert (caught.value.code, caught.value.path) == ("RULE_NOT_IN_FORCE", ("actedOn",))
    closed: Any = SimpleNamespace(starts_on=date(2026, 1, 1), ends_on=FIRST)
    with pytest.raises(Refusal):
        require_in_force(rule, closed, day, "actedOn")


NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
TURNS: dict[RedemptionState, SettledState | None] = {
    RedemptionState.HELD: None,
    RedemptionState.SETTLED: SettledState.ALREADY_SETTLED,
    RedemptionState.CANCELLED: SettledState.CANCELLED,
    RedemptionState.EXPIRED: SettledState.EXPIRED,
}


@pytest.mark.parametrize("state", list(RedemptionState))
@pytest.mark.parametrize(
    ("handed", "now", "good"),
    [
        (timedelta(), timedelta(), True),
        (timedelta(minutes=30), timedelta(days=7), True),
        (timedelta(minutes=30, seconds=1), timedelta(days=7), False),
        (timedelta(minutes=30), timedelta(days=7, seconds=1), False),
        (timedelta(days=1), timedelta(days=1), False),
    ],
)
def test_what_a_code_is_good_for(state: RedemptionState, handed: timedelta, now: timedelta, good: bool) -> None:
    """Handed out before the code's last minute, and brought in before the hold's; what has ended stays as it ended."""
    expires = NOW + timedelta(minutes=30)
    row: Any = SimpleNamespace(number=1, expires_at=expires, held_until=NOW + timedelta(days=7), state=state)
    call: Any = SimpleNamespace(now=NOW + now)
    expected = TURNS[state] or (SettledState.SETTLED if good else SettledState.EXPIRED)
    assert judge_code(call, row, Code(1, 7, expires), NOW + handed) is expected
    for forged in (Code(2, 7, expires), Code(1, 7, expires + timedelta(minutes=1)), None):
        assert judge_code(call, row, forged, NOW + handed) is SettledState.UNKNOWN
    assert judge_code(call, None, Code(1, 7, expires), NOW + handed) is SettledState.UNKNOWN


@pytest.mark.parametrize(("hour", "over"), [(15, False), (16, True)])
def test_terms_end_at_midnight_in_china(hour: int, over: bool) -> None:
    call: Any = SimpleNamespace(now=datetime(2026, 7, 15, hour, tzinfo=UTC))
    if not over:
        return check_term(call, date(2026, 7, 15), "claim")
    with pytest.raises(Refusal, match="2026-07-15") as caught:
        check_term(call, date(2026, 7, 15), "claim")
    assert (caught.value.code, caught.value.path) == ("TERM_OVER", ("claim",))


async def test_points_are_gone_at_midnight(village: Any, desk_type: Any) -> None:
    """In the minutes between midnight and the night's run nobody spends what has expired."""
    reward = await fund(village)
    village.server.clock.time = datetime(2027, 6, 29, 15, 59, 59, tzinfo=UTC)
    last = await village.resident().do("redeem", REDEEMED, reward=reward)
    assert last["account"] == {"balance": 10, "held": 6}, "to the last second of the last day"
    village.server.clock.time = datetime(2027, 6, 29, 16, tzinfo=UTC)
    late = await village.resident().do("redeem", REDEEMED, reward=await village.reward(price=4))
    assert codes(late) == ["INSUFFICIENT_POINTS"]
    assert (await settle(village, last["redemption"]["code"]))["statement"] == {"total": 6, "count": 1}


async def test_what_expired_is_booked_before_the_rest_is_spent(village: Any, run_jobs: Any) -> None:
    """Whoever redeems after midnight spends what is left, and the night's run finds nothing more to book."""
    rule = await village.rule(amount=10)
    await village.earn(rule, "2026-06-30")
    village.server.clock.move(days=30)
    await village.earn(rule, "2026-07-30")
    await village.open_shop()
    reward = await village.reward(price=6)
    village.server.clock.time = datetime(2027, 6, 29, 16, 1, tzinfo=UTC)
    for expected in ([], ["INSUFFICIENT_POINTS"]):
        assert codes(await village.resident().do("redeem", REDEEMED, reward=reward)) == expected
    assert await village.account(asks="balance held") == {"balance": 10, "held": 6}
    village.server.clock.move(hours=4)
    assert not (await run_jobs()).failed
    assert await village.account(asks="balance held expiring { amount }") == {
        "balance": 10, "held": 6, "expiring": [{"amount": 4}],
    }  # fmt: skip
    kinds = await village.fetch("select kind, count(*)::int from points.posting group by 1 order by 1")
    assert [tuple(one) for one in kinds] == [("EARNED", 2), ("EXPIRED", 1)]


async def test_statement_ends_at_midnight_in_china(village: Any) -> None:
    """What is booked in the last second of June is June's, what is booked a second later July's."""
    rule = await village.rule()
    village.server.clock.time = datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC)
    await village.earn(rule, "2026-06-30")
    village.server.clock.time = datetime(2026, 6, 30, 16, tzinfo=UTC)
    await village.earn(rule, "2026-07-01")
    asked = 'statement(since: "%s", before: "%s") { opening closing lines { amount balance } }'
    june, july, both = [
        (await village.account(asks=asked % span))["statement"]
        for span in (("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-08-01"), ("2026-06-01", "2026-08-01"))
    ]
    assert june == {"opening": 0, "closing": 5, "lines": [{"amount": 5, "balance": 5}]}
    assert july == {"opening": 5, "closing": 10, "lines": [{"amount": 5, "balance": 10}]}
    assert both == {"opening": 0, "closing": 10, "lines": june["lines"] + july["lines"]}


async def test_claim_is_of_a_day_in_china(village: Any) -> None:
    """At one in the morning one may claim for today; in Greenwich it is still yesterday."""
    rule = await village.rule()
    village.server.clock.time = datetime(2026, 6, 30, 17, tzinfo=UTC)
    for day, expected in (("2026-07-01", []), ("2026-07-02", ["BAD_USER_INPUT"])):
        made = await village.resident().do("claimPoints", "claim { id }", rule=rule, actedOn=day, text="做了")
        assert codes(made) == expected, day


async def test_hold_of_a_counter_with_a_connection_ends_with_its_code(village: Any, run_jobs: Any) -> None:
    """Where the counter is always connected nothing is held a minute longer; the holder may take it back."""
    rule = await village.rule(amount=10)
    await village.earn(rule, "2026-06-30")
    await village.open_shop(offline=False)
    reward = await village.reward(price=6)
    held = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    assert held["heldUntil"] == held["expiresAt"] == "2026-06-30T02:30:00+00:00"
    done = await village.resident().do("cancelRedemption", "redemption { state }", redemption=held["id"])
    assert done == {"redemption": {"state": "CANCELLED"}, "errors": []}
    second = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    village.server.clock.move(minutes=30)
    assert not (await run_jobs()).failed
    assert (await village.account(asks="held"))["held"] == 6, "to the end of its last minute"
    village.server.clock.move(minutes=10, seconds=1)
    assert not (await run_jobs()).failed
    assert await village.account(asks="balance held") == {"balance": 10, "held": 0}
    assert [one["state"] for one in (await settle(village, second["code"]))["settled"]] == ["EXPIRED"]


async def test_honours_look_back_whole_months(village: Any) -> None:
    """What was earned twelve months ago to the day no longer counts; a day later it does."""
    rule = await village.rule(amount=20)
    await village.earn(rule, "2026-06-30")
    asked = {"programme": village.programme, "code": "star", "title": "之星", "criteria": "一年内获得二十分。"}
    honour = await village.manager.do("addPointsHonour", "honour { id }", **asked, kind="PERSON", least=20)
    given = {"honour": honour["honour"]["id"], "account": (await village.account())["id"]}
    village.server.clock.time = datetime(2027, 6, 29, 16, tzinfo=UTC)
    assert codes(await village.manager.do("awardPointsHonour", "award { id }", **given)) == ["CRITERIA_NOT_MET"]
    village.server.clock.time = datetime(2027, 6, 29, 15, 59, tzinfo=UTC)
    assert codes(await village.manager.do("awardPointsHonour", "award { id }", **given)) == []
