"""The life of an incident as the channel `github` asks for it, recorded by a server on loopback."""

import contextlib
import os

from logtriage.errors import NotifyUncertain
from logtriage.notifiers.channel import open_channel, parse_channel_config
from logtriage.ticket_view import comment, ticket
from tests.support.findings import findings
from tests.support.github_server import REPOSITORY, TOKEN, Fault, Request, serve_github
from tests.support.tickets import incident_message, tracked

__all__ = ["record_life"]


def record_life() -> list[Request]:
    """Every request of an incident that is opened, told, closed, reopened, followed by a new issue, and listened to."""
    told = ticket(findings(), tracked())
    message = incident_message(title=told.title, body=told.body, labels=told.labels)
    os.environ["LOGTRIAGE_GITHUB_TOKEN"] = TOKEN
    with serve_github() as server:
        raw = {"kind": "github", "repository": REPOSITORY, "api_url": server.url, "warnings": True}
        channel = open_channel(parse_channel_config(raw, where="digest.channels[0]"))
        again = open_channel(parse_channel_config({**raw, "regressed": "new"}, where="digest.channels[0]"))
        server.faults.append(Fault("POST", "/issues", 502, after=True))
        with contextlib.suppress(NotifyUncertain):  # as the server is told to lose the answer
            channel.do("open", message, delivery_id="d-1", place=None, is_repeat=False, places={})
        place = channel.find("open", message, delivery_id="d-1", place=None, since_ns=0)
        if place is None:
            raise SystemExit("The issue whose answer was lost is not found again.")
        worse = incident_message(
            act="change", news="worse", comment=comment(findings(), tracked()), labels=("P1",), body="now"
        )
        over = incident_message(act="change", state="resolved", is_over=True, news="over", body="over")
        back = incident_message(act="change", state="regressed", is_back=True, news="back", body="back")
        for at, one in enumerate((worse, over, back)):
            for step in channel.steps(one, place):
                channel.do(step, one, delivery_id=f"d-{at}-{step}", place=place, is_repeat=False, places={})
        server.person_closes(1)
        server.person_says(1, "logtriage right")
        channel.find("reply", worse, delivery_id="d-0-reply", place=place, since_ns=0)
        channel.hear({message.incident_id: place}, since_ns=0)
        again.do("open", back, delivery_id="d-9", place=place, is_repeat=False, places={})
        warning = incident_message(act="notice", key="vanished:shop", incident_id="", title="", body="", labels=())
        channel.do("open", warning, delivery_id="d-10", place=None, is_repeat=False, places={})
        return server.requests
