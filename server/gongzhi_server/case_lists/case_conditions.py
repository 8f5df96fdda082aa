"""Case conditions: searches the texts of cases, and tells by their last step which are new."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.declare.bounds import FIRST
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import Comparison, DateTimeComparison, Value, compare_term, guard_comparison
from gongzhi.declare.orders import order_by
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from pypika_tortoise.terms import Criterion


@strawberry.input(description="Searches texts (全文查找).")
class SearchComparison:
    contains: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="All of these words, with blanks between them; those of two characters or more by index (包含).",
    )


def last_public_step(at: Frame) -> Sql:
    """Return when something last happened to a case that everybody who sees it may read."""
    # Steps for staff alone are left out, whoever asks: the condition would tell others that there was one.
    return Sql("(select max(e.at) from cases.event e where e.case_id={0} and e.audience='PUBLIC')", at.rows.id)


def search_texts(at: Frame, way: str, value: Value) -> Criterion:
    """Find the cases that have all words in their title or description; what is sealed is in neither."""
    text = Sql("{0}||' '||{1}", at.rows.title, at.rows.description)
    words = Sql("string_to_array({0},' ')", value.bind(join_words, cast="text"))
    # Made once, before rows are looked for: the pairs of characters that a case must have, which the index finds.
    pairs = Sql("array(select g from unnest({0}) w, unnest(gongzhi.grams(w)) g)", words)
    missing = Sql("exists(select from unnest({0}) w where position(lower(w) in lower({1}))=0)", words, text)
    # With an offset it is asked by itself, by its index, and not row by row of the list.
    return Sql(
        "{0} in (select t.case_id from case_lists.text t where t.grams@>{1} offset 0) and not {2}",
        at.rows.id,
        pairs,
        missing,
    )


def join_words(text: str) -> str:
    """Return the words of a text with one blank between them, whichever blanks were typed."""
    return " ".join(text.split())


EXTENSIONS = (
    extend(
        Case,
        filter={
            "text": guard_comparison(Comparison(SearchComparison, search_texts), requires=None),
            "last_event_at": guard_comparison(compare_term(last_public_step, DateTimeComparison), requires=None),
        },
        order={"last_event_at": order_by(last_public_step, empty=FIRST, requires=None)},
    ),
)
