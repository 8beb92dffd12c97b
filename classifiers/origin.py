"""Who asked: users, tests, health checks or scanners. Told by user agent and path, and by the first request of a trace.

The tables below are data: a new client is a new word in one of them. They are matched in lower case, in this order:
tests, scanners, checkers, people; what none of them knows is a bare library, whose requests take the origin of the
request that began their trace.
"""

from collections.abc import Mapping

from classifiers.findings import Origin

__all__ = ["origin_of_share", "origin_params"]

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
_ODD_PATHS = (
    "\\.env", "\\.git(?:/|\\z)", "\\.aws", "\\.ssh", "\\.svn", "\\.ds_store", "\\.htaccess", "wp-\\w+", "wordpress",
    "xmlrpc", "\\.(?:php\\d?|aspx?|jsp|cgi|bak|sql|old|zip|tgz)(?:/|\\z)", "phpmyadmin", "cgi-bin", "boaform",
    "actuator", "solr", "jenkins", "hudson", "struts", "owa/", "autodiscover", "ecp/", "vendor/phpunit",
    "server-status", "manager/html", "\\.\\./", "%2e%2e", "etc/passwd", "robots\\.txt", "favicon\\.ico",
    "sitemap\\.xml", "\\.well-known/security", "telescope",
)  # fmt: skip
# A segment that holds two digits or more, is a number, or is long, stands for "any" in a route.
_VARIABLE_PARTS = "/(?:[^/]*[0-9][^/]*[0-9][^/]*|[^/]{25,}|[0-9]+)"
_TELLING = 6  # letters that make a word distinct enough to be a prefix
_KNOWN = 0.2  # share of the failures whose sender must be known
_MOST = 0.95  # share from which one origin stands for all: a stray request of another does not make it "both"


def origin_params() -> dict[str, str]:
    """The patterns that the exposure queries are given."""
    return {
        "tests": _words(_TESTS),
        "scanners": _words(_SCANNERS),
        "checkers": _words(_CHECKERS),
        "people": _words(_PEOPLE),
        "health_paths": f"(?i)/(?:{'|'.join(_HEALTH_PATHS)})/?\\z",
        "odd_paths": f"(?i)(?:{'|'.join(_ODD_PATHS)})",
        "variable_parts": _VARIABLE_PARTS,
    }


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


def _words(words: tuple[str, ...]) -> str:
    """Matches any of the words; a plain one of six letters or more also as the beginning of a longer word."""
    found = [f"{word}\\w*" if word.isalpha() and len(word) >= _TELLING else word for word in words]
    return f"(?i)(?:\\A|[^a-z])(?:{'|'.join(found)})(?:[^a-z]|\\z)"
