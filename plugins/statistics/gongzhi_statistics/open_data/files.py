"""Files: published tables as CSV and JSON, and their catalogue as DCAT, over plain HTTP and without an account."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import Refusal, Text
from starlette.requests import Request
from starlette.responses import Response

from ..models import DatasetKind
from .publishing import LICENCES
from .tables import FIELDS, TABLES, WITHHELD

BASE = "/x/statistics/open-data"
NAME = re.compile(r"(?P<county>\d{6})-(?P<slug>cases|levels)-(?P<year>\d{4})q(?P<quarter>[1-4])\.(?P<format>csv|json)")
MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json", "jsonld": "application/ld+json"}
PUBLISHED = """
select g.code as county, g.name, d.kind, d.since, d.until, d.licence, d.decided_at{more} from statistics.dataset d
join grids.grid g on g.id=d.grid_id where d.state='PUBLISHED'"""
LISTED = PUBLISHED.format(more="") + " order by g.code, d.since desc, d.kind limit 5000"
ONE = PUBLISHED.format(more=",d.rows") + " and g.code=$1 and d.kind=$2 and d.since=$3"
# Written out, so that whoever reads the catalogue asks no other server what its words mean.
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "csvw": "http://www.w3.org/ns/csvw#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
CATALOGUE = Text("Open data of grassroots governance", "基层治理开放数据")


async def send_catalogue(call: RouteCall) -> Response:
    """Answer with the catalogue of all that is published."""
    rows = await call.context.fetch(LISTED)
    made = describe_catalogue(call.context.address, [dict(row) for row in rows])
    return send(call.request, json.dumps(made, ensure_ascii=False, indent=1), "jsonld")


async def send_table(call: RouteCall) -> Response:
    """Answer with a published table."""
    # Only names that may be a table's: what else people type asks the database nothing.
    found = NAME.fullmatch(call.request.path_params["name"])
    row = None
    if found:
        kind = next(one for one, table in TABLES.items() if table.slug == found["slug"])
        since = date(int(found["year"]) or 1, int(found["quarter"]) * 3 - 2, 1)
        rows = await call.context.fetch(ONE, found["county"], kind.value, since)
        row = rows[0] if rows else None
    if found is None or row is None:
        raise Refusal(
            "NOT_FOUND", "No such table is published: the catalogue lists all.", "没有发布该数据集，请查看目录。"
        )
    stored = row["rows"]
    table = json.loads(stored) if isinstance(stored, str) else stored
    body = write_csv(table) if found["format"] == "csv" else json.dumps(table, ensure_ascii=False)
    return send(call.request, body, found["format"])


def write_csv(rows: list[dict[str, Any]]) -> str:
    """Write rows with a line of names (RFC 4180); what is withheld is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [one.name for one in FIELDS])
    writer.writeheader()
    writer.writerows({**row, "withheld": str(row["withheld"]).lower()} for row in rows)
    return out.getvalue()


def send(request: Request, body: str, kind: str) -> Response:
    """Answer with a body that caches may keep for an hour, or say that the caller has it already."""
    # Of what is published little changes, so most callers are told that they have it.
    raw = body.encode()
    tag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "public, max-age=3600"}
    # The weak form as well: what a proxy has compressed is the same table.
    asked = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    return Response(raw, headers=headers | {"content-type": MEDIA[kind]})


def describe_catalogue(address: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Make the catalogue (DCAT, JSON-LD)."""
    base = f"{address}{BASE}"
    return {
        "@context": CONTEXT,
        "@id": base,
        "@type": "dcat:Catalog",
        "dct:title": in_both(CATALOGUE),
        "dct:description": in_both(WITHHELD),
        "dct:language": ["zh", "en"],
        "dcat:dataset": [describe_dataset(base, row) for row in rows],
    }


def describe_dataset(base: str, row: Mapping[str, Any]) -> dict[str, Any]:
    # Of both languages each text: portals that harvest catalogues show the one of their readers.
    table, since, licence = TABLES[DatasetKind(row["kind"])], row["since"], {"@id": LICENCES[row["licence"]]}
    name = f"{row['county']}-{table.slug}-{since.year}q{(since.month + 2) // 3}"
    title = Text(f"{row['name']}: {table.title.en}", f"{row['name']}{table.title.zh}")
    return {
        "@id": f"{base}#{name}",
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": in_both(title),
        "dct:description": in_both(
            Text(f"{table.description.en} {WITHHELD.en}", f"{table.description.zh}{WITHHELD.zh}")
        ),
        "dct:issued": {"@value": row["decided_at"].isoformat(), "@type": "xsd:dateTime"},
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": row["name"]},
        "dct:license": licence,
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@value": since.isoformat(), "@type": "xsd:date"},
            "dcat:endDate": {"@value": row["until"].isoformat(), "@type": "xsd:date"},
        },
        "csvw:tableSchema": {
            "@type": "csvw:Schema",
            "csvw:column": [
                {
                    "@type": "csvw:Column",
                    "csvw:name": one.name,
                    "csvw:datatype": one.datatype,
                    "dct:description": in_both(one.description),
                }
                for one in FIELDS
            ],
        },
        "dcat:distribution": [
            {
                "@id": f"{base}/{name}.{kind}",
                "@type": "dcat:Distribution",
                "dcat:downloadURL": {"@id": f"{base}/{name}.{kind}"},
                "dcat:accessURL": {"@id": base},
                "dcat:mediaType": {"@id": f"{MEDIA_TYPES}{media}"},
                "dct:license": licence,
            }
            for kind, media in (("csv", "text/csv"), ("json", "application/json"))
        ],
    }


def in_both(text: Text) -> list[dict[str, str]]:
    """Say a text in both languages."""
    return [{"@value": text.zh, "@language": "zh"}, {"@value": text.en, "@language": "en"}]


ROUTES = (
    Route("/open-data", send_catalogue, strangers=True),
    Route("/open-data/{name}", send_table, strangers=True),
)
