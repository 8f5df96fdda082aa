"""Verification: compares loans and risk pools with what was booked of them."""

from __future__ import annotations

from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.commands import Call

WRONG = {
    "loans whose principal is not what is open and what was paid back": """
select l.reference from credit.loan l where l.principal <> l.outstanding
 + (select coalesce(sum(r.principal), 0) from credit.repayment r where r.loan_id = l.id)""",
    "loans whose instalments are not what is open": """
select l.reference from credit.loan l where l.outstanding <>
 (select coalesce(sum(i.principal - i.paid_principal), 0) from credit.instalment i where i.loan_id = l.id)""",
    "payments that are not the sum of what they were booked as": """
select r.reference from credit.repayment r where r.amount <> r.principal + r.interest + r.penalty""",
    "risk pools that are not the sum of their entries": """
select p.name as reference from credit.pool p where p.balance <>
 (select coalesce(sum(e.amount), 0) from credit.pool_entry e where e.pool_id = p.id)""",
}
"""What must not be, with statements that find it."""
COUNT = "select count(*) as loans, (select count(*) from credit.repayment) as payments from credit.loan"


async def verify_books(call: Call) -> int:
    """Compare loans and risk pools with what was booked of them, and say what does not fit (校验贷款账目)."""
    wrong = 0
    for what, sql in WRONG.items():
        found = [row["reference"] for row in await call.fetch(sql)]
        if found:
            print(f"✗ {what}: {', '.join(found)}")
        wrong += len(found)
    [counted] = await call.fetch(COUNT)
    print(f"{'✗' if wrong else '✓'} {counted['loans']:,} loans, {counted['payments']:,} payments")
    return 1 if wrong else 0


ERRANDS = (Errand("verify", verify_books),)
