"""Services of Cloud Run in all regions of a project, and what its revisions tell before any log is read."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct, field

from classifiers.facts import SEEN_SCHEMA
from classifiers.findings import VanishedKey
from classifiers.ledger import fold_ledger
from classifiers.vanished import vanished_keys
from collector.collect import normalise
from collector.normalise.redact import Redactor
from collector.normalise.untrusted import at, items, mapping, text
from collector.records import FACT_SCHEMA
from collector.sources.base import Settings
from collector.sources.cloud_run import CloudRun, CloudRunConfig
from logtriage.errors import SourceUnavailable
from logtriage.escape import plain
from logtriage.setup.google_rest import GoogleRest, Refused
from logtriage.setup.login import LOCATION

__all__ = ["Revisions", "Services", "find_services", "read_revisions"]

_HOST = "run.googleapis.com"
# Names and regions alone travel, and no value of a variable.
_FIELDS = "items(metadata(name,labels)),metadata(continue),unreachable"
_LOCATION = "cloud.googleapis.com/location"
_MOST_PAGES = 100
_FORBIDDEN = (401, 403, 404)


class Services(Struct, frozen=True):
    """Names by region, sorted; `unreachable`: regions that did not answer."""

    by_location: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unreachable: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Of all regions."""
        return sum(map(len, self.by_location.values()))


class Revisions(Struct, frozen=True):
    """How many revisions are kept, and the keys that vanished between them, newest first."""

    count: int
    vanished: tuple[VanishedKey, ...]


def find_services(rest: GoogleRest, project: str, locations: Sequence[str]) -> Services:
    """Those of the regions named, else of all; SourceError when they may not be listed.

    All regions are asked at once; where the API does not take that, each region that the project sees.
    """
    if locations:
        return _of_each(rest, project, locations)
    try:
        return _of_all(rest, project)
    except Refused as refused:
        if refused.status in _FORBIDDEN:
            raise
    return _of_each(rest, project, _locations(rest, project))


def _of_all(rest: GoogleRest, project: str) -> Services:
    found: dict[str, set[str]] = {}
    unreachable: set[str] = set()
    for answer in _pages(rest, f"v1/projects/{project}/locations/-/services"):
        told = answer.get("unreachable")
        unreachable |= {plain(text(one).rpartition("/")[2], 60) for one in (told if isinstance(told, list) else ())}
        for name, location in _named(answer):
            found.setdefault(location, set()).add(name)
    return _sorted(found, unreachable)


def _of_each(rest: GoogleRest, project: str, locations: Sequence[str]) -> Services:
    found: dict[str, set[str]] = {}
    unreachable: set[str] = set()
    for location in locations:
        try:
            for answer in _pages(rest, f"v1/projects/{project}/locations/{location}/services"):
                for name, _ in _named(answer):
                    found.setdefault(location, set()).add(name)
        except SourceUnavailable:
            unreachable.add(location)
    if locations and len(unreachable) == len(locations):
        raise SourceUnavailable(f"`{_HOST}` answers for no region. Try again.")
    return _sorted(found, unreachable)


def _locations(rest: GoogleRest, project: str) -> list[str]:
    answer = rest.get(_HOST, f"v1/projects/{project}/locations", {"pageSize": "500"})
    names = {text(one.get("locationId")) for one in items(mapping(answer).get("locations"))}
    return sorted(name for name in names if LOCATION.match(name))


def _pages(rest: GoogleRest, path: str) -> Iterator[Mapping[str, Any]]:
    token = ""
    for _ in range(_MOST_PAGES):
        answer = mapping(
            rest.get(_HOST, path, {"fields": _FIELDS, "limit": "500"} | ({"continue": token} if token else {}))
        )
        yield answer
        token = text(at(answer, "metadata", "continue"))
        if not token:
            return


def _named(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and region of each service of an answer."""
    for item in items(answer.get("items")):
        name = plain(text(at(item, "metadata", "name")), 100)
        if name:
            yield name, text(at(item, "metadata", "labels", _LOCATION))


def _sorted(found: Mapping[str, set[str]], unreachable: set[str]) -> Services:
    by_location = {place: tuple(sorted(found[place])) for place in sorted(found) if LOCATION.match(place)}
    return Services(by_location, tuple(sorted(unreachable)))


def read_revisions(
    config: CloudRunConfig, settings: Settings, *, now_ns: int, advance: Callable[[float], None]
) -> Revisions:
    """What Cloud Run still keeps, read as `collect` reads it and stored nowhere.

    The key of its hashes ends with it, so that values are compared and none is known afterwards. Raises SourceError as
    the source does; `advance` is told the share that is done.
    """
    redactor = Redactor(os.urandom(32))
    facts = [pl.DataFrame(schema=FACT_SCHEMA)]
    for raw in CloudRun(config, settings).pull(since_ns=None, until_ns=now_ns, cursor=None):
        facts.append(normalise(raw, redactor=redactor).facts)
        advance(raw.progress or 0.0)
    ledger = fold_ledger(_told_apart(pl.concat(facts)), pl.DataFrame(schema=SEEN_SCHEMA))
    vanished = sorted(vanished_keys(ledger.revisions, ledger.routings), key=lambda one: -one.at_ns)
    return Revisions(len(ledger.revisions), tuple(vanished))


def _told_apart(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts in which one name in several regions is several services, called as everywhere: `NAME (REGION)`."""
    places = pl.col("location").replace("", None).n_unique().over("project", "service")
    placed = pl.format("{} ({})", "service", "location")
    is_one_of_several = (places > 1) & (pl.col("service") != "") & (pl.col("location") != "")
    return facts.with_columns(service=pl.when(is_one_of_several).then(placed).otherwise("service"))
