"""How much CPU signing costs beside drain3 with the masks of its own example: one JSON line as result.

    python benchmarks/signatures.py [--messages 400000] [--drain 40000] [--pairs 3]

Needs the extra `bench` (drain3). Two corpora, generated from a seed: `distinct`, where every message is distinct and
stems from one of 6,000 statements; `repetitive`, where one message in 20 is new and the others repeat an earlier one,
as the logs of a service do that fails again and again. Runs
alternate, each in a process of its own: drain3 on the first `--drain` messages of the corpus (its cost a message grows
with the number of templates, so a shorter run flatters it), ours on all of them. Ours is the whole of signing: putting
events together, signatures, occurrences, and the template of each signature. `ratio` is drain3's CPU seconds a message
divided by ours, the median over the pairs; loading the corpus and importing packages is not counted on either side.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

_STATEMENTS = {"distinct": 6_000, "repetitive": 300}
_NEW = 0.05  # share of the messages of `repetitive` that are no repetition
_MASKS = (  # of drain3's examples/drain3.ini
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)
# As one text words are read more easily.
_SYLLABLES = "ka to ri men sol var del pin ter lo qua ber nis fol gra cim hel dor wex jun".split()  # noqa: SIM905
_ACTIONS = "cannot open|lost|refused|dropped|retrying|gave up on|could not parse|closed|expired|rejected".split("|")  # noqa: SIM905


def main() -> None:
    """Compares, or with --side does one run of one side."""
    parser = argparse.ArgumentParser(description="CPU of signing beside drain3.")
    parser.add_argument("--messages", type=int, default=400_000, help="of each corpus (default 400000)")
    parser.add_argument("--drain", type=int, default=40_000, help="of these drain3 reads the first (default 40000)")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", choices=["drain3", "ours"], default=None, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", choices=sorted(_STATEMENTS), default=None, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.side:
        messages = list(write_messages(told.corpus, told.messages, told.seed))
        print(json.dumps(_drain(messages[: told.drain]) if told.side == "drain3" else _ours(messages)))
        return
    print(json.dumps({"benchmark": "signatures", **{name: _compare(name, told) for name in sorted(_STATEMENTS)}}))


def write_messages(corpus: str, count: int, seed: int) -> Iterator[str]:
    """That many messages; a function of the arguments alone."""
    rng = random.Random(f"{corpus}/{seed}")
    statements = [_statement(rng) for _ in range(_STATEMENTS[corpus])]
    users = [_name(rng) for _ in range(40)]
    told: list[str] = []
    for number in range(count):
        if corpus == "repetitive" and told and rng.random() > _NEW:
            yield told[int(len(told) * rng.random() ** 2)]
            continue
        told.append(
            statements[number % len(statements)].format(
                n=number,
                ms=rng.randrange(1, 300),
                ip=f"10.{number >> 8 & 255}.{number & 255}.{rng.randrange(4)}",
                id=f"{rng.getrandbits(64):016x}",
                user=users[rng.randrange(len(users))],
                code=rng.choice((403, 404, 500, 503)),
            )
        )
        yield told[-1]


def _statement(rng: random.Random) -> str:
    """A logging statement: words of its own and two to four slots."""
    slots = [
        "request {id}", "after {ms}ms", "from {ip}", "user={user}", "status {code}", "attempt {n}",
        "item {n} of {ms}", "took 1.{ms} s",
    ]  # fmt: skip
    chosen = rng.sample(slots, rng.randrange(1, 4))
    head = f"{_name(rng)}.{_name(rng)}: {_name(rng)} {rng.choice(_ACTIONS)} {_name(rng)}"
    return " ".join([head, f"#{{n}} {_name(rng)}", *(f"{part} {_name(rng)}" for part in chosen)])


def _name(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randrange(2, 4)))


def _compare(corpus: str, told: argparse.Namespace) -> dict[str, object]:
    """The figures of one corpus."""
    theirs, ours = [], []
    for _ in range(told.pairs):
        theirs.append(_run("drain3", corpus, told))
        ours.append(_run("ours", corpus, told))
    ratios = [one["cpu_us"] / two["cpu_us"] for one, two in zip(theirs, ours, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 1),
        "ratios": [round(ratio, 1) for ratio in ratios],
        "drain3": theirs[-1],
        "ours": ours[-1],
        "cores": len(os.sched_getaffinity(0)),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("drain3", "polars")}},
    }


def _run(side: str, corpus: str, told: argparse.Namespace) -> dict[str, float]:
    given = {"--messages": told.messages, "--drain": told.drain, "--seed": told.seed}
    options = [str(part) for pair in given.items() for part in pair]
    command = [sys.executable, str(Path(__file__).resolve()), "--side", side, "--corpus", corpus, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _drain(messages: list[str]) -> dict[str, float]:
    """drain3 over the messages, one by one, as it works."""
    from drain3 import TemplateMiner  # noqa: PLC0415 - only this side needs it
    from drain3.masking import MaskingInstruction  # noqa: PLC0415 - as above
    from drain3.template_miner_config import TemplateMinerConfig  # noqa: PLC0415 - as above

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in _MASKS]
    miner = TemplateMiner(config=config)
    started = time.process_time()
    for message in messages:
        miner.add_log_message(message)
    return _figures(started, len(messages), len(miner.drain.clusters))


def _ours(messages: list[str]) -> dict[str, float]:
    """Signing as `import` does it, on entries of one service that each tell of a failure."""
    import polars as pl  # noqa: PLC0415 - only this side needs it

    from classifiers.reassemble import SIGN_SCHEMA  # noqa: PLC0415 - as above
    from classifiers.signatures import sign  # noqa: PLC0415 - as above
    from classifiers.templates import templates  # noqa: PLC0415 - as above

    count = len(messages)
    rows = pl.int_range(count, eager=True)
    entries = pl.DataFrame(
        {
            "insert_id": pl.select(pl.format("{}", rows)).to_series(),
            "at_ns": rows * 20_000_000,
            "message": messages,
        }
    ).with_columns(
        project=pl.lit("p"), service=pl.lit("s"), revision=pl.lit("r"), instance=pl.lit("i"), log=pl.lit("stderr"),
        severity=pl.lit(17), logger=pl.lit(None), payload=pl.lit(None), http_method=pl.lit(None),
        http_path=pl.lit(None), http_status=pl.lit(None), trace=pl.lit(None), batch_id=pl.lit(1), is_hit=pl.lit(True),
        run=pl.lit(None),
    )  # fmt: skip
    entries = entries.select(pl.col(name).cast(kind) for name, kind in SIGN_SCHEMA.items())
    started = time.process_time()
    signed = sign(entries)
    found = templates(signed.signatures["parts"].str.json_path_match("$.message"))
    figures = _figures(started, count, found["template_id"].n_unique())
    return {**figures, "signatures": signed.signatures.height}


def _figures(started: float, messages: int, templates: int) -> dict[str, float]:
    spent = time.process_time() - started
    return {"cpu_us": spent / messages * 1e6, "messages": messages, "templates": templates}


if __name__ == "__main__":
    main()
