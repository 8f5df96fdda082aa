"""Secrets and keys of a deployment: another one than its database knows is refused before anything is sealed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from gongzhi_server import cli
from gongzhi_server.deployment import doctor
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage.fingerprints import accept_secrets, confirm_secrets
from gongzhi_server.testing import ESSENTIAL, settings_for_tests
from typer.testing import CliRunner


def key(name: str, *, made_of: str = "") -> str:
    """Write a key of the ring as settings do."""
    return f"{name}:{base64.b64encode(hashlib.sha256((made_of or name).encode()).digest()).decode()}"


@pytest.fixture
def known(empty: str, tmp_path: Path) -> Settings:
    return replace(settings_for_tests(empty, tmp_path), keys=f"{key('new')},{key('old')}")


async def test_same_secrets_are_taken_again_and_new_keys_are_remembered(empty: str, known: Settings) -> None:
    for ring in (known.keys, f"{key('newer')},{known.keys}", key("newer"), f"{key('new')},{key('newer')}"):
        assert (await confirm_secrets(empty, replace(known, keys=ring))).ids == tuple(
            one.partition(":")[0] for one in str(ring).split(",")
        )


async def test_another_key_of_the_same_name_is_refused(empty: str, known: Settings) -> None:
    """Also where it is not the current one, and without a letter of it; the right one goes on."""
    await confirm_secrets(empty, known)
    wrong = key("old", made_of="something else")
    with pytest.raises(Problem, match="key old is another one .* gongzhi keys accept") as problem:
        await confirm_secrets(empty, replace(known, keys=f"{key('new')},{wrong}"))
    assert "key new" not in str(problem.value) and wrong.partition(":")[2] not in str(problem.value)
    assert await confirm_secrets(empty, known)


async def test_another_secret_is_refused_until_it_is_accepted(empty: str, known: Settings) -> None:
    await confirm_secrets(empty, known)
    other = replace(known, secret="another secret, as long as it must be too")
    with pytest.raises(Problem, match="GONGZHI_SECRET is another one"):
        await confirm_secrets(empty, other)
    assert await accept_secrets(empty, other) == ["GONGZHI_SECRET"]
    assert await accept_secrets(empty, other) == []
    assert await confirm_secrets(empty, other)
    with pytest.raises(Problem, match="GONGZHI_SECRET is another one"):
        await confirm_secrets(empty, known)


async def test_database_keeps_nothing_of_them(empty: str, known: Settings) -> None:
    await confirm_secrets(empty, known)
    connection = await asyncpg.connect(empty)
    kept = b"".join(digest for (digest,) in await connection.fetch("select digest from accounts.fingerprint"))
    await connection.close()
    assert len(kept) == 3 * 32
    assert known.secret.encode() not in kept and hashlib.sha256(b"new").digest() not in kept


async def test_doctor_names_keys_that_are_missing(filled: str, tmp_path: Path) -> None:
    """The demo county's people are sealed under `main`; a ring without it reads nobody's number."""
    settings = settings_for_tests(filled, tmp_path)

    async def ill(chosen: Settings) -> str:
        return " ".join(said for well, said in await doctor.examine_deployment(chosen, filled, ESSENTIAL) if not well)

    assert "key" not in await ill(settings)
    assert "sealed under the key main" in await ill(replace(settings, keys=key("new")))


def run_command(arguments: list[str], environ: dict[str, str]) -> str:
    """Run what somebody types, with no keys but those of these settings, and return why it could not be done."""
    return str(CliRunner().invoke(cli.app, arguments, env={"GONGZHI_KEYS": None, **environ}).exception)


@pytest.mark.parametrize(
    "arguments", [["serve", "--only-core"], ["keys", "rotate"], ["account", "add", "a", "--role", "auditor"]]
)
async def test_commands_stop_at_another_secret(
    empty: str, known: Settings, tmp_path: Path, arguments: list[str]
) -> None:
    await confirm_secrets(empty, known)
    chosen = {"DATABASE_URL": empty, "GONGZHI_MODE": "development", "GONGZHI_KEYS": str(known.keys), "PORT": "0"}
    environ = chosen | {"GONGZHI_SECRET": "x" * 32, "GONGZHI_DATA": str(tmp_path)}
    assert "GONGZHI_SECRET is another one" in await asyncio.to_thread(run_command, arguments, environ)


@pytest.mark.parametrize("arguments", [["serve", "--only-core"], ["keys", "rotate"], ["points", "verify"]])
async def test_command_for_the_keys_runs_once(
    empty_database: str, known: Settings, tmp_path: Path, arguments: list[str]
) -> None:
    """It may ask a vault, or a person. What is served stops right after, at another secret."""
    await confirm_secrets(empty_database, known)
    asked = tmp_path / "asked"
    command = f"sh -c 'echo once >> {asked}; echo {known.keys}'"
    secret = "x" * 32 if arguments[0] == "serve" else known.secret
    environ = {"DATABASE_URL": empty_database, "GONGZHI_MODE": "development", "GONGZHI_KEYS_COMMAND": command}
    environ |= {"PORT": "0", "GONGZHI_SECRET": secret, "GONGZHI_DATA": str(tmp_path)}
    await asyncio.to_thread(run_command, arguments, environ)
    assert asked.read_text() == "once\n"


async def test_doctor_asks_for_the_keys_once(empty: str, known: Settings, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    command = ("sh", "-c", f"echo once >> {asked}; echo {known.keys}")
    await doctor.examine_deployment(replace(known, keys=None, keys_command=command), empty, ESSENTIAL)
    assert asked.read_text() == "once\n"
