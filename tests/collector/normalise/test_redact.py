"""No secret is kept, no ordinary word is eaten, and one text and a column are redacted alike."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import ConfigError
from collector.normalise.redact import RULES, Redactor, Rule, for_columns, load_key

REDACTOR = Redactor(b"k" * 32)

# A text, and what of it must be gone.
SECRETS = [
    ("gcloud run deploy x --set-env-vars=MODE=hunter2 now", "hunter2"),
    ("gcloud run deploy x --update-env-vars MODE=a,OTHER=hunter2", "hunter2"),
    ('deploy --set-env-vars "^@^A=a b@B=hunter2 c" now', "hunter2"),
    ("deploy --set-env-vars 'A=it is \"hunter2\" now' x", "hunter2"),
    ('{"args":["--set-env-vars","A=hunter2"]}', "hunter2"),
    ('{"line":"run --set-env-vars=\\"A=b c,D=hunter2\\" x"}', "hunter2"),
    ("deploy --set-env-vars=^##^A=1##B=hunter2", "hunter2"),
    ("- --update-build-env-vars\n- A=hunter2", "hunter2"),
    ('{"password":"hunter2 is cut of', "is cut of"),
    ('{"message":"{\\"password\\":\\"hunter2', "hunter2"),
    ("password=hunter2 next", "hunter2"),
    ("connect with pwd=s3cr3t;host=db", "s3cr3t"),
    ("Authorization: Bearer abc123def456ghi789", "abc123def456ghi789"),
    ("Authorization: Basic dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE"),
    ("postgres://app:p4ss-w0rd@10.0.0.3/db", "p4ss-w0rd"),
    ('{"password":"x y z","a":1}', "x y z"),
    ('{"message":"{\\"api_key\\": \\"abc-def\\"}"}', "abc-def"),
    ("{'client_secret': 'qwertyuiop'}", "qwertyuiop"),
    ('{"key":"db.password","value":{"stringValue":"qwerty"}}', "qwerty"),
    ("SERVICE_SECRET=abcd", "abcd"),
    ('{"password":"ab\\"rest"}', "rest"),
    ('{"password":8812345678123}', "8812345678123"),
    ('{"env":[{"name":"DB_PASSWORD","value":"plain"}]}', "plain"),
    ("Authorization: Token abcdefgh", "abcdefgh"),
    ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    ("[(b'cookie', b'sid=qwerty')]", "qwerty"),
    ("run --password hunter2 now", "hunter2"),
    ("alter role app with password 'hunter2'", "hunter2"),
    ("GET https://x.example/a?key=0123456789abcdefXYZ", "0123456789abcdefXYZ"),
    ("\u00e9eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2ln", "eyJzdWIi"),
    ('{"password":"none at all"}', "at all"),
    ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "eyJhbGciOiJIUzI1NiJ9"),
    ("Cookie: sid=s%3Aabcdef; theme=dark", "s%3Aabcdef"),
    ("api_key: Zx9-81kdkd82jd", "Zx9-81kdkd82jd"),
    ("GET /cb?token=abc&x=1", "abc"),
    ("key AKIAABCDEFGHIJKLMNOP used", "AKIAABCDEFGHIJKLMNOP"),
    ("openai sk-proj-abcdefghijklmnop1234", "abcdefghijklmnop1234"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz"),
    ("hook https://hooks.slack.com/services/T000/B000/XXXXXXXX", "XXXXXXXX"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----", "MIIEow"),
    ("mail from Bob.Smith+x@mail.acme.example to ops", "Bob.Smith"),
    ("connect(host='a', password='hunter2')", "hunter2"),
    ('connect(password = "hunter 2")', "hunter 2"),
    ("UPDATE users SET api_key = 'it''s' WHERE id=1", "it'"),
    ("INSERT INTO users (name, password) VALUES ('a', 'hunter2'), ('b', 'x)y')", "hunter2"),
    ("INSERT INTO users (name, password) VALUES ('a', 'hunter2'), ('b', 'x)y')", "x)y"),
    ('mutation { login(password: "hunter") }', "hunter"),
    ('{"query":"login(password: \\"hunter\\")"}', "hunter"),
    ('{"http.request.header.x-api-key":["qwerty","asdfgh"]}', "asdfgh"),
    ('{"http.request.header.cookie":["sid=qwerty; a=b","c=zxcvbn"]}', "zxcvbn"),
    ('{"http.request.header.authorization":["qwerty"]}', "qwerty"),
    ('{"http.request.header.authorization":["Basic qwerty"]}', "qwerty"),
    ('{"reset.token":"qwerty"}', "qwerty"),
    ("token: 'q1w2e3r4'", "q1w2e3r4"),
]
# Texts that must come out as they went in.
ORDINARY = [
    "JWT_SECRET_KEY = not configured", "token=expired", "secret_version=latest",
    "SECRET_NAME=jwt-secret-staging:latest", "sk-learn-pipeline-training-component", "shop-sk-backend-00083-5xw",
    "digest 0123456789abcdef0123456789abcdef",
    "token expired", "secret: missing", "bearer token missing", "basic auth failed", "max_tokens=512", "monkey=3",
    "primary_key=id", "keys: a1b2c3d4", "JWT=REDACTED failed", "SERVICE_SECRET=REDACTED", "token=None",
    "password=null, retrying", "session expired for user 42", "the secret of good logs", "https://example.com/a?b=1",
    "user_id='service:billing'", "deployer@shop-staging.iam.gserviceaccount.com deployed", "3 tokens left",
    "No module named 'shop.auth.tokens'", "KeyError: 'access_token'", "@app.get('/x')", "key=value",
    "Unexpected token: 'export'", '{"missing_secrets":["DB_KEY","API_KEY"]}', "INSERT INTO a (b) VALUES ('c')",
    '{"hint":"enter password:","next":"b"}', '{"hint":"password=","next":"b"}', "password='' is empty",
]  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_gone(text: str, secret: str) -> None:
    assert secret not in REDACTOR.text(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_stay(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize("text", [text for text, _ in SECRETS] + ORDINARY)
def test_a_column_is_redacted_as_one_text_is(text: str) -> None:
    column = REDACTOR.frame(pl.Series("text", [None, text, "plain"]))

    assert column.to_list() == [None, REDACTOR.text(text), "plain"]


@pytest.mark.parametrize("text", [text for text, _ in SECRETS])
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = REDACTOR.text(text)

    assert REDACTOR.text(once) == once


@given(st.lists(st.sampled_from([part for text, _ in SECRETS for part in text.split(" ")] + ["\x01", "é", "\n", '"'])))
@settings(max_examples=60, deadline=None)
def test_both_ways_agree_on_any_mixture(parts: list[str]) -> None:
    text = " ".join(parts)

    assert REDACTOR.frame(pl.Series("text", [text])).to_list() == [REDACTOR.text(text)]


def test_one_person_stays_one_person_and_json_stays_json() -> None:
    first = REDACTOR.text("a@b.example said")

    assert first == REDACTOR.text("A@B.example said")
    assert first != REDACTOR.text("c@b.example said")


@pytest.mark.parametrize(
    "text",
    [
        "password='it",
        "a password=",
        "set password = 'a\"b' now",
        'password="a" b',
        "insert into a (token) values ('\"')",
    ],
)
def test_json_around_a_secret_stays_json(text: str) -> None:
    told = Redactor(b"k" * 32).text(json.dumps({"a": text, "it's": "next"}))

    assert set(json.loads(told)) == {"a", "it's"}


def test_another_key_gives_other_hashes() -> None:
    assert REDACTOR.hash("true") != Redactor(b"other key of this").hash("true")
    assert REDACTOR.hash("true") == Redactor(b"k" * 32).hash("true")
    assert 0 <= REDACTOR.number("x") < 1 << 64


def test_key_file_is_made_once_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGTRIAGE_HASH_KEY", raising=False)
    path = tmp_path / "store.key"

    first, second = load_key(path), load_key(path)

    assert first == second
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["store.key"]


def test_key_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_HASH_KEY", "one")

    assert load_key(tmp_path / "x.key") == load_key(tmp_path / "y.key")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["not hex", "abcd"])
def test_broken_key_file_is_a_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.delenv("LOGTRIAGE_HASH_KEY", raising=False)
    path = tmp_path / "store.key"
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"store\.key"):
        load_key(path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_rule_finds_passes_its_gate(rule: Rule, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(rule.single))
    column = pl.Series([text])

    if column.str.contains(rule.many).any():
        assert column.str.contains(for_columns(f"(?i){rule.gate}")).any()
