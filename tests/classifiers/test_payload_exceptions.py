"""Exceptions are found in the fields of structured entries, whatever logger wrote them."""

# ruff: noqa: E501 - payloads stand on one line each, as loggers write them

import json
import random
import time
from typing import Any

import polars as pl
import pytest

from classifiers.frames import read_trace
from classifiers.masks import mask
from classifiers.payload_exceptions import exceptions_in_payloads
from tests.support.stacks import TRACES

V8 = "TypeError: no bank\n    at pay (/app/src/pay.ts:3:4)\n    at node:internal/x:1:2"
JVM = "com.shop.PayException: no bank\n\tat com.shop.Desk.open(Desk.java:12)"
CLR = "System.IO.IOException: no bank\n   at Shop.Desk.Open() in /src/Desk.cs:line 12"
GO = "main.pay\n\t/app/main.go:12\nruntime.goexit\n\t/usr/local/go/src/runtime/asm_amd64.s:1598"
PY = 'Traceback (most recent call last):\n  File "/app/shop/pay.py", line 3, in pay\nValueError: no bank'


def told(payload: dict[str, Any]) -> str | None:
    found = exceptions_in_payloads(pl.Series([json.dumps(payload)]))
    return None if found[0] is None else str(mask(found)[0])


def leaves(payload: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    text = told(payload)
    trace = read_trace(text or "")
    assert trace is not None, text
    return [(one.type, one.in_app(3)) for one in trace.leaves]


def frame(file: str, function: str, line: int, **more: Any) -> dict[str, Any]:
    return {"filename": file, "function": function, "lineno": line, **more}


SHAPES: dict[str, tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = {
    "pino": ({"level": 50, "msg": "m", "err": {"type": "TypeError", "message": "no bank", "stack": V8}},
             ("TypeError", ("pay:pay",))),
    "winston": ({"level": "error", "message": "m", "stack": V8}, ("TypeError", ("pay:pay",))),
    "bunyan": ({"v": 0, "msg": "m", "err": {"name": "TypeError", "message": "no bank", "stack": V8, "code": "EBANK"}},
               ("TypeError", ("pay:pay",))),
    "datadog": ({"error.kind": "TypeError", "error.message": "no bank", "error.stack": V8}, ("TypeError", ("pay:pay",))),
    "logstash": ({"message": "m", "level": "ERROR", "stack_trace": JVM}, ("PayException", ("com.shop.Desk:open",))),
    "ecs": ({"error": {"type": "com.shop.PayException", "message": "no bank",
                       "stack_trace": JVM.partition("\n")[2]}}, ("PayException", ("com.shop.Desk:open",))),
    "ecs_flat": ({"error.type": "com.shop.PayException", "error.message": "no bank", "error.stack_trace": JVM},
                 ("PayException", ("com.shop.Desk:open",))),
    "log4j": ({"thrown": {"name": "com.shop.PayException", "message": "no bank", "extendedStackTrace": [
        {"class": "com.shop.Desk", "method": "open", "file": "Desk.java", "line": 12},
        {"class": "org.springframework.Web", "method": "go", "file": "Web.java", "line": 1},
    ]}}, ("PayException", ("com.shop.Desk:open",))),
    "serilog": ({"@t": "t", "@mt": "m", "@l": "Error", "@x": CLR}, ("IOException", ("Shop.Desk:Open",))),
    "serilog_full": ({"Level": "Error", "Exception": CLR}, ("IOException", ("Shop.Desk:Open",))),
    "dotnet_object": ({"Exception": {"Type": "System.IO.IOException", "Message": "no bank",
                                     "StackTrace": CLR.partition("\n")[2]}}, ("IOException", ("Shop.Desk:Open",))),
    "zap": ({"level": "error", "msg": "m", "error": "no bank", "stacktrace": GO}, ("error", ("main:pay",))),
    "zap_verbose": ({"level": "error", "msg": "m", "error": "no bank", "errorVerbose": f"no bank\n{GO}"},
                    ("error", ("main:pay",))),
    "zerolog": ({"level": "error", "error": "no bank", "stack": [
        {"func": "main.pay", "line": "12", "source": "main.go"}, {"func": "runtime.goexit", "line": "3", "source": "asm.go"},
    ]}, ("error", ("main:pay",))),
    "gcp_reported": ({"@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
                      "message": "m", "stack_trace": PY}, ("ValueError", ("shop.pay:pay",))),
    "python_json": ({"message": "m", "exc_info": PY}, ("ValueError", ("shop.pay:pay",))),
    "structlog": ({"event": "m", "exception": [
        {"exc_type": "RuntimeError", "exc_value": "cannot", "frames": [{"filename": "/app/a.py", "lineno": 1, "name": "a"}]},
        {"exc_type": "ValueError", "exc_value": "no bank", "is_cause": True,
         "frames": [{"filename": "/app/m.py", "lineno": 1, "name": "m"},
                    {"filename": "/app/shop/pay.py", "lineno": 3, "name": "pay"}]},
    ]}, ("ValueError", ("m:m", "shop.pay:pay"))),
    "sentry": ({"exception": {"values": [
        {"type": "ValueError", "value": "no bank", "stacktrace": {"frames": [
            frame("/app/main.py", "main", 1), frame("/app/shop/pay.py", "pay", 3, in_app=True)]}},
        {"type": "RuntimeError", "value": "cannot", "stacktrace": {"frames": [frame("/app/a.py", "a", 1)]}},
    ]}}, ("ValueError", ("main:main", "shop.pay:pay"))),
    "sentry_node": ({"exception": {"values": [{"type": "TypeError", "value": "no bank", "stacktrace": {"frames": [
        frame("/app/node_modules/express/x.js", "next", 1), frame("/app/dist/pay.js", "Desk.pay", 3)]}}]}},
        ("TypeError", ("pay:Desk.pay",))),
    "otel_event": ({"events": [{"name": "exception", "attributes": {
        "exception.type": "ValueError", "exception.message": "no bank", "exception.stacktrace": PY}}]},
        ("ValueError", ("shop.pay:pay",))),
    "otel_flat": ({"exception.type": "com.shop.PayException", "exception.message": "no bank",
                   "exception.stacktrace": JVM}, ("PayException", ("com.shop.Desk:open",))),
    "ruby_backtrace": ({"exception": {"class": "Shop::PayError", "message": "no bank", "backtrace": [
        "/app/models/pay.rb:12:in `charge'", "/usr/local/bundle/gems/rack-2.2.4/lib/rack.rb:12:in `call'"]}},
        ("PayError", ("models/pay:charge",))),
    "monolog": ({"message": "m", "context": {"exception": {
        "class": "App\\PayException", "message": "no bank", "code": 0, "file": "/var/www/html/src/Desk.php:12",
        "trace": ["/var/www/html/src/Desk.php:20", "/var/www/html/vendor/x/y.php:3"]}}}, ("PayException", ("Desk:?",))),
    "lambda_python": ({"errorMessage": "no bank", "errorType": "ValueError", "stackTrace": [
        '  File "/var/task/shop/pay.py", line 3, in pay\n    charge()\n']}, ("ValueError", ("shop.pay:pay",))),
    "lambda_node": ({"errorType": "TypeError", "errorMessage": "no bank", "stack": V8.split("\n")},
                    ("TypeError", ("pay:pay",))),
    "lines": ({"error": {"stack": V8.split("\n")}}, ("TypeError", ("pay:pay",))),
    "nested_deep": ({"a": {"b": {"c": {"error": {"stack": V8}}}}}, ("TypeError", ("pay:pay",))),
    "escaped_twice": ({"error": V8.replace("\n", "\\n")}, ("TypeError", ("pay:pay",))),
}  # fmt: skip


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_exception_of_a_logger_is_read(shape: str) -> None:
    payload, leaf = SHAPES[shape]

    assert leaves(payload) == [leaf]


@pytest.mark.parametrize("name", sorted(TRACES))
@pytest.mark.parametrize("key", ["stack_trace", "exception", "error.stack", "detail"])
def test_a_trace_reads_as_its_text_does(name: str, key: str) -> None:
    if key == "detail" and not any(
        mark in TRACES[name].text for mark in ("err", "Err", "exc", "Exc", "Stack", "Traceback")
    ):
        return
    expected = [leaf if leaf[0] else ("error", leaf[1]) for leaf in TRACES[name].leaves]

    found = [leaf if leaf[0] else ("error", leaf[1]) for leaf in leaves({"message": "m", key: TRACES[name].text})]

    assert found == expected


class TestChains:
    def test_the_innermost_cause_of_objects_is_the_leaf(self) -> None:
        inner = {"type": "Error", "message": "refused", "stack": "Error: refused\n    at dial (/app/src/bank.ts:1:2)"}
        middle = {
            "type": "Error",
            "message": "m",
            "stack": "Error: m\n    at ring (/app/src/phone.ts:1:2)",
            "cause": inner,
        }

        outer = {"err": {"type": "TypeError", "message": "no bank", "stack": V8, "cause": middle}}

        assert leaves(outer) == [("Error", ("bank:dial",))]

    def test_a_cause_without_a_stack_is_the_leaf(self) -> None:
        outer = {
            "error": {
                "type": "PayError",
                "message": "m",
                "stack": V8,
                "cause": {"name": "DialError", "message": "refused"},
            }
        }

        assert leaves(outer) == [("DialError", ())]

    def test_an_inner_exception_of_dotnet_is_the_leaf(self) -> None:
        inner = {
            "Type": "System.TimeoutException",
            "Message": "late",
            "StackTrace": "   at Shop.Bank.Dial() in /src/B.cs:line 1",
        }
        outer = {"Exception": {"Type": "System.IO.IOException", "Message": "m", "StackTrace": CLR.partition("\n")[2],
                               "InnerException": inner}}  # fmt: skip

        assert leaves(outer) == [("TimeoutException", ("Shop.Bank:Dial",))]

    def test_members_of_a_group_are_its_leaves_in_any_order(self) -> None:
        members = [
            {"type": "Error", "message": "a", "stack": "Error: a\n    at dial (/app/src/bank.ts:1:2)"},
            {"type": "RangeError", "message": "b", "stack": "RangeError: b\n    at ring (/app/src/phone.ts:1:2)"},
        ]

        def group(order: list[dict[str, str]]) -> dict[str, Any]:
            return {
                "err": {
                    "type": "AggregateError",
                    "message": "all",
                    "stack": "AggregateError: all\n    at x (/app/a.ts:1:2)",
                    "errors": order,
                }
            }

        expected = [("Error", ("bank:dial",)), ("RangeError", ("phone:ring",))]
        assert leaves(group(members)) == expected
        assert leaves(group(members[::-1])) == expected

    def test_members_told_as_objects_with_frames_are_leaves(self) -> None:
        def member(kind: str, name: str) -> list[dict[str, Any]]:
            return [
                {
                    "exc_type": kind,
                    "exc_value": "v",
                    "frames": [{"filename": "/app/shop/x.py", "lineno": 1, "name": name}],
                }
            ]

        payload = {"exception": [{"exc_type": "ExceptionGroup", "exc_value": "all", "is_group": True, "frames": [],
                                  "exceptions": [member("ValueError", "b"), member("KeyError", "a")]}]}  # fmt: skip

        assert leaves(payload) == [("KeyError", ("shop.x:a",)), ("ValueError", ("shop.x:b",))]


class TestLines:
    @pytest.mark.parametrize(
        ("payload", "text"),
        [
            ({"error": {"type": "ValueError", "value": "no bank"}}, "ValueError: no bank"),
            ({"error": {"name": "shop.PayError", "message": "no bank"}}, "shop.PayError: no bank"),
            ({"error": "connection refused by bank"}, ": connection refused by bank"),
            ({"err": "ValueError: no bank"}, "ValueError: no bank"),
            ({"ErrorType": "PayError", "ErrorMessage": "no bank"}, "PayError: no bank"),
            ({"err": {"name": "Error", "message": "dial", "code": "ECONNREFUSED"}}, "Error: dial (ECONNREFUSED)"),
        ],
    )
    def test_an_exception_without_a_stack_is_a_line(self, payload: dict[str, Any], text: str) -> None:
        assert told(payload) == text

    @pytest.mark.parametrize(
        "payload",
        [
            {"message": "m", "level": "error"},
            {"error": {"type": "str", "message": "Missing field"}},
            {"error": ""},
            {"exc_info": "NoneType: None"},
            {"error": {"type": "ERROR", "message": "no bank"}},
            {"errors": [1, 2], "stack": []},
            {"stack": [{"a": 1}], "trace": {"frames": "x"}},
        ],
    )
    def test_what_tells_none_gives_none(self, payload: dict[str, Any]) -> None:
        assert told(payload) is None

    def test_what_is_no_json_gives_none(self) -> None:
        found = exceptions_in_payloads(pl.Series(['{"error": "cut o', None, "[]", '"error"', "1"]))

        assert found.to_list() == [None] * 5


class TestHostile:
    def test_depth_and_width_are_bounded(self) -> None:
        deep: dict[str, Any] = {"type": "AError", "message": "m"}
        for _ in range(10):
            deep = {"type": "AError", "message": "m", "cause": deep, "errors": [deep]}
        wide = {"error": {"stack": [frame("/app/a.py", f"f{number}", number) for number in range(20_000)]}}
        started = time.process_time()

        found = told({"error": deep})
        told(wide)

        assert found is not None
        assert len(found) < 100_000
        assert time.process_time() - started < 60  # what follows each branch of it takes hours

    def test_any_object_is_taken(self) -> None:
        chance = random.Random(5)
        keys = [
            "error",
            "stack",
            "exception",
            "values",
            "frames",
            "cause",
            "errors",
            "type",
            "message",
            "lineno",
            "filename",
        ]

        def anything(depth: int) -> Any:
            if depth == 0 or chance.random() < 0.3:
                return chance.choice(
                    [None, 1, "", "Error: x", "a\n    at b (c.js:1:2)", [], {}, True, 'File "x", line 1']
                )
            if chance.random() < 0.4:
                return [anything(depth - 1) for _ in range(3)]
            return {chance.choice(keys): anything(depth - 1) for _ in range(4)}

        payloads = [json.dumps({"error": anything(5)}) for _ in range(300)]

        assert exceptions_in_payloads(pl.Series(payloads)).len() == 300
