"""Names: what an id that a person wrote stands for, in the services where it occurs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import polars as pl
from msgspec import Struct

from classifiers.clusters import cluster_id
from classifiers.rules import is_id
from classifiers.service_names import plain_name
from classifiers.signatures import RULES
from classifiers.statements import find_templates
from classifiers.templates import template_id
from collector.store import Reader

__all__ = ["Key", "Meaning", "Names", "read_aliases", "read_names"]

Key = tuple[str, str, str]  # project, service, signature id


class Meaning(Struct, frozen=True):
    """The signatures that a name stands for, each in its service; of a cluster that which leads it. Sorted."""

    kind: Literal["signature", "cluster", "template", "nothing"]
    keys: tuple[Key, ...]


class Names:
    """Looks names up among signatures that occurred. Templates are found when a name asks for one."""

    def __init__(
        self,
        keys: Iterable[Key],
        *,
        aliases: Mapping[str, tuple[str, ...]],
        templates: Callable[[], Mapping[str, frozenset[str]]],
    ) -> None:
        """aliases: ids of older rules with those that took their place; templates: signatures by id of template."""
        self._keys = sorted(keys)
        self._aliases = aliases
        self._find_templates = templates
        self._templates: Mapping[str, frozenset[str]] | None = None
        self._by_signature: dict[str, list[Key]] = defaultdict(list)
        self._by_cluster: dict[str, list[Key]] = defaultdict(list)
        former: dict[str, list[str]] = defaultdict(list)
        for old, new in aliases.items():
            for one in new:
                former[one].append(old)
        for key in self._keys:
            project, service, signature = key
            self._by_signature[signature].append(key)
            for lead in (signature, *former.get(signature, ())):
                for name in {service, plain_name(service)}:  # as long as it was in one location, it was told so
                    self._by_cluster[cluster_id(project, name, lead)].append(key)

    def meaning(self, name: str, *, service: str | None = None) -> Meaning:
        """What the name stands for; in one service alone where that is given."""
        for kind, keys in (
            ("signature", self._signature_keys(name)),
            ("cluster", self._by_cluster.get(name, [])),
            ("template", self._template_keys(name)),
        ):
            found = tuple(sorted({key for key in keys if service in (None, key[1], plain_name(key[1]))}))
            if found:
                return Meaning(kind, found)  # type: ignore[arg-type] # one of the three words above
        return Meaning("nothing", ())

    def _signature_keys(self, name: str) -> list[Key]:
        return [key for one in (name, *self._aliases.get(name, ())) for key in self._by_signature.get(one, [])]

    def _template_keys(self, name: str) -> list[Key]:
        if name in self._by_signature or name in self._by_cluster:
            return []  # of another service than the one asked for
        if self._templates is None:
            self._templates = self._find_templates()
        members = self._templates.get(name if is_id(name) else template_id(name), frozenset())
        return [key for one in members for key in self._by_signature.get(one, [])]


def read_names(reader: Reader, keys: pl.DataFrame, *, rules: int = RULES) -> Names:
    """Names over project, service and signature_id of a frame, with all that the store knows of them."""
    found = find_templates(reader, rules=rules)  # read now: the store is closed when a name is looked up
    return Names(
        keys.select("project", "service", "signature_id").unique().iter_rows(),
        aliases=read_aliases(reader),
        templates=found.signatures_by_id,
    )


def read_aliases(reader: Reader) -> dict[str, tuple[str, ...]]:
    """Every id of older rules with all that took its place."""
    pairs = reader.frame("find_signature_aliases").group_by("old_id", maintain_order=True).agg("new_id")
    return _followed({str(old): tuple(new) for old, new in pairs.iter_rows()})


def _followed(pairs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Every older id with all ids that came after it, over any number of changes of the rules."""
    followed: dict[str, tuple[str, ...]] = {}
    for old in pairs:
        seen: dict[str, None] = {}
        waiting = list(pairs[old])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen[one] = None
                waiting += pairs.get(one, ())
        followed[old] = tuple(seen)
    return followed
