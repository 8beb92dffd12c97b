"""GitLab's REST API v4 as far as issues of one project need it: login, paging, and what each refusal means.

https://docs.gitlab.com/api/issues/, /notes/, /issue_links/, /resource_state_events/
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct

from collector.secret import Secret
from logtriage import __version__
from logtriage.errors import NotifyUncertain
from logtriage.escape import plain
from logtriage.notifiers.http import Api

if TYPE_CHECKING:
    import httpx

__all__ = ["CONFLICT", "GitLabApi", "gitlab_headers", "mistake"]

CONFLICT = 409  # of a create: it may have been made
_PAGE = 100
_PAGES = 20  # of a list; what lies behind is older than what is looked for


class GitLabApi(Struct, frozen=True):
    """Calls on one project, by path or number."""

    api: Api
    project: str

    def read(self, path: str, **params: Any) -> Any:
        """The answer to a GET below the project."""
        return _value(self.api.call("GET", self._path(path), is_repeatable=True, params=params or None))

    def pages(self, path: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """All items of a list, page by page."""
        page = "1"
        for _ in range(_PAGES):
            asked = {**params, "per_page": _PAGE, "page": page}
            answer = self.api.call("GET", self._path(path), is_repeatable=True, params=asked)
            yield from _value(answer)
            page = answer.headers.get("X-Next-Page", "")
            if not page:
                return

    def make(self, path: str, body: Mapping[str, Any]) -> Any:
        """Something new, made at most once: NotifyUncertain where the answer was lost or cannot be read."""
        return _value(self.api.call("POST", self._path(path), is_repeatable=False, json=body))

    def change(self, path: str, body: Mapping[str, Any]) -> Any:
        """A change that may be made twice."""
        return _value(self.api.call("PUT", self._path(path), is_repeatable=True, json=body))

    def account(self) -> int:
        """The number of the token's account."""
        return int(_value(self.api.call("GET", "/api/v4/user", is_repeatable=True))["id"])

    def _path(self, path: str) -> str:
        return f"/api/v4/projects/{quote(self.project, safe='')}{path}"


def gitlab_headers(token: Secret) -> dict[str, str]:
    """What each call bears. As a bearer the token follows no redirect to another host."""
    return {"Authorization": f"Bearer {token.reveal()}", "User-Agent": f"logtriage/{__version__}"}


def mistake(status: int, body: str, *, project: str, token_name: str) -> str:
    """What a refusal means and what to do about it; "" for one that is not known."""
    said, where = _said(body), f"`{project}`"
    moved = f"{where} has moved. Set `project` to where it is now."
    told = {
        301: moved, 302: moved, 307: moved, 308: moved,
        400: f"{where} does not take it: `{said}`. Check `labels` of the channel and the templates of tickets.",
        401: f"the token in {token_name} is not accepted. Make a new one with scope api and set {token_name}.",
        403: f"the token may not do this in {where}: `{said}`. Give it scope api, and its account the role Reporter.",
        404: f"there is no {where} or no such issue, or the token does not see it. Give the token access to it, or "
        "correct `project`.",
    }  # fmt: skip
    return told.get(status, "")


def _said(body: str) -> str:
    """GitLab's message: a text, or one for each field."""
    try:
        told = json.loads(body)
    except ValueError:
        return plain(body, 200)
    said = (told.get("message") or told.get("error") or told) if isinstance(told, dict) else told
    return plain(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False), 200)


def _value(answer: "httpx.Response") -> Any:
    """The JSON of an answer."""
    try:
        return answer.json()
    except ValueError:
        raise NotifyUncertain(
            f"GitLab: an answer of HTTP {answer.status_code} was cut or is no JSON. It is looked up before anything is "
            "sent again."
        ) from None
