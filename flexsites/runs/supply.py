"""Homes over the area of a run: what its cells left of pieces is held, and each reading's supply is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from flexsites import tables as t
from flexsites.answer import sizes_of
from flexsites.config.study import Reading
from flexsites.held import HELD, Held, hold, join, location_of
from flexsites.runs.run import Place
from flexsites.supply import clusters_in_turn, ranks_of_sites, served_in_turn
from flexsites.tables import Frame
from flexsites.tables.contract import is_true
from flexsites.tables.files import read_chunks, read_columns, write_chunks


def tell_supply(
    place: Place, reading: Reading, cells: Sequence[str], piece_locations: Frame, locations: Frame, sites: Frame
) -> Frame:
    """Write the homes of locations with their ranks, and the clusters of spread supply; return the ranks of parcels.

    What is held at once is the valid pieces of the run, without their geometry: numbers per flexmilieu, and ids.

    Parameters
    ----------
    place, reading, cells
        Where the run stands, which of its readings, and the cells of parcels.
    piece_locations, locations
        Of the first reading's pieces.
    sites
        ``site_id`` and ``verdict``.

    Returns
    -------
        ``site_id, flexmilieu, rank`` of the parcels that suit, and lie in a location that does.
    """
    names = tuple(reading.programmes)
    held = join([_held(place.parts / cell / reading.id, names) for cell in cells])
    placed = {consent: location_of(held, with_consent=consent) for consent in (False, True)}
    sizes = sizes_of(reading)
    ranked: list[Frame] = []

    def served() -> Iterator[Frame]:
        for rows in served_in_turn(held, piece_locations, locations, names=names, sizes=sizes, placed=placed):
            ranked.append(rows.loc[rows["rank"].notna(), ["location_id", "flexmilieu", "rank"]])
            yield rows

    write_chunks(served(), t.LocationSuitability, place.result(reading.id, "location_suitability"))
    ranks = ranks_of_sites(held, piece_locations, t.concat(ranked, t.LocationSuitability))
    reach_m = float(reading.counting.cluster_reach_m)
    numbered = sorted(enumerate(names), key=lambda one: one[1])
    # In the order of the key, in which "with" goes before "without".
    clusters = clusters_in_turn(
        held, sites, placed, consents=(True, False), names=numbered, sizes=sizes, reach_m=reach_m
    )  # fmt: skip
    in_order = (rows.sort_values("seed_piece_id", ignore_index=True) for rows in clusters)
    write_chunks(in_order, t.Clusters, place.result(reading.id, "clusters"))
    columns = ["site_id", "flexmilieu", "is_suitable"]
    path = place.result(reading.id, "suitability")
    suiting = [rows[is_true(rows["is_suitable"])] for rows in read_chunks(path, columns=columns)]
    suits = t.concat(suiting, t.Suitability)
    return suits[columns[:2]].merge(ranks, on=columns[:2])


def _held(folder: Path, names: Sequence[str]) -> Held:
    """Return what one cell leaves of its valid pieces in one reading."""
    pieces, judged, units = (read_columns(folder / f"{name}.parquet", columns) for name, columns in HELD.items())
    return hold(pieces, judged, units, names=names)
