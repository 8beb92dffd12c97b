"""What to do and where to look, as JSON: commands of an incident, links of a finding (see export.py)."""

from typing import Any

from classifiers.findings import Absence, Cluster, Incident, Latency
from collector.window import Window
from logtriage.commands import commands_for
from logtriage.console_links import cluster_links, silent_links
from logtriage.lookup import Lookup

__all__ = ["command_fields", "link_fields"]


def command_fields(incident: Incident, lookup: Lookup) -> dict[str, Any]:
    """Commands to copy for its root, the first step first; empty where the root is not among the findings."""
    root = lookup.cluster(incident.root) or lookup.silent_ids().get(incident.root)
    told = commands_for(root, lookup) if root is not None else ()
    return {"commands": [{"why": one.why, "line": one.line} for one in told]}


def link_fields(found: Cluster | Latency | Absence, window: Window, console: str) -> dict[str, Any]:
    """Addresses in the console, each with its label; none where the project is not known."""
    links = cluster_links(found, console) if isinstance(found, Cluster) else silent_links(found, window, console)
    return {"links": [{"label": link.label, "url": link.url} for link in links]}
