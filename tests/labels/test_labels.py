"""Labels: what people read in place of names is there for everything that has a name, and in a declared order."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from gongzhi.core.cases.models import Status
from gongzhi_server.labels.collection import Labels
from gongzhi_server.testing import ESSENTIAL, INSTALLED, Server, built_graphql_schema, built_schema
from graphql import GraphQLEnumType

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FILE = Path(__file__).parents[2] / "schema" / "labels.json"
ASKED = "query($of: [String!]!) { labels(of: $of) { of english chinese labels { name english chinese tone } } }"


@pytest.fixture(scope="module")
def whole() -> Any:
    return json.loads(Labels(built_schema(INSTALLED), INSTALLED).write())


def test_file_is_current(whole: Any) -> None:
    """`make schema` writes it."""
    assert json.loads(FILE.read_text(encoding="utf-8")) == whole


def test_everything_has_labels_in_both_languages(whole: Any) -> None:
    assert {"CaseStatus", "Case", "ReportCaseInput", "LoanApplication", "roles", "permissions"} <= set(whole)
    for of, group in whole.items():
        for label in (group, *group["labels"].values()):
            assert CHINESE.search(label["chinese"]) and label["english"] and not CHINESE.search(label["english"]), of


def test_values_of_one_enum_are_told_apart(whole: Any) -> None:
    """Whoever chooses an order reads by what, and which way; whoever filters reads what they ask."""
    kinds: Any = built_graphql_schema(INSTALLED).type_map
    alike = [
        (of, language, label)
        for of, group in whole.items()
        if isinstance(kinds.get(of), GraphQLEnumType)
        for language in ("english", "chinese")
        for label, times in Counter(one[language] for one in group["labels"].values()).items()
        if times > 1
    ]
    assert alike == []
    shown = {name: one["chinese"] for name, one in whole["CaseFilter"]["labels"].items()}
    assert (shown["open"], shown["status"], shown["leadUnit"]) == ("是否未结", "状态", "主办单位")
    orders = whole["CaseOrder"]["labels"]
    assert (orders["NUMBER_ASC"]["chinese"], orders["NUMBER_ASC"]["english"]) == ("按编号升序", "By number ascending")


def test_codes_that_no_type_lists_have_labels(whole: Any) -> None:
    assert set(whole["roles"]["labels"]) == {role.name for role in INSTALLED.roles}
    assert set(whole["permissions"]["labels"]) == {one.name for one in INSTALLED.permissions}
    assert set(whole["events"]["labels"]) == {one.type for one in INSTALLED.registry}
    assert whole["errors"]["labels"]["UNAUTHENTICATED"]["chinese"] == "未登录或登录已失效"


async def test_values_come_as_declared_and_lights_in_their_colours(server: Server) -> None:
    groups = (await server.ask(ASKED, of=["CaseStatus", "Light", "roles"])).data["labels"]
    statuses, lights, roles = groups
    assert [one["name"] for one in statuses["labels"]] == [status.value for status in Status]
    assert (statuses["chinese"], statuses["labels"][0]["chinese"]) == ("诉求状态", "已上报")
    assert [(one["name"], one["tone"]) for one in lights["labels"]] == [
        ("GREEN", "GREEN"), ("AMBER", "AMBER"), ("RED", "RED"),
    ]  # fmt: skip
    assert {"name": "grid_worker", "english": "grid worker", "chinese": "网格员", "tone": None} in roles["labels"]


LIMITS = """{ labels(of: ["RateCaseInput", "ReadNoticesInput", "Light"]) { labels {
  name minLength maxLength pattern min max minItems maxItems } } }"""


async def test_fields_of_inputs_say_what_they_take(server: Server, whole: Any) -> None:
    """As the schema does: a form is made of either."""
    rating, notices, lights = (await server.ask(LIMITS)).data["labels"]
    found = {one["name"]: one for group in (rating, notices) for one in group["labels"]}
    assert (found["rating"]["min"], found["rating"]["max"], found["rating"]["maxLength"]) == (1, 5, None)
    assert (found["comment"]["minLength"], found["comment"]["maxLength"]) == (0, 2_000)
    assert (found["notices"]["minItems"], found["notices"]["maxItems"]) == (1, 100)
    assert {value for one in lights["labels"] for name, value in one.items() if name != "name"} == {None}
    assert whole["AddUnitInput"]["labels"]["code"]["pattern"] == "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"


ROLES = "{ roles { name english chinese description grantable guarded permissions { name chinese } } }"


async def test_roles_say_what_they_may(server: Server) -> None:
    """All that accounts can be given, with what the grants of a token may: whoever asks, signed in or not."""
    roles = {one["name"]: one for one in (await server.ask(ROLES)).data["roles"]}
    assert list(roles) == [one.name for one in ESSENTIAL.roles]
    assert [name for name, one in roles.items() if not one["grantable"]] == ["stranger"]
    worker, officer = roles["grid_worker"], roles["data_protection_officer"]
    assert (worker["english"], worker["chinese"]) == ("grid worker", "网格员")
    assert {one["name"] for one in worker["permissions"]} == ESSENTIAL.held("grid_worker")
    oversee = next(one for one in officer["permissions"] if one["name"] == "people.oversee")
    assert (officer["guarded"], worker["guarded"]) == (True, False) and CHINESE.search(oversee["chinese"])


async def test_unknown_names_are_left_out_and_too_many_refused(server: Server) -> None:
    asked = await server.ask(ASKED, of=["Nothing", "Light", "String", "__Type", "Light"])
    assert [group["of"] for group in asked.data["labels"]] == ["Light"]
    refused = await server.ask(ASKED, of=["Light"] * 51)
    assert refused.codes == ["BAD_USER_INPUT"] and "labels.json" in refused.errors[0]["message"]
    assert refused.errors[0]["extensions"]["field"] == "labels"


async def test_a_server_gives_the_labels_of_its_own_plugins(server: Server) -> None:
    reply = await server.client.get("/labels.json")
    assert reply.headers["content-type"] == "application/json" and reply.headers["etag"]
    assert reply.json() == json.loads(Labels(built_schema(ESSENTIAL), ESSENTIAL).write())
    assert "LoanApplication" not in reply.json() and "Clock" in reply.json()
