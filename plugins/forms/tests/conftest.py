"""A county with its offices, and forms of their own. Stories of a module share a county and declare what they need."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg
import pytest_asyncio
from gongzhi_server.testing import Server

COUNTY, TOWN, VILLAGE, ELSEWHERE = "610921", "610921101", "610921101222", "610921100"
DAY = "2026-06-15"
DEMO = ("population", "households", "cases", "activities", "disputes")
FORM = """code = "{code}"
title = "{title}"
asker = "610921-MZJ"
basis = "测试"
period = "MONTH"
level = "{level}"
signers = {signers}
"""
FIGURE = """
[[cells]]
name = "{name}"
title = "{title}"
figure = "{figure}"
rule = "按件计数"
"""
QUESTION = """
[[cells]]
name = "{name}"
title = "{title}"
question = {{ code = "{code}", type = "WHOLE", least = 0, most = 100, role = "grid_leader" }}
"""
SHOWN = """query($id: ID!) { node(id: $id) { ... on FormReturn { id state signing round version digest filledBy
  cells { name value withheld before kind rule source listing given takenAt objected
    inquiry { id askedOf value version } }
  steps { act level account reason digest } objections { id cell verdict version }
  actions { name allowed reason } } } }"""


def cell_of(name: str) -> str:
    """A figure that no other cell asks for, since the name stands in it."""
    condition = f'filter: {{grid: {{within: $grid}}, not: {{number: {{equals: \\"{name}\\"}}}}}}'
    return FIGURE.format(name=name, title=f"指标 {name}", figure=f"cases({condition}) {{ totalCount }}")


def question_of(name: str, code: str, title: str = "") -> str:
    return QUESTION.format(name=name, code=code, title=title or f"问题 {name}")


def form_of(code: str, *cells: str, level: str = "VILLAGE", signers: str = '["VILLAGE", "TOWN", "COUNTY"]') -> str:
    return FORM.format(code=code, title=f"报表 {code}", level=level, signers=signers) + "".join(cells)


def demo_form(name: str) -> str:
    return (files("gongzhi_forms") / "returns_of_demo" / f"{name}.toml").read_text(encoding="utf-8")


@dataclass
class Offices:
    """Callers by what they are, and what they do most."""

    server: Server
    dsn: str

    def caller(self, name: str) -> Server:
        """`leader`, `town` and the like; or a role and a grid."""
        known = {
            "leader": ("grid_leader", VILLAGE), "second": ("grid_leader", VILLAGE), "town": ("town_dispatcher", TOWN),
            "county": ("county_dispatcher", COUNTY), "chief": ("county_leader", COUNTY),
        }  # fmt: skip
        if name == "stranger":
            return self.server
        role, grid = known.get(name) or name.split(" ")
        return self.server.as_(role, grid=grid, sub=name)

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def done(self, caller: str, mutation: str, selection: str, **given: Any) -> Any:
        """The first field of a payload that nothing is wrong with."""
        payload = await self.caller(caller).do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return next(value for name, value in payload.items() if name not in ("errors", "warnings"))

    async def post(self, caller: str, path: str, **query: str) -> tuple[int, Any]:
        """The status and the answer of a route of the plugin."""
        one = self.caller(caller)
        reply = await one.client.post(f"/x/forms{path}", params=query, headers=one.headers)
        return reply.status_code, reply.json()

    async def declare(self, text: str, grid: str = VILLAGE, at: str = COUNTY, tried: bool = True) -> str:
        """A form in force; its id."""
        made = await self.done("county", "declareForm", "form { id }", grid=at, declaration=text)
        if tried:
            status, body = await self.post("county", f"/forms/{made['id']}/try", grid=grid, day=DAY)
            assert status == 200, body
        return str(made["id"])

    async def open(self, form: str, grid: str = VILLAGE, caller: str = "leader", day: str = DAY) -> str:
        given = {"form": form, "grid": grid, "day": day}
        return str((await self.done(caller, "openFormReturn", "formReturn { id }", **given))["id"])

    async def fill(self, id: str, caller: str = "leader") -> Any:
        status, body = await self.post(caller, f"/returns/{id}/fill")
        assert status == 200, body
        return body

    async def filled(self, text: str, **more: Any) -> str:
        """A return of a form of its own, filled."""
        id = await self.open(await self.declare(text), **more)
        await self.fill(id)
        return id

    async def show(self, id: str, caller: str = "county") -> Any:
        return (await self.caller(caller).ask(SHOWN, id=id)).data["node"]

    async def cells(self, id: str) -> dict[str, Any]:
        return {one["name"]: one for one in (await self.show(id))["cells"]}

    async def sign(self, id: str, *callers: str) -> None:
        for caller in callers:
            given = {"formReturn": id, "expectedVersion": (await self.show(id))["version"]}
            await self.done(caller, "signFormReturn", "formReturn { id }", **given)

    async def account(self, name: str, role: str, grid: str) -> None:
        """An account that holds a role in a grid, for questions are asked of accounts."""
        await self.fetch(
            "with a as (insert into accounts.account (id, name, kind, created_at, created_by, version) "
            "values (gen_random_uuid(), $1, 'PERSON', now(), 'console', 1) on conflict (name) do nothing returning id) "
            "insert into accounts.holding (id, account_id, role, grid_id, since, granted_by) "
            "select gen_random_uuid(), a.id, $2, g.id, '2026-01-01', 'console' from a, grids.grid g "
            "where g.code=$3 and g.valid_to is null",
            name,
            role,
            grid,
        )


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]


@pytest_asyncio.fixture(loop_scope="module")
async def offices(shared_server: Server, shared_database: str) -> Offices:
    return Offices(shared_server, shared_database)
