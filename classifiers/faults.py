"""Faults: where a failure sits when counts alone do not say, each with the sentence that says why.

The frames in which it is thrown, the names that it tells, the service that logs it and who asked tell test code from
product code, a caller that gives up from a server that fails, the platform from what runs on it. What is the tests' own
never ranks above P3; a fault of the product that only tests have met yet ranks by what it breaks.
"""

import re
from collections.abc import Sequence

import orjson
from msgspec import Struct

from classifiers.cases import Case
from classifiers.findings import Cause, Evidence, Fault, Hypothesis, Origin
from classifiers.natures import is_about_dependency, is_code_fault, is_refusal
from classifiers.weighing import Judged
from collector.replacing import replace

__all__ = ["Sitting", "find_sitting", "is_test_place", "with_cause"]

_LEAST = 1.0  # users that would have failed at the rate of the tests, from which they count as spared
_FEW_REVISIONS = 2
_CLIENT_ERROR, _SERVER_ERROR, _CLOSED_EARLY = 400, 500, 499
# A module or file of tests, by the names that frameworks ask for: pytest, unittest, Go, Jest, Cypress, RSpec, Maven.
_TEST_PLACE = re.compile(
    r"(?i)\Atest[./\\]|(?:\A|[./\\])(?:tests|e2e|__tests__|__mocks__|conftest|cypress|test_\w+|test_?(?:helpers?|support|"
    r"harness))(?=[./\\]|\Z)|(?<![./\\]ab)(?<!\Aab)_tests?\Z|(?:\A|[./\\])spec[./\\](?:.*_spec\Z|support|spec_helper)|"
    r"[/\\][^/\\]*\.(?:spec|test|e2e|cy)\Z|/src/(?:test|integration-?test)/"
)
# Functions and classes whose names prove nothing alone: a product tests connections too.
_TEST_NAME = re.compile(r"(?:\A|[.:$])(?:Test[A-Z]\w*|test_\w+|[A-Z]\w*(?:Tests?|IT|Spec))(?=[.:$]|\Z)")
_RUNNER = re.compile(
    r"_test\.go\b|testing\.tRunner|_?pytest[./\\]|unittest[./\\]|org\.junit|org\.testng|surefire|nunit|xunit|"
    r"jest-circus|jest-jasmine|[/\\]mocha[/\\]|vitest|rspec"
)
# A class that only tests have. `TestResult` may well be a product's: a bare `Test` needs a telling end.
_TEST_CLASS = re.compile(
    r"['\"`](\w*(?:E2E|Mock|Harness)[A-Z]\w*|\w*(?:Mock|Harness)|(?:Fake|Stub)[A-Z]\w*|"
    r"\w*Test(?:Helper|Client|Case|Runner|Suite|Harness|Util|Utils|Base|Fixture|Factory|Driver)\w*)['\"`]"
)
_MISMATCH = re.compile(
    r"has no attribute|unexpected keyword argument|positional arguments?|is not a function|has no method|"
    r"undefined method|cannot find symbol|NoSuchMethod|not implemented|is not callable|no overload"
)
_TEST_MEANS = re.compile(
    r"(?i)\b(?:e2e|end[- ]to[- ]end|test[- _]harness|test[- _]suite|test[- _]run(?:ner)?|pytest|playwright|cypress|"
    r"selenium|webdriver|test[- _]fixture|test[- _]account|test[- _]user|load[- _]?test|smoke[- _]?test|"
    r"integration[- _]test)s?\b"
)
_TEST_SERVICE = re.compile(
    r"(?i)(?:\A|[-_.])(?:e2e|harness|playwright|cypress|selenium|(?:load|smoke|integration|e2e)-?tests?|"
    r"test-?(?:runner|suite|harness|driver|agent)s?|loadgen(?:erator)?|load-generator)(?:\Z|[-_. ])"
)
_GAVE_UP = re.compile(
    r"(?i)\bclient ?disconnect(?:ed)?|disconnected client|client (?:has )?(?:closed|gone|went) |"
    r"closed by (?:the )?client|"
    r"client (?:prematurely )?closed|(?:connection|websocket)\S* closed \S*\s*\(?(?:code[ =:]*)?1006\b|"
    r"\b1006\b.{0,40}abnormal|"
    r"abnormal.{0,40}\b1006\b|ClientDisconnect|ClientAbortException|request aborted by (?:the )?(?:client|caller)|"
    r"(?:write|send).{0,40}broken pipe|broken ?pipe.{0,60}(?:respon|client|write|send)|broken pipe"
)
_PLATFORM = re.compile(
    r"(?i)no available instance|google front ?end|internal error in the (?:platform|infrastructure)|"
    r"container (?:sandbox|runtime) (?:error|limit)|quota exceeded for quota metric|project has been rate[- ]limited"
)


class Sitting(Struct, frozen=True):
    """Where the fault sits; `cause` is what it makes of a failure that no revision explains."""

    fault: Fault
    cause: Cause | None
    evidence: Evidence


def find_sitting(judged: Judged, origin: Origin, cause: Cause) -> Sitting | None:
    """Where the fault of a judged case sits by other signs than counts; None where there are none."""
    case = judged.case
    harness = _harness(case, origin, cause, judged.text if judged.root == case.cluster_id else "")
    if harness:
        return Sitting("test_harness", "test_harness", harness)
    if cause == "revision":
        return None
    asked_for = _asked_for(case, origin)
    if asked_for:
        return Sitting("test_harness", "test_harness", asked_for)
    own = _text(case)
    if cause in {"unknown", "dependency", "traffic"} and _is_given_up(case, own):
        told = "the caller closes the connection before it is answered"
        return Sitting("client", "client", Evidence("inferred", told, "rule:caller-gave-up"))
    if cause == "unknown" and _PLATFORM.search(own):
        told = "the platform itself says that it could not serve"
        return Sitting("platform", None, Evidence("inferred", told, "rule:platform-says-so"))
    return _own_code(case, origin, cause)


def with_cause(hypotheses: Sequence[Hypothesis], cause: Cause) -> tuple[Hypothesis, ...]:
    """The explanations with a name for what was none: all that is unknown or from outside is of this cause."""
    taken = {"unknown", "dependency", "test_harness", "traffic"}
    renamed = [replace(one, cause=cause) if one.cause in taken else one for one in hypotheses]
    return tuple(sorted(renamed, key=lambda one: (-one.confidence, one.cause, one.statement)))


def is_test_place(frame: str, text: str = "") -> bool:
    """Whether a module, file or frame (`module:function`) is test code by its name; `text`: the whole trace."""
    module = frame.rpartition(":")[0] or frame
    is_named = _TEST_PLACE.search(module) is not None
    return is_named or (_TEST_NAME.search(frame) is not None and _RUNNER.search(text) is not None)


def _harness(case: Case, origin: Origin, cause: Cause, text: str) -> Evidence | None:
    """Why it is test code that fails, wherever it runs; users never ask test code."""
    if origin in {"users", "both"}:
        return None
    if _TEST_SERVICE.search(case.service):
        return Evidence("inferred", f"{case.service} is a harness by its name", "rule:harness-service")
    frames = _frames(case)
    if frames and is_test_place(frames[-1], text):
        return Evidence("inferred", f"it is thrown in test code: {frames[-1]}", "rule:thrown-in-tests")
    own = _text(case)
    named = _TEST_CLASS.search(own)
    if named and _MISMATCH.search(own):
        return Evidence("inferred", f"{named[1]}, whose interface does not fit, is test code", "rule:class-of-tests")
    means = _TEST_MEANS.search(case.title)
    if means and origin == "tests" and cause != "revision":
        return Evidence(
            "inferred", f"it is about {means[0]}, the tests' own, and only tests meet it", "rule:tests-means"
        )
    return None


def _asked_for(case: Case, origin: Origin) -> Evidence | None:
    """Why tests want this refusal: they are told the same, at the same share, on every revision that they ask."""
    is_mild = case.http_status is not None and _CLIENT_ERROR <= case.http_status < _SERVER_ERROR
    if (
        origin != "tests"
        or case.fit.is_change
        or not (is_mild or (case.http_status is None and is_refusal(case.title)))
    ):
        return None
    hit = {name for name in case.revisions if name}
    told = f"tests alone get {case.http_status or 'this refusal'}, as often as ever"
    if len(hit) >= _FEW_REVISIONS:
        told += f", on each of {len(hit)} revisions"
    return Evidence("inferred", f"{told}: they ask for it", "rule:tests-ask-for-it")


def _is_given_up(case: Case, text: str) -> bool:
    if case.http_status == _CLOSED_EARLY:
        return True
    found = _GAVE_UP.search(text)
    is_bare = found is not None and found[0].lower() == "broken pipe"
    return found is not None and not (
        is_bare and re.search(r"(?i)redis|postgres|mysql|sql|kafka|mongo|cache|queue", text)
    )


def _own_code(case: Case, origin: Origin, cause: Cause) -> Sitting | None:
    """Code that cannot run, in frames of the service itself: the product's fault, whoever met it first."""
    frames = _frames(case)
    is_spared = origin == "tests" and case.spared >= _LEAST
    if cause not in {"unknown", "test_harness"} or not frames or is_spared or not is_code_fault(case):
        return None
    if is_about_dependency(_text(case)):
        return None
    told = f"{_parts(case).get('type')} is thrown in code of the service itself: {frames[-1]}"
    if origin == "tests":
        told += "; users hardly asked for the same"
    return Sitting(
        "product", "unknown" if cause == "test_harness" else None, Evidence("inferred", told, "rule:own-code")
    )


def _parts(case: Case) -> dict[str, object]:
    parts: dict[str, object] = orjson.loads(case.parts)
    return parts


def _frames(case: Case) -> list[str]:
    """Frames of the application, the innermost last."""
    frames = _parts(case).get("frames")
    return [str(one) for one in frames] if isinstance(frames, list) else []


def _text(case: Case) -> str:
    """What the failure itself says."""
    parts = _parts(case)
    return " ".join([case.title, *(str(parts[name]) for name in ("message", "value", "text") if parts.get(name))])
