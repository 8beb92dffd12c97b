"""Secrets that the name beside them betrays: password=..., "api_key": "...", <token>...</token>, in every notation.

What such a name holds is a secret unless it is a word about one (`token=expired`), its name, its version or its place.
"""

# ruff: noqa: E501 - a pattern that is cut reads no better

from collector.normalise.redact_rule import SHIELD, Rule, inside_quotes

__all__ = ["NAME_RULES"]

_NAMES = (
    r"(?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key"
    r"|signing[_-]?key|encryption[_-]?key|encrypt[_-]?key|master[_-]?key|shared[_-]?key|shared[_-]?access|subscription[_-]?key"
    r"|functions[_-]key|auth[_-]?key|ssh[_-]?key|license[_-]?key|webhook[_-]?key|secret[_-]?key|credential|auth[_-]?token|access[_-]?token"
    r"|refresh[_-]?token|id[_-]?token|session[_-]?token|session[_.-]?id|sessid|session[_-]?cookie|bearer[_-]?token"
    r"|csrf[_-]?token|xsrf[_-]?token|client[_-]?secret)[a-z0-9_-]*"
    r"|[a-z0-9_.-]*(?:token|pwd|jwt|mnemonic|seed[_-]phrase|pin[_-]?code|otp|totp)"
    r"|passcode|authtoken|pgpass|_auth|[a-z0-9_.-]*(?:passwort|kennwort|contrase(?:ñ|n|\\+u00f1)a|senha|wachtwoord"
    r"|mot_?de_?passe|пароль|密码|密碼|パスワード))"
)
# Of these a value in quotes is a secret, whatever it looks like, also behind a colon.
_PASSWORDS = r"(?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret)[a-z0-9_-]*|pwd)"
# Of these even a plain word on a line of YAML of its own.
_YAML = (
    r"[a-z0-9_.-]*(?:password|passwd|passphrase|pwd|client[_-]?secret|(?:api|access|account|private|secret|encryption|signing)[_-]?key"
    r"|(?:auth|access|refresh|id|csrf|api|bot|bearer)[_-]?token|session[_-]?id)"
)
# Of a field of Go's or Java's own notation: {User:bob Password:hunter}
_FIELDS = (
    r"(?:[A-Z](?i:[a-z0-9]*(?:password|passwd|passphrase|pwd|secret|token|apikey|accesskey|accountkey|secretkey|sessionid))"
    r"|Password|Passwd|Passphrase|Pwd|Secret|Token|APIKey|ApiKey)"
)
_STRINGS = r"\"(?:\\(?s:.)|[^\"\\])*\"(?:\s*,\s*\"(?:\\(?s:.)|[^\"\\])*\")*"  # of a list in JSON
# What a secret-sounding name may hold without being a secret: a word about it, not a value.
_WORDS = (
    r"(?:redacted|none|null|nil|undefined|true|false|missing|empty|unset|not|expired|invalid|required|revoked|rotated"
    r"|unknown|unavailable|configured|found|absent|present|incorrect|wrong|mismatch|changed|updated|default|optional"
    r"|malformed|rejected|denied|failed|provided|unauthorized|valid|ok|set|yes|no|string|str|\*+|x{3,})"
)
# What is told of a secret and is none: its name, its version, where it lies.
_ABOUT = (
    r"[a-z0-9_.-]*(?:secret|token|key|password|credential|jwt|otp)[a-z0-9_-]*"
    r"[_-](?:name|version|ref|path|file|length|len|count|type|ttl|expiry|age|expires(?:_?(?:in|at))?|url|uri|endpoint|status"
    r"|size|limit|usage|policy|enabled|required|id_version|ms|secs?|seconds|minutes|bytes|total|hits|misses|errors|retries)"
)
_ENTITY = r"(?:&(?:quot|apos|#3[49]);|%2[27]|\\+u002[27])"  # a quote, escaped for a page, an address, or by Gson
_IS = r"(?:=>|[=:]|\\+u003[ad]|%3[ad])"  # joins a name to its value; Gson and Go escape it, addresses too
_Q = r"(?:\\*[\"'])"
_VALUE = r"(?:[^\s\"'\\,;&|)\]}<>*%\x01]|%(?:[013-9a-f][0-9a-f]|2[0-57-9a-f])|%(?:[^0-9a-f\s\"'\\]|\z))"
_MIXED = r"[A-Za-z0-9+/_.~-]*(?:[0-9][A-Za-z+/_-]|[A-Za-z+/_-][0-9])[A-Za-z0-9+/_.~=-]{4,}"
# A secret-sounding name with what joins it to a value: every rule on names needs both.
_NAMED = (
    r"(?:passw(?:or)?d|passphrase|passcode|secret|[a-z][_-]?key|shared[_-]?access|credential|token|sessid|session[_.-]?(?:id|cookie)|pwd|jwt"
    rf"|mnemonic|seed[_-]phrase|pin[_-]?code|otp|pgpass|_auth|passwort|kennwort|contrase(?:ñ|n|\\+u00f1)a|senha|wachtwoord|mot_?de_?passe|пароль|密码|密碼|パスワード)[a-z0-9_.-]*(?:{_Q}|{_ENTITY}|\])?\s*(?:{_IS}|,\s*{_Q}value)"
    r"|\b(?:pass|pw|auth)="
)
_ELEMENT = r"<(?:[a-z0-9_-]+:)?[a-z0-9_.-]*(?:pass|secret|key|credential|token|session|pwd)[a-z0-9_.-]*(?:\s[^<>]*)?>"
_LT, _GT = r"(?:&lt;|%3c|\\+u003c)", r"(?:&gt;|%3e|\\+u003e)"
_OPEN = rf"<(?:[a-z0-9_-]+:)?{_NAMES}(?:\s[^<>]*)?>"


def _json(depth: int) -> Rule:
    """The rule of a name and its value in JSON that stands `depth` times in a string of JSON; a quote inside is no end."""
    quote, value = inside_quotes(depth)
    return Rule(
        f"named_json_{depth}",
        _NAMED,
        rf"(?i)({quote}{_NAMES}{quote}\s*:\s*{quote}){value}({quote})",
        "${1}<secret>${2}",
    )


NAME_RULES: tuple[Rule, ...] = (
    Rule(
        "shield_words",
        _NAMED,
        rf"(?i)\b({_NAMES}{_Q}?\]?\s?{_IS}\s?)({_WORDS}(?:[\s,;&|)\]}}\"'\\<>.%]|\z))",
        "${1}" + SHIELD + "${2}",
    ),
    Rule(
        "shield_quoted_words",
        _NAMED,
        rf"(?i)\b({_NAMES}{_Q}?\s?{_IS}\s?{_Q})({_WORDS}{_Q})",
        "${1}" + SHIELD + "${2}",
    ),
    Rule("shield_about", _NAMED, rf"(?i)\b({_ABOUT}{_Q}?\s?{_IS}\s?{_Q}?)", "${1}" + SHIELD),
    Rule(
        "named_json",
        _NAMED,
        rf"(?i)(\"{_NAMES}\"\s*:\s*\")(?:\\(?s:.)|[^\"\\\x01])+\"",
        '${1}<secret>"',
    ),
    _json(1),
    _json(2),
    # what is told in lists of many is mostly their names
    Rule(
        "shield_many",
        _NAMED,
        r"(?i)(\"[a-z0-9_.-]*(?:secrets|tokens|keys|credentials|passwords)\"\s*:\s*)(\[)",
        "${1}" + SHIELD + "${2}",
    ),
    Rule("named_list", _NAMED, rf"(?i)(\"{_NAMES}\"\s*:\s*\[\s*){_STRINGS}", '${1}"<secret>"'),
    Rule("named_number", _NAMED, rf"(?i)(\"{_NAMES}\"\s*:\s*)-?[0-9]{{5,}}[0-9.eE+-]*", '${1}"<secret>"'),
    # "password": "value" in JSON, also escaped inside a string, 'password': 'value' of a Python repr, => of Ruby and PHP
    Rule(
        "named_quoted",
        _NAMED,
        rf"(?i)({_Q}{_NAMES}{_Q}\s*(?:[:=]|=>)\s*b?)({_Q})(?:\\+[^\"'\\]|[^\"'\\\x01])+?({_Q})",
        "${1}${2}<secret>${3}",
    ),
    # the same where the text breaks off before the value ends
    Rule(
        "named_cut",
        _NAMED,
        rf"(?i)({_Q}{_NAMES}{_Q}\s*(?:[:=]|=>)\s*{_Q})(?:\\[^\"']|[^\"'\\\x01])+\\*\z",
        "${1}<secret>",
    ),
    # {"key":"db.password","value":{"stringValue":"..."}}: an attribute of OTLP; {"name":"DB_PASSWORD","value":"..."}
    Rule(
        "named_attribute",
        _NAMED,
        rf"(?i)({_Q}(?:key|name){_Q}\s*:\s*{_Q}{_NAMES}{_Q}\s*,\s*{_Q}value{_Q}\s*:\s*(?:\{{\s*{_Q}stringValue{_Q}\s*:\s*)?)({_Q})"
        rf"(?:\\\"|\\+[^\"'\\]|[^\"\\\x01])+?({_Q})",
        "${1}${2}<secret>${3}",
    ),
    # password='value', token = "value", password: "value" in running text and in SQL. A quote that ends a string of
    # JSON is followed by what none of these values begins with.
    Rule(
        "named_single",
        _NAMED,
        rf"(?i)\b((?:{_NAMES}\]?\s?(?:=>?|\\+u003d)|{_PASSWORDS}:)\s?b?')(?:\\.|[^'\"\\<\x01\n])(?:\\.|[^'\"\\\n])*",
        "${1}<secret>",
    ),
    Rule(
        "named_double",
        _NAMED,
        rf"(?i)\b((?:{_NAMES}\]?\s?(?:=>?|\\+u003d)|{_PASSWORDS}:)\s?b?\\*\")[^\"\\<\x01,}}\]:\s][^\"\\\n]*",
        "${1}<secret>",
    ),
    Rule("named_braces", _NAMED, r"(?i)\b((?:password|pwd)\s?=\s?\{)[^{}<\"'\\]+\}", "${1}<secret>}"),  # of ODBC
    Rule(
        "named_dump",  # [password] => value of print_r
        _NAMED,
        rf"(?i)(\[{_Q}?{_NAMES}{_Q}?(?::[a-z]+)?\]\s*=>\s*)[^\s\"'\\<>\x01]+",
        "${1}<secret>",
    ),
    Rule(
        "named_entity",  # &quot;password&quot;:&quot;value&quot;
        _NAMED,
        rf"(?i)({_NAMES}{_ENTITY}?\s*(?:[:=]|%3a|%3d|\\+u003[ad])(?:>|{_GT})?(?:\s|%20|\+)*{_ENTITY}).+?({_ENTITY})",
        "${1}<secret>${2}",
    ),
    Rule(
        "element_escaped",  # &lt;password&gt;value&lt;/password&gt;
        rf"{_LT}[a-z0-9_.-]*(?:pass|secret|key|credential|token|session|pwd)",
        rf"(?i)({_LT}{_NAMES}{_GT})[^<]+?({_LT}(?:/|%2f))",
        "${1}<secret>${2}",
    ),
    # password=value, token=value, api_key: value9 in running text
    Rule("named_plain", _NAMED, rf"(?i)\b({_NAMES}\s?(?:=|\\+u003d|%3d)\s?){_VALUE}+", "${1}<secret>"),
    Rule("named_pass", _NAMED, rf"(?i)\b((?:pass|pw|auth)=){_MIXED}", "${1}<secret>"),
    Rule("named_colon", _NAMED, rf"(?i)\b({_NAMES}:\s?{_Q}?){_MIXED}", "${1}<secret>"),
    Rule(  # clientSecret -> value; without blanks it is a pointer of C or PHP
        "named_arrow",
        r"(?:pass|pwd|secret|key|token|credential)[a-z0-9_.-]*\s(?:->|→)\s",
        rf"(?i)\b({_NAMES}\s(?:->|→)\s{_Q}?){_MIXED}",
        "${1}<secret>",
    ),
    Rule(
        "named_short",  # password: Hunter2!
        _NAMED,
        r"(?i)\b((?:[a-z0-9_.-]*(?:password|passwd|passphrase|passwort|kennwort|contraseña|senha)|pwd):\s?)"
        r"(?:[^\s\"'\\,;<>/\x01][^\s\"'\\,;<>\x01]*)?(?:[0-9][a-z!@#$^&*+_-]|[a-z!@#$^&*+_-][0-9])[^\s\"'\\,;<>\x01]*",
        "${1}<secret>",
    ),
    Rule(
        "named_header",  # X-Api-Key: value
        _NAMED,
        rf"(?i)\b(x-[a-z0-9-]*(?:key|token|secret|password|passwd|pwd|session-?id|auth){_Q}?\s*[:=]\s*{_Q}?)[^\s\"'\\,;<\x01]+",
        "${1}<secret>",
    ),
    Rule("named_field", _NAMED, rf"((?:[\s{{&(,]|\A)(?:{_FIELDS}):)[^\s\"'\\,;<>{{}}()\[\]\x01]{{3,}}", "${1}<secret>"),
    Rule(
        "named_yaml",
        _NAMED,
        rf"(?i)((?:\n|\\+n)[ \t-]*(?:- )?{_Q}?{_YAML}{_Q}?:[ \t]+{_Q}?)[^\s\"'\\<>\x01|\[{{$&*!][^\s\"'\\\x01]*",
        "${1}<secret>",
    ),
    Rule(
        "named_block",  # password: |-
        _NAMED,
        rf"(?i)\b({_YAML}:[ \t]*[|>][+-]?(?:\n|\\+n)[ \t]*)[^\s\"'\\<>]+",
        "${1}<secret>",
    ),
    Rule(
        "element",  # <password>value</password>; <password> alone may be what another rule wrote
        _ELEMENT,
        rf"(?i)({_OPEN})(?:<!\[CDATA\[)?[^<]+?(?:\]\]>)?(</(?:[a-z0-9_-]+:)?{_NAMES}>)",
        "${1}<secret>${2}",
    ),
    Rule("element_cut", _ELEMENT, rf"(?i)(>\s*{_OPEN})(?:<!\[CDATA\[)?[^<\"\\]+\z", "${1}<secret>"),
    Rule(
        "element_attribute",  # <add key="Password" value="..."/>, <property name="password">...</property>
        r"(?:key|name)=\\*[\"'][^\"'<>]*(?:pass|secret|key|credential|token|session|pwd)[^\"'<>]*\\*[\"']",
        rf"(?i)(\b(?:key|name)={_Q}{_NAMES}{_Q}\s+value={_Q}|\b(?:key|name)={_Q}{_NAMES}{_Q}\s*>)[^\"'<>\\]+",
        "${1}<secret>",
    ),
)  # fmt: skip
