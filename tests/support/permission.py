"""Files that may not be read, for whoever runs the tests."""

import ctypes
import os
from collections.abc import Callable

__all__ = ["without_override"]

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def without_override() -> Callable[[], None] | None:
    """For `preexec_fn` of a subprocess: root obeys the permissions of files there, as everybody else does anyway."""
    if os.geteuid() != 0:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def drop() -> None:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)

    return drop
