"""Where to look when no revision is to blame: commands to copy, by what is the cause. No I/O.

They only read. No name is guessed: what the findings do not tell stands in capitals.
"""

import re

from classifiers.findings import Absence, Cluster, Latency
from classifiers.itself import is_itself
from classifiers.service_names import location_of
from logtriage.code_look import code_commands
from logtriage.log_filter import audit_filter, entry_filter, request_filter
from logtriage.lookup import Lookup
from logtriage.shell import Command, project_option, quoted
from logtriage.wording import clock

__all__ = ["look_at_silent", "look_commands"]

_SQL = re.compile(r"postgres|psycopg|asyncpg|\bpgx?\b|mysql|mariadb|cloud ?sql|:5432|:3306|sqlstate", re.IGNORECASE)
_REDIS = re.compile(r"redis|valkey|memorystore|:6379", re.IGNORECASE)
_NETWORK = re.compile(r"vpc|connector|unreachable|no route to host|EHOSTUNREACH|ENETUNREACH", re.IGNORECASE)
# As changes of the platform are told: a role that an account had in a project.
_TAKEN = re.compile(r"IAM of project ([a-z][a-z0-9:.-]+): (?:.*?, )?([\w./]*roles/[\w.]+) taken from (\w+:[\w.@-]+)")
_SECRET = re.compile(r"secret ([A-Za-z0-9_-]+)")
_MOST = 3  # instances or secrets named
_LONGEST = 8000  # characters of a filter; none is that long
_CLIENT = 400  # HTTP status from which a request failed


def look_commands(cluster: Cluster, lookup: Lookup) -> tuple[Command, ...]:
    """The fitting ones for its cause first, then what was changed around its onset, then its entries."""
    by_cause = {
        "dependency": _dependency,
        "secret_rotation": _secrets,
        "certificate": _certificates,
        "traffic": _senders,
        "client": _senders,
        "test_harness": _code,
    }
    told = by_cause[cluster.cause](cluster, lookup) if cluster.cause in by_cause else _code(cluster, lookup)
    around = [] if cluster.cause in {"client", "test_harness"} else [_audit(cluster, lookup)]
    if is_itself(cluster.service):
        return (Command("What logtriage lacks", "logtriage doctor"), *_roles(cluster), *around)
    return (*told, *around, _entries(cluster))


def look_at_silent(found: Latency | Absence, lookup: Lookup) -> tuple[Command, ...]:
    """Of a slower operation or a missing event: what was changed around its onset, then requests of its service."""
    wanted = _one_word(request_filter(found, lookup.findings.window))
    asked = f"gcloud logging read {wanted} {project_option(found.project)}"
    if isinstance(found, Latency):
        columns = "--format='table(timestamp,httpRequest.latency,httpRequest.requestUrl,trace)'"
        asked = f"{asked} --limit=1000 {columns} | sort -k2 -rn | head -50"
    else:
        asked = f"{asked} --limit=50"
    around = [_changed(found, found.onset.at_ns, lookup)] if found.onset else []
    title = "The slowest requests of its service" if isinstance(found, Latency) else "Requests of its service"
    return (*around, Command(title, asked))


def _dependency(cluster: Cluster, lookup: Lookup) -> list[Command]:
    """What the text of the failure names: a database, a cache, the network between."""
    told = _roles(cluster)
    if told:
        return told
    text = f"{cluster.title[:1000]}\n{cluster.sample[:20_000]}"
    project, region = project_option(cluster.project), f"--region={quoted(_region(cluster))}"
    told = _databases(cluster, lookup) if _SQL.search(text) else []
    if _REDIS.search(text):
        told.append(Command("State of the caches", f"gcloud redis instances list {project} {region}"))
    if _NETWORK.search(text):
        line = f"gcloud compute networks vpc-access connectors list {project} {region}"
        told.append(Command("State of the connectors", line))
    return told


def _roles(cluster: Cluster) -> list[Command]:
    """Giving a role back that the explanation says was taken."""
    best = max(cluster.hypotheses, key=lambda rival: rival.confidence, default=None)
    found = _TAKEN.search(best.statement) if best else None
    if not found:
        return []
    project, role, member = found.groups()
    line = f"gcloud projects add-iam-policy-binding {quoted(project)} --member={quoted(member)} --role={quoted(role)}"
    return [Command(f"Give {role} back", line)]


def _databases(cluster: Cluster, lookup: Lookup) -> list[Command]:
    """Operations on the instances that the failing revision names, else all instances."""
    project = project_option(cluster.project)
    told = []
    for connection in _connections(cluster, lookup)[:_MOST]:
        owner, _, rest = connection.partition(":")
        name = rest.rpartition(":")[2] or connection
        line = (
            f"gcloud sql operations list --instance={quoted(name)} {project_option(owner if rest else cluster.project)}"
        )
        told.append(Command(f"Restarts, failovers and maintenance of {name}", f"{line} --limit=10"))
    return told or [Command("State of the databases", f"gcloud sql instances list {project}")]


def _connections(cluster: Cluster, lookup: Lookup) -> list[str]:
    """Cloud SQL connections of the last revision that failed and whose configuration is known."""
    failing = sorted(
        (row for row in cluster.per_revision if row.failures), key=lambda row: row.last_ns or 0, reverse=True
    )
    for row in failing:
        found = lookup.revision(row.service, row.revision)
        if found and found.config:
            return [str(one) for one in found.config.get("cloud_sql") or ()]
    return []


def _secrets(cluster: Cluster, lookup: Lookup) -> list[Command]:
    """Versions of the secrets that the explanation names."""
    best = max(cluster.hypotheses, key=lambda rival: rival.confidence, default=None)
    said = [best.statement, *(fact.statement for fact in best.evidence)] if best else []
    names = list(dict.fromkeys(name for text in said for name in _SECRET.findall(text)))[:_MOST] or ["SECRET"]
    project = project_option(cluster.project)
    told = [Command(f"Versions of {name}", f"gcloud secrets versions list {quoted(name)} {project}") for name in names]
    return [*told, *_code(cluster, lookup)]


def _certificates(cluster: Cluster, lookup: Lookup) -> list[Command]:
    del lookup
    project = project_option(cluster.project)
    check = "openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -dates -issuer"
    return [
        Command("Until when the certificate is valid, for the host that the entries name", check),
        Command("Certificates of the load balancers", f"gcloud compute ssl-certificates list {project}"),
    ]


def _senders(cluster: Cluster, lookup: Lookup) -> list[Command]:
    """Who sends it, by user agent."""
    status = _CLIENT if cluster.cause == "client" else 0
    wanted = _one_word(request_filter(cluster, lookup.findings.window, least_status=status))
    read = f"gcloud logging read {wanted} {project_option(cluster.project)} --limit=1000"
    count = "--format='value(httpRequest.userAgent)' | sort | uniq -c | sort -rn | head"
    return [Command("Who sends it", f"{read} {count}")]


def _code(cluster: Cluster, lookup: Lookup) -> list[Command]:
    return code_commands(cluster, cluster.attribution, lookup)


def _audit(cluster: Cluster, lookup: Lookup) -> Command:
    return _changed(cluster, cluster.onset.at_ns, lookup)


def _changed(found: Cluster | Latency | Absence, at_ns: int, lookup: Lookup) -> Command:
    read = f"gcloud logging read {_one_word(audit_filter(at_ns))} {project_option(found.project)}"
    columns = "--format='table(timestamp,protoPayload.methodName,protoPayload.resourceName)'"
    return Command(f"What was changed within 30 min of {clock(at_ns, lookup.near)} UTC", f"{read} {columns}")


def _entries(cluster: Cluster) -> Command:
    wanted = _one_word(entry_filter(cluster))
    return Command("Its entries", f"gcloud logging read {wanted} {project_option(cluster.project)} --limit=50")


def _one_word(query: str) -> str:
    """A filter as one word of a shell."""
    return quoted(query.replace("\n", " AND "), _LONGEST)


def _region(cluster: Cluster) -> str:
    return cluster.location or location_of(cluster.service) or "REGION"
