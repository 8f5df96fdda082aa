"""Root types: what credit adds to the core's types and to the query, mutation and subscription roots."""

from __future__ import annotations

import datetime

from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import Connection, column, connection, entity, lookup, stream
from gongzhi.declare.extend import extend
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Sql

from .applications.types import LoanApplication
from .appraisals.types import CreditAppraisal, CreditCommendation, CreditIndicator, CreditModel, Panelist
from .events import ApplicationChanged
from .loans.types import Loan, RiskPool
from .visibility import CONVENE, LEND, STATISTICS, VIEW


@entity(OutboxRow, visible=visible_with(lambda: LoanApplication, "application"))
class LoanApplicationHappening:
    """An application that one may see has another state (贷款申请变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    application: LoanApplication | None = event_subject("The application, as it is now (申请).", "application")


EXTENSIONS = (
    extend(
        Person,
        credit_appraisals=connection(
            "What panels found of them, the last first (信用评议).",
            on="person",
            order="-requested_at",
            type=Connection[CreditAppraisal] | None,
            requires=None,
        ),
        loan_applications=connection(
            "What loans they asked for, the last first (贷款申请).",
            on="person",
            order="-created_at",
            type=Connection[LoanApplication] | None,
            requires=None,
        ),
        loans=connection(
            "Their loans, the last first (贷款).",
            on="person",
            order="-disbursed_at",
            type=Connection[Loan] | None,
            requires=None,
        ),
    ),
    extend(
        Household,
        loans=connection(
            "Loans of its members that you may see: a loan is its borrower's (户成员贷款).",
            on="household",
            order="-disbursed_at",
            type=Connection[Loan] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        credit_commendations=connection(
            "Good appraisals of people here who let others see them (信用评议公示).",
            rows_inside,
            order="-requested_at",
            type=Connection[CreditCommendation] | None,
            requires=None,
        ),
        credit_appraisals=connection(
            "Appraisals of people here (信用评议).",
            rows_inside,
            order="-requested_at",
            type=Connection[CreditAppraisal] | None,
            requires=VIEW,
        ),
        loans=connection(
            "Loans of people here, what is due first first, for the programme's office (贷款).",
            rows_inside,
            order="next_due_on",
            type=Connection[Loan] | None,
            requires=VIEW,
        ),
        loan_applications=connection(
            "Applications of people here, for the programme's office (贷款申请).",
            rows_inside,
            order="-created_at",
            type=Connection[LoanApplication] | None,
            requires=VIEW,
        ),
    ),
    extend(
        Query,
        lender_desk=connection(
            "Applications and what came of them at one's unit, the most urgent first (贷款机构工作台).",
            order="due_at",
            type=Connection[LoanApplication] | None,
            requires=LEND,
        ),
        lender_loans=connection(
            "Loans of one's unit, what is due first first (贷款机构贷款).",
            order="next_due_on",
            type=Connection[Loan] | None,
            requires=LEND,
        ),
        loan_application=lookup(
            "The application with this number (按编号查申请).",
            "Its number (申请编号).",
            by="number",
            type=LoanApplication | None,
            requires=None,
        ),
        credit_indicators=connection(
            "What panels score (评议指标).", order="code", type=Connection[CreditIndicator] | None, requires=None
        ),
        credit_models=connection(
            "Scorecards, every version (评议模型).", order="code", type=Connection[CreditModel] | None, requires=None
        ),
        my_appraisals_to_score=connection(
            "Appraisals on whose panel one sits now (待本人评分的评议).",
            lambda at: [Sql("{0} is distinct from {1}", at.rows.person_id, at.viewer.person)],
            order="requested_at",
            type=Connection[CreditAppraisal] | None,
            requires="credit.score",
        ),
        panelists=connection(
            "Who panels are drawn from (评判团成员库).",
            order="since",
            type=Connection[Panelist] | None,
            requires=CONVENE,
        ),
        risk_pools=connection(
            "Money set aside for lenders' losses (风险补偿金).",
            order="opened_at",
            type=Connection[RiskPool] | None,
            requires=STATISTICS,
        ),
    ),
    extend(
        Subscription,
        application_changed=stream(
            "Applications that one may see, as their state changes (贷款申请变化).",
            events=(ApplicationChanged,),
            type=LoanApplicationHappening,
            requires=None,
        ),
    ),
)
