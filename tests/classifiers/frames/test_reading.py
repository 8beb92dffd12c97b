"""Stack traces of several languages become exceptions and frames without places and line numbers."""

import pytest

from classifiers.frames import Trace, exception_in_line, read_trace

PYTHON = """cannot pay
Traceback (most recent call last):
  File "/app/shop/pay.py", line 12, in pay
    from shop.bank import charge
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
ModuleNotFoundError: No module named 'shop.bank'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/app/shop/main.py", line 3, in <module>
    start()
RuntimeError: cannot start
because of a module"""

GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "/app/shop/main.py", line 3, in serve
  |     async with group:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/shop/b.py", line 3, in work
    | ValueError: bad
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/app/shop/c.py", line 9, in rest
    | KeyError: 'x'
    +------------------------------------"""

JAVA = """org.springframework.web.client.HttpServerErrorException: 503 Service Unavailable
\tat com.shop.pay.Cashier$$EnhancerBySpringCGLIB$$1a2b.charge(Cashier.java:45)
\tat com.shop.pay.Desk.lambda$open$3(Desk.kt:138)
\tat java.base/jdk.internal.reflect.Method.invoke(Method.java:103)
Caused by: java.net.ConnectException: Connection refused
\tat com.shop.net.Line.open(Line.java:7)
\t... 51 common frames omitted"""

NODE = """TypeError: bank.charge(...).then is not a function
    at Cashier.pay (/usr/src/app/dist/cashier.js:586:25)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async Desk.open (/usr/src/app/dist/desk.js:5:1)
    at async /usr/src/app/node_modules/@nestjs/core/router.js:46:28"""

GO = """panic: runtime error: invalid memory address or nil pointer dereference [recovered]
goroutine 17 [running]:
net/http.(*conn).serve.func1()
\t/usr/local/go/src/net/http/server.go:1850 +0xbf
github.com/shop/orders/internal.(*Desk).Open(0xc000, {0x1, 0x2})
\t/src/internal/desk.go:12 +0x1d
main.main()
\t/src/main.go:3 +0x1"""


def trace_of(text: str) -> Trace:
    trace = read_trace(text)
    assert trace is not None
    return trace


class TestPython:
    def test_the_leaf_of_a_chain_is_the_exception_that_began_it(self) -> None:
        trace = trace_of(PYTHON)

        assert (trace.leaf.type, trace.leaf.value) == ("ModuleNotFoundError", "No module named 'shop.bank'")
        assert trace.leaf.in_app(3) == ("shop.pay:pay",)
        assert trace.head == "cannot pay"
        assert [one.type for one in trace.chain] == ["ModuleNotFoundError", "RuntimeError"]

    def test_library_frames_are_told_apart_and_a_text_may_have_several_lines(self) -> None:
        outer = trace_of(PYTHON).chain[1]

        assert [(frame.module, frame.is_in_app) for frame in outer.frames] == [
            ("gunicorn.arbiter", False),
            ("shop.main", True),
        ]
        assert outer.value == "cannot start\nbecause of a module"

    def test_leaves_of_a_group_are_its_members_in_an_order_of_their_own(self) -> None:
        first = trace_of(GROUP)
        swapped = (
            GROUP.replace("ValueError: bad", "!")
            .replace("KeyError: 'x'", "ValueError: bad")
            .replace("!", "KeyError: 'x'")
        )

        assert [one.type for one in first.chain] == ["KeyError", "ValueError", "ExceptionGroup"]
        assert [one.type for one in trace_of(swapped).chain] == ["KeyError", "ValueError", "ExceptionGroup"]

    def test_line_numbers_and_the_place_of_installation_do_not_count(self) -> None:
        moved = PYTHON.replace("line 12", "line 99").replace("/app/", "/home/ann/")

        assert trace_of(moved).leaf.frames == trace_of(PYTHON).leaf.frames

    def test_recursion_is_told_once(self) -> None:
        deep = (
            "Traceback (most recent call last):\n"
            + '  File "/app/a.py", line 1, in go\n    go()\n' * 50
            + "RecursionError: too deep"
        )

        assert trace_of(deep).leaf.in_app(3) == ("a:go",)

    def test_line_ends_written_as_two_characters_count(self) -> None:
        assert trace_of(PYTHON.replace("\n", "\\n")).leaf == trace_of(PYTHON).leaf

    def test_a_trace_without_its_beginning_still_gives_what_is_left(self) -> None:
        rest = PYTHON[PYTHON.index("  File") : PYTHON.index("\n\nDuring")]

        assert trace_of(rest).leaf.type == "ModuleNotFoundError"


class TestOthers:
    def test_java_cause_is_the_leaf_and_generated_names_are_cleaned(self) -> None:
        trace = trace_of(JAVA)

        assert trace.language == "java"
        assert (trace.leaf.type, trace.leaf.in_app(3)) == ("ConnectException", ("com.shop.net.Line:open",))
        assert trace.chain[1].type == "HttpServerErrorException"
        assert [str(frame) for frame in trace.chain[1].frames if frame.is_in_app] == ["com.shop.pay.Desk:open"]

    def test_node_frames_end_with_the_innermost(self) -> None:
        trace = trace_of(NODE)

        assert (trace.language, trace.leaf.type) == ("node", "TypeError")
        assert trace.leaf.value == "bank.charge(...).then is not a function"
        assert trace.leaf.in_app(3) == ("desk:Desk.open", "cashier:Cashier.pay")

    def test_node_cause_is_the_leaf(self) -> None:
        caused = NODE + " {\n  [cause]: Error: no line\n      at ring (/usr/src/app/dist/phone.js:1:2)\n}"

        assert [one.type for one in trace_of(caused).chain] == ["Error", "TypeError"]

    def test_go_panic_has_its_text_and_the_frames_of_its_own_routine(self) -> None:
        trace = trace_of(GO)

        assert (trace.language, trace.leaf.type) == ("go", "runtime error")
        assert trace.leaf.value == "invalid memory address or nil pointer dereference"
        assert trace.leaf.in_app(3) == ("main:main", "github.com/shop/orders/internal:(*Desk).Open")

    @pytest.mark.parametrize("text", ["", "cannot pay", "look at the file", "a\n  b at c\n", "Traceback of the order"])
    def test_text_without_a_trace_gives_none(self, text: str) -> None:
        assert read_trace(text) is None


class TestExceptionInLine:
    def test_the_innermost_named_exception_is_given(self) -> None:
        found = exception_in_line("cannot pay: RuntimeError: no bank: psycopg2.OperationalError: server closed")

        assert found
        assert (found.type, found.value) == ("OperationalError", "server closed")

    @pytest.mark.parametrize("text", ["cannot pay: no bank", "Error budget spent", "Timeout of 3 s"])
    def test_a_line_that_names_none_gives_none(self, text: str) -> None:
        assert exception_in_line(text) is None
