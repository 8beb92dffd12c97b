"""Requests of the channel `github` against GitHub's official OpenAPI description (npm: @octokit/openapi).

Method, path, query and body of each request of an incident's life; and of the answers of our loopback server that no
property is made up and each has its type. Before that, requests with a known mistake each, so that a check which finds
nothing is no check.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.support.github_server import REPOSITORY, Request
from tests.web.github_life import record_life

__all__ = ["check_github"]

DESCRIPTION = Path(__file__).resolve().parent / "node_modules/@octokit/openapi/generated/api.github.com.json"
_URI, _PARTIAL = "urn:github", "urn:github:partial"
_PARTS = ("allOf", "anyOf", "oneOf")
_LIMITS = {"title": 256, "body": 65_536}  # the description has none


class Description:
    """The OpenAPI description as JSON schemas."""

    def __init__(self, path: Path) -> None:
        self.whole = json.loads(path.read_bytes())
        _with_null(self.whole)
        partial = deepcopy(self.whole)
        _without_required(partial)
        told = ((_URI, self.whole), (_PARTIAL, partial))
        registry: Registry[Any] = Registry().with_resources(
            (uri, DRAFT202012.create_resource(one)) for uri, one in told
        )
        self._registry = registry
        self._paths = [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in self.whole["paths"]]

    def problems(self, request: Request) -> Iterator[str]:
        """What is wrong with a request and its answer, in words."""
        found = [path for pattern, path in self._paths if pattern.fullmatch(request.path)]
        exact = sorted(found, key=lambda path: path.count("{"))[:1]
        operation = self.whole["paths"][exact[0]].get(request.method.lower()) if exact else None
        if operation is None:
            yield f"{request.method} {request.path} is no operation"
            return
        yield from self._query(operation, request.query)
        wanted = self._schema(operation.get("requestBody", {}))
        if (wanted is None) != (request.body is None):
            yield "a body that is not wanted" if wanted is None else "no body"
        elif wanted is not None:
            yield from self._value(wanted, request.body, "body")
            yield from (
                f"{name} is too long" for name, most in _LIMITS.items() if len(request.body.get(name, "")) > most
            )
        answered = operation["responses"].get(str(request.status))
        if answered is None:
            if request.status not in {401, 429, 502}:  # any operation may answer so
                yield f"an answer of HTTP {request.status}"
        elif (schema := self._schema(self._resolved(answered))) is not None:
            yield from self._value(schema, request.answer, "answer", uri=_PARTIAL)

    def _query(self, operation: dict[str, Any], query: dict[str, str]) -> Iterator[str]:
        known = {one["name"]: one["schema"] for one in map(self._resolved, operation.get("parameters", []))}
        for name, value in query.items():
            if name not in known:
                yield f"query {name} is not known"
            elif known[name].get("type") == "integer" and not value.isdigit():
                yield f"query {name} is no integer"
            elif value not in known[name].get("enum", [value]):
                yield f"query {name} is `{value}`"
            elif known[name].get("format") == "date-time" and not re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", value):
                yield f"query {name} is no time"

    def _value(self, schema: dict[str, Any], value: Any, where: str, *, uri: str = _URI) -> Iterator[str]:
        """What the schema says against a value, and properties that it does not know.

        Of answers our server tells what is read: by the partial description no property is required.
        """
        told = _absolute(schema, uri)
        if uri == _PARTIAL:
            _without_required(told)
        for error in Draft202012Validator(told, registry=self._registry).iter_errors(value):
            path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
            yield f"{where}{path}: {error.message[:200]}"
        yield from self._unknown(schema, value, where)

    def _unknown(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        if isinstance(value, list):
            items = [one["items"] for one in self._variants(schema) if "items" in one]
            for one in value:
                yield from self._unknown({"anyOf": items}, one, f"{where}[]") if items else ()
        elif isinstance(value, dict):
            known: dict[str, list[Any]] = {}
            for one in self._variants(schema):
                for name, of in one.get("properties", {}).items():
                    known.setdefault(name, []).append(of)
            for name, inner in value.items():
                if name not in known:
                    yield f"{where}.{name} is not known"
                else:
                    yield from self._unknown({"anyOf": known[name]}, inner, f"{where}.{name}")

    def _variants(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        resolved = self._resolved(schema)
        yield resolved
        for part in _PARTS:
            for one in resolved.get(part, ()):
                yield from self._variants(one)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = schema
        while "$ref" in found:
            target: Any = self.whole
            for part in found["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            found = target
        return found

    def _schema(self, holder: dict[str, Any]) -> dict[str, Any] | None:
        schema: dict[str, Any] | None = holder.get("content", {}).get("application/json", {}).get("schema")
        return schema


def check_github(path: Path = DESCRIPTION) -> int:
    """How many requests were held against the description; SystemExit that lists what is wrong."""
    description = Description(path)
    requests = record_life()
    blind = [name for name, one in _mistaken(requests).items() if not list(description.problems(one))]
    if blind:
        sys.exit(f"The check of GitHub's requests does not see: {', '.join(blind)}.")
    wrong = [f"{one.method} {one.path}: {said}" for one in requests for said in description.problems(one)]
    if wrong:
        sys.exit("\n".join(["Requests that GitHub's description does not know:", *dict.fromkeys(wrong)]))
    return len(requests)


def _mistaken(requests: Sequence[Request]) -> dict[str, Request]:
    """Requests with one mistake each."""
    opened = next(one for one in requests if one.method == "POST" and one.path.endswith("/issues"))
    closed = next(one for one in requests if one.method == "PATCH" and "state" in one.body)
    listed = next(one for one in requests if one.method == "GET" and one.path.endswith("/issues"))
    return {
        "a missing title": replace(opened, body={"body": "x"}),
        "a label that is a number": replace(opened, body={**opened.body, "labels": [1]}),
        "an unknown property": replace(opened, body={**opened.body, "prio": "P1"}),
        "a title that is too long": replace(opened, body={**opened.body, "title": "x" * 257}),
        "a wrong state": replace(closed, body={**closed.body, "state": "reopen"}),
        "a wrong reason": replace(closed, body={**closed.body, "state_reason": "solved"}),
        "a wrong path": replace(opened, path=f"/repos/{REPOSITORY}/issue"),
        "a wrong method": replace(closed, method="PUT"),
        "an unknown query": replace(listed, query={**listed.query, "author": "x"}),
        "a wrong order": replace(listed, query={**listed.query, "sort": "newest"}),
        "a time that is none": replace(listed, query={**listed.query, "since": "yesterday"}),
        "no body": replace(opened, body=None),
        "a made up answer": replace(listed, answer=[{"number": 1, "link": "x"}]),
    }


def _absolute(schema: Any, uri: str) -> Any:
    """A copy with references into the description."""
    if isinstance(schema, dict):
        return {
            name: f"{uri}{value}" if name == "$ref" and isinstance(value, str) else _absolute(value, uri)
            for name, value in schema.items()
        }
    return [_absolute(one, uri) for one in schema] if isinstance(schema, list) else schema


def _without_required(node: Any) -> None:
    """No property is required, so that several of one kind may fit, in place."""
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            del node["required"]
        if isinstance(node.get("oneOf"), list):
            node["anyOf"] = node.pop("oneOf")
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _without_required(one)


def _with_null(node: Any) -> None:
    """OpenAPI 3.0's `nullable` as JSON Schema has it, in place."""
    if isinstance(node, list):
        for one in node:
            _with_null(one)
    elif isinstance(node, dict):
        for one in node.values():
            _with_null(one)
        if node.get("nullable") is True:
            if isinstance(node.get("type"), str):
                node["type"] = [node["type"], "null"]
            if isinstance(node.get("enum"), list):
                node["enum"] = [*node["enum"], None]
            if not isinstance(node.get("type"), list) and any(part in node for part in (*_PARTS, "$ref")):
                inner = {name: node.pop(name) for name in (*_PARTS, "$ref") if name in node}
                node["anyOf"] = [inner, {"type": "null"}]


if __name__ == "__main__":
    checked = check_github(Path(sys.argv[1]) if len(sys.argv) > 1 else DESCRIPTION)
    sys.stdout.write(f"{checked} requests are as GitHub describes them\n")
