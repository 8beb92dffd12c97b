"""Deliveries to GitHub's issues through what goes wrong there: exactly one issue, each comment once."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.replacing import replace
from collector.store import Store
from logtriage.delivery import Delivered, deliver
from logtriage.message import CLOSING, Claimed
from logtriage.notifiers.channel import open_channel, parse_channel_config
from logtriage.notifiers.github import GitHub
from tests.support.github_server import REPOSITORY, TOKEN, Fault, GitHubServer, serve_github
from tests.support.telling_messages import MINUTE_NS, NOW_NS, make_message, make_store, put


@dataclass
class Clock:
    """Time that passes only when it is slept; GitHub and the delivery have the same."""

    at_ns: int = NOW_NS
    slept: list[float] = field(default_factory=list)

    def now_ns(self) -> int:
        self.at_ns += 1000
        return self.at_ns

    def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.at_ns += round(wait_s * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    monkeypatch.setenv("LOGTRIAGE_GITHUB_TOKEN", TOKEN)
    with serve_github(clock=lambda: clock.at_ns / 1e9) as github:
        yield github


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole schema, to be copied: making one takes longer than a delivery."""
    return make_store(tmp_path_factory.mktemp("empty"), is_made=True).path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Store:
    shutil.copy(empty, tmp_path)
    return make_store(tmp_path)


def _go(store: Store, server: GitHubServer, clock: Clock) -> Delivered:
    raw = {"kind": "github", "repository": REPOSITORY, "api_url": server.url}
    channel = open_channel(parse_channel_config(raw, where="digest.channels[0]"))
    assert isinstance(channel, GitHub)
    api = replace(channel.github.api, sleep=clock.sleep, timeout_s=0.3)
    hasty = GitHub(channel.config, replace(channel.github, api=api))
    return deliver(store, [hasty], clock_ns=clock.now_ns, sleep=clock.sleep)[0]


def _put(store: Store, minutes: int = 0, **fields: str) -> None:
    put(store, make_message(made_at_ns=NOW_NS + minutes * MINUTE_NS, **fields), channels=("github",))


LOST = {
    "502 after it was made": Fault("POST", r"/issues(/1/comments)?", 502, after=True),
    "503 after it was made": Fault("POST", r"/issues(/1/comments)?", 503, after=True),
    "no answer": Fault("POST", r"/issues(/1/comments)?", hang_s=0.6),
    "a cut connection": Fault("POST", r"/issues(/1/comments)?", cut=True),
    "502 before it was made": Fault("POST", r"/issues(/1/comments)?", 502),
    "a secondary limit": Fault(
        "POST", r"/issues(/1/comments)?", 403, "You have exceeded a secondary rate limit", {"Retry-After": "5"}
    ),
    "too many": Fault("POST", r"/issues(/1/comments)?", 429, "Too many", {"Retry-After": "5"}),
}


@pytest.mark.parametrize("lost", LOST)
def test_an_issue_and_its_comment_are_made_once(store: Store, server: GitHubServer, clock: Clock, lost: str) -> None:
    """The list of issues lags, too."""
    server.list_lag_s = 25.0
    for minutes, priority in ((0, "P1"), (60, "P0")):
        clock.at_ns = max(clock.at_ns, NOW_NS + minutes * MINUTE_NS)
        _put(store, minutes, priority=priority)
        server.faults.append(replace(LOST[lost]))
        for _ in range(2):
            _go(store, server, clock)
            clock.sleep(60)

    assert [issue["title"] for issue in server.issues.values()] == ["P1 new · shop · payment refused"]
    assert [comment["body"].splitlines()[0] for comment in server.comments] == ["**P0, was P1.**"]
    assert not server.faults


def test_an_issue_follows_its_incident_to_its_end_and_back(store: Store, server: GitHubServer, clock: Clock) -> None:
    """Closed when it is over, open again when it fails after that; what is told later does not open it again."""
    states = []
    for at, fields in enumerate(
        ({}, {"state": "resolved"}, {"state": "regressed"}, {"state": "regressed", "priority": "P0"})
    ):
        clock.at_ns = NOW_NS + at * 60 * MINUTE_NS
        _put(store, at * 60, **fields)
        _go(store, server, clock)
        states.append(server.issues[1]["state"])
        if at == 2:
            server.person_closes(1)

    assert states == ["open", "closed", "open", "closed"]
    assert [comment["body"].splitlines()[0] for comment in server.comments] == [
        "**It is resolved.**",
        "**It is regressed.**",
        "**P0, was P1.**",
    ]


def test_what_a_person_closed_opens_where_it_is_shown_to_fail_since(
    store: Store, server: GitHubServer, clock: Clock
) -> None:
    _put(store)
    _go(store, server, clock)
    server.person_closes(1)
    clock.at_ns = NOW_NS + 60 * MINUTE_NS
    message = make_message(made_at_ns=clock.at_ns)
    claims = (*message.claims, Claimed(CLOSING, "refuted github:1", "Closed 20:00, and it fails on 00009."))

    put(store, replace(message, claims=claims), channels=("github",))
    _go(store, server, clock)

    assert server.issues[1]["state"] == "open"
    assert server.comments[0]["body"].startswith("**Closed 20:00, and it fails on 00009.**")


def test_labels_and_the_text_of_a_comment_outlast_the_outbox(store: Store, server: GitHubServer, clock: Clock) -> None:
    for minutes, priority in ((0, "P1"), (60, "P0")):
        message = make_message(made_at_ns=NOW_NS + minutes * MINUTE_NS, priority=priority)
        put(store, replace(message, labels=(priority,), comment="| BAD | 3/4 |"), channels=("github",))
        clock.at_ns = NOW_NS + minutes * MINUTE_NS
        _go(store, server, clock)

    assert [label["name"] for label in server.issues[1]["labels"]] == ["logtriage", "P0"]
    assert "| BAD | 3/4 |" in server.comments[0]["body"]


def test_a_database_that_was_lost_tells_on_in_the_same_issue(
    store: Store, server: GitHubServer, clock: Clock, tmp_path: Path, empty: Path
) -> None:
    _put(store)
    _go(store, server, clock)
    (tmp_path / "other").mkdir()
    shutil.copy(empty, tmp_path / "other")
    other = make_store(tmp_path / "other")
    clock.at_ns = NOW_NS + 60 * MINUTE_NS

    _put(other, 60, priority="P0")
    _go(other, server, clock)

    assert len(server.issues) == 1


def test_a_refused_token_keeps_the_message_for_later(store: Store, server: GitHubServer, clock: Clock) -> None:
    _put(store)
    server.token = "another"
    refused = _go(store, server, clock)
    server.token = TOKEN
    clock.sleep(25 * 3600)
    done = _go(store, server, clock)

    assert "is not accepted" in refused.refused[0]
    assert TOKEN not in repr(refused)
    assert done.steps == (("open", 1),)
    assert len(server.issues) == 1


def test_an_issue_that_somebody_deleted_is_told_once_and_opened_anew_by_what_changes(
    store: Store, server: GitHubServer, clock: Clock
) -> None:
    _put(store)
    _go(store, server, clock)
    server.deleted.add(1)
    refused = []
    for minutes, fields in ((60, {"figures": "9/9"}), (120, {"figures": "8/9"}), (180, {"state": "resolved"})):
        _put(store, minutes, **fields)
        told = _go(store, server, clock)
        refused.append((len(told.refused), told.left))
    asked = len(server.requests)
    assert _go(store, server, clock).is_clean

    _put(store, 240, state="regressed")
    assert _go(store, server, clock).is_clean

    assert refused == [(1, 0), (0, 0), (0, 0)]
    assert all("/issues/1" not in one.path for one in server.requests[asked:])
    assert sorted(server.issues) == [1, 2]
    assert server.issues[2]["state"] == "open"


def test_a_list_that_still_has_the_deleted_issue_leads_nobody_back_to_it(
    store: Store, server: GitHubServer, clock: Clock
) -> None:
    _put(store)
    _go(store, server, clock)
    server.deleted.add(1)
    server.lists_deleted = True
    _put(store, 60, state="regressed")

    told = _go(store, server, clock)

    assert (len(told.refused), told.left, dict(told.steps)) == (1, 0, {"open": 1})
    assert sorted(server.issues) == [1, 2]


def test_a_repository_without_issues_is_no_deleted_issue(store: Store, server: GitHubServer, clock: Clock) -> None:
    _put(store)
    _go(store, server, clock)
    server.has_issues = False
    _put(store, 60, figures="9/9")

    told = _go(store, server, clock)

    assert (told.left, len(told.refused)) == (1, 1)
    assert "is gone" not in told.refused[0]
