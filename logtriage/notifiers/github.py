"""GitHub issues: one an incident, kept up to date in place, a comment for each change, closed and reopened by choice.

An issue is found again by its number, and by the hidden mark in it (marker.py), which counts only in what the token's
own account wrote. The list of issues is asked, not the search, whose index lags.
"""

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct
from pydantic import AfterValidator, Field

from collector.window import NS_PER_S
from logtriage.escape import plain, shorten
from logtriage.message import Message
from logtriage.notifiers.channel import Heard, Place, Step
from logtriage.notifiers.github_api import GitHubApi, github_headers, instant_ns, mistake, since_text
from logtriage.notifiers.http import Api
from logtriage.notifiers.marker import Marker, below_mark, marked, read_mark
from logtriage.notifiers.tracker import (
    TrackerConfig,
    comment_text,
    is_our_label,
    is_our_title,
    marker_of,
    there,
    ticket_labels,
    tracker_steps,
    verdict_in,
)
from logtriage.notifiers.urls import checked_url
from logtriage.ticket_view import message_body

__all__ = ["GitHub", "GitHubConfig", "open_github"]

_LONGEST = 65_536  # characters of a body
_MARK_ROOM = 700
_CLOCKS_NS = 300 * NS_PER_S  # that two clocks may be apart
_TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})  # whose word settles a verdict
_PUT_AWAY = frozenset({"not_planned", "duplicate"})
_SAYS: dict[str, Literal["closed", "reopened"]] = {"closed": "closed", "reopened": "reopened"}


class GitHubConfig(TrackerConfig):
    """One item of `digest.channels` of kind `github`."""

    default_variable: ClassVar[str] = "LOGTRIAGE_GITHUB_TOKEN"

    repository: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")  # owner/name
    api_url: Annotated[str, AfterValidator(checked_url)] = "https://api.github.com"  # Enterprise: https://HOST/api/v3
    account: str = Field(default="", max_length=100)  # login of the token, where GitHub does not tell it (an app's)


class GitHub(Struct):
    """A repository's issues. It keeps the login of the account, and nothing else."""

    config: GitHubConfig
    github: GitHubApi
    _account: str = ""
    can_find: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name given in config.yaml."""
        return self.config.name

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        """A new issue; or what becomes of it: reopened, told, brought up to date, closed."""
        return tracker_steps(self.config, message, place)

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],
    ) -> Place:  # fmt: skip
        """Does one step; see Notifier. A step without a place opens the issue. `is_repeat` changes nothing here."""
        del is_repeat  # what an attempt may have left was looked up
        with self._there(place):
            return self._do(step, message, marker_of(message, delivery_id), place, places)

    def _do(
        self, step: Step, message: Message, marker: Marker, place: Place | None, places: Mapping[str, Place]
    ) -> Place:
        if step == "open" or place is None:
            return self._open(message, marker, place, places)
        if step == "reply":
            return self._reply(message, marker, place)
        issue = self.github.read(f"/issues/{place.id}")
        if step == "edit":
            issue = self._edit(message, marker, issue, places)
        elif step == "close":
            issue = self._close(message, issue)
        else:
            issue = self._reopen(issue)
        return _place(issue)

    def find(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, since_ns: int
    ) -> Place | None:
        """What an attempt since then left; see Notifier. A change in place may be made twice: it is not looked for."""
        marker = marker_of(message, delivery_id)
        if step == "open":
            return self._find_issue(marker, place, since_ns)
        if step == "reply" and place is not None:
            with self._there(place):
                return place if self._find_comment(marker, place, since_ns) else None
        return None

    def _there(self, place: Place | None) -> contextlib.AbstractContextManager[None]:
        number = place.id if place else ""
        return there(
            self.name,
            place,
            lambda: self.github.read(f"/issues/{number}"),
            lambda: next(self.github.pages("/issues"), None),
        )

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """Issues closed and reopened by people, and comments that begin with `logtriage right` or `wrong`."""
        incidents = {place.id: incident for incident, place in places.items()}
        if not incidents:
            return ()
        early_ns = since_ns - _CLOCKS_NS  # what was heard before has the same event id
        said = [*self._closings(incidents, early_ns), *self._verdicts(incidents, early_ns)]
        return tuple(sorted(said, key=lambda one: (one.at_ns, one.event_id)))

    def _open(self, message: Message, marker: Marker, place: Place | None, places: Mapping[str, Place]) -> Place:
        """A new issue; where one is told in that is still open, a comment there."""
        earlier = self.github.read(f"/issues/{place.id}") if place is not None else None
        if place is not None and earlier is not None and earlier["state"] == "open":
            if not self._find_comment(marker, place, message.made_at_ns):
                self._reply(message, marker, place)
            return _place(self._edit(message, marker, earlier, places))
        body = {
            "title": message.title or plain(message.headline, 256),
            "body": self._body(message, marker, places, earlier=place),
            "labels": list(ticket_labels(self.config, message)),
        }
        return _place(self.github.make("/issues", body))

    def _reply(self, message: Message, marker: Marker, place: Place) -> Place:
        body = marked(shorten(comment_text(message), _LONGEST - _MARK_ROOM), marker)
        self.github.make(f"/issues/{place.id}/comments", {"body": body})
        return place

    def _edit(self, message: Message, marker: Marker, issue: Mapping[str, Any], places: Mapping[str, Place]) -> Any:
        """Body, title and labels as they are now. What people wrote stays: a title or labels of theirs, notes below."""
        old = issue["body"] or ""
        changed: dict[str, Any] = {
            "body": self._body(
                message, read_mark(old) or marker, places, notes=below_mark(old), itself=str(issue["number"])
            )
        }
        if message.title and is_our_title(issue["title"]):
            changed["title"] = message.title
        labels = [one if isinstance(one, str) else str(one["name"]) for one in issue["labels"]]
        wanted = [*(one for one in labels if not is_our_label(one)), *message.labels]
        if message.labels and set(wanted) != set(labels):
            changed["labels"] = wanted
        is_same = changed["body"].rstrip() == old.replace("\r\n", "\n").rstrip() and "labels" not in changed
        if is_same and changed.get("title", issue["title"]) == issue["title"]:
            return issue
        return self.github.change(f"/issues/{issue['number']}", changed)

    def _close(self, message: Message, issue: Mapping[str, Any]) -> Any:
        if issue["state"] == "closed":
            return issue
        reason = "completed" if message.state == "resolved" else "not_planned"
        return self.github.change(f"/issues/{issue['number']}", {"state": "closed", "state_reason": reason})

    def _reopen(self, issue: Mapping[str, Any]) -> Any:
        """Open again; but for one that a person put away, which is told only."""
        by_person = (issue.get("closed_by") or {}).get("login") != self._login()
        if issue["state"] == "open" or (by_person and issue.get("state_reason") in _PUT_AWAY):
            return issue
        return self.github.change(f"/issues/{issue['number']}", {"state": "open", "state_reason": "reopened"})

    def _body(
        self, message: Message, marker: Marker, places: Mapping[str, Place], *, notes: str = "", itself: str = "",
        earlier: Place | None = None,
    ) -> str:  # fmt: skip
        """The text with links to related issues and the hidden mark; below it the notes of people."""
        related = [places[one].id for one in message.related if one in places and places[one].id != itself]
        told = list(dict.fromkeys(f"#{number}" for number in related))
        links = f"\n\nRelated: {', '.join(told)}." if told else ""
        links += f"\n\nIt was told in #{earlier.id} before." if earlier else ""
        text = message.body or message_body(message)
        room = _LONGEST - _MARK_ROOM - len(links) - len(notes)
        return marked(f"{shorten(text.rstrip(), max(room, 0))}{links}", marker) + (f"\n{notes}\n" if notes else "")

    def _find_issue(self, marker: Marker, place: Place | None, since_ns: int) -> Place | None:
        """By the delivery; else, where nothing is known, by the incident: the newest open one, else the newest."""
        ours = self._ours(since_ns, sort="created", direction="desc")
        marks = [(issue, read_mark(issue["body"])) for issue in ours]
        same = [issue for issue, mark in marks if mark == marker]
        if not same and place is None:
            same = [issue for issue, mark in marks if mark and mark.incident_id == marker.incident_id]
            same.sort(key=lambda issue: issue["state"] != "open")
        return _place(same[0]) if same else None

    def _find_comment(self, marker: Marker, place: Place, since_ns: int) -> bool:
        path = f"/issues/{place.id}/comments"
        return any(
            read_mark(comment["body"]) == marker and self._is_ours(comment)
            for comment in self.github.pages(path, since=since_text(since_ns))
        )

    def _ours(self, since_ns: int, **order: str) -> list[Mapping[str, Any]]:
        """Issues of our own account that changed since then."""
        params = {"state": "all", "since": since_text(since_ns), **order}
        if not self._login().endswith("[bot]"):  # of an app the filter takes another name than the answers tell
            params["creator"] = self._login()
        found = self.github.pages("/issues", **params)
        return [issue for issue in found if self._is_ours(issue) and "pull_request" not in issue]

    def _closings(self, incidents: Mapping[str, str], since_ns: int) -> list[Heard]:
        """Events of issues that changed; an issue's own fields do not tell each closing."""
        changed = {str(issue["number"]) for issue in self._ours(since_ns, sort="updated", direction="desc")}
        return [
            Heard(incidents[number], _SAYS[one["event"]], instant_ns(one["created_at"]), f"event:{one['id']}", number)
            for number in sorted(changed & incidents.keys(), key=int)
            for one in self.github.pages(f"/issues/{number}/events")
            if one["event"] in _SAYS
            and instant_ns(one["created_at"]) >= since_ns
            and (one.get("actor") or {}).get("login") != self._login()
        ]

    def _verdicts(self, incidents: Mapping[str, str], since_ns: int) -> list[Heard]:
        """Comments of people who may write to the repository; anybody may comment on a public one."""
        heard = []
        for comment in self.github.pages(
            "/issues/comments", since=since_text(since_ns), sort="updated", direction="asc"
        ):
            number = str(comment["issue_url"]).rpartition("/")[2]
            said = verdict_in(str(comment["body"] or ""))
            if number not in incidents or said is None or comment.get("author_association") not in _TRUSTED:
                continue
            event_id = f"comment:{comment['id']}:{said}"
            heard.append(Heard(incidents[number], said, instant_ns(comment["updated_at"]), event_id, number))
        return heard

    def _is_ours(self, written: Mapping[str, Any]) -> bool:
        return (written.get("user") or {}).get("login") == self._login()

    def _login(self) -> str:
        """The login of the token's account, asked once."""
        self._account = self._account or self.config.account or self.github.account()
        return self._account


def open_github(config: GitHubConfig) -> GitHub:
    """The repository, ready to be written to; ConfigError when the token is missing."""
    token = config.read_token()
    name = config.token_secret or config.token_env or config.default_variable
    api = Api(
        "GitHub",
        config.api_url,
        github_headers(token),
        mistake=partial(mistake, repository=config.repository, token_name=name),
        renew=lambda: github_headers(token.again()),
    )
    return GitHub(config, GitHubApi(api, config.repository))


def _place(issue: Mapping[str, Any]) -> Place:
    return Place(str(issue["number"]), str(issue.get("html_url", "")))
