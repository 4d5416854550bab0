"""Stages of the chain, each alone on a synthetic country: what comes before a stage is made once and is not timed."""

from __future__ import annotations

import gc
import importlib
import json
import pickle
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flexsites.config.study import BASE, Study, resolve
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.runs.across_cells import gather_sites, match
from flexsites.runs.cells import assess, keyed, merge_parts
from flexsites.runs.manifest import write_manifest
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.run import Options, start
from flexsites.surroundings import Surroundings, surroundings_of
from flexsites.tables import Frame
from flexsites.tables.files import read
from flexsites.worlds.country import Country
from flexsites.worlds.country_files import write_country
from tests.benchmarks import measuring
from tests.benchmarks.measuring import measure_peak
from tests.benchmarks.registry import SUBJECT, Absent, Comparison, Timing

SIZES = (2_000, 10_000, 20_000)
"""Parcels asked; a cell holds no more than the last. What there is hangs on the tiles drawn: it is told."""

SEED = 3
"""Of the first six countries the one that leaves most pieces on the least land: 59 on 740 parcels at the smallest."""

REPEATS, ENOUGH_S = 3, 60.0


@dataclass(frozen=True)
class Assessed:
    """A country that was assessed and reported on up to its tables, and what its cells read."""

    directory: Path
    study: Study
    parcels: Frame
    around: Surroundings
    spoken: Spoken
    scratch: Path

    def table(self, name: str) -> Frame:
        """Return a table of the run."""
        return read(self.directory / f"{name}.parquet")

    @property
    def notes(self) -> dict[str, object]:
        """What the stages worked on, and whether there was anything to do."""
        pieces = self.table("pieces")
        return {
            "parcels": len(self.parcels), "faces": len(self.table("faces")), "rules": len(self.study.all_rules),
            "pieces": len(pieces), "valid_pieces": int(pieces["is_valid"].sum()),
        }  # fmt: skip


_SCRATCH: list[tempfile.TemporaryDirectory[str]] = []
"""Held until the process ends: countries are shared by all subjects that it measures."""


@cache
def assessed(size: int) -> Assessed:
    """Write a country and assess it, in this process; all subjects of one size share it."""
    _SCRATCH.append(tempfile.TemporaryDirectory(prefix="flexsites-stages-"))
    scratch = Path(_SCRATCH[-1].name)
    study = resolve(str(write_country(scratch / "sources", Country(size, SEED), size=str(size)).paths["run"]))
    options = Options(scratch / "outputs", scheduler="synchronous", workers=1, quiet=True)
    place = start(study, options)
    inputs = prepare_inputs(place, study, options)
    place = keyed(place, study, inputs)
    rows = assess(place, study, inputs, options)
    merge_parts(place, study, rows, options)
    gather_sites(place, study, inputs, rows, options)
    match(place, study, inputs, options)
    write_manifest(place, study, inputs, rows)
    parcels = inputs.parcels().sort_values("site_id", ignore_index=True)
    around = surroundings_of(parcels, inputs, study=study)
    spoken = cover_rules(parcels, around.coverages, around.layers, rules=study.all_rules, tests=study.tests)
    return Assessed(place.result(BASE, "sites").parent, study, parcels, around, spoken, scratch)


@dataclass(frozen=True)
class Done:
    """What a contender took, and what it found."""

    timing: Timing
    peak: Any
    result: Any


def run_alone(given: str, module: str, name: str, repeats: int) -> None:
    """Do the work of one contender on inputs read from a file, and leave beside it what it took and found.

    Every repeat has inputs of its own: some of them remember what was found before.
    """
    work: Callable[[Any], object] = getattr(importlib.import_module(module), name)
    blob = Path(given).read_bytes()
    if repeats > 1:  # what is compiled, or read when first asked, is not the stage's
        work(pickle.loads(blob))  # noqa: S301 - written by this benchmark
    cpu: list[float] = []
    wall: list[float] = []
    result: object = None
    while len(cpu) < repeats and sum(wall) < ENOUGH_S:
        inputs = pickle.loads(blob)  # noqa: S301
        gc.collect()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        result = work(inputs)
        cpu.append(time.process_time() - begin_cpu)
        wall.append(time.perf_counter() - begin)
    Path(given).with_suffix(".json").write_text(json.dumps(cpu))
    Path(given).with_suffix(".found").write_bytes(pickle.dumps(result))


def apart(scratch: Path, name: str, given: object, work: Callable[[Any], object]) -> Done:
    """Run one contender in a fresh process: CPU seconds of its repeats, the peak of that process, and what it found."""
    path = scratch / f"{name}.pickle"
    path.write_bytes(pickle.dumps(given))
    # At a limit of zero only is asked whether benchmarks run.
    repeats = REPEATS if measuring.ONCE_ABOVE_S else 1
    peak = measure_peak(run_alone, str(path), work.__module__, work.__qualname__, repeats)
    cpu = json.loads(path.with_suffix(".json").read_text())
    result = pickle.loads(path.with_suffix(".found").read_bytes())  # noqa: S301
    return Done(Timing(tuple(cpu)), peak, result)


def compare(
    title: str,
    country: Assessed,
    given: object,
    contenders: Mapping[str, Callable[[Any], object]],
    *,
    difference: Callable[[Any, Any], str] | None = None,
    absent: tuple[Absent, ...] = (),
) -> tuple[Comparison, dict[str, Done]]:
    """Let contenders do the same work on the same inputs, one after the other, each in a process of its own.

    Parameters
    ----------
    title
        What is compared.
    country, given
        The country, and the inputs of all contenders: what pickle takes.
    contenders
        Functions of modules, by name; the project's own first.
    difference
        Says how far a peer's answer (second) is from ours, and raises if it is farther than it may be.
    """
    done = {name: apart(country.scratch, f"{title}-{i}".replace("/", " "), given, work)
            for i, (name, work) in enumerate(contenders.items())}  # fmt: skip
    own = done[SUBJECT].result
    told = {name: difference(own, one.result) for name, one in done.items() if difference and name != SUBJECT}
    comparison = Comparison(
        f"{title}, CPU seconds",
        {name: one.timing for name, one in done.items()},
        {name: one.peak for name, one in done.items()},
        absent,
        told,
    )
    return comparison, done


def per_parcel(comparison: Comparison, country: Assessed) -> dict[str, object]:
    """Return CPU milliseconds a parcel of each contender, beside what the country holds."""
    n = len(country.parcels)
    taken = {name: round(1_000 * timing.median_s / n, 4) for name, timing in comparison.timings.items()}
    return {"cpu_milliseconds_per_parcel": taken} | country.notes
