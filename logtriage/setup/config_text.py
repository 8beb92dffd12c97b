"""The config.yaml that `logtriage init` writes: what was found, each with a comment, and nothing else. No I/O."""

import json
import re

from logtriage.setup.endpoints import Endpoints
from logtriage.setup.log_look import FILTER
from logtriage.setup.starting import Found
from logtriage.wording import plural

__all__ = ["config_text"]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\Z")

_HEAD = """\
# Written by `logtriage init`: what it found, and nothing else. logtriage reads this file from the folder it is started
# in, from LOGTRIAGE_CONFIG, or from --config. What stands nowhere here has its default.
# Secrets are not settings: they come from the environment or from Secret Manager, and a key here at most names where.
"""
_REST = """
# One DuckDB file, beside this one; its key for hashes lies beside it.
store:
  path: logtriage.duckdb

# Who is told what changed. `logtriage digest --dry-run` shows it without sending; docs/digest.md has the other kinds.
#digest:
#  channels:
#    - kind: slack                 # token of a bot in LOGTRIAGE_SLACK_TOKEN
#      channel: C0123456789
"""


def config_text(found: Found, endpoints: Endpoints) -> str:
    """The whole file; it loads as it stands. Where no project is known it holds a template to fill in."""
    return f"{_HEAD}{_sources(found, endpoints)}{_REST}"


def _sources(found: Found, endpoints: Endpoints) -> str:
    if found.project is None:
        blocks = [
            _run("my-project", ["europe-west1"], endpoints, ""), _logs("my-project", endpoints, ""),
            _traces("my-project", endpoints, ""),
        ]  # fmt: skip
        lines = "".join(f"#{line}\n" for line in "".join(blocks).splitlines())
        return f"\n# No project was found: put in its id and take the marks away.\nsources: []\n{lines}"
    project = found.project.id
    return f"\n# Project {project}: {found.project.found_in}.\nsources:\n" + "".join(
        (
            _services_block(found, project, endpoints),
            _logs(project, endpoints, _volume_words(found)),
            _traces_block(found, project, endpoints),
        )
    )


def _services_block(found: Found, project: str, endpoints: Endpoints) -> str:
    services = found.services
    if services is not None and services.count:
        kept = f"{plural(found.revisions.count, 'revision')} of " if found.revisions is not None else ""
        return _run(project, list(services.by_location), endpoints, f"{kept}{plural(services.count, 'service')}")
    why = "no service was found" if services is not None else "services could not be listed"
    block = _run(project, ["europe-west1"], endpoints, f"{why}: put in the regions")
    return "".join(f"#{line}\n" for line in block.splitlines())


def _run(project: str, locations: list[str], endpoints: Endpoints, note: str) -> str:
    return _block(
        "cloud_run", f"revisions that Cloud Run still keeps{': ' + note if note else ''}", "revisions",
        endpoints.keys("run"),
        f"projects: [{_scalar(project)}]", f"locations: [{', '.join(map(_scalar, locations))}]",
    )  # fmt: skip


def _logs(project: str, endpoints: Endpoints, note: str) -> str:
    return _block(
        "cloud_logging", f"entries{': ' + note if note else ''}", "logs", endpoints.keys("logging"),
        f"resources: [{_scalar(f'projects/{project}')}]", f"filter: {FILTER}",
        "reads_per_min: 60             # quota of the project; lower it where others read the same logs",
    )  # fmt: skip


def _volume_words(found: Found) -> str:
    if found.logs is None:
        return ""
    return f"about {found.logs.volume.entries:,} a day"


def _traces_block(found: Found, project: str, endpoints: Endpoints) -> str:
    if found.traces is not None and found.traces.is_there:
        return _traces(project, endpoints, "")
    why = "none were seen in the last day" if found.traces is not None else "could not be asked for"
    block = _traces(project, endpoints, why)
    return "".join(f"#{line}\n" for line in block.splitlines())


def _traces(project: str, endpoints: Endpoints, note: str) -> str:
    said = f"traces of Cloud Trace{': ' + note if note else ''}"
    return _block("cloud_trace", said, "traces", endpoints.keys("trace"), f"projects: [{_scalar(project)}]")


def _block(kind: str, comment: str, name: str, private: dict[str, object], *lines: str) -> str:
    """One item of `sources`."""
    extra = [
        f"{key}: {_scalar(str(value)) if isinstance(value, str) else json.dumps(value)}"
        for key, value in private.items()
    ]
    every = [f"kind: {kind}".ljust(30) + f"# {comment}", f"name: {name}", *lines, *extra]
    return "".join(f"  {'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(every))


def _scalar(text: str) -> str:
    """A text as YAML takes it."""
    return text if _PLAIN.match(text) else json.dumps(text)
