"""Jira's REST API as far as issues need it: login, version, search, and what each refusal means.

Cloud speaks version 3 (ADF), Data Center version 2 (wiki text).
https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and
https://developer.atlassian.com/server/jira/platform/rest/
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from collector.secret import Secret
from logtriage import __version__
from logtriage.errors import NotifyError, NotifyUncertain
from logtriage.escape import plain
from logtriage.notifiers.http import Api

if TYPE_CHECKING:
    import httpx

__all__ = ["JiraApi", "jira_headers", "mistake", "person"]

_PAGE = 100
_PAGES = 20  # of comments of one issue
_MISSING = 404
_GONE = 410


class JiraApi(Struct):
    """Calls on one site. It keeps the version of its API, the account and which states mean done."""

    api: Api
    version: Literal["auto", "2", "3"]
    _account: str = ""
    _done: frozenset[str] = frozenset()

    @property
    def is_cloud(self) -> bool:
        """It speaks version 3; asked once where the config does not say."""
        if self.version == "auto":
            told = _value(self.api.call("GET", "/rest/api/2/serverInfo", is_repeatable=True))
            self.version = "3" if told.get("deploymentType") == "Cloud" else "2"
        return self.version == "3"

    def read(self, path: str, **params: Any) -> Any:
        """The answer to a GET."""
        return _value(self.api.call("GET", self._path(path), is_repeatable=True, params=params or None))

    def look(self, path: str, **params: Any) -> Any:
        """The same; None where there is no such thing, or the token does not see it."""
        try:
            return self.read(path, **params)
        except NotifyError as error:
            if _is_missing(error):
                return None
            raise

    def make(self, path: str, body: Mapping[str, Any]) -> Any:
        """Something new, made at most once: NotifyUncertain where the answer was lost or cannot be read."""
        return _value(self.api.call("POST", self._path(path), is_repeatable=False, json=body))

    def change(self, path: str, body: Mapping[str, Any], **params: Any) -> None:
        """A change that may be made twice."""
        self.api.call("PUT", self._path(path), is_repeatable=True, json=body, params=params or None)

    def move(self, key: str, transition: Mapping[str, Any]) -> None:
        """A transition; it leads nowhere from where it led to, and is asked for once."""
        self.api.call("POST", self._path(f"/issue/{key}/transitions"), is_repeatable=False, json=transition)

    def link(self, link: Mapping[str, Any]) -> None:
        """A link between two issues; made twice it is there once."""
        self.api.call("POST", self._path("/issueLink"), is_repeatable=True, json=link)

    def search(self, jql: str, most: int = 50) -> list[str]:
        """Keys of issues as the index knows them: it lags behind what was made."""
        path = "/search/jql" if self.is_cloud else "/search"
        asked = {"jql": jql, "fields": ["created"], "maxResults": most}
        answer = self.api.call("POST", self._path(path), is_repeatable=True, json=asked)
        return [str(one["key"]) for one in _value(answer).get("issues") or ()]

    def comments(self, key: str) -> Iterator[Mapping[str, Any]]:
        """All comments of an issue with their properties."""
        start = 0
        for _ in range(_PAGES):
            page = self.read(f"/issue/{key}/comment", startAt=start, maxResults=_PAGE, expand="properties")
            yield from page["comments"]
            start += len(page["comments"])
            if not page["comments"] or start >= page.get("total", 0):
                return

    def account(self) -> str:
        """The id of the token's account, asked once."""
        self._account = self._account or person(self.read("/myself"))
        return self._account

    def done_states(self) -> frozenset[str]:
        """Ids of the states whose category is done, asked once."""
        if not self._done:
            states = self.read("/status")
            self._done = frozenset(str(one["id"]) for one in states if one["statusCategory"]["key"] == "done")
        return self._done

    def _path(self, path: str) -> str:
        return f"/rest/api/{3 if self.is_cloud else 2}{path}"


def person(user: Mapping[str, Any] | None) -> str:
    """The id of an account: Cloud's, else Data Center's key or name."""
    return str(next((user[key] for key in ("accountId", "key", "name") if user and user.get(key)), ""))


def jira_headers(token: Secret, user: Secret | None) -> dict[str, str]:
    """What each call bears: user and token (Cloud), else a personal access token (Data Center)."""
    login = f"Bearer {token.reveal()}"
    if user is not None:
        login = f"Basic {base64.b64encode(f'{user.reveal()}:{token.reveal()}'.encode()).decode()}"
    return {"Authorization": login, "Accept": "application/json", "User-Agent": f"logtriage/{__version__}"}


_NOT_THERE = "or the token does not see it"


def mistake(status: int, body: str, *, project: str, token_name: str) -> str:
    """What a refusal means and what to do about it; "" for one that is not known."""
    said = _said(body)
    told = {
        400: f"project `{project}` does not take it: `{said}`. Check `issue_type` and the fields that it asks for.",
        401: f"the token in {token_name} is not accepted. Make a new one, set {token_name}, on Cloud `user_env`.",
        403: f"the account may not do this in project `{project}`: `{said}`. Let it browse, create, edit, link and "
        "transition issues, and comment on them.",
        _MISSING: f"there is no such issue or project, {_NOT_THERE}: `{said}`. Correct `url` or `project`.",
        _GONE: f"this address is no more: `{said}`. Correct `api`.",
    }  # fmt: skip
    return told.get(status, "")


def _is_missing(error: NotifyError) -> bool:
    return _NOT_THERE in str(error)


def _said(body: str) -> str:
    """Jira's messages, with the fields that they name."""
    try:
        told = json.loads(body)
    except ValueError:
        return plain(body, 200)
    if not isinstance(told, dict):
        return plain(body, 200)
    errors = told.get("errors")
    fields = [f"{key}: {value}" for key, value in errors.items()] if isinstance(errors, dict) else []
    messages = told.get("errorMessages")
    return plain("; ".join([*map(str, messages if isinstance(messages, list) else []), *fields]), 300)


def _value(answer: "httpx.Response") -> Any:
    """The JSON of an answer."""
    try:
        return answer.json()
    except ValueError:
        raise NotifyUncertain(
            f"Jira: an answer of HTTP {answer.status_code} was cut or is no JSON. It is looked up before anything is "
            "sent again."
        ) from None
