"""Who asked, as traces say it themselves: synthetic types, headers, baggage, accounts, clients, own words."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers import origin
from classifiers.classify import read
from classifiers.config import ClassifyConfig, OriginsConfig, TestsConfig
from classifiers.exposure import Exposure
from classifiers.traces import Traces
from collector.window import NS_PER_S, Window
from tests.support.system import BROWSER, HOUR, START_NS, System

REVISION = "shop-00001-abc"
LIBRARY = "python-httpx/0.28.1"


def spanned(system: System, at_s: float, trace: str, own: dict[str, str], service: str = "front") -> None:
    """A server span with attributes of its own."""
    system.asked_span(at_s, service, trace, own)


def told(
    system: System, folder: Path, trace: str, config: OriginsConfig | None = None
) -> tuple[set[str], set[str | None]]:
    """The origins of the failures of one trace, and those of all requests that were counted as exposed."""
    window = Window(START_NS, START_NS + HOUR * NS_PER_S)
    with system.stored(folder).read() as reader:
        history = read(reader, window=window, config=ClassifyConfig(origins=config or OriginsConfig())).history
    traces: Traces = history.traces
    rows = traces.requests.filter(traces.requests["trace"] == trace)
    return set(rows["origin"].drop_nulls().to_list()), _exposed(history.exposure)  # spans told as requests have none


def _exposed(exposure: Exposure) -> set[str | None]:
    return {
        name
        for name in ("users", "tests", "scanners", "health_checks", "unknown")
        if exposure.matched("shop-staging", "shop", origins=(name,)).total.sum() > 0
    }


def one_failure(system: System, **changes: Any) -> str:
    system.line(-1, "shop", REVISION, "ready", severity="INFO")
    return system.failure(60, "shop", REVISION, "KeyError: warehouse", **({"agent": BROWSER} | changes))


@pytest.mark.parametrize(
    "own",
    [
        {"user_agent.synthetic.type": "test"},
        {"http.request.header.x-test-run": "run-7"},
        {"http.request.header.baggage": "tenant=a,synthetic=true"},
        {"x-test-run": "run-7"},
        {"enduser.id": "e2e-buyer"},
    ],
)
def test_a_browser_that_a_test_drives_is_a_test(tmp_path: Path, own: dict[str, str]) -> None:
    system = System()
    trace = one_failure(system)
    spanned(system, 59.9, trace, own)

    assert told(system, tmp_path, trace) == ({"tests"}, {"tests"})


@pytest.mark.parametrize(
    "own",
    [
        {"http.request.header.x-test": "false"},
        {"http.request.header.baggage": "synthetic=0"},
        {"enduser.id": "latest-e2e-fan"},
        {"db.statement": "select synthetic=true from orders"},
        {"app.note": "x-test-run=7"},
    ],
)
def test_what_says_no_or_only_holds_the_word_is_a_user(tmp_path: Path, own: dict[str, str]) -> None:
    system = System()
    trace = one_failure(system)
    spanned(system, 59.9, trace, own)

    assert told(system, tmp_path, trace) == ({"users"}, {"users"})


def test_a_bot_is_a_scanner_and_on_a_health_path_a_check(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system)
    spanned(system, 59.9, trace, {"user_agent.synthetic.type": "bot"})
    check = system.request(120, "shop", REVISION, path="/healthz", agent=LIBRARY)
    spanned(system, 119.9, check, {"user_agent.synthetic.type": "bot", "url.path": "/healthz"})

    assert told(system, tmp_path, trace) == ({"scanners"}, {"scanners", "health_checks"})


def test_a_bare_library_takes_the_origin_of_the_span_by_which_its_trace_came_in(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system, agent=LIBRARY)
    spanned(system, 59.9, trace, {"user_agent.original": "pytest-suite/1.0"})

    assert told(system, tmp_path, trace) == ({"tests"}, {"tests"})


def test_requests_of_a_client_in_a_minute_in_which_it_tests_are_tests_where_spans_are_sampled(tmp_path: Path) -> None:
    system = System()
    for second in (1, 2, 3):
        trace = system.request(60 + second, "shop", REVISION, caller="203.0.113.7")
        spanned(system, 60 + second - 0.1, trace, {"user_agent.synthetic.type": "test"})
    trace = one_failure(system, caller="203.0.113.7")

    assert told(system, tmp_path, trace) == ({"tests"}, {"tests"})


def test_own_accounts_are_known_in_lines_too(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system)
    system.line(60.01, "shop", REVISION, "checkout of user_id='robot-17' began", severity="INFO", trace=trace)
    config = OriginsConfig(tests=TestsConfig(accounts=("robot-*",)))

    assert told(system, tmp_path, trace, config) == ({"tests"}, {"tests"})
    assert told(System(), tmp_path, trace)[0] == {"users"}  # the same store without that word


@pytest.mark.parametrize(
    ("config", "agent", "path"),
    [
        (OriginsConfig(tests=TestsConfig(agents=("acme-check",))), "acme-check/3", "/orders"),
        (OriginsConfig(tests=TestsConfig(paths=("/internal/e2e/*",))), BROWSER, "/internal/e2e/orders"),
    ],
)
def test_own_agents_and_paths_are_tests(tmp_path: Path, config: OriginsConfig, agent: str, path: str) -> None:
    system = System()
    trace = one_failure(system, agent=agent, path=path)

    assert told(system, tmp_path, trace, config) == ({"tests"}, {"tests"})


def test_own_paths_are_looked_for_in_what_a_route_leaves_out(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system, agent=BROWSER, path="/runs/e2e-4711-a/start")
    config = OriginsConfig(tests=TestsConfig(paths=("/runs/e2e-*",)))

    assert told(system, tmp_path, trace, config) == ({"tests"}, {"tests"})
    assert told(System(), tmp_path, trace)[0] == {"users"}  # the same store without that word


def test_a_scanner_is_known_by_what_its_route_leaves_out(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system, agent=LIBRARY, path="/dumps/backup-2024-11.sql", status=404)

    assert told(system, tmp_path, trace) == ({"scanners"}, {"scanners"})


@pytest.mark.parametrize(
    "older",
    [
        ["update entries set route = null"],
        ["alter table entries drop column route", "delete from migrations where name = 'create_0012_routes'"],
    ],
)
def test_a_path_without_a_stored_route_is_read_as_it_is(tmp_path: Path, older: list[str]) -> None:
    system = System()
    trace = one_failure(system, path="/orders/4711")
    window = Window(START_NS, START_NS + HOUR * NS_PER_S)
    store = system.stored(tmp_path)
    seen = []

    with store.write() as writer:
        seen.append(read(writer, window=window, config=ClassifyConfig()).history.traces.requests)
        for statement in older:
            writer._connection.execute(statement).fetchall()
        seen.append(read(writer, window=window, config=ClassifyConfig()).history.traces.requests)

    assert seen[0].equals(seen[1])
    assert seen[0].filter(pl.col("trace") == trace)["route"].to_list() == ["GET /orders/*"]


def test_a_built_in_word_can_be_ignored(tmp_path: Path) -> None:
    system = System()
    trace = one_failure(system, agent="Mozilla/5.0 Postman/11")

    assert told(system, tmp_path, trace, OriginsConfig(ignore=("postman", "postmanruntime"))) == ({"users"}, {"users"})


def test_a_service_that_logs_no_requests_is_asked_by_whom_its_spans_name(tmp_path: Path) -> None:
    system = System()
    system.line(-1, "shop", REVISION, "ready", severity="INFO")
    for number in range(1, 21):
        trace = f"{number:032x}"
        spanned(system, number * 60.0, trace, {"user_agent.original": "pytest-suite/1.0"}, "shop")
        system.line(number * 60.0 + 0.001, "shop", REVISION, "KeyError: warehouse", trace=trace)

    assert told(system, tmp_path, f"{1:032x}") == ({"tests"}, {"tests"})


def test_the_share_of_tests_has_bounds() -> None:
    low, high = origin.tests_interval({"tests": 20, "users": 80, "unknown": 900}) or (0.0, 0.0)

    assert 0.12 < low < 0.2 < high < 0.3
    assert origin.tests_interval({"unknown": 3}) is None
