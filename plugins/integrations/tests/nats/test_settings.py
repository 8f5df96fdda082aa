"""What an operator may say of NATS."""

from __future__ import annotations

from pathlib import Path

import pytest
from gongzhi_integrations.nats.accounts import write_configuration
from gongzhi_integrations.nats.connection import NatsServers
from gongzhi_integrations.settings import IntegrationSettings
from gongzhi_server import cli
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.choices import read_choices
from gongzhi_server.testing import ESSENTIAL
from typer.testing import CliRunner


def read(folder: Path, **environ: str) -> IntegrationSettings:
    found: IntegrationSettings = read_choices(ESSENTIAL, environ, folder)[IntegrationSettings]
    return found


def test_settings_name_servers_and_integrators(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        GONGZHI_NATS="nats://gongzhi:word@a:4222, tls://b:4222",
        GONGZHI_NATS_REPLICAS="3",
        GONGZHI_NATS_INTEGRATORS="610921:hotline,610922:hotline",
    )
    assert NatsServers.of(found) == NatsServers(("nats://gongzhi:word@a:4222", "tls://b:4222"), 3)
    assert found.nats_integrators == (("610921", "hotline"), ("610922", "hotline"))
    assert "word" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GONGZHI_NATS", "http://gongzhi:word@a:4222"),
        ("GONGZHI_NATS_REPLICAS", "2"),
        ("GONGZHI_NATS_INTEGRATORS", "610921:word>"),
        ("GONGZHI_NATS_INTEGRATORS", "610921:word,610921:word"),
        ("GONGZHI_NATS_FEED", "word"),
        ("GONGZHI_WEBHOOK_NETWORKS", "word"),
    ],
)
def test_wrong_settings_are_named_and_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Problem, match=name) as problem:
        read(tmp_path, **{name: value})
    assert "word" not in str(problem.value).replace("user:password", "")


def test_configuration_has_no_password() -> None:
    text = write_configuration((("610921", "hotline"),))
    assert 'user: "610921-hotline", password: $NATS_COUNTY_610921_HOTLINE' in text
    assert "jetstream: enabled" in text and text.count("{") == text.count("}")


def test_command_prints_it_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators configure NATS before anything runs."""
    monkeypatch.setenv("GONGZHI_DATA", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("GONGZHI_MODE", "development")
    monkeypatch.setenv("GONGZHI_NATS_INTEGRATORS", "610921:hotline")
    done = CliRunner().invoke(cli.app, ["nats", "accounts"])
    assert (done.exit_code, done.stdout) == (0, write_configuration((("610921", "hotline"),)))
