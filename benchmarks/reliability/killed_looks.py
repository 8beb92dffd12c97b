"""Killed while it looks at what is stored and tells it: the daemon's cycle, and a digest to Slack and GitHub."""

import contextlib
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.reliability.checks import difference, rows_of
from benchmarks.reliability.children import Child, Limits, run, start
from benchmarks.reliability.killed import ROWS, Activity, store_incident
from collector.window import NS_PER_S
from tests.support.github_server import REPOSITORY, GitHubServer, serve_github
from tests.support.github_server import TOKEN as GITHUB_TOKEN
from tests.support.logging_server import LoggingServer
from tests.support.slack_server import CHANNEL, SlackServer, serve_slack
from tests.support.slack_server import TOKEN as SLACK_TOKEN

__all__ = ["digesting", "looking"]

_SCENARIO, _SEED, _SCALE = "two_roots", 5, 0.05
_ENV = {"LOGTRIAGE_SLACK_TOKEN": SLACK_TOKEN, "LOGTRIAGE_GITHUB_TOKEN": GITHUB_TOKEN}
_STORED = ROWS | {
    "states": "select distinct finding_id, state, priority, service, title from incident_states order by all",
    "claims": "select cluster_id, service, cause, blamed_service, revision, change_type, change_name from forecasts "
    "order by all",
}
_UNTOLD = "select count(*) as n from outbox anti join deliveries using (delivery_id)"


class Looking:
    """`daemon --once`, or `digest`, over a stored incident whose last window it looks at, with or without channels."""

    is_pruning = False

    def __init__(self, name: str, home: Path, channels: str, words: Sequence[str]) -> None:
        self.name, self.home, self.channels, self.words = name, home / name, channels, words
        self.usual_s = 1.0
        self.server = LoggingServer()  # the cycle pulls from it, and there is nothing new
        self.slack: SlackServer | None = None
        self.github: GitHubServer | None = None
        self._servers = contextlib.ExitStack()
        self.at_ns = 0
        self.wanted: tuple[list[str], list[str]] = ([], [])

    def prepare(self) -> None:
        """The incident in a store, and what an undisturbed look stores and tells."""
        self.home.mkdir()
        self.at_ns = store_incident(self.home, _SCENARIO, seed=_SEED, scale=_SCALE)
        place = self.home / "undisturbed"
        self.begin(place)
        begun = time.monotonic()
        code, said = self._run(place)
        self.usual_s = time.monotonic() - begun
        self.wanted = self.told()
        if code or (self.channels and not all(self.wanted)):
            raise RuntimeError(f"an undisturbed look ended with {code}: {said}")

    def begin(self, place: Path) -> None:
        """The store before the look, and boards with nothing on them."""
        place.mkdir()
        for one in self.home.glob("store.duckdb*"):
            if one.suffix in {".duckdb", ".key"}:
                shutil.copy2(one, place)
        self._servers.close()
        text = (
            "store: {path: store.duckdb}\n"
            "telemetry: {watch_itself: false}\n"  # no two runs store the same of themselves
            "sources:\n"
            "  - {kind: cloud_logging, name: logs, resources: [projects/demo-stage], insecure: true,\n"
            f"     endpoint: '{self.server.endpoint}', reads_per_min: 1000000, backfill_s: 3600}}\n"
        )
        if self.channels:
            self.slack = self._servers.enter_context(serve_slack())
            self.slack.is_paced = False
            self.github = self._servers.enter_context(serve_github())
            self.github.list_lag_s = self.github.search_lag_s = 0.0
            text += self.channels.replace("SLACK", self.slack.url).replace("GITHUB", self.github.url)
        (place / "config.yaml").write_text(text, encoding="utf-8")

    def start(self, place: Path) -> Child:
        """The process, by the clock of the incident's end."""
        return start(self.words, folder=place, env=_ENV, limits=Limits(at_ns=self.at_ns))

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """A look that is killed."""
        del dice
        return self.start(place).kill_after(moment_s)

    def lost(self, place: Path) -> list[str]:
        """Deliveries that the store calls done, and that are not on a board."""
        if not self.channels:
            return []
        done = rows_of(
            place / "store.duckdb",
            "select channel, count(distinct remote_id) as n from deliveries where outcome = 'done' and remote_id <> '' "
            "group by channel",
        )
        on = {"slack": self.slack_texts(), "github": self.github_texts()}
        return [
            f"{n} in {channel} done, {len(on[channel])} there" for channel, n in done.rows() if n > len(on[channel])
        ]

    def complete(self, place: Path) -> list[str]:
        """Another look: what is stored and what is told is that of one undisturbed look."""
        code, said = self._run(place)
        found = [f"exit code {code}: {said}"] if code else []
        found += difference(place / "store.duckdb", self.home / "undisturbed" / "store.duckdb", _STORED)
        left = rows_of(place / "store.duckdb", _UNTOLD)["n"][0]
        found += [f"{left} messages were never tried"] if left else []
        for board, is_there, wanted in zip(("Slack", "GitHub"), self.told(), self.wanted, strict=True):
            if sorted(is_there) != sorted(wanted):
                found.append(f"{board}: {len(is_there)} told for {len(wanted)}: {is_there} for {wanted}")
        return found

    def told(self) -> tuple[list[str], list[str]]:
        """What people see on each board: first lines of messages, titles of issues."""
        return self.slack_texts(), self.github_texts()

    def slack_texts(self) -> list[str]:
        """First lines, threads too."""
        return [str(one.get("text", "")).partition("\n")[0] for one in (self.slack.messages if self.slack else [])]

    def github_texts(self) -> list[str]:
        """Titles, with how many comments each has."""
        return [f"{one['title']} ({one['comments']})" for one in (self.github.issues.values() if self.github else [])]

    def close(self) -> None:
        """No servers."""
        self._servers.close()
        self.server.stop()

    def _run(self, place: Path) -> tuple[int, str]:
        return run(self.words, folder=place, env=_ENV, limits=Limits(at_ns=self.at_ns + 60 * NS_PER_S))


_CHANNELS = (
    "digest:\n  lowest_priority: P3\n  channels:\n"
    f"    - {{kind: slack, name: slack, channel: {CHANNEL}, api_url: 'SLACK'}}\n"
    f"    - {{kind: github, name: github, repository: {REPOSITORY}, api_url: 'GITHUB'}}\n"
)


@contextlib.contextmanager
def _prepared(one: Looking) -> Iterator[Activity]:
    try:
        one.prepare()
        yield one
    finally:
        one.close()


def looking(home: Path) -> contextlib.AbstractContextManager[Activity]:
    """The daemon's cycle without channels."""
    return _prepared(Looking("classify", home, "", ("daemon", "--once")))


def digesting(home: Path) -> contextlib.AbstractContextManager[Activity]:
    """The same with Slack and GitHub."""
    return _prepared(Looking("digest", home, _CHANNELS, ("daemon", "--once")))
