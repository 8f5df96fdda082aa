"""Rules: who may see what people asked for and agreed to, in one place."""

from __future__ import annotations

from datetime import date

from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, bind, widen_rows
from gongzhi.declare.viewer import Viewer, ViewerScope
from gongzhi.runtime.checks import CHINA
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

from .representation import spoken_rows

HANDLE = "rights.handle"
REVIEW = "rights.review"
REPRESENT = "rights.represent"
RECORD = "rights.record_consent"


def _of_home(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return what is about the household one belongs to."""
    return [Sql("{0}=any(array{1})", row.household_id, own_households(viewer))] if viewer.known() else []


def visible_consents(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own consents, and those in the grids whose data one watches over."""
    return widen_rows(viewer.within(row, HANDLE), *spoken_rows(row, viewer))


def visible_requests(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own requests, and those in the grids whose data one watches over."""
    return widen_rows(viewer.within(row, HANDLE), *spoken_rows(row, viewer))


def visible_decisions(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return decisions about oneself, whom one speaks for, or one's household. Reviewers see one with its review."""
    return [*spoken_rows(row, viewer), *_of_home(row, viewer)]


def visible_reviews(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return reviews of decisions about oneself or one's household, and those in the grids one reviews in."""
    return widen_rows(viewer.within(row, REVIEW), *spoken_rows(row, viewer), *_of_home(row, viewer))


def visible_releases(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own releases. A recipient is shown one by the plugin it was given for, while it is `in_force`."""
    return spoken_rows(row, viewer)


def visible_representatives(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return who speaks for oneself, whom one speaks for, and those in the grids one names them in."""
    own = [Sql("{0}={1}", row.representative_id, viewer.person)] if viewer.known() else []
    return widen_rows(viewer.within(row, REPRESENT), *spoken_rows(row, viewer), *own)


def in_force(release: Table, viewer: ViewerScope) -> Criterion:
    """Return whether a recipient may read a release: it is neither revoked nor over."""
    return Sql("({0} is null and {1}>{2})", release.revoked_at, release.expires_at, viewer.now)


def consent_given(person: Term, purpose: str, recipient: str, viewer: ViewerScope) -> Criterion:
    """Return whether a person consents to this now; the purpose and the recipient are the author's own words."""
    # Bound when the statement runs: it hangs on the day, and on the notices that are declared, and not on the query.
    least = bind(
        lambda variables, context: context.registers.least(purpose, recipient, local_day(context.viewer)), "int"
    )
    return Sql(
        "exists(select from rights.consent c where c.person_id={0} and c.purpose={1} and c.recipient={2} "
        "and c.withdrawn_at is null and (c.expires_at is null or c.expires_at>{3}) and c.version>={4})",
        person,
        bind(lambda variables, context: purpose, "text"),
        bind(lambda variables, context: recipient, "text"),
        viewer.now,
        least,
    )


def local_day(viewer: Viewer) -> date:
    return viewer.now.astimezone(CHINA).date()
