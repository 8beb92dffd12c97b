"""What is in a channel of Slack: messages and replies of a time, and which of them are our own. Reads alone."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from collector.window import NS_PER_S
from logtriage.notifiers.slack_api import SlackApi

__all__ = ["EVENT", "GONE", "SKEW_NS", "SlackHistory", "bears", "ns_of"]

EVENT = "logtriage"  # event_type of our metadata
GONE = frozenset({"message_not_found", "cant_update_message", "thread_not_found", "cannot_reply_to_message"})
SKEW_NS = 300 * NS_PER_S  # our clock and Slack's may differ
_PAGES = 10  # of 200 messages, newest first


class SlackHistory(Struct):
    """One channel, read as the bot of the token."""

    api: SlackApi
    channel: str
    _me: dict[str, Any] = field(default_factory=dict)

    def identity(self) -> Mapping[str, Any]:
        """Whose token it is (auth.test): asked once."""
        if not self._me:
            self._me = self.api.do("auth.test", {}, is_repeatable=True)
        return self._me

    def since(self, since_ns: int) -> Iterator[dict[str, Any]]:
        """Messages of the channel with all metadata, newest first."""
        return self._history({"oldest": _ts(since_ns - SKEW_NS), "include_all_metadata": "true"})

    def replies(self, ts: str, since_ns: int) -> Iterator[dict[str, Any]]:
        """Replies of a thread with all metadata; none where it is gone."""
        params = {"channel": self.channel, "ts": ts, "oldest": _ts(since_ns - SKEW_NS), "include_all_metadata": "true"}
        for page in self.api.pages("conversations.replies", params, most=_PAGES, expected=GONE):
            yield from (one for one in page if one.get("ts") != ts)  # the message of the thread comes with each page

    def parents(self, wanted: set[str]) -> Iterator[dict[str, Any]]:
        """The messages of these time stamps that are still there, from as few pages as hold them."""
        left = set(wanted)
        if not left:
            return
        latest, oldest = max(left, key=ns_of), min(left, key=ns_of)
        for message in self._history({"oldest": oldest, "latest": latest, "inclusive": "true"}):
            if message.get("ts") in left:
                left.discard(message["ts"])
                yield message
                if not left:
                    return

    def own(self, messages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those of our own bot; of our own user where the token is a person's."""
        me = self.identity()
        mark = "bot_id" if me.get("bot_id") else "user"
        mine = me.get("bot_id") or me.get("user_id")
        return (one for one in messages if mine and one.get(mark) == mine)

    def _history(self, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for page in self.api.pages("conversations.history", {"channel": self.channel, **params}, most=_PAGES):
            yield from page


def bears(message: Mapping[str, Any], delivery_id: str, incident_id: str = "") -> bool:
    """It has our metadata of this delivery, or of this incident where one is given."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") != EVENT:
        return False
    is_incident = bool(incident_id) and payload.get("incident_id") == incident_id
    return payload.get("delivery_id") == delivery_id or is_incident


def ns_of(ts: Any) -> int:
    """A time stamp of Slack as nanoseconds; 0 for what is none."""
    seconds, _, micros = str(ts or "").partition(".")
    if not seconds.isdigit() or not (micros or "0").isdigit():
        return 0
    return int(seconds) * NS_PER_S + int(micros.ljust(6, "0")[:6]) * 1000


def _ts(at_ns: int) -> str:
    """An instant as Slack writes it: seconds and microseconds."""
    return f"{max(at_ns, 0) // NS_PER_S}.{max(at_ns, 0) % NS_PER_S // 1000:06d}"
