"""What an account needs, the smallest role that has it, and whether it has it. docs/permissions.md tells the same."""

import itertools
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from logtriage.errors import SourceUnavailable
from logtriage.setup.google_rest import GoogleRest, Refused
from logtriage.shell import quoted

__all__ = ["NEEDS", "OPTIONAL", "Need", "ask_granted", "grants", "missing"]

_HOST = "cloudresourcemanager.googleapis.com"
_BAD_REQUEST = 400


class Need(Struct, frozen=True):
    """A permission on the project, for what, and a role of Google's that has it. `kind`: of the source in need."""

    permission: str
    role: str
    kind: str
    what_for: str


NEEDS: tuple[Need, ...] = (
    Need("logging.logEntries.list", "roles/logging.viewer", "cloud_logging", "entries"),
    Need("run.services.list", "roles/run.viewer", "cloud_run", "services"),
    Need("run.revisions.list", "roles/run.viewer", "cloud_run", "revisions"),
    Need("run.locations.list", "roles/run.viewer", "cloud_run", "regions, asked by `logtriage init` alone"),
    Need("cloudtrace.traces.list", "roles/cloudtrace.user", "cloud_trace", "traces"),
)
# Nothing that is collected needs these.
OPTIONAL: tuple[Need, ...] = (
    Need("monitoring.timeSeries.list", "roles/monitoring.viewer", "", "how much of the quota of reads is used up"),
)


def ask_granted(rest: GoogleRest, project: str, needs: Iterable[Need]) -> frozenset[str]:
    """Those permissions that the account has on the project.

    SourceError when nobody can tell: the API that does is switched off, or the project is not to be seen.
    """
    names = sorted({one.permission for one in needs})
    try:
        return _ask(rest, project, names)
    except Refused as refused:
        if refused.status != _BAD_REQUEST:
            raise
    granted: set[str] = set()  # one of them is unknown there: each by itself
    for name in names:
        try:
            granted |= _ask(rest, project, [name])
        except Refused as refused:
            if refused.status != _BAD_REQUEST:
                raise
    return frozenset(granted)


def _ask(rest: GoogleRest, project: str, names: Sequence[str]) -> frozenset[str]:
    answer = rest.post(_HOST, f"v3/projects/{project}:testIamPermissions", {"permissions": list(names)})
    told = answer.get("permissions", []) if isinstance(answer, dict) else None
    if not isinstance(told, list):
        raise SourceUnavailable(f"`{_HOST}` answers with what is no list of permissions. Try again.")
    return frozenset(str(one) for one in told)


def missing(needs: Iterable[Need], granted: Collection[str]) -> tuple[Need, ...]:
    """Those that are not granted, in their order."""
    return tuple(one for one in needs if one.permission not in granted)


def grants(lacking: Iterable[Need], *, project: str, member: str) -> tuple[tuple[tuple[Need, ...], str], ...]:
    """The needs of each role, and the command that grants it. `member` is quoted for a shell already."""
    by_role = itertools.groupby(sorted(lacking, key=lambda one: one.role), key=lambda one: one.role)
    bind = f"gcloud projects add-iam-policy-binding {quoted(project)} --member={member} --condition=None"
    return tuple((tuple(of_role), f"{bind} --role={role}") for role, of_role in by_role)
