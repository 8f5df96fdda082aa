from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings, kept
from hypothesis import given
from hypothesis import strategies as st

DATABASE = {"DATABASE_URL": "postgresql://someone:hush@db/county"}
SECRET = {"GONGZHI_SECRET": "0123456789abcdef" * 2}
KEYS = {"GONGZHI_KEYS": "main:" + "A" * 43 + "="}


def test_defaults_are_development(tmp_path: Path) -> None:
    settings = Settings.read({"GONGZHI_DATA": str(tmp_path)})
    assert (settings.host, settings.port, settings.mode, settings.database) == ("127.0.0.1", 8000, "development", None)


def test_database_means_production() -> None:
    assert Settings.read(DATABASE | SECRET | KEYS).mode == "production"
    assert Settings.read(DATABASE | SECRET | {"GONGZHI_MODE": "development"}).development


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
        assert len(set(pool.map(kept, [tmp_path] * 32))) == 1


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
