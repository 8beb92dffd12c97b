"""Secrets in addresses, on command lines and in SQL: logins in URLs and DSNs, signatures, options, statements."""

from collector.normalise.redact_rule import BEGIN, ESCAPE, Rule

__all__ = ["ADDRESS_RULES"]

_OPTIONS = (
    r"[a-z0-9]*(?:password|passwd|passphrase|pwd|token|secret|credential|session-?id"
    r"|(?:api|access|account|master|private|secret)-?key)"
)
_AND = r"(?:[?&]|\\+u0026|&amp;|%26|%3f)"  # before a parameter of an address
_ESCAPED_QUOTE = r"(?:\\+u002[27]|&(?:quot|apos|#3[49]);|%2[27])"
_ENVIRONMENT = r"--(?:(?:set|update)-(?:build-)?env-vars|from-literal)"  # options of gcloud and kubectl
# Databases and queues: what stands before the last @ of such an address is a login, whatever signs it has.
_ENGINES = (
    r"(?:postgres(?:ql)?(?:\+[a-z0-9]+)?|mysql(?:\+[a-z0-9]+)?|mariadb(?:\+[a-z0-9]+)?|mongodb(?:\+srv)?|rediss?|amqps?"
    r"|mssql(?:\+[a-z0-9]+)?|sqlserver|oracle(?:\+[a-z0-9]+)?|cockroachdb|clickhouse(?:\+[a-z0-9]+)?|nats|kafka|ldaps?"
    r"|smtps?|imaps?|ftps?|sftp|snowflake|redshift(?:\+[a-z0-9]+)?|trino|couchbases?|cassandra|influxdb|neo4j|bolt)"
)


ADDRESS_RULES: tuple[Rule, ...] = (
    Rule(
        "signed_url",
        r"(?:key|code|sig|signature|sid)(?:=|%3d|\\+u003d)",
        rf"(?i)((?:{_AND}(?:key|code|sig|signature)|{BEGIN}x-(?:goog|amz)-signature)(?:=|%3d|\\+u003d))"
        r"(?:[^&\s\"'\\<>%]|%(?:[013-9a-f][0-9a-f]|2[0-57-9a-f])){16,}",
        "${1}<secret>",
    ),
    Rule(
        "session",
        r"(?:key|code|sig|signature|sid)(?:=|%3d|\\+u003d)",
        rf"(?i)({BEGIN}(?:connect\.)?sid=)[A-Za-z0-9%._~-]*(?:[0-9][A-Za-z%]|[A-Za-z%][0-9])[A-Za-z0-9%._~+/=-]{{10,}}",
        "${1}<secret>",
    ),
    *(
        Rule(
            f"command_line_{name}",
            rf"-{_OPTIONS}(?:\s|=|\\*[\"'])",
            rf"(?i)((?:[^a-z0-9_.-]|\A|{ESCAPE})--?(?:[a-z0-9]+-)*{_OPTIONS}(?:\s+|=|\\*[\"']\s*,\s*){begin}){value}",
            "${1}<secret>",
        )
        for name, begin, value in (
            ("quoted", r"\\*[\"']", r"[^\"'<\\]+"),
            ("plain", "", r"[^\s\"'<\\-][^\s\"'\\]*"),
        )
    ),
    Rule(
        "command_user",  # curl -u NAME:PASSWORD
        r"curl\s",
        rf"(?i)({BEGIN}curl\s(?:[^\s|;<>]+\s+){{0,20}}?(?:-u|--user)(?:\s+|=)(?:\\*[\"'])?[^\s:\"'\\<]+:)[^\s\"'\\<]+",
        "${1}<password>",
    ),
    Rule(
        "command_short",  # mysql -pPASSWORD, redis-cli -a PASSWORD, sshpass -p PASSWORD
        r"(?:mysql(?:dump|admin|import|sh)?|mariadb|redis-cli|sshpass|mongosh?|docker login|ldap[a-z]+) [^|\n]*-[paw]",
        rf"(?i)({BEGIN}(?:(?:mysql(?:dump|admin|import|sh)?|mariadb)\s(?:[^\s\"'|;<>]+\s+){{0,12}}?-p"
        r"|redis-cli\s(?:[^\s\"'|;<>]+\s+){0,12}?-a\s+"
        r"|(?:sshpass|mongosh?|docker\slogin)\s(?:[^\s\"'|;<>]+\s+){0,12}?-p\s*|ldap[a-z]+\s(?:[^\s\"'|;<>]+\s+){0,12}?-w\s+)\\*[\"']?)"
        r"[^\s\"'\\<]+",
        "${1}<secret>",
    ),
    # --set-env-vars=MODE=a,OTHER=b: any value, whatever the name sounds of; also quoted, and as two words of a list
    *(
        Rule(
            f"environment_{name}",
            _ENVIRONMENT,
            rf"(?i)({_ENVIRONMENT}(?:[=\s]|\\?[\"']\s*,)\s*(?:-\s+)?{begin}){value}",
            "${1}<values>",
        )
        for name, begin, value in (
            ("quoted", '"', r"(?:\\(?s:.)|[^\"\\])+"),
            ("escaped", r"\\\"", r"(?:\\[^\"]|[^\"\\])+"),
            ("single", "'", "[^']+"),
            ("plain", "", r"[^\s\"'\\][^\s\"'\\]*"),
        )
    ),
    Rule(
        "sql_password",
        r"(?:password|identified\s[^\"']*(?:by|as))\s+\\*[\"']",
        rf"(?i)({BEGIN}(?:password|identified\s+(?:with\s+\S{{1,40}}\s+)?(?:by|as))\s+\\*[\"'])[^\"'<\\]+",
        "${1}<secret>",
    ),
    Rule(
        "sql_password_escaped",  # the quotes as \\u0027, &#39; or %27
        rf"(?:password|identified)(?:\s|%20|\+|by|as)+{_ESCAPED_QUOTE}",
        rf"(?i)((?:password|identified(?:\s|%20|\+)+(?:by|as))(?:\s|%20|\+)+{_ESCAPED_QUOTE}).+?({_ESCAPED_QUOTE})",
        "${1}<secret>${2}",
    ),
    Rule(
        "command_auth",  # of redis and of mail
        r"auth\\*\"?\s",
        rf"({BEGIN}AUTH\\*\"?\s+\\*\"?(?:(?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2)\s+|[a-z][a-z0-9_-]{{1,15}}\s+)?\\*\"?)"
        r"[A-Za-z0-9+/_.~=-]*(?:[0-9][A-Za-z+/]|[A-Za-z+/][0-9])[A-Za-z0-9+/_.~=-]{10,}",
        "${1}<secret>",
    ),
    Rule(
        "sql_insert",  # into columns of which one holds a secret: which of the values it is cannot be told
        r"values\s*\(",
        rf"(?i)({BEGIN}insert\s+into\s[^()]{{1,200}}\([^()]*(?:pass(?:word|wd|phrase)|secret|token|api_?key|credential)[^()]*\)"
        r"\s*values\s*)(?:\((?:'(?:\\.|[^'\"\\])*'|[^()'\"\\])*\)\s*,?\s*)+",
        "${1}(<values>)",
    ),
    Rule(
        "netrc",
        r"\blogin\s+\S+\s+password\s",
        rf"(?i)({BEGIN}login\s+\S+\s+password\s+)[^\s\"'\\<]+",
        "${1}<secret>",
    ),
    Rule(
        "dsn_credentials",
        r"://[^\s:\"'<>]*:[^\s\"'<>]+@",
        rf"(?i)\b({_ENGINES}://[^\s/:@\"'<>\\]*):[^\s\"'<>\\,]+@",
        "${1}:<password>@",
    ),
    Rule(
        "url_credentials",
        r"://[^\s:\"'<>]*:[^\s\"'<>]+@",
        r"(://[^\s/:@\"'<>\\]*):[^\s/?\"'<>\\]+@",
        "${1}:<password>@",
    ),
    Rule(
        "url_token",  # https://TOKEN@host
        r"://[a-z0-9_.~%-]+@",
        r"(?i)(://)[a-z0-9_.~%-]*(?:[0-9][a-z]|[a-z][0-9])[a-z0-9_.~%-]{14,}@",
        "${1}<credential>@",
    ),
    Rule(
        "url_credentials_encoded",  # a whole address as a value of another
        r"%3a%2f%2f[^\s&\"'<>]*%40",
        r"(?i)(%3a%2f%2f[a-z0-9_.~-]*%3a)(?:[a-z0-9_.~!*()+-]|%(?:[013-9a-f][0-9a-f]|2[0-9a-e]))+?%40",
        "${1}<password>%40",
    ),
    Rule(
        "driver_credentials",  # user:password@tcp(host:3306)/db
        r"@(?:tcp|udp|unix|cloudsql)[0-9]?\(",
        r"(?i)\b([a-z0-9_.-]+:)[^\s\"'<>\\]+?@(tcp[0-9]?|udp|unix|cloudsql)\(",
        "${1}<password>@${2}(",
    ),
    Rule(
        "oracle_credentials",  # jdbc:oracle:thin:user/password@host
        r"oracle:(?:thin|oci)",
        r"(?i)\b(oracle:(?:thin|oci[0-9]?):[a-z0-9_.-]+/)[^\s\"'<>\\]+@",
        "${1}<password>@",
    ),
)  # fmt: skip
