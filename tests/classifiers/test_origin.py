import re

import pytest

from classifiers.findings import Origin
from classifiers.origin import origin_of_share, origin_params


def matches(kind: str, text: str) -> bool:
    return re.search(origin_params()[kind].replace("\\z", "\\Z"), text) is not None


@pytest.mark.parametrize(
    "agent",
    [
        "pytest-e2e/1.4 (+staging)",
        "Mozilla/5.0 HeadlessChrome/140.0",
        "k6/0.49.0",
        "PostmanRuntime/7.36",
        "acme-smoke/2",
    ],
)
def test_harnesses_are_tests(agent: str) -> None:
    assert matches("tests", agent)


@pytest.mark.parametrize(
    "agent",
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_6)", "okhttp/4.12.0", "python-httpx/0.28.1", "Latest/1.0", "Keycloak"],
)
def test_browsers_libraries_and_words_that_hold_test_are_no_tests(agent: str) -> None:
    assert not matches("tests", agent)


@pytest.mark.parametrize(
    "agent", ["kube-probe/1.30", "GoogleHC/1.0", "Better Uptime Bot", "GoogleStackdriverMonitoring-UptimeChecks"]
)
def test_checkers_are_known(agent: str) -> None:
    assert matches("checkers", agent)


@pytest.mark.parametrize(
    ("path", "is_health"),
    [
        ("/healthz", True),
        ("/api/health", True),
        ("/_ah/health", True),
        ("/health/records/7", False),
        ("/orders", False),
    ],
)
def test_a_health_path_ends_in_the_word(path: str, is_health: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert matches("health_paths", path) is is_health


@pytest.mark.parametrize(
    "path", ["/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/index.php", "/../../etc/passwd"]
)
def test_odd_paths_are_those_that_scanners_try(path: str) -> None:
    assert matches("odd_paths", path)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/users/17", "/v1/users/*"),
        ("/v1/users/fd70ed1c-27c0-4a21-a874-2eb979966238/run", "/v1/users/*/run"),
        ("/orders", "/orders"),
    ],
)
def test_a_route_keeps_its_words_and_its_version(path: str, route: str) -> None:
    assert re.sub(origin_params()["variable_parts"], "/*", path) == route


@pytest.mark.parametrize(
    ("counts", "origin", "share"),
    [
        ({"users": 10}, "users", 0.0),
        ({"tests": 99, "users": 1}, "tests", 0.99),
        ({"tests": 50, "users": 50}, "both", 0.5),
        ({"unknown": 7}, "unknown", None),
        ({"unknown": 99, "tests": 1}, "unknown", None),
        ({"scanners": 4}, "scanners", 0.0),
        ({}, "unknown", None),
    ],
)
def test_origin_is_told_only_where_the_sender_is_known(
    counts: dict[str, int], origin: Origin, share: float | None
) -> None:
    assert origin_of_share(counts) == (origin, share)
