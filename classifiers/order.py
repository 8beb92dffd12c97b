"""The order in which the revisions of a service were deployed.

Creation decides where it is known. A revision without it is placed by the number in its name, when numbers and known
creations agree; otherwise by when it was ready, took traffic or was first seen.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from collector.records import Revision

__all__ = ["deploy_order", "in_deploy_order", "is_later", "number_of"]

_NUMBER = re.compile(r"-(\d{5,})-[a-z0-9]{3}\Z")
_LONG_NS = 24 * 3600 * 10**9  # revisions follow each other closer than this where signs of both are stored
_LAST_NS = 2**63 - 1  # a revision of which no time is known comes last among those that have none


def deploy_order(revisions: Iterable[Revision], service: str, *, project: str | None = None) -> tuple[Revision, ...]:
    """Revisions of one service, first deployed first; without a project, of every service of that name in turn."""
    own = [one for one in revisions if one.service == service and project in {None, one.project}]
    return tuple(in_deploy_order(own))


def in_deploy_order(revisions: Iterable[Revision]) -> list[Revision]:
    """Revisions of any services: by project, service and then deploy order."""
    ordered: list[Revision] = []
    by_service = sorted(revisions, key=lambda one: (one.project, one.service))
    for _, group in groupby(by_service, key=lambda one: (one.project, one.service)):
        ordered += _one_service(list(group))
    return ordered


def _one_service(revisions: Sequence[Revision]) -> list[Revision]:
    numbers = {one.revision: number_of(one.revision) for one in revisions}
    by_time = sorted(revisions, key=lambda one: (_instant(one), numbers[one.revision] or 0, one.revision))
    dated = [numbers[one.revision] for one in by_time if one.created_ns is not None]
    is_numbered = all(number is not None for number in numbers.values())
    if is_numbered and all((first or 0) <= (second or 0) for first, second in pairwise(dated)):
        return sorted(revisions, key=lambda one: (numbers[one.revision] or 0, _instant(one), one.revision))
    return by_time


def is_later(one: Revision, other: Revision) -> bool:
    """Whether the first sign of one whose creation is not known came long after that of another.

    The number in its name may be of a service that was made anew, so it is not known to have been there before.
    """
    signs = [_first_sign(one), _first_sign(other)]
    return one.created_ns is None and None not in signs and (signs[0] or 0) > (signs[1] or 0) + _LONG_NS


def _first_sign(one: Revision) -> int | None:
    known = (one.created_ns, one.ready_ns, one.traffic_ns, one.first_seen_ns)
    return min((at_ns for at_ns in known if at_ns is not None), default=None)


def number_of(revision: str) -> int | None:
    """42 of `shop-00042-abc`, the form of names that Cloud Run gives; None for names that a person gave."""
    match = _NUMBER.search(revision)
    return int(match[1]) if match else None


def _instant(revision: Revision) -> int:
    """The best known time of creation; what can only be later comes last."""
    known = (revision.created_ns, revision.ready_ns, revision.traffic_ns, revision.first_seen_ns)
    return next((at_ns for at_ns in known if at_ns is not None), _LAST_NS)
