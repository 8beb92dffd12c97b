"""The filter that finds the entries of a cluster in Cloud Logging again, for links and for commands. No I/O.

Written in the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language).
"""

import re
from collections.abc import Sequence

from classifiers.findings import Absence, Cluster, Latency
from classifiers.service_names import location_of, plain_name
from collector.window import NS_PER_S, Window, format_ns
from logtriage.escape import plain

__all__ = ["audit_filter", "entry_filter", "request_filter", "run_filter"]

_REVISIONS = 5  # named in a filter; with more the service stands for all
_LOOKED, _FIRST = 20_000, 500  # characters of a text, and of its first line, that are looked at
_PHRASE = 100  # characters searched for
_LEAST = 8  # characters that still say something
_ENOUGH = 12  # characters that say it without a path
# what is masked, cut off, ends a quoted text, or is told shorter: spaces that fill up a column
_APART = re.compile(r"<[^<>]{0,40}>|\.\.\.|[\"\\\x00-\x1f]|\s{2,}")
_PATH = re.compile(r"(?<=[^\s/]/)\S+")  # behind the name of who was asked: one of several that fail alike
_NUMBER = re.compile(r"[\w-]*\d[\w-]*")  # an entry's own
_REQUEST = re.compile(r"\A(?:[A-Z]+ )?(/\S*)? ?(?:requests )?answered (\d{3})\Z")


def entry_filter(cluster: Cluster) -> str:
    """Its service, revisions and time, and a phrase that all such entries hold as far as its sample shows."""
    failing = [row.revision for row in cluster.per_revision if row.failures and row.service == cluster.service]
    return "\n".join([
        *run_filter(cluster.service, cluster.location, failing),
        *_between(cluster.first_ns, cluster.last_ns),
        *_said(cluster),
    ])  # fmt: skip


def request_filter(one: Cluster | Latency | Absence, window: Window, *, least_status: int = 0) -> str:
    """Requests of its service since its onset."""
    began_ns = one.onset.at_ns if one.onset else window.start_ns
    status = [f"httpRequest.status>={least_status}"] if least_status else []
    return "\n".join([
        *run_filter(one.service, one.location, ()),
        'log_id("run.googleapis.com/requests")',
        *status,
        *_between(began_ns, window.end_ns),
    ])  # fmt: skip


def audit_filter(at_ns: int, *, around_ns: int = 1800 * NS_PER_S) -> str:
    """What people and the platform changed around an instant, of every service."""
    return "\n".join(['logName:"cloudaudit.googleapis.com"', *_between(at_ns - around_ns, at_ns + around_ns)])


def run_filter(service: str, location: str, revisions: Sequence[str]) -> list[str]:
    """A service of Cloud Run, and the revisions of it where they are few."""
    told = ['resource.type="cloud_run_revision"', f"resource.labels.service_name={_text(plain_name(service))}"]
    where = location or location_of(service)
    told += [f"resource.labels.location={_text(where)}"] if where else []
    named = [_text(name) for name in dict.fromkeys(revisions) if name]
    if 0 < len(named) <= _REVISIONS and len(named) == len(set(revisions)):
        told.append(f"resource.labels.revision_name=({' OR '.join(named)})")
    return told


def _between(first_ns: int, last_ns: int) -> list[str]:
    return [f'timestamp>="{format_ns(first_ns, digits=6)}"', f'timestamp<="{format_ns(last_ns + NS_PER_S, digits=6)}"']


def _said(cluster: Cluster) -> list[str]:
    """Status and path of a request, else the longest piece of the title that its sample holds word for word."""
    request = _REQUEST.match(cluster.title[:_FIRST]) if cluster.kind == "request" else None
    if request:
        path = request.group(1) or ""
        fixed = path.partition("*")[0].partition("<")[0].partition("{")[0]
        return [
            f"httpRequest.status={request.group(2)}",
            *([f"httpRequest.requestUrl:{_text(fixed)}"] if fixed else []),
        ]
    sample, title = cluster.sample[:_LOOKED], cluster.title[:_LOOKED]
    said = _NUMBER.sub("...", sample[:_FIRST].partition("\n")[0])  # of the title numbers are masked already
    pieces = [*_APART.split(title), *_APART.split(said)]
    parts = [part for piece in pieces for part in _PATH.split(piece)]
    for found, least in ((parts, _ENOUGH), (pieces, _LEAST)):
        phrases = [piece.strip()[:_PHRASE].strip() for piece in found]
        best = max((phrase for phrase in phrases if phrase in sample), key=len, default="")
        if len(best) >= least:
            return [_text(best)]
    return []


def _text(value: str) -> str:
    """A quoted text of the query language."""
    safe = plain(value, 300).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'
