"""Proving a verdict: a tagged revision without traffic in which one change is taken back, and a request to it. No I/O.

A tag's address is `https://TAG---` before the rest of the service's. The identity token travels in a header of its own
(https://cloud.google.com/run/docs/authenticating/service-to-service): a service that asks for none drops it, and the
application's own Authorization stays free.
"""

import re

from classifiers.findings import Absence, Attribution, Cluster, Latency
from logtriage.lookup import Lookup
from logtriage.shell import Command, quoted, run_target

__all__ = ["proof_commands"]

_TAG = "prove"
_LOOKED = 500  # characters of a name
_REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/\S*)")


def proof_commands(
    found: Cluster | Latency | Absence, blamed: Attribution, options: str, what: str, lookup: Lookup
) -> list[Command]:
    """Deploy, ask, clean up; `options` take the change back that `what` names."""
    target = run_target(blamed.service, found.project, blamed.location)
    verb, path = _request(found) if found.service == blamed.service else ("", "")
    at = f"\"$(gcloud run services describe {target} --format='value(status.url)' | sed 's,//,//{_TAG}---,')\""
    header = '-H "X-Serverless-Authorization: Bearer $(gcloud auth print-identity-token)"'
    method = f"-X {verb} " if verb and verb != "GET" else ""
    ask = "Ask it once" if path else "Ask it once, with a request that fails now in place of /PATH"
    ask += ", with an id in place of each *" if "*" in path else ""
    body = "; the body and the headers of the failing request are for you to add" if method else ""
    return [
        Command(
            f"Prove it: a tagged revision without traffic, as deployed last but for {what}",
            f"gcloud run services update {target} --no-traffic --tag={_TAG} {options}",
        ),
        Command(
            f"{ask}: it should not fail{body}{_only_inside(blamed, lookup)}",
            f"curl -sSi {method}{header} {at}{quoted(path or '/PATH')} | head -n 1",
        ),
        Command(
            "Remove the tag again; later deploys take no traffic until --to-latest gives it to them",
            f"gcloud run services update-traffic {target} --remove-tags={_TAG}",
        ),
    ]


def _request(found: Cluster | Latency | Absence) -> tuple[str, str]:
    """Verb and path of what fails: the route that is hit most, else the one that the finding is named by."""
    blast = found.blast
    named = (
        found.trigger if isinstance(found, Absence) else found.operation if isinstance(found, Latency) else found.title
    )
    for text in (*(blast.routes if blast else ()), named or ""):
        match = _REQUEST.search(text[:_LOOKED])
        if match:
            return match.group(1), match.group(2)
    return "", ""


def _only_inside(blamed: Attribution, lookup: Lookup) -> str:
    """That the service answers inside its network only, where that is known."""
    bad = lookup.revision(blamed.service, blamed.revision)
    ingress = str(((bad.config if bad else None) or {}).get("ingress") or "")
    return "; it answers inside its network only, so ask from there" if ingress.startswith("internal") else ""
