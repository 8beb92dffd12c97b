"""Coverage-guided fuzzing of files of log entries, tests and traces as `import` takes them.

python -m benchmarks.reliability.fuzz_entries [SECONDS]
"""

import sys

from benchmarks.reliability.guided import fuzz
from benchmarks.reliability.hostile_lines import hostile_lines

if __name__ == "__main__":
    fuzz("entries_file", [*hostile_lines(200, seed=7)], seconds=int(sys.argv[1]) if len(sys.argv) > 1 else 300)
