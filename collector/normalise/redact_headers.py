"""Secrets in headers of requests and answers, in every notation: Authorization with its schemes, cookies."""

# ruff: noqa: E501 - a pattern that is cut reads no better

from collector.normalise.redact_rule import BEGIN, Rule

__all__ = ["HEADER_RULES"]

_STRINGS = r"\"(?:\\(?s:.)|[^\"\\])*\"(?:\s*,\s*\"(?:\\(?s:.)|[^\"\\])*\")*"  # of a list in JSON
_PARAMETERS = r"(?:digest|hawk|oauth|mac|signature|aws4-hmac-sha256|sharedkey(?:lite)?|sharedaccesssignature|goog4-rsa-sha256|hmac)"
_VALUE = r"(?:<[a-z_]+>[^\s,;\"'\\<]*|\\*\"[^\"\\,}\]:\s][^\"\\]*\\*\"|[^\s,;\"'\\<]+)"
_HEADER = rf"({BEGIN}(?:authorization|x-(?:goog-)?iap-jwt-assertion)(?:\\*[\"'])?\s*(?:[:=,]|=>|%3a)(?:\s|%20|\+)*\[?\s*b?(?:\\*[\"'])?"

HEADER_RULES: tuple[Rule, ...] = (
    Rule(
        "authorization",
        r"(?:bearer|basic)(?:\s|%20|\+)",
        rf"(?i)({BEGIN}(?:bearer|basic))(?:\s+|%20|\+)(?:[A-Za-z0-9+/_.~=-]*(?:[0-9][A-Za-z+/_.~-]|[A-Za-z+/_.~-][0-9])[A-Za-z0-9+/_.~=-]{{6,}}"
        r"|[A-Za-z0-9+/_~=-]{24,})",
        "${1} <credential>",
    ),
    Rule(
        "authorization_parameters",  # Digest username="...", response="..."; AWS4-HMAC-SHA256 Credential=..., Signature=...
        r"authorization|assertion",
        rf"(?i){_HEADER}{_PARAMETERS})\s+[a-z_-]+={_VALUE}(?:[\s,;&]+[a-z_-]+={_VALUE})*",
        "${1} <credential>",
    ),
    Rule(
        "authorization_header",
        r"authorization|assertion",
        rf"(?i){_HEADER}(?:token|basic|bearer|digest|api-?key|key|negotiate|ntlm|kerberos|bot|jwt|genie-?key|ssws|splunk"
        r"|sharedkey(?:lite)?|googlelogin|dpop|gnap|privatetoken|sso-key|discogs|klaviyo-api-key)(?:\s|%20|\+)+)[^\s\"'\\,;<]+",
        "${1}<credential>",
    ),
    Rule(
        "authorization_plain",  # without a scheme: what looks like no word
        r"authorization|assertion",
        rf"(?i){_HEADER})[A-Za-z0-9+/_.~=-]*(?:[0-9][A-Za-z+/_-]|[A-Za-z+/_-][0-9])[A-Za-z0-9+/_.~=-]{{6,}}",
        "${1}<credential>",
    ),
    Rule(
        "header_pair",  # of a Python repr: (b'cookie', b'...')
        r"cookie|authorization|api-key|auth-token",
        r"(?i)(\\*[\"'](?:set-cookie|cookie|authorization|proxy-authorization|x-api-key|x-auth-token)\\*[\"'],\s*b?\\*[\"'])[^\"'<\\]+",
        "${1}<secret>",
    ),
    # {"http.request.header.cookie": ["...", "..."]}: OpenTelemetry keeps headers as lists
    Rule("cookie_list", r"cookie", rf"(?i)(\"[a-z0-9_.-]*cookie\"\s*:\s*\[\s*){_STRINGS}", '${1}"<cookie>"'),
    Rule(
        "cookie_map",  # cookies={'sid': '...'}, "cookies": {"sid": "..."}
        r"cookies(?:\\*[\"'])?\s*[:=]\s*\{",
        r"(?i)(cookies(?:\\*[\"'])?\s*[:=]\s*\{\s*\\*[\"'])[^{}<]*?(\\*[\"'])\s*\}",
        "${1}<cookie>${2}:0}",
    ),
    Rule(
        "authorization_list",
        r"authorization",
        r"(?i)(\"[a-z0-9_.-]*header\.(?:proxy-)?authorization\"\s*:\s*\[\s*\")(?:\\(?s:.)|[^\"\\<])+\"",
        '${1}<credential>"',
    ),
    Rule(
        "cookie",
        r"cookie",
        rf"(?i)({BEGIN}(?:set-)?cookie(?:\\*[\"'])?\s*(?:[:=]|=>|%3a)(?:\s|%20|\+)*\[?\s*(?:\\*[\"'])?)[A-Za-z0-9_.%-]+(?:=|%3d|\\+u003d)[^\s\"'\\]+(?:;\s*[^\s\"'\\;]+)*",
        "${1}<cookie>",
    ),
    Rule(
        "docker_auth",
        r"\"auth\\*\"\s*:\s*\\*\"",
        r"(\\*\"auth\\*\"\s*:\s*\\*\")[A-Za-z0-9+/=_-]{8,}(\\*\")",
        "${1}<credential>${2}",
    ),
)  # fmt: skip
