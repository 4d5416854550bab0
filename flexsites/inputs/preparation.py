"""The engine of every preparation: one source at a time is read, logged once and remembered while nothing changed.

What is read, and in which order, is in `flexsites.inputs.prepare`; here is only how: where files come from, what is
remembered of them, the log of each source, and the faults of all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from flexsites.config.addresses import without_keys
from flexsites.config.source_rows import Row
from flexsites.config.sources import OgcFeatures, Sources
from flexsites.digest import are_as_written, code_digest
from flexsites.digest import digest as digest_of
from flexsites.errors import Fault, FlexsitesError, InputError, room_for
from flexsites.inputs.formats.files import Places
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.records import Hashes, SourceRecord, record_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.source_files import files_of, forget_copies, names_of_files, with_files
from flexsites.tables import Coverages, Frame, Table, concat
from flexsites.tables.spatial_files import Bounds, Written, write_canonical
from flexsites.tables.whole_files import read_state, write_state

FORMAT = 4
"""Raised whenever canonical files change their meaning, so that older ones are not used again."""

_CODE = (
    "flexsites.inputs.prepare",
    "flexsites.accessibility.contract_streets",
    "flexsites.accessibility.prepare_timetable",
)
_LIBRARIES = ("geopandas", "numpy", "osmium", "pandas", "pyogrio", "pyproj", "rasterio", "shapely")

T = TypeVar("T")
Make = Callable[[Path, ReadReport], tuple[Written | None, str]]
"""Writes one canonical file and fills in the report; returns what was written, and notes for the manifest."""


@dataclass(slots=True)
class Preparation:
    """The preparation of one run's inputs: what all its steps share, and what they gave so far.

    Attributes
    ----------
    sources
        The sources of the run.
    directory
        Where canonical files go.
    places
        What paths refer to.
    report
        Told each source as its turn comes.
    unasked
        Names of sources that are not read, because only a service could answer.
    asked
        The columns that may be read of a source; one that is not named: all of them.
    tables, layers, digests, records, warnings
        As `Prepared` has them.
    bounds
        Per canonical file the extent of its rows; null: it has none.
    coverages
        Where each layer says anything, part by part.
    faults
        Everything that is wrong, of all sources.
    """

    sources: Sources
    directory: Path
    places: Places
    report: Callable[[str], None] = lambda _: None
    unasked: frozenset[str] = frozenset()
    asked: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    hashes: Hashes = field(init=False)
    tables: dict[str, Path] = field(default_factory=dict)
    layers: dict[str, Path | None] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, Bounds | None] = field(default_factory=dict)
    records: dict[str, SourceRecord] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    coverages: list[Frame] = field(default_factory=list)
    faults: list[Fault | str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make room, and read which files were hashed before."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.hashes = Hashes(self.directory / "hashes.json")

    @property
    def has_unasked_areas(self) -> bool:
        """Whether areas are known to the run, but not here: what they bound is then not a fault."""
        return any(name.startswith("areas.") for name in self.unasked)

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Return what is read, or None when there are faults, which are kept."""
        try:
            return read()
        except FlexsitesError as error:
            self.faults.extend(error.faults)
            return None

    def files(self, name: str, row: Row, *, bounds: Bounds | None = None) -> tuple[str, ...]:
        """Return the local files of a source; what is remote is fetched first, of a service within the bounds.

        Raises
        ------
        InputError
            With every file that is not there, or what the service answered.
        """
        self.report(name)
        return files_of(name, row, self.places, bounds=bounds, columns=self.asked.get(name))

    def step(
        self,
        name: str,
        row: Row,
        target: str,
        make: Make,
        *,
        depends: object,
        bounds: Bounds | None = None,
        paths: tuple[str, ...] | None = None,
    ) -> bool:
        """Make one canonical file of a source, or use the one that is there.

        Parameters
        ----------
        name
            The source's dotted name.
        row
            Its configuration.
        target
            The file's name in the directory of canonical files, without suffix.
        make
            Writes it.
        depends
            What the file depends on besides the source's files and configuration (area, rules): JSON.
        bounds
            The window that a service is asked for; None: everything.
        paths
            The source's local files; None: those that its configuration names.

        Returns
        -------
            Whether the file stands there; False if nothing of the source lies in the area, or it has faults.
        """
        return self.attempt(lambda: self._step(name, row, target, make, depends, bounds, paths)) or False

    def _step(
        self,
        name: str,
        row: Row,
        target: str,
        make: Make,
        depends: object,
        bounds: Bounds | None,
        paths: tuple[str, ...] | None,
    ) -> bool:
        paths = self.files(name, row, bounds=bounds) if paths is None else paths
        path = self.directory / f"{target}.parquet"
        memory = path.with_suffix(".json")
        key = key_of([without_keys(row.model_dump(mode="json")), self.hashes.of(paths), depends])
        known: dict[str, Any] | None = remembered(memory, key)
        if known is None:
            # A file that is half of the old and half of the new must not be vouched for, whenever this is stopped.
            memory.unlink(missing_ok=True)
            report = ReadReport(Ledger(name))
            with room_for(name, self.directory):
                written, notes = make(path, report)
            if not self.log(name, row, paths, report, notes=notes):
                return False
            known = {
                "key": key,
                "records": [self.records[name].as_dict()],
                "sha256": written.sha256 if written else None,
                "bounds": written.bounds if written else None,
                "doubts": report.warnings(name, with_files(name, row)),
                "files": {path.name: written.sha256} if written else {},
            }
            write_state(memory, known)
        else:
            self.recall(known["records"])
            self.warnings += known["doubts"]
        self.bounds[target] = tuple(known["bounds"]) if known["bounds"] else None
        if known["sha256"] is None:
            return False
        self.digests[target], self.tables[target] = known["sha256"], path
        return True

    def log(self, name: str, row: Row, paths: Sequence[str], report: ReadReport, *, notes: str = "") -> bool:
        """End the log of one source: set rows apart, keep faults, and remember what the manifest tells of it.

        Returns
        -------
            Whether the source has no fault.
        """
        ledger = report.ledger
        if isinstance(row, OgcFeatures) and row.cql_filter and ledger.n_left_out:
            report.notes.append("the service ignored its filter; it is applied here")
        quarantine = ledger.write(self.directory / "quarantine")
        # What lies around the area is of the file of the parcels: said of the same place, its values are told once.
        faults = report.faults(with_files(name.removeprefix("context_"), row))
        if self.sources.faulty_rows == "stop":
            faults += ledger.faults(name, names_of_files(row))
        if faults:
            self.faults.extend(faults)
            return False
        joined = "; ".join(dict.fromkeys(part for part in (notes, *report.told) if part))
        record = record_of(
            name, row, digest=self.hashes.of(tuple(paths)), ledger=ledger, notes=joined, quarantine=quarantine
        )
        self.recall([asdict(record)])
        self.warnings += report.warnings(name, with_files(name, row))
        return True

    def recall(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep the records of sources, and what a reader of the results should know of them."""
        for content in records:
            record = SourceRecord(**content)
            self.records[record.id] = record
            self.warnings.extend(record.warnings)

    def write(self, frame: Frame, name: str, table: Table) -> None:
        """Write a table that is made of several sources."""
        written = write_canonical(frame, self.directory / f"{name}.parquet", table)
        self.tables[name], self.digests[name] = written.path, written.sha256

    def told(self) -> tuple[str, ...]:
        """Return what a reader of the results should know of the sources, each once."""
        return tuple(dict.fromkeys(self.warnings))

    def finish(self) -> Prepared:
        """Return what was prepared.

        Raises
        ------
        InputError
            With every fault of every source.
        """
        if not self.faults:
            self.write(concat(self.coverages, Coverages), "coverages", Coverages)
        if self.faults:
            forget_copies(self.sources.rows(), self.faults, self.places.scratch)
            raise InputError(once_each(self.faults))
        return Prepared(
            directory=self.directory,
            tables={name: path for name, path in self.tables.items() if not name.startswith("layers/")},
            layers=dict(self.layers),
            records=tuple(self.records[name] for name in self.sources.rows() if name in self.records),
            warnings=self.told(),
            hashes=dict(sorted(self.digests.items())),
            fetched=() if self.places.fetched is None else tuple(self.places.fetched.used.values()),
        )


def once_each(faults: Sequence[Fault | str]) -> list[Fault | str]:
    """Return faults without repeats; a file that is not there is told once, with the sources that name it.

    Examples
    --------
    >>> names = ("streets", "layers.rail", "layers.roads")
    >>> gone = [Fault("no such file", f"{name}: a.pbf", "fetch it") for name in names]
    >>> [str(one) for one in once_each([*gone, gone[0]])]
    ['streets, layers.rail and 1 more: a.pbf: no such file. Remedy: fetch it.']
    """
    found: dict[str, Fault | str] = {}
    names: dict[str, list[str]] = {}
    for fault in faults:
        name, _, path = fault.where.partition(": ") if isinstance(fault, Fault) else ("", "", "")
        is_gone = isinstance(fault, Fault) and fault.what == "no such file" and bool(path)
        key = f"no such file: {path}" if is_gone else str(fault)
        found.setdefault(key, fault)
        if is_gone and name not in names.setdefault(key, []):
            names[key].append(name)
    for key, those in names.items():
        fault = found[key]
        if isinstance(fault, Fault) and len(those) > 1:
            more = f" and {len(those) - 2:,} more" if len(those) > 2 else ""  # noqa: PLR2004 - two are named
            told = f"{', '.join(those[:2])}{more}: {fault.where.partition(': ')[2]}"
            found[key] = replace(fault, where=told)
    return list(found.values())


def key_of(content: object) -> str:
    """Return the key of what is prepared: what it is made of, and the code and the libraries that make it."""
    return digest_of([FORMAT, code_digest(*_CODE), _libraries(), content])


@cache
def _libraries() -> dict[str, str]:
    """Return the versions of what makes it: a run asks dozens of times, and each is looked up on the disk."""
    return {name: version(name) for name in _LIBRARIES}


def remembered(memory: Path, key: str) -> dict[str, Any] | None:
    """Return what is remembered of a step, if it was made of the same, and its files are as they were written.

    None: it is to be made (again).
    """
    known = read_state(memory)
    if known is None or known.get("key") != key or not are_as_written(known.get("files", {}), memory.parent):
        return None
    return known
