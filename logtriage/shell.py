"""Names as a shell takes them: what a command to copy is made of. No I/O.

A command holds names only, never a value; what is not known stands in capitals for a person to fill in.
"""

import shlex

from msgspec import Struct

from classifiers.service_names import location_of, plain_name
from logtriage.escape import plain

__all__ = ["Command", "project_option", "quoted", "run_target"]

_LONGEST = 300  # characters of one name; no name of the platform is that long


class Command(Struct, frozen=True):
    """A step in words and the line to copy."""

    why: str
    line: str


def quoted(name: str, longest: int = _LONGEST) -> str:
    """A name that a shell takes as one word, whatever it holds."""
    return shlex.quote(plain(name, longest))


def project_option(project: str) -> str:
    """`--project=acme-test`; in capitals where it is not known."""
    return f"--project={quoted(project or 'PROJECT')}"


def run_target(service: str, project: str, location: str) -> str:
    """What gcloud run is told of a service: its name, project and region; what is not known in capitals."""
    region = location or location_of(service) or "REGION"
    return f"{quoted(plain_name(service) or 'SERVICE')} {project_option(project)} --region={quoted(region)}"
