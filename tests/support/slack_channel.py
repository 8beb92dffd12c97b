"""A channel of Slack on the loopback server, messages for it, and a delivery of one."""

from typing import Any

from collector.replacing import replace
from collector.secret import Secret
from logtriage.lines import Line
from logtriage.message import Message
from logtriage.notifiers.channel import Place
from logtriage.notifiers.http import Api
from logtriage.notifiers.slack_api import SlackApi
from logtriage.notifiers.slack_web import SlackWeb
from tests.support.slack_server import CHANNEL, TOKEN, SlackServer

__all__ = ["CHANGE", "EDIT", "OPEN", "deliver", "web_channel"]

OPEN = Message(
    key="c1:ongoing", sign="🔴", headline="P0 new · shop · 403 on service calls since 20:33 UTC",
    lines=(Line("CHANGE", "00622-abc 20:31   - PAYMENT_KEY"), Line("SURE", "likely")),
    command="gcloud run services update shop", footer="acme-staging", act="open", incident_id="i1", finding_id="c1",
    priority="P0",
)  # fmt: skip
CHANGE = replace(OPEN, act="change", state="resolved", sign="🟢", headline="P0 resolved · shop",
                 news="Resolved: 40 calls without 403 since 21:10.")  # fmt: skip
EDIT = replace(OPEN, act="edit", headline="P0 ongoing · shop · 403 on service calls")


def web_channel(server: SlackServer, **changes: Any) -> SlackWeb:
    """The channel on the server, whose time is that of the workspace."""
    api = Api("Slack channel ops", server.url, sleep=server.sleep, timeout_s=changes.pop("timeout_s", 2.0))
    token = Secret(changes.pop("token", TOKEN), "LOGTRIAGE_SLACK_TOKEN")
    return SlackWeb("ops", SlackApi(api, token), CHANNEL, ("white_check_mark",), ("x",), now_ns=lambda: server.now_ns)


def deliver(web: SlackWeb, message: Message, place: Place | None = None, *, delivery_id: str = "d1",
        step: Any = None, is_repeat: bool = False) -> Place:  # fmt: skip
    """Does the steps of a message, or the one named, and gives the place."""
    for one in [step] if step else web.steps(message, place):
        place = web.do(one, message, delivery_id=delivery_id, place=place, is_repeat=is_repeat, places={})
    assert place is not None
    return place
