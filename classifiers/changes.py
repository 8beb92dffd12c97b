"""What changed between two revisions, section by section.

Only what is known of both is compared. Texts tell source, version and keyed hash, never a value.
"""

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from classifiers.findings import CHANGE_TYPES, Change
from collector.records import Revision

__all__ = ["Difference", "difference", "variable_text"]

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
    "command": ("other", "command"),
    "execution_environment": ("other", "execution_environment"),
    "encryption_key": ("other", "encryption_key"),
    "cpu_idle": ("other", "cpu_idle"),
    "startup_cpu_boost": ("other", "startup_cpu_boost"),
    "session_affinity": ("other", "session_affinity"),
}
# Told by some sources only: their absence says nothing.
_SERVICE_LEVEL = {"ingress": ("ingress", "ingress"), "port": ("other", "port")}
_SIDECAR_SECTIONS = ("memory_limit", "cpu_limit", "probes", "command")
_MISSING = object()


class Difference(Struct, frozen=True):
    """Changes from one revision to another, most telling first.

    `unknown` are the sections that could not be compared, `reasons` a clause for each of them, why. The label is
    "not known" where they leave open whether code or configuration changed; `configuration` stands for all of them.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    label: Label
    unknown: tuple[str, ...]
    reasons: tuple[str, ...] = ()


class _Unknown(Struct, frozen=True):
    """A section that cannot be compared, and why; {before} and {after} stand for the revisions."""

    section: str
    why: str


def difference(before: Revision, after: Revision) -> Difference:
    """What is different in `after`; nothing is claimed of sections that either side does not tell."""
    names = {"before": before.revision, "after": after.revision}
    if before.config is None or after.config is None:
        bare = [one.revision for one in (before, after) if one.config is None]
        why = f"no document of {' and '.join(bare)} is stored, so what it was configured with is not known"
        return Difference(before.revision, after.revision, (), "not known", ("configuration",), (why,))
    old, new = before.config, after.config
    found: list[Change] = []
    unknown: dict[str, str] = {}
    for part in (_env(old, new), _image(old, new), _sections(old, new), _volumes(old, new), _sidecars(old, new)):
        for change in part:
            if isinstance(change, Change):
                found.append(change)
            else:
                unknown.setdefault(change.section, change.why.format(**names))
    found.sort(key=lambda change: (CHANGE_TYPES.index(change.type), change.name))
    return Difference(
        before=before.revision,
        after=after.revision,
        changes=tuple(found),
        label=_label(found, unknown),
        unknown=tuple(unknown),
        reasons=tuple(unknown.values()),
    )


def _label(changes: list[Change], unknown: dict[str, str]) -> Label:
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


def _env(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[Change | _Unknown]:
    """Changes of variables, or the name of the section where either list is not known."""
    if "env" not in old or "env" not in new:
        yield _untold(f"{prefix}env", "env" in old, "env" in new)
        return
    for name in sorted({*old["env"], *new["env"]}):
        before, after = old["env"].get(name), new["env"].get(name)
        if after is None:
            yield Change("env_removed", prefix + name, variable_text(before), None)
        elif before is None:
            yield Change("env_added", prefix + name, None, variable_text(after))
        elif "unknown" in {before["source"], after["source"]}:
            if before != after:
                withheld = (before["source"] == "unknown", after["source"] == "unknown")
                yield _Unknown(f"{prefix}env {name}", f"the audit log withheld its value of {_sides(*withheld)}")
        elif not _is_same_variable(before, after, is_same_api=old.get("api") == new.get("api")):
            are_secrets = before["source"] == after["source"] == "secret"
            kind = "secret_ref_changed" if are_secrets else "env_changed"
            yield Change(kind, prefix + name, variable_text(before), variable_text(after))


def _is_same_variable(before: dict[str, str], after: dict[str, str], *, is_same_api: bool) -> bool:
    """Equal; across dialects a secret may be spelled with its project in one and without in the other."""
    if before == after or is_same_api or before["source"] != "secret" or after["source"] != "secret":
        return before == after
    names = (before["secret"], after["secret"])
    is_same_name = len({name.rpartition("/")[2] for name in names}) == 1 and any("/" not in name for name in names)
    return is_same_name and before["version"] == after["version"]


def variable_text(variable: dict[str, str]) -> str:
    """`secret db-pass:7`, `literal #a1b2c3`: where it comes from and which one it is, never what it is."""
    if variable["source"] == "secret":
        return f"secret {variable['secret']}:{variable['version']}"
    return f"{variable['source']} #{variable['hash'][:6]}" if "hash" in variable else "not known"


def _image(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[Change | _Unknown]:
    """A change of image where it is proven; equal tags prove nothing, since a tag moves."""
    before, after = str(old.get("image", "")), str(new.get("image", ""))
    is_digest = "@" in before, "@" in after
    if not before or not after:
        yield _untold(f"{prefix}image", bool(before), bool(after))
    elif all(is_digest):
        if before.partition("@")[2] != after.partition("@")[2]:
            yield Change("image", f"{prefix}image", _image_text(old), _image_text(new))
    elif any(is_digest):
        yield from _by_tag(old, new, prefix)
    elif before != after:
        yield Change("image", f"{prefix}image", before, after)
    else:
        yield _Unknown(f"{prefix}image", "both name the same tag without a digest, and a tag moves")


def _by_tag(old: dict[str, Any], new: dict[str, Any], prefix: str) -> Iterator[Change | _Unknown]:
    """Digest on one side, tag on the other: two different repositories differ, anything else is not known."""
    names = [str(one.get("image", "")) for one in (old, new)]
    repositories = {_repository(name) for name in names}
    if len(repositories) > 1:
        yield Change("image", f"{prefix}image", _image_text(old), _image_text(new))
    else:
        why = f"{_sides(*('@' not in name for name in names))} tells a tag without a digest, and a tag moves"
        yield _Unknown(f"{prefix}image", why)


def _repository(image: str) -> str:
    path, slash, last = image.partition("@")[0].rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _image_text(config: dict[str, Any]) -> str:
    """The image with its digest cut to 12 digits, and its commit where that is known."""
    name, at_sign, digest = str(config.get("image", "")).partition("@")
    told = f"{name}{at_sign}{digest[: len('sha256:') + 12]}"
    return f"{told} (commit {config['commit'][:12]})" if config.get("commit") else told


def _sections(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change | _Unknown]:
    is_same_api = old.get("api") == new.get("api")
    for key, (kind, name) in {**_SECTIONS, **_SERVICE_LEVEL}.items():
        before, after = old.get(key, _MISSING), new.get(key, _MISSING)
        if before is _MISSING or after is _MISSING:
            if key not in _SERVICE_LEVEL:
                yield _untold(name, before is not _MISSING, after is not _MISSING)
        elif before != after:
            if not is_same_api and (before in (None, {}, []) or after in (None, {}, [])):
                told, spelled = ("{before}", "{after}") if before in (None, {}, []) else ("{after}", "{before}")
                yield _Unknown(
                    name, f"left to the platform in what is stored of {told}, spelled out in that of {spelled}"
                )
            else:
                yield Change(kind, name, _text(before), _text(after))


def _volumes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change | _Unknown]:
    """Mounted secrets by the secret's name, since names of volumes are made up anew; other volumes together."""
    if "volumes" not in old or "volumes" not in new:
        yield _untold("volumes", "volumes" in old, "volumes" in new)
        return
    is_same_api = old.get("api") == new.get("api")
    (before, rest_before), (after, rest_after) = (_mounts(one["volumes"], is_same_api) for one in (old, new))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change("other", f"mounted secret {name}", before.get(name), after.get(name))
    if rest_before != rest_after:
        yield Change("other", "volumes", _text(rest_before), _text(rest_after))


def _mounts(volumes: dict[str, Any], is_same_api: bool) -> tuple[dict[str, str], dict[str, Any]]:  # noqa: FBT001 - a fact
    """Files of each mounted secret, and the volumes of other kinds."""
    secrets: dict[str, str] = {}
    for _, volume in sorted(volumes.items()):
        if volume.get("kind") == "secret":
            name = volume["secret"] if is_same_api else volume["secret"].rpartition("/")[2]
            files = ", ".join(f"{path}:{version}" for path, version in sorted(volume.get("items", {}).items()))
            secrets[name] = ", ".join(filter(None, (secrets.get(name), files or "all:latest")))
    return secrets, {name: one for name, one in volumes.items() if one.get("kind") != "secret"}


def _untold(section: str, is_before: bool, is_after: bool) -> _Unknown:  # noqa: FBT001 - two facts of equal rank
    """A section that the documents of one side or of both leave out."""
    return _Unknown(section, f"what is stored of {_sides(not is_before, not is_after)} does not tell it")


def _sides(is_before: bool, is_after: bool) -> str:  # noqa: FBT001 - two facts of equal rank
    return " and ".join(name for name, holds in (("{before}", is_before), ("{after}", is_after)) if holds)


def _sidecars(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change | _Unknown]:
    """Containers beside the main one: added, removed, or changed as the main one may be."""
    if "containers" not in old or "containers" not in new:
        yield _untold("containers", "containers" in old, "containers" in new)
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
