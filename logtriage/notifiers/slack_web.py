"""Slack by its Web API: one message an incident, edited in place; a new state is a reply in its thread.

Every message of ours bears its delivery and its incident as metadata (https://docs.slack.dev/messaging/message-metadata),
which nobody sees, and is found again by them: in messages of our own bot alone, since anybody else can fake a text and
any other app a metadata. People settle a verdict by a reaction or by a reply.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from msgspec import Struct, field
from pydantic import Field, field_validator

from logtriage.errors import NotifyError
from logtriage.message import Link, Message
from logtriage.notifiers.block_kit import Extras, message_blocks, news_blocks, notification
from logtriage.notifiers.channel import Heard, Place, Step
from logtriage.notifiers.http import Api
from logtriage.notifiers.slack_api import SlackApi
from logtriage.notifiers.slack_ears import said_by_reactions, said_in_reply
from logtriage.notifiers.slack_history import EVENT, GONE, SKEW_NS, SlackHistory, bears, ns_of
from logtriage.notifiers.tokens import TokenConfig
from logtriage.notifiers.urls import checked_url

__all__ = ["SlackWeb", "SlackWebConfig", "open_slack"]

_CLOSED = frozenset({"edit_window_closed"})  # the workspace lets nobody edit what is older
_UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_NO_SCOPE = frozenset({"missing_scope"})
_NOT_THERE = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_REPEAT = "(sent again: the first may have arrived)"
_ANEW = "(told anew: the message before is gone or cannot be edited)"


class SlackWebConfig(TokenConfig):
    """Kind `slack` of `digest.channels`."""

    default_variable: ClassVar[str] = "LOGTRIAGE_SLACK_TOKEN"

    kind: Literal["slack"] = "slack"
    channel: str = Field(pattern=r"^[CGD][A-Z0-9]{5,30}$")  # the id at the end of the channel's details; no name
    api_url: str = "https://slack.com/api"
    right_reactions: tuple[str, ...] = ("white_check_mark", "heavy_check_mark")
    wrong_reactions: tuple[str, ...] = ("x", "negative_squared_cross_mark")

    @field_validator("api_url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        return checked_url(url)


class SlackWeb(Struct, dict=True):
    """A channel of Slack, written to as a bot."""

    name: str
    api: SlackApi
    channel: str
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    now_ns: Callable[[], int] = time.time_ns
    can_find: bool = True
    _people: dict[str, bool] = field(default_factory=dict)
    _told_anew: set[str] = field(default_factory=set)

    @cached_property
    def _past(self) -> SlackHistory:
        return SlackHistory(self.api, self.channel)

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        """A new message where the incident was not told here; else that one is edited, with a reply for a new state."""
        if message.act in ("open", "notice") or place is None:
            return ("open",)
        return ("edit", "reply") if message.act == "change" else ("edit",)

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],
    ) -> Place:  # fmt: skip
        """Does one step, see Notifier."""
        note = _REPEAT if is_repeat else ""
        if step == "reply" and place is not None:
            return self._reply(message, delivery_id, place, note)
        if step == "edit" and place is not None:
            return self._edit(message, delivery_id, place, places)
        return self._open(message, delivery_id, places, note)

    def find(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, since_ns: int
    ) -> Place | None:
        """What an attempt left; an edit is not looked up, since it may be done twice."""
        if step == "edit" or (step == "reply" and place is None):
            return None
        if step == "reply" and place is not None:
            is_there = any(bears(one, delivery_id) for one in self._past.own(self._past.replies(place.id, since_ns)))
            return place if is_there else None
        return self._look(message, delivery_id, since_ns)

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        """What people made of it by reactions and replies; a thread is read only where it grew.

        Reactions have no time in Slack: theirs is that of the poll. Places older than the last 2,000 messages of the
        channel are not heard.
        """
        heard: list[Heard] = []
        wanted = {place.id: incident_id for incident_id, place in places.items()}
        for message in self._past.parents(set(wanted)):
            ts = str(message["ts"])
            heard += self._reactions(message, wanted[ts])
            grew_ns = ns_of(message.get("latest_reply"))
            if grew_ns and grew_ns >= since_ns - SKEW_NS:
                heard += self._answers(ts, wanted[ts], since_ns)
        return heard

    def _open(self, message: Message, delivery_id: str, places: Mapping[str, Place], note: str) -> Place:
        told = Extras(
            note=note,
            verdict=self._verdict(message),
            news_first=message.act == "change",
            related=_related(message, places),
        )
        body = {"text": notification(message), "blocks": message_blocks(message, told)}
        return self._place(self._post(body, message, delivery_id))

    def _reply(self, message: Message, delivery_id: str, place: Place, note: str) -> Place:
        if delivery_id in self._told_anew:
            return place  # the message that was just opened says it
        body = {"text": notification(message, is_news=True), "blocks": news_blocks(message, note)}
        answer = self._post({**body, "thread_ts": place.id}, message, delivery_id, expected=GONE)
        return place if answer["ok"] else self._again(message, delivery_id, place, {})

    def _edit(self, message: Message, delivery_id: str, place: Place, places: Mapping[str, Place]) -> Place:
        """Edits in place. A message that a person deleted is told anew when its state is another, never for figures."""
        told = Extras(verdict=self._verdict(message), related=_related(message, places))
        body = {"text": notification(message), "blocks": message_blocks(message, told)}
        answer = self._change(body, place, expected=GONE | _CLOSED)
        if answer["ok"] or answer["error"] in _CLOSED or message.act == "edit":
            return place
        return self._again(message, delivery_id, place, places)

    def _again(self, message: Message, delivery_id: str, place: Place, places: Mapping[str, Place]) -> Place:
        """Opens what is gone once more, unless an attempt before did: that one is found by its delivery."""
        found = self._look(message, delivery_id, ns_of(place.id) - SKEW_NS, is_exact=True)
        if found is None:
            found = self._open(message, delivery_id, places, _ANEW)
            self._told_anew.add(delivery_id)
        return found

    def _post(
        self, body: Mapping[str, Any], message: Message, delivery_id: str, *, expected: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Posts; blocks that Slack does not take are left out, so that the text at least arrives."""
        payload = {"delivery_id": delivery_id, "incident_id": message.incident_id}
        sent = {
            **body, **_QUIET, "channel": self.channel,
            "unfurl_links": False, "unfurl_media": False,
            "metadata": {"event_type": EVENT, "event_payload": payload},
        }  # fmt: skip
        self._past.identity()  # a token that is not valid is told before anything is sent
        answer = self.api.do("chat.postMessage", sent, is_repeatable=False, expected=expected | _UNFIT)
        if not answer["ok"] and answer["error"] in _UNFIT:
            plain_only = {key: value for key, value in sent.items() if key != "blocks"}
            answer = self.api.do("chat.postMessage", plain_only, is_repeatable=False, expected=expected)
        return answer

    def _change(self, body: Mapping[str, Any], place: Place, *, expected: frozenset[str]) -> dict[str, Any]:
        """Edits; metadata that is not given stays as it was."""
        sent = {**body, **_QUIET, "channel": self.channel, "ts": place.id}
        answer = self.api.do("chat.update", sent, is_repeatable=True, expected=expected | _UNFIT)
        if not answer["ok"] and answer["error"] in _UNFIT:
            plain_only = {**sent, "blocks": []}
            answer = self.api.do("chat.update", plain_only, is_repeatable=True, expected=expected)
        return answer

    def _look(self, message: Message, delivery_id: str, since_ns: int, *, is_exact: bool = False) -> Place | None:
        """The message of a delivery, else the newest of its incident."""
        incident_id = "" if is_exact else message.incident_id
        ours = [one for one in self._past.own(self._past.since(since_ns)) if bears(one, delivery_id, incident_id)]
        exact = [one for one in ours if bears(one, delivery_id)]
        return self._place((exact or ours)[0]) if ours else None

    def _reactions(self, message: Mapping[str, Any], incident_id: str) -> list[Heard]:
        said, counts = said_by_reactions(message, right=self.right, wrong=self.wrong, is_person=self._is_person)
        ts = str(message["ts"])
        return [Heard(incident_id, said, self.now_ns(), f"{ts}:reactions:{counts}", ts)] if said else []

    def _answers(self, ts: str, incident_id: str, since_ns: int) -> list[Heard]:
        heard = []
        for reply in self._past.replies(ts, since_ns):
            said = said_in_reply(reply)
            if said and self._is_person(str(reply["user"])):
                edited = (reply.get("edited") or {}).get("ts", "")
                event_id = ":".join(filter(None, (ts, "reply", str(reply["ts"]), edited)))
                heard.append(Heard(incident_id, said, ns_of(edited or reply["ts"]), event_id, ts))
        return heard

    def _is_person(self, user_id: str) -> bool:
        """Not we, and no bot as far as the token may ask (scope users:read). Asked once a user and never stored."""
        if user_id in ("", "USLACKBOT", self._past.identity().get("user_id")):
            return False
        if user_id not in self._people:
            answer = self.api.read("users.info", {"user": user_id}, expected=_NO_SCOPE | _NOT_THERE)
            self._people[user_id] = not (answer.get("user") or {}).get("is_bot", False)
        return self._people[user_id]

    def _place(self, answer: Mapping[str, Any]) -> Place:
        """Time stamp and address of a message; the address is made as Slack makes it."""
        ts = answer.get("ts")
        if not isinstance(ts, str) or not ns_of(ts):
            raise NotifyError(f"{self.name}: Slack's answer has no `ts`. Check `api_url`.")
        home = str(self._past.identity().get("url") or "").rstrip("/")
        is_web = home.startswith(("https://", "http://"))
        return Place(ts, f"{home}/archives/{self.channel}/p{ts.replace('.', '')}" if is_web else "")

    def _verdict(self, message: Message) -> str:
        """How to say whether the claim is right; "" where nothing was claimed or nobody listens."""
        if not message.finding_id:
            return ""
        ways = [f":{names[0]}:" for names in (self.right, self.wrong) if names]
        react = f"{' or '.join(ways)} here, or " if len(ways) > 1 else ""
        return f"*Right?*  {react}`right` or `wrong: why` in the thread"


# Nothing in a text becomes a link or a mention by itself.
_QUIET: Mapping[str, Any] = {"parse": "none", "link_names": False}


def open_slack(config: SlackWebConfig) -> SlackWeb:
    """The channel, ready to send; ConfigError when its token is missing."""
    api = SlackApi(Api(f"Slack channel {config.name}", config.api_url), config.read_token())
    return SlackWeb(config.name, api, config.channel, config.right_reactions, config.wrong_reactions)


def _related(message: Message, places: Mapping[str, Place]) -> tuple[Link, ...]:
    """Links to where related incidents are told in this channel."""
    urls = [places[one].url for one in message.related if one in places and places[one].url]
    return tuple(Link(f"related {at}" if len(urls) > 1 else "related", url) for at, url in enumerate(urls, 1))
