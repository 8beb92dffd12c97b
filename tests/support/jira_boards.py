"""The Jira of the tests, Cloud and Data Center, as a tracker of any kind."""

import os
from contextlib import ExitStack
from datetime import datetime
from typing import Any, ClassVar

from collector.replacing import replace
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.jira import Jira
from logtriage.notifiers.jira_api import JiraApi
from logtriage.notifiers.jira_text import adf_words
from logtriage.notifiers.marker import Marker, mark_label, mark_property
from tests.support.jira_server import CUSTOMER, PERSON, serve_jira
from tests.support.receiver import Fault
from tests.support.tracker_boards import SeenIssue

__all__ = ["CloudBoard", "DataCenterBoard"]


class CloudBoard:
    """One project of a site."""

    variable = "LOGTRIAGE_JIRA_TOKEN"
    create_end = "/issue"
    comment_end = "/comment"
    is_cloud: ClassVar[bool] = True

    def __init__(self, stack: ExitStack, now: datetime) -> None:
        self.server = stack.enter_context(serve_jira(now=now, is_cloud=self.is_cloud))
        self.token = self.server.token
        os.environ["JIRA_USER"] = self.server.user
        stack.callback(os.environ.pop, "JIRA_USER", None)

    @property
    def faults(self) -> list[Fault]:
        return self.server.faults

    def open(self, **changes: Any) -> Jira:
        login = {"user_env": "JIRA_USER"} if self.is_cloud else {}
        raw = {"kind": "jira", "project": self.server.project, "url": self.server.url, **login, **changes}
        channel = open_channel(parse_channel_config(raw, where="digest.channels[0]"))
        assert isinstance(channel, Jira)
        api = replace(channel.jira.api, sleep=lambda _: None)
        return Jira(channel.config, JiraApi(api, channel.config.api))

    def issues(self) -> list[SeenIssue]:
        return [
            SeenIssue(
                key, one["fields"]["summary"], adf_words(one["fields"]["description"]),
                one["fields"]["status"]["id"] != "3", one["fields"]["labels"],
                [adf_words(comment["body"]) for comment in self.server.comments[key]],
                [other for pair in self.server.links for other in pair if key in pair and other != key],
            )
            for key, one in self.server.issues.items()
        ]  # fmt: skip

    def place(self, issue: str) -> Place:
        return Place(issue)

    def set_time(self, now: datetime) -> None:
        self.server.now = max(self.server.now, now)

    def close(self, issue: str) -> None:
        self.server.move(issue, "3")

    def reopen(self, issue: str) -> None:
        self.server.move(issue, "2")

    def delete(self, issue: str) -> None:
        del self.server.issues[issue]

    def say(self, issue: str, text: str, *, by_stranger: bool = False) -> None:
        self.server.say(issue, text, CUSTOMER if by_stranger else PERSON)

    def retitle(self, issue: str, title: str, label: str) -> None:
        self.server.issues[issue]["fields"]["summary"] = title
        self.server.issues[issue]["fields"]["labels"].append(label)

    def mark_of(self, incident_id: str) -> tuple[str, Any]:
        return mark_label(incident_id), mark_property(Marker(incident_id, "d"))

    def write_issue(self, title: str, mark: tuple[str, Any]) -> None:
        self.server.write(title, *mark)


class DataCenterBoard(CloudBoard):
    """The same on a server of one's own: a personal access token, wiki text."""

    is_cloud = False
