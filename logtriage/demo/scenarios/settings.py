"""Deploys that change a setting: limits, variables, secrets. The image often stays as it was."""

from typing import Any

from collector.replacing import replace
from logtriage.demo import pools
from logtriage.demo.clock import HOUR
from logtriage.demo.conditions import both, in_office_hours, on, share, tagged
from logtriage.demo.deploys import Deploy
from logtriage.demo.faults import NO_INSTANCE, MemoryKills, answers
from logtriage.demo.scenarios.draft import Draft, story
from logtriage.demo.specs import IMAGE, Change, Spec

__all__ = ["STORIES"]

_DATA = ("backend.list", "backend.get", "backend.create")
_ALL = (*_DATA, "backend.search")


def _changed(draft: Draft, change: Change, **kind: Any) -> Deploy:
    """Innocent deploys, then the one with this change, then some of the other services."""
    at_ns = draft.hour(12, 19)
    draft.calm(8, at_ns - HOUR)
    changes = (change, IMAGE) if kind.pop("with_image", False) else (change,)
    deploy = draft.deploy("backend", at_ns, *changes, tag="setting", **kind)
    for role in ("auth", "frontend"):
        if draft.rng.random() < 0.6:  # noqa: PLR2004 - not always
            draft.deploy(role, at_ns + draft.minutes(15, 240))
    return deploy


def _current(draft: Draft) -> Spec:
    return draft.stage.timeline.of(draft.service("backend"))[-1].spec


def memory_lowered(draft: Draft) -> None:
    """A quarter of the memory: containers are killed again and again."""
    change = ("memory_limit", "memory")

    def quartered(spec: Spec) -> Spec:
        """Of what the revision before has: the value that was drawn for the change may be four times that."""
        return replace(spec, memory_mi=max(128, _current(draft).memory_mi // 4))

    bad = _changed(draft, change, adjust=quartered)
    draft.settle()
    killed = draft.root(
        "M1", "containers are killed for their memory", "backend", kind="memory", guilty=draft.guilty(bad, change)
    )
    lost = draft.symptom("M2", "requests of killed containers get 503", killed, kind="req_503")
    draft.fault(MemoryKills(draft.stage, bad, (killed, lost), (0.35, 0.3)))


def _no_instance(draft: Draft, change: Change, **adjusted: Any) -> None:
    bad = _changed(draft, change, adjust=lambda spec: replace(spec, **adjusted))
    draft.settle()
    status = draft.pick(429, 429, 503)
    guilty = draft.guilty(bad, change)
    mark = draft.root("L1", "requests find no instance", "backend", kind="req_no_instance", guilty=guilty)
    manner = answers(draft.stage, "L1", status, NO_INSTANCE, (2, 10))
    draft.answered(mark, both(tagged("setting"), on(*_ALL), in_office_hours(7, 18), share(0.35)), manner)
    draft.answered(mark, both(tagged("setting"), on(*_ALL), share(0.12)), manner)


def concurrency_lowered(draft: Draft) -> None:
    """One request a container: busy hours find no instance."""
    _no_instance(draft, ("concurrency", "concurrency"), concurrency=1)


def instances_lowered(draft: Draft) -> None:
    """At most one container: busy hours find no instance."""
    _no_instance(draft, ("max_instances", "max_instances"), max_instances=1)


def cpu_lowered(draft: Draft) -> None:
    """A quarter of a processor: what computes gives up after ten seconds."""
    change = ("cpu_limit", "cpu")
    bad = _changed(draft, change, adjust=lambda spec: replace(spec, cpu="250m"))
    draft.settle()
    mark = draft.root("P1", "requests time out", "backend", kind="own_timeout", guilty=draft.guilty(bad, change))
    when = both(tagged("setting"), on("backend.list", "backend.create"), share(0.5))
    draft.fails(mark, when, "own_timeout", "backend")


def concurrency_raised(draft: Draft) -> None:
    """Many more requests a container than its pool has connections."""
    change = ("concurrency", "concurrency")
    bad = _changed(draft, change, adjust=lambda spec: replace(spec, concurrency=spec.concurrency * 8))
    draft.settle()
    mark = draft.root("P1", "no free connection", "backend", kind="pool", guilty=draft.guilty(bad, change))
    draft.fails(mark, both(tagged("setting"), on(*_DATA), share(0.3)), "pool", "backend")


def variable_changed(draft: Draft) -> None:
    """A literal gets a value that the program cannot use; the message names it, or the image stayed the same."""
    names = [name for name, source in _current(draft).env.items() if source[0] == "literal"]
    key = draft.pick(*sorted(set(names) & {flag for flag, _ in pools.FLAGS}))
    _variable(draft, ("env_changed", key), "bad_value")


def variable_added(draft: Draft) -> None:
    """A variable that was not there before switches something on that does not work."""
    present = _current(draft).env
    key = draft.pick(*(flag for flag, _ in pools.FLAGS if flag not in present))
    _variable(draft, ("env_added", key), "bad_value")


def variable_lost(draft: Draft) -> None:
    """A secret variable is gone from the configuration."""
    env = _current(draft).env
    own = draft.stage.world.secret_key
    key = draft.pick(*sorted(name for name, source in env.items() if source[0] == "secret" and name != own))
    _variable(draft, ("env_removed", key), "missing_key", quiet="missing_quietly")


def _variable(draft: Draft, change: Change, trouble: str, quiet: str = "bad_value_quietly") -> None:
    is_named = draft.rng.random() < 0.5  # noqa: PLR2004 - half of the messages name the variable
    bad = _changed(draft, change, with_image=is_named and draft.rng.random() < 0.7)  # noqa: PLR2004
    draft.settle()
    routes = draft.pick(_DATA, _ALL, ("backend.search",), ("backend.create", "backend.list"))
    mark = draft.root("V1", f"{change[1]}: {change[0]}", "backend", kind="setting", guilty=draft.guilty(bad, change))
    when = both(tagged("setting"), on(*routes), share(draft.pick(0.4, 0.8, 1.0)))
    draft.fails(mark, when, trouble if is_named else quiet, "backend", key=change[1])


def secret_moved(draft: Draft) -> None:
    """A variable refers to another secret, or to another version of its secret."""
    env = _current(draft).env
    own = draft.stage.world.secret_key
    key = draft.pick(*sorted(name for name, source in env.items() if source[0] == "secret" and name != own))
    change = ("secret_ref_changed", key)
    other = draft.pick(None, f"{key.lower().replace('_', '-')}-{draft.stage.world.stage}")

    def moved(spec: Spec) -> Spec:
        kind, _, version = spec.env[key]
        return spec if other is None else replace(spec, env={**spec.env, key: (kind, other, version)})

    bad = _changed(draft, change, adjust=moved, with_image=draft.rng.random() < 0.3)  # noqa: PLR2004 - mostly alone
    draft.settle()
    mark = draft.root("S1", "credentials are refused", "backend", kind="refused", guilty=draft.guilty(bad, change))
    draft.fails(mark, both(tagged("setting"), on(*_DATA), share(0.9)), "refused", "backend", key=key)


STORIES = {
    name: story(name, 30, tell)
    for name, tell in (
        ("memory_lowered", memory_lowered),
        ("concurrency_lowered", concurrency_lowered),
        ("concurrency_raised", concurrency_raised),
        ("instances_lowered", instances_lowered),
        ("cpu_lowered", cpu_lowered),
        ("variable_changed", variable_changed),
        ("variable_added", variable_added),
        ("variable_lost", variable_lost),
        ("secret_moved", secret_moved),
    )
}
