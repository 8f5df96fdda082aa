from __future__ import annotations

import base64
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import pytest
from gongzhi_server.data_folder import keep_secret
from gongzhi_server.deployment import doctor
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import ESSENTIAL, settings_for_tests
from gongzhi_server.weak_secrets import find_key_weakness
from hypothesis import given
from hypothesis import strategies as st

DATABASE = {"DATABASE_URL": "postgresql://someone:hush@db/county"}
SECRET = {"GONGZHI_SECRET": "8f14e45fceea167a5a36dedd4bea2543"}
KEYS = {"GONGZHI_KEYS": "main:" + "A" * 43 + "="}

WEAK = DATABASE | KEYS


def test_defaults_are_development(tmp_path: Path) -> None:
    settings = Settings.read({"GONGZHI_DATA": str(tmp_path)})
    assert (settings.host, settings.port, settings.mode, settings.database) == ("127.0.0.1", 8000, "development", None)


def test_database_means_production() -> None:
    assert Settings.read(DATABASE | SECRET | KEYS).mode == "production"
    assert Settings.read(DATABASE | SECRET | {"GONGZHI_MODE": "development"}).development


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("postgresql://me@db1:1,db2:2/county", "?target_session_attrs=primary"),
        ("postgresql://me@db1,db2/county?sslmode=require", "&target_session_attrs=primary"),
        ("postgresql://me@/county?host=/a,/b", "&target_session_attrs=primary"),
        ("postgresql://me@db1,db2/county?target_session_attrs=primary", ""),
        ("postgresql://me@db1/county?sslmode=require", ""),
    ],
)
def test_of_several_hosts_the_primary_is_taken(address: str, where: str) -> None:
    found = Settings.read({"DATABASE_URL": address, "GONGZHI_MODE": "development", "GONGZHI_SECRET": "s" * 64})
    assert found.database == address + where


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("postgresql://a:b,c@db2/county", 1),
        ("postgresql://a@db2:5433/county , postgres://a@db3/county?sslmode=require", 2),
        ("mysql://db/county", "does not begin with postgresql"),
        ("postgresql://a:hush@db2,db3/county", "several hosts in one address; give each replica an address"),
        ("postgresql://a:hush@db2/county?target_session_attrs=primary", "give each replica an address"),
    ],
)
def test_replicas_are_addresses_of_their_own(given: str, found: int | str) -> None:
    if isinstance(found, int):
        assert (
            len(
                Settings.read(
                    {"GONGZHI_MODE": "development", "GONGZHI_SECRET": "s" * 64, "GONGZHI_REPLICAS": given}
                ).replicas
            )
            == found
        )
        return
    with pytest.raises(Problem, match=found) as refused:
        Settings.read({"GONGZHI_MODE": "development", "GONGZHI_SECRET": "s" * 64, "GONGZHI_REPLICAS": given})
    assert "hush" not in str(refused.value) and "GONGZHI_REPLICAS" in str(refused.value)
    assert "a:hush" not in repr(Settings(mode="development", secret="x" * 32, replicas=(given,)))


def test_empty_means_unset(tmp_path: Path) -> None:
    assert Settings.read({"PORT": "", "DATABASE_URL": "", "GONGZHI_DATA": str(tmp_path)}).port == 8000


def test_secret_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Settings.read({"GONGZHI_DATA": str(data)}).secret
    assert len(first) == 64
    assert Settings.read({"GONGZHI_DATA": str(data)}).secret == first
    assert stat.S_IMODE((data / "secret").stat().st_mode) == 0o600
    assert os.listdir(data) == ["secret"]


def test_one_secret_wins(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(keep_secret, [tmp_path] * 32))) == 1


def test_cut_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("beginning")
    with pytest.raises(Problem, match="secret is shorter than 32") as problem:
        Settings.read({"GONGZHI_DATA": str(tmp_path)})
    assert "beginning" not in str(problem.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PORT": "65536"}, "PORT is no whole number from 0 to 65535"),
        ({"PORT": "http"}, "PORT is no whole number"),
        ({"PORT": "٨٠"}, "PORT is no whole number"),
        ({"GONGZHI_POOL": "0"}, "GONGZHI_POOL is no whole number from 1 to 90"),
        ({"GONGZHI_MODE": "test"}, "GONGZHI_MODE is neither development nor production"),
        ({"DATABASE_URL": "mysql://someone:hush@db/county"}, r"DATABASE_URL does not begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://someone:hush@db"}, "DATABASE_URL names no database"),
        ({"DATABASE_URL": "postgresql://someone:hush@db:port/county"}, "DATABASE_URL is no address"),
        ({"DATABASE_URL": "postgresql://someone:hush@db:1,two:port/county"}, "DATABASE_URL is no address"),
        (
            {"DATABASE_URL": "postgresql://someone:hush@db/county?target_session_attrs=read-write"},
            "DATABASE_URL says target_session_attrs=read-write; write primary, or leave it out",
        ),
        (DATABASE, "GONGZHI_SECRET must be set in production"),
        (DATABASE | SECRET, "GONGZHI_KEYS, GONGZHI_KEYS_FILE or GONGZHI_KEYS_COMMAND must be set in production"),
        ({"GONGZHI_MODE": "production"}, "DATABASE_URL and GONGZHI_SECRET must be set in production"),
        ({"GONGZHI_LIMITS": "cost=hush"}, "GONGZHI_LIMITS is no list"),
        ({"GONGZHI_URL": "http://county.example/?hush"}, "GONGZHI_URL is no address"),
        ({"GONGZHI_OIDC_ISSUERS": "https://id.example"}, "GONGZHI_OIDC_ISSUERS and GONGZHI_OIDC_JWKS must name"),
        (
            {"GONGZHI_OIDC_ISSUERS": "https://id.example", "GONGZHI_OIDC_JWKS": "https://id.example/keys"},
            "GONGZHI_OIDC_AUDIENCE must be set",
        ),
        ({"GONGZHI_OIDC_ISSUERS": "http://id.example"}, "GONGZHI_OIDC_ISSUERS is no address"),
        ({"GONGZHI_SECRET": "hush"}, "GONGZHI_SECRET is shorter than 32 characters"),
        (WEAK | {"GONGZHI_SECRET": "hush" * 8}, "GONGZHI_SECRET repeats itself"),
        (WEAK | {"GONGZHI_SECRET": "0" * 64}, "GONGZHI_SECRET repeats itself"),
        (WEAK | {"GONGZHI_SECRET": "0123456789abcdef" * 2}, "GONGZHI_SECRET repeats itself"),
        (WEAK | {"GONGZHI_SECRET": "abcdefghijklmnopqrstuvwxyz0123456789"}, "GONGZHI_SECRET is a row of letters"),
        (WEAK | {"GONGZHI_SECRET": "aaaaaaaabbaaaabbabaaababbbabaaababab"}, "GONGZHI_SECRET has too few different"),
        (WEAK | {"GONGZHI_SECRET": "please-ChangeMe-before-you-go-live-91"}, "GONGZHI_SECRET has a word in it"),
    ],
)
def test_bad_value_is_named(environ: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=said) as problem:
        Settings.read({"GONGZHI_DATA": str(tmp_path / "data")} | environ)
    assert "hush" not in str(problem.value)
    assert not (tmp_path / "data").exists()


@given(st.text("密钥€✗", min_size=4, max_size=31))
def test_secrets_stay_secret(text: str) -> None:
    for variable in ("GONGZHI_SECRET", "DATABASE_URL"):
        with pytest.raises(Problem, match=variable) as problem:
            Settings.read({variable: text})
        assert text not in str(problem.value)
    assert text not in repr(Settings(secret=text, database=text))


def test_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="GONGZHI_DATA: .*file cannot be made"):
        Settings.read({"GONGZHI_DATA": str(tmp_path / "file")})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_readonly_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Problem, match="GONGZHI_DATA: .* cannot be written"):
        Settings.read({"GONGZHI_DATA": str(tmp_path)})


def test_settings_are_described() -> None:
    for field in fields(Settings):
        assert field.metadata["variable"].isupper()
        assert field.metadata["doc"].endswith(".")


@given(st.binary(min_size=32, max_size=32), st.sampled_from(("hex", "base64")))
def test_random_secrets_are_taken(seed: bytes, form: str) -> None:
    """What openssl prints is never refused; 64 hexadecimal digits or 44 letters."""
    raw = hashlib.sha256(seed).digest()
    text = raw.hex() if form == "hex" else base64.b64encode(raw).decode()
    assert Settings.read(DATABASE | KEYS | {"GONGZHI_SECRET": text}).secret == text
    assert find_key_weakness(raw) is None


WEAK_KEYS = {
    "zero": bytes(32),
    "one byte": b"\xa5" * 32,
    "two bytes": b"\x01\x02" * 16,
    "half of it twice": hashlib.sha256(b"a").digest()[:16] * 2,
    "a row": bytes(range(32)),
    "few bytes": bytes((at * at) % 7 for at in range(32)),
    "a sentence": b"correct horse battery staple 123",
}


@pytest.mark.parametrize("name", WEAK_KEYS)
def test_weak_key_stops_production(name: str) -> None:
    """As the current key; behind a good one it can still be rotated away."""
    weak, good = (f"{id}:{base64.b64encode(key).decode()}" for id, key in (("w", WEAK_KEYS[name]), ("g", GOOD)))
    production = DATABASE | SECRET
    with pytest.raises(Problem, match="the current key of the ring .* gongzhi keys rotate") as problem:
        load_key_ring(Settings.read(production | {"GONGZHI_KEYS": f"{weak},{good}"}))
    assert weak.partition(":")[2] not in str(problem.value)
    assert load_key_ring(Settings.read(production | {"GONGZHI_KEYS": f"{good},{weak}"})).ids == ("g", "w")
    assert load_key_ring(Settings.read(production | {"GONGZHI_KEYS": weak, "GONGZHI_MODE": "development"})).ids == (
        "w",
    )


GOOD = hashlib.sha256(b"good").digest()


async def test_doctor_warns(empty: str, tmp_path: Path) -> None:
    """Of development where others connect, of made-up secrets, and in production of a role that may do everything."""
    plain = settings_for_tests(empty, tmp_path)

    async def ill(**changes: object) -> str:
        return " ".join(
            text
            for well, text in await doctor.examine_deployment(replace(plain, **changes), empty, ESSENTIAL)
            if not well
        )

    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert "development" not in await ill(host=host)
    for host in ("0.0.0.0", "::", "10.1.2.3", "county.example"):
        assert "development on " in await ill(host=host)
    ring = ",".join(f"{id}:{base64.b64encode(key).decode()}" for id, key in (("g", GOOD), ("w", bytes(32))))
    said = await ill(mode="production", secret="hush" * 8, keys=ring, database="postgresql://a:hush@db/county")
    assert "GONGZHI_SECRET repeats" in said and "key w of the ring" in said and "key g" not in said
    assert "password is short" in said and "superuser" not in said and "role may do everything" in said
    assert "hush" not in said


async def test_doctor_opens_the_files_that_settings_name(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each, whoever's setting it is; what is wrong is told by the variable, and no path."""
    plain, well = settings_for_tests(empty, tmp_path), tmp_path / "well.pem"
    well.write_text("-", encoding="utf-8")
    monkeypatch.setenv("GONGZHI_NATS_CA", str(well))
    monkeypatch.setenv("GONGZHI_NATS_CREDENTIALS", str(tmp_path / "hush.creds"))
    monkeypatch.setenv("GONGZHI_WEBHOOK_CA", str(tmp_path))
    chosen = replace(plain, documents=tmp_path / "hush.json")
    found = await doctor.examine_deployment(chosen, empty, ESSENTIAL)
    said = [text for good, text in found if not good and text.startswith("files")]
    assert said == [
        "files: GONGZHI_WEBHOOK_CA names a folder; name the file in it",
        "files: GONGZHI_NATS_CREDENTIALS names a file that does not exist; correct the path",
        "files: GONGZHI_DOCUMENTS names a file that does not exist; correct the path",
    ]
