"""A vector source, batch by batch, from the user's file to sound rows in RD New with ids: what all readers share.

The order of the steps is the meaning of the user's mapping: choose rows (`where`), choose and rename columns, recode,
give ids, compare coordinates with their label, project, mend, set apart what cannot be used, cut to the area.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from flexsites.config.source_rows import Geometry, Selection
from flexsites.config.sources import Service, Vector
from flexsites.errors import CrsError, Fault, FlexsitesError, InputError, counted
from flexsites.inputs.formats.archives import features_of
from flexsites.inputs.formats.facts import is_empty_answer
from flexsites.inputs.formats.files import Places, locate
from flexsites.inputs.formats.gml_units import unit_faults
from flexsites.inputs.formats.projection import Geometries, Projection, coordinate_faults, meets, outside_rd, to_rd
from flexsites.inputs.formats.vector import BATCH_ROWS, GDAL_ARC_STEP_DEGREES, Batch, Bounds, VectorFile, open_vector
from flexsites.inputs.rows import validity
from flexsites.inputs.rows.namings import as_delivered, fitted
from flexsites.inputs.rows.numbers import OF_A_MAPPING, Impossible, Unreadable
from flexsites.inputs.rows.places import columns_of, exchanged, shape_faults
from flexsites.inputs.rows.selection import (
    Unlisted,
    column_faults,
    has_lost_digits,
    identifiers,
    kept_columns,
    read_columns,
    select,
)

# Above this many features a file is read through its spatial index, below it whole: so that rows without geometry,
# which no index knows, are found where that costs little.
WHOLE_FILE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Sound rows of a source: ids (never null), plain columns, geometry in RD New."""

    ids: pd.Series
    columns: pd.DataFrame
    geometry: Geometries


@dataclass(frozen=True, slots=True)
class VectorSource:
    """A source whose files can be read and whose columns are as asked."""

    name: str
    row: Selection
    files: tuple[VectorFile, ...]
    projections: tuple[Projection, ...]
    kept: tuple[str, ...]
    asked: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def where(self) -> str:
        """Its name and its files, to name in an error."""
        return f"{self.name} ({', '.join(Path(path).name for path in self.paths)})" if self.paths else self.name

    @property
    def notes(self) -> str:
        """How the coordinates were projected and arcs drawn, for the manifest."""
        steps = [file.arc_step_degrees or GDAL_ARC_STEP_DEGREES for file in self.files if file.is_text]
        arcs = [f"arcs are drawn as chords of at most {step:g} degrees" for step in steps]
        return "; ".join(dict.fromkeys([*(p.notes for p in self.projections if p.notes), *arcs]))


@dataclass(slots=True)
class ReadReport:
    """The log of one source: the ledger of its rows, values that cannot be read, notes of its reader.

    Attributes
    ----------
    ledger
        What happened to its rows.
    told_within
        A window whose rows are told of as another source's: what is wrong with them is not told again. None: there is
        none.
    n_placed, n_away
        Rows that have a geometry, and those of them that lie outside the Netherlands altogether.
    n_exchanged
        Rows outside the Netherlands that would lie in the window with x and y exchanged.
    n_disputed
        Parcels of which several owners are named.
    in_several_areas
        Parcels that lie in several areas of a kind.
    unlisted
        Values that a `recode` does not list.
    unreadable
        Values that are no number.
    words
        Per column the words that no vocabulary has and the remedy: faults.
    unknown_words
        The same where the vocabulary is open: they are unknown.
    impossible
        Numbers that cannot be: they are unknown.
    doubles
        Rows that share an id are found by it.
    notes
        For the manifest.
    doubts
        What a reader of the results should know.
    """

    ledger: validity.Ledger
    told_within: Bounds | None = None
    n_placed: int = 0
    n_away: int = 0
    n_exchanged: int = 0
    n_disputed: int = 0
    in_several_areas: Counter[str] = field(default_factory=Counter)
    unlisted: Unlisted = field(default_factory=Unlisted)
    unreadable: Unreadable = field(default_factory=Unreadable)
    words: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    unknown_words: dict[str, Counter[str]] = field(default_factory=dict)
    impossible: Impossible = field(default_factory=Impossible)
    doubles: validity.DuplicateCheck = field(default_factory=validity.DuplicateCheck)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def strange(self, column: str, values: pd.Series, remedy: str, *, is_open: bool) -> None:
        """Count words that no rule or vocabulary has: a fault, or unknown where the list is open."""
        if len(values):
            found = self.unknown_words.setdefault(column, Counter()) if is_open else None
            counter = self.words.setdefault((column, remedy), Counter()) if found is None else found
            counter.update(map(str, values))

    def faults(self, where: str) -> list[Fault]:
        """Return a fault per column that holds words or numbers that cannot be read."""
        of_words = [
            Fault("words that are not known", f"{where}.{column}", remedy, counter.total(), _most(counter))
            for (column, remedy), counter in self.words.items()
        ]
        return [*self.unlisted.faults(where), *of_words, *self.unreadable.faults(where, OF_A_MAPPING)]

    @property
    def told(self) -> list[str]:
        """What the manifest tells besides the counts of rows."""
        unknown = [
            f"{column}: {counted(of.total(), 'word', 'words')} not known, taken as unknown ({', '.join(_most(of))})"
            for column, of in self.unknown_words.items()
        ]
        return [*self.notes, *unknown]

    def warnings(self, name: str, where: str) -> list[str]:
        """Return what a reader of the results should know, of a source by its name; `where` names its files too."""
        return [*(f"{name}: {doubt}" for doubt in self.doubts), *self.impossible.told(where)]


def _most(counter: Counter[str]) -> list[str]:
    return [value for value, _ in counter.most_common(6)]


def set_apart(rows: Rows, reason: np.typing.NDArray[np.object_], report: ReadReport) -> Rows:
    """Return the rows without a reason; the others are set apart with it, and no longer count as kept."""
    is_wrong = reason != np.array(None)
    if not is_wrong.any():
        return rows
    report.ledger.n_kept -= int(is_wrong.sum())
    report.ledger.quarantine(rows.ids, reason, rows.geometry, "EPSG:28992", 0)
    left = ~is_wrong
    return Rows(rows.ids[left].reset_index(drop=True), rows.columns[left].reset_index(drop=True), rows.geometry[left])


def open_source(
    name: str,
    row: Vector | Selection,
    paths: tuple[str, ...],
    places: Places,
    *,
    needed: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> VectorSource:
    """Open every file of a source, and compare what the user and the rules ask with what it has.

    The columns `needed` must be there; the `optional` ones are read if they are.

    Raises
    ------
    InputError
        With every fault of every file: not there, not readable, no CRS, no features, columns that are not there.
    """
    needed = tuple(needed)
    paths = tuple(path for path in paths if not is_empty_answer(Path(path)))
    if not paths:
        return VectorSource(name, row, (), (), (), (), ())
    row, paths = as_delivered(name, row, paths, places)
    if not paths:
        return VectorSource(name, row, (), (), (), (), ())
    shape = row if isinstance(row, Geometry) else Geometry()
    step = None if shape.arc_step_degrees is None else float(shape.arc_step_degrees)
    faults: list[Fault | str] = []
    is_about_crs = []
    opened: list[VectorFile] = []
    projections, real = [], []
    for path, member, where in _members(name, paths, places, shape.layer, faults):
        try:
            found = open_vector(
                member,
                where=where,
                scratch=places.scratch,
                layer=shape.layer,
                crs=shape.crs,
                geometry_column=shape.geometry_column,
                arc_step_degrees=step,
            )
            projections.append(
                to_rd(found.crs or "", where=where) if found.has_geometry else Projection("", is_identity=True)
            )
        except FlexsitesError as error:
            faults.extend(error.faults)
            is_about_crs.append(isinstance(error, CrsError))
            continue
        row = fitted(row, found.columns) if not opened else row
        file_faults = shape_faults(found, where)
        file_faults += column_faults(row, found.columns, needed, where=where)
        if found.is_text:
            file_faults += unit_faults(Path(found.path), _numbers_of(row, found, (*needed, *optional)), where=where)
        is_about_crs.extend([False] * len(file_faults))
        faults.extend(file_faults)
        opened.append(found)
        real.append(path)
    if faults:
        raise (CrsError if is_about_crs and all(is_about_crs) else InputError)(faults)
    names = opened[0].columns
    wanted = (*needed, *optional)
    kept, asked = kept_columns(row, names, wanted), read_columns(row, names, wanted)
    return VectorSource(name, row, tuple(opened), tuple(projections), kept, asked, tuple(real))


def _numbers_of(row: Selection, found: VectorFile, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return the columns that are read of a file, theirs: ours; of pairs those that hold values."""
    ours = {name: row.rename.get(name, name) for name in kept_columns(row, found.columns, wanted)}
    return ours | {pairs.value: name for name, pairs in row.pairs.items() if pairs.value is not None}


def _members(
    name: str, paths: tuple[str, ...], places: Places, layer: str | None, faults: list[Fault | str]
) -> Iterator[tuple[str, str, str]]:
    """Give, of every file, the path it was given by, each file of features in it, and what to name in an error."""
    for path in paths:
        where = f"{name} ({Path(path).name})"
        try:
            local = locate(path, places, where=name)
            members = features_of(local, layer, where=where, scratch=places.scratch)
        except FlexsitesError as error:
            faults.extend(error.faults)
            continue
        for member in members:
            yield local, str(member), where if len(members) == 1 else f"{name} ({Path(path).name}: {member.name})"


def read_rows(
    opened: VectorSource, kind: validity.Kind, told: ReadReport, *, bounds: Bounds | None = None
) -> Iterator[Rows]:
    """Give the sound rows of a source; what is not sound is counted and set apart in `told`.

    Parameters
    ----------
    opened
        The source.
    kind
        The kind of geometry wanted.
    told
        Filled while rows are given; complete when they are all given.
    bounds
        Rows whose bounding box lies outside are left out; None: none is.

    Raises
    ------
    CrsError
        If the coordinates contradict their label, or nothing of a whole file lies in the Netherlands.
    InputError
        If a file breaks off, or no row of the whole source passes `where`.
    """
    is_whole = True
    ledger = told.ledger
    ledger.columns |= columns_of(opened.row)
    for file, projection in zip(opened.files, opened.projections, strict=True):
        ledger.file = Path(file.path).name
        where = f"{opened.name} ({ledger.file})"
        is_big = file.n_features is not None and file.n_features > WHOLE_FILE_ROWS
        window = projection.window(bounds) if bounds is not None and is_big else None
        # In a window nothing may lie because the coordinates are wrong: then the file's first row is judged.
        first = None if window is None else next(file.batches(opened.asked, rows=1), None)
        is_checked = first is not None and _is_labelled_right(first, file, where)
        text = opened.row.identifying
        at, n_placed, n_away, n_exchanged = 0, told.n_placed, told.n_away, told.n_exchanged
        for batch in file.batches(opened.asked, bounds=window, rows=BATCH_ROWS, text=text, exchanged=True):
            is_checked = is_checked or _is_labelled_right(batch, file, where)
            chosen = (opened.row, opened.kept, projection)
            yield sound_rows(batch, *chosen, kind=kind, told=told, bounds=bounds, at=at)
            at += len(batch.columns)
        is_whole &= window is None
        n = told.n_away - n_away
        if window is None and n and n == told.n_placed - n_placed:
            remedy = f"compare its coordinates with its CRS ({file.crs}): they may be of another system, or exchanged"
            raise CrsError(Fault("nothing of it lies in the Netherlands", where, remedy, n))
        if n := told.n_exchanged - n_exchanged:
            told.doubts.append(exchanged(n, Path(file.path).name))
    ledger.file = None
    is_file = not isinstance(opened.row, Service)  # of a service the area alone was asked
    is_own = getattr(opened.row, "preset", None) is None  # what a preset asks is right: then nothing is there
    if is_whole and is_file and is_own and 0 < ledger.n_read == ledger.n_left_out:
        asked = "; ".join(f"{name}: {', '.join(map(str, values))}" for name, values in opened.row.where.items())
        remedy = f"compare its values with those asked ({asked})"
        raise InputError(Fault("no row passes `where`", opened.where, remedy, ledger.n_read))


@np.errstate(invalid="ignore")
def _is_labelled_right(batch: Batch, file: VectorFile, where: str) -> bool:
    """Refuse coordinates that contradict the label of their file; False where a batch has no geometry to tell."""
    box = shapely.bounds(batch.geometry)
    if wrong := coordinate_faults(box, file.crs or "", where=where):
        raise CrsError(wrong)
    return bool((~np.isnan(box).any(axis=1)).any())


@np.errstate(invalid="ignore", over="ignore")  # a corner that is no place is set apart here
def sound_rows(
    batch: Batch,
    selection: Selection,
    kept: tuple[str, ...],
    projection: Projection,
    *,
    kind: validity.Kind,
    told: ReadReport,
    bounds: Bounds | None,
    at: int = 0,
) -> Rows:
    """Return the sound rows of one batch; `at` is the number of its first row in the source.

    What is left out, outside, repeated, set apart or repaired is counted in `told`.
    """
    ledger = told.ledger
    ids = identifiers(batch, selection)
    chosen, n_left_out = select(batch, selection, kept, told.unlisted)
    ledger.n_read += len(batch.columns)
    ledger.n_left_out += n_left_out
    digests = validity.row_digests(chosen.geometry, chosen.columns)
    if not selection.identifying:
        ids = validity.made_ids(digests).where(~shapely.is_missing(chosen.geometry))
        ids = selection.id_prefix + ids
    moved = projection.apply(chosen.geometry)
    is_inside, is_away = meets(moved, bounds), outside_rd(moved)
    told.n_placed += int((~(shapely.is_missing(moved) | shapely.is_empty(moved))).sum())
    told.n_away += int(is_away.sum())
    told.n_exchanged += projection.n_exchanged(chosen.geometry[is_away & ~is_inside], bounds, told.told_within)
    if kind == "any":  # a layer may hold the sea: what lies outside the country matters to no site, and is counted
        is_inside &= ~is_away | _nowhere(chosen.geometry, is_away)
    is_repeat, is_taken = told.doubles.check(ids, digests)
    sound = validity.make_sound(moved, kind)
    reason = sound.reason.copy()
    if selection.identifying:
        reason[has_lost_digits(batch, selection) & (reason == np.array(None))] = "an id that has lost its last digits"
    reason[is_taken & (reason == np.array(None))] = "an id that another feature has"
    if selection.identifying:
        reason[ids.isna().to_numpy() & (reason == np.array(None))] = "no id"
    is_told = np.zeros(len(moved), dtype=bool) if told.told_within is None else meets(moved, told.told_within)
    is_inside &= ~is_told | ~(is_repeat | (reason != np.array(None)))
    reason[~is_inside | is_repeat] = None
    ledger.n_outside_area += int((~is_inside).sum())
    ledger.n_repeated += int((is_repeat & is_inside).sum())
    ledger.quarantine(ids, reason, moved, "EPSG:28992", at)
    keep = is_inside & ~is_repeat & (reason == np.array(None))
    mended = keep & sound.is_repaired & ~is_told
    words = np.full(int(mended.sum()), "invalid geometry", dtype=object)
    ledger.note("repaired", ids[mended], words, moved[mended], "EPSG:28992")
    ledger.n_repaired += int(mended.sum())
    ledger.n_kept += int(keep.sum())
    columns = chosen.columns[keep].reset_index(drop=True)
    return Rows(ids[keep].reset_index(drop=True), columns, sound.geometry[keep])


def _nowhere(geometry: Geometries, is_asked: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.bool_]:
    """Return which of the geometries that are asked have a corner that is no place, as they were delivered.

    Such a one lies nowhere, also not outside the country; what no projection reaches does lie outside.
    """
    found = is_asked.copy()
    found[is_asked] = validity.has_corner_nowhere(geometry[is_asked])
    return found
