"""Regions: one name in several locations of a project is several services; all rows of each bear a name of its own.

A service is project, location and name, but nearly every name is in one location only: such a service is called by its
name alone. Where a name is in several, its rows are read as those of `NAME (LOCATION)`, so that whatever is counted per
service is counted per location. What it is called in Google Cloud is the plain name again.
"""

from collections import defaultdict

import polars as pl

from classifiers.facts import projects_of
from classifiers.service_names import IS_PLACED, location_of, plain_name
from collector.store import Reader

__all__ = ["read_placed_facts"]

_LOCATIONS = ("location", "other_location")  # of count_seen_revisions
_SCHEMA = {name: pl.String() for name in ("project", "service", "revision", "location")}
_Service = tuple[str, str]  # project and plain name


def read_placed_facts(reader: Reader, *, end_ns: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of find_facts and of count_seen_revisions before an instant; every row read later is told apart as these.

    Without a name in several locations that is all there is to it, and the rows stay as they are.
    """
    facts = reader.frame("find_facts", end_ns=end_ns)
    seen = _seen(reader, end_ns)
    if not _may_be_several(facts, seen):
        return facts, seen
    facts = facts.with_columns(id=projects_of(facts, seen))
    known = _known(facts.select("service", "revision", "location", project="id"), seen)
    several = _several(known, seen)
    if not several:
        return facts.drop("id"), seen
    revisions = _revisions(known, several)
    rows = [(*service, "", "") for service in sorted(several)]
    rows += [(*key, location) for key, location in sorted(revisions.items())]
    reader.lay("create_rows_by_place", relation=pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
    return _placed(facts, several, revisions), _seen(reader, end_ns)


def _seen(reader: Reader, end_ns: int) -> pl.DataFrame:
    """Revisions as entries tell of them; those of services that wrote none, as spans do."""
    queries = ("count_seen_revisions", "count_seen_span_revisions")
    return pl.concat([reader.frame(name, end_ns=end_ns) for name in queries])


def _may_be_several(facts: pl.DataFrame, seen: pl.DataFrame) -> bool:
    """Whether any name is in several locations, of whatever project, or was told apart by this reader before."""
    known = _known(facts.select("project", "service", "revision", "location"), seen)
    places = known.group_by("service").agg(pl.col("location").n_unique())
    return bool((places["location"] > 1).any()) or bool(seen["service"].str.contains(IS_PLACED).any())


def _known(facts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Each (project, service, revision, location) that is told anywhere, under plain names."""
    told = [facts, *(seen.select("project", "service", "revision", location=name) for name in _LOCATIONS)]
    every = pl.concat([one.select(_SCHEMA.keys()) for one in told]).unique()
    named = every.with_columns(pl.col("service").str.replace(IS_PLACED, "${1}"))
    return named.filter((pl.col("location") != "") & (pl.col("service") != ""))


def _several(known: pl.DataFrame, seen: pl.DataFrame) -> set[_Service]:
    """Services in more than one location; those that this reader told apart before stay so."""
    counted = known.group_by("project", "service").agg(pl.col("location").n_unique()).filter(pl.col("location") > 1)
    before = {(project, name) for project, name in seen.select("project", "service").iter_rows() if location_of(name)}
    return {*counted.select("project", "service").rows(), *((project, plain_name(name)) for project, name in before)}


def _revisions(known: pl.DataFrame, several: set[_Service]) -> dict[tuple[str, str, str], str]:
    """Where each revision of these services is, of those that are in one location only."""
    places: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for project, service, revision, location in known.select(_SCHEMA.keys()).iter_rows():
        if revision and (project, service) in several:
            places[project, service, revision].add(location)
    return {key: found.pop() for key, found in places.items() if len(found) == 1}


def _placed(facts: pl.DataFrame, several: set[_Service], revisions: dict[tuple[str, str, str], str]) -> pl.DataFrame:
    """Facts with the names of services told apart, as far as their location is known or their revision tells it."""
    projects, services = facts["project"].to_list(), facts["service"].to_list()
    rows = facts.select("id", "service", "revision", "location").iter_rows()
    for at, (project, service, revision, location) in enumerate(rows):
        place = location or revisions.get((project, service, revision), "")
        if place and (project, service) in several:
            projects[at], services[at] = project, f"{service} ({place})"
    named = {"project": projects, "service": services}
    return facts.drop("id").with_columns(pl.Series(name, told, pl.String()) for name, told in named.items())
