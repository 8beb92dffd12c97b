"""Lines with planted secrets and lines without, made from a seed: nothing in the source looks like a secret.

`planted(seed)` gives each form of secret in each carrier it is met in; `clean(seed)` real-looking lines whose every word
must survive. Prefixes of makers are put together at run time, so that no scanner of this repository is alarmed.
"""

# ruff: noqa: E501, ARG005 - one line a form; each takes a random source

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

__all__ = ["CARRIERS", "FORMS", "Planted", "clean", "planted"]

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_WORDS = ("checkout", "retry", "worker", "ready", "upstream", "queue", "served", "closing", "accepted", "slow", "again")


@dataclass(frozen=True, slots=True)
class Planted:
    """A line, the secret in it as it is spelt there, and what both are."""

    form: str
    carrier: str
    text: str
    secret: str


def _signs(random_: random.Random, count: int, signs: str = _ALNUM) -> str:
    return "".join(random_.choices(signs, k=count))


def _mixed(random_: random.Random, count: int) -> str:
    """Letters and digits, both of them."""
    return random_.choice(string.ascii_letters) + random_.choice(string.digits) + _signs(random_, count - 2)


def _base64(random_: random.Random, count: int) -> str:
    return base64.b64encode(random_.randbytes(count)).decode()


def _web_token(random_: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": _signs(random_, 8), "iat": random_.randrange(10**9)})
    told = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*told, _signs(random_, 43)])


def _pem(random_: random.Random) -> str:
    body = "\n".join(_base64(random_, 48) for _ in range(4))
    kind = random_.choice(["", "RSA ", "EC ", "OPENSSH "])
    line = f"{kind}PRIVATE KEY-----"
    return f"-----BEGIN {line}\n{body}\n-----END {line}"


# Secrets that are known by their own form.
TOKENS: dict[str, Callable[[random.Random], str]] = {
    "jwt": _web_token,
    "aws key id": lambda r: "AK" + "IA" + _signs(r, 16, string.ascii_uppercase + string.digits),
    "gcp api key": lambda r: "AI" + "za" + _signs(r, 35),
    "google token": lambda r: "ya" + "29." + _signs(r, 60),
    "google client": lambda r: "GOC" + "SPX-" + _signs(r, 28),
    "github": lambda r: "gh" + r.choice("pousr") + "_" + _signs(r, 36),
    "github fine": lambda r: "github" + "_pat_" + _signs(r, 22) + "_" + _signs(r, 59),
    "gitlab": lambda r: "gl" + "pat-" + _signs(r, 20),
    "slack": lambda r: "xo" + "xb-" + _signs(r, 12, string.digits) + "-" + _signs(r, 24),
    "slack app": lambda r: "xa" + "pp-1-" + _signs(r, 11).upper() + "-" + _signs(r, 40),
    "slack hook": lambda r: (
        "https://hooks.slack.com/" + "services/T" + _signs(r, 8) + "/B" + _signs(r, 8) + "/" + _signs(r, 24)
    ),
    "discord hook": lambda r: "https://discord.com/api/" + f"webhooks/{r.randrange(10**17, 10**18)}/" + _signs(r, 60),
    "stripe": lambda r: "sk" + "_live_" + _signs(r, 24),
    "stripe hook": lambda r: "wh" + "sec_" + _signs(r, 32),
    "sendgrid": lambda r: "S" + "G." + _signs(r, 22) + "." + _signs(r, 43),
    "twilio": lambda r: "S" + "K" + _signs(r, 32, _HEX),
    "npm": lambda r: "np" + "m_" + _signs(r, 36),
    "pypi": lambda r: "py" + "pi-AgEI" + _signs(r, 60),
    "openai": lambda r: "sk" + "-proj-" + _signs(r, 48),
    "anthropic": lambda r: "sk" + "-ant-api03-" + _signs(r, 80),
    "vault": lambda r: "hv" + "s." + _signs(r, 24),
    "grafana": lambda r: "gl" + "sa_" + _signs(r, 32) + "_" + _signs(r, 8, _HEX),
    "sentry": lambda r: "sn" + "trys_" + _signs(r, 60),
    "shopify": lambda r: "sh" + "pat_" + _signs(r, 32, _HEX),
    "digitalocean": lambda r: "do" + "p_v1_" + _signs(r, 64, _HEX),
    "databricks": lambda r: "da" + "pi" + _signs(r, 32, _HEX),
    "hugging face": lambda r: "h" + "f_" + _signs(r, 34),
    "azure client": lambda r: _signs(r, 3) + "8Q" + "~" + _signs(r, 34),
    "telegram": lambda r: f"{r.randrange(10**8, 10**9)}:A" + "A" + _signs(r, 33),
    "age key": lambda r: "AGE-SECRET" + "-KEY-1" + _signs(r, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "bcrypt": lambda r: "$2b" + "$12$" + _signs(r, 53, "./" + _ALNUM),
    "argon2": lambda r: "$argon2id" + "$v=19$m=65536,t=3,p=4$" + _signs(r, 22) + "$" + _signs(r, 43),
    "private key": _pem,
}
# Names beside which a value is a secret, whatever it looks like.
NAMES = (
    "password", "db_password", "DB_PASSWORD", "passwd", "client_secret", "CLIENT_SECRET", "api_key", "apiKey", "X_API_KEY",
    "auth_token", "access_token", "refreshToken", "secret_key", "aws_secret_access_key", "private_key", "session_id",
    "JSESSIONID", "jwt_secret", "smtp.password", "pwd", "AccountKey", "SharedAccessKey", "csrf_token",
)  # fmt: skip


def _escaped(text: str, times: int) -> str:
    for _ in range(times):
        text = json.dumps({"message": text}, ensure_ascii=False)
    return text


# How a name and its value stand together. Gives the line and the secret as it is spelt there.
CARRIERS: dict[str, Callable[[str, str], str]] = {
    "key=value": lambda name, value: f"connect host=db {name}={value} port=5432",
    "spaced": lambda name, value: f"{name} = {value}",
    "json": lambda name, value: json.dumps({"event": "login", name: value, "port": 5432}),
    "json compact": lambda name, value: json.dumps({name: value, "n": 1}, separators=(",", ":")),
    "json in json": lambda name, value: _escaped(json.dumps({name: value, "n": 1}), 1),
    "json twice in json": lambda name, value: _escaped(json.dumps({name: value, "n": 1}), 2),
    "json cut": lambda name, value: json.dumps({"event": "login", name: value})[:-2],
    "json in json cut": lambda name, value: _escaped(json.dumps({"e": 1, name: value}), 1)[:-5],
    "python repr": lambda name, value: f"config: {{'host': 'db', '{name}': '{value}'}}",
    "python bytes": lambda name, value: f"config: {{'{name}': b'{value}'}}",
    "traceback with locals": lambda name, value: (
        f"File \"a.py\", line 3, in connect\n    {name} = '{value}'\n    port = 5432"
    ),
    "call": lambda name, value: f"TypeError: connect(host='db', {name}='{value}')",
    "java toString": lambda name, value: f"Settings{{host=db, {name}={value}, port=5432}}",
    "logfmt quoted": lambda name, value: f'level=info {name}="{value}" took=3ms',
    "query string": lambda name, value: f"GET /login?user=a&{name}={value}&next=%2Fhome HTTP/1.1",
    "query string escaped": lambda name, value: f'{{"url":"/login?user=a\\u0026{name}={value}\\u0026n=1"}}',
    "query string encoded": lambda name, value: f"GET /to?url=%2Flogin%3Fa%3D1%26{name}%3D{value}%26n%3D1",
    "env dump": lambda name, value: f"PATH=/usr/bin\nexport {name.upper().replace('.', '_')}={value}\nHOME=/root",
    "yaml": lambda name, value: f"db:\n  host: db\n  {name}: {value}\n  port: 5432",
    "yaml quoted": lambda name, value: f'db:\n  {name}: "{value}"\n',
    "yaml block": lambda name, value: f"{name}: |-\n  {value}\n",
    "xml": lambda name, value: f"<db><host>db</host><{name}>{escape(value)}</{name}></db>",
    "xml attribute": lambda name, value: f'<add key="{name}" value="{value}"/>',
    "html entities": lambda name, value: f"&quot;{name}&quot;:&quot;{value}&quot;,&quot;n&quot;:1",
    "cli option": lambda name, value: (
        f"run --verbose --{name.replace('_', '-').replace('.', '-').lower()} {value} --port 5432"
    ),
    "cli option =": lambda name, value: f"run --{name.replace('_', '-').replace('.', '-').lower()}={value} now",
    "ruby hash": lambda name, value: f'{{"host"=>"db", "{name}"=>"{value}"}}',
    "php dump": lambda name, value: f"    [{name}] => {value}\n    [port] => 5432",
    "go struct": lambda name, value: f"{{Host:db {name.title().replace('_', '').replace('.', '')}:{value} Port:5432}}",
    "header": lambda name, value: f"> X-{name.replace('_', '-').replace('.', '-')}: {value}\n> Accept: */*",
    "otlp attribute": lambda name, value: f'{{"key":"{name}","value":{{"stringValue":"{value}"}}}}',
    "k8s env": lambda name, value: json.dumps([{"name": name, "value": value}]),
    "sql": lambda name, value: f"UPDATE users SET {name.replace('.', '_')} = '{value}' WHERE id = 7",
    "unicode around": lambda name, value: f"größe→{name}={value}→終",
}
# Where a token that is known by its form may stand.
PLACES: dict[str, Callable[[str], str]] = {
    "alone": lambda token: token,
    "behind a colour": lambda token: f"\x1b[1;31m{token}\x1b[0m refused",
    "behind a colour in json": lambda token: json.dumps({"message": f"\x1b[31m{token}\x1b[0m refused"}),
    "on a line of its own in json": lambda token: json.dumps({"message": f"refused:\n{token}\r\nnext"}),
    "prose": lambda token: f"upstream refused {token} again",
    "quoted": lambda token: f"refused '{token}'.",
    "json": lambda token: json.dumps({"event": "refused", "value": token}),
    "json in json": lambda token: _escaped(json.dumps({"value": token}), 1),
    "header": lambda token: f"authorization: Bearer {token}" if "\n" not in token else f"key: {token}",
    "url": lambda token: f"GET /cb?v={token}&x=1" if "\n" not in token else token,
    "cut": lambda token: f"refused {token[: max(24, len(token) * 3 // 4)]}",
    "unicode around": lambda token: f"schlüssel→{token}→終",
}


def _login_forms(random_: random.Random) -> Iterator[Planted]:
    """Credentials in addresses and headers."""
    password = _mixed(random_, 14)
    odd = _mixed(random_, 8) + random_.choice("!#$*") + _mixed(random_, 4)
    user = "svc" + _signs(random_, 4, string.ascii_lowercase)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    for engine in ("postgres", "postgresql+psycopg2", "mysql", "mongodb+srv", "redis", "amqp", "mssql", "clickhouse"):
        yield Planted("dsn", engine, f"cannot reach {engine}://{user}:{password}@10.0.0.3:5432/shop?x=1", password)
        yield Planted("dsn odd signs", engine, f'{{"dsn":"{engine}://{user}:{odd}@db/shop"}}', odd)
        yield Planted("dsn with slash", engine, f"{engine}://{user}:{password}/x@db/shop", password)
        yield Planted(
            "dsn encoded", engine, f"to={quote(f'{engine}://{user}:{password}@db/shop', safe='')}&n=1", password
        )
    yield Planted("dsn", "go driver", f"{user}:{password}@tcp(10.0.0.3:3306)/shop", password)
    yield Planted("dsn", "oracle", f"jdbc:oracle:thin:{user}/{password}@//db:1521/x", password)
    yield Planted("dsn", "odbc", f"Server=db;Uid={user};Pwd={password};Port=1", password)
    key = _base64(random_, 64)
    yield Planted("dsn", "azure", f"AccountName=a;AccountKey={key};EndpointSuffix=x", key)
    yield Planted("url login", "https", f"GET https://{user}:{password}@git.example/a.git", password)
    key = _mixed(random_, 30)
    yield Planted("url login", "token alone", f"clone https://{key}@git.example/a.git", key)
    for scheme, value in (
        ("Basic", basic), ("Bearer", _signs(random_, 40)), ("Token", _signs(random_, 20)), ("ApiKey", _mixed(random_, 20)),
        ("Negotiate", _base64(random_, 40)), ("Digest", f'username="{user}", response="{password}"'),
        ("AWS4-HMAC-SHA256", f"Credential={user}/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature={password}"),
        ("Hawk", f'id="{user}", mac="{password}"'), ("", _mixed(random_, 32)),
    ):  # fmt: skip
        told = f"{scheme} {value}".strip()
        secret = password if password in value else value
        name = f"authorization {scheme}".strip()
        yield Planted(name, "header", f"> Authorization: {told}\n> Host: a", secret)
        yield Planted(name, "json", json.dumps({"authorization": told, "n": 1}), secret)
        yield Planted(name, "json in json", _escaped(json.dumps({"headers": {"Authorization": told}}), 1), secret)
        yield Planted(name, "python", repr({"Authorization": told}), secret)
    for name in ("Cookie", "Set-Cookie"):
        told = f"sid=s%3A{password}; Path=/; HttpOnly"
        yield Planted("cookie", "header", f"{name}: {told}", password)
        yield Planted("cookie", "json", json.dumps({name.lower(): told}), password)
        yield Planted("cookie", "json in json", _escaped(json.dumps({name: told}), 1), password)
        yield Planted("cookie", "python", f"[(b'{name.lower()}', b'{told}')]", password)
    yield Planted("cookie", "map", f"cookies={{'sid': '{password}', 'a': 'b'}}", password)
    key = quote(_base64(random_, 32), safe="")
    yield Planted("signed address", "azure", f"GET /b?sv=1&sig={key}&se=1", key)
    key = _signs(random_, 64, _HEX)
    yield Planted("signed address", "aws", f"/b?X-Amz-Signature={key}&x=1", key)
    for command in (f"curl -u {user}:{password} https://a", f"mysql -u root -p{password} shop",
                    f"redis-cli -h db -a {password} ping", f"sshpass -p {password} ssh a", f"login {user} password {password}"):  # fmt: skip
        yield Planted("command", command.split(" ", maxsplit=1)[0], f"sh -c {command}", password)
    for statement in (f"ALTER ROLE app WITH PASSWORD '{password}'", f"CREATE USER a IDENTIFIED BY '{password}'",
                      f"INSERT INTO users (name, password) VALUES ('{user}', '{password}')"):  # fmt: skip
        yield Planted("sql", statement.split(" ", maxsplit=1)[0], statement, password)


def _person_forms(random_: random.Random) -> Iterator[Planted]:
    """Addresses, cards and accounts of people."""
    name = _signs(random_, 7, string.ascii_lowercase)
    address = f"{name}.x+{random_.randrange(99)}@mail.example"
    for carrier, text in (
        ("prose", f"mail to {address} failed"), ("json", json.dumps({"user": address})),
        ("after escape", json.dumps({"m": f"a\n{address}"})), ("json in json", _escaped(json.dumps({"u": address}), 1)),
        ("quotes escaped twice", _escaped(json.dumps({"u": address}), 2)), ("encoded", f"GET /u?m={quote(address, safe='')}&n=1"),
        ("unicode escape", f'{{"u":"{address}"}}'.replace("@", "\\u0040")), ("html", f"<{address}>"),
        ("python", f"KeyError: '{address}'"), ("unicode around", f"für→{address}→終"),
    ):  # fmt: skip
        yield Planted("e-mail", carrier, text, name)
    digits = [4, *(random_.randrange(10) for _ in range(14))]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2])
    number = "".join(map(str, [*digits, -(sum(digits[-2::-2]) + doubled) % 10]))
    grouped = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    yield Planted("card", "grouped", f"paid with {grouped} today", grouped)
    yield Planted("card", "dashes", f"paid with {grouped.replace(' ', '-')}.", grouped.replace(" ", "-"))
    yield Planted("card", "named", json.dumps({"card_number": number}), number)
    account = _signs(random_, 18, string.digits)
    check = 98 - int(account + "131400") % 97
    yield Planted("iban", "plain", f"to DE{check:02d}{account} done", account)


def planted(seed: int) -> Iterator[Planted]:
    """Every form of secret in every carrier, once."""
    random_ = random.Random(seed)
    for form, make in TOKENS.items():
        for place, carry in PLACES.items():
            token = make(random_)
            yield Planted(form, place, carry(token), _core(token))
    for name in NAMES:
        for carrier, join in CARRIERS.items():
            for kind, value in (
                ("mixed", _mixed(random_, 12)),
                ("letters", _signs(random_, 10, string.ascii_lowercase)),
            ):
                yield Planted(f"named value, {kind}", carrier, join(name, value), value)
    for carrier in ("json", "json compact", "json in json", "json twice in json"):
        value = _mixed(random_, 6) + '"' + _mixed(random_, 6)
        yield Planted("named value with a quote", carrier, CARRIERS[carrier]("password", value), value[-6:])
    yield from _login_forms(random_)
    yield from _person_forms(random_)


def _core(token: str) -> str:
    """What of a token must be gone: its middle, so that a cut one counts as well."""
    if "\n" in token:
        return token.split("\n")[1][:20]
    return token[len(token) // 2 : len(token) // 2 + max(6, len(token) // 5)]


FORMS = (*TOKENS, "named value, mixed", "named value, letters")


def _uuid(random_: random.Random) -> str:
    digits = _signs(random_, 32, _HEX)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


# Lines of a healthy and of a failing system: each takes a random source.
_CLEAN: tuple[Callable[[random.Random], str], ...] = (
    lambda r: f"request {_uuid(r)} done in {r.randrange(900)} ms status={r.choice([200, 404, 503])}",
    lambda r: f"trace_id={_signs(r, 32, _HEX)} span_id={_signs(r, 16, _HEX)} sampled=true",
    lambda r: f"checked out {_signs(r, 40, _HEX)} of refs/heads/main",
    lambda r: f"pulled eu.example/shop@sha256:{_signs(r, 64, _HEX)} in {r.randrange(30)}s",
    lambda r: f"shop-backend-{r.randrange(10**5):05d}-{_signs(r, 3, string.ascii_lowercase)} takes 100 % of traffic",
    lambda r: f"pod/shop-{_signs(r, 9, _HEX)}-{_signs(r, 5, string.ascii_lowercase)} OOMKilled, exit code 137",
    lambda r: f'File "/srv/app/shop/{r.choice(_WORDS)}.py", line {r.randrange(400)}, in charge',
    lambda r: f"ImportError: No module named 'shop.{r.choice(_WORDS)}.tokens'",
    lambda r: "KeyError: 'access_token'",
    lambda r: "JWT_SECRET is not set",
    lambda r: f"psycopg2.OperationalError: connection to {r.randrange(1, 255)}.0.0.{r.randrange(1, 255)} refused (errno 111)",
    lambda r: f"code=DEADLINE_EXCEEDED grpc-status={r.randrange(16)} attempt={r.randrange(9)}",
    lambda r: f"websocket closed code={r.choice([1000, 1006, 1011])} reason=going away",
    lambda r: f"insertId={_signs(r, 16)} partition={r.randrange(64)} offset={r.randrange(10**9)}",
    lambda r: f'etag W/"{_signs(r, 24)}" matched',
    lambda r: f"thumbnail data:image/png;base64,{_base64(r, 60)} stored",
    lambda r: f"next page: eyJ{_signs(r, 30)} of 12",
    lambda r: f"version {r.randrange(9)}.{r.randrange(30)}.{r.randrange(9)}-rc1+build.{r.randrange(999)} started",
    lambda r: f"order {r.randrange(10**15, 10**16)} of customer {r.randrange(10**7)} confirmed at {1_700_000_000_000_000_000 + r.randrange(10**15)}",
    lambda r: f"GET /v1/orders/{_uuid(r)}?page=2&per_page=50&sort=key 200 {r.randrange(10**5)}b",
    lambda r: json.dumps({"event": r.choice(_WORDS), "key": _signs(r, 12), "n": r.randrange(99), "ok": True}),
    lambda r: json.dumps({"secret_name": "shop-db", "secret_version": "7", "max_tokens": 512, "token_type": "bearer"}),
    lambda r: f"SECRET_NAME=jwt-{r.choice(_WORDS)}:latest mounted at /secrets/jwt",
    lambda r: "token expired, please sign in again",
    lambda r: "Authorization header missing; bearer token required",
    lambda r: 'password authentication failed for user "shop"',
    lambda r: "401 invalid_grant: Token has been expired or revoked.",
    lambda r: f"cache key product:{r.randrange(10**6)}:v{r.randrange(9)} missed",
    lambda r: f"primary key violation: duplicate key value orders_pkey ({r.randrange(10**6)})",
    lambda r: f"deployer@shop-{r.choice(_WORDS)}.iam.gserviceaccount.com deployed revision {r.randrange(99)}",
    lambda r: f"npm ERR! lodash@{r.randrange(5)}.17.21 peer react@18.2.0",
    lambda r: f"at com.acme.auth.TokenFilter.doFilter(TokenFilter.java:{r.randrange(300)})",
    lambda r: f"goroutine {r.randrange(999)} [running]: main.(*Server).Authorize(0xc000{_signs(r, 6, _HEX)})",
    lambda r: f"Error: listen EADDRINUSE: address already in use :::{r.randrange(3000, 9000)}",
    lambda r: f"kafka topic=orders.{r.choice(_WORDS)} lag={r.randrange(10**6)} group=shop-{_signs(r, 5, _HEX)}",
    lambda r: f"arn:aws:iam::{r.randrange(10**11, 10**12)}:role/{r.choice(_WORDS)} assumed",
    lambda r: f"projects/p-{r.randrange(999)}/secrets/jwt-{r.choice(_WORDS)}/versions/{r.randrange(1, 40)} accessed",
    lambda r: f"session expired for user {r.randrange(10**6)}; basic auth disabled",
    lambda r: f"mac 02:42:{r.randrange(16, 99)}:{r.randrange(16, 99)}:0a:0b joined 2026-11-{r.randrange(1, 29):02d} 10:00:{r.randrange(60):02d}",
    lambda r: f"md5={_signs(r, 32, _HEX)} size={r.randrange(10**8)} file=/data/{_signs(r, 8)}.parquet",
    lambda r: f"https://shop.example:8443/api/v2/{r.choice(_WORDS)}?id={r.randrange(10**9)}#top answered 502",
    lambda r: f"usage: prompt_tokens={r.randrange(999)} completion_tokens={r.randrange(999)} total={r.randrange(2000)}",
    lambda r: f"sk-{r.choice(_WORDS)}-training-component ready; hf_{r.choice(_WORDS)} skipped",
    lambda r: f"SELECT password_hash FROM users WHERE id = {r.randrange(999)} took {r.randrange(99)}ms",
    lambda r: f"digest sha512-{_base64(r, 64)} does not match",
)  # fmt: skip


def clean(seed: int, rounds: int = 20) -> Iterator[str]:
    """Lines whose every word must survive."""
    random_ = random.Random(seed)
    for _ in range(rounds):
        for make in _CLEAN:
            yield make(random_)
