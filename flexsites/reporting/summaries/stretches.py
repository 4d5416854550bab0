"""A finished run read some parcels at a time, with what other tables tell of just these: a run is never held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from flexsites.reporting.results import Results
from flexsites.tables import Frame

BASE = "base"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some parcels of one reading of a run.

    Attributes
    ----------
    results, variant
        The run, and which of its readings.
    sites
        The parcels, in the order of their ids: those columns that were asked for.
    """

    results: Results
    variant: str
    sites: Frame

    def rows(self, name: str, columns: Sequence[str]) -> Frame:
        """Return the rows of another table on these parcels; it is sorted by parcel, or nearly."""
        return _between(self.results, named(self.variant, name), self.sites["site_id"], columns)

    def of(self, variant: str, columns: Sequence[str]) -> Stretch:
        """Return the same parcels in another reading."""
        sites = _between(self.results, named(variant, "sites"), self.sites["site_id"], columns)
        return Stretch(self.results, variant, sites)

    def places(self) -> Frame | None:
        """Return ``piece_id, site_id, location_id`` of their valid pieces (consent given); None: no pieces."""
        tables = named(self.variant, "pieces"), named(self.variant, "piece_locations")
        if not all(self.results.has(one) for one in tables):
            return None
        pieces = self.rows("pieces", ["piece_id", "site_id", "is_valid", "is_with_consent"])
        valid = pieces.loc[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy(dtype=bool)]
        valid = pd.DataFrame(valid[["piece_id", "site_id"]])
        located = _between(self.results, tables[1], valid["piece_id"], ["piece_id", "location_id"], key="piece_id")
        return valid.merge(located, on="piece_id", validate="one_to_one")


def stretches(results: Results, columns: Sequence[str], *, variant: str = BASE) -> Iterator[Stretch]:
    """Yield the parcels of a reading some at a time, in the order of their ids.

    Parameters
    ----------
    results
        The run.
    columns
        The columns of Sites that are asked for, ``site_id`` among them.
    variant
        The reading.
    """
    for sites in results.chunks(named(variant, "sites"), columns=columns):
        yield Stretch(results, variant, sites[list(columns)].reset_index(drop=True))


def named(variant: str, name: str) -> str:
    """Return the name that a table of a reading has in the run.

    Examples
    --------
    >>> named("base", "sites"), named("dense", "sites")
    ('sites', 'variants/dense/sites')
    """
    return name if variant == BASE else f"variants/{variant}/{name}"


def variants_of(results: Results) -> list[str]:
    """Return the readings that the run has, the base first."""
    folders = sorted((results.directory / "variants").glob("*/"))
    return [BASE, *(one.name for one in folders if one.name != BASE and (one / "sites.parquet").exists())]


class Aside:
    """A table that is not sorted by parcel: its columns asked for are held, and given out stretch by stretch.

    Parameters
    ----------
    results, name
        The run and the table.
    columns
        What is held of it, ``site_id`` among them.
    """

    def __init__(self, results: Results, name: str, columns: Sequence[str]) -> None:
        chunks = [rows[list(columns)] for rows in results.chunks(name, columns=columns)]
        rows = pd.concat(chunks, ignore_index=True)
        codes = {one: "category" for one in columns if one != "site_id" and isinstance(rows[one].dtype, pd.StringDtype)}
        self.rows = rows.astype(codes).sort_values("site_id", kind="stable", ignore_index=True)

    def of(self, stretch: Stretch) -> Frame:
        """Return the rows on the parcels of a stretch."""
        ids, asked = self.rows["site_id"], stretch.sites["site_id"]
        if asked.empty:
            return self.rows.iloc[:0]
        start, stop = ids.searchsorted(asked.iloc[0], side="left"), ids.searchsorted(asked.iloc[-1], side="right")
        return self.rows.iloc[start:stop].reset_index(drop=True)


def _between(
    results: Results, name: str, keys: pd.Series[str], columns: Sequence[str], *, key: str = "site_id"
) -> Frame:
    """Return the rows whose key is among those of some parcels, or lies between two of them."""
    low, high = (keys.min(), keys.max()) if len(keys) else ("", "")
    return results.between(name, key, low, high, columns)[list(columns)]
