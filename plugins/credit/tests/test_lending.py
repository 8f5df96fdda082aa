"""After the loan: paying ahead, falling behind, new plans, pools, figures, reminders, paper, and the stream."""

from __future__ import annotations

import asyncio
import base64
from decimal import Decimal
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")
LOAN = """query($id: ID!) { node(id: $id) { ... on Loan {
  outstanding overdueInterest version next { dueOn total overdue }
  schedule { number dueOn principal interest total paid overdue } } } }"""


async def loan_of(town: Any, id: str, at: int) -> Any:
    return (await town.resident(at).ask(LOAN, id=id)).data["node"]


async def pay(town: Any, loan: str, reference: str, amount: str, **more: Any) -> Any:
    given = {"loan": loan, "reference": reference, "amount": amount, **more}
    return await town.done(town.lender, "recordRepayment", "loan { outstanding next { dueOn total } }", **given)


async def test_paying_ahead_makes_a_new_plan(town: Any) -> None:
    loan = await town.borrow(25)
    before = await loan_of(town, loan, 25)
    town.server.clock.move(days=30)
    paid = await pay(town, loan, "HK-ahead-1", "20000", ahead="SHORTER_TERM")
    after = await loan_of(town, loan, 25)
    assert Decimal(paid["outstanding"]) == 50_000 - 20_000 + Decimal(before["schedule"][0]["interest"])
    assert len(after["schedule"]) < len(before["schedule"])
    assert sum(Decimal(one["principal"]) for one in after["schedule"]) == 50_000
    usual = max(Decimal(one["total"]) for one in before["schedule"])
    assert all(Decimal(one["total"]) <= usual + 1 for one in after["schedule"][2:])


async def test_falling_behind_is_told_in_private(town: Any) -> None:
    """Before, after a day and after thirty, each once; interest on what is overdue alone; nobody else is told."""
    loan, before = (
        await town.borrow(26),
        await town.fetch("select count(*) from notices.notice where kind='credit.due'"),
    )
    told = "select person_id, body_zh from notices.notice where about=$1 and kind='credit.due' order by at"
    for days in (23, 1, 8, 1, 30, 1):
        town.server.clock.move(days=days)
        await town.server.worker.drain()
    notices = await town.fetch(told, loan)
    assert [row["person_id"] for row in notices] == [town.people[26]] * 3 and before
    late = await loan_of(town, loan, 26)
    assert late["next"]["dueOn"] == "2026-07-30" and late["next"]["overdue"] is True
    first = Decimal(late["next"]["total"])
    await pay(town, loan, "HK-late-1", str(first))
    after = await loan_of(town, loan, 26)
    assert Decimal(after["schedule"][0]["paid"]) < first, "overdue interest comes first"
    asked = 'query($id: ID!) { node(id: $id) { ... on Loan { payoff later: payoff(on: "2027-01-01") } } }'
    debt = (await town.resident(26).ask(asked, id=loan)).data["node"]
    assert Decimal(debt["later"]) > Decimal(debt["payoff"]) > Decimal(after["outstanding"])
    settled = await pay(town, loan, "HK-late-2", debt["payoff"])
    assert settled == {"outstanding": "0.00", "next": None}


async def test_new_plan_by_agreement(town: Any) -> None:
    loan = await town.borrow(27)
    town.server.clock.move(days=45)
    version = (await loan_of(town, loan, 27))["version"]
    given = {"loan": loan, "agreement": "CZ-2026-01", "termMonths": 36, "repayment": "EQUAL_PRINCIPAL"}
    asked = ("restructureLoan", "loan { outstanding schedule { dueOn principal } }")
    assert await town.refused(town.lender, *asked, **given, expectedVersion=version, annualRate="9") == [
        "BAD_USER_INPUT"
    ]
    assert await town.refused(town.lender, *asked, **given, expectedVersion=version + 1) == ["STALE_VERSION"]
    made = await town.done(town.lender, *asked, **given, expectedVersion=version, annualRate="3")
    assert made["outstanding"] == "50000.00" and len(made["schedule"]) == 36
    assert sum(Decimal(one["principal"]) for one in made["schedule"]) == 50_000


async def test_supplement_stops_the_clock(town: Any) -> None:
    """Two working days wait for papers; the lender's five are the same five."""
    application = await town.send(28)
    asked = "query($id: ID!) { node(id: $id) { ... on LoanApplication { state dueAt missing { document } } } }"
    assert (await town.lender.ask(asked, id=application)).data["node"]["dueAt"] == "2026-07-07T10:00:00+00:00"
    town.server.clock.move(days=1)
    given = {"application": application, "documents": ["近六个月流水"]}
    await town.done(town.lender, "requestLoanSupplement", "application { id }", **given)
    seen = (await town.resident(28).ask(asked, id=application)).data["node"]
    assert seen == {"state": "SUPPLEMENT", "dueAt": None, "missing": [{"document": "近六个月流水"}]}
    town.server.clock.move(days=2)
    await town.hand_in(application, 28)
    seen = (await town.lender.ask(asked, id=application)).data["node"]
    assert (seen["state"], seen["dueAt"]) == ("SENT", "2026-07-09T10:00:00+00:00")
    town.server.clock.move(days=8)
    await town.server.worker.drain()
    [row] = await town.fetch("select state from credit.application where id=$1", town.key(application))
    assert row["state"] == "SENT", "a lender that is late is reminded of; no rule decides for it"
    told = await town.fetch("select person_id from notices.notice where kind='credit.late' and about=$1", application)
    assert [one["person_id"] for one in told] == [town.people[28]]


async def test_pool_bears_its_share(town: Any) -> None:
    loan = await town.borrow(29)
    made = await town.done(
        town.officer,
        "openRiskPool",
        "pool { id balance }",
        grid="610921",
        lender=town.bank,
        name="风险补偿金",
        share=40,
    )
    post = {"pool": made["id"], "kind": "DEPOSIT", "amount": "10000", "reference": "CK-000001"}
    entry = ("postToRiskPool", "pool { balance entries { totalCount } }")
    await town.done(town.officer, *entry, **post)
    again = await town.done(town.officer, *entry, **post)
    assert again == {"balance": "10000.00", "entries": {"totalCount": 1}}, "the same reference again is nothing new"
    lost = {"pool": made["id"], "kind": "COMPENSATION", "reference": "DC-000001", "loan": loan}
    assert await town.refused(town.officer, *entry, **lost, amount="100") == ["NOT_LOST"]
    town.server.clock.move(days=130)
    assert await town.refused(town.officer, *entry, **lost, amount="20000.01") == ["ABOVE_SHARE"]
    assert await town.refused(town.officer, *entry, **lost, amount="10000.01") == ["POOL_EMPTY"]
    assert (await town.done(town.officer, *entry, **lost, amount="9000"))["balance"] == "1000.00"
    back = {"pool": made["id"], "kind": "RECOVERY", "reference": "ZH-000001", "loan": loan}
    assert await town.refused(town.officer, *entry, **back, amount="9000.01") == ["ABOVE_SHARE"]
    assert (await town.done(town.officer, *entry, **back, amount="4000"))["balance"] == "5000.00"
    [row] = await town.fetch(
        "select p.balance = sum(e.amount) same from credit.pool p join credit.pool_entry e on e.pool_id=p.id "
        "group by p.id"
    )
    assert row["same"]
    with pytest.raises(Exception, match="sum of entries"):
        await town.fetch("update credit.pool set balance=1")


async def test_figures_of_few_are_not_shown(town: Any) -> None:
    asked = '{ grid(code: "610921") { loanPortfolio { borrowers loans outstanding averageRate overdueShare } } }'
    few = await town.fetch("select count(distinct person_id) n from credit.loan")
    assert few[0]["n"] < 10 and (await town.officer.ask(asked)).data["grid"]["loanPortfolio"] is None
    await multiply_loans(town, 12)
    many = (await town.officer.ask(asked)).data["grid"]["loanPortfolio"]
    assert many["borrowers"] >= 12 and 3 < Decimal(many["averageRate"]) <= 4 and many["overdueShare"] == "0.00"
    assert Decimal(many["outstanding"]) >= 12 * 50_000 and many["loans"] >= 13
    assert (await town.resident(30).ask(asked)).codes == ["FORBIDDEN"]


async def multiply_loans(town: Any, count: int) -> None:
    """As many more loans like one that there is, to other people."""
    loan = await town.borrow(30)
    for table, other in (("application", {"number": "'T'||p.n"}), ("loan", {"reference": "'T'||p.n"})):
        rows = await town.fetch(
            "select column_name c from information_schema.columns where table_schema='credit' and table_name=$1", table
        )
        given = other | {"id": "md5('x'||p.n)::uuid", "person_id": "p.id"}
        if table == "loan":
            given |= {"application_id": "md5('x'||p.n)::uuid"}
        columns = [row["c"] for row in rows]
        values = ", ".join(given.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        which = "t.id=$1" if table == "loan" else "t.id=(select l.application_id from credit.loan l where l.id=$1)"
        await town.fetch(
            f"insert into credit.{table} ({names}) select {values} from credit.{table} t, "
            "(select p.id, row_number() over (order by p.id) n from people.person p where p.id<>all($3::uuid[]) "
            f"limit $2) p where {which}",
            town.key(loan),
            count,
            town.people,
        )


async def test_household_shows_its_borrowers_loan_to_them_alone(town: Any) -> None:
    loan = await town.borrow(31)
    [home] = await town.fetch("select household_id h from credit.loan where id=$1", town.key(loan))
    asked = "query($id: ID!) { node(id: $id) { ... on Household { loans { nodes { id } } } } }"
    mine = (await town.resident(31).ask(asked, id=f"Household:{home['h']}")).data["node"]
    assert mine == {"loans": {"nodes": [{"id": loan}]}}
    worker = town.server.as_("grid_worker", grid="610921")
    assert (await worker.ask(asked, id=f"Household:{home['h']}")).data["node"] == {"loans": {"nodes": []}}


async def test_data_sheet_is_printed(town: Any) -> None:
    loan = await town.borrow(32)
    asked = "{ me { person { loanApplications { nodes { dataSheetPdf } } } } }"
    [sheet] = (await town.resident(32).ask(asked)).data["me"]["person"]["loanApplications"]["nodes"]
    assert base64.b64decode(sheet["dataSheetPdf"]).startswith(b"%PDF") and loan


async def test_payment_sent_twice_at_once_is_one(town: Any) -> None:
    loan = await town.borrow(35)
    given = {"loan": loan, "reference": "HK-twice-1", "amount": "500"}
    asked = ("recordRepayment", "loan { repayments { totalCount } }")
    both = await asyncio.gather(*(town.done(who, *asked, **given) for who in (town.lender, town.second)))
    assert both == [{"repayments": {"totalCount": 1}}] * 2
    total = "select sum(paid_interest+paid_principal) paid from credit.instalment where loan_id=$1"
    [row] = await town.fetch(total, town.key(loan))
    assert row["paid"] == 500_00


async def test_signed_decision_counts_once(town: Any, plugins: Any, tmp_path: Any, capsys: Any) -> None:
    """By the lender's secret, just now, on what was sent to that lender; a stranger's or a late one does not."""
    import json
    from datetime import timedelta

    from gongzhi_server.cli.plugin_commands import run_errand
    from gongzhi_server.testing import settings_for_tests
    from standardwebhooks import Webhook

    [errand] = [one for one in plugins.errands["credit"] if one.name == "lender-secret"]
    assert (
        await run_errand(
            settings_for_tests(town.dsn, tmp_path), town.dsn, "credit", errand, {"unit": town.bank, "renew": True}
        )
        == 0
    )
    hook, application = Webhook(capsys.readouterr().out.strip()), await town.send(34)
    [row] = await town.fetch("select number from credit.application where id=$1", town.key(application))
    said = {"number": row["number"], "outcome": "APPROVED", "reasons": ["可"], "officer": "7", "annualRate": "3.5"}

    async def delivered(secret: Any, late: int = 0, **more: Any) -> Any:
        body, at = json.dumps(said | more), town.server.clock() - timedelta(minutes=late)
        signed = {"message": "msg_1", "timestamp": int(at.timestamp()), "signature": secret.sign("msg_1", at, body)}
        given = {"lender": town.bank, "body": body, **signed}
        payload = await town.tried(town.server, "deliverLoanDecision", "application { id }", **given)
        return [one["code"] for one in payload["errors"]]

    assert await delivered(Webhook(b"another secret of some length")) == ["BAD_SIGNATURE"]
    assert await delivered(hook, late=6) == await delivered(hook, late=-6) == ["BAD_SIGNATURE"]
    assert await delivered(hook, reasons="可", number=1) == ["BAD_USER_INPUT"] == await delivered(hook, score=1)
    assert await delivered(hook, number="20260630-00000000") == ["NOT_FOUND"]
    assert await delivered(hook, annualRate="9") == ["RATE_ABOVE_OFFER"]
    assert await delivered(hook) == [] and await delivered(hook) == ["ILLEGAL_TRANSITION"]
    [row] = await town.fetch("select state, rate from credit.application where id=$1", town.key(application))
    assert (row["state"], row["rate"]) == ("APPROVED", 35_000)


async def test_changes_are_published_without_names(town: Any) -> None:
    from gongzhi_server.testing import published_events

    application = await town.send(33)
    events = [one for one in await published_events(town.dsn) if one.type == "credit.application_changed"]
    mine = [one.data for one in events if one.data["application"] == application.partition(":")[2]]
    assert mine == [{"application": application.partition(":")[2], "state": state} for state in ("SUBMITTED", "SENT")]


async def test_books_are_compared_with_what_was_booked(town: Any, plugins: Any, tmp_path: Any, capsys: Any) -> None:
    """A loan that is paid in part fits; whoever changes a sum of it by hand is told of."""
    from gongzhi_server.cli.plugin_commands import run_errand
    from gongzhi_server.testing import settings_for_tests

    [errand] = [one for one in plugins.errands["credit"] if one.name == "verify"]
    await town.fetch("delete from credit.loan where reference ~ '^T[0-9]+$'")  # copies without instalments, above
    loan = await town.borrow(39)
    await pay(town, loan, "HK-verify-1", "500")
    reference = (await town.fetch("select reference from credit.loan where id=$1", town.key(loan)))[0]["reference"]

    async def verify() -> tuple[int, str]:
        code = await run_errand(settings_for_tests(town.dsn, tmp_path), town.dsn, "credit", errand, {})
        return code, capsys.readouterr().out

    code, printed = await verify()
    assert code == 0 and printed.startswith("✓") and "loans" in printed, printed
    change = "update credit.loan set outstanding = outstanding + $2 where id = $1"
    await town.fetch(change, town.key(loan), 1)
    code, printed = await verify()
    assert code == 1 and printed.count(reference) == 2, "neither what was paid nor what is planned fits"
    await town.fetch(change, town.key(loan), -1)
    await town.fetch(
        "update credit.instalment set principal = principal + 1 where loan_id = $1 and no = 3", town.key(loan)
    )
    code, printed = await verify()
    assert code == 1 and printed.count(reference) == 1
    await town.fetch(
        "update credit.instalment set principal = principal - 1 where loan_id = $1 and no = 3", town.key(loan)
    )
    assert (await verify())[0] == 0
