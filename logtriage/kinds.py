"""Lists of config.yaml whose items are each of a kind with keys of its own: sources, channels."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from logtriage.errors import ConfigError
from logtriage.escape import plain

__all__ = ["read_kinds"]

_SHOWN = 80  # characters of what stands in the place of a list or a section


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Item_co = TypeVar("_Item_co", bound=_Named, covariant=True)


class _Parse(Protocol[_Item_co]):
    def __call__(self, raw: Mapping[str, Any], *, where: str) -> _Item_co: ...


def read_kinds(value: Any, *, section: str, first: str, parse: _Parse[_Item_co], why: str) -> tuple[_Item_co, ...]:
    """Each item by its kind; ConfigError as its own code words it, or that two have one name.

    `first` is a kind to show by example, `why` the reason that names differ.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigError(f"{section} is `{plain(value, _SHOWN)}`, not a list. Start each item with `- kind:`.")
    items = []
    for at, raw in enumerate(value):
        if not isinstance(raw, Mapping):
            shown = plain(raw, _SHOWN)
            raise ConfigError(f"{section}[{at}] is `{shown}`, not a section. Write `- kind: {first}`.")
        items.append(parse(raw, where=f"{section}[{at}]"))
    names = [item.name for item in items]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{section}: two are named `{twice}`; {why}. Give one another `name:`.")
    return tuple(items)
