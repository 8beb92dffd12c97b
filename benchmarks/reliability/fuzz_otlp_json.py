"""Coverage-guided fuzzing of OTLP requests in JSON.

python -m benchmarks.reliability.fuzz_otlp_json [SECONDS]
"""

import json
import sys

from benchmarks.reliability.guided import fuzz
from tests.support.otlp import request, span

if __name__ == "__main__":
    fuzz(
        "otlp_json",
        [json.dumps(request(span({"a": one}))).encode() for one in (1, "x", [1], {"k": 2.5})],
        seconds=int(sys.argv[1]) if len(sys.argv) > 1 else 300,
    )
