"""Rules: who declares forms, fills, signs and reads returns, and is asked, in one place."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table

from .models import Level

DECLARE = "forms.declare"
FILL = "forms.fill"
SIGN = "forms.sign"
ANSWER = "forms.answer"
VIEW = "forms.view"


def visible_forms(form: Table, viewer: ViewerScope) -> Alternatives:
    """Return the forms that one may fill somewhere: those of all counties for whoever works with returns at all.

    A form says what is asked and nothing of anybody.
    """
    return None if viewer.can(VIEW) or viewer.can(DECLARE) else []


def visible_returns(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the returns of the places where one may see them."""
    return viewer.within(row, VIEW)


def visible_inquiries(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what one is asked, and what is asked where one sees returns."""
    return widen_rows(viewer.within(row, VIEW), Sql("{0}={1}", row.asked_of, viewer.account))


def answerable_inquiries(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what one is asked; what nobody was found for may be answered by any who may answer there."""
    mine = Sql("{0}={1}", row.asked_of, viewer.account)
    # Only while it is asked of no account: otherwise the one who knows would be passed over.
    anybody = viewer.within(row, ANSWER)
    if anybody is None:
        return [mine, Sql("{0} is null", row.asked_of)]
    return [mine, Sql("{0} is null and ({1})", row.asked_of, any_of(Sql("false"), *anybody))]


def signable_returns(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the returns that wait for the level for which one signs: the place where one may lies at it or above."""
    # Asked of the grid of the level, for a right in a village is none in its town.
    grid = Table("grid", schema="grids", alias="signing")
    held = viewer.within(grid, SIGN)
    if held is None:
        return None
    # Null, and so nobody's, while nobody is to sign.
    place = "case {0} " + " ".join(f"when '{one}' then {{{at}}}" for at, one in enumerate(Level, 1)) + " end"
    text = f"exists(select from grids.grid signing where signing.id={place} and ({{4}}))"
    return [Sql(text, row.signing, row.village_id, row.town_id, row.county_id, any_of(Sql("false"), *held))]


def decidable_objections(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the objections to returns of the places where one signs."""
    filed = Table("return", schema="forms", alias="filed")
    held = viewer.within(filed, SIGN)
    if held is None:
        return None
    text = "exists(select from forms.return filed where filed.id={0} and ({1}))"
    return [Sql(text, row.form_return_id, any_of(Sql("false"), *held))]


def uninvolved_returns(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the returns that one has neither filled nor signed since, by whichever of one's accounts."""
    known = viewer.known()
    mine = "array(select a.name from accounts.account a where a.person_id={3})||{0}" if known else "array[{0}]"
    text = (
        f"({{1}}=any({mine})) is not true and not exists(select from forms.step mine where mine.form_return_id={{2}} "
        f"and mine.act='SIGNED' and mine.account=any({mine}) and not exists(select from forms.step later "
        "where later.form_return_id={2} and later.act='FILLED' and later.number>mine.number))"
    )
    return [Sql(text, viewer.account, row.filled_by, row.id, *([viewer.person] if known else []))]


UNINVOLVED = Requirement(
    "CONFLICT_OF_INTEREST",
    uninvolved_returns,
    Text("You filled or signed it, so somebody else signs now.", "您已填报或签署，须由他人签署。"),
)
# Signing up the line is no second person's check: whoever signs for a town may well have appointed who fills.
SIGNS = require_rows(signable_returns)
