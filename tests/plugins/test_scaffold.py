"""What a vendor starts from: `gongzhi plugin new`, its tests, its wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.scaffold import create_plugin, template_folder

from .contracts import ROOT, releases, source

PARTS = {
    "README.md",
    "pyproject.toml",
    "gongzhi_road_watch/__init__.py",
    "gongzhi_road_watch/background.py",
    "gongzhi_road_watch/commands.py",
    "gongzhi_road_watch/migrations/0001_initial.py",
    "gongzhi_road_watch/migrations/__init__.py",
    "gongzhi_road_watch/models.py",
    "gongzhi_road_watch/py.typed",
    "gongzhi_road_watch/types.py",
    "gongzhi_road_watch/views.py",
    "tests/additions.graphql",
    "tests/test_conformance.py",
}
PASSED = "12 passed"
"""What pytest says of the template's tests."""


def path(folder: Path) -> str:
    """PYTHONPATH with this folder before what is there already."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def run(*command: object, cwd: Path, timeout: float = 1200, **environ: str) -> str:
    """What a command prints; it must end well."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DATABASE_URL")}
    ended = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | environ, capture_output=True, text=True, timeout=timeout
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_scaffold_has_its_name(tmp_path: Path) -> None:
    written = create_plugin("road_watch", tmp_path)
    folder = tmp_path / "gongzhi-road-watch"
    assert {str(file.relative_to(folder)) for file in written} == PARTS
    text = "".join(file.read_text(encoding="utf-8") for file in written)
    assert "sample" not in text.lower()
    assert "roadWatchNotes" in text and "class RoadWatchNote(Node)" in text and 'name = "gongzhi-road-watch"' in text


@pytest.mark.parametrize("name", ["cases", "Road", "road-watch", "", "pg_road"])
def test_scaffold_refuses_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match="a plugin cannot be called"):
        create_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_scaffold_overwrites_nothing(tmp_path: Path) -> None:
    create_plugin("road", tmp_path)
    with pytest.raises(Problem, match="gongzhi-road is there already"):
        create_plugin("road", tmp_path)


@pytest.mark.slow  # what it is made of is tried by others: the kit by our plugins, the pages by the tutorial
def test_scaffold_passes_its_tests(tmp_path: Path, postgres: str) -> None:
    """Found as an installed distribution is, without installing it."""
    create_plugin("abc", tmp_path)
    folder = tmp_path / "gongzhi-abc"
    info = folder / "gongzhi_abc-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gongzhi-abc\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[gongzhi.plugins]\nabc = gongzhi_abc\n")
    said = run(sys.executable, "-m", "pytest", "-q", cwd=folder, PYTHONPATH=path(folder), GONGZHI_TEST_DSN=postgres)
    assert PASSED in said, said


PIP = ("-m", "pip", "-qq", "--disable-pip-version-check")
OURS = sorted(one.parent.name for one in (ROOT / "plugins").glob("[!_]*/pyproject.toml"))


def wheel(project: Path, into: Path) -> None:
    run(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", into, project, cwd=into)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with what is here."""
    return environment(ROOT, tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="session")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the oldest contract that the template promises to work with, and its server."""
    if not (tags := releases()):
        pytest.skip("nothing is released, so the oldest contract is the present one")
    folder = tmp_path_factory.mktemp("oldest")
    return environment(source(tags[0], folder / "source"), folder)


def libraries(folder: Path) -> Path:
    """What is installed here, without what is ours: plugins of ours would be found and not be there."""
    folder.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if "gongzhi" not in one.name:
            (folder / one.name).symlink_to(one)
    return folder


def environment(root: Path, folder: Path) -> Path:
    """An environment with the wheels of this source; third-party libraries are those of this environment."""
    wheels = folder / "wheels"
    wheels.mkdir()
    wheel(root / "schema", wheels)
    wheel(root, wheels)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    Path(site, "libraries.pth").write_text(str(libraries(folder / "libraries")))
    install = ("install", "--no-deps", "--no-index", "-f", wheels, "--ignore-installed")
    run(python, *PIP, *install, "gongzhi", "gongzhi-server", cwd=folder)
    script = python.with_name("pytest")  # the library is there, its program is not
    script.write_text(f"#!{python}\nimport pytest\nraise SystemExit(pytest.main())\n")
    script.chmod(0o755)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("contract", ["oldest", "clean"])
def test_wheel_works_in_a_clean_environment(
    contract: str, request: pytest.FixtureRequest, tmp_path: Path, postgres: str
) -> None:
    """A plugin as the template has it today, beside the oldest contract it promises to work with, and the newest."""
    place: Path = request.getfixturevalue(contract)
    create_plugin("road_watch", tmp_path)
    folder = tmp_path / "gongzhi-road-watch"
    with installed_python(place, folder) as python:
        listed = run(python.with_name("gongzhi"), "plugin", "list", cwd=tmp_path)
        assert listed == "road_watch  gongzhi-road-watch 0.1.0  INACTIVE\n"
        said = run(python, "-m", "pytest", "-q", "tests", cwd=folder, GONGZHI_TEST_DSN=postgres)
        assert PASSED in said, said


@contextmanager
def installed_python(place: Path, *projects: Path) -> Iterator[Path]:
    """The Python of an environment in which the wheels of these projects are installed for a while."""
    python, into = place / "venv" / "bin" / "python", place / f"wheels-{uuid4().hex}"
    into.mkdir()
    for project in projects:
        wheel(project, into)
    run(python, *PIP, "install", "--no-deps", "--no-index", *sorted(into.glob("*.whl")), cwd=into)
    try:
        yield python
    finally:
        run(python, *PIP, "uninstall", "-y", *(project.name for project in projects), cwd=into)


@pytest.mark.slow
def test_wheel_works_beside_ours(clean: Path, tmp_path: Path, postgres: str) -> None:
    """Its types, fields, mutation, handler and job, with every plugin of ours installed as a wheel, too."""
    create_plugin("road_watch", tmp_path)
    folder, ours = tmp_path / "gongzhi-road-watch", tmp_path / "ours"
    projects = [folder, *(copy_plugin(name, ours) for name in OURS)]
    with installed_python(clean, *projects) as python:
        listed = run(python.with_name("gongzhi"), "plugin", "list", cwd=tmp_path).splitlines()
        assert sorted(line.split()[0] for line in listed) == sorted([*OURS, "road_watch"])
        said = run(python, "-m", "pytest", "-q", "tests", cwd=folder, GONGZHI_TEST_DSN=postgres)
        assert PASSED in said, said


@pytest.mark.slow
def test_ours_conform_as_wheels(clean: Path, tmp_path: Path, postgres: str) -> None:
    """What the wheels hold is enough: of each plugin nothing but its tests of conformance is beside them."""
    for name in OURS:
        shutil.copytree(ROOT / "plugins" / name / "tests", tmp_path / name, ignore=only_conformance)
    options = ["-rs", "-n", "2", "--dist", "loadfile", "--import-mode=importlib", "-p", "no:randomly", "-W", "error"]
    options += ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    with installed_python(clean, *(copy_plugin(name, tmp_path / "ours") for name in OURS)) as python:
        said = run(python, "-m", "pytest", "-q", *options, *OURS, cwd=tmp_path, timeout=3600, GONGZHI_TEST_DSN=postgres)
        skipped = [line for line in said.splitlines() if line.startswith("SKIPPED")]
        assert " passed" in said and all("it has no tables" in line for line in skipped), said


def only_conformance(folder: str, names: list[str]) -> set[str]:
    """Name what the tests of conformance do without."""
    return set(names) - {"test_conformance.py", "additions.graphql"}


@pytest.mark.slow
def test_conformance_finds_a_clash(clean: Path, tmp_path: Path, postgres: str) -> None:
    """A vendor whose field one of ours has already: its own tests say so, and whose it is."""
    create_plugin("road_watch", tmp_path)
    folder = tmp_path / "gongzhi-road-watch"
    types = folder / "gongzhi_road_watch" / "types.py"
    types.write_text(types.read_text().replace("road_watch_noted=", "points="))
    ours = (
        copy_plugin(name, tmp_path / "ours") for name in ("deadlines", "disclosure", "points", "resolutions", "rights")
    )
    with installed_python(clean, folder, *ours) as python:
        command = [python, "-m", "pytest", "-q", "-x", "tests", "-k", "additions"]
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=1200)
        assert ended.returncode == 1
        assert "plugin 'road_watch' (gongzhi-road-watch 0.1.0): Person.points is already added by 'points'" in (
            ended.stdout
        )


def copy_plugin(name: str, into: Path) -> Path:
    """One of our plugins under the name of its distribution; building leaves nothing in the tree."""
    return Path(shutil.copytree(ROOT / "plugins" / name, into / f"gongzhi-{name}"))


@pytest.mark.slow
def test_pip_refuses_another_contract(clean: Path, tmp_path: Path) -> None:
    create_plugin("future", tmp_path)
    project = tmp_path / "gongzhi-future" / "pyproject.toml"
    project.write_text(project.read_text().replace("gongzhi>=0.2,<0.3", "gongzhi>=2"))
    wheel(project.parent, tmp_path)
    [made] = tmp_path.glob("*.whl")
    python = clean / "venv" / "bin" / "python"
    command = [python, "-m", "pip", "install", "--no-index", "-f", clean / "wheels", made]
    refused = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert refused.returncode != 0 and "gongzhi>=2" in refused.stderr


def test_releases_are_found_by_their_tags(tmp_path: Path) -> None:
    """Those the template may be installed beside; what a release was built from comes from its tag."""
    git = ("git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    run(*git, "init", "-q", cwd=tmp_path)
    for tag in ("v0.2.10", "v0.2.2", "v0.3.0", "v0.1.9", "very-old"):
        (tmp_path / "VERSION").write_text(tag)
        run(*git, "add", "VERSION", cwd=tmp_path)
        run(*git, "commit", "-q", "-m", tag, cwd=tmp_path)
        run(*git, "tag", tag, cwd=tmp_path)
    assert releases(tmp_path) == ["v0.2.2", "v0.2.10"]
    assert (source("v0.2.2", tmp_path / "old", tmp_path) / "VERSION").read_text() == "v0.2.2"


def test_template_is_found() -> None:
    assert (template_folder() / "pyproject.toml").exists()
