"""Coverage-guided fuzzing of config.yaml.

python -m benchmarks.reliability.fuzz_config [SECONDS]
"""

import sys
from pathlib import Path

from benchmarks.reliability.guided import fuzz

_SETTINGS = [
    b"sources: [{kind: cloud_logging, resources: [projects/p], filter: x}]",
    b"schedule: {collect: 15m, retention: 15 3 * * *, timezone: Europe/Vienna}",
    b"digest: {channels: [{kind: slack, channel: C0123456789}]}",
]

if __name__ == "__main__":
    fuzz(
        "config", [Path("config.yaml").read_bytes(), *_SETTINGS], seconds=int(sys.argv[1]) if len(sys.argv) > 1 else 300
    )
