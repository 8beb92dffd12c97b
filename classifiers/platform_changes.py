"""Changes that are no deploy, each told once: secret versions, IAM, databases, caches, networks, certificates."""

import re
from typing import Any, Literal

import polars as pl
from msgspec import Struct, field

from classifiers.facts import Fact, read_facts
from collector.window import format_ns

__all__ = ["PlatformChange", "PlatformKind", "fold_platform_changes"]

PlatformKind = Literal["secret_version", "iam", "database", "cache", "network", "certificate", "other"]

_APIS: dict[str, PlatformKind] = {
    "secretmanager": "secret_version",
    "iam": "iam", "cloudresourcemanager": "iam", "iamcredentials": "iam",
    "cloudsql": "database", "sqladmin": "database", "alloydb": "database", "spanner": "database",
    "bigtableadmin": "database", "firestore": "database", "datastore": "database",
    "redis": "cache", "memcache": "cache", "memorystore": "cache",
    "vpcaccess": "network", "dns": "network", "servicenetworking": "network", "networkservices": "network",
    "networksecurity": "network", "networkconnectivity": "network",
    "certificatemanager": "certificate", "privateca": "certificate",
}  # fmt: skip
_CERTIFICATE = re.compile(r"(?i)ssl_?cert|certificate|rotateServerC|addServerC|domainmapping")
_COMPUTE_NETWORK = re.compile(
    r"(?i)\.(?:firewall\w*|network\w*|subnetworks|routes|routers|\w*forwardingRules|\w*backendServices|\w*urlMaps|"
    r"\w*addresses|securityPolicies|\w*NetworkEndpointGroups|vpnTunnels|target\w*Prox\w*)\."
)
_VERBS = {
    "create": "creation of", "insert": "creation of", "add": "addition of", "update": "change of", "patch": "change of",
    "set": "change of", "replace": "change of", "delete": "deletion of", "remove": "removal of",
    "destroy": "destruction of", "enable": "enabling of", "disable": "disabling of", "restart": "restart of",
    "failover": "failover of", "import": "import into", "export": "export from", "start": "start of",
    "stop": "stop of", "upgrade": "upgrade of", "maintenance": "maintenance of", "reset": "reset of",
    "clone": "copy of",
}  # fmt: skip
_WHOLE_METHODS = {
    "restorebackup": "restore of a backup into", "automatedbackup": "backup of", "backup": "backup of",
    "promotereplica": "promotion of replica", "demotemaster": "demotion of", "rotateserverca": "new certificate of",
    "addserverca": "new certificate authority of", "rotateservercertificate": "new certificate of",
    "resetsslconfig": "reset of the TLS configuration of", "reschedulemaintenance": "new maintenance time of",
}  # fmt: skip
_NOUNS = {
    "firewalls": "firewall rule", "connectors": "VPC connector", "urlMaps": "URL map", "sslCertificates": "certificate",
    "serviceAccounts": "service account", "projects": "project", "services": "service",
}  # fmt: skip
_GROUPS = {
    "users": "a user", "databases": "a database", "sslCerts": "a client certificate", "backupRuns": "a backup"
}  # fmt: skip
_MOST_BINDINGS = 3  # told in one sentence


class PlatformChange(Struct, frozen=True):
    """One change outside the revisions, a long-running pair told once.

    `at_ns` is when it began and `ended_ns` when it ended, None where only one moment is known. `service` is the Cloud
    Run service it is about, "" for none. `resource` is the full name as the audit log spells it, `what` one plain
    sentence without values. outcome: requested | succeeded | failed. `is_system`: the platform did it, no person.
    """

    at_ns: int
    project: str
    service: str
    kind: PlatformKind
    resource: str
    what: str
    actor: str
    tool: str
    outcome: str
    insert_ids: tuple[str, ...]
    ended_ns: int | None = None
    is_system: bool = False
    method: str = ""
    secret: str = ""
    version: str = ""
    members: tuple[str, ...] = field(default=())  # whose roles changed: serviceAccount:..., user:<email:HASH>


def fold_platform_changes(facts: pl.DataFrame) -> tuple[PlatformChange, ...]:
    """Changes that are no deploy, each once and by time, failed ones too; entries of one operation are one change."""
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in read_facts(facts.filter(pl.col("kind").is_in(["change"]))):
        groups.setdefault(_key(fact), []).append(fact)
    changes = [_change(group) for group in groups.values()]
    return tuple(sorted(changes, key=lambda one: (one.at_ns, one.insert_ids)))


def _key(fact: Fact) -> tuple[str, ...]:
    operation = fact.detail.get("operation")
    if operation:
        return (fact.project, str(fact.detail.get("service_name")), str(operation))
    return (fact.project, fact.insert_id, str(fact.at_ns), str(fact.detail.get("method")))


def _change(group: list[Fact]) -> PlatformChange:
    """One change of its facts, which are in order of time."""
    first = group[0]

    def told(name: str) -> Any:
        """What the latest entry that tells it says: it knows the outcome, a new version, a time that moved."""
        return next((fact.detail[name] for fact in reversed(group) if fact.detail.get(name)), "")

    outcomes = {str(fact.detail.get("outcome")) for fact in group}
    is_done = not told("operation")  # a call that begins no operation has done its work when it is told
    outcome = next((one for one in ("failed", "succeeded") if one in outcomes), "succeeded" if is_done else "requested")
    starts, ends = told("start_ns"), told("end_ns")
    ended = ends or (group[-1].at_ns if len(group) > 1 and outcome != "requested" else None)
    named = {name: str(told(name)) for name in ("service_name", "method", "call", "resource", "secret", "version")}
    bindings = told("bindings") or []
    return PlatformChange(
        at_ns=starts or first.at_ns,
        project=first.project,
        service=next((fact.service for fact in group if fact.service), ""),
        kind=_kind(named),
        resource=named["resource"],
        what=_what(named, bindings) + _how_it_ended(outcome, told("code"), str(told("message")), starts),
        actor=next((fact.actor for fact in group if fact.actor), ""),
        tool=next((fact.tool for fact in group if fact.tool), ""),
        outcome=outcome,
        insert_ids=tuple(dict.fromkeys(fact.insert_id for fact in group)),
        ended_ns=ended,
        is_system=first.origin == "audit_system_event",
        method=named["method"],
        secret=named["secret"],
        version=named["version"],
        members=tuple(dict.fromkeys(str(one.get("member")) for one in bindings)),
    )


def _kind(named: dict[str, str]) -> PlatformKind:
    api = named["service_name"].partition(".")[0]
    call = named["call"] or named["method"]
    if "IamPolicy" in call:
        return "iam"
    if _CERTIFICATE.search(call) and "cluster" not in call.lower():
        return "certificate"
    if api == "compute":
        return "network" if _COMPUTE_NETWORK.search(call) else "other"
    return _APIS.get(api, "other")


def _what(named: dict[str, str], bindings: list[dict[str, str]]) -> str:
    """`restart of database main`, `new version 8 of secret db`, `IAM of service shop: ...`."""
    method, subject = named["method"], _subject(named)
    if "IamPolicy" in method:
        return f"IAM of {subject}: {_bindings(bindings)}"
    if method == "AddSecretVersion":
        return f"new version {named['version']} of {subject}".replace("  ", " ")
    if named["secret"] and named["version"]:
        subject = f"version {named['version']} of {subject}"
    if method.lower() in _WHOLE_METHODS:
        return f"{_WHOLE_METHODS[method.lower()]} {subject}"
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", method) or [method]
    group = named["call"].split(".")[-2] if named["call"].count(".") else ""
    verb = _VERBS.get(words[0].lower(), f"{' '.join(words).lower()} of")
    return f"{verb} {_GROUPS[group]} of {subject}" if group in _GROUPS else f"{verb} {subject}"


def _subject(named: dict[str, str]) -> str:
    """`database main`, `secret db`, `firewall rule allow-db`; what the API calls it where no word is at hand."""
    if named["secret"]:
        return f"secret {named['secret']}"
    path = [part for part in named["resource"].split("/") if part]
    if not path:
        return "what is not told"
    if len(path) == 1:
        return path[0]
    collection, name = path[-2:]
    kind = _APIS.get(named["service_name"].partition(".")[0])
    if collection in {"instances", "clusters"} and kind in {"database", "cache"}:
        return f"{kind} {name}"
    singular = re.sub(r"(?<=[^s])s\Z", "", re.sub(r"ies\Z", "y", collection))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", singular).lower()
    return f"{_NOUNS.get(collection, words)} {name}"


def _bindings(bindings: list[dict[str, str]]) -> str:
    """Who got or lost which role, the losses first: they are what breaks."""
    words = {"REMOVE": "{role} taken from {member}", "ADD": "{role} given to {member}"}
    told = [
        words[action].format(role=one.get("role"), member=one.get("member"))
        for action in words
        for one in bindings
        if one.get("action") == action
    ]
    if not told:
        return f"policy set, {len(bindings)} members in it" if bindings else "policy set, what changed is not told"
    more = f" and {len(told) - _MOST_BINDINGS} more" if len(told) > _MOST_BINDINGS else ""
    return ", ".join(told[:_MOST_BINDINGS]) + more


def _how_it_ended(outcome: str, code: object, message: str, start_ns: object) -> str:
    if message == "scheduled" and isinstance(start_ns, int):
        return f", planned for {format_ns(start_ns)}"
    if outcome != "failed" or message == "cancelled":
        return ", cancelled" if message == "cancelled" else ""
    return f" failed with code {code}" if code else " failed"
