"""`logtriage init` against a project on loopback: what it finds, what it says is lacking, and what it writes."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import yaml

from collector.sources.base import process_settings
from logtriage.config import load_config
from tests.support.command_line import Run
from tests.support.google_cloud import PLANTED, REGIONS, GoogleCloud, serve_google_cloud
from tests.support.google_rest_server import ACCOUNT
from tests.support.grpc_faults import Refuse
from tests.support.log_entries import make_entries

_NS = 10**9


@pytest.fixture(scope="module")
def shared() -> Iterator[GoogleCloud]:
    with serve_google_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(shared: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GoogleCloud]:
    """The project, all well; what a test changes is put back."""
    kept = dict(vars(shared.rest))
    granted = set(shared.rest.granted)
    shared.enter(monkeypatch, tmp_path)
    process_settings.cache_clear()  # the quota of a minute is for this test alone
    yield shared
    vars(shared.rest).update(kept | {"granted": granted, "refusals": {}})


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_tells_what_is_there_and_writes_a_config_that_loads(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    done = run("init")

    assert (done.returncode, done.stderr) == (0, "")
    told = words(done.stdout)
    assert told.startswith(f"demo-stage (project of the credentials) as {ACCOUNT}")
    assert "3 services in europe-west4 and us-east1; 6 revisions kept" in told
    assert "request logs and audit logs: there" in told
    assert "entries of the last 24 h: 8 reads at 60 a minute" in told
    assert "traces: at least" in told
    assert "MAY read all of it" in told
    assert told.endswith("NEXT logtriage collect logtriage report logtriage digest --dry-run logtriage doctor")
    sources = yaml.safe_load((tmp_path / "config.yaml").read_text())["sources"]
    assert [one["kind"] for one in sources] == ["cloud_run", "cloud_logging", "cloud_trace"]
    assert sources[0]["locations"] == list(REGIONS)
    assert len(load_config(tmp_path / "config.yaml").sources) == 3


def test_a_key_that_vanished_is_told_with_the_command_that_restores_it(cloud: GoogleCloud, run: Run) -> None:
    done = run("init")

    told = words(done.stdout)
    assert re.search(r"GONE orders \(europe-west4\) 00002-abc [\d: -]+ drops PAY_KEY: present in the revision", told)
    assert (
        "gcloud run services update orders --project=demo-stage --region=europe-west4 "
        "--update-secrets=PAY_KEY=pay-key:7" in done.stdout
    )
    assert told.count(" drops ") == 1
    assert "still in billing and orders (us-east1)" in told


def test_no_value_of_a_variable_is_told_or_written(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    done = run("init")

    written = "".join(path.read_text() for path in tmp_path.iterdir() if path.suffix == ".yaml")
    assert PLANTED not in done.stdout + done.stderr + written
    assert not list(tmp_path.glob("*.duckdb*"))


def test_one_region_is_read_where_one_is_named(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    done = run("init", "--location", "us-east1", "--output", "east.yaml")

    assert "1 service in us-east1; 2 revisions kept" in words(done.stdout)
    assert "no key vanished" in words(done.stdout)
    assert "logtriage collect --config east.yaml" in done.stdout
    assert yaml.safe_load((tmp_path / "east.yaml").read_text())["sources"][0]["locations"] == ["us-east1"]


def test_each_region_is_asked_where_all_at_once_are_refused(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.takes_wildcard = False

    assert "3 services in europe-west4 and us-east1" in words(run("init").stdout)


def test_a_permission_that_lacks_comes_with_the_smallest_role(cloud: GoogleCloud, run: Run) -> None:
    cloud.rest.granted.discard("cloudtrace.traces.list")
    cloud.traces.faults.queue(Refuse(grpc.StatusCode.PERMISSION_DENIED, "denied"))

    done = run("init")

    assert done.returncode == 0
    assert "LACKS cloudtrace.traces.list: no traces" in words(done.stdout)
    assert (
        f"gcloud projects add-iam-policy-binding demo-stage --member=serviceAccount:{ACCOUNT} --condition=None "
        "--role=roles/cloudtrace.user" in done.stdout
    )
    assert "3 services" in done.stdout


def test_an_api_that_is_switched_off_is_told_with_the_command(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    cloud.rest.refusals["/services"] = (403, {"error": {"message": "off", "details": details}})

    done = run("init")

    assert "gcloud services enable run.googleapis.com" in words(done.stdout)
    text = (tmp_path / "config.yaml").read_text()
    assert "#  - kind: cloud_run" in text
    assert [one["kind"] for one in yaml.safe_load(text)["sources"]] == ["cloud_logging", "cloud_trace"]


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"items": [{"metadata": {"name": "a", "labels": []}}, 7], "unreachable": {"a": 1}, "metadata": 3},
        {"items": [{"metadata": {"name": "a", "labels": {"cloud.googleapis.com/location": "x: [\x1b[31m"}}}]},
    ],
)
def test_an_answer_of_another_shape_finds_nothing_and_breaks_nothing(
    cloud: GoogleCloud, run: Run, tmp_path: Path, said: object
) -> None:
    cloud.rest.refusals["/services"] = (200, said)

    done = run("init")

    assert (done.returncode, done.stderr) == (0, "")
    assert "no service of Cloud Run was found" in done.stdout
    assert "\x1b" not in done.stdout
    assert load_config(tmp_path / "config.yaml").sources


def test_in_a_wrong_project_nothing_is_granted(cloud: GoogleCloud, run: Run) -> None:
    refuse = Refuse(grpc.StatusCode.PERMISSION_DENIED, "denied")
    cloud.logs.faults.queue(refuse)
    cloud.traces.faults.queue(refuse)

    done = run("init", "--project", "some-other")

    assert done.returncode == 0
    told = words(done.stdout)
    assert "LACKS" in told
    assert "there is no project `some-other`, or this account may see nothing of it" in told


def test_without_credentials_it_says_what_to_run_and_writes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _hide_credentials(monkeypatch, tmp_path)

    done = run("init", "--project", "demo-stage")

    assert done.returncode == 1
    assert "Run `gcloud auth application-default login`" in done.stderr
    assert not (tmp_path / "config.yaml").exists()


def test_with_no_input_it_writes_a_template_that_loads(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _hide_credentials(monkeypatch, tmp_path)

    done = run("init", "--no-input")

    assert done.returncode == 0
    assert "gcloud auth application-default login" in words(done.stdout)
    assert "edit config.yaml" in done.stdout
    assert load_config(tmp_path / "config.yaml").sources == ()
    uncommented = re.sub(r"(?m)^#(  )", r"\1", (tmp_path / "config.yaml").read_text())
    uncommented = uncommented.replace("sources: []", "sources:")
    assert len(yaml.safe_load(uncommented)["sources"]) == 3


def test_with_the_network_gone_it_ends_soon_and_says_so(
    cloud: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = "127.0.0.1:9"
    monkeypatch.setenv(
        "LOGTRIAGE_GOOGLE_ENDPOINTS", f"run={nowhere},logging={nowhere},trace={nowhere},rest=http://{nowhere}"
    )
    begun = time.monotonic()

    done = run("init", "--project", "demo-stage")

    assert done.returncode == 0
    assert time.monotonic() - begun < 45  # the libraries of their own ask again for a minute and more
    assert "is out of reach" in words(done.stdout)
    assert "run `logtriage init --force` once the network is there" in words(done.stdout)
    assert "projects: [demo-stage]" in (tmp_path / "config.yaml").read_text()


def test_a_file_that_is_there_is_overwritten_on_demand_only(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("report:\n  window_hours: 2\n")

    refused = run("init")

    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert (tmp_path / "config.yaml").read_text() == "report:\n  window_hours: 2\n"
    assert run("init", "--force").returncode == 0
    assert "cloud_run" in (tmp_path / "config.yaml").read_text()


def test_the_project_of_the_environment_wins_over_the_credentials(
    cloud: GoogleCloud, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gcloud" / "configurations").mkdir(parents=True)
    (tmp_path / "gcloud" / "active_config").write_text("work\n")
    (tmp_path / "gcloud" / "configurations" / "config_work").write_text("[core]\nproject = demo-stage\n")

    by_gcloud = run("init", "--output", "a.yaml")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "demo-stage")
    by_environment = run("init", "--output", "b.yaml")

    assert "demo-stage (gcloud's active configuration)" in words(by_gcloud.stdout)
    assert "demo-stage (GOOGLE_CLOUD_PROJECT)" in words(by_environment.stdout)


@pytest.mark.parametrize("option", [("--project", "a/b"), ("--location", "Europe")])
def test_a_name_that_can_be_none_is_wrong_usage(run: Run, option: tuple[str, str]) -> None:
    done = run("init", *option)

    assert done.returncode == 2
    assert f"{option[0]} is `{option[1]}`" in done.stderr


def test_many_entries_are_estimated_from_a_few_reads(cloud: GoogleCloud, run: Run, tmp_path: Path) -> None:
    now_ns = time.time_ns()
    with serve_google_cloud(entries=0) as busy:
        busy.logs.add(make_entries(12_000, seed=5, start_ns=now_ns - 23 * 3600 * _NS, end_ns=now_ns - 60 * _NS))
        done = run_with(busy, run, tmp_path)

    found = re.search(r"about ([\d,]+) entries of the last 24 h", words(done))
    assert found
    assert 9_600 < int(found[1].replace(",", "")) < 15_600
    assert len(busy.logs.calls) <= 12


def run_with(busy: GoogleCloud, run: Run, folder: Path) -> str:
    """`init` of another project on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "LOGTRIAGE_GOOGLE_ENDPOINTS",
            f"run={busy.run.endpoint},logging={busy.logs.endpoint},trace={busy.traces.endpoint},rest={busy.rest.url}",
        )
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(busy.rest.account(folder)))
        return run("init").stdout


def _hide_credentials(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(folder))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
