"""What changed between two revisions, and which configuration keys a deploy dropped.

Only what is known of both is compared. Texts tell source, version and keyed hash, never a value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from classifiers.findings import CHANGE_TYPES, Change, VanishedKey
from classifiers.order import in_deploy_order
from collector.records import Revision

__all__ = ["Difference", "difference", "vanished_keys"]

Label = Literal["code only", "config only", "both", "nothing", "not known"]

# Canonical keys that are one value each: type and name of their change.
_SECTIONS = {
    "memory_limit": ("memory_limit", "memory"),
    "cpu_limit": ("cpu_limit", "cpu"),
    "concurrency": ("concurrency", "concurrency"),
    "max_instances": ("max_instances", "max_instances"),
    "min_instances": ("min_instances", "min_instances"),
    "timeout_s": ("timeout", "timeout"),
    "service_account": ("service_account", "service_account"),
    "vpc": ("vpc", "vpc"),
    "cloud_sql": ("cloud_sql", "cloud_sql"),
    "probes": ("probes", "probes"),
    "volumes": ("other", "volumes"),
    "command": ("other", "command"),
    "execution_environment": ("other", "execution_environment"),
    "encryption_key": ("other", "encryption_key"),
    "cpu_idle": ("other", "cpu_idle"),
    "startup_cpu_boost": ("other", "startup_cpu_boost"),
    "session_affinity": ("other", "session_affinity"),
}
_SERVICE_LEVEL = {"ingress": ("ingress", "ingress")}  # told by some sources only; its absence says nothing
_SIDECAR_SECTIONS = ("memory_limit", "cpu_limit", "probes", "command")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """Changes from one revision to another, most telling first.

    `unknown` are the sections that could not be compared, because one side does not tell them. The label is
    "not known" where they leave open whether code or configuration changed; `configuration` stands for all of them.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    label: Label
    unknown: tuple[str, ...]


def difference(before: Revision, after: Revision) -> Difference:
    """What is different in `after`; nothing is claimed of sections that either side does not tell."""
    if before.config is None or after.config is None:
        return Difference(before.revision, after.revision, (), "not known", ("configuration",))
    old, new = before.config, after.config
    found: list[Change] = []
    unknown: list[str] = []
    for part in (_env(old, new), _image(old, new), _sections(old, new), _sidecars(old, new)):
        for change in part:
            if isinstance(change, Change):
                found.append(change)
            else:
                unknown.append(change)
    found.sort(key=lambda change: (CHANGE_TYPES.index(change.type), change.name))
    return Difference(
        before=before.revision,
        after=after.revision,
        changes=tuple(found),
        label=_label(found, unknown),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def vanished_keys(revisions: Sequence[Revision]) -> tuple[VanishedKey, ...]:
    """Environment variables that a deploy dropped, by service and time; `errors_since` is left False.

    Compared with the last revision before whose variables are known. A revision that never worked counts for nothing.
    """
    vanished: list[VanishedKey] = []
    for _, group in groupby(in_deploy_order(revisions), key=lambda one: (one.project, one.service)):
        known = [(one, keys) for one in group if (keys := _keys(one)) is not None and not _failed(one)]
        for place in range(1, len(known)):
            revision, keys = known[place]
            before, had = known[place - 1]
            for key in sorted(had - keys):
                present_in = sum(key in earlier for _, earlier in known[:place])
                vanished.append(_vanished(revision, before, key, present_in))
    return tuple(vanished)


def _vanished(revision: Revision, before: Revision, key: str, present_in: int) -> VanishedKey:
    instants = (revision.created_ns, revision.ready_ns, revision.traffic_ns, revision.first_seen_ns)
    return VanishedKey(
        service=revision.service,
        revision=revision.revision,
        previous_revision=before.revision,
        key=key,
        present_in=present_in,
        at_ns=next((at_ns for at_ns in instants if at_ns is not None), 0),
        errors_since=False,
    )


def _failed(revision: Revision) -> bool:
    return revision.failed_ns is not None and revision.ready_ns is None and not revision.requests


def _keys(revision: Revision) -> set[str] | None:
    """Names of all variables, those of sidecars as CONTAINER/NAME; None where the main container's are not known."""
    config = revision.config or {}
    if "env" not in config:
        return None
    sidecars = config.get("containers") or {}
    return set(config["env"]) | {f"{name}/{key}" for name, one in sidecars.items() for key in one.get("env", ())}


def _label(changes: list[Change], unknown: list[str]) -> Label:
    has_code = any(_is_code(change.type, change.name) for change in changes)
    has_config = any(not _is_code(change.type, change.name) for change in changes)
    if has_code and has_config:
        return "both"
    if unknown:
        return "not known"
    if has_code:
        return "code only"
    return "config only" if has_config else "nothing"


def _is_code(kind: str, name: str) -> bool:
    """The image is code, and so is the command that the container runs."""
    return kind == "image" or (kind == "other" and name.rpartition("/")[2] == "command")


def _env(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[Change | str]:
    """Changes of variables, or the name of the section where either list is not known."""
    if "env" not in old or "env" not in new:
        yield f"{prefix}env"
        return
    for name in sorted({*old["env"], *new["env"]}):
        before, after = old["env"].get(name), new["env"].get(name)
        if after is None:
            yield Change("env_removed", prefix + name, _variable(before), None)
        elif before is None:
            yield Change("env_added", prefix + name, None, _variable(after))
        elif "unknown" in {before["source"], after["source"]}:
            if before != after:
                yield f"{prefix}env {name}"
        elif not _is_same_variable(before, after, is_same_api=old.get("api") == new.get("api")):
            are_secrets = before["source"] == after["source"] == "secret"
            kind = "secret_ref_changed" if are_secrets else "env_changed"
            yield Change(kind, prefix + name, _variable(before), _variable(after))


def _is_same_variable(before: dict[str, str], after: dict[str, str], *, is_same_api: bool) -> bool:
    """Equal; across dialects a secret may be spelled with its project in one and without in the other."""
    if before == after or is_same_api or before["source"] != "secret" or after["source"] != "secret":
        return before == after
    names = (before["secret"], after["secret"])
    is_same_name = len({name.rpartition("/")[2] for name in names}) == 1 and any("/" not in name for name in names)
    return is_same_name and before["version"] == after["version"]


def _variable(variable: dict[str, str]) -> str:
    """`secret db-pass:7`, `literal #a1b2c3`: where it comes from and which one it is, never what it is."""
    if variable["source"] == "secret":
        return f"secret {variable['secret']}:{variable['version']}"
    return f"{variable['source']} #{variable['hash'][:6]}" if "hash" in variable else "not known"


def _image(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[Change | str]:
    """A change of image where it is proven; equal tags prove nothing, since a tag moves."""
    before, after = str(old.get("image", "")), str(new.get("image", ""))
    is_digest = "@" in before, "@" in after
    if not before or not after:
        yield f"{prefix}image"
    elif all(is_digest):
        if before.partition("@")[2] != after.partition("@")[2]:
            yield Change("image", f"{prefix}image", _image_text(old), _image_text(new))
    elif any(is_digest):
        yield from _by_tag(old, new, prefix)
    elif before != after:
        yield Change("image", f"{prefix}image", before, after)
    else:
        yield f"{prefix}image"


def _by_tag(old: dict[str, Any], new: dict[str, Any], prefix: str) -> Iterator[Change | str]:
    """Digest on one side, tag on the other: two different repositories differ, anything else is not known."""
    names = [str(one.get("image", "")) for one in (old, new)]
    repositories = {_repository(name) for name in names}
    if len(repositories) > 1:
        yield Change("image", f"{prefix}image", _image_text(old), _image_text(new))
    else:
        yield f"{prefix}image"


def _repository(image: str) -> str:
    path, slash, last = image.partition("@")[0].rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _image_text(config: dict[str, Any]) -> str:
    """The image with its digest cut to 12 digits, and its commit where that is known."""
    name, at_sign, digest = str(config.get("image", "")).partition("@")
    told = f"{name}{at_sign}{digest[: len('sha256:') + 12]}"
    return f"{told} (commit {config['commit'][:12]})" if config.get("commit") else told


def _sections(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change | str]:
    is_same_api = old.get("api") == new.get("api")
    for key, (kind, name) in {**_SECTIONS, **_SERVICE_LEVEL}.items():
        before, after = old.get(key, _MISSING), new.get(key, _MISSING)
        if before is _MISSING or after is _MISSING:
            if key not in _SERVICE_LEVEL:
                yield name
        elif before != after:
            if not is_same_api and (before in (None, {}, []) or after in (None, {}, [])):
                yield name  # left to the platform in one dialect, spelled out in the other
            else:
                yield Change(kind, name, _text(before), _text(after))


def _sidecars(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change | str]:
    """Containers beside the main one: added, removed, or changed as the main one may be."""
    if "containers" not in old or "containers" not in new:
        yield "containers"
        return
    for name in sorted({*old["containers"], *new["containers"]}):
        before, after = old["containers"].get(name), new["containers"].get(name)
        if before is None or after is None:
            yield Change("other", f"container {name}", "present" if before else None, "present" if after else None)
            continue
        yield from _env(before, after, f"{name}/")
        yield from _image(before, after, f"{name}/")
        for key in _SIDECAR_SECTIONS:
            if before.get(key) != after.get(key):
                kind, label = _SECTIONS[key]
                yield Change(kind, f"{name}/{label}", _text(before.get(key)), _text(after.get(key)))


def _text(value: object) -> str:
    """One line for any canonical value; None is the platform's default."""
    if value is None:
        return "default"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in sorted(value.items())) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
