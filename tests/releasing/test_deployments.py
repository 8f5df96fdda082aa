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
from gongzhi_server.settings import Settings
from gongzhi_server.storage.connection_shares import count_connections
from typer.main import get_command

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
KUBERNETES = ROOT / "deploy" / "kubernetes" / "gongzhi.yaml"
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
FILES = [COMPOSE, KUBERNETES, *sorted(SYSTEMD.iterdir())]
COMMANDS = set(get_command(cli.app).commands)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8")))


def one(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    [found] = [each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])]
    return found


def container_of(objects: list[dict[str, Any]], role: str) -> dict[str, Any]:
    [found] = one(objects, "Deployment", f"gongzhi-{role}")["spec"]["template"]["spec"]["containers"]
    return dict(found)


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
    services = composed["services"]
    assert services["migrate"]["command"] == ["gongzhi", "migrate"] and services["migrate"]["restart"] == "no"
    for process in (services["web"], services["work"]):
        assert process["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert process["environment"]["GONGZHI_URL"].startswith("https://")


def test_composed_processes_have_roles(composed: dict[str, Any]) -> None:
    """Two answer and one works; both have the settings of all, and the database has room for their connections."""
    web, work = composed["services"]["web"], composed["services"]["work"]
    assert (web["environment"]["GONGZHI_ROLE"], work["environment"]["GONGZHI_ROLE"]) == ("web", "work")
    assert web["deploy"]["replicas"] == 2 and "deploy" not in work
    assert web["environment"] | {"GONGZHI_ROLE": "work"} == work["environment"]
    [room] = re.findall(r"max_connections=(\d+)", " ".join(composed["services"]["database"]["command"]))
    reserved = 3  # for superusers, by PostgreSQL's own default
    chosen = Settings(data=ROOT, mode="production", secret="x" * 32)
    assert 3 * count_connections(chosen) + reserved <= int(room)
    assert "dynamic a web 8000" in composed["configs"]["proxy"]["content"]


def test_composed_processes_are_asked_whether_they_are_ready(composed: dict[str, Any]) -> None:
    [network] = composed["networks"]["inside"]["ipam"]["config"]
    for process in (composed["services"]["web"], composed["services"]["work"]):
        assert "9100/ready" in process["healthcheck"]["test"][-1]
        compile(process["healthcheck"]["test"][-1], "healthcheck", "exec")
        assert process["environment"]["GONGZHI_MANAGEMENT"].endswith(":9100")
        # The proxies that are believed are those of the network that is made here.
        assert process["environment"]["GONGZHI_PROXIES"] == network["subnet"]


def test_image_is_asked_on_the_port_for_machines() -> None:
    """A process that only works answers nowhere else."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    [asked] = re.findall(r'HEALTHCHECK .*CMD \["python", "-c", *"(.*)"\]', text)
    compile(asked, "healthcheck", "exec")
    assert "GONGZHI_MANAGEMENT" in asked and "/live" in asked
    assert re.search(r"GONGZHI_MANAGEMENT=127\.0\.0\.1:9100", text)


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


@pytest.mark.parametrize("role", ["web", "work"])
def test_kubernetes_asks_what_is_answered(objects: list[dict[str, Any]], role: str) -> None:
    process = container_of(objects, role)
    [migrate] = one(objects, "Job")["spec"]["template"]["spec"]["containers"]
    probes = {name: process[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/live", "liveness": "/live", "readiness": "/ready"}
    assert all(hasattr(Management, path.removeprefix("/")) for path in probes.values())
    assert process["image"] == migrate["image"] and migrate["args"] == ["gongzhi", "migrate"]
    ports = {each["name"]: each["containerPort"] for each in process["ports"]}
    listener = one(objects, "ConfigMap")["data"]["GONGZHI_MANAGEMENT"]
    answering = {"http": 8000} if role == "web" else {}
    assert ports == answering | {"management": int(listener.rpartition(":")[2])}


def test_kubernetes_clears_away_each_night(objects: list[dict[str, Any]]) -> None:
    [nightly] = one(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert nightly["args"] == ["gongzhi", "retention", "run"]
    assert nightly["image"] == container_of(objects, "web")["image"]


def test_kubernetes_has_roles(objects: list[dict[str, Any]]) -> None:
    """Callers reach those that answer alone, and of each role one stays while nodes are emptied."""
    for role in ("web", "work"):
        assert {"name": "GONGZHI_ROLE", "value": role} in container_of(objects, role)["env"]
        labels = {"app": "gongzhi", "role": role}
        process = one(objects, "Deployment", f"gongzhi-{role}")["spec"]
        assert process["replicas"] == 2 and process["template"]["spec"]["terminationGracePeriodSeconds"] > 20
        assert process["selector"]["matchLabels"] == process["template"]["metadata"]["labels"] == labels
        assert one(objects, "PodDisruptionBudget", f"gongzhi-{role}")["spec"]["selector"]["matchLabels"] == labels
    assert one(objects, "Service")["spec"]["selector"] == {"app": "gongzhi", "role": "web"}


def test_kubernetes_gives_no_more_than_needed(objects: list[dict[str, Any]]) -> None:
    kinds = [each["spec"] for each in objects if each["kind"] in ("Deployment", "Job")]
    kinds += [each["spec"]["jobTemplate"]["spec"] for each in objects if each["kind"] == "CronJob"]
    assert len(kinds) == 4
    for pod in (each["template"]["spec"] for each in kinds):
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
    for line in re.findall(r"(?m)^ExecStart=(.*)$", file.read_text(encoding="utf-8")):
        program, command = line.split()[:2]
        assert program.endswith("/bin/gongzhi") and command in COMMANDS
    assert unit["Service"]["User"] == "gongzhi" and unit["Service"]["ProtectSystem"] == "strict"
    named = re.findall(r"\S+\.service", " ".join(unit["Unit"].get(name, "") for name in ("Requires", "After")))
    ours = {name for name in named if name.startswith("gongzhi")}
    assert ours <= {one.name for one in UNITS}


def test_timers_start_what_there_is() -> None:
    """A timer starts the unit of its own name; the page says which are switched on."""
    page = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    timers = sorted(SYSTEMD.glob("*.timer"))
    assert timers and all(one.with_suffix(".service") in UNITS and one.name in page for one in timers)


def test_environment_has_what_a_start_needs() -> None:
    """Both processes that answer take each other's tokens, which they do not without the address."""
    names = set(re.findall(r"(?m)^(\w+)=", (SYSTEMD / "environment.example").read_text(encoding="utf-8")))
    assert names == {"DATABASE_URL", "GONGZHI_SECRET", "GONGZHI_KEYS", "GONGZHI_URL", "GONGZHI_PROXIES"}


def test_composed_settings_reach_the_processes(composed: dict[str, Any]) -> None:
    """Settings that the file does not name come from a file of their own, and passwords of NATS reach NATS alone."""
    services = composed["services"]
    for name in ("migrate", "web", "work"):
        assert services[name]["env_file"] == [{"path": "settings.env", "required": False}]
    assert services["nats"]["env_file"] == [{"path": "nats.env", "required": False}]
    assert "sync_interval: always" in composed["configs"]["nats"]["content"]


def test_units_have_roles() -> None:
    """One that answers, by its port, and one that works."""
    text = {file.name: file.read_text(encoding="utf-8") for file in UNITS}
    assert "GONGZHI_ROLE=web" in text["gongzhi-web@.service"] and "PORT=%i" in text["gongzhi-web@.service"]
    assert "GONGZHI_ROLE=work" in text["gongzhi-work.service"] and "PORT" not in text["gongzhi-work.service"]
    for name in ("gongzhi-web@.service", "gongzhi-work.service"):
        assert int(re.findall(r"TimeoutStopSec=(\d+)", text[name])[0]) > 20
