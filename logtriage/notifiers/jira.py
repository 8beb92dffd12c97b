"""Jira issues, on Cloud and on Data Center: one an incident, kept up to date, a comment for each change.

An issue is found again by its key, and by a property that bears the mark (marker.py), which counts only in what the
token's own account made. The index of a search lags, so what is not in it yet is looked for under the next keys.
"""

import contextlib
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Struct
from pydantic import AfterValidator, Field

from collector.secret import VARIABLE_PATTERN, Secret, read_secret
from collector.window import NS_PER_S
from logtriage.errors import NotifyError
from logtriage.escape import plain, shorten
from logtriage.message import Message
from logtriage.notifiers.channel import Heard, Place, Step
from logtriage.notifiers.http import Api
from logtriage.notifiers.jira_api import JiraApi, jira_headers, mistake, person
from logtriage.notifiers.jira_moves import find_transition
from logtriage.notifiers.jira_text import adf, adf_words, wiki
from logtriage.notifiers.marker import PROPERTY, Marker, mark_label, mark_property, read_property
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

__all__ = ["Jira", "JiraConfig", "open_jira"]

_log = logging.getLogger(__name__)
_SUMMARY = 255
_GAPS = 3  # keys in a row that are not there, or not to be seen, before no more is looked for
_AHEAD = 60  # keys that the index may lag behind
_CLOCKS_NS = 300 * NS_PER_S  # that two clocks may be apart


class JiraConfig(TrackerConfig):
    """One item of `digest.channels` of kind `jira`."""

    default_variable: ClassVar[str] = "LOGTRIAGE_JIRA_TOKEN"

    url: Annotated[str, AfterValidator(checked_url)]  # https://acme.atlassian.net
    project: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,79}$")  # its key, of which those of issues begin
    issue_type: str = Field(default="Bug", min_length=1, max_length=100)
    user_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # variable with the account's e-mail: Cloud
    api: Literal["auto", "2", "3"] = "auto"  # 3: Cloud, 2: Data Center
    done: str = Field(default="", max_length=100)  # transition or state to close by; "" any whose category is done
    to_do: str = Field(default="", max_length=100)  # to reopen by; "" any whose category is not done, to do first
    link_type: str = Field(default="Relates", max_length=100)  # of related issues; "" links none


class Jira(Struct):
    """A project's issues."""

    config: JiraConfig
    jira: JiraApi
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
            self._reply(message, marker, place)
        elif step == "edit":
            self._edit(message, place)
            self._link(place, message, places)
        else:
            self._move(place, is_closing=step == "close")
        return place

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
        return there(self.name, place, lambda: self.jira.read(f"/issue/{number}", fields="status"), self._newest)

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """Issues that people moved to a state that is done, or out of it; comments that begin with `logtriage right`.

        Or with `logtriage wrong`; those of customers of a service desk do not count.
        """
        early_ns = since_ns - _CLOCKS_NS  # what was heard before has the same event id
        said = [
            one
            for incident, place in sorted(places.items())
            for one in self._heard_at(place.id, incident, early_ns)
            if one.at_ns >= early_ns
        ]
        return tuple(sorted(said, key=lambda one: (one.at_ns, one.event_id)))

    def _open(self, message: Message, marker: Marker, place: Place | None, places: Mapping[str, Place]) -> Place:
        """A new issue; where one is told in that is still open, a comment there."""
        if place is not None and not self._is_done(self.jira.read(f"/issue/{place.id}", fields="status")):
            if not self._find_comment(marker, place, message.made_at_ns):
                self._reply(message, marker, place)
            self._edit(message, place)
            return place
        labels = [_label(one) for one in ticket_labels(self.config, message)]
        issue = {
            "fields": {
                "project": {"key": self.config.project},
                "issuetype": {"name": self.config.issue_type},
                "summary": _summary(message),
                "description": self._markup(message.body or message_body(message)),
                "labels": [*dict.fromkeys(labels), mark_label(marker.incident_id)],
            },
            "properties": [{"key": PROPERTY, "value": mark_property(marker)}],
        }
        made = self._place(self.jira.make("/issue", issue))
        self._link(made, message, {**places, **({"": place} if place is not None else {})})
        return made

    def _reply(self, message: Message, marker: Marker, place: Place) -> None:
        properties = [{"key": PROPERTY, "value": mark_property(marker)}]
        body = self._markup(comment_text(message))
        self.jira.make(f"/issue/{place.id}/comment", {"body": body, "properties": properties})

    def _edit(self, message: Message, place: Place) -> None:
        """Summary, description and labels as they are now. A summary or labels of people stay; nobody is mailed."""
        old = self.jira.read(f"/issue/{place.id}", fields="summary,labels")["fields"]
        fields: dict[str, Any] = {"description": self._markup(message.body or message_body(message))}
        if message.title and is_our_title(old["summary"]):
            fields["summary"] = _summary(message)
        have, wanted = set(old["labels"]), {_label(one) for one in message.labels}
        labels = [{"add": one} for one in sorted(wanted - have)]
        labels += [{"remove": one} for one in sorted(have - wanted) if wanted and is_our_label(one)]
        changed = {"fields": fields, **({"update": {"labels": labels}} if labels else {})}
        quiet = {"notifyUsers": "false"} if self.jira.is_cloud else {}
        self.jira.change(f"/issue/{place.id}", changed, **quiet)

    def _move(self, place: Place, *, is_closing: bool) -> None:
        """Through the first transition that leads there, unless it is there."""
        issue = self.jira.read(f"/issue/{place.id}", fields="status")
        if self._is_done(issue) == is_closing:
            return
        name = self.config.done if is_closing else self.config.to_do
        known = self.jira.read(f"/issue/{place.id}/transitions", expand="transitions.fields")["transitions"]
        self.jira.move(place.id, find_transition(known, name, is_closing=is_closing, channel=self.name))

    def _link(self, place: Place, message: Message, places: Mapping[str, Place]) -> None:
        """Related issues; what fails is told in the log, the issue stands."""
        wanted = {places[one].id for one in ("", *message.related) if one in places} - {place.id}
        if not wanted or not self.config.link_type:
            return
        try:
            links = self.jira.read(f"/issue/{place.id}", fields="issuelinks")["fields"]["issuelinks"]
            have = {one[side]["key"] for one in links for side in ("inwardIssue", "outwardIssue") if side in one}
            for key in sorted(wanted - have):
                link = {"type": {"name": self.config.link_type}, "inwardIssue": {"key": place.id}}
                self.jira.link({**link, "outwardIssue": {"key": key}})
        except NotifyError as error:
            _log.warning("%s: related issues are not linked: %s", self.name, error)

    def _find_issue(self, marker: Marker, place: Place | None, since_ns: int) -> Place | None:
        """By the delivery; else, where nothing is known, by the incident: the newest open one, else the newest."""
        jql = f'project = "{self.config.project}" AND labels = "{mark_label(marker.incident_id)}" ORDER BY key DESC'
        marks = self._marks(filter(None, map(self._look, self.jira.search(jql))))
        if not any(mark == marker for _, mark in marks):
            marks += self._marks(self._not_indexed())
        same = [one for one, mark in marks if mark == marker]
        if not same and place is None:
            same = [
                one
                for one, mark in marks
                if mark
                and mark.incident_id == marker.incident_id
                and _instant_ns(one["fields"]["created"]) >= since_ns - _CLOCKS_NS
            ]
            same.sort(key=lambda one: (self._is_done(one), -_number(one["key"])))
        return self._place(same[0]) if same else None

    def _not_indexed(self) -> list[Mapping[str, Any]]:
        """Issues that were made since the index was brought up to date: keys are given in order."""
        newest = self._newest()
        number = _number(newest[0]) if newest else 0
        found: list[Mapping[str, Any]] = []
        gaps = 0
        for ahead in range(1, _AHEAD + 1):
            issue = self._look(f"{self.config.project}-{number + ahead}")
            gaps = gaps + 1 if issue is None else 0
            if gaps == _GAPS:
                break
            found += [issue] if issue is not None else []
        return found

    def _newest(self) -> list[str]:
        """The newest issue of the project that the index has."""
        return self.jira.search(f'project = "{self.config.project}" ORDER BY key DESC', most=1)

    def _look(self, key: str) -> Mapping[str, Any] | None:
        """An issue as it is, and not as an index has it; None where it is not to be seen."""
        found: Mapping[str, Any] | None = self.jira.look(
            f"/issue/{key}", fields="created,creator,status", properties=PROPERTY
        )
        return found

    def _marks(self, issues: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Marker | None]]:
        """Issues that our own account made, with their marks."""
        ours = (one for one in issues if person(one["fields"].get("creator")) == self.jira.account())
        return [(one, read_property((one.get("properties") or {}).get(PROPERTY))) for one in ours]

    def _find_comment(self, marker: Marker, place: Place, since_ns: int) -> bool:
        for comment in self.jira.comments(place.id):
            is_early = _instant_ns(comment["created"]) < since_ns - _CLOCKS_NS
            if is_early or person(comment.get("author")) != self.jira.account():
                continue
            if read_property(self._property(comment)) == marker:
                return True
        return False

    def _property(self, comment: Mapping[str, Any]) -> Any:
        """The value of our property of a comment; asked for where the list does not tell it."""
        if "properties" in comment:
            return next((one["value"] for one in comment["properties"] if one["key"] == PROPERTY), None)
        found = self.jira.look(f"/comment/{comment['id']}/properties/{PROPERTY}")
        return found["value"] if found else None

    def _heard_at(self, key: str, incident: str, since_ns: int) -> list[Heard]:
        issue = self.jira.look(f"/issue/{key}", fields="updated", expand="changelog")
        if issue is None or _instant_ns(issue["fields"]["updated"]) < since_ns:
            return []
        done = self.jira.done_states()
        heard = []
        for history in issue["changelog"]["histories"]:
            if person(history.get("author")) == self.jira.account():
                continue
            for item in history["items"]:
                was, now = str(item.get("from")) in done, str(item.get("to")) in done
                if item["field"] == "status" and was != now:
                    said: Literal["closed", "reopened"] = "closed" if now else "reopened"
                    at_ns = _instant_ns(history["created"])
                    heard.append(Heard(incident, said, at_ns, f"history:{history['id']}", key))
        return [*heard, *self._verdicts(key, incident)]

    def _verdicts(self, key: str, incident: str) -> list[Heard]:
        heard = []
        for comment in self.jira.comments(key):
            said = verdict_in(adf_words(comment["body"]))
            if said is not None and (comment.get("author") or {}).get("accountType") != "customer":
                at_ns = _instant_ns(comment.get("updated") or comment["created"])
                heard.append(Heard(incident, said, at_ns, f"comment:{comment['id']}:{said}", key))
        return heard

    def _is_done(self, issue: Mapping[str, Any]) -> bool:
        return bool(issue["fields"]["status"]["statusCategory"]["key"] == "done")

    def _markup(self, markdown: str) -> Any:
        return adf(markdown) if self.jira.is_cloud else wiki(markdown)

    def _place(self, issue: Mapping[str, Any]) -> Place:
        return Place(str(issue["key"]), f"{self.config.url}/browse/{issue['key']}")


def open_jira(config: JiraConfig) -> Jira:
    """The project, ready to be written to; ConfigError when the token is missing."""
    token = config.read_token()
    user: Secret | None = None
    if config.user_env:
        user = read_secret(env=config.user_env, where=f"Channel `{config.name}` cannot log in")
    name = config.token_secret or config.token_env or config.default_variable
    api = Api(
        "Jira", config.url, jira_headers(token, user),
        mistake=partial(mistake, project=config.project, token_name=name),
        renew=lambda: jira_headers(token.again(), user),
    )  # fmt: skip
    return Jira(config, JiraApi(api, config.api))


def _summary(message: Message) -> str:
    return shorten(plain(message.title or message.headline, 1000), _SUMMARY)


def _label(text: str) -> str:
    """A label without spaces, which Jira does not take: `fault-configuration`."""
    return re.sub(r"[\s:]+", "-", text.strip())


def _number(key: str) -> int:
    return int(key.rpartition("-")[2])


def _instant_ns(text: str) -> int:
    """`2026-09-14T20:33:00.123+0000`."""
    return int(datetime.fromisoformat(text).timestamp() * 1000) * (NS_PER_S // 1000)
