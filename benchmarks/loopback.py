"""GitHub and Slack on loopback, as the tests have them, with real channels: for benchmarks/lifecycle.py --servers."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from logtriage.notifiers.channel import Notifier, open_channel, parse_channel_config
from tests.support.github_server import REPOSITORY, TOKEN, GitHubServer, serve_github
from tests.support.slack_channel import web_channel
from tests.support.slack_server import SlackServer, serve_slack

__all__ = ["Served", "serve"]


@dataclass
class Served:
    """Both servers; their time is that of the look."""

    github: GitHubServer
    slack: SlackServer
    now_ns: int = 0

    def at(self, now_ns: int) -> tuple[Notifier, ...]:
        """The channels at an instant."""
        self.now_ns = self.slack.now_ns = now_ns
        raw = {"kind": "github", "repository": REPOSITORY, "api_url": self.github.url}
        return open_channel(parse_channel_config(raw, where="github")), web_channel(self.slack)

    def counted(self) -> dict[str, Counter[str]]:
        """What stands there in the end, and how often it was written to."""
        issues, messages = list(self.github.issues.values()), self.slack.messages
        threads = {one.get("thread_ts", one["ts"]) for one in messages}
        written = Counter(one.method for one in self.github.requests if one.method in {"POST", "PATCH"})
        return {
            "GitHub": Counter(
                issues=len(issues), comments=len(self.github.comments), changes=written["PATCH"],
                closed=sum(one["state"] == "closed" for one in issues),
            ),
            "Slack": Counter(
                messages=len(threads), replies=len(messages) - len(threads), edits=len(self.slack.calls("chat.update"))
            ),
        }  # fmt: skip


@contextlib.contextmanager
def serve() -> Iterator[Served]:
    """The servers while the block runs."""
    os.environ["LOGTRIAGE_GITHUB_TOKEN"] = TOKEN
    now: list[Served] = []
    with serve_github(clock=lambda: now[0].now_ns / 1e9 if now else 0.0) as github, serve_slack() as slack:
        now.append(Served(github, slack))
        yield now[0]
