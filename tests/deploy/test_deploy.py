"""What is in deploy/ fits the code: commands, keys, ports, users and files that it names are there."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deploy.slim import slim
from logtriage.cli import app
from logtriage.config import load_config
from tests.deploy.dockerfile import Instruction, instructions

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
COLLECTOR = yaml.safe_load((DEPLOY / "otel-collector.yaml").read_text(encoding="utf-8"))
UNIT = (DEPLOY / "systemd" / "logtriage.service").read_text(encoding="utf-8")
JOB = yaml.safe_load((DEPLOY / "cloud-run" / "job.yaml").read_text(encoding="utf-8"))
ONCE = (DEPLOY / "cloud-run" / "run-once.sh").read_text(encoding="utf-8")
CLUSTER = {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "gke" / "logtriage.yaml").read_text("utf-8"))}
POD = CLUSTER["StatefulSet"]["spec"]["template"]["spec"]
COMMANDS: Any = typer.main.get_command(app)


def only(word: str) -> Instruction:
    """The last instruction of that word: that of the image that is run."""
    return [one for one in DOCKERFILE if one.word == word][-1]


def lock(path: Path) -> dict[str, str]:
    """Versions by package."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_image_copies_what_is_there_and_may_be_sent_to_an_engine() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        word
        for one in DOCKERFILE
        if one.word == "COPY" and "--from" not in one.rest
        for word in one.rest.split()[:-1]
        if not word.startswith("--")
    ]

    assert [name for name in sources if not (ROOT / name).exists()] == []
    assert [name for name in sources if f"!{name}" not in ignored] == []


def test_the_image_installs_what_is_locked_and_no_tool_of_developers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    image, every = lock(DEPLOY / "requirements.lock"), lock(ROOT / "requirements.lock")
    wanted = {re.split(r"[<>=]", one)[0].lower() for one in settings["dependencies"]}
    tools = {re.split(r"[<>=]", one)[0].lower() for one in settings["optional-dependencies"]["dev"]} - {"setuptools"}

    assert wanted <= set(image)
    assert {name: version for name, version in image.items() if every[name] != version} == {}
    assert tools & set(image) == set()


def test_the_image_runs_as_a_user_of_its_own_with_one_place_to_write() -> None:
    user = only("USER").rest

    assert user == "10001:10001"
    assert only("VOLUME").rest == "/data"
    assert "LOGTRIAGE_DB=/data/logtriage.duckdb" in only("ENV").rest
    assert json.loads(only("ENTRYPOINT").rest) == ["logtriage"]
    assert json.loads(only("CMD").rest)[0] in COMMANDS.commands
    assert COMPOSE["services"]["logtriage"]["user"] == user
    assert (
        POD["securityContext"] | {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001} == POD["securityContext"]
    )


@pytest.mark.parametrize(
    "text",
    [
        (DEPLOY / "config.yaml").read_text(encoding="utf-8"),
        CLUSTER["ConfigMap"]["data"]["config.yaml"],
    ],
    ids=["config.yaml", "gke"],
)
def test_the_configurations_hold_and_send_spans_to_the_port_that_is_opened(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")

    config = load_config(path)

    assert config.sources
    assert config.receive.http == "0.0.0.0:4318"
    assert not config.receive.without_token
    assert "4318" in only("EXPOSE").rest
    assert config.telemetry.health == "127.0.0.1:9464"
    assert "http://127.0.0.1:9464/healthz" in str(COMPOSE["services"]["logtriage"]["healthcheck"]["test"])
    # a pod that cannot reach its sources is not mended by another start
    assert "http://127.0.0.1:9464/livez" in str(POD["containers"][0]["livenessProbe"]["exec"])


def test_every_command_that_is_run_is_one() -> None:
    container = JOB["spec"]["template"]["spec"]["template"]["spec"]["containers"][0]
    started = re.findall(r"^(?:    )?logtriage (\w+)", ONCE, re.MULTILINE)
    unit = re.findall(r"^ExecStart=\S+/logtriage (\w+)", UNIT, re.MULTILINE)
    words = [*started, *unit, *COMPOSE["services"]["logtriage"]["command"], *POD["containers"][0]["args"]]

    assert started == ["restore", "daemon", "backup"]
    assert [word for word in words if word not in COMMANDS.commands] == []
    assert container["command"] == ["logtriage-run-once"]
    assert any(one.rest.endswith("run-once.sh /opt/logtriage/bin/logtriage-run-once") for one in DOCKERFILE)


def test_whoever_ends_the_daemon_waits_longer_than_it_needs() -> None:
    assert COMPOSE["services"]["logtriage"]["stop_grace_period"] == "15s"
    assert POD["terminationGracePeriodSeconds"] == 15
    assert "TimeoutStopSec=15\n" in UNIT
    assert only("STOPSIGNAL").rest == "SIGTERM"


def test_nothing_is_written_but_to_the_volume_and_nobody_gains_rights() -> None:
    container = POD["containers"][0]["securityContext"]

    for one in COMPOSE["services"].values():
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
    assert container == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "UMask=0077"):
        assert f"\n{line}\n" in UNIT


def test_the_collector_sends_to_the_receiver_with_its_token_and_listens_on_this_machine_only() -> None:
    exporter = COLLECTOR["exporters"]["otlphttp/logtriage"]
    wanted = COLLECTOR["service"]["pipelines"]["traces"]

    assert exporter["endpoint"] == "http://logtriage:4318"
    assert exporter["headers"]["authorization"] == "Bearer ${env:LOGTRIAGE_RECEIVE_TOKEN}"
    assert set(wanted["receivers"]) <= set(COLLECTOR["receivers"])
    assert set(wanted["processors"]) <= set(COLLECTOR["processors"])
    assert set(wanted["exporters"]) <= set(COLLECTOR["exporters"])
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["collector"]["ports"])
    assert "ports" not in COMPOSE["services"]["logtriage"]


def test_a_job_never_runs_twice_at_a_time() -> None:
    task = JOB["spec"]["template"]["spec"]
    seconds = int(task["template"]["spec"]["timeoutSeconds"])

    assert (task["parallelism"], task["taskCount"], task["template"]["spec"]["maxRetries"]) == (1, 1, 0)
    assert seconds < 3600
    assert CLUSTER["StatefulSet"]["spec"]["replicas"] == 1


def test_no_file_holds_a_secret() -> None:
    for path in (one for one in DEPLOY.rglob("*") if one.is_file() and one.suffix not in {".lock", ".pyc"}):
        told = re.findall(r"(?i)(?:token|password)[:=][ \t]*(\S+)", path.read_text(encoding="utf-8"))

        assert [one for one in told if not one.startswith(("${", "$(", "-", "logtriage", "latest"))] == [], path


def test_what_no_program_runs_is_taken_out(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("one/__init__.py", "one/tests/test_a.py", "one/include/a.h", "one/a.pyx", "tests/b.py"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("x", encoding="utf-8")

    gone = slim(tmp_path)

    left = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    assert (gone, left) == (3, ["one/__init__.py", "tests/b.py"])
