"""A variant added to a finished run: what the run made is taken over, and a variant of figures is answered from it.

Beside a run stand the finished runs of its name. One whose tables are made of the same content, by the same code, from
sources that are still the same, has the tables of this run: they are linked, not computed. A variant that changes
figures alone is answered from them, and one that changes rules or distances from them and the parcels that it changes;
one that needs inputs of its own is a run apart in any case. Where a variant changes the tests of pieces, times or
layouts, the cells are assessed, and that is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flexsites import tables as t
from flexsites.config.resolved import read_resolved
from flexsites.config.study import BASE, Reading, Study
from flexsites.digest import are_as_written
from flexsites.errors import InputError, counted
from flexsites.finished.at_hand import needs_cells
from flexsites.finished.copies import n_copies
from flexsites.finished.land import OtherLand
from flexsites.finished.opened import Finished, open_finished
from flexsites.inputs.formats.files import Places
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.records import SourceRecord
from flexsites.inputs.unchanged import changed_sources
from flexsites.runs.cells import VARIANT_TABLES
from flexsites.runs.certainty import draw_of_run
from flexsites.runs.exploitation import tell_land
from flexsites.runs.fetched import fetched_for
from flexsites.runs.made_of import made_of, variants_of
from flexsites.runs.manifest import write_manifest
from flexsites.runs.run import Options, Place, say_of
from flexsites.tables.certainty_tables import FOLDER as CERTAINTY
from flexsites.tables.files import write_table
from flexsites.tables.manifest import MANIFEST, Manifest, Reused, read_manifest
from flexsites.tables.run_directory import is_held
from flexsites.tables.summary_tables import SUMMARIES
from flexsites.tables.versions import computed_by
from flexsites.tables.whole_files import take_over

__all__ = ["Beside", "add_variants", "finished_beside"]

_TABLES = VARIANT_TABLES | {
    "location_suitability": t.LocationSuitability,
    "clusters": t.Clusters,
    "piece_locations": t.PieceLocations,
    "locations": t.Locations,
}
_SAME = ("pieces", "reasons", "rule_coverage", "piece_locations", "locations")
"""The tables of a variant of figures that are those of the run itself: the same land is left."""
_OF_LAND = ("pieces", "piece_locations", "locations")
"""Those that the land of a variant of rules decides, besides its reasons."""
_LONG_S = 2.0
"""What takes longer is told before it is answered."""
_REPORTED = {*SUMMARIES, "layouts"}
"""What is written with the reports, for this run as it is."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A finished run whose tables are also those of another.

    Attributes
    ----------
    directory, manifest
        Where it stands, and what it tells.
    standing
        The variants of the other run that it holds.
    answered
        Those that are answered from its tables.
    opened
        It, opened to be asked; None: nothing is.
    """

    directory: Path
    manifest: Manifest
    standing: tuple[str, ...]
    answered: tuple[Reading, ...]
    opened: Finished | None = None


def finished_beside(place: Place, study: Study, options: Options) -> Beside | None:
    """Find a finished run beside this one that holds its tables; None: its cells are to be assessed.

    Why a run that says the same cannot be used is told.
    """
    if not options.reuse or not study.run.assesses_parcels:
        return None
    say = say_of(options)
    for directory, manifest in _alike(place, study):
        why = next(_differing(directory, manifest, study, place), None)
        found = None if why else _matched(directory, manifest, study)
        if found is not None:
            cannot = _not_answered(found)
            why = f"{'; '.join(cannot)}: this needs the cells" if cannot else None
            if why is None:
                return found
        say(f"{directory.name} stands here, but {why}: everything is assessed.")
    for directory, ids in _bridging_otherwise(place, study):
        why = f"variant {ids} bridges, and that flags parcels of the run itself: this needs the cells"
        say(f"{directory.name} stands here, but {why}: everything is assessed.")
    return None


def add_variants(place: Place, study: Study, found: Beside, options: Options) -> None:
    """Take over the tables of a finished run, answer the variants that it does not hold, write the manifest."""
    begin = time.perf_counter()
    for source, name in _tables_of(found, study):
        take_over(source, place.directory / name)
    for path in _prepared_files(found.directory / "canonical"):
        take_over(path, place.directory / path.relative_to(found.directory), may_link=path.suffix == ".parquet")
    taken, n_assessed = time.perf_counter(), 0
    if found.answered:
        n_assessed = _answer(place, study, found, options)
    answered = time.perf_counter()
    if not _has_same_draws(found.directory, study):
        draw_of_run(place, study)
    _write_manifest(place, study, found)
    _tell(found, options, taken - begin, answered - taken, n_assessed)


def _alike(place: Place, study: Study) -> Iterator[tuple[Path, Manifest]]:
    """Give the finished runs beside a place whose content is the same but for variants and texts, newest first."""
    content = made_of(study).content
    for directory, manifest in _beside(place, study):
        if manifest.made_of is not None and manifest.made_of.content == content:
            yield directory, manifest


def _bridging_otherwise(place: Place, study: Study) -> Iterator[tuple[Path, str]]:
    """Give the finished runs that are alike but for variants that bridge, and the ids of those."""
    asked = {name: one for name, one in variants_of(study.content).items() if one.get("bridging")}
    for directory, manifest in _beside(place, study):
        held = _held_by(directory)
        bridged = {name: one for name, one in held.items() if one.get("bridging")}
        differing = [name for name in {**asked, **bridged} if asked.get(name) != bridged.get(name)]
        if differing and manifest.made_of == made_of(study, variants=held):
            yield directory, ", ".join(differing)


def _held_by(directory: Path) -> dict[str, Any]:
    """Return what each variant that a run holds changes; nothing where that is not told."""
    try:
        return variants_of(read_resolved(directory))
    except InputError:
        return {}


def _beside(place: Place, study: Study) -> Iterator[tuple[Path, Manifest]]:
    """Give the finished runs beside a place, newest first."""
    beside = place.directory.parent.glob(f"{study.run.name}-*/{MANIFEST}")
    for path in sorted(beside, key=lambda one: one.stat().st_mtime, reverse=True):
        if path.parent == place.directory or is_held(path.parent):
            continue
        try:
            manifest = read_manifest(path.parent)
        except InputError:
            continue
        if manifest.tables and manifest.made_of is not None:
            yield path.parent, manifest


def _differing(directory: Path, manifest: Manifest, study: Study, place: Place) -> Iterator[str]:
    """Give the reasons why a run of the same content has no tables for this one."""
    if manifest.made_of != made_of(study):
        yield "the code has changed since"
    if libraries := [name for name, one in computed_by().items() if manifest.versions.get(name) != one]:
        yield f"it was computed with other versions of {', '.join(libraries)}"
    if not (directory / "canonical").is_dir():
        yield "its prepared inputs were cleared away"
    lock = fetched_for(study)
    locked = () if lock is None else lock.lock.sources
    if any(one not in locked for one in manifest.fetched):
        yield "its lock has changed since"
    places = Places(study.path.parent.absolute(), place.canonical / "scratch", world=directory / "world", fetched=lock)
    digests = {one.id: one.sha256 for one in manifest.sources}
    memory = place.canonical / "hashes.json"
    memory.parent.mkdir(parents=True, exist_ok=True)
    if (directory / "canonical" / "hashes.json").is_file() and not memory.is_file():
        take_over(directory / "canonical" / "hashes.json", memory)
    if changed := list(changed_sources(study.run.sources, digests, places=places, memory=memory)):
        yield f"these sources are gone, or are not what it read: {', '.join(changed)}"
    if not are_as_written({**manifest.tables, **manifest.inputs}, directory):
        yield "its tables or its prepared inputs are not as it wrote them"


def _matched(directory: Path, manifest: Manifest, study: Study) -> Beside | None:
    """Return a run with the variants that it holds, and those that it does not and that are answered beside it."""
    try:
        held = variants_of(read_resolved(directory))
    except InputError:
        return None
    asked = variants_of(study.content)
    standing = tuple(name for name, one in asked.items() if held.get(name) == one)
    answered = tuple(one for one in study.readings if one.id != BASE and one.id not in standing)
    return Beside(directory, manifest, standing, answered, open_finished(directory) if answered else None)


def _not_answered(found: Beside) -> list[str]:
    """Return what variants change that no tables answer."""
    changed = {one.id: needs_cells(found.opened, one) for one in found.answered if found.opened is not None}
    return [f"variant {name} changes {', '.join(paths)}" for name, paths in changed.items() if paths]


def _tables_of(found: Beside, study: Study) -> Iterator[tuple[Path, str]]:
    """Give the tables that are taken over, and their names: those of the run itself, and of variants it shares."""
    draws = _has_same_draws(found.directory, study)
    for name in found.manifest.tables:
        path = Path(name)
        is_own = len(path.parts) == 1 and path.stem not in _REPORTED
        is_variant = path.parts[0] == "variants" and path.parts[1] in found.standing
        if is_own or is_variant or (draws and path.parts[0] == CERTAINTY):
            yield found.directory / path, name
    if draws and (found.directory / CERTAINTY / "draws.yaml").is_file():
        yield found.directory / CERTAINTY / "draws.yaml", f"{CERTAINTY}/draws.yaml"


def _prepared_files(canonical: Path) -> Iterator[Path]:
    """Give the files that a run prepared, with what it remembers of them: by these it is asked of other land.

    Hashes of sources are not among them: this run has its own.
    """
    for path in sorted(canonical.rglob("*")):
        parts = path.relative_to(canonical).parts
        is_left = parts[0] == "scratch" or parts == ("hashes.json",) or path.name.startswith(".")
        if path.is_file() and not is_left:
            yield path


def _has_same_draws(directory: Path, study: Study) -> bool:
    """Whether a run made the draws that another asks for."""
    content = read_resolved(directory)
    mine = study.content["run"].get("certainty"), study.content.get("certainty")
    return bool(mine[0]) and mine == (content["run"].get("certainty"), content.get("certainty"))


def _answer(place: Place, study: Study, found: Beside, options: Options) -> int:
    """Answer variants from the tables of a finished run, and write theirs; return how many parcels were assessed.

    What will take long is told before it does.
    """
    opened, n_assessed = found.opened, 0
    assert opened is not None, "it is opened where a variant is answered"  # noqa: S101 - see _matched
    say = say_of(options)
    other = OtherLand(opened, n_copies(options.workers, len(opened.tables["sites"])))
    for reading in found.answered:
        if reading.leaves_the_same_as(opened.base):
            told = opened.tell(reading)
            for name in _SAME:
                take_over(found.directory / f"{name}.parquet", place.result(reading.id, name))
        else:
            ahead = other.foresee(reading, beside=study.readings[1:])
            if ahead.seconds >= _LONG_S:
                say(
                    f"Variant {reading.id}: "
                    f"about {counted(ahead.n_parcels, 'parcel is assessed', 'parcels are assessed')} anew "
                    f"({ahead.seconds:.0f} s)."
                )
            land = other.of(reading, beside=study.readings[1:])
            told = land.run.tell(reading) | {name: land.run.tables[name] for name in _OF_LAND}
            told |= {"reasons": land.reasons, "rule_coverage": land.rule_coverage}
            n_assessed += land.n_assessed
        for name in (one for one in _TABLES if one in told):
            write_table(told[name], _TABLES[name], place.result(reading.id, name))
        tell_land(place, reading)
    return n_assessed


def _write_manifest(place: Place, study: Study, found: Beside) -> None:
    """Write the manifest: what was read and what cells did is told as the finished run tells it."""
    told = found.manifest
    records = tuple(SourceRecord(**one.model_dump() | {"n_features": one.n_features or 0}) for one in told.sources)
    inputs = Prepared(place.canonical, records=records, warnings=told.warnings, fetched=told.fetched)
    reused = Reused(run_id=told.run_id, variants=found.standing, answered=tuple(one.id for one in found.answered))
    rows = [cell.model_dump() for cell in told.cells]
    write_manifest(place, study, inputs, rows, reused=reused)


def _tell(found: Beside, options: Options, taken_s: float, answered_s: float, n_assessed: int) -> None:
    say = say_of(options)
    when = datetime.fromtimestamp((found.directory / MANIFEST).stat().st_mtime, tz=UTC)
    kept = f" and variants {', '.join(found.standing)}" if found.standing else ""
    say(f"Reused from {found.directory.name} ({when:%Y-%m-%d %H:%M} UTC): the run itself{kept} ({taken_s:.2f} s).")
    if found.answered:
        names = ", ".join(one.id for one in found.answered)
        anew = f"Assessed anew: {counted(n_assessed, 'parcel.', 'parcels.')}" if n_assessed else "No cell was assessed."
        say(f"Answered from its tables: {names} ({answered_s:.2f} s). {anew}")
