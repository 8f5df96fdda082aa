"""Files for those who deploy: what they name is there, and says of a server what the server understands."""

from __future__ import annotations

import configparser
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from gongzhi_server import cli
from gongzhi_server.management.endpoints import Management
from typer.main import get_command

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
KUBERNETES = ROOT / "deploy" / "kubernetes" / "gongzhi.yaml"
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
FILES = [COMPOSE, KUBERNETES, *UNITS]
COMMANDS = set(get_command(cli.app).commands)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8")))


def one(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [each for each in objects if each["kind"] == kind]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_variables_are_settings(file: Path) -> None:
    """A name that is written wrong would be passed over in silence. The page's tables are made from the code."""
    known = set(re.findall(r"`(GONGZHI_\w+)`", (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")))
    assert set(re.findall(r"\bGONGZHI_[A-Z]\w+", file.read_text(encoding="utf-8"))) <= known | {"GONGZHI_MODE"}


def test_composed_parts_are_there(composed: dict[str, Any]) -> None:
    """Compose refuses a file that names what is not in it; no engine runs here to say so."""
    services = composed["services"]
    kinds = {"services", "volumes", "networks", "configs", "secrets", "name", "include"}
    assert {name for name in composed if not name.startswith("x-")} <= kinds
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert set(service.get("networks", ())) <= set(composed["networks"])
        assert {each["source"] for each in service.get("configs", ())} <= set(composed["configs"])
        named = [each.partition(":")[0] for each in service.get("volumes", ())]
        assert {name for name in named if not name.startswith(".")} <= set(composed["volumes"])
        assert ("image" in service) != ("build" in service)


def test_composed_variables_are_told(composed: dict[str, Any]) -> None:
    """What has to be in .env is at the top of the file."""
    text = COMPOSE.read_text(encoding="utf-8")
    head = text.partition("x-server")[0]
    assert all(name in head for name in re.findall(r"\$\{(\w+):\?", text))


def test_composed_tables_are_brought_up_to_date_once(composed: dict[str, Any]) -> None:
    migrate, server = composed["services"]["migrate"], composed["services"]["server"]
    assert migrate["command"] == ["gongzhi", "migrate"] and migrate["restart"] == "no"
    assert server["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert server["deploy"]["replicas"] == 2 and server["environment"]["GONGZHI_URL"].startswith("https://")


def test_composed_server_is_asked_whether_it_is_ready(composed: dict[str, Any]) -> None:
    server = composed["services"]["server"]
    assert "9100/ready" in server["healthcheck"]["test"][-1]
    compile(server["healthcheck"]["test"][-1], "healthcheck", "exec")
    # The proxies that are believed are those of the network that is made here.
    [network] = composed["networks"]["inside"]["ipam"]["config"]
    assert server["environment"]["GONGZHI_PROXIES"] == network["subnet"]


def test_proxy_takes_the_largest_file(composed: dict[str, Any]) -> None:
    """Fifty megabytes, and what a form adds."""
    assert "max_size 51MB" in composed["configs"]["proxy"]["content"]
    assert "proxy-body-size: 51m" in KUBERNETES.read_text(encoding="utf-8")


def test_kubernetes_takes_the_objects(objects: list[dict[str, Any]]) -> None:
    """By the schemas of Kubernetes itself, without fields that it does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how the package finds its schemas
        import kubernetes_validate
    for each in objects:
        kubernetes_validate.validate(each, "1.34", strict=True)
    assert {each["kind"] for each in objects} >= {"Job", "Deployment", "Service", "Ingress", "NetworkPolicy"}


def test_kubernetes_asks_what_is_answered(objects: list[dict[str, Any]]) -> None:
    [server] = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    [migrate] = one(objects, "Job")["spec"]["template"]["spec"]["containers"]
    probes = {name: server[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/live", "liveness": "/live", "readiness": "/ready"}
    assert all(hasattr(Management, path.removeprefix("/")) for path in probes.values())
    assert server["image"] == migrate["image"] and migrate["args"] == ["gongzhi", "migrate"]
    ports = {each["name"]: each["containerPort"] for each in server["ports"]}
    listener = one(objects, "ConfigMap")["data"]["GONGZHI_MANAGEMENT"]
    assert ports == {"http": 8000, "management": int(listener.rpartition(":")[2])}


def test_kubernetes_gives_no_more_than_needed(objects: list[dict[str, Any]]) -> None:
    for kind in ("Deployment", "Job"):
        pod = one(objects, kind)["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] and context["capabilities"] == {"drop": ["ALL"]}
            assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_units_run_what_there_is(file: Path) -> None:
    # "strict=False": a variable may be set on several lines. No interpolation: % is systemd's own.
    unit = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(file, encoding="utf-8")
    assert {"Unit", "Service"} <= set(unit.sections()) <= {"Unit", "Service", "Install"}
    program, command = unit["Service"]["ExecStart"].split()[:2]
    assert program.endswith("/bin/gongzhi") and command in COMMANDS
    assert unit["Service"]["User"] == "gongzhi" and unit["Service"]["ProtectSystem"] == "strict"
    named = re.findall(r"\S+\.service", " ".join(unit["Unit"].get(name, "") for name in ("Requires", "After")))
    ours = {name for name in named if name.startswith("gongzhi")}
    assert ours <= {one.name for one in UNITS}
