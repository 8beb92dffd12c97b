"""Revisions by the names that people give: whole, short, a number, or the service for what serves now. No I/O."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import product

from classifiers.order import in_deploy_order
from classifiers.routing import Routing
from classifiers.service_names import plain_name
from classifiers.serving import serving_revision
from collector.records import Revision
from logtriage.errors import ConfigError
from logtriage.escape import plain

__all__ = ["find_pair"]

_SHOWN = 8
_BEGINNING = 3  # characters of a name that may stand for all of it
_NUMBER = re.compile(r"\d+")
_OF_NAME = re.compile(r"-(\d{5,})-[a-z0-9]{3}\Z")


def find_pair(
    names: tuple[str, str], revisions: Sequence[Revision], routings: Sequence[Routing] = ()
) -> tuple[Revision, Revision]:
    """The two revisions that a person names; what one name leaves open, the service of the other may settle.

    A name is that of a revision, with or without its service, its number, a beginning, any of these after SERVICE/,
    PROJECT/ or LOCATION/, or a service: the revision that serves most of its traffic. Raises ConfigError with near
    names.
    """
    ordered = in_deploy_order(revisions)
    first, second = (_named(name, ordered, routings) for name in names)
    every = list(product(first, second))
    pairs = [pair for pair in every if pair[0] != pair[1]] or every
    if len(pairs) > 1:
        same = [pair for pair in pairs if _service(pair[0]) == _service(pair[1])]
        pairs = same if len(same) == 1 else pairs
    if len(pairs) > 1:
        name, found = (names[0], first) if len(first) > 1 else (names[1], second)
        listed = _listed(_told(one, found) for one in found)
        raise ConfigError(f"`{plain(name, 80)}` may be {len(found)} revisions: {listed}. Name one.")
    if pairs[0][0] == pairs[0][1]:
        one = pairs[0][0].revision
        raise ConfigError(f"REV_A and REV_B are both `{plain(one, 80)}`. Name two: see `logtriage revisions`.")
    return pairs[0]


def _named(name: str, revisions: Sequence[Revision], routings: Sequence[Routing]) -> list[Revision]:
    """All revisions that the name may mean, by the first way of naming that finds one."""
    wanted = name.strip()
    owner, slash, rest = wanted.rpartition("/")
    pool = [one for one in revisions if owner in _owners(one)]
    if not slash or not pool:
        pool, rest = list(revisions), wanted
    ways: tuple[Callable[[], list[Revision]], ...] = (
        lambda: [one for one in pool if one.revision == rest],
        lambda: _serving(rest, pool, routings),
        lambda: [one for one in pool if _short(one) == rest],
        lambda: [one for one in pool if _NUMBER.fullmatch(rest) and _number(one) == int(rest)],
        lambda: [
            one
            for one in pool
            if len(rest) >= _BEGINNING and any(text.startswith(rest) for text in (one.revision, _short(one)))
        ],
    )
    found = next((found for way in ways if (found := way())), [])
    if found:
        return found
    if not revisions:
        raise ConfigError(f"There is no revision `{plain(name, 80)}`: this store knows none. Import or collect first.")
    known = {text for one in revisions for text in (one.revision, _short(one), plain_name(one.service))}
    near = difflib.get_close_matches(rest, sorted(known), n=_SHOWN, cutoff=0.5)
    services = sorted({plain_name(one.service) for one in revisions})
    told = f"Near: {_listed(near)}" if near else f"Its services: {_listed(services)}"
    raise ConfigError(f"There is no revision `{plain(name, 80)}` in this store. {told}. See `logtriage revisions`.")


def _owners(one: Revision) -> set[str]:
    """What may stand before the slash of its name."""
    name = plain_name(one.service)
    owners = {one.project, one.service, name, f"{one.project}/{one.service}", f"{one.project}/{name}"}
    if one.location:
        owners |= {one.location, f"{one.location}/{name}", f"{one.project}/{one.location}"}
    return owners


def _serving(name: str, pool: Sequence[Revision], routings: Sequence[Routing]) -> list[Revision]:
    keys = sorted({_service(one) for one in pool if name in {one.service, plain_name(one.service)}})
    return [found for key in keys if (found := serving_revision(key, pool, routings))]


def _service(revision: Revision) -> tuple[str, str]:
    return revision.project, revision.service


def _short(revision: Revision) -> str:
    return revision.revision.removeprefix(f"{plain_name(revision.service)}-")


def _number(revision: Revision) -> int | None:
    match = _OF_NAME.search(revision.revision)
    return int(match[1]) if match else None


def _told(one: Revision, among: Sequence[Revision]) -> str:
    """The name, with the project, else the location, where several have it."""
    same = [other for other in among if other.revision == one.revision]
    if len(same) == 1:
        return one.revision
    is_here = len({other.project for other in same}) == 1 and one.location
    return f"{one.location if is_here else one.project}/{one.revision}"


def _listed(names: Iterable[str]) -> str:
    every = [plain(name, 80) for name in names]
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
