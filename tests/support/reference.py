"""The pages of the docs that are made: every key of config.yaml, and every command with its options.

    python -m tests.support.reference        # writes docs/configuration.md and docs/commands.md anew (`make docs`)

Keys and defaults come from the classes that read them, what they do from the comments of config.yaml and, for the few
that do not stand there, from `_MORE`. Of a page only what lies between its two marks is written; a test compares.
"""

import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from collector.kinds import resolve
from collector.sources.base import SOURCES
from logtriage.cli import app
from logtriage.config import Config
from logtriage.demo.names import SCENARIO_NAMES
from logtriage.notifiers.channel import CHANNELS

__all__ = ["PAGES", "ROOT", "keys_of", "made_pages", "with_made"]

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- made by make docs: begin -->", "<!-- made by make docs: end -->"
_COMMENT_COLUMN = 20  # from which on a comment that stands alone goes on the one above
_LINE = re.compile(r"^(?P<indent> *)(?P<item>- )?(?P<key>\w+):(?: (?P<value>.*?))?(?:\s+# (?P<said>.*))?$")
_KINDS: dict[str, Mapping[str, Any]] = {"sources": SOURCES, "digest.channels": CHANNELS}
# What config.yaml has no room for: by the whole path, else by the last word of it.
_MORE: dict[str, str] = {
    "sources": "what is pulled: a list, each item of a kind (below)",
    "redact.patterns": "what is taken out beside the known forms: a list",
    "redact.patterns.name": "what it finds is told as `<NAME>`",
    "redact.patterns.pattern": "regular expression (RE2: no look-around)",
    "store.path": "the database file; LOGTRIAGE_DB and `--db` win. Relative: to the folder logtriage is started in",
    "store.memory_limit_mib": "of DuckDB; what needs more goes to the disk",
    "store.threads": "of DuckDB",
    "clusters.rules": "a list, replayed in its order",
    "clusters.rules.why": "told beside the cluster",
    "origins.health_checks.agents": "words of user agents: acme-probe",
    "origins.health_checks.paths": "whole paths, with * and ?: /status",
    "origins.scanners.agents": "words of user agents: acme-scan",
    "origins.scanners.paths": "whole paths, with * and ?: /wp-*",
    "history.baseline_days": "days before the window; a shorter one makes reports quicker in proportion",
    "events.expected": "a list",
    "events.expected.event": "its name, as a line or a span names it",
    "events.expected.service": "that writes it",
    "priority.p0_share": "from this share on: P0, an outage",
    "priority.p1_share": "from this share on: P1",
    "verify.criteria": "a list",
    "verify.criteria.name": "what it is called where it is told",
    "verify.criteria.service": "whose requests are attempts",
    "verify.criteria.status": "statuses that count as the failure",
    "verify.criteria.signature": "... or the signature that does",
    "verify.criteria.quantile": "of `faster than`",
    "verify.criteria.event": "of `event follows` and `field present`: what must come",
    "verify.criteria.field": "of `field present`: what it must hold",
    "report.window_hours": "how far back a report looks without `--since`",
    "digest.window_hours": "how far back each look of the daemon and of `logtriage digest` reaches",
    "telemetry.otlp_headers_env": "variable with the headers of the export",
    "digest.channels": "where is told: a list, each item of a kind (below)",
    "digest.channels:email.host": "the mail server",
    "digest.channels:email.from": "address of the sender",
    "digest.channels:email.to": "addresses",
    "digest.channels:email.timeout_s": "of one call of the server",
    "digest.channels:github.repository": "OWNER/NAME",
    "digest.channels:gitlab.url": "of the server",
    "digest.channels:jira.url": "of the site",
    "digest.channels:jira.issue_type": "of new issues",
    "digest.channels:slack.api_url": "of Slack's API",
    "digest.channels:slack.right_reactions": "reactions that say that the verdict was right",
    "digest.channels:slack.wrong_reactions": "... and wrong",
    "sources:jaeger.url": "of the query service, with a path where it is served below one",
    "sources:tempo.url": "of the server, with a path where it is served below one",
    "sources:jaeger.api": "of Jaeger: `v3`, `v1`, or whichever answers",
    "sources:cloud_logging.filter": "in the query language of Logging; empty: all",
    "sources:cloud_trace.page_size": "traces a call; 100 is the API's limit of complete ones",
    "sources:cloud_run.projects": "ids of projects",
    "sources:cloud_run.locations": 'regions, such as europe-west1; the API knows no "all"',
    "sources:cloud_trace.projects": "ids of projects",
    "receive.grpc": "127.0.0.1:4317; none: as of `receive.http`",
    "attribution.bad_changes": "share of changes of IAM, databases, networks, certificates that break who uses them",
    "attribution.most": "no certainty above this: the model itself may be wrong",
    "latency.least_ms": "... and by how many milliseconds: nobody who waits can tell less",
    "priority.least_failures": "of fewer nothing ranks above P2, whatever share they are",
    "verify.criteria.kind": "`no failures`, `rate below`, `faster than`, `event follows` or `field present`",
    "sources:cloud_logging.resources": "projects/P, or views: projects/P/locations/L/buckets/B/views/V",
    "sources:cloud_run.services": "names, with * and ?; empty: all",
    "sources:jaeger.services": "names, with * and ?; empty: all",
    "sources:cloud_trace.filter": "of Cloud Trace, such as +root:/pay; empty: all",
    "sources:jaeger.token_env": "variable with a bearer token",
    "digest.channels:slack_webhook.url_env": "variable with the address",
    "digest.channels:webhook.url_env": "variable with the address",
    "digest.channels:webhook.signing_env": "variable with the key of the signature; without one nothing is signed",
    "digest.channels:github.regressed": "what returns: `reopen` opens its issue again, `new` another one that names it",
    "name": "unique; of a source its cursor is kept under it, of a channel `--to` takes it. Empty: the kind",
    "deadline_s": "of one call",
    "patience_s": "of one call with all its repetitions",
    "endpoint": "host:port; empty: the public one of the service",
    "insecure": "plain text without login, on loopback only",
    "lateness_s": "how long after its event an entry may arrive; bounds the search",
    "slice_s": "of time read at once; quiet stretches grow",
    "page_size": "entries a call; 1000 is the API's limit",
    "backfill_s": "how far the first pull reaches back without `--since`",
    "overlap_s": "how long after its start a span may become visible: the longest request, and a bit",
    "answer_mib": "a larger answer is asked for in halves",
    "traces_per_answer": "a fuller answer is asked for in halves",
    "token_env": "variable of the environment that holds the token",
    "token_secret": "... or its version in Secret Manager: projects/P/secrets/S/versions/latest",
    "user_env": "variable with a user name, with `password_env`",
    "password_env": "variable with the password",
    "password_secret": "... or its version in Secret Manager",
    "tenant_env": "variable with the tenant, sent as X-Scope-OrgID",
    "url_secret": "the address as a version in Secret Manager",
    "signing_secret": "... or its version in Secret Manager",
    "labels": "of new issues",
    "regressed": "what returns: `reopen` opens its issue again, `new` another one that names it",
    "close": "what is verified is closed; false: only told",
    "warnings": "an issue for each deploy that dropped a key, and for what logtriage cannot see",
}


def _uncommented() -> Iterator[tuple[str, bool]]:
    """Lines of config.yaml, those of examples as if they were no comments; and whether a line is a heading's text."""
    for line in (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            if line.startswith("#  "):
                yield " " + line[1:], False
            else:
                yield line[2:], True
        else:
            yield line.replace("#", " ", 1) if line.startswith("#  ") else line, False


def _said() -> tuple[dict[str, str], dict[str, str]]:
    """What config.yaml says of each section, and of each key by its path; keys of a kind as `sources:jaeger.url`."""
    sections: dict[str, str] = {}
    keys: dict[str, str] = {}
    heading: list[str] = []
    path: list[tuple[int, str]] = []
    last = kind = ""
    for line, is_heading in _uncommented():
        if is_heading:
            heading.append(line)
            continue
        alone = line.lstrip()
        if alone.startswith("# ") and len(line) - len(alone) >= _COMMENT_COLUMN and last:
            keys[last] = f"{keys[last]} {alone[2:]}".strip()
            continue
        found = _LINE.match(line)
        if not found:
            heading = [] if not line.strip() else heading
            continue
        indent = len(found["indent"]) + (2 if found["item"] else 0)
        path = [one for one in path if one[0] < indent]
        if found["item"] and found["key"] == "kind" and ".".join(name for _, name in path) in _KINDS:
            kind = found["value"]
        if not path:
            sections[found["key"]], heading, kind = " ".join(heading), [], ""
        path.append((indent, found["key"]))
        names = [name for _, name in path]
        holder = next((one for one in _KINDS if kind and ".".join(names).startswith(f"{one}.")), "")
        last = f"{holder}:{kind}.{names[-1]}" if holder else ".".join(names)
        keys[last] = found["said"] or ""
    return sections, keys


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The classes of sections inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for part in typing.get_args(annotation) for one in _models(part)]


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool) or value is None:
        return {True: "`true`", False: "`false`", None: "none"}[value]
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, (tuple, list, frozenset)):
        return "`[" + ", ".join(str(one) for one in value) + "]`"
    if isinstance(value, str):
        return f"`{value}`" if value else '`""`'
    return f"`{dict(value)}`" if isinstance(value, dict | types.MappingProxyType) else f"`{value}`"


def _rows(model: type[BaseModel], prefix: str, mark: str = ".") -> Iterator[tuple[str, FieldInfo, str]]:
    """Each key below a class: path, field, default as the page shows it."""
    for name, one in model.model_fields.items():
        path = f"{prefix}{mark}{one.alias or name}" if prefix else name
        nested = _models(one.annotation)
        if path in _KINDS:
            yield path, one, "`[]`"
        elif nested and isinstance(one.annotation, type):
            yield from _rows(nested[0], path)
        else:
            yield path, one, "" if one.is_required() else _shown(one.get_default(call_default_factory=True))
            for item in nested:
                yield from _rows(item, f"{path}[]")


def keys_of() -> dict[str, tuple[str, str]]:
    """Every key by its path, with its default and what it does: `report.window_hours`, `sources:jaeger.url`."""
    _, said = _said()
    found: dict[str, tuple[str, str]] = {}
    rows = list(_rows(Config, ""))
    for holder, kinds in _KINDS.items():
        for kind, one in kinds.items():
            rows += [
                (path, field, default)
                for path, field, default in _rows(resolve(one.config), f"{holder}:{kind}")
                if not path.endswith(".kind")
            ]
    for path, field, default in rows:
        plain = path.replace("[]", "")
        short = plain.rpartition(".")[2]
        about = _MORE.get(plain) or said.get(plain) or _MORE.get(short) or ""
        found[path] = ("**to be given**" if field.is_required() else default, about)
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _configuration() -> str:
    sections, _ = _said()
    keys = keys_of()
    parts = []
    for section in Config.model_fields:
        own = {path: row for path, row in keys.items() if re.split(r"[.:\[]", path)[0] == section}
        parts.append(f"### {section}\n\n{sections.get(section, '')}\n")
        plain = {path: row for path, row in own.items() if ":" not in path}
        if section != "sources":
            parts.append(_table(plain))
        for kind in dict.fromkeys(path.partition(":")[2].partition(".")[0] for path in own if ":" in path):
            of_kind = {path.rpartition(".")[2]: row for path, row in own.items() if f":{kind}." in path}
            parts.append(f"#### {section}: kind {kind}\n\n{_table(of_kind)}")
    return "\n".join(parts)


def _table(rows: dict[str, tuple[str, str]]) -> str:
    lines = [f"| `{path}` | {_cell(default)} | {_cell(about)} |" for path, (default, about) in rows.items()]
    return "\n".join(["| key | default | what it does |", "|---|---|---|", *lines, ""])


def _commands() -> str:
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
        named = [one.metavar or one.name.upper() for one in arguments]
        told = [text if one.required else f"[{text.strip('[]')}]" for one, text in zip(arguments, named, strict=True)]
        rows = [(f"`{text}`", _about(one)) for one, text in zip(arguments, named, strict=True)]
        rows += [(f"`{', '.join(one.opts)}`", _about(one)) for one in options]
        table = "\n".join(f"| {_cell(left)} | {_cell(said)} |" for left, said in rows)
        usage = " ".join(["logtriage", name, *told, "[OPTIONS]"])
        parts.append(f"### {name}\n\n    {usage}\n\n{command.help}\n\n| option | what it does |\n|---|---|\n{table}\n")
    return "\n".join(parts)


def _about(one: Any) -> str:
    """What an option or argument does, with what it may be and what it is where it is left out."""
    told = (one.help or "").strip().replace(", ".join(SCENARIO_NAMES), _scenarios())
    choices = [part for part in _leaves(one.type_descriptor.annotation) if isinstance(part, str)]
    if choices:
        told += f" One of: {', '.join(f'`{choice}`' for choice in choices)}."
    if one.default not in {None, False, ""} and not one.multiple:
        told += f" Default: `{one.default}`."
    return told + (" May be repeated." if one.multiple else "")


def _scenarios() -> str:
    """The first of many; the help lists all."""
    shown = ", ".join(f"`{name}`" for name in SCENARIO_NAMES[:8])
    return f"{shown}, and {len(SCENARIO_NAMES) - 8} more that `logtriage demo --help` lists"


def _leaves(annotation: Any) -> Iterator[Any]:
    parts = typing.get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _leaves(part)


PAGES = {"configuration.md": _configuration, "commands.md": _commands}


def with_made(text: str, made: str) -> str:
    """A page with what is made between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made.strip()}\n\n{END}{after}"


def made_pages() -> dict[str, str]:
    """Each page as it is to be."""
    return {name: with_made((ROOT / "docs" / name).read_text(encoding="utf-8"), make()) for name, make in PAGES.items()}


if __name__ == "__main__":
    for page, text in made_pages().items():
        (ROOT / "docs" / page).write_text(text, encoding="utf-8")
