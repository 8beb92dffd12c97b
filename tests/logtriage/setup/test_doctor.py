"""`logtriage doctor`: each check, well and not, against real servers on loopback."""

import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from collector.config import StoreConfig
from collector.sources.base import process_settings
from collector.store import Store
from collector.troubles import Trouble, write_troubles
from collector.window import format_ns
from tests.support.command_line import Run
from tests.support.github_server import serve_github
from tests.support.gitlab_server import serve_gitlab
from tests.support.google_cloud import GoogleCloud, serve_google_cloud
from tests.support.google_rest_server import ACCOUNT
from tests.support.grpc_faults import Refuse
from tests.support.jira_server import serve_jira
from tests.support.receiver import Reply, serve_http
from tests.support.slack_server import TOKEN, serve_slack
from tests.support.smtp_server import serve_mail

_DENIED = Refuse(grpc.StatusCode.PERMISSION_DENIED, "denied")


@pytest.fixture(scope="module")
def shared() -> Iterator[GoogleCloud]:
    with serve_google_cloud(entries=30) as cloud:
        yield cloud


@pytest.fixture
def cloud(shared: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GoogleCloud]:
    """The project with a config.yaml of its three sources; what a test changes is put back."""
    kept = dict(vars(shared.rest))
    granted = set(shared.rest.granted)
    shared.enter(monkeypatch, tmp_path)
    (tmp_path / "account.json").chmod(0o600)
    process_settings.cache_clear()
    (tmp_path / "config.yaml").write_text(
        "sources:\n"
        f"  - {{kind: cloud_run, name: revisions, projects: [demo-stage], locations: [europe-west4, us-east1], "
        f"endpoint: '{shared.run.endpoint}', insecure: true}}\n"
        f"  - {{kind: cloud_logging, name: logs, resources: [projects/demo-stage], "
        f"endpoint: '{shared.logs.endpoint}', insecure: true}}\n"
        f"  - {{kind: cloud_trace, name: traces, projects: [demo-stage], "
        f"endpoint: '{shared.traces.endpoint}', insecure: true}}\n"
    )
    yield shared
    vars(shared.rest).update(kept | {"granted": granted, "refusals": {}, "reads_by_minute": []})


def examined(run: Run, *words: str, code: int = 0) -> dict[str, list[dict[str, str]]]:
    """The checks by name."""
    done = run("doctor", "--format", "json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["ok"] == (code == 0)
    found: dict[str, list[dict[str, str]]] = {}
    for one in told["checks"]:
        found.setdefault(one["name"], []).append(one)
    return found


def states(found: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {name: "/".join(one["state"] for one in every) for name, every in found.items()}


def test_all_is_well(cloud: GoogleCloud, run: Run) -> None:
    before = len(cloud.logs.calls)

    found = examined(run)

    assert set(states(found).values()) <= {"ok", "ok/ok"}, found
    assert states(found)["source revisions"] == "ok/ok"
    assert found["credentials"][0]["told"].startswith(f"logged in as {ACCOUNT}; the token is good for")
    assert [call.page_size for call in cloud.logs.calls[before:]] == [1]


def test_the_page_tells_of_each_check(cloud: GoogleCloud, run: Run) -> None:
    page = (Path(__file__).parents[3] / "docs" / "start.md").read_text(encoding="utf-8")
    told = set(re.findall(r"[a-z]+", " ".join(re.findall(r"(?m)^\| ([a-z, ]+)(?: NAME)? \|", page))))

    assert {name.split()[0] for name in examined(run)} <= told


def test_on_a_terminal_each_check_is_a_line_and_what_to_do_stays_whole(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.granted.discard("run.revisions.list")

    done = run("doctor")

    assert done.returncode == 1
    command = f"`gcloud projects add-iam-policy-binding demo-stage --member=serviceAccount:{ACCOUNT} --condition=None"
    assert f"-> Run {command} --role=roles/run.viewer`." in done.stdout
    assert "ok    config" in done.stdout
    assert done.stdout.endswith("1 failed\n")


def test_a_source_that_may_not_be_read_fails_alone(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.granted.discard("cloudtrace.traces.list")
    cloud.traces.faults.queue(_DENIED)

    found = examined(run, code=1)

    assert states(found)["permissions"] == "fail"
    assert states(found)["source traces"] == "fail"
    assert "roles/cloudtrace.user" in found["source traces"][0]["todo"]
    assert states(found)["source logs"] == "ok"


def test_one_region_of_two_that_is_refused_is_told(cloud: GoogleCloud, run: Run) -> None:
    cloud.run.faults.queue(None, None, Refuse(grpc.StatusCode.PERMISSION_DENIED, "off", reason="SERVICE_DISABLED"))

    found = examined(run, code=1)

    assert states(found)["source revisions"] == "ok/fail"
    assert "gcloud services enable run.googleapis.com" in found["source revisions"][1]["todo"]


def test_resource_manager_that_is_switched_off_is_no_failure(cloud: GoogleCloud, run: Run) -> None:
    details = [{"reason": "SERVICE_DISABLED"}]
    cloud.rest.refusals["testIam"] = (403, {"error": {"message": "off", "details": details}})

    found = examined(run)

    assert states(found)["permissions"] == "warn"
    assert "gcloud services enable cloudresourcemanager.googleapis.com" in found["permissions"][0]["todo"]


def test_without_credentials_it_says_what_to_run(cloud: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")

    found = examined(run, code=1)

    assert found["credentials"][0]["state"] == "fail"
    assert "gcloud auth application-default login" in found["credentials"][0]["todo"]


def test_a_login_that_is_over_fails(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.login_status = 400

    found = examined(run, code=1)

    assert "gcloud auth application-default login" in found["credentials"][0]["told"]


def test_with_the_network_gone_it_ends_soon(cloud: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_GOOGLE_ENDPOINTS", "rest=http://127.0.0.1:9")
    begun = time.monotonic()

    found = examined(run, code=1)

    assert time.monotonic() - begun < 45  # the libraries of their own ask again for a minute and more
    assert states(found)["permissions"] == "fail"
    assert "Check the network" in found["permissions"][0]["todo"]
    assert states(found)["source logs"] == "warn"


def test_a_quota_that_others_use_up_is_told(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.reads_by_minute = [3, 55, 12]

    found = examined(run)

    assert found["quota"][0]["state"] == "warn"
    assert "all who read them made 55" in found["quota"][0]["told"]


def test_without_the_permission_the_use_of_the_quota_stays_unknown(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.granted.discard("monitoring.timeSeries.list")

    assert "`monitoring.timeSeries.list` would tell" in examined(run)["quota"][0]["told"]


@pytest.mark.parametrize(("behind_s", "state"), [(0, "ok"), (20, "warn"), (300, "fail"), (-300, "fail")])
def test_a_clock_that_is_wrong_is_told(cloud: GoogleCloud, run: Run, behind_s: float, state: str) -> None:
    cloud.rest.behind_s = behind_s

    clock = examined(run, code=int(state == "fail"))["clock"][0]

    assert clock["state"] == state
    if behind_s:
        told = re.search(r"(\d+) s (ahead of|behind) Google's clock", clock["told"])
        assert told is not None
        assert told[2] == ("ahead of" if behind_s > 0 else "behind")
        assert abs(int(told[1]) - abs(behind_s)) <= 5  # a busy machine takes its time to ask


def test_a_mistake_in_the_settings_is_all_that_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("report:\n  windowhours: 2\nstore:\n  threads: many\n")

    found = examined(run, code=1)

    assert list(found) == ["config"]
    assert ["windowhours is no known key" in one["told"] for one in found["config"]].count(True) == 1
    assert len(found["config"]) == 2


def test_without_settings_it_names_init(run: Run) -> None:
    found = examined(run)

    assert found["config"][0]["todo"] == "Run `logtriage init`."


def test_a_store_that_is_open_to_others_and_its_key_that_is_gone_are_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "logtriage.duckdb"
    an_hour_ago_ns = time.time_ns() - 3600 * 10**9
    write_troubles(Store(StoreConfig(path=path)), [Trouble("disk", "/data", an_hour_ago_ns, False, "3 MiB are left.")])
    path.chmod(0o640)

    found = examined(run)

    assert states(found)["key"] == "warn"
    assert states(found)["store"] == "ok/warn"
    assert found["store"][1]["todo"] == "Run `chmod 600 logtriage.duckdb`."
    assert "3 MiB are left" in found["blindness"][0]["told"]
    assert found["blindness"][0]["told"].endswith(f", since {format_ns(an_hour_ago_ns)}")


def test_a_file_that_is_no_database_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logtriage.duckdb").write_text("this is a diary, and no database")

    found = examined(run, "--store", code=1)

    assert states(found)["store"] == "fail"
    assert "is no DuckDB database" in found["store"][0]["told"]
    assert "fail" in states(found)["store file"]


def test_a_daemon_that_runs_is_told_by_its_lock(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logtriage.duckdb.daemon").write_text("4711\n")

    assert "does not run" in examined(run)["daemon"][0]["told"]
    with (tmp_path / "logtriage.duckdb.daemon").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert examined(run)["daemon"][0]["told"] == "runs (process 4711)"


def test_an_address_that_is_taken_fails_unless_the_daemon_runs(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "config.yaml").write_text(f"receive:\n  http: {address}\n")

        assert "address already in use" in examined(run, code=1)["receiver"][0]["told"]
        with (tmp_path / "logtriage.duckdb.daemon").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            assert examined(run)["receiver"][0]["told"].startswith(f"`{address}` is taken, as the daemon runs")


def test_an_address_that_others_reach_needs_a_token(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("receive:\n  http: 0.0.0.0:0\n")

    assert "LOGTRIAGE_RECEIVE_TOKEN" in examined(run, code=1)["receiver"][0]["todo"]
    monkeypatch.setenv("LOGTRIAGE_RECEIVE_TOKEN", "a-token")
    told = examined(run)["receiver"][0]["told"]
    assert "others need the token" in told
    assert "a-token" not in told


def test_what_the_daemon_says_of_itself_is_told(run: Run, tmp_path: Path) -> None:
    said = [Reply(200, {"status": "ok"}), Reply(503, {"status": "failing", "why": "collect stands still"})]
    with serve_http(lambda _request: said.pop(0)) as health:
        address = health.url.removeprefix("http://").partition("/")[0]
        (tmp_path / "config.yaml").write_text(f"telemetry:\n  health: {address}\n")

        assert examined(run)["health"][0]["told"] == f"`{address}` says that the daemon does its work"
        assert "collect stands still" in examined(run, code=1)["health"][0]["told"]
    assert examined(run)["health"][0]["told"] == f"`{address}` answers while the daemon runs"
    with (tmp_path / "logtriage.duckdb.daemon").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "does not answer" in examined(run, code=1)["health"][0]["told"]


def test_a_health_address_that_others_reach_has_to_be_allowed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("telemetry:\n  health: 0.0.0.0:9\n")

    assert "telemetry.beyond_this_machine" in examined(run, code=1)["health"][0]["todo"]


def channels(tmp_path: Path, *every: dict[str, Any]) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps({"digest": {"channels": every}}))


def test_each_channel_is_asked_what_changes_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve_slack() as slack,
        serve_github() as github,
        serve_gitlab() as gitlab,
        serve_jira() as jira,
        serve_mail() as mail,
    ):
        monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", TOKEN)
        monkeypatch.setenv("LOGTRIAGE_GITHUB_TOKEN", "github_pat_" + "x" * 22)
        monkeypatch.setenv("LOGTRIAGE_GITLAB_TOKEN", gitlab.token)
        monkeypatch.setenv("LOGTRIAGE_JIRA_TOKEN", jira.token)
        monkeypatch.setenv("JIRA_USER", jira.user)
        monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", "http://127.0.0.1:9/hook")
        channels(
            tmp_path,
            {"kind": "slack", "channel": "C0123456789", "api_url": slack.url},
            {"kind": "github", "repository": "acme/shop", "api_url": github.url},
            {"kind": "gitlab", "project": gitlab.project, "url": gitlab.url},
            {"kind": "jira", "project": jira.project, "url": jira.url, "user_env": "JIRA_USER"},
            {"kind": "webhook"},
            {
                "kind": "email", "host": "127.0.0.1", "port": mail.port, "security": "none", "from": "a@b.test",
                "to": ["c@d.test"],
            },
        )  # fmt: skip

        found = examined(run)

        told = {name: one[0]["told"] for name, one in found.items() if name.startswith("channel ")}
        assert told == {
            "channel slack": "Slack accepts the token",
            "channel github": "GitHub shows the issues of the repository",
            "channel gitlab": "GitLab shows the issues of the project",
            "channel jira": "Jira accepts the token",
            "channel webhook": "has its address; nothing is posted to try it",
            "channel email": "the mail server answers",
        }
        assert [method for method, _ in slack.asked] == ["auth.test"]
        assert not github.issues
        assert not gitlab.issues


def test_a_channel_without_its_secret_or_with_a_wrong_one_fails(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_slack() as slack:
        monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", "xoxb-planted-wrong")
        channels(
            tmp_path,
            {"kind": "slack", "channel": "C0123456789", "api_url": slack.url},
            {"kind": "webhook"},
        )  # fmt: skip

        found = examined(run, code=1)

    assert found["channel slack"][0]["state"] == "fail"
    assert "invalid_auth" in found["channel slack"][0]["told"]
    assert found["channel webhook"][0]["todo"] == "Set it."
    assert "planted" not in json.dumps(found)


def test_templates_and_known_signatures_of_your_own_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.md.j2").write_text("{% if %}")
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / "ours.yaml").write_text("signatures: 3\n")
    (tmp_path / "config.yaml").write_text("report:\n  templates: mine\n")

    found = states(examined(run, code=1))

    assert (found["templates"], found["known"]) == ("fail", "fail")


def test_credentials_that_others_can_read_are_told(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    (tmp_path / "account.json").chmod(0o644)

    found = examined(run)

    assert states(found)["credentials"] == "warn/ok"
    assert found["credentials"][0]["todo"] == f"Run `chmod 600 {tmp_path / 'account.json'}`."
    assert os.access(tmp_path / "account.json", os.R_OK)
