"""Coverage-guided fuzzing of test reports.

python -m benchmarks.reliability.fuzz_junit [SECONDS]
"""

import sys

from benchmarks.reliability.guided import fuzz

_REPORTS = [
    b'<testsuites><testsuite name="a" timestamp="2026-01-05T08:00:00"><testcase name="b" time="1.5"/></testsuite>',
    b'<testsuite><testcase name="b"><failure message="m" type="E">trace</failure></testcase></testsuite>',
    b'<?xml version="1.0" encoding="UTF-8"?><testsuite><testcase><error/><system-out>x</system-out></testcase>',
]

if __name__ == "__main__":
    fuzz("junit", _REPORTS, seconds=int(sys.argv[1]) if len(sys.argv) > 1 else 300)
