"""Who asked: users, tests, health checks or scanners. Told by user agent and path, and by what the trace says itself.

The tables below are data: a new client is a new word in one of them. They are matched in lower case, in this order:
tests, scanners, checkers, people; what none of them knows is a bare library, whose requests take the origin of the
request that began their trace. A browser that a program drives may look like anybody's: its trace may tell by
OpenTelemetry's synthetic type, by a header, by baggage or by the account that it uses. Nothing of this is stored, so
that a word more in config.yaml shows at once in the next report: of a path only its route is, and only where the
patterns below find in it what they find in the path (collector/normalise/routes.py). Own paths are looked for in whole
paths.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from classifiers.config import OriginsConfig
from classifiers.findings import Origin
from collector.normalise.routes import ODD_PATHS, VARIABLE_PARTS
from collector.store import Reader

__all__ = ["lay_origins", "origin_of_share", "origin_params", "tests_interval"]

# Harnesses and tools that only automated tests use; browsers driven by a program are among them.
_TESTS = (
    "pytest", "playwright", "headless", "cypress", "selenium", "webdriver", "puppeteer", "phantomjs", "testcafe",
    "nightwatch", "webdriverio", "robotframework", "karate", "k6", "locust", "gatling", "jmeter", "artillery",
    "vegeta", "wrk", "hey", "apachebench", "siege", "postman", "postmanruntime", "newman", "insomnia", "schemathesis",
    "supertest", "rest-assured", "e2e", "tests?", "testing", "testclient", "smoke", "smoketest", "loadtest",
    "integration", "synthetic", "synthetics", "ci", "jenkins", "github-actions", "gitlab-runner", "circleci",
    "buildkite", "junit", "jest", "mocha", "vitest",
)  # fmt: skip
_SCANNERS = (
    "masscan", "zgrab", "nmap", "nikto", "sqlmap", "nuclei", "censys\\w*", "shodan", "expanse", "internetmeasurement",
    "wpscan", "dirbuster", "gobuster", "ffuf", "feroxbuster", "acunetix", "nessus", "openvas", "qualys", "zmeu",
    "l9explore", "l9tcpid", "projectdiscovery", "leakix", "onyphe", "netsystemsresearch", "paloalto", "stretchoid",
    "binaryedge", "libredtail-http", "hello,? world", "\\w*bot", "\\w*spider", "\\w*crawler", "bingpreview", "slurp",
    "facebookexternalhit",
)  # fmt: skip
_CHECKERS = (
    "googlehc", "googlestackdriver\\w*", "google-?uptime\\w*", "uptime\\w*", "better ?uptime", "betterstack",
    "better stack", "pingdom\\S*", "statuscake", "uptimerobot\\S*", "datadog\\w*", "newrelic\\w*", "site24x7",
    "kube-probe", "elb-healthchecker", "route ?53", "health-?check\\w*", "healthcheckbot", "checkly", "updown",
    "hetrixtools", "freshping", "nodeping", "consul", "envoy/hc", "haproxy", "prometheus",
    "blackbox\\S*",
)  # fmt: skip
_PEOPLE = (
    "mozilla", "opera", "okhttp", "cfnetwork", "dalvik", "dart", "alamofire", "electron", "reactnative", "expo",
    "flutter", "darwin", "android", "iphone", "ipad",
)  # fmt: skip
_HEALTH_PATHS = (
    "health", "healthz", "healthcheck", "health-check", "health_check", "ready", "readyz", "readiness", "live",
    "livez", "liveness", "alive", "ping", "heartbeat", "_ah/(?:health|warmup|start)", "startup", "startupz",
    "status/health",
)  # fmt: skip
# Headers, keys of baggage and attributes with which tests say so themselves; `-` stands for `_` too.
_HEADERS = (
    "x-test", "x-test-run", "x-test-run-id", "x-test-id", "x-test-name", "x-test-mode", "x-e2e", "x-e2e-test",
    "x-synthetic", "x-synthetic-test", "x-is-test", "x-integration-test", "x-smoke-test", "x-load-test",
    "synthetic", "synthetic_traffic", "test-run", "test.run.id", "test.case.name", "test.suite.name", "e2e-run",
)  # fmt: skip
# Accounts that say so by their name.
_ACCOUNTS = ("e2e-*", "e2e_*", "test-user*", "test_user*", "testuser*", "synthetic-*", "loadtest-*", "smoke-test*")
_NOTHING = "[^\\s\\S]"
_BETWEEN, _AFTER = "[\"']?\\s*[:=]\\s*[\"']?", "(?:[\"'\\s,;)\\]}]|\\z)"  # around a value in a line
_Z = 1.96
_TELLING = 6  # letters that make a word distinct enough to be a prefix
_KNOWN = 0.2  # share of the failures whose sender must be known
_MOST = 0.95  # share from which one origin stands for all: a stray request of another does not make it "both"


_BUILT_IN = OriginsConfig()


def lay_origins(reader: Reader, *, start_ns: int, end_ns: int, config: OriginsConfig = _BUILT_IN) -> None:
    """Tells the reader who asked what in this time; queries that read `asked_requests` or `request_rows` need it."""
    params: dict[str, Any] = {"start_ns": start_ns, "end_ns": end_ns, **origin_params(config), **_marks(config)}
    by_path = config.tests.paths or config.health_checks.paths or config.scanners.paths or not _has_routes(reader)
    reader.lay("create_origin_sender")
    reader.lay("create_logged_requests")
    reader.lay("create_request_lines_by_path" if by_path else "create_request_lines")
    for query in ("create_origin_agents", "create_origin_paths", "create_origin_traces", "create_origin_clients"):
        reader.lay(query, **params)
    for query in ("create_origin_routes", "create_asked_requests"):
        reader.lay(query)
    for query in ("create_request_places", "create_request_rows", "create_origin_known", "create_origin_firsts"):
        reader.lay(query, **params)


def _has_routes(reader: Reader) -> bool:
    """Whether the store has a place for routes: one of an earlier version that nobody may write has none."""
    return "create_0012_routes" in set(reader.frame("find_migrations")["name"])


def origin_params(config: OriginsConfig = _BUILT_IN) -> dict[str, str]:
    """The patterns that queries are given."""
    tests, checks, scanners = config.tests, config.health_checks, config.scanners
    return {
        "tests": _words(_known(_TESTS, config), tests.agents),
        "scanners": _words(_known(_SCANNERS, config), scanners.agents),
        "checkers": _words(_known(_CHECKERS, config), checks.agents),
        "people": _words(_known(_PEOPLE, config), config.users),
        "health_paths": _any(f"/(?:{'|'.join(_known(_HEALTH_PATHS, config))})/?\\z", _globs(checks.paths)),
        "odd_paths": _any("|".join(_known(ODD_PATHS, config)), _globs(scanners.paths)),
        "variable_parts": VARIABLE_PARTS,
    }


def _marks(config: OriginsConfig) -> dict[str, str]:
    """Patterns of what says in a span or a line that a test asked: `mark` gives in a group what it says."""
    names = "|".join(_name(name) for name in (*_HEADERS, *config.tests.headers))
    own = "|".join(_glob(account) for account in config.tests.accounts)
    accounts = "|".join(filter(None, (*(_glob(name) for name in _ACCOUNTS), own)))
    key = rf'"(?:http\.request\.header\.|baggage\.|app\.)?(?:{names})"\s*:[\s\["\\]*'
    in_baggage = rf'"(?:http\.request\.header\.)?baggage"\s*:[^}}]*?[",;\s\\](?:{names})\s*='
    return {
        "test_paths": _any("", _globs(config.tests.paths)),
        "mark": rf'(?i)(?:{key}|{in_baggage})([^"\\,;}}\s\]]+)',
        "account": rf'(?i)"(?:app\.)?(?:enduser|user)(?:[._](?:pseudo[._])?(?:id|name|email))?"\s*:\s*"(?:{accounts})"',
        "named_account": rf"(?i)\buser[a-z_]{{0,12}}{_BETWEEN}(?:{own}){_AFTER}" if own else _NOTHING,
    }


def _name(header: str) -> str:
    """The name of a header, as attributes write it too: with `_` for `-`."""
    return re.escape(header.lower()).replace("\\-", "[-_]")


def origin_of_share(counts: Mapping[str, int]) -> tuple[Origin, float | None]:
    """The origin of failures and the share of tests among them, from counts by origin.

    Requests whose sender is not known say nothing; the share is None when hardly anybody is known.
    """
    known = {name: many for name, many in counts.items() if name != "unknown" and many}
    total = sum(known.values())
    if not total or total < _KNOWN * sum(counts.values()):
        return "unknown", None
    tests = known.get("tests", 0) / total
    by_share: list[tuple[Origin, float]] = [
        ("tests", tests),
        ("health_checks", known.get("health_checks", 0) / total),
        ("scanners", known.get("scanners", 0) / total),
    ]
    for name, share in by_share:
        if share >= _MOST:
            return name, tests
    return ("both" if tests and known.get("users", 0) else "users" if known.get("users", 0) else "health_checks"), tests


def tests_interval(counts: Mapping[str, int]) -> tuple[float, float] | None:
    """Between which bounds the share of tests lies with 95 % confidence (Wilson), of the senders that are known."""
    whole = sum(many for name, many in counts.items() if name != "unknown")
    if not whole:
        return None
    share, spread = counts.get("tests", 0) / whole, _Z**2 / whole
    middle, wide = share + spread / 2, _Z * math.sqrt(share * (1 - share) / whole + spread / (4 * whole))
    low, high = (middle - wide) / (1 + spread), (middle + wide) / (1 + spread)
    return round(max(0.0, low), 6), round(min(1.0, high), 6)


def _known(words: tuple[str, ...], config: OriginsConfig) -> tuple[str, ...]:
    """The built-in words but those to ignore."""
    ignored = {word.lower() for word in config.ignore}
    return tuple(word for word in words if word not in ignored and not (word.endswith("?") and word[:-1] in ignored))


def _words(words: tuple[str, ...], own: Sequence[str] = ()) -> str:
    """Matches any of the words; a plain one of six letters or more also as the beginning of a longer word."""
    found = [f"{word}\\w*" if word.isalpha() and len(word) >= _TELLING else word for word in words]
    found += [_glob(word) for word in own]
    return f"(?i)(?:\\A|[^a-z])(?:{'|'.join(found)})(?:[^a-z]|\\z)" if found else _NOTHING


def _any(built_in: str, own: str) -> str:
    """Either pattern, without case."""
    return f"(?i)(?:{'|'.join(filter(None, (built_in, own)))})" if built_in or own else _NOTHING


def _globs(paths: Sequence[str]) -> str:
    return "|".join(f"\\A{_glob(path)}\\z" for path in paths)


def _glob(text: str) -> str:
    """`*` and `?` as in names of files, within a word or a path; all else as it is."""
    return re.escape(text).replace("\\*", "[^\\s\"']*").replace("\\?", "[^\\s\"']")
