"""The options of `gcloud run services update` that set a change back to what it was. No I/O.

Flags as in https://cloud.google.com/sdk/gcloud/reference/run/services/update. Values of variables are never stored, so
that VALUE stands for them; limits, accounts and connections are told as they were.
"""

import re
from collections.abc import Sequence

from classifiers.findings import Change
from logtriage.shell import quoted

__all__ = ["KEYS", "setting_options", "undo_options", "undo_words"]

KEYS = frozenset({"env_removed", "env_changed", "secret_ref_changed"})  # what one key undoes

_SECRET = re.compile(r"secret[ :]+([A-Za-z0-9_/-]+)[:@]([A-Za-z0-9_-]+)")
_MOUNTED = "mounted secret "
# One value each: the flag, and what stands for the platform's own choice, as the reference tells it.
_LIMITS = {
    "memory_limit": ("--memory", "512Mi"),
    "cpu_limit": ("--cpu", "1"),
    "concurrency": ("--concurrency", "default"),
    "timeout": ("--timeout", "300"),
    "max_instances": ("--max-instances", "default"),
    "min_instances": ("--min-instances", "default"),
    "service_account": ("--service-account", "SERVICE_ACCOUNT"),
    "ingress": ("--ingress", "all"),
}
_SWITCHES = {"cpu_idle": "cpu-throttling", "startup_cpu_boost": "cpu-boost", "session_affinity": "session-affinity"}
_NETWORK = {"connector": "--vpc-connector", "network": "--network", "subnetwork": "--subnet", "egress": "--vpc-egress"}
_LEFT = {"default", "none", "not known", ""}  # nothing of its own was set


def undo_options(change: Change) -> str:
    """The options that undo one change; "" where no option does, or where it is not known how it was."""
    container, name = _owner(change)
    if change.type in KEYS:
        told = "=".join(_key_option(change, quoted(name)))
    elif change.type == "env_added":
        is_secret = (change.after or "").startswith("secret")
        told = f"{'--remove-secrets' if is_secret else '--remove-env-vars'}={quoted(name)}"
    elif change.type in _LIMITS:
        told = _limit(change)
    elif change.type == "vpc":
        told = _network(change)
    elif change.type == "cloud_sql":
        told = _databases(change)
    else:
        told = _other(change, name)
    return f"--container={quoted(container)} {told}" if container and told else told


def undo_words(change: Change, shown: str) -> str:
    """`Restore KEY`, `Set memory back to 512Mi`, `Take KEY out again`; `shown` is its name made plain."""
    if change.type == "env_removed" or (change.name.startswith(_MOUNTED) and change.after is None):
        return f"Restore {shown}"
    if change.type == "env_added":
        return f"Take {shown} out again"
    if change.type in KEYS or change.before is None:
        return f"Set back {shown}"
    return f"Set {shown} back to {change.before}"


def setting_options(changes: Sequence[Change]) -> str:
    """The options that set keys of the main container as they were; secrets and values each in one option."""
    told: dict[str, list[str]] = {}
    for change in changes:
        option, value = _key_option(change, quoted(change.name))
        told.setdefault(option, []).append(value)
    return " ".join(f"{option}={','.join(values)}" for option, values in sorted(told.items()))


def _owner(change: Change) -> tuple[str, str]:
    """The sidecar that a change is of, "" for the main container, and what changed in it: `CONTAINER/KEY`."""
    if change.name.startswith(_MOUNTED):
        return "", change.name
    container, _, name = change.name.rpartition("/")
    return container, name


def _key_option(change: Change, key: str) -> tuple[str, str]:
    secret = _SECRET.search(change.before or "")
    if secret:
        return "--update-secrets", f"{key}={secret.group(1)}:{secret.group(2)}"
    if change.type == "secret_ref_changed" or "secret" in (change.before or ""):
        return "--update-secrets", f"{key}=SECRET:VERSION"
    return "--update-env-vars", f"{key}=VALUE"


def _limit(change: Change) -> str:
    flag, own = _LIMITS[change.type]
    before = change.before or ""
    return f"{flag}={own if before in _LEFT else quoted(before)}"


def _network(change: Change) -> str:
    """`connector NAME, egress all-traffic`, as changes tell it, told as options again."""
    before, after = (_parts(text) for text in (change.before, change.after))
    options = [f"{_NETWORK[key]}={quoted(value)}" for key, value in before.items() if value]
    if "connector" in after and "connector" not in before:
        options.append("--clear-vpc-connector")
    if "network" in after and "network" not in before:
        options.append("--clear-network")
    return " ".join(options)


def _parts(text: str | None) -> dict[str, str]:
    """`key value, key value` of the parts of a network."""
    pairs = (part.partition(" ") for part in (text or "").split(", "))
    return {key: value for key, _, value in pairs if key in _NETWORK}


def _databases(change: Change) -> str:
    before = change.before or ""
    if before == "none":
        return "--clear-cloudsql-instances"
    return "" if before in _LEFT else f"--set-cloudsql-instances={quoted(before.replace(', ', ','))}"


def _other(change: Change, name: str) -> str:
    """What has no type of its own: mounted secrets and switches."""
    before = change.before or ""
    if name.startswith(_MOUNTED):
        return _mounted(name.removeprefix(_MOUNTED), before)
    if name in _SWITCHES and before in {"on", "off"}:
        return f"--{'' if before == 'on' else 'no-'}{_SWITCHES[name]}"
    if name == "execution_environment" and before not in _LEFT:
        return f"--execution-environment={quoted(before.rpartition('_')[2].lower())}"
    if name == "port" and before.isdigit():
        return f"--port={before}"
    return ""


def _mounted(secret: str, files: str) -> str:
    """Files of a mounted secret, `PATH:VERSION` each; where it was mounted is not stored."""
    if not files:
        return ""
    if files == "all:latest":
        return f"--update-secrets={quoted(f'/MOUNT_PATH={secret}:latest')}"
    pairs = (part.rpartition(":") for part in files.split(", "))
    told = ",".join(f"/MOUNT_PATH/{path}={secret}:{version or 'latest'}" for path, _, version in pairs)
    return f"--update-secrets={quoted(told)}"
