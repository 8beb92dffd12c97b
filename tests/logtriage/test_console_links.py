"""Links into the console."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from classifiers.findings import Latency
from logtriage.console_links import cluster_links, silent_links
from logtriage.report_config import check_console
from tests.support.findings import WINDOW, attribution, cluster, findings

_HOSTILE = "a\"b'c <img src=x> ](javascript:1) \u202e;x=?#&|`\n"


def test_logs_open_with_the_query_of_the_cluster_and_its_time() -> None:
    logs = next(link for link in cluster_links(cluster()) if link.label == "logs")

    path = urlsplit(logs.url).path
    query, times = (unquote(part.partition("=")[2]) for part in path.split(";")[1:])
    assert query.split("\n") == [
        'resource.type="cloud_run_revision"',
        'resource.labels.service_name="shop"',
        'resource.labels.revision_name=("shop-00008-bad" OR "shop-00009-new")',
        'timestamp>="2026-09-14T20:00:00.000000Z"',
        'timestamp<="2026-09-14T23:00:01.000000Z"',
        '": payment refused"',
    ]
    assert times == "2026-09-14T20:00:00.000Z/2026-09-14T23:00:01.000Z"
    assert parse_qs(urlsplit(logs.url).query) == {"project": ["acme-test"]}


def test_the_trace_and_the_revisions_of_the_blamed_service_open_too() -> None:
    links = cluster_links(
        cluster(attribution=attribution(service="desk", location="europe-west1")), "https://c.example"
    )

    assert [link.url for link in links[1:]] == [
        f"https://c.example/traces/explorer;traceId={'a' * 32}?project=acme-test",
        "https://c.example/run/detail/europe-west1/desk/revisions?project=acme-test",
    ]


def test_without_a_project_there_are_no_links() -> None:
    assert cluster_links(cluster(project="")) == ()
    assert silent_links(Latency("desk", "op", None), WINDOW) == ()


def test_what_is_slow_opens_its_requests() -> None:
    one = Latency("desk", "op", None, project="p", trace_ids=("b" * 32,))

    assert [link.label for link in silent_links(one, findings().window)] == ["logs", "trace"]


@pytest.mark.parametrize("field", ["project", "service", "title", "sample", "location"])
def test_no_name_breaks_out_of_an_address(field: str) -> None:
    links = cluster_links(cluster(**{field: _HOSTILE}, trace_ids=(_HOSTILE,)))

    assert links
    assert all(re.fullmatch(r"https://console\.cloud\.google\.com/[!-~]+", link.url) for link in links)
    assert not any(set("\"'<>()`|[]\\ ") & set(link.url) for link in links)


def test_the_console_is_a_plain_https_address() -> None:
    assert check_console("https://console.cloud.google.com/") == "https://console.cloud.google.com"
    for wrong in ("http://x", "javascript:alert(1)", "https://a b", 'https://x"y', "https://x/)y"):
        with pytest.raises(ValueError, match="web address"):
            check_console(wrong)


@pytest.mark.parametrize(
    ("title", "sample", "phrase"),
    [
        (
            "upstream error: desk/v2/parcels/submit -> 403",
            "upstream error: desk/v2/parcels/submit -> 403",
            "upstream error: desk/",
        ),
        ("TypeError: x", "[nio-1] a.b.Core      : refund could not be booked", ": refund could not be booked"),
        ("TypeError: x", "session could not be opened (request renewal-81)", "session could not be opened (request"),
        ("desk/a -> 500", "desk/a -> 500", "desk/a -> 500"),
    ],
    ids=["one path of several", "padded column", "number of a request", "too short without its path"],
)
def test_logs_are_looked_for_by_what_all_entries_say(title: str, sample: str, phrase: str) -> None:
    logs = next(link for link in cluster_links(cluster(title=title, sample=sample)) if link.label == "logs")

    assert unquote(logs.url.partition(";timeRange")[0]).split("\n")[-1] == f'"{phrase}"'
