"""Which code a revision runs: commit, build and repository, from labels, annotations and image tags."""

import re
from typing import Any

from collector.normalise.untrusted import named, text

__all__ = ["origin_of_code"]

_COMMIT_KEY = re.compile(
    r"(?i)(?:^|[-_./])(?:(?:commit|git|vcs)(?:[-_.]?(?:sha|hash|id|commit|ref|revision))*|image[-_.]revision)\Z"
)
_COMMIT = re.compile(r"[0-9a-f]{7,40}\Z")
# a tag that is a commit, is said to be one, or ends as `git describe` and pipelines write it
_COMMIT_TAG = re.compile(
    r"(?:\A|(?:\A|[-_.])(?:sha|git|commit|rev)[-_.]?|-g|[-_.](?=[0-9a-f]{40}\Z))([0-9a-f]{7,40})\Z"
)
_BUILD_KEYS = ("run.googleapis.com/build-id", "gcb-build-id", "build-id", "build_id", "github-run-id", "ci-pipeline-id")
_BUILD_NAME = "run.googleapis.com/build-name"  # projects/P/locations/L/builds/B
_REPOSITORY_KEY = re.compile(
    r"(?i)(?:^|[-_./])(?:image[-_.](?:source|url)|(?:repo|repository|project)(?:[-_.]?(?:url|name))?|vcs[-_.]?url|"
    r"source[-_.]?repo(?:sitory)?)\Z"
)
_WEB = re.compile(r"https?://([\w.\-]+(?::\d+)?/[\w.\-/]*[\w\-])(?:\.git)?/?(?:[?#].*)?\Z", re.ASCII)
_SSH = re.compile(r"(?:ssh://)?git@([\w.\-]+)[:/]([\w.\-/]*[\w\-])(?:\.git)?/?\Z", re.ASCII)
_OWNED = re.compile(r"[\w.\-]+/[\w.\-]+\Z", re.ASCII)
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com"}


def origin_of_code(notes: dict[str, Any], labels: dict[str, Any], image: str) -> dict[str, str | None]:
    """`commit`, `build` and `repository` (a web address), each None where nothing tells it.

    Labels win over annotations, both over tags. An address with a user or password in it is none.
    """
    told = {key: text(value).strip() for key, value in (*named(notes), *named(labels))}
    commits = [value.lower() for key, value in told.items() if _COMMIT_KEY.search(key)]
    named_commit = next((commit for commit in commits if _COMMIT.match(commit)), None)
    tags = (_tag(told.get("client.knative.dev/user-image", "")), _tag(image))
    repositories = [_address(key, value) for key, value in told.items() if _REPOSITORY_KEY.search(key)]
    build = next((told[key] for key in _BUILD_KEYS if told.get(key)), told.get(_BUILD_NAME, "").rpartition("/")[2])
    return {
        "commit": named_commit or next((commit for commit in map(_commit_of, tags) if commit), None),
        "build": build or None,
        "repository": next((one for one in repositories if one), None),
    }


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2].lower()


def _commit_of(tag: str) -> str:
    """The commit that a tag is or ends in; a word or a number alone is none."""
    found = _COMMIT_TAG.search(tag)
    commit = found[1].removesuffix("\n") if found else ""
    return commit if any(c.isdigit() for c in commit) and any(c.isalpha() for c in commit) else ""


def _address(key: str, value: str) -> str:
    """`https://host/owner/name` of any spelling that names a host, or of `owner/name` where the key names it."""
    web, ssh = _WEB.match(value), _SSH.match(value)
    if web:
        return f"https://{web[1].removesuffix('.git')}"
    if ssh:
        return f"https://{ssh[1]}/{ssh[2].removesuffix('.git')}"
    host = next((host for word, host in _HOSTS.items() if word in key.lower()), "")
    return f"https://{host}/{value}" if host and _OWNED.match(value) else ""
