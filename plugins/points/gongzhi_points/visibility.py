"""Visibility: who may see what of points. Programmes, rules and rewards are published; accounts are not."""

from __future__ import annotations

from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

VIEW = "points.view"
REVIEW = "points.review"
DECIDE = "points.decide"
APPEAL = "points.appeal"
MANAGE = "points.manage"
OFFER = "points.offer"
SETTLE = "points.settle"


def visible_accounts(account: Table, viewer: ViewerScope) -> Alternatives:
    """Select accounts in the grids one serves, one's own, one's household's and group's, and one's shop's."""
    seen = viewer.within(account, VIEW)
    if viewer.known():
        own = Sql("{0}={1}", account.person_id, viewer.person)
        seen = widen_rows(seen, own, Sql("{0}=any(array{1})", account.household_id, own_households(viewer)))
    # A shop sees the accounts of its own unit, whatever grids its people serve.
    return widen_rows(seen, *(_shop(account.merchant_id, unit) for unit in viewer.units(SETTLE)))


def visible_claims(claim: Table, viewer: ViewerScope) -> Alternatives:
    """Select claims in the grids one serves or reviews, and one's own."""
    seen = viewer.within(claim, VIEW)
    if seen is not None and viewer.can(REVIEW):
        reviewed = viewer.within(claim, REVIEW)
        seen = None if reviewed is None else [*seen, *reviewed]
    return widen_rows(seen, Sql("{0}={1}", claim.person_id, viewer.person)) if viewer.known() else seen


def visible_redemptions(redemption: Table, viewer: ViewerScope) -> Alternatives:
    """Select redemptions of accounts one may see; a shop sees what was redeemed at it, though not by whom."""
    seen = _of_accounts(redemption.account_id, viewer)
    return widen_rows(seen, *(_shop(redemption.merchant_id, unit) for unit in viewer.units(SETTLE)))


def visible_settlements(settlement: Table, viewer: ViewerScope) -> Alternatives:
    """Select a shop's own settlements, and those in the grids one serves."""
    merchant = Table("merchant", schema="points", alias="shop")
    seen = viewer.within(merchant, VIEW)
    if seen is None:
        return None
    inside = [
        Sql("exists(select from points.merchant shop where shop.id={0} and {1})", settlement.merchant_id, one)
        for one in seen
    ]
    return [*inside, *(_shop(settlement.merchant_id, unit) for unit in viewer.units(SETTLE))]


def visible_objections(objection: Table, viewer: ViewerScope) -> Alternatives:
    return _of_accounts(objection.beneficiary_id, viewer)


def visible_awards(award: Table, viewer: ViewerScope) -> Alternatives:
    """Select awards whose holders want them seen, and those of accounts one may see."""
    return widen_rows(_of_accounts(award.account_id, viewer), Sql("{0}", award.published))


def _of_accounts(key: object, viewer: ViewerScope) -> Alternatives:
    """Select rows whose account one may see."""
    account = Table("account", schema="points", alias="theirs")
    seen = visible_accounts(account, viewer)
    if seen is None:
        return None
    # An own alias, because the table may be in the statement already under its name.
    return [Sql("exists(select from points.account theirs where theirs.id={0} and {1})", key, one) for one in seen]


def _shop(key: object, unit: object) -> Criterion:
    # The units of a viewer are few: as an array the shops are found once and not for every row.
    return Sql("{0}=any(array(select s.id from points.merchant s where s.unit_id={1}))", key, unit)
