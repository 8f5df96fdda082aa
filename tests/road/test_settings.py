"""What an operator may say of NATS."""

from __future__ import annotations

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.road.accounts import configuration
from gongzhi_server.road.line import Line
from gongzhi_server.settings import Settings

SECRET = {"GONGZHI_SECRET": "x" * 32}


def test_settings_name_servers_and_integrators() -> None:
    given = {
        "GONGZHI_NATS": "nats://gongzhi:word@a:4222, tls://b:4222",
        "GONGZHI_NATS_REPLICAS": "3",
        "GONGZHI_NATS_INTEGRATORS": "610921:hotline,610922:hotline",
    }
    chosen = Settings.read({**SECRET, **given})
    assert Line.of(chosen) == Line(("nats://gongzhi:word@a:4222", "tls://b:4222"), 3)
    assert chosen.nats_integrators == (("610921", "hotline"), ("610922", "hotline"))
    assert "word" not in repr(chosen)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GONGZHI_NATS", "http://gongzhi:word@a:4222"),
        ("GONGZHI_NATS_REPLICAS", "2"),
        ("GONGZHI_NATS_INTEGRATORS", "610921:word>"),
        ("GONGZHI_NATS_INTEGRATORS", "610921:word,610921:word"),
        ("GONGZHI_NATS_FEED", "word"),
    ],
)
def test_wrong_settings_are_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(Problem, match=name) as problem:
        Settings.read({**SECRET, name: value})
    assert "word" not in str(problem.value).replace("user:password", "")


def test_configuration_has_no_password() -> None:
    text = configuration((("610921", "hotline"),))
    assert 'user: "610921-hotline", password: $NATS_COUNTY_610921_HOTLINE' in text
    assert "jetstream: enabled" in text and text.count("{") == text.count("}")
