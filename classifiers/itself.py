"""What is logtriage's own among what was found: kept apart from the services that it watches. No I/O.

The daemon stores its own failures under a service of its own name. They are told; but they never rank above P3 (what
they keep from being seen is told as blindness), explain nothing of other services and are explained by nothing there.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from classifiers.service_names import plain_name

__all__ = ["OWN_SERVICE", "apart", "is_itself", "not_itself", "own_words"]

OWN_SERVICE = "logtriage"


class _OfService(Protocol):
    @property
    def service(self) -> str: ...


_One = TypeVar("_One", bound=_OfService)


def is_itself(service: str) -> bool:
    """Whether a service is logtriage."""
    return plain_name(service) == OWN_SERVICE


def not_itself(found: Sequence[_One]) -> tuple[_One, ...]:
    """Those of other services, in their order."""
    return tuple(one for one in found if not is_itself(one.service))


def apart(found: Sequence[_One]) -> tuple[tuple[_One, ...], ...]:
    """Those of other services, and where there are any, those of its own."""
    own = tuple(one for one in found if is_itself(one.service))
    return (not_itself(found), own) if own else (tuple(found),)


def own_words(service: str) -> str:
    """Why something never ranks above P3; "" where it may."""
    return "logtriage itself never ranks above P3: what it cannot see is told as BLIND" if is_itself(service) else ""
