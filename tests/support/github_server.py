"""A real HTTP server on loopback that behaves as GitHub's issues do, with what goes wrong there; it records all."""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

__all__ = ["BOT", "REPOSITORY", "TOKEN", "Fault", "GitHubServer", "Request", "serve_github"]

TOKEN = "github_pat_" + "x" * 22
REPOSITORY = "acme/shop"
BOT = "logtriage-bot"
_REASONS = {"completed", "not_planned", "duplicate", "reopened", None}


@dataclass(frozen=True)
class Request:
    """What was asked: path without its query, the query, the body as JSON, the headers; and what was answered."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    status: int
    answer: Any = None


class Fault(Struct):
    """Goes wrong with the next requests that fit. `after`: what was asked is done first, only its answer is another."""

    method: str
    path: str  # pattern of the path below the repository
    status: int = 502
    message: str = "Server Error"
    headers: dict[str, str] = {}
    after: bool = False
    hang_s: float = 0.0
    cut: bool = False
    text: str = ""  # instead of JSON
    times: int = 1


class _RefusalError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        self.body = {"message": message, "documentation_url": "https://docs.github.com/rest", **more}


@dataclass
class GitHubServer:
    """One repository and what became of it. What people do is done by its methods; `clock` may be moved on."""

    url: str = ""
    clock: Callable[[], float] = time.time
    requests: list[Request] = field(default_factory=list)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    token: str = TOKEN
    login: str = BOT
    is_app: bool = False  # may not ask whose token it is
    can_push: bool = True  # else labels are dropped in silence
    has_issues: bool = True
    list_lag_s: float = 0.0  # that a new issue or comment takes to be listed
    search_lag_s: float = 30.0  # that it takes to be found by the search
    moved_to: str = ""  # new name of the repository
    transferred: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    lists_deleted: bool = False  # for a while after
    page_most: int = 100
    _ids: int = 1000

    @property
    def asked(self) -> list[str]:
        """Methods and paths below the repository, in order."""
        return [f"{one.method} {one.path.removeprefix(f'/repos/{REPOSITORY}')}" for one in self.requests]

    def person_closes(self, number: int, *, reason: str = "completed", login: str = "dana") -> None:
        """Somebody presses the button."""
        self._change_state(self.issues[number], "closed", reason, login)

    def person_reopens(self, number: int, *, login: str = "dana") -> None:
        """Somebody opens it again."""
        self._change_state(self.issues[number], "open", "reopened", login)

    def person_says(self, number: int, body: str, *, login: str = "dana", association: str = "MEMBER") -> None:
        """Somebody comments."""
        self._comment(number, body, login, association)

    def person_opens(self, title: str, body: str, *, login: str = "dana", is_pull_request: bool = False) -> int:
        """Somebody opens an issue or a pull request."""
        issue = self._create({"title": title, "body": body}, login)
        if is_pull_request:
            issue["pull_request"] = {"url": issue["url"].replace("/issues/", "/pulls/")}
        return int(issue["number"])

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers; _RefusalError for what is refused."""
        if path == "/user":
            if self.is_app:
                raise _RefusalError(403, "Resource not accessible by integration")
            return 200, {"login": self.login, "id": 7, "type": "User"}, {}
        if path == "/search/issues":
            found = [one for one in self.issues.values() if self._is_seen(one, self.search_lag_s)]
            return 200, {"total_count": len(found), "incomplete_results": False, "items": found}, {}
        below = self._below(method, path)
        if not self.has_issues:
            raise _RefusalError(410, "Issues has been disabled in this repository.")
        if below == "/issues":
            return (201, self._create(body, self.login), {}) if method == "POST" else self._listed(query)
        if below == "/issues/comments" and method == "GET":
            return self._paged([one for one in self.comments if self._fits(one, query)], query)
        match = re.fullmatch(r"/issues/(\d+)(/comments|/events)?", below)
        if match is None:
            raise _RefusalError(404, "Not Found")
        return self._of_issue(method, self._issue(int(match[1])), match[2] or "", query, body)

    def _below(self, method: str, path: str) -> str:
        """The path below the repository, also by its old name and by its number."""
        if path.startswith("/repositories/1/"):
            return path.removeprefix("/repositories/1")
        named = f"/repos/{self.moved_to or REPOSITORY}"
        if path.startswith(f"{named}/"):
            return path.removeprefix(named)
        if self.moved_to and path.startswith(f"/repos/{REPOSITORY}/"):
            place = f"{self.url}/repositories/1{path.removeprefix(f'/repos/{REPOSITORY}')}"
            status = 301 if method == "GET" else 307
            raise _RefusalError(status, "Moved Permanently", headers={"Location": place}, url=place)
        raise _RefusalError(404, "Not Found")

    def _of_issue(
        self, method: str, issue: dict[str, Any], below: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        number = issue["number"]
        if below == "/events" and method == "GET":
            return self._paged([one for one in self.events if one["of_issue"] == number], query)
        if below == "/comments" and method == "GET":
            told = [one for one in self.comments if one["of_issue"] == number and self._fits(one, query)]
            return self._paged(told, query)
        if below == "/comments" and method == "POST":
            if issue["locked"]:
                raise _RefusalError(403, "Unable to create comment because issue is locked.")
            _check(body, {"body": 65_536}, required="body")
            return 201, self._comment(number, body["body"], self.login, "MEMBER"), {}
        if not below and method == "GET":
            return 200, issue, {}
        if not below and method == "PATCH":
            return 200, self._patch(issue, body), {}
        raise _RefusalError(404, "Not Found")

    def _issue(self, number: int) -> dict[str, Any]:
        if number in self.deleted:
            raise _RefusalError(410, "This issue was deleted")
        if number in self.transferred:
            place = f"{self.url}/repositories/2/issues/1"
            raise _RefusalError(301, "Moved Permanently", headers={"Location": place}, url=place)
        if number not in self.issues:
            raise _RefusalError(404, "Not Found")
        return self.issues[number]

    def _create(self, body: Any, login: str) -> dict[str, Any]:
        _check(body, {"title": 256, "body": 65_536}, required="title")
        number = len(self.issues) + 1
        at = self._at()
        labels = body.get("labels", []) if self.can_push else []
        issue = {
            "id": self._id(), "number": number, "title": body["title"], "body": body.get("body"), "state": "open",
            "state_reason": None, "locked": False, "user": {"login": login, "type": "User"}, "assignees": [],
            "labels": [_label(name) for name in labels], "comments": 0, "created_at": at, "updated_at": at,
            "closed_at": None, "closed_by": None, "author_association": "MEMBER",
            "url": f"{self.url}/repos/{REPOSITORY}/issues/{number}",
            "html_url": f"https://github.example/{REPOSITORY}/issues/{number}", "made_s": self.clock(),
        }  # fmt: skip
        self.issues[number] = issue
        return issue

    def _patch(self, issue: dict[str, Any], body: Any) -> dict[str, Any]:
        _check(body, {"title": 256, "body": 65_536})
        if body.get("state") not in {"open", "closed", None} or body.get("state_reason") not in _REASONS:
            raise _RefusalError(422, "Validation Failed", errors=[{"resource": "Issue", "field": "state"}])
        issue.update({name: body[name] for name in ("title", "body") if name in body})
        if "labels" in body:
            issue["labels"] = [_label(name) for name in body["labels"]]
        issue["updated_at"] = self._at()
        if "state" in body:
            self._change_state(issue, body["state"], body.get("state_reason"), self.login)
        return issue

    def _change_state(self, issue: dict[str, Any], state: str, reason: str | None, login: str) -> None:
        is_closed = state == "closed"
        if issue["state"] != state:
            event = {"id": self._id(), "event": "closed" if is_closed else "reopened", "actor": {"login": login},
                     "created_at": self._at(), "commit_id": None, "of_issue": issue["number"]}  # fmt: skip
            self.events.append(event)
        issue.update(
            state=state, state_reason=reason or ("completed" if is_closed else None), updated_at=self._at(),
            closed_at=self._at() if is_closed else None, closed_by={"login": login} if is_closed else None,
        )  # fmt: skip

    def _comment(self, number: int, body: str, login: str, association: str) -> dict[str, Any]:
        at = self._at()
        self.issues[number].update(updated_at=at, comments=self.issues[number]["comments"] + 1)
        made = {
            "id": self._id(), "body": body, "user": {"login": login}, "author_association": association,
            "created_at": at, "updated_at": at, "issue_url": self.issues[number]["url"], "of_issue": number,
            "html_url": f"{self.issues[number]['html_url']}#issuecomment", "made_s": self.clock(),
        }  # fmt: skip
        self.comments.append(made)
        return made

    def _listed(self, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        wanted = set(filter(None, query.get("labels", "").split(",")))
        gone = set[int]() if self.lists_deleted else self.deleted | self.transferred
        found = [
            issue
            for number, issue in self.issues.items()
            if number not in gone
            and query.get("state", "open") in {"all", issue["state"]}
            and query.get("creator") in {None, issue["user"]["login"]}
            and wanted <= {label["name"] for label in issue["labels"]}
            and self._fits(issue, query)
        ]
        key = f"{query.get('sort', 'created')}_at"
        found.sort(key=lambda issue: (issue[key], issue["number"]), reverse=query.get("direction", "desc") == "desc")
        return self._paged(found, query)

    def _paged(self, every: list[dict[str, Any]], query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        size = min(int(query.get("per_page", 30)), self.page_most)
        page = int(query.get("page", 1))
        more = page * size < len(every)
        link = {"Link": f'<{self.url}/repositories/1/issues?page={page + 1}>; rel="next"'} if more else {}
        return 200, every[(page - 1) * size : page * size], link

    def _fits(self, one: dict[str, Any], query: dict[str, str]) -> bool:
        return one["updated_at"] >= query.get("since", "") and self._is_seen(one, self.list_lag_s)

    def _is_seen(self, one: dict[str, Any], lag_s: float) -> bool:
        return bool(self.clock() - one["made_s"] >= lag_s)

    def _id(self) -> int:
        self._ids += 1
        return self._ids

    def _at(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextlib.contextmanager
def serve_github(**settings: Any) -> Iterator[GitHubServer]:
    """The server, in a thread, until the block ends."""
    github = GitHubServer(**settings)
    handler = type("Handler", (_Handler,), {"github": github, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request after another; `github` is set on the class of each server."""

    github: GitHubServer
    lock: threading.Lock

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query))
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        with self.lock:
            fault = _fault(self.github, self.command, split.path)
            try:
                status, answer, headers = self._answer(fault, split.path, query, body)
            except _RefusalError as error:
                status, answer, headers = error.status, error.body, error.headers
            sent = {name: value for name, value in self.headers.items() if name != "Authorization"}
            told = json.loads(json.dumps(_told(answer)))
            self.github.requests.append(Request(self.command, split.path, query, body, sent, status, told))
        if fault:
            time.sleep(fault.hang_s)
        if fault and fault.cut:
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, (fault.text if fault and fault.text else json.dumps(told)).encode(), headers)

    def _answer(
        self, fault: Fault | None, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        is_silent = fault is not None and (fault.hang_s > 0 or fault.cut)
        if not self.headers.get("User-Agent", "").startswith("logtriage/"):
            raise _RefusalError(403, "Request forbidden by administrative rules. Set a User-Agent header.")
        if self.headers.get("Authorization") != f"Bearer {self.github.token}":
            raise _RefusalError(401, "Bad credentials")
        if fault and not fault.after and not is_silent:
            raise _RefusalError(fault.status, fault.message, headers=fault.headers)
        done = self.github.answer(self.command, path, query, body)
        return (fault.status, {"message": fault.message}, fault.headers) if fault and not is_silent else done

    def _send(self, status: int, text: bytes, headers: dict[str, str]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def finish(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            super().finish()


def _fault(github: GitHubServer, method: str, path: str) -> Fault | None:
    """The first fault that fits, used up once more."""
    below = path.removeprefix(f"/repos/{REPOSITORY}")
    found = next((one for one in github.faults if one.method == method and re.fullmatch(one.path, below)), None)
    if found is not None:
        found.times -= 1
        if not found.times:
            github.faults.remove(found)
    return found


def _check(body: Any, limits: dict[str, int], *, required: str = "") -> None:
    """422 as GitHub tells it."""
    errors = []
    if not isinstance(body, dict) or (required and not body.get(required)):
        errors.append({"resource": "Issue", "field": required, "code": "missing_field"})
    else:
        errors += [
            {"resource": "Issue", "field": name, "code": "custom", "message": f"{name} is too long (maximum is {most})"}
            for name, most in limits.items()
            if len(body.get(name) or "") > most
        ]
        errors += [
            {"resource": "Label", "field": "name", "code": "invalid"}
            for name in body.get("labels", [])
            if not name or len(name) > 50
        ]
    if errors:
        raise _RefusalError(422, "Validation Failed", errors=errors)


def _told(answer: Any) -> Any:
    """An answer without what the server keeps for itself."""
    if isinstance(answer, list):
        return [_told(one) for one in answer]
    hidden = {"made_s", "of_issue"}
    return {name: value for name, value in answer.items() if name not in hidden}


def _label(name: str) -> dict[str, Any]:
    return {"id": 1, "name": name, "color": "ededed", "default": False}
