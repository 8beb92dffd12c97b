"""Natures: what a failure is about, as its text and type tell: reach, rights, certificates, memory, code.

They name what kind of thing it is and weigh a little; which of them did it is decided by counts.
"""

import re

import orjson

from classifiers.cases import Case

__all__ = [
    "CERTIFICATE",
    "OUT_OF_MEMORY",
    "is_about_certificate",
    "is_about_dependency",
    "is_code_fault",
    "is_refusal",
    "outside_ratio",
]

_DEPENDENCY = re.compile(
    r"(?i)connection (?:refused|reset|closed|timed? ?out|error)|"
    r"connection (?:to|with|from) (?:\w+ at )?\S+(?:,? (?:on )?port \S+)? (?:was )?"
    r"(?:refused|reset|closed|lost|failed|timed? ?out)|econn\w+|etimedout|ehostunreach|errno 11[0-3]|"
    r"unreachable|no route to host|name or service not known|getaddrinfo|i/o timeout|could not connect|"
    r"(?:unable|failed) to connect|can(?:no|')t connect|connect(?:ion)? (?:time-?out|failed)|"
    r"max retries exceeded|deadline exceeded|broken pipe|"
    r"server closed|too many (?:clients|connections)|terminating connection|aborted by the server|has gone away|"
    r"database system is|no (?:answer|response|reply) from|temporarily unavailable|(?:connection|socket) timeout|"
    r"lost connection|name resolution|(?:failed|unable) to resolve|"
    r"(?:redis|postgres|mysql|kafka|mongo)\w*.{0,40}(?:down|unavail|time)"
)
CERTIFICATE = re.compile(
    r"(?i)certificate|x509|\bssl\b|\btls\b|cert_?(?:has_)?expired|unable_to_verify|self[- _]signed|handshake"
)
_EXPIRED = re.compile(
    r"(?i)(?:certificate|x509|\bcert\b|cert_).{0,40}(?:expired|not yet valid|validity)|certificate verify failed"
)
_REFUSAL = re.compile(
    r"(?i)\b(?:401|403)\b|permission|forbidden|denied|unauthori[sz]ed|unauthenticated|not authori[sz]ed|"
    r"access[_ ]?token|\biam\b|credential"
)
OUT_OF_MEMORY = r"memory limit|out of memory|\boom\b|heap|cannot allocate|killed"
_CODE_FAULT = re.compile(
    r"(?i)(Type|Attribute|Name|Import|ModuleNotFound|Syntax|Indentation|Reference|Index|Range|Assertion|NotImplemented|"
    r"NullPointer\w*|NullReference|NoSuch\w+|NoMethod|ClassNotFound\w*|ClassCast\w*|InvalidCast|UnboundLocal|Recursion|"
    r"StopIteration|Key|Lookup|KeyNotFound|Value|Arithmetic|ZeroDivision|DivideByZero|\w*OutOfBounds|\w*OutOfRange|"
    r"Illegal(?:State|Argument)|InvalidOperation|ArgumentNull|Argument|Undefined\w*)(Error|Exception)?\Z|"
    r"panic|runtime error"
)
# How many times as often an outside cause shows like that as a deploy does. Code that cannot run and memory that runs
# out are the service's own doing; a certificate runs out by the clock.
_OF_MEMORY, _OF_CODE, _OF_CERTIFICATES = 0.1, 0.3, 20.0


def is_about_dependency(text: str) -> bool:
    """Whether the failure says that something else could not be reached."""
    return _DEPENDENCY.search(text) is not None


def is_about_certificate(text: str) -> bool:
    """Whether the failure says that a certificate was refused."""
    return CERTIFICATE.search(text) is not None


def is_refusal(text: str) -> bool:
    """Whether the failure says that somebody was not let in."""
    return _REFUSAL.search(text) is not None


def is_code_fault(case: Case) -> bool:
    """Whether it is an exception that code throws which cannot run."""
    kind = str(orjson.loads(case.parts).get("type") or "").rpartition(".")[2]
    return bool(kind and _CODE_FAULT.match(kind))


def outside_ratio(case: Case, text: str) -> float:
    """How many times as likely such a failure is of an outside cause as of a deploy, by its nature."""
    if re.search(OUT_OF_MEMORY, text.lower()):
        return _OF_MEMORY
    if _EXPIRED.search(text):
        return _OF_CERTIFICATES
    return _OF_CODE if is_code_fault(case) else 1.0
