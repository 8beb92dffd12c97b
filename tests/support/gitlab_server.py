"""A GitLab on loopback, as far as issues of one project go: shapes are checked, quick actions in texts are run.

https://docs.gitlab.com/api/issues/, /notes/, /issue_links/, /resource_state_events/, /rate limits/
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.support.receiver import Reply, Request, Served, serve_http

__all__ = ["PERSON", "STRANGER", "GitLabServer", "serve_gitlab"]

OURS, PERSON, STRANGER = 7, 8, 9
_ISSUE = {
    "title": str, "description": str, "labels": str, "confidential": bool, "add_labels": str, "remove_labels": str,
    "state_event": str,
}  # fmt: skip
_LISTED = {"scope", "created_after", "updated_after", "order_by", "sort", "per_page", "page", "state"}
# lib/gitlab/quick_actions/extractor.rb in GitLab's source: code, quotes and tags are left out, the rest is run.
_ACTIONS = re.compile(
    r"(?P<code>^```.+?\n```$|^>>>.+?\n>>>$|^<[^>]+?>\n.+?\n</[^>]+?>$)|^/(?P<cmd>close|reopen|assign|label|confidential)"
    r"(?: (?P<arg>[^\n]*))?(?:\s*\n|$)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


@dataclass
class GitLabServer:
    """One project and its issues; `token` is the only one that is let in."""

    project: str = "acme/shop"
    token: str = "glpat-very-secret"
    url: str = ""
    served: Served = field(default_factory=Served)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    events: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    links: dict[int, set[int]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _ids: int = 100

    @property
    def faults(self) -> list[Any]:
        """What goes wrong with the next requests."""
        return self.served.faults

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - one a route
        """What the real one would say."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": "401 Unauthorized"})
        if request.path == "/api/v4/user":
            return Reply(200, {"id": OURS, "username": "logtriage-bot"})
        found = re.fullmatch(r"/api/v4/projects/([^/]+)(/.*)", request.path)
        if found is None or unquote(found[1]) != self.project:
            return Reply(404, {"message": "404 Project Not Found"})
        parts = found[2].strip("/").split("/")
        if parts[0] == "members":
            return Reply(200, [{"id": PERSON, "access_level": 30}] if request.asked("user_ids") == str(PERSON) else [])
        if len(parts) == 1:
            return self._make(request) if request.method == "POST" else self._list(request)
        issue = self.issues.get(int(parts[1]))
        if issue is None:
            return Reply(404, {"message": "404 Not found"})
        return self._on_issue(request, issue, parts[2:])

    def close(self, iid: int, user: int = PERSON) -> None:
        """Somebody closes it."""
        self._set_state(self.issues[iid], "close", user)

    def reopen(self, iid: int, user: int = PERSON) -> None:
        """Somebody opens it again."""
        self._set_state(self.issues[iid], "reopen", user)

    def say(self, iid: int, body: str, user: int = PERSON) -> None:
        """Somebody writes a note."""
        self._note(self.issues[iid], body, user)

    def _on_issue(  # noqa: PLR0911 - one a route
        self, request: Request, issue: dict[str, Any], rest: list[str]
    ) -> Reply:
        iid = issue["iid"]
        match (request.method, *rest):
            case ("GET",):
                return Reply(200, issue)
            case ("PUT",):
                return self._change(issue, request.json)
            case ("GET", "notes"):
                return self._page(request, sorted(self.notes[iid], key=lambda one: one["created_at"], reverse=True))
            case ("POST", "notes"):
                if set(request.json) != {"body"}:
                    return Reply(400, {"error": "body is missing"})
                return Reply(201, self._note(issue, request.json["body"], OURS))
            case ("GET", "resource_state_events"):
                return self._page(request, self.events[iid])
            case ("GET", "links"):
                return self._page(request, [self.issues[one] for one in sorted(self.links[iid])])
            case ("POST", "links"):
                return self._link(iid, request.json)
            case _:
                return Reply(405, {"error": "405 Not Allowed"})

    def _make(self, request: Request) -> Reply:
        said = request.json
        wrong = _wrong(said, required={"title"}, allowed=set(_ISSUE) - {"state_event", "add_labels", "remove_labels"})
        if wrong:
            return Reply(400, {"message": wrong})
        return Reply(201, self._made(said, OURS))

    def write(self, title: str, description: str, user: int) -> None:
        """Somebody makes an issue."""
        self._made({"title": title, "description": description, "confidential": False}, user)

    def _made(self, said: Mapping[str, Any], user: int) -> dict[str, Any]:
        iid = max(self.notes, default=0) + 1  # a number is given once, also where its issue was deleted
        self._ids += 1
        issue = {
            "id": self._ids, "iid": iid, "title": said["title"], "state": "opened", "author": {"id": user},
            "labels": list(filter(None, said.get("labels", "").split(","))), "confidential": said["confidential"],
            "created_at": self._stamp(), "updated_at": self._stamp(), "moved_to_id": None,
            "web_url": f"{self.url}/{self.project}/-/issues/{iid}",
        }  # fmt: skip
        self.issues[iid] = issue
        self.notes[iid], self.events[iid], self.links[iid] = [], [], set()
        issue["description"] = self._run(issue, said.get("description", ""))
        return issue

    def _change(self, issue: dict[str, Any], said: Mapping[str, Any]) -> Reply:
        wrong = _wrong(said, required=set(), allowed=set(_ISSUE) - {"labels", "confidential"})
        if wrong or not said:
            return Reply(400, {"message": wrong or {"base": ["nothing to change"]}})
        if "state_event" in said:
            self._set_state(issue, said["state_event"], OURS)
        if "title" in said:
            issue["title"] = said["title"]
        if "description" in said:
            issue["description"] = self._run(issue, said["description"])
        gone = set(said.get("remove_labels", "").split(","))
        labels = [*issue["labels"], *filter(None, said.get("add_labels", "").split(","))]
        issue["labels"] = [one for one in dict.fromkeys(labels) if one not in gone]
        issue["updated_at"] = self._stamp()
        return Reply(200, issue)

    def _set_state(self, issue: dict[str, Any], event: str, user: int) -> None:
        state = {"close": "closed", "reopen": "reopened"}[event]
        issue["state"] = "closed" if state == "closed" else "opened"
        self._ids += 1
        issue["updated_at"] = self._stamp()
        self.events[issue["iid"]].append(
            {"id": self._ids, "user": {"id": user}, "created_at": self._stamp(), "state": state}
        )

    def _note(self, issue: dict[str, Any], body: str, user: int) -> dict[str, Any]:
        self._ids += 1
        note = {
            "id": self._ids, "body": self._run(issue, body), "author": {"id": user}, "created_at": self._stamp(),
            "updated_at": self._stamp(), "system": False,
        }  # fmt: skip
        self.notes[issue["iid"]].append(note)
        issue["updated_at"] = self._stamp()
        return note

    def _link(self, iid: int, said: Mapping[str, Any]) -> Reply:
        if set(said) != {"target_project_id", "target_issue_iid", "link_type"} or said["link_type"] != "relates_to":
            return Reply(400, {"error": "target_project_id is missing"})
        other = int(said["target_issue_iid"])
        if other not in self.issues:
            return Reply(404, {"message": "No matching issue found. Make sure that you are adding a valid issue URL."})
        if other in self.links[iid]:
            return Reply(409, {"message": "Issue(s) already assigned"})
        self.links[iid].add(other)
        self.links[other].add(iid)
        return Reply(201, {"source_issue": self.issues[iid], "target_issue": self.issues[other]})

    def _list(self, request: Request) -> Reply:
        if set(request.query) - _LISTED or request.asked("scope") not in {"", "all", "created_by_me"}:
            return Reply(400, {"error": "a parameter is invalid"})
        rows = sorted(self.issues.values(), key=lambda one: one["created_at"], reverse=True)
        if request.asked("scope") == "created_by_me":
            rows = [one for one in rows if one["author"]["id"] == OURS]
        for name in ("created", "updated"):
            since = request.asked(f"{name}_after")
            rows = [one for one in rows if not since or _at(one[f"{name}_at"]) >= _at(since)]
        return self._page(request, rows)

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Reply:
        size, page = int(request.asked("per_page") or 20), int(request.asked("page") or 1)
        shown = rows[(page - 1) * size : page * size]
        return Reply(200, shown, {"X-Next-Page": str(page + 1) if page * size < len(rows) else ""})

    def _run(self, issue: dict[str, Any], text: str) -> str:
        """Takes quick actions out of a text and obeys them."""

        def obey(found: re.Match[str]) -> str:
            if found["cmd"] is None:
                return found[0]
            self.actions.append(found[0].strip())
            if found["cmd"].lower() == "close":
                issue["state"] = "closed"
            return ""

        return _ACTIONS.sub(obey, text.replace("\r", ""))

    def _stamp(self) -> str:
        self.now += timedelta(milliseconds=1)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextlib.contextmanager
def serve_gitlab(**settings: Any) -> Iterator[GitLabServer]:
    """The server until the block ends."""
    server = GitLabServer(**settings)
    with serve_http(server.answer) as served:
        server.served, server.url = served, served.url
        yield server


def _wrong(said: Any, *, required: set[str], allowed: set[str]) -> dict[str, Any]:
    """What is wrong with the fields of an issue."""
    if not isinstance(said, Mapping) or required - set(said) or set(said) - allowed:
        return {"base": ["fields are missing or not known"]}
    types = [key for key, value in said.items() if not isinstance(value, _ISSUE[key])]
    too_long = ["title"] if len(said.get("title", "")) > 255 else []
    return {key: ["is invalid"] for key in (*types, *too_long)}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
