"""GitHub's REST API as far as issues need it: login, paging, and what each refusal means.

https://docs.github.com/en/rest/issues, https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from collector.replacing import replace
from collector.secret import Secret
from collector.window import NS_PER_S
from logtriage import __version__
from logtriage.errors import NotifyUncertain
from logtriage.escape import plain
from logtriage.notifiers.http import Api

if TYPE_CHECKING:
    import httpx

__all__ = ["API_VERSION", "GitHubApi", "github_headers", "instant_ns", "mistake", "since_text"]

API_VERSION = "2022-11-28"
_PAGE = 100
_PAGES = 20  # of a list; what lies behind is older than what is looked for
_ACCOUNT = "/user"
_FORBIDDEN = 403


class GitHubApi(Struct, frozen=True):
    """Calls on one repository, `owner/name`."""

    api: Api
    repository: str

    def read(self, path: str, **params: Any) -> Any:
        """The answer to a GET below the repository."""
        return _value(self.api.call("GET", self._path(path), is_repeatable=True, params=params or None))

    def pages(self, path: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """All items of a list, page by page."""
        for page in range(1, _PAGES + 1):
            asked = {**params, "per_page": _PAGE, "page": page}
            answer = self.api.call("GET", self._path(path), is_repeatable=True, params=asked)
            yield from _value(answer)
            if 'rel="next"' not in answer.headers.get("Link", ""):
                return

    def make(self, path: str, body: Mapping[str, Any]) -> Any:
        """Something new, made at most once: NotifyUncertain where the answer was lost or cannot be read."""
        return _value(self.api.call("POST", self._path(path), is_repeatable=False, json=body))

    def change(self, path: str, body: Mapping[str, Any]) -> Any:
        """A change that may be made twice."""
        return _value(self.api.call("PATCH", self._path(path), is_repeatable=True, json=body))

    def account(self) -> str:
        """The login of the token's account."""
        api = replace(self.api, mistake=_nameless(self.api.mistake))
        return str(_value(api.call("GET", _ACCOUNT, is_repeatable=True))["login"])

    def _path(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"


def github_headers(token: Secret) -> dict[str, str]:
    """What each call bears."""
    return {
        "Authorization": f"Bearer {token.reveal()}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": API_VERSION,
        "User-Agent": f"logtriage/{__version__}",
    }


def mistake(status: int, body: str, *, repository: str, token_name: str) -> str:
    """What a refusal means and what to do about it; "" for one that is not known."""
    said, where = _said(body), f"`{repository}`"
    if status == _FORBIDDEN and "locked" in said.lower():
        return f"the issue in {where} is locked. Unlock it, or let the token's account write to the repository."
    moved = f"{where} or the issue in it has moved. Set `repository` to where it is now."
    told = {
        301: moved, 302: moved, 307: moved, 308: moved,
        401: f"the token in {token_name} is not accepted. Make a new one and set {token_name}.",
        403: f"the token may not do this in {where}: `{said}`. Give it Issues: read and write there.",
        404: f"there is no {where} or no such issue, or the token does not see it. Give the token access to it, or "
        "correct `repository`.",
        410: f"{where} has no issues: `{said}`. Turn on Issues in its settings.",
        422: f"{where} does not take it: `{said}`. Check `labels` of the channel and the templates of tickets.",
    }  # fmt: skip
    return told.get(status, "")


def _nameless(mistake: Callable[[int, str], str]) -> Callable[[int, str], str]:
    """The same, but for the token of an app, which may not ask whose it is."""

    def told(status: int, body: str) -> str:
        if status == _FORBIDDEN:
            return "the token's account is not told. Set `account` of the channel to its login, such as `my-app[bot]`."
        return mistake(status, body)

    return told


def _said(body: str) -> str:
    """GitHub's message with the fields that it names."""
    try:
        told = json.loads(body)
    except ValueError:
        return plain(body, 200)
    if not isinstance(told, dict):
        return plain(body, 200)
    errors = told.get("errors")
    fields = [
        " ".join(str(one[key]) for key in ("field", "code", "message") if one.get(key))
        for one in (errors if isinstance(errors, list) else [])
        if isinstance(one, dict)
    ]
    return plain(": ".join(filter(None, (str(told.get("message", "")), "; ".join(fields)))), 200)


def _value(answer: "httpx.Response") -> Any:
    """The JSON of an answer."""
    try:
        return answer.json()
    except ValueError:
        raise NotifyUncertain(
            f"GitHub: an answer of HTTP {answer.status_code} was cut or is no JSON. It is looked up before anything is "
            "sent again."
        ) from None


def instant_ns(text: str) -> int:
    """`2026-09-14T20:33:00Z` in nanoseconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S


def since_text(at_ns: int) -> str:
    """An instant as `since` takes it, in whole seconds, rounded down."""
    return datetime.fromtimestamp(max(at_ns, 0) // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
