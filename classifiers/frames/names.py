r"""Names and paths in; the same without what says where or when a program was built out.

`/app/`, `/workspace/` and `C:\build\` are one place; numbers and ids that stand alone, and the marks that
classifiers/masks.py put in their place, do not count: a name reads alike raw and masked.
"""

import re

__all__ = ["library_path", "place_path", "steady"]

# What a mask takes from a name, and the mark it leaves.
_MARK = r"<(?:number|id|uuid|time|ip|email|duration|size|revision|query|redacted)(?::[0-9a-f]+)?>"
_VARIES = re.compile(
    rf"{_MARK}|[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}|(?<![^\W_])(?:[0-9]+|[0-9a-f]{{8,}}|[0-9A-F]{{12,}}"
    rf"|(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{{4,}})(?![^\W_])|(?<=[a-z])[0-9]{{4,}}(?![^\W_])"
)
_MAY_VARY = re.compile(r"[0-9<]|[a-f]{8}")
_LEFT_OVER = re.compile(r"[-.]+(?=/|\Z)|([-.])[-.]+")  # of what stood before and behind a part that went
# Folders that say where a program was installed or built, not what it is.
_ROOTS = (
    r"usr/src/app|usr/src|usr/local/src|usr/app|app|apps|workspace|workspaces/[^/]+|workdir|srv|code|opt|src|source|var/task"
    r"|var/www(?:/html)?|var/app(?:/current)?|var/lib|home/runner/work/[^/]+|home/[^/]+|Users/[^/]+|layers|root|builds?"
    r"|function|functions|project|projects|deploy|www|htdocs|repo|github/workspace|go/src|tmp/build_[^/]*|tmp/[^/]*"
    r"|data|home|mnt|__w/[^/]+|a/[^/]*/s|agent|release|releases/[^/]*|current|inetpub/wwwroot"
)
_DRIVE = re.compile(r"\A(?:file:/{2,3})?(?:/?[A-Za-z]:(?=/))?")
_PLACE = re.compile(rf"\A(?:/?(?:{_ROOTS})(?=/))+/?|\A(?:\.{{0,2}}/+)+")
_LIBRARY_PLACE = re.compile(
    r".*(?:(?:site|dist)-packages|[Ll]ib/python[^/]*|[Pp]ython[^/]*/[Ll]ib|node_modules(?:/\.pnpm/[^/]+/node_modules)?)/"
)


def steady(name: str) -> str:
    """The name without numbers and ids that stand alone, and without the marks of masks."""
    if not _MAY_VARY.search(name):
        return name
    kept = _VARIES.sub("", name)
    return _LEFT_OVER.sub(r"\g<1>", kept) if kept != name else name


def _slashed(path: str) -> str:
    """The path with slashes, without a drive or a scheme."""
    return _DRIVE.sub("", path.replace("\\", "/"))


def place_path(path: str) -> str:
    """A file of the application, without the folders that say where it was installed or built."""
    bare = _slashed(path)
    if "/releases/" in bare:
        bare = bare.rpartition("/releases/")[2].partition("/")[2] or bare
    return _PLACE.sub("", bare)


def library_path(path: str) -> str:
    """A file of a library, from its package on, wherever the library was installed."""
    return _LIBRARY_PLACE.sub("", _slashed(path))
