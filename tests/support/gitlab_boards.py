"""The GitLab of the tests as a tracker of any kind."""

from contextlib import ExitStack
from datetime import datetime
from typing import Any

from collector.replacing import replace
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.gitlab import GitLab
from logtriage.notifiers.marker import Marker, mark
from tests.support.gitlab_server import PERSON, STRANGER, serve_gitlab
from tests.support.receiver import Fault
from tests.support.tracker_boards import SeenIssue

__all__ = ["GitLabBoard"]


class GitLabBoard:
    """One project."""

    variable = "LOGTRIAGE_GITLAB_TOKEN"
    create_end = "/issues"
    comment_end = "/notes"

    def __init__(self, stack: ExitStack, now: datetime) -> None:
        self.server = stack.enter_context(serve_gitlab(now=now))
        self.token = self.server.token

    @property
    def faults(self) -> list[Fault]:
        return self.server.faults

    def open(self, **changes: Any) -> GitLab:
        raw = {"kind": "gitlab", "project": self.server.project, "url": self.server.url, **changes}
        channel = open_channel(parse_channel_config(raw, where="digest.channels[0]"))
        assert isinstance(channel, GitLab)
        api = replace(channel.gitlab.api, sleep=lambda _: None)
        return GitLab(channel.config, replace(channel.gitlab, api=api))

    def issues(self) -> list[SeenIssue]:
        return [
            SeenIssue(
                str(iid), one["title"], one["description"], one["state"] == "opened", one["labels"],
                [note["body"] for note in self.server.notes[iid]], [str(other) for other in self.server.links[iid]],
            )
            for iid, one in self.server.issues.items()
        ]  # fmt: skip

    def place(self, issue: str) -> Place:
        return Place(issue)

    def set_time(self, now: datetime) -> None:
        self.server.now = max(self.server.now, now)

    def close(self, issue: str) -> None:
        self.server.close(int(issue))

    def reopen(self, issue: str) -> None:
        self.server.reopen(int(issue))

    def delete(self, issue: str) -> None:
        del self.server.issues[int(issue)]

    def say(self, issue: str, text: str, *, by_stranger: bool = False) -> None:
        self.server.say(int(issue), text, STRANGER if by_stranger else PERSON)

    def retitle(self, issue: str, title: str, label: str) -> None:
        self.server.issues[int(issue)]["title"] = title
        self.server.issues[int(issue)]["labels"].append(label)

    def mark_of(self, incident_id: str) -> str:
        return mark(Marker(incident_id, "d"))

    def write_issue(self, title: str, mark: str) -> None:
        self.server.write(title, f"text\n\n{mark}\n", PERSON)
