"""Kinds of trouble as programs tell them: wording of the log line, exception of each language, its message."""

from msgspec import Struct

__all__ = ["TROUBLES", "Trouble"]


class Trouble(Struct, frozen=True):
    """One kind. `wording` is a key of wording.py; `kinds` the exceptions by language, empty when nothing is raised."""

    wording: str
    kinds: dict[str, tuple[str, ...]]
    messages: tuple[str, ...] = ()  # slots: {key} {noun} {verb} {host} {id} {ms}
    status: int = 500
    level: str = "ERROR"
    took_ms: tuple[float, float] = (3, 180)


_OWN = {
    "python": ("KeyError", "ValueError", "TypeError", "LookupError"),
    "node": ("TypeError", "Error", "RangeError"),
    "go": ("error",),
    "java": ("IllegalStateException", "NullPointerException", "IllegalArgumentException"),
}
_SETTING = {
    "python": ("ValueError", "ConfigurationError", "KeyError"),
    "node": ("Error", "ConfigError"),
    "go": ("error",),
    "java": ("IllegalArgumentException", "ConfigurationException"),
}
_REFUSED = {
    "python": ("PermissionError", "AuthenticationError", "ClientError"),
    "node": ("AuthError", "Error"),
    "go": ("error",),
    "java": ("AccessDeniedException", "AuthenticationException"),
}
_CONNECTION = {
    "python": ("OperationalError", "ConnectionResetError", "InterfaceError"),
    "node": ("Error", "DatabaseError"),
    "go": ("error",),
    "java": ("SQLTransientConnectionException", "StoreException"),
}
_TLS = {
    "python": ("SSLCertVerificationError", "ClientConnectorCertificateError"),
    "node": ("Error",),
    "go": ("error",),
    "java": ("SSLHandshakeException",),
}
_SLOW = {
    "python": ("TimeoutError", "ReadTimeout"),
    "node": ("TimeoutError", "AbortError"),
    "go": ("error",),
    "java": ("TimeoutException", "SocketTimeoutException"),
}
TROUBLES = {
    "defect": Trouble("defect", _OWN, ("cannot {verb} {noun}: no such field", "'{noun}_{verb}'", "bad {noun} state")),
    "reply": Trouble(
        "reply", _OWN, ("missing field '{noun}_{verb}' in reply", "'{noun}_{verb}'", "{noun}: unexpected end of body")
    ),
    "missing_key": Trouble("missing_key", _SETTING, ("{key} is not set", "no value for {key}", "required: {key}")),
    "missing_quietly": Trouble(
        "defect", _REFUSED, ("401 from {noun} provider: no credentials", "{noun} provider refused: anonymous caller")
    ),
    "bad_value": Trouble(
        "bad_value", _SETTING, ("invalid value of {key}", "{key}: not one of the known modes", "cannot use {key} as is")
    ),
    "bad_value_quietly": Trouble("defect", _OWN, ("unsupported {noun} mode", "{noun} limit must be positive")),
    "refused": Trouble(
        "refused", _REFUSED,
        ('password authentication failed for user "app"', "401: invalid API key for {noun}", "signature mismatch"),
    ),
    "iam": Trouble(
        "iam", _REFUSED,
        ("Permission '{noun}.objects.create' denied on resource (or it may not exist).",
         "403 caller does not have permission {noun}s.{verb}"),
        403,
    ),
    "maintenance": Trouble(
        "maintenance", _CONNECTION,
        ("the database system is shutting down", "terminating connection due to administrator command",
         "server closed the connection unexpectedly"),
        took_ms=(20, 4000),
    ),
    "certificate": Trouble(
        "certificate", _TLS,
        ("certificate verify failed: certificate has expired", "x509: certificate has expired or is not yet valid",
         "PKIX path validation failed: validity check failed", "CERT_HAS_EXPIRED"),
        502,
    ),
    "provider": Trouble("provider", _SLOW, ("no answer from {host} within {ms} ms",), 504, took_ms=(2900, 3100)),
    "own_timeout": Trouble(
        "own_timeout", _SLOW, ("{noun} took longer than 10 s", "deadline of 10000 ms exceeded"), 504,
        took_ms=(10_000, 10_300),
    ),
    "bad_client": Trouble("bad_client", {}, status=400),
    "client_refused": Trouble("bad_client", {}, status=400, level="WARNING"),
    "pool": Trouble(
        "pool", _SLOW, ("no free connection within 5 s", "pool of {noun} exhausted (waited 5000 ms)"), 503,
        took_ms=(5000, 5200),
    ),
}  # fmt: skip
