"""Whatever a text holds, it is read in bounded time, and nothing is raised."""

# ruff: noqa: E501 - lines of traces are as long as their languages write them

import random
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.frames import exception_in_line, read_trace

SIZE = 262_144
HANGS_S = 60  # of processor: what grows with the square of these texts takes minutes, the rest well below a second
LINES = {
    "python": '  File "/app/a{n}.py", line {n}, in f{n}\n',
    "group": '  +-+---------------- {n} ----------------\n    |   File "/app/a.py", line 1, in f{n}\n    | ValueError: {n}\n',
    "chain": 'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f{n}\nE{n}: x\n\nDuring handling of the above\n\n',
    "node": "    at f{n} (/app/src/a{n}.ts:{n}:1)\n",
    "causes": "  [cause]: Error: {n}\n    at f{n} (/app/a.js:1:{n})\n",
    "java": "\tat com.shop.A{n}.f(A.java:{n})\n",
    "suppressed": "Caused by: a.b.CException: {n}\n\tSuppressed: a.b.DException: x\n\t\tat a.b.C.d(C.java:1)\n",
    "go": "main.f{n}(0x1)\n\t/app/a.go:{n} +0x1\n",
    "wrapped": "text {n}\nmain.f\n\t/app/a.go:{n}\n",
    "ruby": "a.rb:{n}:in `x{n}': m (T)\n\tfrom b.rb:{n}:in `y'\n",
    "dotnet": " ---> A.BException: {n}\n   at A.B{n}() in /x.cs:line {n}\n",
    "php": "#0 /a{n}.php({n}): f{n}()\n",
    "browser": "f{n}@https://shop.example/a.js:{n}:1\n",
}
BOMBS = [
    " ", "\n", "\\n", "\\", '":"', '":"\\n', "a.", "a/", "at ", "   at x\n", " at a (", "(", "XError: ", "Caused by: a.b.C: ",
    " ---> ", "#0 ", "Uncaught ", "+-", '  File "', "panic: ", "goroutine 1 [", "a.rb:", "@/", "@a://", "$$", "<", "a1", "\r",
    "│ ", ".func1", "[errors]: [\n", "Traceback (most recent call last)", "::", "<a>", "/gems/", "{closure", "`", "'",
]  # fmt: skip
STARTS = [
    "", "Error: x\n    at a (/b.js:1:2)\n", 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n',
    "a.b.CException: x\n\tat a.b.C.d(C.java:1)\n", "A.BException: x\n   at A.B.C() in /a.cs:line 1\n", "panic: x\n",
    "a.rb:1:in `x': m (T)\n", "PHP Fatal error:  Uncaught A: x in /a.php:1\n#0 ",
]  # fmt: skip


def seconds(text: str) -> float:
    started = time.process_time()
    read_trace(text)
    exception_in_line(text)
    return time.process_time() - started


def calls(text: str) -> int:
    """How many functions are called to read the text: the same on each machine, however busy."""
    counted = 0

    def count(_frame: object, event: str, _of: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        read_trace(text)
        exception_in_line(text)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_repeated_part_is_read_in_bounded_time(bomb: str) -> None:
    for start in STARTS[len(bomb) % 2 :: 2]:
        assert seconds(start + (bomb * SIZE)[:SIZE]) < HANGS_S


@pytest.mark.parametrize("bomb", BOMBS)
def test_many_long_lines_are_read_in_bounded_time(bomb: str) -> None:
    line = (bomb.replace("\n", " ") * 999)[:990]

    assert seconds("\n".join(f"{number}{line}{number}" for number in range(66)) + "\n" + STARTS[1]) < HANGS_S


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_hundred_thousand_frames_cost_no_more_than_what_is_read_of_them(name: str) -> None:
    few = "".join(LINES[name].format(n=number) for number in range(2_000))
    many = few * 50

    assert read_trace(many) is not None
    assert calls(many) < 2 * calls(few)


def test_of_a_long_trace_the_beginning_and_the_end_are_read() -> None:
    frames = LINES["python"].format(n=7) * 50_000
    first, last = (f'  File "/app/{name}.py", line 1, in go\n' for name in ("first", "last"))

    trace = read_trace(f"Traceback (most recent call last):\n{first}{frames}{last}ValueError: no bank")

    assert trace is not None
    assert (trace.leaf.type, trace.leaf.value) == ("ValueError", "no bank")
    assert (str(trace.leaf.frames[0]), str(trace.leaf.frames[-1])) == ("first:go", "last:go")
    assert len(trace.leaf.frames) < 2_000


def test_a_chain_deeper_than_any_stack_is_read() -> None:
    deep = "".join(
        f"  + Exception Group Traceback (most recent call last):\n  | ExceptionGroup: {n}\n  +-+---- 1 ----\n"
        for n in range(500)
    )

    trace = read_trace(deep + "    | ValueError: x")

    assert trace is not None
    assert trace.leaf.type in {"ValueError", "ExceptionGroup"}


def test_random_text_is_read_without_an_error() -> None:
    chance = random.Random(11)
    parts = [
        *BOMBS,
        *STARTS,
        *LINES.values(),
        "Caused by: ",
        "in ",
        "): ",
        "\t",
        "é",
        "\x00",
        "<number>",
        "<id>",
        "\u2028",
    ]

    for _ in range(2_000):
        text = "".join(chance.choice(parts) for _ in range(30))
        read_trace(text)
        exception_in_line(text)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    read_trace(f"Error: x\n    at a (b.js:1:2)\n{text}")
    read_trace(text)
    exception_in_line(text)
