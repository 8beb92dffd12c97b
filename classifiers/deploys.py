"""Requests to deploy, as the audit log tells of them: who, with what, and what became of it."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from classifiers.facts import Fact
from classifiers.routing import Target

__all__ = ["Deploy", "deploys_of"]

_Key = tuple[str, str, str]
_ABORTED = 10  # gRPC's code of a call that another one overtook


class Deploy(Struct, frozen=True):
    """One request to deploy, its long-running pair and its failure told once. `revision` is "" where none is known.

    outcome: requested | succeeded | failed. `makes_revision` is false where only traffic was to move, or `settings`,
    parts of the service itself, were to change. `targets` is the traffic it asked for. `repeats` is the instant of a
    request moments before that asked for the same; None: of none.
    """

    project: str
    service: str
    at_ns: int
    outcome: str
    makes_revision: bool
    revision: str
    actor: str
    tool: str
    command: str
    message: str
    operation: str
    nonce: str
    config: dict[str, Any] | None
    insert_ids: tuple[str, ...]
    location: str = ""
    code: int = 0
    targets: tuple[Target, ...] = ()
    repeats: int | None = None
    settings: tuple[str, ...] = ()

    @property
    def is_aborted(self) -> bool:
        """Whether another change overtook it."""
        return self.code == _ABORTED


def deploys_of(facts: list[Fact]) -> Iterator[Deploy]:
    """Deploy facts that tell of the same request put together, with the revision that bears their nonce."""
    born = {
        (fact.project, fact.service, fact.detail["nonce"]): fact.revision
        for fact in facts
        if fact.kind == "spec" and fact.detail.get("nonce")
    }
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in facts:
        if fact.kind == "deploy":
            groups.setdefault(_deploy_key(fact), []).append(fact)
    for group in groups.values():
        yield _deploy(group, born)


def _deploy_key(fact: Fact) -> tuple[str, ...]:
    """What two entries of one deploy share; traffic calls repeat the nonce of the deploy before them."""
    detail = fact.detail
    where = (fact.project, fact.service)
    if detail.get("operation"):
        return (*where, "operation", detail["operation"])
    if detail.get("nonce") and detail.get("makes_revision"):
        return (*where, "nonce", detail["nonce"])
    return (*where, "entry", fact.insert_id, str(fact.at_ns))


def _deploy(group: list[Fact], born: dict[_Key, str]) -> Deploy:
    """One deploy of its facts, which are in order of time."""
    first = group[0]

    def told(name: str) -> Any:
        return next((fact.detail[name] for fact in group if fact.detail.get(name)), "")

    outcomes = {fact.detail.get("outcome") for fact in group}
    nonce = told("nonce")
    makes_revision = all(fact.detail.get("makes_revision", True) for fact in group)
    listed = told("targets") or ()
    return Deploy(
        project=first.project,
        service=first.service,
        at_ns=first.at_ns,
        outcome=next((one for one in ("failed", "succeeded") if one in outcomes), "requested"),
        makes_revision=makes_revision,
        revision=told("revision") or (born.get((first.project, first.service, nonce), "") if makes_revision else ""),
        actor=next((fact.actor for fact in group if fact.actor), ""),
        tool=next((fact.tool for fact in group if fact.tool), ""),
        command=told("command"),
        message=told("message"),
        operation=told("operation"),
        nonce=nonce,
        config=told("config") or None,
        insert_ids=tuple(dict.fromkeys(fact.insert_id for fact in group)),
        location=next((fact.location for fact in group if fact.location), ""),
        code=told("code") or 0,
        targets=tuple(Target(one["revision"], one["percent"], one["tag"], bool(one["latest"])) for one in listed),
        settings=tuple(told("settings") or ()),
    )
