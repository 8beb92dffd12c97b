"""A secret of its own in every place that logtriage reads, then every command; afterwards every byte is searched.

What is searched: standard streams, every file (store, its log, key, locks, reports, backup), what went over the line to
channels, an OTLP receiver and a reader of /metrics. The secrets with which logtriage itself logs in are said back by
servers, which real ones do.
"""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from logtriage.cli import run as run_command
from tests.support.command_line import MAIN
from tests.support.entries import log_entry
from tests.support.otlp import listed, message, request, span
from tests.support.receiver import Reply, Request, serve_http

PROJECT = "demo-stage"
_MAKING = frozenset({"import", "backup", "prune"})  # what makes files runs as a process, with an open umask


@dataclass
class Canaries:
    """Secrets by the place where they were planted, and how each looks."""

    places: dict[str, str] = field(default_factory=dict)

    def __call__(self, place: str, form: str = "{}") -> str:
        assert place not in self.places
        self.places[place] = "c7" + hashlib.sha256(place.encode()).hexdigest()[:22] + "Qz"
        return form.format(self.places[place])

    def found_in(self, data: bytes) -> list[str]:
        """Places whose secret, most of it, or its base64 is in these bytes."""
        return [
            place
            for place, secret in self.places.items()
            if secret[:18].encode() in data or base64.b64encode(secret.encode()).rstrip(b"=") in data
        ]


def _stamp(seconds_ago: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))


def _entries(plant: Canaries) -> Iterator[dict[str, Any]]:
    texts = [
        plant("text: password", "login failed password={}"),
        plant("text: bearer", "refused Authorization: Bearer {}"),
        plant("text: address", "cannot open postgres://app:{}@10.0.0.3:5432/shop"),
        plant("text: flag", "ran sync --api-key {} and failed"),
        plant("text: exported", "export DB_PASSWORD='{}'"),
        plant("text: JSON in text", 'got {{"client_secret": "{}"}}'),
        plant("text: JSON in JSON", 'got "{{\\"token\\": \\"{}\\"}}"'),
        plant("text: YAML", "config was\n  secret_key: {}\n  mode: a"),
        plant("text: cookie", "Set-Cookie: sid={}; Path=/; HttpOnly"),
        plant("text: query", "GET https://a.example/x?access_token={}&y=1 500"),
        "push refused " + plant("text: token of a maker", "ghp_{}aaaaaaaaaa"),
        'Traceback (most recent call last):\n  File "/app/a.py", line 3, in pay\n    pay()\n'
        + plant("text: trace", "ValueError: bad credentials: password={}"),
    ]  # fmt: skip
    for number, text in enumerate(texts):
        yield log_entry(timestamp=_stamp(600 - number), insertId=f"t{number}", textPayload=text, severity="ERROR")
    payload = {
        "message": plant("payload: message", "charge failed, api_key={}"),
        "password": plant("payload: key"),
        "headers": {"Authorization": plant("payload: header", "Basic {}"), "x-api-key": plant("payload: header x")},
        "args": ["--token", plant("payload: argument")],
        "env": [{"name": "DB_PASSWORD", "value": plant("payload: pair")}],
        "nested": json.dumps({"a": {"refresh_token": plant("payload: nested JSON")}}),
    }
    one = log_entry(timestamp=_stamp(500), insertId="p1", jsonPayload=payload, severity="ERROR",
                    labels={"session_token": plant("entry: label")})  # fmt: skip
    one.pop("textPayload", None)
    yield one
    yield log_entry(
        timestamp=_stamp(490), insertId="h1", severity="ERROR",
        httpRequest={
            "requestMethod": "GET", "status": 500,
            "requestUrl": plant("http: url", "https://u:{}@shop.example/pay?x=1"),
            "referer": plant("http: referer", "https://shop.example/?code=1&api_key={}"),
            "userAgent": plant("http: agent", "curl/8 Bearer {}"),
        },
    )  # fmt: skip
    # An audit entry whose environment holds values under names that sound of nothing.
    container = {"image": "r/shop@sha256:" + "a" * 64, "env": [{"name": "MODE", "value": plant("audit: env value")}]}
    service = {"metadata": {"name": "shop"}, "spec": {"template": {"spec": {"containers": [container]}}}}
    audit = log_entry(timestamp=_stamp(700), insertId="a1", logName=f"projects/{PROJECT}/logs/"
                      "cloudaudit.googleapis.com%2Factivity")  # fmt: skip
    audit.pop("textPayload", None)
    audit["protoPayload"] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "run.googleapis.com",
        "methodName": "google.cloud.run.v1.Services.ReplaceService",
        "resourceName": f"namespaces/{PROJECT}/services/shop", "request": {"service": service},
    }  # fmt: skip
    yield audit


def _spans(plant: Canaries, spans_of: str) -> dict[str, Any]:
    now = time.time_ns()
    hit = {
        "name": "exception", "timeUnixNano": str(now),
        "attributes": listed({
            "exception.type": "ValueError",
            "exception.message": plant(f"{spans_of}: event", "refused password={}"),
            "exception.stacktrace": plant(f"{spans_of}: trace", "ValueError: token={}\n  at a.b(c.py:1)"),
        }),
    }  # fmt: skip
    said = {
        "http.request.header.authorization": plant(f"{spans_of}: attribute", "Bearer {}"),
        "db.query.text": plant(f"{spans_of}: query", "alter user a identified by '{}'"),
        "url.full": plant(f"{spans_of}: url", "https://a.example/?token={}"),
        "app.secret": plant(f"{spans_of}: name"),
    }
    return request(span(
        said, traceId=hashlib.md5(spans_of.encode()).hexdigest(), startTimeUnixNano=str(now - 10**9),
        endTimeUnixNano=str(now), events=[hit],
        status={"code": 2, "message": plant(f"{spans_of}: status", "failed with api_key={}")},
    ))  # fmt: skip


def _inputs(plant: Canaries, folder: Path) -> None:
    """Files of every kind that `import` reads, whole and damaged."""
    folder.mkdir()
    lines = [json.dumps(one) for one in _entries(plant)]
    lines.append(plant("dead letter: cut", '{{"insertId": "x", "jsonPayload": {{"password": "{}'))
    lines.append(plant("dead letter: no time", '{{"textPayload": "token={}"}}'))
    (folder / "entries.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "spans.jsonl").write_text(json.dumps(_spans(plant, "file span")) + "\n")
    described = {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "shop", "namespace": PROJECT, "creationTimestamp": _stamp(9000)},
        "spec": {"template": {"metadata": {"name": "shop-00001-abc"}, "spec": {"containers": [
            {"image": "r/shop@sha256:" + "b" * 64, "env": [{"name": "MODE", "value": plant("described: env value")}]},
        ]}}},
    }  # fmt: skip
    (folder / "service.json").write_text(json.dumps(described))
    name, told, out = plant("test: name", "pay[password={}]"), plant("test: message", "token={}"), plant("test: output")
    (folder / "junit.xml").write_text(
        f'<testsuite name="s" timestamp="{_stamp(400)}"><testcase classname="a" name="{name}" time="1">'
        f'<failure message="{told}">at a.py:3 secret={out}</failure></testcase></testsuite>'
    )


def _environment(plant: Canaries) -> dict[str, str]:
    """Secrets with which logtriage logs in."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")}
    return kept | {
        "LOGTRIAGE_RECEIVE_TOKEN": plant("login: receiver"),
        "LOGTRIAGE_OTLP_HEADERS": plant("login: OTLP", "authorization=Bearer%20{}"),
        "LOGTRIAGE_GITHUB_TOKEN": plant("login: GitHub"),
        "LOGTRIAGE_SLACK_TOKEN": plant("login: Slack"),
        "LOGTRIAGE_JIRA_TOKEN": plant("login: Jira"),
        "LOGTRIAGE_GITLAB_TOKEN": plant("login: GitLab"),
        "HOOK_SIGNING": plant("login: signing key"),
        "JAEGER_TOKEN": plant("login: Jaeger"), "TEMPO_USER": "watcher", "TEMPO_PASSWORD": plant("login: Tempo"),
        "LOGTRIAGE_HASH_KEY": plant("login: hash key"),
    }  # fmt: skip


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _settings(folder: Path, url: str, receive: int, health: int) -> None:
    digest = {
        "heartbeat_hours": 1.0,
        "lowest_priority": "P3",
        "channels": [
            {"kind": "slack", "channel": "C0123456789", "api_url": f"{url}/refuse/slack"},
            {"kind": "slack_webhook"},
            {"kind": "github", "repository": "acme/shop", "api_url": f"{url}/refuse/github"},
            {"kind": "jira", "url": f"{url}/refuse/jira", "project": "SHOP"},
            {"kind": "gitlab", "url": f"{url}/refuse/gitlab", "project": "acme/shop"},
            {"kind": "webhook", "signing_env": "HOOK_SIGNING"},
        ],
    }  # fmt: skip
    settings = {
        "sources": [
            {"kind": "jaeger", "name": "j", "url": f"{url}/refuse/jaeger", "token_env": "JAEGER_TOKEN"},
            {"kind": "tempo", "name": "t", "url": f"{url}/refuse/tempo", "user_env": "TEMPO_USER",
             "password_env": "TEMPO_PASSWORD"},
        ],
        "store": {"path": "made/s.duckdb"},
        "receive": {"http": f"127.0.0.1:{receive}"},
        "report": {"files": "made/reports"},
        "digest": digest,
        "telemetry": {"otlp": f"{url}/otlp", "health": f"127.0.0.1:{health}", "log_format": "json"},
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(settings))


def _answer(asked: Request) -> Reply:
    """Says back what it was sent where it refuses; takes everything else."""
    if "/refuse/" in asked.path or "/hook/" in asked.path:
        said = {name: value for name, value in asked.headers.items() if name.lower() not in {"host", "user-agent"}}
        return Reply(401 if "/refuse/" in asked.path else 404, {"message": f"no login for {asked.path}", "seen": said})
    return Reply(200, {})


@dataclass
class Seen:
    """What came out, by where it came out."""

    plant: Canaries
    out: dict[str, bytes] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)


def _sent(requests: list[Request]) -> dict[str, bytes]:
    """What went to channels and to the receiver of telemetry; each server was asked."""
    for place in ("/refuse/slack", "/refuse/github", "/refuse/jira", "/refuse/gitlab", "/refuse/jaeger",
                  "/refuse/tempo", "/hook/T0", "/otlp/v1/logs"):  # fmt: skip
        assert any(one.path.startswith(place) for one in requests), place
    return {
        f"sent {at} {one.path[:20]}": gzip.decompress(one.body) if _is_packed(one) else one.body
        for at, one in enumerate(requests)
    }


def _is_packed(one: Request) -> bool:
    return one.headers.get("Content-Encoding") == "gzip"


def _wait(is_true: Any) -> None:
    until = time.monotonic() + 180  # a busy machine
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Everything in one folder, with an open umask."""
    folder = tmp_path_factory.mktemp("canaries")
    told = Seen(Canaries())
    plant = told.plant
    _inputs(plant, folder / "in")
    (folder / "made").mkdir()
    env = _environment(plant)
    receive, health = _free_port(), _free_port()
    with serve_http(_answer) as server:
        env["LOGTRIAGE_SLACK_WEBHOOK_URL"] = plant("login: webhook of Slack", f"{server.url}/hook/T0/B0/{{}}")
        env["LOGTRIAGE_WEBHOOK_URL"] = plant("login: webhook", f"{server.url}/hook/{{}}?k=1")
        _settings(folder, server.url, receive, health)

        def run(*words: str) -> None:
            name = " ".join(words[:1] + tuple(word for word in words if word.startswith("-") or len(word) < 9))
            begun = _apart if words[0] in _MAKING else _here
            told.codes[name], told.out[f"streams of {name}"] = begun(folder, env, words)

        run("import", "in")
        with _daemon(folder, env, told):
            url = f"http://127.0.0.1:{receive}/v1/traces"
            token = plant.places["login: receiver"]
            _wait(lambda: _is_up(url))
            kind = {"content-type": "application/x-protobuf"}
            body = message(_spans(plant, "sent span"))
            taken = httpx.post(url, content=body, headers={**kind, "authorization": f"Bearer {token}"})
            assert taken.status_code == httpx.codes.OK
            wrong = httpx.post(
                url, content=body, headers={**kind, "authorization": plant("a wrong token", "Bearer {}")}
            )
            assert wrong.status_code == httpx.codes.UNAUTHORIZED
            told.out["answers of the receiver"] = taken.content + wrong.content
            _wait((folder / "made/reports/report.json").exists)
            for path in ("metrics", "healthz", "livez", "elsewhere"):
                told.out[f"/{path}"] = httpx.get(f"http://127.0.0.1:{health}/{path}").content
        for form in ("terminal", "markdown", "json"):
            run("report", "--format", form)
        run("report", "--format", "html", "--output", "report.html")
        run("show", "1", "--all")
        run("mute", "1", "--why", plant("reason of mute", "known, see token={}"))
        run("collect")
        run("digest", "--dry-run")
        run("digest")
        for form in ("terminal", "json"):
            run("doctor", "--format", form)
        run("query", "select * from dead_letters", "--format", "csv")
        run("backup", "made/copy.duckdb")
        run("prune", "--older-than", "30d")
        told.out |= _sent(server.requests)
    told.out["report.html"] = (folder / "report.html").read_bytes()
    for made in sorted((folder / "made").rglob("*")):
        name = str(made.relative_to(folder))
        told.modes[name] = stat.S_IMODE(made.stat().st_mode)
        if made.is_file():
            told.out[name] = made.read_bytes()
    return told


def _here(folder: Path, env: dict[str, str], words: tuple[str, ...]) -> tuple[int, bytes]:
    """A command in this process, which is ten times as fast: its code and its streams."""
    streams = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(streams), \
            contextlib.redirect_stderr(streams):  # fmt: skip
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["logtriage", *words])
        with pytest.raises(SystemExit) as ended:
            run_command()
    return int(ended.value.code or 0), streams.getvalue().encode()


def _apart(folder: Path, env: dict[str, str], words: tuple[str, ...]) -> tuple[int, bytes]:
    """A command as a process of its own, with an open umask."""
    done = subprocess.run([*MAIN, *words], cwd=folder, env=env, capture_output=True, umask=0, check=False)
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def _daemon(folder: Path, env: dict[str, str], told: Seen) -> Iterator[None]:
    """A cycle of the daemon."""
    log = folder / "daemon.log"
    with log.open("wb") as sink, subprocess.Popen([*MAIN, "daemon"], cwd=folder, env=env, umask=0, stderr=sink,
                                                  stdout=sink) as process:  # fmt: skip
        try:
            yield
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        finally:
            process.kill()
    told.out["log of the daemon"] = log.read_bytes()


def _is_up(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.post(url).status_code > 0
    return False


def test_no_planted_secret_comes_out_anywhere(seen: Seen) -> None:
    leaks = {f"{place}: in {where}" for where, data in seen.out.items() for place in seen.plant.found_in(data)}

    assert "\n".join(sorted(leaks)) == ""
    assert len(seen.plant.places) > 45


def test_the_run_did_what_it_was_to_do(seen: Seen) -> None:
    worked = ("import", "report --format terminal", "mute", "backup", "prune", "show")

    assert {name: code for name, code in seen.codes.items() if name.startswith(worked) and code not in {0, 3}} == {}
    log = seen.out["log of the daemon"]
    assert b"401" in log  # what the servers refused was told
    assert b"<secret>" in log
    assert any(name.endswith(("/metrics", "logs")) for name in seen.out)


def test_what_is_made_with_an_open_umask_is_closed_to_others(seen: Seen) -> None:
    assert {"made/s.duckdb", "made/copy.duckdb", "made/reports/report.json"} <= set(seen.modes)
    assert {name: oct(mode) for name, mode in seen.modes.items() if mode & 0o077} == {}
