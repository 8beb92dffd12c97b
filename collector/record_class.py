"""Dataclasses whose methods are not made before they are needed.

`dataclasses.dataclass` compiles six methods of every class while its module is loaded: a millisecond a class, of
which a command loads hundreds and uses few. Here the constructor is compiled when the first of a class is made, and
what compares, hashes, shows and guards records is shared by all of them. To type checkers it is the other one; whoever
needs other options than these takes that one.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]


def _dataclass(cls: type | None = None, /, *, frozen: bool = False, slots: bool = False) -> Any:
    """As dataclasses.dataclass with these options; the fields of a class are known at once."""
    return partial(_made, frozen=frozen, slots=slots) if cls is None else _made(cls, frozen=frozen, slots=slots)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _made(cls: type, *, frozen: bool, slots: bool) -> type:
    """The class with its methods, but for those that it has of its own."""
    own: dict[str, Any] = {"__repr__": _shown, "__eq__": _is_same, "__hash__": _hashed if frozen else None}
    if frozen:
        own |= {"__setattr__": _refused, "__delattr__": _refused, "__getstate__": _state, "__setstate__": _restored}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    for name in own.keys() - vars(cls).keys():
        setattr(made, name, own[name])
    made.__init__ = _first_init(made, frozen=frozen)
    made._values = _values_of([one.name for one in dataclasses.fields(made) if one.compare])  # noqa: SLF001 - ours
    return made  # type: ignore[no-any-return]


def _first_init(cls: Any, *, frozen: bool) -> Callable[..., None]:
    """A constructor that makes the real one in its own place."""

    def __init__(self: object, *args: object, **named: object) -> None:  # noqa: N807 - its name in a message
        cls.__init__ = _init_of(cls, frozen=frozen)
        cls.__init__(self, *args, **named)

    return __init__


def _init_of(cls: Any, *, frozen: bool) -> Callable[..., None]:
    """The constructor of a class, from its fields."""
    scope: dict[str, Any] = {"_put": object.__setattr__, "_made": object()}
    taken, lines = ["self"], ["pass"]
    for one in dataclasses.fields(cls):
        name, default = one.name, f"_default_{one.name}"
        value = name
        if one.default_factory is not dataclasses.MISSING:
            scope[default] = one.default_factory
            value = f"{default}() if {name} is _made else {name}" if one.init else f"{default}()"
            taken += [f"{name}=_made"] * one.init
        elif one.default is not dataclasses.MISSING:
            scope[default] = one.default
            value = name if one.init else default
            taken += [f"{name}={default}"] * one.init
        elif one.init:
            taken.append(name)
        else:
            continue
        lines.append(f"_put(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(taken)}):\n " + "\n ".join(lines), scope)  # noqa: S102 - of names of fields alone
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _values_of(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    """What gives the values by which records of a class are compared."""
    if len(names) > 1:
        return staticmethod(attrgetter(*names))
    return staticmethod(lambda one: tuple(getattr(one, name) for name in names))


def _is_same(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._values(self) == self._values(other)


def _hashed(self: Any) -> int:
    return hash(self._values(self))


@recursive_repr()
def _shown(self: Any) -> str:
    told = [f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr]
    return f"{self.__class__.__qualname__}({', '.join(told)})"


def _refused(self: object, name: str, *_value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to or delete field {name!r} of {type(self).__name__}")


def _state(self: Any) -> dict[str, object]:
    return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}


def _restored(self: object, state: dict[str, object]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)
