"""GitLab issues: one an incident, kept up to date in place, a note for each change, closed and reopened by choice.

An issue is found again by its number, and by the hidden mark in it (marker.py), which counts only in what the token's
own account wrote. The list of issues is asked, not the search.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct, field
from pydantic import AfterValidator, BeforeValidator, Field

from collector.window import NS_PER_S
from logtriage.errors import NotifyError
from logtriage.escape import plain, shorten
from logtriage.message import Message
from logtriage.notifiers.channel import Heard, Place, Step
from logtriage.notifiers.gitlab_api import CONFLICT, GitLabApi, gitlab_headers, mistake
from logtriage.notifiers.gitlab_text import gitlab_safe, gitlab_title
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

__all__ = ["GitLab", "GitLabConfig", "open_gitlab"]

_log = logging.getLogger(__name__)
_LONGEST = 1_000_000  # characters of a description or a note
_MARK_ROOM = 700
_CLOCKS_NS = 300 * NS_PER_S  # that two clocks may be apart
_REPORTER = 20  # access level whose word settles a verdict
_SAYS: dict[str, Literal["closed", "reopened"]] = {"closed": "closed", "reopened": "reopened"}


class GitLabConfig(TrackerConfig):
    """One item of `digest.channels` of kind `gitlab`."""

    default_variable: ClassVar[str] = "LOGTRIAGE_GITLAB_TOKEN"

    # path or number
    project: Annotated[
        str, BeforeValidator(str), Field(pattern=r"^([0-9]{1,12}|[A-Za-z0-9_.-]{1,200}(/[A-Za-z0-9_.-]{1,200})+)$")
    ]
    url: Annotated[str, AfterValidator(checked_url)] = "https://gitlab.com"
    confidential: bool = False  # new issues are seen by members of the project only


class GitLab(Struct):
    """A project's issues. It keeps the number of the account and whose word counts, and nothing else."""

    config: GitLabConfig
    gitlab: GitLabApi
    _account: int = 0
    _trusted: dict[int, bool] = field(default_factory=dict)
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
        issue = self.gitlab.read(f"/issues/{place.id}")
        if step == "edit":
            issue = self._edit(message, marker, issue)
            self._link(place, message, places)
        elif step == "close" and issue["state"] == "opened":
            issue = self.gitlab.change(f"/issues/{place.id}", {"state_event": "close"})
        elif step == "reopen" and issue["state"] == "closed" and not issue.get("moved_to_id"):
            issue = self.gitlab.change(f"/issues/{place.id}", {"state_event": "reopen"})
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
                return place if self._find_note(marker, place, since_ns) else None
        return None

    def _there(self, place: Place | None) -> contextlib.AbstractContextManager[None]:
        number = place.id if place else ""
        return there(
            self.name,
            place,
            lambda: self.gitlab.read(f"/issues/{number}"),
            lambda: next(self.gitlab.pages("/issues"), None),
        )

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """Issues closed and reopened by people, and notes that begin with `logtriage right` or `wrong`."""
        incidents = {place.id: incident for incident, place in places.items()}
        if not incidents:
            return ()
        early_ns = since_ns - _CLOCKS_NS  # what was heard before has the same event id
        changed = {str(one["iid"]) for one in self._ours(updated_after=_text(early_ns))} & incidents.keys()
        said = [
            one
            for iid in sorted(changed, key=int)
            for one in (*self._closings(iid, incidents[iid]), *self._verdicts(iid, incidents[iid]))
            if one.at_ns >= early_ns
        ]
        return tuple(sorted(said, key=lambda one: (one.at_ns, one.event_id)))

    def _open(self, message: Message, marker: Marker, place: Place | None, places: Mapping[str, Place]) -> Place:
        """A new issue; where one is told in that is still open, a note there."""
        earlier = self.gitlab.read(f"/issues/{place.id}") if place is not None else None
        if place is not None and earlier is not None and earlier["state"] == "opened":
            if not self._find_note(marker, place, message.made_at_ns):
                self._reply(message, marker, place)
            return _place(self._edit(message, marker, earlier))
        issue = {
            "title": gitlab_title(message.title or plain(message.headline, 255)),
            "description": _described(message, marker),
            "labels": ",".join(ticket_labels(self.config, message)),
            "confidential": self.config.confidential,
        }
        made = _place(self.gitlab.make("/issues", issue))
        self._link(made, message, {**places, **({"": place} if place is not None else {})})
        return made

    def _reply(self, message: Message, marker: Marker, place: Place) -> Place:
        text = shorten(gitlab_safe(comment_text(message)), _LONGEST - _MARK_ROOM)
        self.gitlab.make(f"/issues/{place.id}/notes", {"body": marked(text, marker)})
        return place

    def _edit(self, message: Message, marker: Marker, issue: Mapping[str, Any]) -> Any:
        """Body, title and labels as they are now. What people wrote stays: a title or labels of theirs, notes below."""
        old = (issue["description"] or "").replace("\r\n", "\n")
        body = _described(message, read_mark(old) or marker, below_mark(old))
        changed: dict[str, Any] = {"description": body} if body.rstrip() != old.rstrip() else {}
        title = gitlab_title(message.title)
        if title and title != issue["title"] and is_our_title(issue["title"]):
            changed["title"] = title
        have, wanted = set(issue["labels"]), set(message.labels)
        for key, labels in (
            ("add_labels", wanted - have),
            ("remove_labels", {one for one in have - wanted if wanted and is_our_label(one)}),
        ):
            if labels:
                changed[key] = ",".join(sorted(label.replace(",", " ") for label in labels))
        return self.gitlab.change(f"/issues/{issue['iid']}", changed) if changed else issue

    def _link(self, place: Place, message: Message, places: Mapping[str, Place]) -> None:
        """Related issues, as far as the project allows links; what fails is told in the log, the issue stands."""
        wanted = {places[one].id for one in ("", *message.related) if one in places} - {place.id}
        try:
            have = {str(one["iid"]) for one in self.gitlab.pages(f"/issues/{place.id}/links")} if wanted else set()
            for iid in sorted(wanted - have, key=int):
                target = {"target_project_id": self.config.project, "target_issue_iid": iid}
                self.gitlab.make(f"/issues/{place.id}/links", {**target, "link_type": "relates_to"})
        except NotifyError as error:
            _log.warning("%s: related issues are not linked: %s", self.name, error)

    def _find_issue(self, marker: Marker, place: Place | None, since_ns: int) -> Place | None:
        """By the delivery; else, where nothing is known, by the incident: the newest open one, else the newest."""
        ours = self._ours(created_after=_text(since_ns), order_by="created_at", sort="desc")
        marks = [(issue, read_mark(issue["description"])) for issue in ours]
        same = [issue for issue, mark in marks if mark == marker]
        if not same and place is None:
            same = [issue for issue, mark in marks if mark and mark.incident_id == marker.incident_id]
            same.sort(key=lambda issue: issue["state"] != "opened")
        return _place(same[0]) if same else None

    def _find_note(self, marker: Marker, place: Place, since_ns: int) -> bool:
        early_ns = since_ns - _CLOCKS_NS
        return any(
            read_mark(note["body"]) == marker and self._is_ours(note) for note in self._notes(place.id, early_ns)
        )

    def _notes(self, iid: str, since_ns: int) -> Iterator[Mapping[str, Any]]:
        """What people and we wrote to an issue since then, the newest first."""
        for note in self.gitlab.pages(f"/issues/{iid}/notes", order_by="created_at", sort="desc"):
            if _instant_ns(note["created_at"]) < since_ns:
                return
            if not note.get("system"):
                yield note

    def _ours(self, **asked: str) -> list[Mapping[str, Any]]:
        """Issues of our own account, open and closed."""
        found = self.gitlab.pages("/issues", scope="created_by_me", **asked)
        return [issue for issue in found if self._is_ours(issue)]

    def _closings(self, iid: str, incident: str) -> list[Heard]:
        return [
            Heard(incident, _SAYS[one["state"]], _instant_ns(one["created_at"]), f"state:{one['id']}", iid)
            for one in self.gitlab.pages(f"/issues/{iid}/resource_state_events")
            if one["state"] in _SAYS and (one.get("user") or {}).get("id") != self._login()
        ]

    def _verdicts(self, iid: str, incident: str) -> list[Heard]:
        """Notes of members; anybody may write to an issue of a public project."""
        heard = []
        for note in self._notes(iid, 0):
            said = verdict_in(note["body"])
            if said is not None and self._is_trusted(int(note["author"]["id"])):
                at_ns = _instant_ns(note.get("updated_at") or note["created_at"])
                heard.append(Heard(incident, said, at_ns, f"note:{note['id']}:{said}", iid))
        return heard

    def _is_trusted(self, user: int) -> bool:
        """A member with the role Reporter or above."""
        if user not in self._trusted:
            found = self.gitlab.pages("/members/all", user_ids=str(user))
            self._trusted[user] = any(one["id"] == user and one["access_level"] >= _REPORTER for one in found)
        return self._trusted[user]

    def _is_ours(self, written: Mapping[str, Any]) -> bool:
        return (written.get("author") or {}).get("id") == self._login()

    def _login(self) -> int:
        """The number of the token's account, asked once."""
        self._account = self._account or self.gitlab.account()
        return self._account


def open_gitlab(config: GitLabConfig) -> GitLab:
    """The project, ready to be written to; ConfigError when the token is missing."""
    token = config.read_token()
    name = config.token_secret or config.token_env or config.default_variable
    api = Api(
        "GitLab", config.url, gitlab_headers(token), uncertain=frozenset({CONFLICT}),
        mistake=partial(mistake, project=config.project, token_name=name),
        renew=lambda: gitlab_headers(token.again()),
    )  # fmt: skip
    return GitLab(config, GitLabApi(api, config.project))


def _described(message: Message, marker: Marker, notes: str = "") -> str:
    """The text with its hidden mark; below it the notes of people."""
    text = gitlab_safe((message.body or message_body(message)).rstrip())
    text = shorten(text, max(_LONGEST - _MARK_ROOM - len(notes), 0))
    return marked(text, marker) + (f"\n{notes}\n" if notes else "")


def _place(issue: Mapping[str, Any]) -> Place:
    return Place(str(issue["iid"]), str(issue.get("web_url", "")))


def _instant_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000) * (NS_PER_S // 1000)


def _text(at_ns: int) -> str:
    return datetime.fromtimestamp(max(at_ns, 0) // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
