"""Burden of grid workers (基层减负): fields and photos counted, minutes by published standard times.

Nobody's time is taken and nobody online is counted (国办函〔2026〕12号). What a form asks for is read from the schema:
the fields of its input that must be filled in, less those that are prefilled (`known_values`). No form asks again for
what is on file: a person's or household's data come from the file (`people`), a place is found by its position, whoever
reports is known by signing in.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from gongzhi.core.cases.commands import HandleInGridInput
from gongzhi.core.cases.reporting import ReportCaseInput
from gongzhi.core.people.care_commands import RecordVisitInput
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from gongzhi.plugin.settings import CountySetting
from gongzhi_operations.patrols.commands import CHANNEL, RecordPatrolInput

from .figures import FEW, WITHIN, Scope
from .known_values import KNOWN, Form

# Made by the program: an idempotency key and a version are typed by nobody.
OURS = frozenset({"idempotency_key", "expected_version"})
"""What no person fills in."""
SECONDS, PHOTO = 15, 30
"""The standard times for a field and a photo."""
KINDS = ("COUNTY", "TOWN", "VILLAGE")


def required_fields(form: Any) -> tuple[str, ...]:
    """Return the fields of an input that whoever sends it must fill in."""
    missing = dataclasses.MISSING
    return tuple(
        one.python_name
        for one in form.__strawberry_definition__.fields
        if one.default is missing and one.default_factory is missing and one.python_name not in OURS
    )


FORMS = (ReportCaseInput, HandleInGridInput, RecordVisitInput, RecordPatrolInput)
"""What grid workers fill in from day to day."""
PREFILLED = {ReportCaseInput: frozenset({"channel"}), RecordPatrolInput: frozenset(KNOWN[Form.RECORD_PATROL])}
"""Required fields that the server knows of a grid worker."""
# Read from the schema when it is built: a form that asks for more counts for more, without anybody keeping a list.
REPORT, SETTLE, VISIT, PATROL = (len(set(required_fields(form)) - PREFILLED.get(form, frozenset())) for form in FORMS)


def located_sql(what: str, rows: str) -> str:
    """Count the rows `v` in the place, by the index of its level; the other levels' rows are not read."""
    return "+".join(
        f"(select {what} from {rows} and {{kind}}='{kind}' and v.{kind.lower()}_id={{id}})" for kind in KINDS
    )


def between_sql(column: str) -> str:
    since, until = (f"({day})::timestamp at time zone 'Asia/Shanghai'" for day in ("{since}", "{until}+1"))
    return f"{column}>={since} and {column}<{until}"


def sums_sql(measure: str, dimension: str, value: str) -> str:
    """Build what the sums have of a measure, a dimension and a value."""
    return (
        f"(select coalesce(sum(r.{measure}),0) from {WITHIN} r where {{where}} and not r.sealed "
        f"and r.dimension='{dimension}' and r.value={value})"
    )


OF_WORKERS = f"(select c.id from cases.channel c where c.code='{CHANNEL}')"
# Posts held in the period by that duty, each person once.
WORKERS = located_sql(
    "count(distinct p.person_id)",
    "people.post p join grids.grid v on v.id=p.grid_id where p.duty='GRID_WORKER' and p.since<={until} "
    "and coalesce(p.until>={since},true)",
)
# Visits by whoever holds or held the post of a grid worker; helpers who visit are no part of this burden.
VISITS = located_sql(
    "count(*)",
    f"people.visit v where {between_sql('v.at')} "
    "and exists(select from people.post w where w.person_id=v.visitor_id and w.duty='GRID_WORKER')",
)
PATROLS = located_sql("count(*)", f"patrols.patrol v where {between_sql('v.at')}")
# Without tip-offs, which are in no figure.
PHOTOS = located_sql(
    "count(*)",
    f"attachments.attachment a join cases.case v on v.id=a.case_id where a.kind='PHOTO' and {between_sql('a.at')} "
    f"and v.channel_id={OF_WORKERS} and v.series='ORDINARY'",
)
FIELDS = (
    f"{REPORT}*{sums_sql('reported', 'CHANNEL', OF_WORKERS)}+{SETTLE}*{sums_sql('completed', 'LEVEL', '1')}"
    f"+{VISIT}*({VISITS})+{PATROL}*({PATROLS})"
)
# What nobody was asked for is shown beside, so that prefilling shows as a gain.
SPARED = (
    f"{len(PREFILLED[ReportCaseInput])}*{sums_sql('reported', 'CHANNEL', OF_WORKERS)}"
    f"+{len(PREFILLED[RecordPatrolInput])}*({PATROLS})"
)
SHARES = {
    "fieldsPerWorkerWeek": "b.fields",
    "prefilledPerWorkerWeek": "b.spared",
    "photosPerWorkerWeek": "b.photos",
    "minutesPerWorkerWeek": f"({SECONDS}*b.fields+{PHOTO}*b.photos)/60.0",
}
WORKERS_AT_LEAST = CountySetting(
    "statistics.workers",
    "How many grid workers a place has at least of whom averages are told (工作量统计最少人数).",
    default=FEW,
    permission="plugins.activate",
    least=FEW,
    most=1_000,
)
"""A county may be stricter, and never laxer."""
# Per worker, and not told where fewer than that work: no figure is about one of them.
BURDEN = (
    "(select jsonb_build_object("
    + ",".join(f"'{name}',round({value}/b.workers/b.weeks,2)" for name, value in SHARES.items())
    + f") from (select {WORKERS} as workers, ({FIELDS})::numeric as fields, ({SPARED})::numeric as spared, "
    + "({photos})::numeric as photos, ({until}-{since}+1)/7.0 as weeks) b where b.workers>={enough})"
)


def burden_sql(at: Frame, scope: Scope) -> Sql:
    """Build the burden as JSON, per worker and week; null where too few work, and above the county."""
    place = {"kind": at.row.kind, "id": at.row.id, "enough": WORKERS_AT_LEAST.sql(at.row.county_id)}
    return scope.sql(BURDEN, photos=scope.sql(PHOTOS, **place), **place)
