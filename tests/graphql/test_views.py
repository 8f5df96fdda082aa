"""Views: what plugins have a console draw, laid out by the schema; what does not fit stops the start, by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from gongzhi.plugin.hooks import About, hookimpl
from gongzhi.plugin.views import View, ViewKind
from gongzhi_server.errors import Problem
from gongzhi_server.graphql.mutation_forms import MutationForms
from gongzhi_server.graphql.view_checks import Views, check_views
from gongzhi_server.testing import INSTALLED, Server, built_schema, essential_with

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRIDS = """query Grids($first: Int!, $after: String, $filter: GridFilter = {kind: {equals: TOWN}}) {
  grids(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name code parent { name } ...Use }
    pageInfo { hasNextPage endCursor }
  }
  all: grids(first: 0) { counts(by: [KIND]) { values count } }
}
fragment Use on Grid { use validFrom }"""
CASE = """query CaseView($id: ID!) {
  node(id: $id) { ... on Case {
    id version number title grid { name parent { name } } attachments { kind size } actions { name }
  } }
}"""
COUNT = "query Count { cases(filter: {open: {equals: true}}, first: 0) { totalCount } }"
DOCS = Path(__file__).parents[2] / "docs" / "plugins"
NOTHING = "Case:00000000-0000-4000-8000-000000000000"
GUARDED = {"data_protection_officer"}
"""Roles that no token for trying things out has."""
VILLAGE = "610921101222"
COUNTYWIDE = "county_dispatcher", "administrator", "county_leader"
PLACES = "query($grid: String!) { grid(code: $grid) { children { nodes { code openCases } } } }"
DETAIL, COUNTER, MAP = ViewKind.DETAIL, ViewKind.COUNTER, ViewKind.MAP
GOOD = (
    View("garden.grids", "Grids (网格)", GRIDS, None, opens="garden.case"),
    View("garden.case", "A case (诉求)", CASE, "cases.view", DETAIL, forms=("addAttachments", "addGrid")),
    View("garden.open", "Open cases (未办结)", COUNT, "cases.view", COUNTER, opens="garden.grids"),
)


def plugin_with(*views: View) -> Any:
    """A plugin that has these views and nothing else."""

    class Garden:
        @hookimpl
        def graphql(self) -> list[View]:
            return list(views)

    return essential_with("garden", Garden())


def lay_out(*views: View) -> Views:
    return check_views(plugin_with(*views), built_schema(None))


def offered(plugins: Any) -> list[Any]:
    """What the console is told of these views; the server's own plugins have more."""
    found = check_views(plugins, built_schema(None)).offered
    return [one for one in found if one.told["plugin"] in ("garden", "rubbish")]


def find_fault(*views: View) -> str:
    """Return why a start with these views is refused."""
    with pytest.raises(Problem) as refused:
        lay_out(*views)
    return str(refused.value)


async def test_list_is_laid_out_by_the_schema() -> None:
    """Columns are called as descriptions call them, filters come from the variable's type, counts from the document."""
    told = offered(plugin_with(*GOOD))[0].told
    assert told["rows"] == ["grids", "nodes"] and told["type"] == "Grid"
    assert told["variables"] == ["first", "after", "filter"]
    assert [(one["path"], one["chinese"], one["type"]) for one in told["columns"]] == [
        (["name"], "名称", "String"),
        (["code"], "编码", "String"),
        (["parent", "name"], "上级", "String"),
        (["use"], "类型", "GridUse"),
        (["validFrom"], "启用日期", "Date"),
    ]
    filters = {one["name"]: one for one in told["filters"]}
    assert filters["kind"]["type"] == "GridKind" and filters["kind"]["initial"] == "TOWN"
    assert filters["kind"]["counts"] == ["all", "counts"]
    assert "and" not in filters and filters["name"]["type"] == "String"


async def test_detail_has_values_and_tables() -> None:
    """What there are several of stands in a table; forms say which field takes the id of what is shown."""
    told = offered(plugin_with(*GOOD))[1].told
    assert told["rows"] == ["node"] and told["type"] == "Case" and told["columns"][0]["path"] == ["number"]
    assert told["columns"][-1]["chinese"].count("·") == 1  # the grid's parent, not the parent alone
    [table] = told["tables"]
    assert table["path"] == ["attachments"] and [one["path"] for one in table["columns"]] == [["kind"], ["size"]]


async def test_map_has_places_and_numbers() -> None:
    """Found by their codes below a place; all that is a number may colour them."""
    [told] = [one.told for one in offered(plugin_with(View("garden.open", "Open (未办结)", PLACES, None, MAP)))]
    assert told["rows"] == ["grid", "children", "nodes"] and told["kind"] == "MAP" and told["variables"] == ["grid"]
    assert [(one["path"], one["type"]) for one in told["columns"]] == [(["code"], "String"), (["openCases"], "Int")]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (View("other.grids", "G (网)", GRIDS, None), "must begin with 'garden.'"),
        (View("garden.x", "Grids", GRIDS, None), "no label in 'Grids'"),
        (View("garden.x", "G (网)", GRIDS, "garden.view"), "which nobody declares"),
        (View("garden.x", "G (网)", GRIDS, None, opens="garden.y"), "opens 'garden.y', which is no DETAIL"),
        (View("garden.x", "G (网)", GRIDS.replace("code", "colour"), None), "'garden.x': Cannot query field 'colour'"),
        (View("garden.x", "G (网)", GRIDS.replace("{", "", 1), None), "'garden.x': Syntax Error"),
        (View("garden.x", "G (网)", "mutation { markNoticesRead }", None), "'garden.x'"),
        (View("garden.x", "G (网)", "query($kind: GridKind!) { grids(filter: {kind: {equals: $kind}}) { nodes { name } } }", None), "$kind is none"),  # noqa: E501
        (View("garden.x", "G (网)", GRIDS.replace("equals: TOWN", "in: [TOWN]"), None), "$filter begins with kind"),
        (View("garden.x", "G (网)", "{ me { account } }", None), "selects a list of objects"),
        (View("garden.x", "G (网)", "{ grids { nodes { id } } }", None), "nothing to show"),
        (View("garden.x", "G (网)", "{ grids { nodes { name children { nodes { name } } } } }", None), "children.nodes is a list"),  # noqa: E501
        (View("garden.x", "G (网)", re.sub("pageInfo {.*}", "", GRIDS), None), "pageInfo { hasNextPage endCursor }"),
        (View("garden.x", "G (网)", CASE.replace("version", ""), None, DETAIL), "node lacks the version"),
        (View("garden.x", "G (网)", CASE.replace("$id", "$case"), None, DETAIL), "$case is none"),
        (View("garden.x", "G (网)", CASE, None, DETAIL, forms=("growGrid",)), "no mutation 'growGrid'"),
        (View("garden.x", "G (网)", "{ cases(first: 0) { totalCount nodes { id } } }", None, COUNTER), "one value"),
        (View("garden.x", "G (网)", "{ me { account } }", None, COUNTER), "me.account is no number"),
        (View("garden.x", "G (网)", CASE.replace("version", ""), None, DETAIL), "node lacks the version"),
        (View("garden.x", "G (网)", PLACES.replace("openCases", "name"), None, MAP), "nodes has no number to colour"),
        (View("garden.x", "G (网)", PLACES.replace("code o", "name o"), None, MAP), "nodes lacks the code"),
        (View("garden.x", "G (网)", PLACES.replace("$grid", "$place"), None, MAP), "$place is none"),
        (View("garden.x", "G (网)", "{ grids { nodes { code openCases } } }", None, MAP), "by the variable $grid"),
        (View("garden.x", "G (网)", PLACES.replace("openCases", "openCases children { nodes { code } }"), None, MAP), "children.nodes is a list"),  # noqa: E501
        (View("garden.x", "G (网)", CASE.replace("kind size", "kind case { timeline { title } }"), None, DETAIL), "list of its own"),  # noqa: E501
    ],
)  # fmt: skip
async def test_view_that_does_not_fit_stops_the_start(view: View, said: str) -> None:
    """With the plugin, the view and the field."""
    fault = find_fault(view)
    assert fault.startswith("plugin 'garden' (garden 1): ") and said in fault


async def test_view_that_costs_too_much_stops_the_start() -> None:
    document = (
        "{ grids { nodes { name } } more: cases(first: 100) { nodes { a: timeline { id } b: timeline { id } } } }"
    )
    assert "objects, and 10000 are allowed" in find_fault(View("garden.x", "G (网)", document, None))


async def test_desk_is_called_as_the_plugin_says() -> None:
    """By its `About`, or else by its name; a title without Chinese stops the start."""
    assert offered(plugin_with(*GOOD))[0].told["desk"] == {"english": "Garden", "chinese": "Garden"}
    named = about_garden("Gardens (园林)")
    assert offered(named)[0].told["desk"] == {"english": "Gardens", "chinese": "园林"}
    with pytest.raises(Problem, match=r"plugin 'garden' .*no label in 'Gardens'"):
        offered(about_garden("Gardens"))


def about_garden(title: str) -> Any:
    """The plugin with a title."""

    class Garden:
        @hookimpl
        def about(self) -> list[About]:
            return [About(title=title)]

        @hookimpl
        def graphql(self) -> list[View]:
            return list(GOOD)

    return essential_with("garden", Garden())


async def test_two_views_of_one_name_are_refused() -> None:
    assert "two views are called 'garden.grids'" in find_fault(GOOD[0], *GOOD)


async def test_example_of_the_reference_fits() -> None:
    """A list with what one may begin, its detail with actions, and a number."""
    example: dict[str, Any] = {}
    exec((DOCS / "reference.md").read_text().split("```python views\n")[1].split("```")[0], example)
    plugins = essential_with("rubbish", type("Rubbish", (), {"graphql": staticmethod(example["graphql"])})())
    listed, detail, counter = (one.told for one in offered(plugins))
    assert [one["name"] for one in listed["filters"] if one["counts"]] == ["status"]
    assert [one["path"] for one in detail["tables"]] == [["timeline"]]
    assert counter["rows"] == ["grid", "cases", "totalCount"] and counter["opens"] == listed["name"]


async def test_views_are_offered_by_permission(shared_server: Server) -> None:
    """Of all plugins, to whoever holds the permission somewhere; with the forms that they may send."""
    asked = "{ views { name plugin kind chinese variables opens rows forms { mutation subject } } }"
    stranger = (await shared_server.ask(asked)).data["views"]
    officer = (await shared_server.as_("county_dispatcher", grid="610921").ask(asked)).data["views"]
    names = {one["name"] for one in officer}
    assert {one["name"] for one in stranger} < names or names == set()


async def test_every_mutation_has_a_form(shared_server: Server) -> None:
    """Also of vendors: with all that its input is made of, and the field that names what it is done to."""
    schema = built_schema(INSTALLED)
    names = list(MutationForms(schema).mutations)
    asked = """query($of: [String!]!) { actionForms(of: $of) { mutation input subject inputs { name fields {
      name type required listed picks values initial minLength maxLength pattern min max minItems maxItems } } } }"""
    found = {}
    for at in range(0, len(names), 50):
        for one in (await shared_server.ask(asked, of=names[at : at + 50])).data["actionForms"]:
            found[one["mutation"]] = one
    assert list(found) == names
    for one in found.values():
        assert one["inputs"][0]["name"] == one["input"]
        known = {part["name"] for part in one["inputs"]}
        for field in (each for part in one["inputs"] for each in part["fields"]):
            assert field["values"] or field["type"] in known or not field["type"].endswith("Input"), field
    report = {one["name"]: one for one in found["reportCase"]["inputs"][0]["fields"]}
    assert report["kind"]["values"] and report["kind"]["required"] and report["title"]["maxLength"] == 200
    assert report["anonymous"] == {**report["anonymous"], "initial": "false", "required": False}
    assert report["attachments"]["listed"] and report["attachments"]["maxItems"] == 9
    # A field that names a row says of which type, where one alone is called so.
    picks = {
        mutation: {field["name"]: field["picks"] for field in found[mutation]["inputs"][0]["fields"] if field["picks"]}
        for mutation in ("applyForLoan", "redeem", "reportCase")
    }
    assert picks["applyForLoan"] == {"person": "Person", "product": "LoanProduct"}
    assert picks["redeem"] == {"reward": "PointsReward"} and picks["reportCase"] == {}
    assert found["acceptCase"]["subject"] == "number" and found["reportCase"]["subject"] is None
    refused = await shared_server.ask(asked, of=["acceptCase"] * 51)
    assert refused.codes == ["BAD_USER_INPUT"]


async def test_every_action_finds_what_it_is_done_to() -> None:
    """What `actions` offers must be possible to send: its form has a field for the row."""
    forms = MutationForms(built_schema(INSTALLED))
    lost = [name for name in forms.mutations if (one := forms.command(name)) and one.action and not forms.subject(name)]
    assert lost == []


async def test_forms_of_a_detail_name_its_object() -> None:
    """By its number, as the input has it; one that is about something else names nothing."""
    view = offered(plugin_with(*GOOD))[1]
    assert [(told["mutation"], told["subject"]) for _, told in view.forms] == [
        ("addAttachments", "number"),
        ("addGrid", None),
    ]


async def test_every_view_is_answered(shared_server: Server) -> None:
    """By the database, as somebody asks at first whom it is offered; a detail of the first row that leads there."""
    views = {view.name: view for _, view in INSTALLED.views}
    told = {one.told["name"]: one.told for one in check_views(INSTALLED, built_schema(INSTALLED)).offered}
    held = {one.name: sorted(one.roles - GUARDED) for one in INSTALLED.permissions}
    opened: dict[str, str] = {}
    asked = [one for one in views.values() if one.requires is None or held[one.requires]]
    for view in sorted(asked, key=lambda one: one.kind is DETAIL):
        # Of those who hold it somebody of the whole county, for a token is for a place that its role has.
        role = min(held[view.requires], key=lambda one: one not in COUNTYWIDE) if view.requires else COUNTYWIDE[0]
        samples = {
            "first": 20,
            "grid": "610921",
            "since": "2026-06-01",
            "today": "2026-06-30",
            "id": opened.get(view.name, NOTHING),
        }
        given = {name: samples[name] for name in told[view.name]["variables"] if name in samples}
        caller = shared_server.as_(role, grid=VILLAGE if role == "grid_leader" else "610921")
        answer = await caller.ask(view.document, **given)
        assert answer.codes == [], (view.name, role, answer.body)
        found = answer.data
        for step in told[view.name]["rows"]:
            found = found[step] if found else None
        if view.kind is ViewKind.LIST and found:
            opened.setdefault(view.opens, found[0]["id"])
    assert len(asked) > len(views) * 0.9
