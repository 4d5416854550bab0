"""Run benchmarks: ``python -m tests.benchmarks NAME --size N --json FILE``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import measuring
from tests.benchmarks.registry import Benchmark, load, subjects
from tests.benchmarks.report import lines, report

REPEATED = "national"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure flexsites and its peers.")
    parser.add_argument("name", nargs="?", help="subject, see --list; all subjects with --smallest and no name")
    parser.add_argument("--size", type=int, help="how many (parcels, nodes, ...); default: the smallest registered")
    parser.add_argument("--smallest", action="store_true", help="run at the smallest registered size")
    parser.add_argument("--repeats", type=int, metavar="N", help="whole runs of the subject national; default: one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report (a list when several ran)")
    parser.add_argument("--list", action="store_true", help="list subjects and sizes")
    return parser


def _list() -> None:
    for name in subjects():
        subject = load(name)
        sizes = ", ".join(f"{size:,}" for size in subject.sizes)
        sys.stdout.write(f"{name:<16}{sizes} {subject.unit}: {subject.summary}\n")


def _run(subject: Benchmark, size: int) -> dict[str, object]:
    written = report(subject, size, subject.run(size))
    sys.stdout.write("\n".join(lines(written)) + "\n")
    sys.stdout.flush()
    return written


def main(arguments: list[str] | None = None) -> int:
    """Run as asked; the exit code is 2 for a wrong question."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.list:
        _list()
        return 0
    if asked.name is None and not asked.smallest:
        parser.error("name a subject (see --list), or give --smallest to run all of them small")
    if asked.size is not None and (asked.smallest or asked.size < 1):
        parser.error("--size must be positive and does not go with --smallest")
    if asked.repeats is not None:
        if asked.name != REPEATED or asked.repeats < 1:
            parser.error(f"--repeats must be positive and is of {REPEATED}: other subjects repeat as they are timed")
        measuring.WHOLE_RUNS = asked.repeats
    try:
        chosen = [load(asked.name)] if asked.name else [load(name) for name in subjects()]
    except LookupError as error:
        parser.error(str(error))
    if asked.smallest:
        measuring.ONCE_ABOVE_S = 0.0  # whether they run is asked, not how fast
    written = [_run(subject, asked.size or subject.sizes[0]) for subject in chosen]
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        content = written[0] if asked.name else written
        asked.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
