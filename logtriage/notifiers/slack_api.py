"""Slack's Web API: what an answer of `ok: false` means, what is to be done about it, and whether a later try may help.

Slack answers most mistakes with status 200 (https://docs.slack.dev/apis/web-api). The token stands in no message,
error, log or repr.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from collector.own_secrets import without_own
from logtriage.errors import NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.escape import plain
from logtriage.notifiers.http import Api

if TYPE_CHECKING:
    from collector.secret import Secret

__all__ = ["SlackApi"]

_LATER = frozenset({"ratelimited", "rate_limited", "request_timeout", "team_added_to_org", "accesslimited"})
_FAULTS = frozenset({"internal_error", "fatal_error", "service_unavailable"})  # some of it may have been done
_STALE = frozenset({"invalid_auth", "token_revoked", "token_expired"})
_PAGE = 200
_RENEW = "Make a new one under OAuth & Permissions of the app"
_INVITE = "Invite the bot there: /invite @logtriage"
_TO_DO = {
    "channel_not_found": "`channel` is no channel that this bot sees. Correct it to the id in the channel's details; "
    f"in a private one: {_INVITE}.",
    "not_in_channel": f"the bot is not in the channel. {_INVITE}.",
    "is_archived": "the channel is archived. Unarchive it, or set another `channel`.",
    "not_authed": f"no token was taken. {_RENEW}.",
    "invalid_auth": f"the token is not valid. {_RENEW}.",
    "account_inactive": f"the token is of an app or a person that is gone. {_RENEW}.",
    "token_revoked": f"the token was revoked. {_RENEW}.",
    "token_expired": f"the token has expired. {_RENEW}, without token rotation.",
    "not_allowed_token_type": "this kind of token may not do it. Use a bot token (xoxb-...).",
    "metadata_must_be_sent_from_app": "messages are found again by metadata, which an app's token alone may send. "
    "Use a bot token (xoxb-...).",
    "ekm_access_denied": "the workspace's key management forbids it. Ask its administrators.",
    "no_permission": "the workspace forbids it. Ask its administrators.",
    "org_login_required": "the workspace is being moved into an organisation. Wait until that is done.",
}


class SlackApi(Struct):
    """The Web API of one workspace, asked as one bot. A token that was rotated meanwhile is read anew once."""

    http: Api
    token: "Secret"

    def do(
        self, method: str, body: Mapping[str, Any], *, is_repeatable: bool, expected: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The answer to what changes something; one with an expected error is given back as it is.

        Raises NotifyUnavailable, NotifyUncertain or NotifyError as Api.call does.
        """
        return self._call("POST", method, is_repeatable=is_repeatable, expected=expected, json=dict(body))

    def read(self, method: str, params: Mapping[str, Any], *, expected: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The answer to what changes nothing."""
        return self._call("GET", method, is_repeatable=True, expected=expected, params=dict(params))

    def pages(
        self, method: str, params: Mapping[str, Any], *, most: int, expected: frozenset[str] = frozenset()
    ) -> Iterator[list[dict[str, Any]]]:
        """Messages page by page as Slack orders them, at most so many pages; nothing after an expected error."""
        cursor = ""
        for _ in range(most):
            more = {"cursor": cursor} if cursor else {}
            answer = self.read(method, {"limit": _PAGE, **params, **more}, expected=expected)
            yield [one for one in answer.get("messages") or [] if isinstance(one, dict)]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor or not answer["ok"]:
                return

    def _call(
        self, verb: str, method: str, *, is_repeatable: bool, expected: frozenset[str], **sent: Any
    ) -> dict[str, Any]:
        for is_last in (False, True):
            login = {"Authorization": f"Bearer {self.token.reveal()}"}
            kind = {"Content-Type": "application/json; charset=utf-8"} if "json" in sent else {}
            answer = self.http.call(verb, f"/{method}", is_repeatable=is_repeatable, headers={**login, **kind}, **sent)
            said = self._read(method, answer, is_repeatable=is_repeatable, expected=expected | _STALE)
            code = "" if said["ok"] else said["error"]
            if code not in _STALE:
                return said
            fresh = self.token if is_last else self.token.again()
            if fresh == self.token:
                raise NotifyError(f"{self.http.name}: {method} was refused with `{code}`: {self._to_do(code, said)}")
            self.token = fresh
        raise AssertionError  # the second round returned or raised

    def _read(self, method: str, answer: Any, *, is_repeatable: bool, expected: frozenset[str]) -> dict[str, Any]:
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
            raise self._lost(method, "an answer that is no JSON of Slack", is_repeatable=is_repeatable)
        code = plain(without_own(str(said.get("error") or "")), 80)
        if said["ok"] or code in expected:
            return said
        if code in _LATER:
            raise NotifyUnavailable(
                f"{self.http.name}: {method} was refused for now, `{code}`. The next cycle tries again."
            )
        if code in _FAULTS:
            raise self._lost(method, code, is_repeatable=is_repeatable)
        raise NotifyError(f"{self.http.name}: {method} was refused with `{code}`: {self._to_do(code, said)}")

    def _lost(self, method: str, why: str, *, is_repeatable: bool) -> NotifyError:
        if is_repeatable:
            return NotifyUnavailable(f"{self.http.name}: {method} failed, `{why}`. The next cycle tries again.")
        return NotifyUncertain(
            f"{self.http.name}: {method} failed, `{why}`; it may or may not have been done. It is looked up before "
            "anything is sent again."
        )

    def _to_do(self, code: str, said: Mapping[str, Any]) -> str:
        if code == "missing_scope":
            needed = plain(without_own(str(said.get("needed") or "a scope")), 120)
            return f"the token lacks `{needed}`. Add it under OAuth & Permissions and install the app anew."
        told = _TO_DO.get(code, "see https://docs.slack.dev/reference/methods for what it means.")
        name = self.token.secret or self.token.env
        return f"{told} It comes from `{name}`." if _RENEW in told or "xoxb" in told else told
