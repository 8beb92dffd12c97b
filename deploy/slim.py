"""Takes out of an installed environment what no program ever runs: tests, headers, static libraries, sources of C.

`python slim.py FOLDER`; prints how much went. Part of the image's build, see Dockerfile.
"""

import shutil
import sys
from pathlib import Path

__all__ = ["slim"]

# Folders inside a package that its program does not import, and files that only a compiler reads.
FOLDERS = frozenset({"tests", "test", "testing", "include", "__pycache__"})
KEPT = frozenset({"numpy/testing"})  # numpy imports it by itself
SUFFIXES = frozenset({".pyx", ".pxd", ".pxi", ".pyi", ".c", ".cc", ".cpp", ".h", ".hpp", ".a", ".lib"})


def slim(folder: Path) -> int:
    """Removes them below `folder`; gives the bytes that went."""
    site = next(iter(folder.glob("lib/python*/site-packages")), folder)
    gone = 0
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.is_dir() and not path.is_symlink() and path.name in FOLDERS and name not in KEPT and "/" in name:
            gone += sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in SUFFIXES:
            gone += path.stat().st_size
            path.unlink()
    return gone


if __name__ == "__main__":
    sys.stdout.write(f"{slim(Path(sys.argv[1])) / 2**20:.0f} MiB of tests, headers and sources taken out\n")
