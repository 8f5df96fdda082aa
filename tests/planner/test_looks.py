"""Looks are cut out of an answer as text; what is left and who was seen is what taking it apart would have told."""

from __future__ import annotations

import pytest
from gongzhi_server.planner import execution
from gongzhi_server.planner.looks import cut_looks

from .bench import LOOKS, Bench

WHO = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"]
DOCUMENTS = {
    "list": "{ cases(first: 20) { nodes { number requester { name birthDate } } } }",
    "people": "{ people(first: 10) { totalCount nodes { name birthDate household { number members { role } } } } }",
    "page": '{ people(first: 3, where: {search: "王"}) { totalCount pageInfo { hasNextPage endCursor } } }',
    "twice": "{ a: people(first: 2) { nodes { birthDate } } b: cases(first: 5) { nodes { requester { birthDate } } } }",
    "nobody": '{ people(first: 3, where: {search: "没有这个人"}) { nodes { name birthDate } } }',
    "json": '{ grid(code: "610921") { boundary } people(first: 3) { nodes { birthDate } } }',
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_cutting_tells_what_taking_apart_tells(name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    LOOKS.clear()
    cut = await bench.ask(DOCUMENTS[name], "county")
    seen, LOOKS[:] = list(LOOKS), []
    monkeypatch.setattr(execution, "cut_looks", lambda text: None)
    apart = await bench.ask(DOCUMENTS[name], "county")
    assert (cut.data, cut.errors) == (apart.data, apart.errors)
    assert [(set(one.people), set(one.fields)) for one in seen] == [(set(one.people), set(one.fields)) for one in LOOKS]
    assert b"@look" not in cut.body


def test_members_are_cut_wherever_they_stand() -> None:
    one, other = (f'"{who}"' for who in WHO)
    people = f'[{{"b":2,"@look4":[{one},{other}]}}, \n {{"b":3,"@look4":null}}]'
    text = f'{{"a":{{"b":"1","@look3":[{one}]}},"c":{people},"@look5":[[[{other}], \n [{one}]], null]}}'
    assert cut_looks(text.encode()) == (
        b'{"a":{"b":"1"},"c":[{"b":2}, \n {"b":3}]}',
        {"@look3": {WHO[0]}, "@look4": set(WHO), "@look5": set(WHO)},
    )


def test_what_is_not_as_expected_is_taken_apart() -> None:
    assert cut_looks(b'{"a":1,"@look1":["somebody"]}') is None
    assert cut_looks(b'{"@look1":[]}') is None


def test_a_text_that_quotes_the_member_is_taken_apart() -> None:
    assert cut_looks(rb'{"title":",\"@look1\":[]"}') is None
