"""The licences of what logtriage needs to run, from the metadata of the installed packages: `make licences`.

python -m benchmarks.licences > docs/licences.md
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

__all__ = ["licences", "page"]

_PERMISSIVE = re.compile(
    r"(?i)\b(?:mit|bsd|apache|isc|psf|python software foundation|0bsd|zlib|cc0|unlicense)\b|[23]-clause|mit-0"
)
_OTHER = re.compile(r"(?i)\b(?:a?gpl|lgpl|mpl|mozilla|epl|eupl|cddl|proprietary|commercial)")


def licences(root: str = "logtriage") -> dict[str, str]:
    """The licence of each package that `root` needs, its own left out; "" where its metadata tells none."""
    found: dict[str, str] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            told = distribution(name)
        except PackageNotFoundError:
            continue  # of another system
        classifiers = [one for one in _told(told, "Classifier") if one.startswith("License ::")]
        classified = [one.split(" :: ")[-1] for one in classifiers]
        given = [*_told(told, "License-Expression"), *classified, *_told(told, "License")]
        found[key] = next((one for one in given if one), "").partition("\n")[0]
        needed = [Requirement(one) for one in told.requires or []]
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    del found[re.sub(r"[-_.]+", "-", root).lower()]
    return found


def _told(package: Distribution, key: str) -> list[str]:
    return package.metadata.get_all(key) or []


def page() -> str:
    """The page, flagging what is not plainly permissive."""
    lines = [
        "# Licences",
        "",
        "Of every package that logtriage needs to run, by its own metadata (`make licences`). Those with a star have",
        "terms of their own for changed files (MPL), or tell none: read them before you ship a changed copy.",
        "",
        "| package | licence | |",
        "|---|---|---|",
    ]
    for name, told in sorted(licences().items()):
        is_plain = bool(_PERMISSIVE.search(told)) and not _OTHER.search(told)
        lines.append(f"| {name} | {told} | {'' if is_plain else '*'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
