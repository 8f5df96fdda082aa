"""What operators choose about plugins: typed, checked before serving, and never repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.choices import read_choices

from .conftest import Market

SCALES = """
from dataclasses import dataclass
from gongzhi.plugin.settings import setting

def read_hosts(text):
    if "/" in text:
        raise ValueError("is no list of hosts; write a,b")
    return tuple(text.split(","))

@dataclass(frozen=True)
class Scales:
    station: str = setting("Where it is.")
    token: str = setting("What it knows us by.", secret=True, default="")
    days: int = setting("For how long.", default=30)
    limit: float | None = setting("The most.", default=None)
    strict: bool = setting("Whether to refuse.", default=False)
    hosts: tuple = setting("Where they are.", default=(), parse=read_hosts, variable="GONGZHI_WEIGHT_HOSTS")

    def __post_init__(self):
        if self.days > 99:
            raise ValueError(f"too many days, and the token is {self.token}")

@hookimpl
def settings():
    return [Scales]
"""


def read_settings(market: Market, folder: Path, **environ: str) -> Any:
    known = {"HOSTS": "GONGZHI_WEIGHT_HOSTS"}
    given = {known.get(name, f"GONGZHI_SCALES_{name}"): text for name, text in environ.items()}
    [found] = read_choices(market.load(), given, folder).values()
    return found


def test_environment_wins(market: Market, tmp_path: Path) -> None:
    market.ship("scales", SCALES)
    (tmp_path / "plugins.toml").write_text('[scales]\nstation = "file"\ndays = 7\nlimit = 3\n')
    found = read_settings(market, tmp_path, STATION="environment", STRICT="yes", TOKEN="topsecret")
    assert (found.station, found.days, found.limit, found.strict) == ("environment", 7, 3.0, True)
    assert found.token == "topsecret" and "topsecret" not in repr(found)


@pytest.mark.parametrize(
    ("file", "environ", "told"),
    [
        ("", {}, "GONGZHI_SCALES_STATION must be set; or write station = … under [scales] in plugins.toml"),
        ("", {"STATION": "x", "DAYS": "hunter2"}, "GONGZHI_SCALES_DAYS must be a whole number; change it, or unset it"),
        ("", {"STATION": "x", "STRICT": "perhaps"}, "GONGZHI_SCALES_STRICT must be yes or no"),
        ("[scales]\nstation = 1", {}, "station in plugins.toml must be a text"),
        ("[scales]\nstatoin = 'x'", {}, "there is no setting 'statoin'; there are station, token"),
        ("", {"STATION": "x", "HOSTS": "hunter2/"}, "GONGZHI_WEIGHT_HOSTS is no list of hosts; write a,b"),
        ("[scales]\nstation = 'x'\nhosts = 'hunter2/'", {}, "hosts in plugins.toml is no list of hosts"),
        ("[scales]\nstation = 'x'\nhosts = 1", {}, "hosts in plugins.toml must be a text"),
        ("scales = 1", {}, "scales must be a table, [scales]"),
        ("", {"STATION": "x", "DAYS": "100", "TOKEN": "hunter2"}, "its settings are refused: ValueError"),
    ],
)
def test_wrong_setting_is_refused(market: Market, tmp_path: Path, file: str, environ: dict, told: str) -> None:
    market.ship("scales", SCALES)
    (tmp_path / "plugins.toml").write_text(file)
    with pytest.raises(Problem) as problem:
        read_settings(market, tmp_path, **environ)
    assert str(problem.value).startswith("plugin 'scales' (gongzhi-scales 3.1): ") and told in str(problem.value)
    assert "hunter2" not in str(problem.value)


def test_errors_of_its_own_are_told_by_what_is_written_of_them(market: Market, tmp_path: Path) -> None:
    """What such an error says could quote a secret, and what stands in its class cannot."""
    heavy = '\n\nclass TooHeavy(ValueError):\n    """The days must be below 50."""\n'
    market.ship("scales", SCALES.replace("ValueError(", "TooHeavy(") + heavy)
    with pytest.raises(Problem, match="its settings are refused: The days must be below 50.$"):
        read_settings(market, tmp_path, STATION="x", DAYS="100", TOKEN="hunter2")


def test_own_type_and_name_are_read(market: Market, tmp_path: Path) -> None:
    market.ship("scales", SCALES)
    assert read_settings(market, tmp_path, STATION="x").hosts == ()
    assert read_settings(market, tmp_path, STATION="x", HOSTS="a,b").hosts == ("a", "b")


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("PATH", "the variable PATH of its setting 'hosts' must begin with GONGZHI_"),
        ("GONGZHI_SECRET", "would be GONGZHI_SECRET, which is the core's"),
        ("GONGZHI_RIVER_STATION", "would be GONGZHI_RIVER_STATION, which is plugin 'river''s"),
    ],
)
def test_variable_of_others_is_refused(market: Market, tmp_path: Path, variable: str, told: str) -> None:
    market.ship("river", SCALES)
    market.ship("scales", SCALES.replace("GONGZHI_WEIGHT_HOSTS", variable))
    with pytest.raises(Problem, match=told):
        read_choices(market.load(), {}, tmp_path)


def test_settings_are_frozen(market: Market) -> None:
    market.ship("scales", SCALES.replace("@dataclass(frozen=True)", "@dataclass"))
    with pytest.raises(Problem, match="the settings Scales must be a dataclass with frozen=True"):
        market.load()


def test_variable_of_the_core_is_refused(market: Market, tmp_path: Path) -> None:
    """`http` with a setting `status` would read what the core means."""
    market.ship("http", SCALES.replace("station", "status"))
    with pytest.raises(Problem, match="would be GONGZHI_HTTP_STATUS, which is the core's"):
        read_choices(market.load(), {}, tmp_path)
