"""Register entries: what the core and plugins declare for the public registers, published in both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from gongzhi.values.errors import Text

GONE = "gone"
"""Said of a holding's row: nothing of it is worth keeping, so it is deleted."""


@dataclass(frozen=True)
class AddressBook:
    """Telephone numbers of people without an account, such as those left with cases. One plugin at most has them.

    `of_case` is SQL for the keys of the numbers to tell of a case, whose key is `{case}`; `find_number` is
    `async def f(call, key) -> str | None`, a number in clear.
    """

    of_case: str
    find_number: Callable[[Any, UUID], Awaitable[str | None]]


async def find_no_number(call: Any, key: UUID) -> str | None:
    """Return None: without an address book there are no numbers."""
    return None


NO_NUMBERS = AddressBook("select null::uuid where false", find_no_number)


@dataclass(frozen=True)
class ConsentBook:
    """Where consents are kept: `is_given` is `async def f(call, person, purpose, recipient) -> bool`, as of now."""

    is_given: Callable[[Any, Any, str, str], Awaitable[bool]]


@dataclass(frozen=True)
class Purpose:
    """Why a plugin reads a protected field, such as `Person.phone`, and on which legal basis."""

    field: str
    purpose: str
    basis: str


@dataclass(frozen=True)
class Card:
    """An algorithm card (算法卡片): one version of a rule that decides about people or households.

    A plugin's rule is named `plugin.rule`. `outcomes` are the codes it may come to; none listed means any.
    `apply(call, decision, outcome)` puts into force what a person decided on review; `decision` is the row of
    `rights.trace`, locked. Old versions stay declared as long as decisions made by them are kept.
    """

    name: str
    version: str
    purpose: Text
    basis: Text
    inputs: tuple[Text, ...]
    formula: Text
    owner: Text
    since: date
    limits: Text
    contact: Text
    outcomes: tuple[str, ...] = ()
    # Left out of comparison: a card is what is published, and how it is put into force is not.
    apply: Callable[[Any, Mapping[str, Any], str], Awaitable[None]] | None = field(default=None, compare=False)

    @property
    def rule(self) -> str:
        """The rule and its version, as rows and resolutions name it: `service-tier/1`."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class Kpi:
    """A figure and how it is computed (指标口径). Whoever shows it shows this formula, and no other."""

    name: str
    formula: Text
    numerator: Text
    denominator: Text
    unit: Text
    version: int = 1
    """Grows whenever the figure is computed otherwise: figures of two versions are not compared."""


@dataclass(frozen=True)
class PrivacyNotice:
    """The text people are shown before a purpose is pursued (告知书), in one version.

    With `consent`, nothing is done for the purpose before the person agrees (PIPL 14, 23, 25, 29, 31). A
    `recipient` of None means that each consent names one. `months` is how long a consent lasts. `renew` says that
    consents to earlier versions no longer count, as where the purpose has changed. `withdrawn(call, person)` undoes
    what rested on the consent, in the same transaction. A plugin's purpose is named `plugin.purpose`.
    """

    purpose: str
    recipient: str | None
    version: int
    title: Text
    text: Text
    basis: Text
    since: date
    consent: bool = True
    months: int | None = None
    renew: bool = False
    withdrawn: Callable[[Any, UUID], Awaitable[None]] | None = field(default=None, compare=False)


COUNTY_OF_ROW = "(select g.code from grids.grid g where g.id=t.county_id)"
"""SQL for the six digits of the county where a located row `t` lies."""


@dataclass(frozen=True)
class Holding:
    """What a table holds about people, how long and by which law, and what anonymisation takes from it.

    SQL here is the author's own and sees the row as `t`. `person` tells which rows are about the person `$1`;
    empty: none is about anybody. `shared` tells which of these are others' as well: they are in the person's copy, and
    stay when the person goes. `erase` gives columns their values afterwards (`$2` is
    the person, where the row is others' too and has no `months`), or is GONE. `hidden` columns stay out of
    the copy, such as blind indexes; `sealed` ones are opened for it: column to the context they were sealed in, less
    the row's key. After `months` from `since` (SQL, null while the time does not run) a row is anonymised on its own;
    no `months`: it goes with the person. Each table has a key `id`; a table may have several holdings. `wrapped`
    columns are keys under a county's, and moved with it: column to SQL for its six digits, such as `COUNTY_OF_ROW`.
    """

    table: str
    what: Text
    basis: Text
    person: str = ""
    shared: str = ""
    erase: Mapping[str, str] | str = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    sealed: Mapping[str, str] = field(default_factory=dict)
    months: int | None = None
    since: str = ""
    wrapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StatementClaim:
    """A positive statement about a person, in words and as a value: a count above zero, a grade, a date."""

    text: Text
    value: int | str | None = None


@dataclass(frozen=True)
class Statement:
    """A kind of statement that a person may release to others, and who fills it.

    `say(call, person)` gives what there is to say for the person today; nothing, if there is nothing good to say.
    """

    kind: str
    description: Text
    say: Callable[[Any, UUID], Awaitable[Sequence[StatementClaim]]] = field(compare=False)


@dataclass(frozen=True)
class Check:
    """A question to the database whose answer should be zero, and what to say in either case.

    `sql` selects one number; `{0}` in `ill` is that number. A plugin's check is named `plugin.check`, or by one of its
    labels.
    """

    name: str
    sql: str
    well: Text
    ill: Text

    def say(self, count: int) -> Text:
        """Tell what there is to say of this count."""
        return Text(self.ill.en.format(count), self.ill.zh.format(count)) if count else self.well


@dataclass(frozen=True)
class OfficeHours:
    """When a county's offices are open, for what waits for that, such as notices. One plugin at most knows them.

    `next_opening` is SQL: the moment from which they are open next, `{at}` itself while they are; `{county}` is the
    county's key, or null.
    """

    next_opening: str


# The time zone is named: that of the connection may be another.
ANY_DAY = OfficeHours(
    "(case when ({at} at time zone 'Asia/Shanghai')::time < '08:00' "
    "then (date_trunc('day', {at} at time zone 'Asia/Shanghai') + interval '8 hours') at time zone 'Asia/Shanghai' "
    "when ({at} at time zone 'Asia/Shanghai')::time >= '20:00' "
    "then (date_trunc('day', {at} at time zone 'Asia/Shanghai') + interval '32 hours') at time zone 'Asia/Shanghai' "
    "else {at} end)"
)
"""From eight to eight on every day: the office hours where no plugin knows better."""
