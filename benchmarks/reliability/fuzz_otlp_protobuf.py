"""Coverage-guided fuzzing of OTLP requests in protobuf.

python -m benchmarks.reliability.fuzz_otlp_protobuf [SECONDS]
"""

import sys

from benchmarks.reliability.guided import fuzz
from tests.support.otlp import message, request, span

if __name__ == "__main__":
    fuzz(
        "otlp_protobuf",
        [message(request(span({"a": one}))) for one in (1, "x", [1], {"k": 2.5})],
        seconds=int(sys.argv[1]) if len(sys.argv) > 1 else 300,
    )
