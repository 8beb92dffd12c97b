"""Slack on loopback: the methods of its Web API that a bot uses and an incoming webhook, with Slack's manners.

Time stands still but for what clients sleep (`sleep`), so that one message a second can be held to. `faults` come up
in order, each for one method: what Slack does to a request before or after it took it.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from tests.support.block_rules import block_fault

__all__ = ["BOT", "CHANNEL", "OTHER_TOKEN", "TOKEN", "Fault", "SlackServer", "serve_slack"]

CHANNEL = "C0STAGING"
BOT = {"bot_id": "B0LOGTRIAGE", "user_id": "U0LOGTRIAGE"}
TOKEN = "xoxb-made-for-this-test"
OTHER_TOKEN = "xoxb-another-app"
_OTHER_BOT = {"bot_id": "B0OTHER", "user_id": "U0OTHER"}
_PATH = "/services/T0/B0/very-secret-path"
_LONGEST = 40_000
_PER_PAGE = 1000
_NS = 1_000_000_000
_START_NS = 1_788_500_000 * _NS


class Fault(Struct):
    """`before`: answered with status and body, nothing done. `after`: the same, but it was done.

    `hang`, `cut`: it was done, and the answer comes too late or never.
    """

    method: str
    how: Literal["before", "after", "hang", "cut"] = "before"
    status: int = 200
    body: Any = "ok"
    headers: dict[str, str] = {}


@dataclass
class SlackServer:
    """The state of a workspace, and what was asked of it."""

    url: str = ""
    webhook_url: str = ""
    tokens: dict[str, dict[str, str]] = field(default_factory=lambda: {TOKEN: BOT, OTHER_TOKEN: _OTHER_BOT})
    bots: set[str] = field(default_factory=lambda: {BOT["user_id"], _OTHER_BOT["user_id"]})
    scopes: set[str] = field(default_factory=lambda: {"chat:write", "channels:history", "reactions:read", "users:read"})
    is_archived: bool = False
    members: set[str] = field(default_factory=lambda: {BOT["bot_id"], _OTHER_BOT["bot_id"]})
    faults: list[Fault] = field(default_factory=list)
    late: int = 0  # reads of the history before a new message shows in it
    per_page: int = _PER_PAGE
    is_paced: bool = True
    now_ns: int = _START_NS
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    _last_post_ns: int = 0

    def sleep(self, seconds: float) -> None:
        """What a client waits with: the time of this workspace goes on."""
        self.slept.append(seconds)
        self.now_ns += round(seconds * _NS)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The requests for one method."""
        return [body for name, body in self.asked if name == method]

    def seen(self) -> list[dict[str, Any]]:
        """Messages that a person sees in the channel, oldest first; those of threads are in `thread`."""
        return [one for one in self.messages if not one.get("thread_ts") and not one["_is_deleted"]]

    def thread(self, ts: str) -> list[dict[str, Any]]:
        """Replies that a person sees under a message."""
        return [one for one in self.messages if one.get("thread_ts") == ts and not one["_is_deleted"]]

    def delete(self, ts: str) -> None:
        """A person deletes a message."""
        self._find(ts)["_is_deleted"] = True

    def react(self, ts: str, name: str, *users: str) -> None:
        """People leave the reaction; without users it is taken away."""
        message = self._find(ts)
        others = [one for one in message.get("reactions", []) if one["name"] != name]
        message["reactions"] = [*others, *([{"name": name, "users": [*users], "count": len(users)}] if users else [])]

    def say(self, text: str, *, user: str = "U0PERSON", ts: str = "", **more: Any) -> str:
        """Somebody writes, in a thread where `ts` is given; the time stamp of what they wrote."""
        return str(self._add({"user": user, "text": text, **({"thread_ts": ts} if ts else {}), **more})["ts"])

    def answer(self, method: str, given: dict[str, Any], token: str) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers for a request."""
        me = self.tokens.get(token)
        if me is None:
            return 200, {"ok": False, "error": "invalid_auth" if token else "not_authed"}, {}
        handler = getattr(self, f"_{method.replace('.', '_').lower()}", None)
        if handler is None:
            return 200, {"ok": False, "error": "unknown_method"}, {}
        if method == "chat.postMessage" and self.is_paced and self.now_ns - self._last_post_ns < _NS:
            return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "1"}
        return 200, handler(given, me), {}

    def hook(self, given: dict[str, Any]) -> tuple[int, str, dict[str, str]]:
        """The answer of the incoming webhook."""
        if self.is_paced and self.now_ns - self._last_post_ns < _NS:
            return 429, "rate_limited", {"Retry-After": "1"}
        if not given.get("text") and not given.get("blocks"):
            return 400, "no_text", {}
        if block_fault(given.get("blocks", [])):
            return 400, "invalid_blocks", {}
        self._last_post_ns = self.now_ns
        self._add({**BOT, "text": given.get("text", ""), "blocks": given.get("blocks", [])})
        return 200, "ok", {}

    def _auth_test(self, _given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        return {"ok": True, "url": "https://acme-staging.slack.com/", "team_id": "T0", **me}

    def _chat_postmessage(self, given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        fault = self._refusal(given, me, "chat:write") or self._text_fault(given)
        if fault:
            return {"ok": False, "error": fault} | ({"needed": "chat:write"} if fault == "missing_scope" else {})
        thread_ts = given.get("thread_ts", "")
        if thread_ts and not self._is_there(thread_ts):
            return {"ok": False, "error": "message_not_found"}
        self._last_post_ns = self.now_ns
        kept = {key: given[key] for key in ("text", "blocks", "metadata", "thread_ts") if given.get(key)}
        message = self._add({**me, **kept, "_hidden": self.late})
        return {"ok": True, "channel": given["channel"], "ts": message["ts"], "message": _public(message, is_all=True)}

    def _chat_update(self, given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        fault = self._refusal(given, me, "chat:write") or self._text_fault(given)
        if not fault and not self._is_there(given.get("ts", "")):
            fault = "message_not_found"
        if fault:
            return {"ok": False, "error": fault}
        message = self._find(given["ts"])
        if message.get("bot_id") != me["bot_id"]:
            return {"ok": False, "error": "cant_update_message"}
        message.update({key: given[key] for key in ("text", "blocks", "metadata") if key in given})
        message["edited"] = {"user": me["user_id"], "ts": self._stamp()}
        return {"ok": True, "channel": given["channel"], "ts": given["ts"]}

    def _conversations_history(self, given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        every = []
        for message in [one for one in self.seen() if self._within(one, given)]:
            if message.get("_hidden", 0) > 0:
                message["_hidden"] -= 1
            else:
                every.append(message)
        return self._page([*reversed(every)], given, me)

    def _conversations_replies(self, given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        if not self._is_there(given.get("ts", "")):
            return {"ok": False, "error": "thread_not_found"}
        later = [one for one in self.thread(given["ts"]) if self._within(one, given)]
        return self._page([self._find(given["ts"]), *later], given, me)

    def _users_info(self, given: dict[str, Any], _me: dict[str, str]) -> dict[str, Any]:
        if "users:read" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "users:read"}
        return {
            "ok": True,
            "user": {"id": given["user"], "is_bot": given["user"] in self.bots, "real_name": "Jo Example"},
        }

    def _page(self, every: list[dict[str, Any]], given: dict[str, Any], me: dict[str, str]) -> dict[str, Any]:
        fault = self._refusal(given, me, "channels:history")
        if fault:
            return {"ok": False, "error": fault} | ({"needed": "channels:history"} if fault == "missing_scope" else {})
        size = min(int(given.get("limit", 100)), self.per_page)
        start = int(given.get("cursor") or 0)
        shown = [self._told(one, given) for one in every[start : start + size]]
        more = {"next_cursor": str(start + size) if start + size < len(every) else ""}
        return {"ok": True, "messages": shown, "has_more": bool(more["next_cursor"]), "response_metadata": more}

    def _told(self, message: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        replies = self.thread(message["ts"])
        grown = {"reply_count": len(replies), "latest_reply": replies[-1]["ts"]} if replies else {}
        return {**_public(message, is_all=given.get("include_all_metadata") == "true"), **grown}

    def _within(self, message: dict[str, Any], given: dict[str, Any]) -> bool:
        ts, edge = float(message["ts"]), given.get("inclusive") == "true"
        oldest, latest = float(given.get("oldest", 0)), float(given.get("latest", "inf"))
        return oldest < ts < latest or (edge and ts in (oldest, latest))

    def _refusal(self, given: dict[str, Any], me: dict[str, str], scope: str) -> str:
        if scope not in self.scopes:
            return "missing_scope"
        if given.get("channel") != CHANNEL:
            return "channel_not_found"
        if me["bot_id"] not in self.members:
            return "not_in_channel"
        return "is_archived" if self.is_archived and scope == "chat:write" else ""

    def _text_fault(self, given: dict[str, Any]) -> str:
        if not given.get("text") and not given.get("blocks"):
            return "no_text"
        return "msg_too_long" if len(given.get("text", "")) > _LONGEST else block_fault(given.get("blocks", []))

    def _is_there(self, ts: str) -> bool:
        return any(one["ts"] == ts and not one["_is_deleted"] for one in self.messages)

    def _find(self, ts: str) -> dict[str, Any]:
        return next(one for one in self.messages if one["ts"] == ts)

    def _add(self, message: dict[str, Any]) -> dict[str, Any]:
        message = {"type": "message", "ts": self._stamp(), "_is_deleted": False, **message}
        self.messages.append(message)
        return message

    def _stamp(self) -> str:
        self.now_ns += 1000
        return f"{self.now_ns // _NS}.{self.now_ns % _NS // 1000:06d}"


def _public(message: dict[str, Any], *, is_all: bool) -> dict[str, Any]:
    """A message as the API gives it: metadata of others without `is_all` has no payload."""
    shown = {key: value for key, value in message.items() if not key.startswith("_")}
    shown["user"] = message.get("user") or message.get("user_id")
    shown.pop("user_id", None)
    if not is_all:
        shown.pop("metadata", None)
    return shown


class _Handler(BaseHTTPRequestHandler):
    """One request; `state` and `lock` are set by who serves."""

    state: SlackServer
    lock: threading.Lock

    def do_POST(self) -> None:
        self._take(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def do_GET(self) -> None:
        self._take(dict(parse_qsl(urlsplit(self.path).query)))

    def _take(self, given: dict[str, Any]) -> None:
        path = urlsplit(self.path).path
        method = "webhook" if path == _PATH else path.removeprefix("/api/")
        with self.lock:
            self.state.asked.append((method, given))
            fault = next((one for one in self.state.faults if one.method == method), None)
            if fault is not None:
                self.state.faults.remove(fault)
            answer = None if fault is not None and fault.how == "before" else self._answer(method, given)
        if fault is None or answer is None or fault.how == "after":
            self._send(*((fault.status, fault.body, fault.headers) if fault else answer or (500, "", {})))
            return
        if fault.how == "hang":
            self.state.release.wait(5)
        self.close_connection = True
        self.connection.close()

    def _answer(self, method: str, given: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if method == "webhook":
            return self.state.hook(given)
        return self.state.answer(method, given, self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _send(self, status: int, said: Any, headers: dict[str, str]) -> None:
        sent = (said if isinstance(said, str) else json.dumps(said)).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(sent))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def finish(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            super().finish()


@contextlib.contextmanager
def serve_slack() -> Iterator[SlackServer]:
    """The server, in a thread, until the block ends."""
    state = SlackServer()
    handler = type("_Bound", (_Handler,), {"state": state, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    home = f"http://127.0.0.1:{server.server_address[1]}"
    state.url, state.webhook_url = f"{home}/api", f"{home}{_PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
