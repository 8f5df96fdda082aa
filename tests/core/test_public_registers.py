"""The registers anybody may read, in both languages."""

from __future__ import annotations

from gongzhi_server.testing import Server

ASKED = """{
  algorithms { name version purpose basis inputs formula outcomes owner since limits contact }
  kpis { name formula numerator denominator unit }
  retention { table what basis months personal deleted anonymised }
  privacyNotices { purpose recipient version title text basis since months consent }
  dataPurposes { plugin }
}"""


async def test_strangers_read_registers(server: Server) -> None:
    english = (await server.ask(ASKED)).data
    server.headers["accept-language"] = "zh"
    chinese = (await server.ask(ASKED)).data
    cards = {one["name"]: one for one in english["algorithms"]}
    assert {(name, one["version"], one["since"]) for name, one in cards.items()} >= {
        ("service-tier", "1", "2026-01-01")
    }
    assert "statistics.early_sign" in cards, "what is always on has its rules there, too"
    assert "PIPL" not in chinese["privacyNotices"][0]["basis"]
    assert all(one["purpose"] != cards[one["name"]]["purpose"] for one in chinese["algorithms"]), "in both languages"
    assert {"completionRate", "onTimeRate", "satisfactionRate"} <= {one["name"] for one in english["kpis"]}
    terms = {one["table"]: one for one in english["retention"]}
    assert terms["people.phone"]["deleted"] and terms["cases.case"]["months"] == 60
    assert "title" in terms["cases.case"]["anonymised"] and terms["grids.grid"]["personal"] is False
    assert [one for one in english["privacyNotices"] if not one["consent"]][0]["purpose"] == "people.service"
    assert english["dataPurposes"] == []
