"""The official audits of GraphQL over HTTP, all of them, against a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MUST = "4655 82A3 BF61 78D5 2C94 03D4 13EE B8B3 0220 0221 0222 28B9 1B7A"
SHOULD = """
22EB 47DE 80D8 9ABE 34A2 8161 94B0 94B1 94B2 2EA1 428F BCF8 B7N8 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B 86EE
"""
MAY = """
5A70 9C48 A5BF 423L LKJ0 LKJ1 LKJ2 LKJ3 6C00 6C01 6C02 6C03 4760 4761 4762 4763 58B0 58B1 58B2 58B3 D6D5 6A70 B6DC
8764 3E3A
"""
AUDITS = (MUST + " " + SHOULD + MAY).split()


@pytest.fixture(scope="module")
def results(url: str, node: Callable[..., Any]) -> dict[str, dict[str, str]]:
    return {result["id"]: result for result in node("audit.cjs", url)}


def test_audits_complete(results: dict[str, dict[str, str]]) -> None:
    assert sorted(results) == sorted(AUDITS)
    assert len(AUDITS) == 61


@pytest.mark.parametrize("audit", AUDITS)
def test_audit_passes(results: dict[str, dict[str, str]], audit: str) -> None:
    result = results[audit]
    assert result["status"] == "ok", f"{result['name']}: {result.get('reason')}"
