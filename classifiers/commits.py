"""The commits between two revisions, as a link that a browser opens."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from collector.records import Revision

__all__ = ["LedgerConfig", "compare_link", "repository_of"]

_ADDRESS = re.compile(r"https?://[\w.\-]+(?::\d+)?/[\w.\-/]*[\w\-]/?\Z", re.ASCII)


def _check_address(value: str) -> str:
    if not _ADDRESS.match(value):
        raise ValueError("it should be the web address of a repository, such as https://github.com/owner/name")
    return value.rstrip("/").removesuffix(".git")


class LedgerConfig(BaseModel):
    """What deploys do not tell themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repositories: dict[str, Annotated[str, AfterValidator(_check_address)]] = {}


def repository_of(revision: Revision, repositories: Mapping[str, str]) -> str:
    """The web address of the code, "" where it is not known: what the revision tells, else the first name that fits.

    `repositories` maps names of services, `*` and `?` in them allowed, to addresses.
    """
    told = str((revision.config or {}).get("repository") or "")
    fitting = (address for name, address in repositories.items() if fnmatchcase(revision.service, name))
    return told or next(fitting, "")


def compare_link(before: Revision, after: Revision, repositories: Mapping[str, str]) -> str | None:
    """Where the commits from one revision to the next can be read; None where that is not known.

    GitHub and GitLab have such pages, told by their host's name. None too where both run the same commit, or code of
    different repositories.
    """
    home = repository_of(after, repositories)
    is_same_home = home == repository_of(before, repositories)
    if not home or not is_same_home or not before.commit or not after.commit or _is_same(before.commit, after.commit):
        return None
    host = home.partition("://")[2].partition("/")[0].lower()
    for word, path in (("github", "/compare/"), ("gitlab", "/-/compare/")):
        if word in host:
            return f"{home}{path}{before.commit}...{after.commit}"
    return None


def _is_same(one: str, other: str) -> bool:
    """Whether both are one commit, in full or cut short."""
    return one.startswith(other) or other.startswith(one)
