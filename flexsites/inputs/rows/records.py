"""What the manifest says of each source: what it is, which bytes were read, and what happened to its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from flexsites.config.catalogue import About, CatalogueRow
from flexsites.config.sections import read_catalogue
from flexsites.config.shelf import Shelf
from flexsites.config.source_rows import Row
from flexsites.config.sources import Raster
from flexsites.errors import ConfigError, Fault
from flexsites.inputs.formats.files import content_of, sha256
from flexsites.inputs.rows.validity import Ledger
from flexsites.tables.whole_files import read_state, write_state


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as the manifest and the reports tell it.

    `sha256` is of the file, or of the list of hashes of several. Every row read is in exactly one of `n_left_out` (by
    `where`), `n_outside_area`, `n_repeated`, `n_quarantined` and `n_features`; `n_repaired` counts among the last. Of a
    raster (`is_raster`) these are the cells that a rule lists, and no others.
    """

    id: str
    title: str
    provider: str
    licence: str
    attribution: str
    edition: str
    url: str | None
    sha256: str
    n_features: int
    n_read: int = 0
    n_left_out: int = 0
    n_outside_area: int = 0
    n_repeated: int = 0
    n_repaired: int = 0
    n_quarantined: int = 0
    quarantine: str | None = None
    notes: str = ""
    unused_reasons: Mapping[str, int] = field(default_factory=dict)
    is_raster: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the record for the manifest."""
        return asdict(self)

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results should know of the source."""
        told = []
        if self.n_repaired:
            told.append(
                f"{self.id}: 1 geometry repaired ({self.quarantine})"
                if self.n_repaired == 1
                else f"{self.id}: {self.n_repaired:,} geometries repaired ({self.quarantine})"
            )
        if self.n_quarantined:
            reasons = "; ".join(f"{why}: {n:,}" for why, n in self.unused_reasons.items())
            told.append(
                f"{self.id}: 1 row not used ({reasons}), set apart in {self.quarantine}"
                if self.n_quarantined == 1
                else f"{self.id}: {self.n_quarantined:,} rows not used ({reasons}), set apart in {self.quarantine}"
            )
        if self.n_repeated:
            told.append(
                f"{self.id}: 1 row is the same row or the same ground again and counts once"
                if self.n_repeated == 1
                else f"{self.id}: {self.n_repeated:,} rows are the same row or the same ground again and count once"
            )
        if self.n_features == 0:
            why = "nothing of it lies in the area of the run"
            if self.is_raster:  # it may well cover the area: with cells below what the rule asks, which is good news
                why = "no cell that the rule asks for lies in the area of the run"
            elif 0 < self.n_read == self.n_left_out:
                why = "no row passes `where`"
            elif self.id == "context_parcels":  # what lies around the area never lies in it
                why = "no parcel lies around the area of the run: at its edge pieces lack their neighbours"
            told.append(f"{self.id}: {why}")
        return told


@lru_cache(maxsize=1)
def load_catalogue() -> dict[str, CatalogueRow]:
    """Return every row of the catalogue (configs/sources/) by id.

    Raises
    ------
    ConfigError
        If a file is not as it should be, or an id stands in two files.
    """
    return read_catalogue(Shelf())


def about_of(name: str, row: Row) -> About:
    """Return what a source is: written with it, or the row of the catalogue it names.

    Raises
    ------
    ConfigError
        If the catalogue has no such row.
    """
    if isinstance(row.about, About):
        return row.about
    known = load_catalogue()
    if row.about not in known:
        what = f"the catalogue has no source {row.about}"
        remedy = f"use one of {', '.join(sorted(known))}, or write out title, provider, licence, attribution, edition"
        raise ConfigError(Fault(what, f"sources.{name}.about", remedy))
    return known[row.about]


def record_of(
    name: str, row: Row, *, digest: str, ledger: Ledger, notes: str = "", quarantine: Path | None = None
) -> SourceRecord:
    """Return the record of a source that was read."""
    about = about_of(name, row)
    said = (about.notes, row.notes, notes)
    return SourceRecord(
        id=name,
        title=about.title,
        provider=about.provider,
        licence=about.licence,
        attribution=about.attribution,
        edition=about.edition,
        url=about.url,
        sha256=digest,
        n_features=ledger.n_kept,
        n_read=ledger.n_read,
        n_left_out=ledger.n_left_out,
        n_outside_area=ledger.n_outside_area,
        n_repeated=ledger.n_repeated,
        n_repaired=ledger.n_repaired,
        n_quarantined=ledger.n_quarantined,
        quarantine=None if quarantine is None else quarantine.name,
        notes="; ".join(part.rstrip(".") for part in said if part),
        unused_reasons=dict(sorted(ledger.reasons.items())),
        is_raster=isinstance(row, Raster),
    )


@dataclass(slots=True)
class Hashes:
    """SHA-256 of files, remembered by size and times: a national file is hashed once, not at every run.

    The time of change (ctime) is among them: a file put in place of another with its size and time of writing kept
    (an archive unpacked over it, ``cp -p``) is another file.
    """

    path: Path
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is remembered."""
        self.known = read_state(self.path) or {}

    def of(self, paths: tuple[str, ...]) -> str:
        """Return the hash of a file; of several, the hash of their hashes in order."""
        found = [self._one(path) for path in paths]
        if len(found) == 1:
            return found[0]
        return hashlib.sha256("".join(found).encode()).hexdigest()

    def _one(self, path: str) -> str:
        stamps = []
        for one in content_of(path):
            stat = one.stat()
            stamps.append(f"{one.resolve()}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}")
        key = stamps[0] if len(stamps) == 1 else hashlib.sha256("\n".join([path, *stamps]).encode()).hexdigest()
        if key not in self.known:
            self.known |= read_state(self.path) or {}  # another process of this run may have hashed files meanwhile
        if key not in self.known:
            self.known[key] = sha256(path)
            write_state(self.path, self.known)
        return self.known[key]
