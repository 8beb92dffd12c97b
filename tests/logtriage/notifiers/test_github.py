"""GitHub's issues, against a real HTTP server on loopback that behaves as GitHub does."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from collector.replacing import replace
from logtriage.errors import ConfigError, NotifyError, NotifyGone, NotifyUnavailable, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Place, Step, open_channel, parse_channel_config
from logtriage.notifiers.github import GitHub, GitHubConfig
from logtriage.notifiers.marker import Marker, mark, read_mark
from tests.support.github_server import BOT, REPOSITORY, TOKEN, Fault, GitHubServer, serve_github
from tests.support.tickets import incident_message

NOW_NS = 1_789_430_400_000_000_000
OPEN = incident_message()
WORSE = incident_message(act="change", news="worse: P0, was P1", body="**P0**\n\n99 of 99 fail.\n", facts="f2")
OVER = incident_message(
    act="change", state="resolved", is_over=True, news="resolved: 41 calls passed", labels=("P0",),
    title="GCP-resolved | P0 | shop: payment refused (403)", body="**over**\n",
)  # fmt: skip
BACK = incident_message(
    act="change", state="regressed", is_back=True, news="back since 21:40",
    title="GCP-regression | P0 | shop: payment refused (403)", body="**back**\n",
)  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    monkeypatch.setenv("LOGTRIAGE_GITHUB_TOKEN", TOKEN)
    with serve_github(clock=lambda: NOW_NS / 1e9) as github:
        yield github


def _channel(server: GitHubServer, waits: list[float] | None = None, *, timeout_s: float = 5.0, **keys: Any) -> GitHub:
    raw = {"kind": "github", "repository": REPOSITORY, "api_url": server.url, **keys}
    channel = open_channel(parse_channel_config(raw, where="digest.channels[0]"))
    assert isinstance(channel, GitHub)
    slept = waits if waits is not None else []
    api = replace(channel.github.api, sleep=slept.append, timeout_s=timeout_s)
    return GitHub(channel.config, replace(channel.github, api=api))


def _do(channel: GitHub, step: Step, message: Message, place: Place | None = None, **more: Any) -> Place:
    given = {"delivery_id": f"d-{message.key}-{step}", "is_repeat": False, "places": {}, **more}
    return channel.do(step, message, place=place, **given)


def _opened(channel: GitHub) -> Place:
    return _do(channel, "open", OPEN)


def test_an_incident_becomes_an_issue_with_a_hidden_mark(server: GitHubServer) -> None:
    place = _opened(_channel(server))

    issue = server.issues[1]
    assert place == Place("1", f"https://github.example/{REPOSITORY}/issues/1")
    assert issue["title"] == "GCP-new | P0 | shop: payment refused (403)"
    assert issue["body"].startswith("**P0 new**\n\n94 of 96 fail.")
    assert read_mark(issue["body"]) == Marker("i-pay", "d-i-pay:new-open")
    assert [label["name"] for label in issue["labels"]] == ["logtriage", "P0", "fault: configuration"]
    assert server.requests[-1].headers["Accept"] == "application/vnd.github+json"
    assert server.requests[-1].headers["X-GitHub-Api-Version"] == "2022-11-28"


@pytest.mark.parametrize(
    ("message", "keys", "steps"),
    [
        (OPEN, {}, ("reply", "edit")),
        (WORSE, {}, ("reply", "edit")),
        (replace(WORSE, act="edit"), {}, ("edit",)),
        (OVER, {}, ("reply", "edit", "close")),
        (OVER, {"close": False}, ("reply", "edit")),
        (BACK, {}, ("reopen", "reply", "edit")),
        (BACK, {"regressed": "new"}, ("open",)),
        (replace(OPEN, act="notice", key="vanished:shop:r:K"), {}, ()),
    ],
)
def test_steps_of_an_incident_that_was_told(
    server: GitHubServer, message: Message, keys: dict[str, Any], steps: tuple[Step, ...]
) -> None:
    assert _channel(server, **keys).steps(message, Place("1")) == steps


def test_a_notice_opens_an_issue_only_where_it_is_asked_for_and_warns(server: GitHubServer) -> None:
    warning = replace(OPEN, act="notice", incident_id="", key="vanished:shop:r:K", title="", body="")

    assert _channel(server).steps(OPEN, None) == ("open",)
    assert _channel(server).steps(warning, None) == ()
    assert _channel(server, warnings=True).steps(warning, None) == ("open",)
    assert _channel(server, warnings=True).steps(replace(warning, key="heartbeat:1"), None) == ()
    _do(_channel(server, warnings=True), "open", warning)
    assert server.issues[1]["title"] == warning.headline
    assert "- BAD 00008-bad: 94/96" in server.issues[1]["body"]


def test_the_life_of_an_incident_is_one_issue(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)

    for message in (WORSE, OVER, BACK):
        for step in channel.steps(message, place):
            assert _do(channel, step, message, place) == place

    issue = server.issues[1]
    assert len(server.issues) == 1
    assert (issue["state"], issue["title"][:14]) == ("open", "GCP-regression")
    assert [event["event"] for event in server.events] == ["closed", "reopened"]
    told = [comment["body"].splitlines()[0] for comment in server.comments]
    assert told == ["**worse: P0, was P1**", "**resolved: 41 calls passed**", "**back since 21:40**"]
    assert read_mark(issue["body"]) == Marker("i-pay", "d-i-pay:new-open")


@pytest.mark.parametrize(("state", "reason"), [("resolved", "completed"), ("muted", "not_planned")])
def test_a_closed_issue_says_why(server: GitHubServer, state: Any, reason: str) -> None:
    channel = _channel(server)
    place = _opened(channel)

    _do(channel, "close", replace(OVER, state=state), place)
    _do(channel, "close", replace(OVER, state=state), place)

    assert server.issues[1]["state_reason"] == reason
    assert [one.method for one in server.requests].count("PATCH") == 1


def test_an_edit_that_changes_nothing_is_not_sent(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)

    _do(channel, "edit", replace(OPEN, act="edit"), place, delivery_id="d-2")

    assert "PATCH /issues/1" not in server.asked


def test_an_edit_keeps_what_people_wrote(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    issue = server.issues[1]
    issue["title"] = "Payments: key lost (sprint 12)"
    issue["labels"] += [{"name": "team-blue"}]
    issue["labels"] = [label for label in issue["labels"] if label["name"] != "logtriage"]
    issue["body"] = issue["body"].replace("\n", "\r\n") + "\r\n\r\nCalled the provider, see chat.\r\n"

    _do(channel, "edit", replace(WORSE, priority="P1", labels=("P1",)), place)

    assert issue["title"] == "Payments: key lost (sprint 12)"
    assert [label["name"] for label in issue["labels"]] == ["team-blue", "P1"]
    assert issue["body"].startswith("**P0**\n\n99 of 99 fail.")
    assert issue["body"].rstrip().endswith("-->\n\nCalled the provider, see chat.")
    assert issue["body"].count("<!--") == 1


def test_related_issues_are_linked_by_number(server: GitHubServer) -> None:
    places = {"i-old": Place("7"), "i-pay": Place("1"), "i-other": Place("9")}

    _do(_channel(server), "open", replace(OPEN, related=("i-old", "i-other", "i-unknown")), places=places)

    assert "Related: #7, #9." in server.issues[1]["body"]


def test_one_that_is_back_can_become_a_new_issue_that_names_the_old_one(server: GitHubServer) -> None:
    channel = _channel(server, regressed="new")
    old = _opened(channel)
    server.person_closes(1)

    new = _do(channel, "open", BACK, old)

    assert new.id == "2"
    assert "It was told in #1 before." in server.issues[2]["body"]
    assert server.issues[1]["state"] == "closed"


def test_no_second_issue_stands_beside_an_open_one(server: GitHubServer) -> None:
    channel = _channel(server, regressed="new")
    old = _opened(channel)

    assert _do(channel, "open", BACK, old) == old
    assert _do(channel, "open", BACK, old, is_repeat=True) == old

    assert len(server.issues) == 1
    assert len(server.comments) == 1
    assert server.issues[1]["body"].startswith("**back**")


def test_what_a_person_put_away_is_not_opened_again(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_closes(1, reason="not_planned")

    _do(channel, "reopen", BACK, place)

    assert server.issues[1]["state"] == "closed"


def test_what_a_person_closed_as_done_is_opened_when_it_is_back(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_closes(1)

    _do(channel, "reopen", BACK, place)

    assert (server.issues[1]["state"], server.issues[1]["state_reason"]) == ("open", "reopened")


# --- what is lost on the way -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "/issues", 502, after=True),
        Fault("POST", "/issues", hang_s=0.5),
        Fault("POST", "/issues", cut=True),
        Fault("POST", "/issues", 201, text='{"number": ', after=True),
    ],
)
def test_a_create_whose_answer_is_lost_is_not_repeated_and_is_found(server: GitHubServer, fault: Fault) -> None:
    channel = _channel(server, timeout_s=0.2)
    server.faults.append(fault)

    with pytest.raises(NotifyUncertain):
        _opened(channel)
    found = channel.find("open", OPEN, delivery_id="d-i-pay:new-open", place=None, since_ns=NOW_NS - 60_000_000_000)

    assert found is not None
    assert found.id == "1"
    assert len(server.issues) == 1
    assert server.asked.count("POST /issues") == 1


def test_a_comment_whose_answer_is_lost_is_found(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.faults.append(Fault("POST", r"/issues/1/comments", 502, after=True))

    with pytest.raises(NotifyUncertain):
        _do(channel, "reply", WORSE, place, delivery_id="d-9")

    assert channel.find("reply", WORSE, delivery_id="d-9", place=place, since_ns=NOW_NS) == place
    assert channel.find("reply", WORSE, delivery_id="d-8", place=place, since_ns=NOW_NS) is None
    assert len(server.comments) == 1


def test_a_list_that_lags_shows_nothing_yet_and_the_search_is_never_asked(server: GitHubServer) -> None:
    channel = _channel(server)
    _opened(channel)
    server.list_lag_s = 20

    asked = {"delivery_id": "d-i-pay:new-open", "place": None, "since_ns": NOW_NS}
    assert channel.find("open", OPEN, **asked) is None  # type: ignore[arg-type] # as named above
    server.clock = lambda: NOW_NS / 1e9 + 21
    assert channel.find("open", OPEN, **asked) == Place("1", server.issues[1]["html_url"])  # type: ignore[arg-type]
    assert not [path for path in server.asked if "search" in path]


def test_an_edit_is_repeated_through_a_fault(server: GitHubServer) -> None:
    waits: list[float] = []
    channel = _channel(server, waits)
    place = _opened(channel)
    server.faults += [Fault("PATCH", "/issues/1", 502, after=True), Fault("GET", "/issues/1", 503)]

    _do(channel, "edit", WORSE, place)

    assert server.issues[1]["body"].startswith("**P0**")
    assert waits == [1.0, 1.0]


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (Fault("POST", "/issues", 403, "You have exceeded a secondary rate limit", {"Retry-After": "7"}), [7.0]),
        (Fault("POST", "/issues", 403, "You have exceeded a secondary rate limit. Please wait"), [1.0]),
        (Fault("POST", "/issues", 429, "Too many", {"Retry-After": "3"}), [3.0]),
    ],
)
def test_a_limit_is_waited_for_and_nothing_is_doubled(server: GitHubServer, fault: Fault, waits: list[float]) -> None:
    slept: list[float] = []
    server.faults.append(fault)

    _opened(_channel(server, slept))

    assert slept == waits
    assert len(server.issues) == 1


def test_a_spent_quota_is_left_to_the_next_cycle(server: GitHubServer) -> None:
    slept: list[float] = []
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 1800)}
    server.faults.append(Fault("POST", "/issues", 403, "API rate limit exceeded", spent))

    with pytest.raises(NotifyUnavailable, match="next cycle"):
        _opened(_channel(server, slept))

    assert slept == []
    assert not server.issues


# --- whom it believes --------------------------------------------------------------------------------------------


def test_a_mark_that_others_wrote_is_not_believed(server: GitHubServer) -> None:
    channel = _channel(server)
    server.person_opens("trap", f"x\n{mark(Marker('i-pay', 'd-1'))}\n")
    server.person_opens("pull", f"x\n{mark(Marker('i-pay', 'd-1'))}\n", login=BOT, is_pull_request=True)

    assert channel.find("open", OPEN, delivery_id="d-1", place=None, since_ns=0) is None


def test_an_issue_of_another_database_is_found_by_its_incident(server: GitHubServer) -> None:
    channel = _channel(server)
    for number in (1, 2, 3):
        _do(channel, "open", OPEN, delivery_id=f"d-{number}")
    server.person_closes(3)

    def find(delivery_id: str, place: Place | None = None) -> Place | None:
        return channel.find("open", OPEN, delivery_id=delivery_id, place=place, since_ns=0)

    assert (find("d-1") or Place("")).id == "1"
    assert (find("other") or Place("")).id == "2"  # the newest that is open
    assert find("other", Place("3")) is None  # it is told there: only what this delivery left counts
    assert channel.find("close", OVER, delivery_id="d", place=Place("1"), since_ns=0) is None


def test_lists_are_read_page_by_page(server: GitHubServer) -> None:
    channel = _channel(server)
    server.page_most = 2
    for number in range(5):
        _do(channel, "open", OPEN, delivery_id=f"d-{number}")

    found = channel.find("open", OPEN, delivery_id="d-0", place=None, since_ns=0)

    assert found is not None
    assert found.id == "1"


def test_the_account_of_an_app_is_named_in_its_settings(server: GitHubServer) -> None:
    server.is_app, server.login = True, "triage[bot]"

    with pytest.raises(NotifyError, match=r"Set `account` of the channel to its login"):
        _channel(server).find("open", OPEN, delivery_id="d", place=None, since_ns=0)
    channel = _channel(server, account="triage[bot]")
    _opened(channel)
    assert channel.find("open", OPEN, delivery_id="d-i-pay:new-open", place=None, since_ns=0) is not None


# --- what people say ---------------------------------------------------------------------------------------------


def test_closing_and_reopening_by_people_is_heard_and_ours_is_not(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    _do(channel, "close", OVER, place)
    server.person_reopens(1)
    server.person_closes(1)
    server.person_opens("theirs", "x")

    heard = channel.hear({"i-pay": place}, since_ns=NOW_NS)

    assert [(one.incident_id, one.said, one.place_id) for one in heard] == [
        ("i-pay", "reopened", "1"),
        ("i-pay", "closed", "1"),
    ]
    assert len({one.event_id for one in heard}) == 2
    assert all(one.at_ns == NOW_NS for one in heard)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("logtriage right", "right"),
        ("/logtriage WRONG\nit was the proxy", "wrong"),
        ("logtriage: right.", "right"),
        ("logtriage is right", None),
        ("logtriage right or wrong?", None),
        ("> logtriage right", None),
        ("I think\nlogtriage right", None),
    ],
)
def test_a_comment_settles_the_verdict_by_its_first_line(server: GitHubServer, text: str, said: str | None) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_says(1, text)

    heard = channel.hear({"i-pay": place}, since_ns=NOW_NS)

    assert [one.said for one in heard] == ([said] if said else [])


def test_strangers_settle_nothing_and_other_issues_are_not_listened_to(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_opens("theirs", "x")
    server.person_says(1, "logtriage right", association="NONE")
    server.person_says(2, "logtriage right")

    assert channel.hear({"i-pay": place}, since_ns=NOW_NS) == ()
    assert channel.hear({}, since_ns=NOW_NS) == ()


def test_what_is_heard_twice_has_the_same_id_and_names_nobody(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_says(1, "logtriage wrong", login="dana-who-spoke")
    server.person_closes(1, login="dana-who-spoke")

    first, second = (channel.hear({"i-pay": place}, since_ns=NOW_NS) for _ in range(2))

    assert first == second
    assert "dana" not in repr(first)


def test_what_was_said_before_is_not_heard(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.person_closes(1)
    server.person_says(1, "logtriage right")

    assert channel.hear({"i-pay": place}, since_ns=NOW_NS + 3600_000_000_000) == ()


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_wrong_token_is_told_without_it(server: GitHubServer) -> None:
    server.token = "another"
    channel = _channel(server)

    with pytest.raises(NotifyError, match="the token in LOGTRIAGE_GITHUB_TOKEN is not accepted") as raised:
        _opened(channel)

    assert TOKEN not in f"{raised.value}{channel!r}{raised.value.__cause__!r}"
    assert not raised.value.is_retryable


def test_a_token_that_was_rotated_holds_at_once(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = _channel(server)
    server.token = "github_pat_rotated"
    monkeypatch.setenv("LOGTRIAGE_GITHUB_TOKEN", server.token)

    assert _opened(channel).id == "1"


def test_a_missing_token_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGTRIAGE_GITHUB_TOKEN", raising=False)

    with pytest.raises(ConfigError, match="LOGTRIAGE_GITHUB_TOKEN"):
        open_channel(GitHubConfig(kind="github", name="github", repository=REPOSITORY))


def test_a_repository_out_of_reach_is_told(server: GitHubServer) -> None:
    with pytest.raises(NotifyError, match=r"there is no `acme/other` or no such issue, or the token does not see it"):
        _opened(_channel(server, repository="acme/other"))


def test_issues_that_are_turned_off_are_told(server: GitHubServer) -> None:
    server.has_issues = False

    with pytest.raises(NotifyError, match="Turn on Issues in its settings"):
        _opened(_channel(server))


def test_a_token_that_may_only_read_is_told(server: GitHubServer) -> None:
    server.faults.append(Fault("POST", "/issues", 403, "Resource not accessible by personal access token"))

    with pytest.raises(NotifyError, match="Give it Issues: read and write there"):
        _opened(_channel(server))


def test_a_body_that_is_refused_is_told_by_its_field(server: GitHubServer) -> None:
    with pytest.raises(NotifyError, match=r"Validation Failed: title custom title is too long \(maximum is 256\)"):
        _do(_channel(server), "open", replace(OPEN, title="x" * 300))


def test_texts_and_labels_are_kept_within_the_limits(server: GitHubServer) -> None:
    notes = "n" * 5000
    channel = _channel(server)
    place = _do(channel, "open", replace(OPEN, body="y" * 90_000, labels=("a,b" + "z" * 90,)))
    server.issues[1]["body"] += notes

    _do(channel, "edit", replace(WORSE, body="z" * 90_000, labels=()), place)
    _do(channel, "reply", replace(WORSE, comment="c" * 90_000), place)

    assert len(server.issues[1]["body"]) <= 65_536
    assert server.issues[1]["body"].rstrip().endswith(notes)
    assert len(server.comments[0]["body"]) <= 65_536
    assert read_mark(server.comments[0]["body"]) is not None


def test_a_repository_that_moved_is_read_and_told_on_the_first_write(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.moved_to = "acme/store"

    assert channel.find("open", OPEN, delivery_id="d-i-pay:new-open", place=None, since_ns=0) is not None
    with pytest.raises(NotifyError, match=r"has moved\. Set `repository`"):
        _do(channel, "reply", WORSE, place)


@pytest.mark.parametrize("spoil", ["deleted", "transferred"])
def test_an_issue_that_is_gone_is_told(server: GitHubServer, spoil: str) -> None:
    channel = _channel(server)
    place = _opened(channel)
    getattr(server, spoil).add(1)

    with pytest.raises(NotifyGone, match="issue 1 is gone: somebody deleted it or moved it away"):
        _do(channel, "edit", WORSE, place)


def test_a_locked_issue_is_told(server: GitHubServer) -> None:
    channel = _channel(server)
    place = _opened(channel)
    server.issues[1]["locked"] = True

    with pytest.raises(NotifyError, match=r"the issue in `acme/shop` is locked\. Unlock it"):
        _do(channel, "reply", WORSE, place)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"repository": "shop"}, r"digest\.channels\[0\]\.repository is `shop`"),
        ({"api_url": "http://ghe.example/api/v3"}, "it should be an https address without login"),
        ({"regressed": "never"}, r"\.regressed is `never`"),
        ({"labels": ["a,b"]}, r"\.labels\[0\] is `a,b`"),
        ({"assignee": "dana"}, r"\.assignee is not a known key; known keys: kind, name,"),
    ],
)
def test_a_wrong_setting_is_told_by_its_key(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_channel_config({"kind": "github", "repository": REPOSITORY, **keys}, where="digest.channels[0]")
