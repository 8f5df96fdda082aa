"""Rows of a table as inputs of a mutation: units, accounts, grants, the directory and deadlines, as somebody may."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server import cli
from gongzhi_server.errors import Problem
from gongzhi_server.testing import SECRET, create_database, drop_database
from openpyxl import Workbook
from typer.testing import CliRunner

COUNTY = "610921"


class Office:
    """A county with an administrator, and what its operator types."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn, self.folder = dsn, folder
        self.environ = {"DATABASE_URL": dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET}
        self.environ |= {"GONGZHI_DATA": str(folder / "data"), "LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8"}

    def type(self, *words: str | Path) -> Any:
        return CliRunner().invoke(cli.app, [str(word) for word in words], env=self.environ)

    def load(self, mutation: str, text: str, *words: str | Path, account: str = "boss.one") -> Any:
        """Import a CSV with these lines."""
        file = self.folder / f"{mutation}.csv"
        file.write_text(text, encoding="utf-8")
        return self.type("import", mutation, file, "--as", account, *words)

    def ask(self, sql: str, *values: Any) -> list[Any]:
        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.dsn)
            try:
                return [tuple(row) for row in await connection.fetch(sql, *values)]
            finally:
                await connection.close()

        return asyncio.run(fetch())


@pytest.fixture
def office(postgres: str, small_county: str, tmp_path: Path) -> Iterator[Office]:
    name = f"rows_{uuid4().hex}"
    made = Office(asyncio.run(create_database(postgres, name, small_county)), tmp_path)
    for account in ("boss.one", "boss.two"):
        assert made.type("account", "add", account, "--grid", COUNTY, "--role", "administrator").exit_code == 0
    yield made
    asyncio.run(drop_database(postgres, name))


UNITS = f"""编码,名称,性质,条块,服务区域编码,上级单位编码,值班电话
{COUNTY}-T1,测试一局,COUNTY_DEPARTMENT,LINE,{COUNTY},,
{COUNTY}-T2,测试二科,county_department,条,{COUNTY},{COUNTY}-T1,
{COUNTY}-T1,又一个,COUNTY_DEPARTMENT,LINE,{COUNTY},,
{COUNTY}-T3,测试三科,什么,LINE,{COUNTY},,
{COUNTY}-T4,测试四科,COUNTY_DEPARTMENT,LINE,999999,,
"""


def test_units_come_with_findings_and_a_report(office: Office) -> None:
    """Good rows come in, the others are told by line and column, in a file as well; again, nothing is new."""
    tried = office.load("addUnit", UNITS, "--dry-run")
    assert tried.exit_code == 1 and "新增 2，变更 0，未变 0，未导入 3" in tried.output
    assert office.ask("select count(*) from units.unit where code like '%-T_'") == [(0,)]
    done = office.load("addUnit", UNITS, "--report", office.folder / "findings.csv")
    assert done.exit_code == 1 and "新增 2" in done.output
    assert office.ask("select code, parent_id is not null from units.unit where code like '%-T_' order by code") == [
        (f"{COUNTY}-T1", False),
        (f"{COUNTY}-T2", True),
    ]
    assert office.ask("select account from access.act where mutation = 'add_unit'") == [("boss.one",)] * 2
    [(boss,)] = office.ask("select id from accounts.account where name = 'boss.one'")
    recorded = office.ask("select account, objects from access.act where mutation = 'importRows'")
    assert recorded == [("console", [f"Account:{boss}"])], "it was not the account alone, and not the dry run"
    with (office.folder / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["文件", "行", "列", "类别", "问题", "是否导入"]
    found = {(row[1], row[2], row[3]) for row in rows[1:4]}
    assert found == {("4", "编码", "DUPLICATE"), ("5", "性质", "WORD"), ("6", "服务区域编码", "NOT_FOUND")}
    assert ["WORD", "1"] in rows[4:] and all("\u4e00" <= row[4][0] <= "\u9fff" for row in rows[1:4])
    again = office.load("addUnit", UNITS)
    assert "新增 0，变更 0，未变 2，未导入 3" in again.output


def test_accounts_by_the_thousand(office: Office) -> None:
    """Each has a code of its own, in a file for whoever hands them out, and no password is hashed."""
    text = "账户名\n" + "".join(f"worker.{at:04}\n" for at in range(1000))
    refused = office.load("addAccount", text, "--set", f"grid={COUNTY}")
    assert isinstance(refused.exception, Problem) and "--codes" in str(refused.exception)
    began = time.monotonic()
    done = office.load("addAccount", text, "--set", f"grid={COUNTY}", "--codes", office.folder / "codes.csv")
    assert done.exit_code == 0 and "新增 1000" in done.output, done.output
    assert time.monotonic() - began < 60, "some seconds where nothing else runs"
    with (office.folder / "codes.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = list(csv.DictReader(file))
    assert len({row["code"] for row in codes}) == 1000 and codes[7]["账户名"] == "worker.0007"
    assert (office.folder / "codes.csv").stat().st_mode & 0o777 == 0o600
    assert office.ask("select count(*) from accounts.password") == [(0,)]
    assert office.ask("select count(*), count(distinct mac) from accounts.invitation where account_id in "
                      "(select id from accounts.account where name like 'worker.%')") == [(1000, 1000)]  # fmt: skip


def test_grants_that_take_two_still_do(office: Office) -> None:
    """What one person may give counts at once, what takes two is proposed, and what nobody may give is refused."""
    assert office.type("account", "add", "li.wei", "--grid", COUNTY).exit_code == 0
    text = f"account,role,grid,until\nli.wei,grid_worker,{COUNTY}100,2099-01-01\nli.wei,county_dispatcher,{COUNTY},\n"
    done = office.load("grantRole", f"{text}boss.one,grid_worker,{COUNTY}100,\n")
    assert done.exit_code == 1 and "新增 2" in done.output and "未导入 1" in done.output
    held = "select role, proposed_at is not null, granted_by from accounts.holding where account_id = (select id from "
    held += "accounts.account where name = 'li.wei') order by role"
    wanted = [("county_dispatcher", True, "boss.one"), ("grid_worker", False, "boss.one")]
    assert office.ask(held) == wanted
    assert office.load("grantRole", text).exit_code == 0 and office.ask(held) == wanted, "the same again gives nothing"


def test_directory_and_deadlines_of_plugins(office: Office) -> None:
    """What plugins declare comes in the same way; a list of rules is one edition, or nothing."""
    [(unit,)] = office.ask("select code from units.unit where code like $1 order by code limit 1", f"{COUNTY}-%")
    assert office.type("account", "grant", "boss.two", "county_dispatcher", "--grid", COUNTY).exit_code == 0
    text = f"分类代码,网格编码,主办单位编码,依据\nutilities.electricity,{COUNTY}100,{unit},县派单目录\n"
    done = office.load("setDispatchRule", text, "--set", "expectedVersion=0", account="boss.two")
    assert done.exit_code == 0, done.output
    assert office.ask("select basis, account from dispatch.rule where basis = '县派单目录'") == [
        ("县派单目录", "boss.two")
    ]

    rules = "stage,amount,unit,basis,nextDay\nACCEPT,2,工作日,县办法第三条,是\nREPLY,x,WORKING_DAY,县办法第四条,否\n"
    given = ("--set", f"county={COUNTY}", "--set", "name=县规则", "--set", "expectedEdition=0")
    broken = office.load("publishDeadlineRules", rules, *given)
    assert broken.exit_code == 1 and "未导入 2" in broken.output
    assert office.ask("select count(*) from clocks.rule_set where name = '县规则'") == [(0,)]
    assert "新增 2" in office.load("publishDeadlineRules", rules.replace(",x,", ",15,"), *given).output
    assert office.ask("select count(*) from clocks.rule_set where name = '县规则'") == [(1,)]


def test_only_what_the_account_may(office: Office) -> None:
    """An account without the permission, one that is not there, a field or a mutation that is not."""
    assert office.type("account", "add", "li.wei", "--grid", COUNTY, "--role", "grid_worker").exit_code == 0
    for words, account, said in (
        (("addUnit",), "li.wei", "may not do that"),
        (("addUnit",), "nobody", "no such account"),
        (("addUnit", "--set", "colour=red"), "boss.one", "no such field"),
        (("addNothing",), "boss.one", "no mutation"),
        (("confirmGrant",), "boss.two", "for the person whose decision"),
    ):
        refused = office.load(words[0], UNITS, *words[1:], account=account)
        assert isinstance(refused.exception, Problem) and said in str(refused.exception)
    assert office.ask("select count(*) from units.unit where code like '%-T_'") == [(0,)]
    assert office.type("import", "addUnit", office.folder / "addUnit.csv").exit_code == 2, (
        "whose work it is must be said"
    )


def test_workbook_turns_codes_into_numbers(office: Office) -> None:
    """Codes that a spreadsheet has shortened are refused, as for residents."""
    book = Workbook()
    book.active.append(["account", "role", "grid"])
    book.active.append(["boss.two", "grid_worker", 6.10921100201e11 + 0.5])
    book.save(office.folder / "grants.xlsx")
    done = office.type("import", "grantRole", office.folder / "grants.xlsx", "--as", "boss.one")
    assert done.exit_code == 1 and "单元格是数字" in done.output
