"""The command line by a clock that somebody outside sets while it runs.

    python -m benchmarks.reliability.shifted FILE WORDS...

It is as many ns later than the machine tells as stand in FILE (eight bytes, little end first). The clock that runs on
while a machine sleeps is shifted alike, so that a jump of it is a sleep of the machine.
"""

import sys
import time
from pathlib import Path

from benchmarks.reliability.clock import follow_clock, real_ns

if __name__ == "__main__":
    follow_clock(Path(sys.argv[1]))
    sys.argv = ["logtriage", *sys.argv[2:]]
    from logtriage.cli import main
    from logtriage.probes import ClockLook

    ClockLook.__init__.__defaults__ = (time.time, lambda: time.monotonic() + time.time() - real_ns() / 1e9, None, False)
    main()
