"""One source at a time: read it, tell what happened, remember it, and do not read it again while nothing changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flexsites.config.sources import ArcgisFeatures, FileRow, OgcFeatures, Row
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.inputs.formats.files import Places, locate
from flexsites.inputs.formats.services import fetch_features
from flexsites.inputs.rows.ingest import Told
from flexsites.inputs.rows.numbers import OF_A_MAPPING
from flexsites.inputs.rows.records import Hashes, SourceRecord, about_of, record_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.tables import Frame, Table
from flexsites.tables.files import write_json
from flexsites.tables.spatial_files import Bounds, Written, write_canonical

FORMAT = 2
"""Raised whenever canonical files change their meaning, so that older ones are not used again."""

Make = Callable[[Path, Told], tuple[Written | None, str]]
"""Writes one canonical file and fills in what was told; returns what was written, and notes for the manifest."""


@dataclass(slots=True)
class Kitchen:
    """What all steps share: places, what is remembered, and what was told so far.

    `faults` are collected over all sources; `rows_stop` says whether rows that cannot be used are among them.
    """

    directory: Path
    places: Places
    rows_stop: bool
    report: Callable[[str], None]
    hashes: Hashes
    tables: dict[str, Path] = field(default_factory=dict)
    layers: dict[str, Path | None] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    bounds: dict[str, Bounds | None] = field(default_factory=dict)
    records: dict[str, SourceRecord] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    faults: list[Fault | str] = field(default_factory=list)

    def step(self, name: str, row: Row, target: str, make: Make, *, depends: object, paths: tuple[str, ...]) -> bool:
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
        paths
            The source's local files.

        Returns
        -------
        bool
            Whether the file stands there; False if nothing of the source lies in the area, or a fault was told.
        """
        self.report(name)
        path = self.directory / f"{target}.parquet"
        memory = path.with_suffix(".json")
        try:
            digest = self.hashes.of(paths)
            key = _key(row, digest, depends)
            if (known := _remembered(memory, key)) is not None:
                return self._recall(name, target, path, known)
            # A file that is half of the old and half of the new must not be vouched for, whenever this is stopped.
            memory.unlink(missing_ok=True)
            told = Told(Ledger(name))
            written, notes = make(path, told)
        except FlexsitesError as error:
            self.faults.extend(error.faults)
            return False
        if isinstance(row, OgcFeatures) and row.cql_filter and told.ledger.n_left_out:
            told.notes.append("the service ignored its filter; it is applied here")
        quarantine = told.ledger.write(self.directory / "quarantine")
        faults = [*told.unlisted.faults(name), *(told.ledger.faults(name) if self.rows_stop else [])]
        faults += told.unreadable.faults(_with_files(name, row), OF_A_MAPPING)
        if faults:
            self.faults.extend(faults)
            return False
        record = record_of(
            name, row, digest=digest, ledger=told.ledger, notes=_joined(notes, told), quarantine=quarantine
        )
        content = {
            "key": key,
            "record": record.as_dict(),
            "sha256": written.sha256 if written else None,
            "bounds": written.bounds if written else None,
            "warnings": _warnings(record),
        }
        write_json(memory, content)
        return self._recall(name, target, path, content)

    def run(
        self, name: str, row: Row, target: str, make: Make, *, depends: object, bounds: Bounds | None = None
    ) -> bool:
        """Find a source's files, fetching what is remote, and make one canonical file of it, as `step` does."""
        try:
            paths = files_of(name, row, self.places, bounds=bounds)
        except FlexsitesError as error:
            self.faults.extend(error.faults)
            return False
        return self.step(name, row, target, make, depends=depends, paths=paths)

    def write(self, frame: Frame, name: str, table: Table) -> None:
        """Write a table that is made of several sources."""
        written = write_canonical(frame, self.directory / f"{name}.parquet", table)
        self.tables[name], self.digests[name] = written.path, written.sha256

    def _recall(self, name: str, target: str, path: Path, content: dict[str, Any]) -> bool:
        self.records[name] = SourceRecord(**content["record"])
        self.warnings.extend(content["warnings"])
        self.bounds[target] = tuple(content["bounds"]) if content["bounds"] else None
        if content["sha256"] is None:
            return False
        self.digests[target] = content["sha256"]
        self.tables[target] = path
        return True


def files_of(name: str, row: Row, places: Places, *, bounds: Bounds | None) -> tuple[str, ...]:
    """Return the local files of a source; a service's features are fetched first, within the bounds.

    Raises
    ------
    InputError
        With every file that is not there, or what the service answered.
    """
    about_of(name, row)
    if isinstance(row, OgcFeatures | ArcgisFeatures):
        return (str(fetch_features(name, row, places.scratch, bounds=bounds)),)
    if not isinstance(row, FileRow):
        return ()
    found: list[str] = []
    faults: list[Fault | str] = []
    for path in row.paths:
        try:
            found.append(locate(path, places, where=name))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return tuple(found)


def _with_files(name: str, row: Row) -> str:
    """Return a source's name and, where it has them, its files."""
    files = [Path(path).name for path in row.paths] if isinstance(row, FileRow) else []
    return f"{name} ({', '.join(files)})" if files else name


def file_name(key: str) -> str:
    """Return a name of a file for a key that may hold signs no file system likes.

    Examples
    --------
    >>> file_name("natura2000"), file_name("flood>1") == file_name("flood>=1")
    ('natura2000', False)
    """
    if re.fullmatch(r"[a-z0-9_.-]+", key):
        return key
    return f"{re.sub(r'[^a-z0-9_.-]+', '_', key.lower())}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _key(row: Row, digest: str, depends: object) -> str:
    content = [FORMAT, row.model_dump(mode="json"), digest, depends]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _remembered(memory: Path, key: str) -> dict[str, Any] | None:
    """Return what is remembered of a file, if it was made of the same and is still as it was written."""
    if not memory.exists():
        return None
    content: dict[str, Any] = json.loads(memory.read_text(encoding="utf-8"))
    path = memory.with_suffix(".parquet")
    if content["key"] != key or (content["sha256"] is not None and not path.exists()):
        return None
    return content


def _joined(notes: str, told: Told) -> str:
    return "; ".join(dict.fromkeys(part for part in (notes, *told.notes) if part))


def _warnings(record: SourceRecord) -> list[str]:
    told = []
    if record.n_repaired:
        told.append(f"{record.id}: {record.n_repaired} geometries repaired ({record.quarantine})")
    if record.n_quarantined:
        reasons = ", ".join(f"{why}: {n}" for why, n in record.unused_reasons.items())
        told.append(f"{record.id}: {record.n_quarantined} rows not used ({reasons}), set apart in {record.quarantine}")
    if record.n_repeated:
        told.append(f"{record.id}: {record.n_repeated} rows are the same row again and count once")
    if record.n_features == 0:
        told.append(f"{record.id}: nothing of it lies in the area of the run")
    return told
