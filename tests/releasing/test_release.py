"""What a release is made of: the bill of materials, the licences, pinned images, the database's owner."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from gongzhi_server.deployment import doctor
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database

ROOT = Path(__file__).parents[2]
LOCKED = re.compile(r"^([\w.-]+)==([^ ;\\]+)", re.MULTILINE)


@pytest.fixture
def releasing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a module of the folder `releasing`."""
    before = {*sys.modules}
    monkeypatch.syspath_prepend(str(ROOT / "releasing"))
    yield import_module
    for name in {*sys.modules} - before:
        if name in ("inventory", "sbom", "licences", "images", "release"):
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_bill_has_all_that_is_locked(releasing: Any) -> None:
    """Name, version, address, checksums and licence of each, and what needs what."""
    text = releasing("sbom").render_bom()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    components = {one["purl"]: one for one in bill["components"]}
    locked = LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    for name, version in locked:
        one = components[f"pkg:pypi/{name}@{version}"]
        assert one["licenses"] and any(each["name"] == "gongzhi:archive:sha256" for each in one["properties"]), name
    own = {one["name"] for one in bill["components"] if one["name"].startswith("gongzhi")}
    plugins = {one.parent.name for one in ROOT.glob("plugins/[!_]*/pyproject.toml")}
    assert own == {"gongzhi", "gongzhi-client", *(f"gongzhi-{name}".replace("_", "-") for name in plugins)}
    assert bill["metadata"]["component"]["name"] == "gongzhi-server" and len(components) == len(locked) + len(own)
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    [docxtpl] = [one for one in components if one.startswith("pkg:pypi/docxtpl@")]
    assert any(one.startswith("pkg:pypi/python-docx@") for one in needs[docxtpl])


def test_image_has_what_the_options_need() -> None:
    """Every command that the pages name runs in it: what `pip install 'name[option]'` would add is there and pinned."""
    locked = {name for name, _ in LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))}
    for page in (ROOT / "pyproject.toml", *ROOT.glob("plugins/[!_]*/pyproject.toml")):
        options = tomllib.loads(page.read_text(encoding="utf-8"))["project"].get("optional-dependencies", {})
        needed = [each for name, lines in options.items() if name != "test" for each in lines]
        assert {re.split(r"[\[<>=!~ ;]", each)[0] for each in needed} <= locked, page


def test_licences_are_listed(releasing: Any) -> None:
    """The page is what the lock file says, nothing in it is unknown, and what is copyleft is explained."""
    licences, text = releasing("licences"), (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert licences.filled(text) == text, "docs/licences.md is behind: run python releasing/licences.py"
    assert "unknown" not in text
    explained = text.partition(licences.BEGIN)[0]
    for one in releasing("inventory").read_lock():
        if re.search(r"GPL|MPL|OFL|EPL|CDDL", one.licence):
            assert f"`{one.name}`" in explained or "OFL" in one.licence, f"say what {one.licence} of {one.name} means"
        assert not re.search(r"(?<!L)GPL|AGPL|SSPL|BUSL", one.licence), f"{one.name} is under {one.licence}"


def test_images_are_pinned(releasing: Any) -> None:
    """By digest, or listed with a date and a reason; nothing is listed that need not be."""
    listed = tomllib.loads((ROOT / "releasing" / "unpinned.toml").read_text(encoding="utf-8")).get("image", [])
    assert {one["name"] for one in listed} == releasing("images").unpinned()
    for one in listed:
        assert isinstance(one["since"], date) and one["since"] <= datetime.now(UTC).date() and len(one["reason"]) > 20


def test_tags_alone_are_found(releasing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, file = releasing("images"), tmp_path / "compose.yaml"
    pinned = "a:1@sha256:" + "0" * 64
    file.write_text(f"    image: {pinned}\n    image: b:2\n    image: c@sha256:12\n")
    monkeypatch.setattr(images, "FILES", (file,))
    assert images.unpinned() == {"b:2", "c@sha256:12"}
    monkeypatch.setattr(images, "find_digest", lambda image: "sha256:" + "1" * 64)
    images.main()
    assert f"image: b:2@sha256:{'1' * 64}\n" in file.read_text() and pinned in file.read_text()


def test_composed_server_can_write_where_its_data_are() -> None:
    """Its root is read-only, so the data folder of the image has to be a volume; and it has time to stop."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    found = re.search(r"GONGZHI_DATA=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    for process in (services["web"], services["work"]):
        assert found and process["read_only"]
        assert found[1] in [one.partition(":")[2] for one in process["volumes"]]
        assert "/tmp" in process["tmpfs"] and int(process["stop_grace_period"].removesuffix("s")) > 20


@pytest.mark.slow
async def test_composed_owner_is_ordinary(postgres: str) -> None:
    """The role that compose.yaml makes owns the database, may do nothing else, and makes the tables of every plugin."""
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    statements = composed["configs"]["owner"]["content"].replace("${DATABASE_PASSWORD}", "x").splitlines()
    url = urlsplit(composed["services"]["web"]["environment"]["DATABASE_URL"])
    name = f"owner_{uuid4().hex}"
    admin = await asyncpg.connect(postgres)
    try:
        for line in statements:
            if "postgres" not in line:  # the rest is about the superuser of a cluster of its own
                await admin.execute(
                    line.replace(str(url.username), name).replace("database gongzhi", f"database {name}")
                )
        here = urlsplit(postgres)
        dsn = here._replace(netloc=f"{name}:x@{here.netloc.partition('@')[2]}", path=f"/{name}").geturl()
        await database.migrate_apps(dsn, load_plugins().apps)
        said = await doctor.examine_deployment(
            Settings(data=ROOT, database=dsn, mode="production", secret="x" * 32), dsn, load_plugins()
        )
        assert not any("database role" in text for well, text in said if not well)
        owned = "select count(*) from pg_class where relowner = $1::text::regrole"
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval(owned, name) > 100
        await connection.close()
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"drop role if exists {name}")
        await admin.close()
