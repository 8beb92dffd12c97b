"""How much memory this process may hold: of the machine, or of the control group (container, unit) that it runs in."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["memory_bytes"]

_GROUPS = Path("/sys/fs/cgroup")


def memory_bytes(groups: Path = _GROUPS, told: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes; the least of what the machine has and of what each control group above this process allows.

    `groups`: where control groups are mounted; `told`: what the kernel tells of this process (cgroups(7)).
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(groups, told)])


def _limits(groups: Path, told: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for line in told.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            mounted, name = (groups / "memory", "memory.limit_in_bytes") if controllers else (groups, "memory.max")
            place = PurePosixPath(path.lstrip("/"))
            for group in (place, *place.parents):  # inside a container the path may be of outside, and be missing
                with contextlib.suppress(OSError, ValueError):  # "max" is no limit
                    yield int((mounted / group / name).read_text(encoding="ascii"))
