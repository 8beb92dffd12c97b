"""A Jira on loopback, Cloud or Data Center, as far as issues of one project go: shapes are checked, the index lags.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/, https://developer.atlassian.com/server/jira/platform/rest/
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.adf_shape import adf_mistakes
from tests.support.receiver import Reply, Request, Served, serve_http

__all__ = ["CUSTOMER", "OURS", "PERSON", "JiraServer", "serve_jira"]

OURS, PERSON, CUSTOMER = "acc-bot", "acc-person", "acc-customer"
_STATES = {
    "1": {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}},
    "2": {"id": "2", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
    "3": {"id": "3", "name": "Done", "statusCategory": {"key": "done"}},
}
_LABELS = re.compile(r'^project = "(?P<project>\w+)"(?: AND labels = "(?P<label>[\w-]+)")? ORDER BY key DESC$')


@dataclass
class JiraServer:
    """One project and its issues. `lag_s`: how far the index of the search is behind."""

    project: str = "SHOP"
    is_cloud: bool = True
    user: str = "bot@acme.example"
    token: str = "jira-very-secret"
    lag_s: float = 90.0
    url: str = ""
    served: Served = field(default_factory=Served)
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    histories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    transition_fields: dict[str, Any] = field(default_factory=dict)  # that each transition asks for
    mails: int = 0  # that watchers got
    is_telling_properties: bool = True  # of comments in a list
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _ids: int = 10_000

    @property
    def faults(self) -> list[Any]:
        """What goes wrong with the next requests."""
        return self.served.faults

    def answer(self, request: Request) -> Reply:  # noqa: C901, PLR0911 - one a route
        """What the real one would say."""
        plain = f"{self.user}:{self.token}".encode()
        login = f"Basic {base64.b64encode(plain).decode()}" if self.is_cloud else f"Bearer {self.token}"
        if request.headers.get("Authorization") != login:
            return Reply(401, "Client must be authenticated to access this resource.")
        self._tick()
        if request.path == "/rest/api/2/serverInfo":
            return Reply(200, {"deploymentType": "Cloud" if self.is_cloud else "Server"})
        if not request.path.startswith(f"/rest/api/{3 if self.is_cloud else 2}/"):
            return _refused(404, "dead link")
        parts = request.path.split("/")[4:]
        match (request.method, *parts):
            case ("GET", "myself"):
                return Reply(200, self._person(OURS))
            case ("GET", "status"):
                return Reply(200, list(_STATES.values()))
            case ("POST", "search", *rest) if rest == (["jql"] if self.is_cloud else []):
                return self._search(request.json)
            case ("POST", "issue"):
                return self._make(request.json)
            case ("POST", "issueLink"):
                return self._link(request.json)
            case ("GET", "comment", number, "properties", name):
                return self._comment_property(number, name)
            case (_, "issue", key, *rest) if key in self.issues:
                return self._on_issue(request, key, rest)
        return _refused(404, "Issue does not exist or you do not have permission to see it.")

    def write(self, title: str, label: str, value: Any) -> None:
        """Somebody makes an issue that bears a property."""
        made = self._made({"summary": title, "description": "", "labels": [label]}, PERSON)
        made["properties"]["logtriage"] = value

    def say(self, key: str, text: str, user: str = PERSON) -> None:
        """Somebody comments."""
        words = {"type": "text", "text": text}
        body = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [words]}]}
        self._commented(key, body if self.is_cloud else text, [], user)

    def move(self, key: str, state: str, user: str = PERSON) -> None:
        """Somebody moves an issue to a state."""
        issue = self.issues[key]
        item = {"field": "status", "from": issue["fields"]["status"]["id"], "to": state}
        issue["fields"]["status"] = _STATES[state]
        self._ids += 1
        self.histories[key].append(
            {"id": str(self._ids), "author": self._person(user), "created": self._stamp(), "items": [item]}
        )
        self._touch(key)

    def _on_issue(self, request: Request, key: str, rest: list[str]) -> Reply:  # noqa: PLR0911 - one a route
        match (request.method, *rest):
            case ("GET",):
                return self._read(request, key)
            case ("PUT",):
                return self._change(request, key)
            case ("GET", "comment"):
                start, most = int(request.asked("startAt") or 0), int(request.asked("maxResults") or 50)
                rows = self.comments[key]
                keys = {"id", "author", "body", "created", "updated"}
                keys |= {"properties"} if self.is_telling_properties and request.asked("expand") else set()
                shown = [{name: one[name] for name in keys} for one in rows[start : start + most]]
                return Reply(200, {"comments": shown, "startAt": start, "total": len(rows)})
            case ("POST", "comment"):
                return self._comment(key, request.json)
            case ("GET", "transitions"):
                here = self.issues[key]["fields"]["status"]["id"]
                ways = [
                    {"id": f"{number}1", "name": f"Go {state['name']}", "to": state, "fields": self.transition_fields}
                    for number, state in _STATES.items()
                    if number != here
                ]
                return Reply(200, {"transitions": ways})
            case ("POST", "transitions"):
                return self._transit(key, request.json)
        return _refused(405, "Method Not Allowed")

    def _read(self, request: Request, key: str) -> Reply:
        issue = self.issues[key]
        asked = set(request.asked("fields").split(","))
        linked = [{"outwardIssue": {"key": other}} for one, other in self.links if one == key]
        linked += [{"inwardIssue": {"key": one}} for one, other in self.links if other == key]
        fields = {**issue["fields"], "issuelinks": linked}
        shown = {"id": issue["id"], "key": key, "fields": {one: fields[one] for one in fields if one in asked}}
        if request.asked("properties"):
            shown["properties"] = issue["properties"]
        if request.asked("expand") == "changelog":
            shown["changelog"] = {"histories": self.histories[key][::-1]}
        return Reply(200, shown)

    def _make(self, said: Any) -> Reply:
        fields = said.get("fields", {})
        wrong = self._wrong(fields)
        if set(said) - {"fields", "properties"} or fields.get("project") != {"key": self.project}:
            wrong["project"] = "valid project is required"
        if fields.get("issuetype") != {"name": "Bug"}:
            wrong["issuetype"] = "Specify a valid issue type"
        if not fields.get("summary"):
            wrong["summary"] = "You must specify a summary of the issue."
        if wrong:
            return Reply(400, {"errorMessages": [], "errors": wrong})
        made = self._made(fields, OURS)
        made["properties"] = {one["key"]: one["value"] for one in said.get("properties", [])}
        return Reply(201, {"id": made["id"], "key": made["key"], "self": f"{self.url}/rest/api/3/issue/{made['id']}"})

    def _made(self, fields: Mapping[str, Any], user: str) -> dict[str, Any]:
        self._ids += 1
        key = f"{self.project}-{len(self.comments) + 1}"  # given once, also where its issue was deleted
        self.comments[key], self.histories[key] = [], []
        self.issues[key] = {
            "id": str(self._ids), "key": key, "properties": {},
            "fields": {
                "summary": fields["summary"], "description": fields["description"], "labels": list(fields["labels"]),
                "status": _STATES["1"], "creator": self._person(user), "created": self._stamp(),
                "updated": self._stamp(),
            },
        }  # fmt: skip
        return self.issues[key]

    def _change(self, request: Request, key: str) -> Reply:
        said, fields = request.json, self.issues[key]["fields"]
        wrong = self._wrong(said.get("fields", {}))
        if wrong or set(said) - {"fields", "update"} or set(said.get("update", {})) - {"labels"}:
            return Reply(400, {"errorMessages": [], "errors": wrong or {"update": "not known"}})
        fields.update(said["fields"])
        for change in said.get("update", {}).get("labels", []):
            ((verb, label),) = change.items()
            rest = [one for one in fields["labels"] if one != label]
            fields["labels"] = [*rest, label] if verb == "add" else rest
        self.mails += request.asked("notifyUsers") != "false"
        self._touch(key)
        return Reply(204)

    def _wrong(self, fields: Mapping[str, Any]) -> dict[str, str]:
        unknown = set(fields) - {"project", "issuetype", "summary", "description", "labels"}
        wrong = dict.fromkeys(unknown, "Field cannot be set. It is not on the appropriate screen, or unknown.")
        if any(re.search(r"\s", label) for label in fields.get("labels", [])):
            wrong["labels"] = "The label can't contain spaces."
        if len(fields.get("summary", "")) > 255 or "\n" in fields.get("summary", ""):
            wrong["summary"] = "Summary must be less than 255 characters, in one line."
        return wrong | ({"description": said} if (said := self._wrong_text(fields.get("description", ""))) else {})

    def _wrong_text(self, text: Any) -> str:
        if isinstance(text, str) == self.is_cloud and text != "":
            return "Operation value must be an Atlassian Document" if self.is_cloud else "data was not a String"
        size = len(text) if isinstance(text, str) else len(json.dumps(text, ensure_ascii=False))
        if size > 32_767:
            return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
        return "; ".join(adf_mistakes(text)) if isinstance(text, dict) else ""

    def _comment(self, key: str, said: Any) -> Reply:
        wrong = self._wrong_text(said.get("body", ""))
        if wrong or not said.get("body") or set(said) - {"body", "properties"}:
            return Reply(400, {"errorMessages": [], "errors": {"comment": wrong or "Comment body can not be empty!"}})
        return Reply(201, self._commented(key, said["body"], said.get("properties", []), OURS))

    def _commented(self, key: str, body: Any, properties: list[Any], user: str) -> dict[str, Any]:
        self._ids += 1
        made = {
            "id": str(self._ids), "author": self._person(user), "body": body, "created": self._stamp(),
            "updated": self._stamp(), "properties": properties,
        }  # fmt: skip
        self.comments[key].append(made)
        self._touch(key)
        return made

    def _comment_property(self, number: str, name: str) -> Reply:
        for comment in (one for rows in self.comments.values() for one in rows if one["id"] == number):
            for one in comment["properties"]:
                if one["key"] == name:
                    return Reply(200, one)
        return _refused(404, "The property does not exist.")

    def _transit(self, key: str, said: Any) -> Reply:
        state = said["transition"]["id"].removesuffix("1")
        here = self.issues[key]["fields"]["status"]["id"]
        needed = {name for name, one in self.transition_fields.items() if one["required"]}
        if state not in _STATES or state == here or needed - set(said.get("fields", {})):
            return Reply(400, {"errorMessages": ["It seems that you have tried to perform an illegal operation."]})
        self.move(key, state, OURS)
        return Reply(204)

    def _link(self, said: Any) -> Reply:
        keys = (said["inwardIssue"]["key"], said["outwardIssue"]["key"])
        if said["type"] != {"name": "Relates"} or not set(keys) <= set(self.issues):
            return _refused(404, "No issue link type with name or no issue found.")
        self.links += [keys] if keys not in self.links else []
        return Reply(201, "")

    def _search(self, said: Any) -> Reply:
        query = _LABELS.match(said.get("jql", ""))
        if query is None or set(said) - {"jql", "fields", "maxResults"}:
            return _refused(400, "Error in the JQL Query")
        known = self.now - timedelta(seconds=self.lag_s)
        rows = [
            {"id": one["id"], "key": key}
            for key, one in reversed(self.issues.items())
            if datetime.fromisoformat(one["fields"]["created"]) <= known
            and (query["label"] is None or query["label"] in one["fields"]["labels"])
        ]
        return Reply(200, {"issues": rows[: said["maxResults"]]})

    def _person(self, user: str) -> dict[str, str]:
        if not self.is_cloud:
            return {"name": user, "key": f"KEY-{user}"}
        return {"accountId": user, "accountType": "customer" if user == CUSTOMER else "atlassian"}

    def _touch(self, key: str) -> None:
        self.issues[key]["fields"]["updated"] = self._stamp()

    def _tick(self) -> None:
        self.now += timedelta(milliseconds=1)

    def _stamp(self) -> str:
        self._tick()
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.now.microsecond // 1000:03d}+0000"


@contextlib.contextmanager
def serve_jira(**settings: Any) -> Iterator[JiraServer]:
    """The server until the block ends."""
    server = JiraServer(**settings)
    with serve_http(server.answer) as served:
        server.served, server.url = served, served.url
        yield server


def _refused(status: int, said: str) -> Reply:
    return Reply(status, {"errorMessages": [said], "errors": {}})
