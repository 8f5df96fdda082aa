"""Open data over HTTP: two persons publish a quarter's table, and anybody has its files and the catalogue."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Server

from .sample_cases import COUNTY, OTHER, TOWN, VILLAGE, Ground
from .test_figures import lead

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATA = """id version state since until licence csv json reason table { town item number withheld }
  actions { name allowed reason }"""
DATASETS = f"{{ openDatasets(first: 50) {{ nodes {{ {DATA} }} }} }}"
OPEN = "/x/statistics/open-data"
# The terms of the vocabularies that the catalogue uses: DCAT 3, Dublin Core, FOAF, CSV on the Web (W3C, DCMI).
TERMS = {
    "dcat": {
        "Catalog", "Dataset", "Distribution", "dataset", "distribution", "downloadURL", "accessURL", "mediaType",
        "startDate", "endDate",
    },
    "dct": {
        "title", "description", "language", "identifier", "issued", "publisher", "license", "temporal", "PeriodOfTime",
    },
    "foaf": {"Organization", "name"},
    "csvw": {"Schema", "Column", "column", "name", "datatype", "tableSchema"},
    "xsd": {"date", "dateTime"},
}  # fmt: skip
# What DCAT-AP 3 asks of each class.
MANDATORY = {
    "dcat:Catalog": {"dct:title", "dct:description", "dcat:dataset"},
    "dcat:Dataset": {"dct:title", "dct:description", "dct:publisher", "dcat:distribution"},
    "dcat:Distribution": {"dcat:accessURL", "dct:license", "dcat:mediaType"},
}


def second(server: Server) -> Server:
    return server.as_("county_dispatcher", grid=COUNTY, sub="second")


async def datasets(caller: Server) -> Any:
    return (await caller.ask(DATASETS)).data["openDatasets"]["nodes"]


async def counted(ground: Ground) -> None:
    """A quarter: many cases of a subject in one town and few in the other, and tip-offs."""
    for count, given in (
        (12, {"grid": VILLAGE}), (4, {"grid": OTHER}), (11, {"grid": OTHER, "category": "roads.surface"}),
        (30, {"grid": VILLAGE, "category": "land"}), (15, {"grid": OTHER, "category": "land"}),
        (9, {"grid": VILLAGE, "sealed": True}), (20, {"grid": VILLAGE, "category": "health", "accused": "POWER"}),
    ):  # fmt: skip
        for _ in range(count):
            await ground.case("2026-02-10T09:00", **given)  # type: ignore[arg-type]
    await ground.follow()


async def propose(caller: Server, **given: Any) -> Any:
    asked = {"county": COUNTY, "kind": "CASES", "since": "2026-01-01"} | given
    return await caller.do("proposeOpenDataset", "dataset { id version }", **asked)


async def decide(caller: Server, made: Any, mutation: str = "decideOpenDataset", **given: Any) -> list[Any]:
    asked = {"dataset": made["id"], "expectedVersion": made["version"]} | given
    payload = await caller.do(mutation, "dataset { id }", **asked)
    return [(one["code"], one["path"][-1]) for one in payload["errors"]]


async def read_notices(caller: Server) -> list[tuple[str, str]]:
    """What the caller is told of open data, with what each is about."""
    notices = (await caller.ask("{ me { notices(first: 50) { nodes { kind about } } } }")).data["me"]["notices"][
        "nodes"
    ]
    return [(one["kind"], one["about"]) for one in notices if one["kind"].startswith("statistics.dataset")]


async def test_two_persons_publish_a_table(small: Server, ground: Ground) -> None:
    await counted(ground)
    first = lead(small)
    made = (await propose(first))["dataset"]
    assert await datasets(small) == [] and (await small.client.get(OPEN)).json()["dcat:dataset"] == []
    [seen] = await datasets(first)
    numbers = {(one["town"], one["item"]): one["number"] for one in seen["table"]}
    assert {town: numbers[town, "utilities"] for town in (TOWN, OTHER, "total")} == {
        TOWN: None,
        OTHER: None,
        "total": 16,
    }
    assert {town: numbers[town, "land"] for town in (TOWN, OTHER, "total")} == {TOWN: 30, OTHER: 15, "total": 45}
    assert numbers[TOWN, "roads"] == numbers["total", "health"] == 0, "what is sealed or against a unit is left out"
    assert await decide(first, made, approve=True) == [("FOUR_EYES", "dataset")]
    assert await read_notices(second(small)) == [("statistics.dataset_proposed", made["id"])]
    assert await read_notices(small.as_("town_dispatcher", grid=TOWN)) == []
    assert await decide(second(small), made, approve=True) == []
    assert ("statistics.dataset_decided", made["id"]) in await read_notices(first)
    [public] = await datasets(small)
    assert (public["state"], public["csv"]) == ("PUBLISHED", f"{OPEN}/{COUNTY}-cases-2026q1.csv")
    await check_files(small, public)
    # What is counted anew does not change what is published.
    await ground.case("2026-02-11T09:00", grid=OTHER)
    await ground.follow()
    assert (await datasets(small))[0]["table"] == public["table"]
    assert [one["code"] for one in (await propose(first))["errors"]] == ["DUPLICATE"]
    held = {"id": public["id"], "version": public["version"]}
    assert await decide(first, held, "withdrawOpenDataset", reason="统计口径有误。") == []
    assert (await small.client.get(public["csv"])).status_code == 404
    [gone] = await datasets(small)
    assert (gone["state"], gone["csv"], gone["reason"]) == ("WITHDRAWN", None, "统计口径有误。")
    assert (await propose(first))["errors"] == []


async def check_files(small: Server, public: Any) -> None:
    """Both files say the same as the schema, and whoever has them is told so."""
    answer = await small.client.get(public["csv"])
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    as_json = (await small.client.get(public["json"])).json()
    for row, one, told in zip(rows, as_json, public["table"], strict=True):
        assert (row["town"], row["item"], row["withheld"]) == (one["town"], one["item"], str(one["withheld"]).lower())
        assert (told["number"], told["withheld"]) == (one["number"], one["withheld"])
        assert row["number"] == ("" if one["number"] is None else str(one["number"]))
    tag = answer.headers["etag"]
    for given in (tag, f'W/{tag}, "x"', "*"):
        again = await small.client.get(public["csv"], headers={"if-none-match": given})
        assert again.status_code == 304 and again.headers["etag"] == tag and again.content == b""
    assert (await small.client.get(public["csv"], headers={"if-none-match": '"x"'})).status_code == 200


def walk(value: Any) -> list[dict[str, Any]]:
    """All objects of a document."""
    inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return [*([value] if isinstance(value, dict) else []), *(one for each in inner for one in walk(each))]


async def test_catalogue_is_dcat(small: Server, ground: Ground) -> None:
    await counted(ground)
    for kind in ("CASES", "LEVELS"):
        made = (await propose(lead(small), kind=kind))["dataset"]
        assert await decide(second(small), made, approve=True) == []
    answer = await small.client.get(OPEN)
    assert answer.headers["content-type"] == "application/ld+json" and answer.headers["etag"]
    catalogue = answer.json()
    context = catalogue.pop("@context")
    for found in walk(catalogue):
        used = [*found, *([found["@type"]] if "@type" in found else [])]
        for term in used:
            prefix, _, name = term.partition(":")
            assert term in ("@id", "@type", "@value", "@language") or name in TERMS[prefix] and prefix in context, term
        assert MANDATORY.get(found.get("@type", ""), set()) <= found.keys()
    assert len(catalogue["dcat:dataset"]) == 2
    for one in catalogue["dcat:dataset"]:
        assert {said["@language"] for said in one["dct:title"]} == {"zh", "en"}
        assert one["dct:license"] == {"@id": "https://creativecommons.org/licenses/by/4.0/"}
        span = one["dct:temporal"]
        assert (span["dcat:startDate"]["@value"], span["dcat:endDate"]["@value"]) == ("2026-01-01", "2026-03-31")
        [as_csv, as_json] = [each["dcat:downloadURL"]["@id"] for each in one["dcat:distribution"]]
        path = as_csv[as_csv.index("/x/") :]
        header = (await small.client.get(path)).text.splitlines()[0].split(",")
        assert header == [each["csvw:name"] for each in one["csvw:tableSchema"]["csvw:column"]]
        assert as_json == as_csv.removesuffix("csv") + "json"


async def test_what_is_refused(small: Server, ground: Ground) -> None:
    """Bad input names its field; nothing is published by one, of another county, or of a quarter that lasts."""
    await counted(ground)
    for given, code, path in (
        ({"since": "2026-02-01"}, "BAD_USER_INPUT", "since"),
        ({"since": "2026-04-01"}, "BAD_USER_INPUT", "since"),
        ({"county": TOWN}, "BAD_USER_INPUT", "county"),
        ({"county": "999999"}, "NOT_FOUND", "county"),
    ):
        errors = (await propose(lead(small), **given))["errors"]
        assert [(one["code"], one["path"][-1]) for one in errors] == [(code, path)], given
    both = lead(small), second(small)
    answers = await asyncio.gather(*(propose(one) for one in both))
    assert sorted([one["code"] for one in each["errors"]] for each in answers) == [[], ["DUPLICATE"]]
    [made] = await datasets(lead(small))
    other, proposer = both if answers[0]["errors"] else both[::-1]
    for caller, given, wrong in (
        (proposer, {"approve": False, "reason": "x"}, ("FOUR_EYES", "dataset")),
        (other, {"approve": False}, ("BAD_USER_INPUT", "reason")),
        (other, {"approve": True, "expectedVersion": 9}, ("STALE_VERSION", "expectedVersion")),
    ):
        assert await decide(caller, made, **given) == [wrong]
    early = await decide(lead(small), made, "withdrawOpenDataset", reason="x")
    assert early == [("ILLEGAL_TRANSITION", "dataset")]
    good = {
        "proposeOpenDataset": {"county": COUNTY, "kind": "LEVELS", "since": "2026-01-01"},
        "decideOpenDataset": {"dataset": made["id"], "expectedVersion": made["version"], "approve": True},
        "withdrawOpenDataset": {"dataset": made["id"], "expectedVersion": made["version"], "reason": "x"},
    }
    for mutation, given in good.items():
        for caller in (small, small.as_("resident"), small.as_("auditor"), small.as_("county_leader", grid=COUNTY)):
            answer = await caller.give(mutation, given | {"idempotencyKey": str(uuid4())})
            assert [one for one, _ in answer.problems(mutation)] == ["FORBIDDEN"], mutation
    for name in ("610921-cases-2026q1.csv", "610921-cases-0000q1.csv", "x", "610921-cases-2026q1.xlsx", "%00"):
        assert (await small.client.get(f"{OPEN}/{name}")).status_code == 404, name
    assert json.loads((await small.client.get(OPEN)).text)["dcat:dataset"] == []


async def test_levels_and_licences(small: Server, ground: Ground) -> None:
    """What was settled where, under the licence that the county has chosen by then."""
    for count, level, grid in (
        (14, "VILLAGE", VILLAGE),
        (11, "TOWN", VILLAGE),
        (12, "TOWN", OTHER),
        (3, "COUNTY", OTHER),
    ):
        for _ in range(count):
            await ground.case("2026-02-10T09:00", status="CLOSED", settled="2026-02-12T09:00", level=level, grid=grid)
    await ground.follow()
    chosen = {"setting": "statistics.licence", "county": COUNTY}
    for value, codes in (("MIT", ["BAD_USER_INPUT"]), ("CC0-1.0", [])):
        done = await small.as_("administrator").do("setCountySetting", "errors { code }", **chosen, value=value)
        assert [one["code"] for one in done["errors"]] == codes
    made = (await propose(lead(small), kind="LEVELS"))["dataset"]
    assert await decide(second(small), made, approve=True) == []
    [public] = await datasets(small)
    numbers = {(one["item"], one["town"]): one["number"] for one in public["table"]}
    assert public["licence"] == "CC0-1.0" and len(numbers) == 12
    expected = {
        ("VILLAGE", TOWN): 14, ("VILLAGE", OTHER): 0, ("VILLAGE", "total"): 14,
        ("TOWN", TOWN): 11, ("TOWN", OTHER): 12, ("TOWN", "total"): 23,
        ("COUNTY", TOWN): 0, ("COUNTY", OTHER): None, ("COUNTY", "total"): None,
        ("GRID", TOWN): 0, ("GRID", OTHER): 0, ("GRID", "total"): 0,
    }  # fmt: skip
    assert numbers == expected
    [listed] = (await small.client.get(OPEN)).json()["dcat:dataset"]
    assert listed["dct:license"] == {"@id": "https://creativecommons.org/publicdomain/zero/1.0/"}


async def test_a_refused_table_is_not_published(small: Server, ground: Ground) -> None:
    """It is refused with a reason, which nobody else reads, and may be proposed again."""
    await counted(ground)
    made = (await propose(lead(small)))["dataset"]
    assert await decide(second(small), made, approve=False, reason="数据待核实。") == []
    [seen] = await datasets(lead(small))
    assert (seen["state"], seen["reason"], seen["csv"]) == ("REFUSED", "数据待核实。", None)
    for caller in (small, small.as_("county_leader", grid=COUNTY), small.as_("town_dispatcher", grid=TOWN)):
        assert await datasets(caller) == []
    assert (await small.client.get(f"{OPEN}/{COUNTY}-cases-2026q1.json")).status_code == 404
    assert {one["name"]: one["reason"] for one in seen["actions"]} == {
        "decideOpenDataset": "FOUR_EYES", "withdrawOpenDataset": "ILLEGAL_TRANSITION",
    }  # fmt: skip
    assert (await propose(second(small)))["errors"] == []
