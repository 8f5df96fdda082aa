"""What was agreed on: signed, numbered, on paper as it was said, kept, and before the court in time."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
from docx import Document

URL = """query($id: ID!, $as: LegalDocumentFormat!) {
  node(id: $id) { ... on MediationAgreement { documentUrl(format: $as) } } }"""
BUNDLE = "query($id: ID!) { node(id: $id) { ... on JudicialConfirmation { bundleUrl } } }"
TEXT = "十日内拆除越界院墙。"


def decode_url(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


async def paper(town: Any, agreement: str, format: str) -> bytes:
    answer = await town.mediator().ask(URL, **{"id": agreement, "as": format})
    return decode_url(answer.data["node"]["documentUrl"])


def lines(content: bytes) -> str:
    return "\n".join(one.text for one in docx.Document(io.BytesIO(content)).paragraphs)


async def test_agreement_is_written_as_agreed(town: Any) -> None:
    seen = await town.mediating()
    made = await town.agree(seen, performance="自行拆除")
    assert made["errors"] == [] and made["mediation"]["state"] == "AGREED"
    agreement = made["mediation"]["agreement"]
    assert agreement["number"] == "〔2026〕610921人调字第00001号"
    said = lines(await paper(town, agreement["id"], "DOCX"))
    names = [one["name"] for one in seen["parties"]]
    for part in (agreement["number"], TEXT, "2026年7月10日", "邻里纠纷", "乙方院墙越过地界。", "village", *names):
        assert part in said, part
    assert (await paper(town, agreement["id"], "PDF")).startswith(b"%PDF")
    again = (await town.see(seen["id"], town.resident(1)))["agreement"]
    assert again["terms"][0]["text"] == TEXT and again["terms"][0]["obligor"] == {"name": names[1]}
    assert [(one["name"], one["how"]) for one in again["signedBy"]] == list(
        zip(names, ("SIGNATURE", "FINGERPRINT"), strict=True)
    )


BAD: tuple[tuple[Any, str, list[str]], ...] = (
    (lambda a, b: {"signatures": [{"party": a}]}, "MISSING_PARTY", ["signatures"]),
    (lambda a, b: {"signatures": [{"party": a}, {"party": a}]}, "NOT_FOUND", ["signatures", "1"]),
    (lambda a, b: {"terms": []}, "BAD_USER_INPUT", ["terms"]),
    (
        lambda a, b: {"terms": [{"text": "x", "obligor": b, "dueOn": "2026-06-29"}]},
        "BAD_USER_INPUT",
        ["terms", "0", "dueOn"],
    ),
    (lambda a, b: {"effectiveOn": "2026-07-01"}, "BAD_USER_INPUT", ["effectiveOn"]),
)


async def test_bad_agreement_is_refused(town: Any) -> None:
    seen = await town.mediating()
    for change, code, path in BAD:
        made = await town.agree(seen, **change(*[one["id"] for one in seen["parties"]]))
        assert [(one["code"], one["path"]) for one in made["errors"]] == [(code, path)]
    [(count,)] = await town.fetch("select count(*) from legal.counter")
    assert count == 0, "no number is lost"


async def test_nobody_is_bound_who_did_not_sign(town: Any) -> None:
    parties = [{"person": town.person(at)} for at in range(3)]
    id = (await town.request(parties=parties))["mediation"]["id"]
    for at in range(3):
        await town.resident(at).do(
            "joinMediation", "mediation { id }", mediation=id, agree=True, rightsAcknowledged=True
        )
    seen = await town.see(id)
    first, second, third = [one["id"] for one in seen["parties"]]
    made = await town.agree(
        seen, terms=[{"text": "道歉", "obligor": third}], signatures=[{"party": first}, {"party": second}]
    )
    assert [(one["code"], one["path"]) for one in made["errors"]] == [("NOT_SIGNED", ["terms", "0", "obligor"])]


def template(*said: str) -> str:
    document, made = Document(), io.BytesIO()
    for one in said:
        document.add_paragraph(one)
    document.save(made)
    return base64.b64encode(made.getvalue()).decode()


async def test_county_has_its_own_document(town: Any, codes: Any) -> None:
    """It fills in blanks; what an agreement has no value for is refused, when it is set or when it is left empty."""

    async def set_to(content: str) -> Any:
        return await town.manager.do("setAgreementTemplate", "template { blanks }", grid="610921", content=content)

    [unknown] = (await set_to(template("{{ number }} {{ weather }}")))["errors"]
    assert unknown["code"] == "TEMPLATE_FIELD" and "'weather'" in unknown["message"]
    for bad in ("{{ number.__class__ }}", "{% set x = 1 %}", "{% for i in range(9) %}x{% endfor %}", "{{ number"):
        assert codes(await set_to(template(bad))) in (["TEMPLATE_FIELD"], ["BAD_USER_INPUT"]), bad
    assert codes(await set_to("AAAA")) == ["BAD_USER_INPUT"]
    good = await set_to(
        template("县本 {{ number }}，履行地点 {{ place }}", "{%p for x in terms %}", "{{ x.text }}", "{%p endfor %}")
    )
    assert good == {"template": {"blanks": ["number", "place"]}, "errors": []}
    seen = await town.mediating()
    [empty] = (await town.agree(seen))["errors"]
    assert (empty["code"], empty["path"]) == ("NOT_FOUND", ["place"])
    made = await town.agree(seen, place="<院坝> & 村口")
    said = lines(await paper(town, made["mediation"]["agreement"]["id"], "DOCX"))
    assert "县本" in said and "<院坝> & 村口" in said and TEXT in said


@pytest.mark.slow
async def test_oral_agreement_has_no_paper(town: Any) -> None:
    seen = await town.mediating()
    made = (await town.agree(seen, form="ORAL"))["mediation"]
    assert made["agreement"]["confirmation"] is None
    answer = await town.mediator().ask(URL, **{"id": made["agreement"]["id"], "as": "PDF"})
    assert answer.data["node"] == {"documentUrl": None}


@pytest.mark.slow
async def test_promise_is_reminded_of_and_kept(town: Any, run_jobs: Any, codes: Any) -> None:
    seen = await town.mediating()
    await town.agree(seen)
    asked = '{ me { notices(filter: { kind: { equals: "legal.promise_due" } }) { nodes { title } } } }'
    town.server.clock.move(days=7)
    assert (await run_jobs()).failed == []
    await run_jobs()
    assert len((await town.resident(1).ask(asked)).data["me"]["notices"]["nodes"]) == 1, "once"
    [term] = (await town.see(seen["id"]))["agreement"]["terms"]
    own = await town.resident(1).do("settleAgreementTerm", "term { kept }", term=term["id"], kept=True)
    assert codes(own) == ["FORBIDDEN"], "nobody says of themselves that they kept it"
    done = await town.resident(0).do("settleAgreementTerm", "term { kept settledOn }", term=term["id"], kept=True)
    assert done["term"] == {"kept": True, "settledOn": "2026-07-07"}
    again = await town.see(seen["id"])
    assert again["agreement"]["keptOn"] == "2026-07-07" and again["matter"]["closedAt"]


async def test_court_is_asked_together(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    made = (await town.agree(seen))["mediation"]["agreement"]["confirmation"]
    assert made["requestBy"] == "2026-07-30"
    parties = [one["id"] for one in seen["parties"]]
    asked = {"confirmation": made["id"], "court": "汉阴县人民法院", "expectedVersion": made["version"]}
    alone = await town.resident().do("requestConfirmation", "confirmation { id }", parties=parties[:1], **asked)
    assert codes(alone) == ["MISSING_PARTY"]
    both = await town.resident().do(
        "requestConfirmation", "confirmation { state acceptBy version }", parties=parties, **asked
    )
    assert both["confirmation"] == {"state": "REQUESTED", "acceptBy": "2026-07-03", "version": 2}
    answer = await town.resident(1).ask(BUNDLE, id=made["id"])
    with zipfile.ZipFile(io.BytesIO(decode_url(answer.data["node"]["bundleUrl"]))) as bundle:
        names = [one.partition("-")[0] for one in bundle.namelist()]
        assert names == ["01", "02", "02"] and "共同申请" in bundle.read(bundle.namelist()[0]).decode()
    for state, version, given in (("ACCEPTED", 2, {}), ("CONFIRMED", 3, {"reference": "（2026）陕0921民特1号"})):
        told = await town.mediator().do(
            "recordConfirmation", "confirmation { state decideBy reference }", confirmation=made["id"], state=state,
            on="2026-06-30", expectedVersion=version, **given,
        )  # fmt: skip
        assert codes(told) == [] and told["confirmation"]["state"] == state
    assert told["confirmation"]["decideBy"] == "2026-07-15"
    assert told["confirmation"]["reference"] == "（2026）陕0921民特1号"


SIGNED = (
    # 2026: off from 15 to 23 February; the thirtieth day falls into the Spring Festival and moves behind it.
    (datetime(2026, 1, 18, 2, tzinfo=UTC), "2026-02-24"),
    (datetime(2026, 1, 14, 2, tzinfo=UTC), "2026-02-13"),
    (datetime(2026, 1, 15, 2, tzinfo=UTC), "2026-02-14"),
)


async def test_spring_festival_moves_the_last_day(town: Any, codes: Any) -> None:
    await town.fetch("update legal.adviser set joined_on='2025-01-01'")
    for signed, last in SIGNED:
        town.server.clock.time = signed
        seen = await town.mediating()
        made = (await town.agree(seen, terms=[{"text": TEXT, "obligor": seen["parties"][1]["id"]}]))["mediation"]
        confirmation = made["agreement"]["confirmation"]
        assert confirmation["requestBy"] == last
        asked = {
            "confirmation": confirmation["id"],
            "court": "县法院",
            "parties": [one["id"] for one in seen["parties"]],
        }
        town.server.clock.time = datetime.fromisoformat(f"{last}T10:01:00+00:00")
        late = await town.resident().do("requestConfirmation", "confirmation { id }", expectedVersion=1, **asked)
        assert codes(late) == ["TERM_OVER"] and last in late["errors"][0]["message"]
        town.server.clock.time = datetime.fromisoformat(f"{last}T09:59:00+00:00")
        done = await town.resident().do("requestConfirmation", "confirmation { state }", expectedVersion=1, **asked)
        assert done == {"confirmation": {"state": "REQUESTED"}, "errors": []}
