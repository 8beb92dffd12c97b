"""Chains of answers of generated incidents, checked against the findings that they are part of: what does not hold.

    python -m benchmarks.whys [NAME ...] [--seeds 1] [--scale 0.1]

Every number of an answer (but in routes) stands elsewhere in the findings, every time too; what is measured names a
query of queries/ or rows; all but the unknown says what would refute it; nothing is told twice; no revision is named as
guilty that is not blamed. One line a run: answers, and how many of them do not hold; then these.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifiers.explained import BLAMED

__all__ = ["complaints", "found_in"]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_TOKEN = re.compile(r"[\w.:/@<>*%-]*\d[\w.:/@<>*%-]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
_DIGITS = 3  # significant ones, to which durations and rates are told
_QUERIES = Path(__file__).resolve().parent.parent / "queries"
_LISTS = ("clusters", "span_clusters", "latency", "absent_events")


def main() -> None:
    """Runs, prints; ends with 1 where something does not hold."""
    from logtriage.demo.generate import SCENARIOS  # noqa: PLC0415 - what imports the checks alone needs it not

    parser = argparse.ArgumentParser(description="Chains of answers of generated incidents, checked.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--scale", type=float, default=0.1, help="of the traffic (default 0.1)")
    told = parser.parse_args()
    count = 0
    for name in told.names or SCENARIOS:
        for seed in told.seeds:
            findings = found_in(name, seed=seed, scale=told.scale)
            wrong = complaints(findings)
            answers = sum(len(one["whys"]) for one in findings["incidents"])
            print(f"{name:<24}{seed:>3}{answers:>5} answers{len(wrong):>4} do not hold")
            print("".join(f"    {text}\n" for text in wrong), end="")
            count += len(wrong)
    sys.exit(1 if count else 0)


def found_in(name: str, *, seed: int, scale: float) -> dict[str, Any]:
    """The findings of a generated incident, as JSON."""
    from collector.config import StoreConfig  # noqa: PLC0415 - as above
    from collector.window import Window, parse_instant_ns  # noqa: PLC0415
    from logtriage import pipeline  # noqa: PLC0415
    from logtriage.config import Config  # noqa: PLC0415
    from logtriage.demo.generate import generate, write  # noqa: PLC0415
    from logtriage.export import findings_json  # noqa: PLC0415
    from logtriage.progress import NoProgress  # noqa: PLC0415

    incident = generate(name, seed=seed, scale=scale)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(incident, place)
        config = Config(store=StoreConfig(path=place / "store.duckdb"))
        pipeline.import_paths(config, [place / "entries.jsonl", place / "spans.jsonl"], progress=NoProgress())
        start, end = (parse_instant_ns(incident.truth["window"][at], name=at, now_ns=0) for at in ("start", "end"))
        return findings_json(pipeline.analyse(config, window=Window(start, end), now_ns=end))


def complaints(findings: dict[str, Any]) -> list[str]:
    """What does not hold of the chains, one sentence each; `findings` as findings_json gives them."""
    bare = {**findings, "incidents": [{**one, "whys": []} for one in findings["incidents"]]}
    numbers, texts = set[float](), list[str]()
    _gather(bare, numbers, texts)
    whole = "\n".join(texts)
    numbers |= {float(number.rstrip("%")) / (100 if number.endswith("%") else 1) for number in _plain_numbers(whole)}
    known = {_rounded(value * scale) for value in numbers for scale in (1, 100, 0.001)}
    blamed = _blamed(findings)
    told = []
    for incident in findings["incidents"]:
        said: set[str] = set()
        for place, why in enumerate(incident["whys"], 1):
            wrong = [*_ungrounded(why["statement"], known, whole), *_unfounded(why)]
            wrong += ["it is told twice"] if why["statement"] in said else []
            wrong += ["it is no end"] if why["kind"] == "unknown" and place < len(incident["whys"]) else []
            wrong += _unfair(why, incident, blamed, findings)
            said.add(why["statement"])
            told += [f"#{incident['number']}.{place} {text}: {why['statement']}" for text in wrong]
    return told


def _gather(value: Any, numbers: set[float], texts: list[str]) -> None:
    """All numbers and texts inside a JSON value."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        numbers.add(float(value))
    else:
        texts += value if isinstance(value, dict) else ()
        for inner in value.values() if isinstance(value, dict) else value:
            _gather(inner, numbers, texts)


def _plain_numbers(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(_INSTANT.sub("", text)):
        if _NUMBER.fullmatch(token.rstrip(".:")):
            yield token.rstrip(".:")


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if value < 10**_DIGITS else round(value)


def _ungrounded(statement: str, known: set[float], whole: str) -> Iterator[str]:
    """Numbers, names with digits, and times that stand nowhere else in the findings."""
    for instant in _INSTANT.findall(statement):
        if instant.rstrip("Z") not in whole:
            yield f"no other time {instant}"
    for token in _TOKEN.findall(_INSTANT.sub("", statement)):
        bare = token.rstrip(".:")
        if _NUMBER.fullmatch(bare):
            if _rounded(float(bare.rstrip("%"))) not in known:
                yield f"no other number {bare}"
        elif bare not in whole and not bare.startswith("/"):  # routes are asked for, not counted
            yield f"no other {bare}"


def _unfounded(why: dict[str, Any]) -> Iterator[str]:
    """An answer without what its kind asks for."""
    facts = why["evidence"]
    queries = {fact["query"] for fact in facts if fact["query"]}
    if why["kind"] == "measured" and not any(
        (_QUERIES / f"{fact['query']}.sql").is_file() or fact["insert_ids"] or fact["trace_ids"] for fact in facts
    ):
        yield "measured without query or rows"
    if why["kind"] == "inferred" and not any(
        ":" in name or not (_QUERIES / f"{name}.sql").is_file() for name in queries
    ):
        yield "inferred without a rule"
    if why["kind"] != "unknown" and not why["refuted_by"]:
        yield "nothing would refute it"
    if why["kind"] == "unknown" and "would tell" not in why["statement"]:
        yield "unknown, and nothing would tell"


def _blamed(findings: dict[str, Any]) -> dict[str, str]:
    """The revision blamed for each finding."""
    every = [one for name in _LISTS for one in findings[name]]
    sure = [one for one in every if one["attribution"] and one["attribution"]["confidence"] >= BLAMED]
    return {one["id"]: one["attribution"]["revision"] for one in sure}


def _unfair(
    why: dict[str, Any], incident: dict[str, Any], blamed: dict[str, str], findings: dict[str, Any]
) -> Iterator[str]:
    """A guilty revision that is not the one blamed for the root."""
    guilty = blamed.get(incident["root"])
    verdict = why["statement"].rpartition("brought it")[0].rpartition(". ")[2].partition("(")[0]
    for name in {one["revision"] for one in findings["revisions"]} - {guilty}:
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", verdict):
            yield f"{name} is not blamed"
    if why["step"] == "revision" and guilty is None:
        yield "a revision that is not blamed"


if __name__ == "__main__":
    main()
