"""The page as written: a form is declared, tried and filled by its four steps, and by an operator's command."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, settings_for_tests

from .conftest import COUNTY, DAY, VILLAGE, Offices

README = Path(__file__).parents[1] / "README.md"
RETURNS = "select count(*)::int as n, count(distinct code)::int as forms from forms.return"


def written_form() -> str:
    found = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return dedent("   " + found[1]).replace("\n   ", "\n")


@pytest.mark.asyncio(loop_scope="module")
async def test_four_steps_declare_a_form(offices: Offices) -> None:
    """Nothing beside what the page says: two of three cells are filled, and one is asked."""
    page = README.read_text(encoding="utf-8")
    assert all(one in page for one in (f'grid: "{COUNTY}"', f"try?grid={VILLAGE}&day={DAY}", "/returns/{id}/fill"))
    form = await offices.done("county", "declareForm", "form { id inForce }", grid=COUNTY, declaration=written_form())
    assert form["inForce"] is False
    status, body = await offices.post("county", f"/forms/{form['id']}/try", grid=VILLAGE, day=DAY)
    assert status == 200
    assert [(one["name"], one["asked"]) for one in body["cells"]] == [
        ("reported", False), ("bulletins", False), ("returned", True),
    ]  # fmt: skip
    told = await offices.fill(await offices.open(form["id"]))
    assert (told["cells"], told["filled"], told["asked"]) == (3, 2, 1)


@pytest.mark.slow
async def test_operators_declare_and_verify(database: str, tmp_path: Path, plugins: Any) -> None:
    """From a file, or not if it is wrong; the forms of the demo come with a return for each place, once."""
    errands = {one.name: one for one in plugins.errands["forms"]}

    async def run(name: str, **given: Any) -> int:
        chosen = settings_for_tests(database, tmp_path)
        return await run_errand(chosen, database, "forms", errands[name], given, lambda: TODAY)

    file = tmp_path / "form.toml"
    file.write_text(written_form(), encoding="utf-8")
    assert await run("declare", file=file, grid=COUNTY) == 0
    file.write_text(written_form().replace("WHOLE", "NUMBER"), encoding="utf-8")
    assert await run("declare", file=file, grid=COUNTY) == 1
    offices = Offices(None, database)  # type: ignore[arg-type]
    await offices.fetch("delete from forms.form")
    for _ in range(2):
        assert await run("demo") == 0
    [row] = await offices.fetch(RETURNS)
    assert row["forms"] == 5 and row["n"] > 100
    assert await run("verify") == 0
