"""Edges between operations and the steps that they take inside traces: the records of a comparison of two revisions."""

from typing import Literal

from msgspec import Struct

__all__ = ["Course", "Flow", "FlowEdge"]

Course = Literal["lost", "new", "replaced", "fewer", "more"]


class FlowEdge(Struct, frozen=True):
    """One difference: of kind `call` that an operation takes a step, of kind `order` that a step comes after another.

    `with_*` are the traces that have it, of `reached_*` that reach the operation (of an order: that take both steps).
    `follows` is the step that comes before it. `replaced_by` names the step that is taken in its place, by its name and
    share. `p_value` holds for all edges that were looked at. `depth` is that of the operation below the service's
    entry. `traces` are up to three that show it: those without it of a lost one, those with it of a new one.
    """

    kind: Literal["call", "order"]
    parent: str
    step: str
    follows: str
    with_before: int
    reached_before: int
    with_after: int
    reached_after: int
    p_value: float
    course: Course
    replaced_by: str = ""
    depth: int = 0
    traces: tuple[str, ...] = ()


class Flow(Struct, frozen=True):
    """What two revisions of a service do differently inside traces, lost edges first, the deeper one first.

    `basis`: spans or lines, "" where neither is there; then `why_not` says what is missing. `looked` edges were
    compared. `taken_*` traces were looked at, of `traces_*` there are; of those `torn_*` lack spans and do not count.
    `unreached` are operations of the revision before that the other was not seen to reach.
    """

    basis: Literal["spans", "lines", ""]
    why_not: str
    edges: tuple[FlowEdge, ...] = ()
    looked: int = 0
    traces_before: int = 0
    traces_after: int = 0
    taken_before: int = 0
    taken_after: int = 0
    torn_before: int = 0
    torn_after: int = 0
    unreached: tuple[str, ...] = ()
