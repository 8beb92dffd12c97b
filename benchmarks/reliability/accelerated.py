"""The command line by another clock.

    python -m benchmarks.reliability.accelerated TOLD_NS SINCE_NS RATE WORDS...

At the real time SINCE_NS it was TOLD_NS, and since then it goes RATE times as quick (benchmarks/reliability/clock.py).
The daemon's looks at whether its clock was set are given a clock that runs at the same rate; all waiting stays real.
"""

import sys
import time

from benchmarks.reliability.clock import set_clock

if __name__ == "__main__":
    told_ns, since_ns, rate, *words = sys.argv[1:]
    set_clock(int(told_ns), rate=float(rate), since_ns=int(since_ns))
    sys.argv = ["logtriage", *words]
    from logtriage.cli import main
    from logtriage.daemon.clock_jumps import ClockJumps
    from logtriage.probes import ClockLook

    ClockJumps.__init__.__defaults__ = (time.time, lambda: time.monotonic() * float(rate))
    ClockLook.__init__.__defaults__ = (time.time, lambda: time.monotonic() * float(rate), None, False)
    main()
