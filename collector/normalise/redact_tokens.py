"""Secrets that their own form betrays: private keys, JSON web tokens, tokens of known makers, hashes of passwords.

The prefixes are those that the makers publish so that scanners find what leaked.
"""

from collector.normalise.redact_rule import BEGIN, BEGIN_GATE, Rule

__all__ = ["TOKEN_RULES"]

# What begins a token, and what its rest is made of, by its maker.
_PREFIXED = (
    # clouds
    (r"(?:AKIA|ASIA|ABIA|ACCA|LTAI)", r"[A-Za-z0-9]{16,}"),
    ("AIza", r"[A-Za-z0-9_-]{16,}"),
    ("ya29\\.", r"[A-Za-z0-9_-]{16,}"),
    ("GOCSPX-", r"[A-Za-z0-9_-]{16,}"),
    ("1//0", r"[A-Za-z0-9_-]{20,}"),
    (r"do[opr]_v1_", r"[a-f0-9]{32,}"),
    (r"dapi", r"[a-f0-9]{16,32}(?:-\d)?"),
    (r"HRKU-", r"[A-Za-z0-9_-]{30,}"),
    (r"fm[12]_", r"[A-Za-z0-9+/=_-]{40,}"),
    (r"pscale_(?:tkn|pw|oauth)_", r"[A-Za-z0-9._=-]{20,}"),
    (r"sbp_", r"[a-f0-9]{40}"),
    (r"pul-", r"[a-f0-9]{40}"),
    (r"hv[sbr]\.", r"[A-Za-z0-9_-]{20,}"),
    (r"[A-Za-z0-9]{14}\.atlasv1\.", r"[A-Za-z0-9_=-]{40,}"),
    (r"dp\.(?:pt|st|ct|sa|scim|audit)\.", r"[A-Za-z0-9._-]{20,}"),
    # code and packages
    (r"gh[pousr]_", r"[A-Za-z0-9]{20,}"),
    ("github_pat_", r"[A-Za-z0-9_]{20,}"),
    (r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-", r"[A-Za-z0-9_.-]{16,}"),
    (r"AT(?:ATT|CTT|BB)[A-Za-z0-9]", r"[A-Za-z0-9_=-]{20,}"),
    ("npm_", r"[A-Za-z0-9]{20,}"),
    ("pypi-", r"[A-Za-z0-9_-]{20,}"),
    ("rubygems_", r"[a-f0-9]{40,}"),
    ("dckr_pat_", r"[A-Za-z0-9_-]{16,}"),
    ("AKCp", r"[A-Za-z0-9]{60,}"),
    ("CCIPAT_", r"[A-Za-z0-9_]{30,}"),
    ("bkua_", r"[a-f0-9]{40}"),
    # messages, mail, telephones
    (r"xox[abceoprs]-", r"[A-Za-z0-9-]{10,}"),
    (r"xoxe\.xox[bp]-", r"[A-Za-z0-9-]{10,}"),
    ("xapp-", r"[A-Za-z0-9-]{20,}"),
    (r"SG\.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("key-", r"[a-f0-9]{32}\b"),
    (r"[a-f0-9]{32}-us", r"[0-9]{1,2}\b"),
    ("xkeysib-", r"[a-f0-9]{40,}(?:-[A-Za-z0-9]+)?"),
    (r"(?:SK|AC)", r"[a-f0-9]{20,32}"),
    (r"(?:bot)?[0-9]{8,10}:AA", r"[A-Za-z0-9_-]{20,}"),
    (r"[A-Za-z0-9_-]{11,}:APA91b", r"[A-Za-z0-9_-]{60,}"),
    # payment and shops
    (r"(?:sk|rk)[-_](?:live|test|proj|ant|or|svcacct|admin)[-_]", r"[A-Za-z0-9_-]{10,}"),
    ("sk-", r"[A-Za-z0-9]{20,}"),
    ("whsec_", r"[A-Za-z0-9+/=]{16,}"),
    (r"shp(?:at|ca|pa|ss)_", r"[a-f0-9]{20,}"),
    (r"sq0(?:atp|csp)-", r"[A-Za-z0-9_-]{20,}"),
    (r"shippo_(?:live|test)_", r"[a-f0-9]{40}"),
    (r"access-(?:sandbox|development|production)-", r"[0-9a-f]{8}-[0-9a-f-]{27}"),
    # watching, models, work
    (r"gl(?:c|sa)_", r"[A-Za-z0-9+/=_-]{20,}"),
    ("NRAK-", r"[A-Z0-9]{27}"),
    (r"sntry[su]_", r"[A-Za-z0-9+/=_-]{30,}"),
    (r"dt0[a-z][0-9]{2}\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}"),
    ("hf_", r"[A-Za-z0-9]{20,}"),
    (r"(?:gsk|r8)_", r"[A-Za-z0-9]{30,}"),
    (r"(?:xai|pplx)-", r"[A-Za-z0-9]{40,}"),
    ("lin_(?:api|oauth)_", r"[A-Za-z0-9]{30,}"),
    ("ntn_", r"[A-Za-z0-9]{40,}"),
    ("figd_", r"[A-Za-z0-9_-]{40,}"),
    (r"[12]/[0-9]{14,}(?:/[0-9]{14,})?:", r"[a-f0-9]{32}"),
    (r"tskey-[a-z]{3,12}-", r"[A-Za-z0-9-]{20,}"),
    (r"pat[A-Za-z0-9]{14}\.", r"[a-f0-9]{64}"),
    ("ops_eyJ", r"[A-Za-z0-9+/=_-]{100,}"),
    # key files
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{20,}"),
    ("b3BlbnNzaC1rZXktdjE", r"[A-Za-z0-9+/=]{20,}(?:(?:\s|\\+[rn])+[A-Za-z0-9+/=]{20,})*"),
    (r"[A-Za-z0-9_~.]{3}[0-9]Q~", r"[A-Za-z0-9_~.-]{16,}"),
)  # fmt: skip
_GATED = (  # without counts, which make the search slow
    BEGIN_GATE
    + r"(?:a[ks]ia[a-z0-9]|abia[a-z0-9]|acca[a-z0-9]|ltai[a-z0-9]|aiza|ya29\.|gocspx-|1//0|do[opr]_v1_|dapi[a-f0-9]"
    r"|hrku-|fm[12]_|pscale_|sbp_|pul-[a-f0-9]"
    r"|hv[sbr]\.|dp\.[psca]|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-|at(?:att|ctt|bb)[a-z0-9]|npm_|pypi-"
    r"|rubygems_|dckr_pat_|akcp|ccipat_|bkua_|xox|xapp-|sg\.|xkeysib-|(?:sk|ac)[a-f0-9][a-f0-9][a-f0-9][a-f0-9][a-f0-9][a-f0-9][a-f0-9][a-f0-9]"
    r"|[sr]k[-_]|whsec_|shp(?:at|ca|pa|ss)_|sq0|shippo_|access-[sdp]|gl(?:c|sa)_|nrak-|sntry[su]_|dt0[a-z][0-9]|pmak-|hf_|gsk_|r8_"
    r"|xai-|pplx-|lin_|ntn_|figd_|tskey-|key-[a-f0-9][a-f0-9]|[12]/[0-9][0-9]|pat[a-z0-9]+\.[a-f0-9]|ops_eyj|age-secret-key-1|b3blbnnzac1rzxktdje)|\.atlasv1\.|[a-f0-9]-us[0-9]|[0-9]q~|[0-9]:aa|:apa91b"
)
_HOOKS = (
    r"hooks\.slack\.com(?:/|%2[Ff])(?:services|workflows|triggers)(?:/|%2[Ff])[A-Za-z0-9/_%-]+"
    r"|discord(?:app)?\.com(?:/|%2[Ff])api(?:/|%2[Ff])webhooks(?:/|%2[Ff])[0-9]+(?:/|%2[Ff])[A-Za-z0-9_-]+"
    r"|webhook\.office\.com/webhookb2/[A-Za-z0-9@/_-]+|chat\.googleapis\.com/v1/spaces/[^\s\"'<>\\]*[?&]key=[^\s\"'<>\\]+"
)

TOKEN_RULES: tuple[Rule, ...] = (
    Rule(
        "private_key",
        r"private key(?: block)?-----",
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----",
        "<private_key>",
    ),
    Rule(
        "private_key_cut",  # also in a form that was sent
        r"private(?: |%20|\+)key(?:(?: |%20|\+)block)?-----",
        r"-----BEGIN(?: |%20|\+)(?:[A-Z +]|%20)*PRIVATE(?: |%20|\+)KEY(?:(?: |%20|\+)BLOCK)?-----[^\"<>{}]*",
        "<private_key>",
    ),
    Rule(
        "private_key_end",  # of one whose beginning was cut off
        r"private key(?: block)?-----",
        r"[A-Za-z0-9+/=][A-Za-z0-9+/=\s\\]{15,}-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----",
        "<private_key>",
    ),
    Rule(
        "putty_key",
        r"private-lines:",
        r"(?i)(private-lines:\s*[0-9]+)(?:(?:\s|\\+[rn])+[A-Za-z0-9+/=]{16,})+",
        "${1} <private_key>",
    ),
    Rule(
        "jwt",
        r"eyj[a-z0-9]",
        rf"({BEGIN})eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{4,}}(?:\.[A-Za-z0-9_-]*){{0,3}}",
        "${1}<jwt>",
    ),
    Rule(
        "jwt_cut",  # {"alg, {"typ, {"kid, {"enc: no other JSON in base64 begins so
        r"eyj[a-z0-9]",
        rf"({BEGIN})eyJ(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|4NXQi)[A-Za-z0-9_-]*\.?",
        "${1}<jwt>",
    ),
    Rule(
        "known_key",
        _GATED + "|hooks\\.slack\\.com(?:/|%2f)|api(?:/|%2f)webhooks|webhookb2/|chat\\.googleapis\\.com/",
        f"({BEGIN})(?:" + "|".join(prefix + rest for prefix, rest in _PREFIXED) + "|" + _HOOKS + ")",
        "${1}<key>",
    ),
    Rule(
        "password_hash",
        r"\$(?:2[abxy]|argon2(?:id|i|d)|[1567y]|apr1)\$|(?:pbkdf2|scrypt|bcrypt)[_a-z0-9]*[$:]",
        r"(?:\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{20,}|\$argon2(?:id|i|d)\$[A-Za-z0-9+/=,$.-]{20,}"
        r"|\$(?:[1567y]|apr1)\$[./A-Za-z0-9=$,-]{20,}|\b(?:pbkdf2|scrypt|bcrypt)[_a-z0-9]*[$:][A-Za-z0-9+/=$:.,-]{20,})",
        "<password_hash>",
    ),
)  # fmt: skip
