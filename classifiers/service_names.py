"""What a service is called: its name alone, or `NAME (LOCATION)` where one name is in several locations. No I/O."""

import re

__all__ = ["IS_PLACED", "location_of", "plain_name"]

IS_PLACED = r"^(.*\S) \(([a-z]+(?:-[a-z]+)+[0-9]+)\)$"  # no name in Cloud Run has a space
_PLACED = re.compile(IS_PLACED)


def plain_name(service: str) -> str:
    """The name in Google Cloud of a service: `shop` of `shop (europe-west1)`, of any other the name itself."""
    found = _PLACED.match(service)
    return found[1] if found else service


def location_of(service: str) -> str:
    """The location that the name of a service tells, "" where the name is in one location only."""
    found = _PLACED.match(service)
    return found[2] if found else ""
