"""What is not local by nature: one deterministic step across cells, after all of them are done.

Locations, ranks, complexes and look-alikes look beyond the cell. They get columns of their own; the sites' own figures
are not touched. Nothing holds all sites of a run: pairs of pieces are found cell by cell, and what is held at once is
the ids of valid pieces, facts of the sites they lie on, the suitable sites, and, with their shapes, the pieces and
complexes at the borders of cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flexsites import tables as t
from flexsites.capacity.complexes import describe_references, find_lookalikes, group_complexes
from flexsites.config.roofs import ComplexRules
from flexsites.config.study import BASE, Reading, Study
from flexsites.exclusion.locations import (
    NAMED_STREET_M,
    core_pairs,
    describe_locations,
    group_locations,
    link_pieces,
    main_locations,
    pairs_among,
    place_pieces,
)
from flexsites.inputs.prepared import Prepared
from flexsites.runs.lattice import Cell
from flexsites.runs.run import Options, Place, progress
from flexsites.runs.side_by_side import side_by_side
from flexsites.runs.supply import tell_supply
from flexsites.suitability.asked import ADJOINING, Meaning, bordering
from flexsites.suitability.demand import match_demand, sum_demand
from flexsites.suitability.places import demand_places, may_suit
from flexsites.tables import Frame, Table
from flexsites.tables.files import (
    merge,
    read,
    read_chunks,
    read_columns,
    read_rows,
    replace_column,
    write_chunks,
    write_table,
)
from flexsites.tables.whole_files import scratch_folder
from flexsites.tables.windows import window_of

_FACTS = ("site_id", "verdict", "gemeente_code", "buurt_code", "owner_class")
"""What is held of parcels."""

_NAMED = ("piece_id", "site_id", "core_area_m2", "is_valid", "is_with_consent", "core_mates")
"""What is held of valid pieces to group them: no shapes."""

_ROUNDING_M = 0.01
"""Corners of cells are rounded where their side is no round number: a piece this near its border counts as over it."""


def gather_sites(
    place: Place, study: Study, inputs: Prepared, rows: Sequence[Mapping[str, Any]], options: Options
) -> None:
    """Group pieces into locations and rank sites per flexmilieu, in every reading of the run."""
    cells = [str(row["cell"]) for row in rows if row["kind"] == "parcels"]
    steps = [partial(_gather, place, study, inputs, cells, reading) for reading in study.readings]
    n_sites = sum(row["n_sites"] for row in rows if row["kind"] == "parcels")
    with progress("locations and ranks", len(steps), quiet=options.quiet) as advance:
        side_by_side(place.directory, steps, advance, n_sites=n_sites, options=options)


def _gather(place: Place, study: Study, inputs: Prepared, cells: Sequence[str], reading: Reading) -> None:
    """Group the pieces of one reading into locations, and rank its sites."""
    locations, told, sites = _locate(place, study, inputs, cells, reading)
    ranks = tell_supply(place, reading, cells, locations, told, sites)
    _fill_in(place.result(reading.id, "suitability"), t.Suitability, "rank", ranks)


def _locate(
    place: Place, study: Study, inputs: Prepared, cells: Sequence[str], reading: Reading
) -> tuple[Frame, Frame, Frame]:
    """Write the locations of one reading; return which each piece is in, what is told of them, and their parcels.

    What pieces are grouped by is let go of here: homes are told of what cells left of them.
    """
    parts = {Cell.named(cell): place.parts / cell / reading.id / "pieces.parquet" for cell in cells}
    valid, links = _linked(parts, inputs, study)
    locations = group_locations(valid, links)
    write_table(locations, t.PieceLocations, place.result(reading.id, "piece_locations"))
    sites, told = _tell_locations(place, reading.id, parts, inputs, locations)
    _fill_in(place.result(reading.id, "sites"), t.Sites, "location_id", main_locations(valid, locations))
    return locations, told, sites


def _tell_locations(
    place: Place, reading: str, parts: Mapping[Cell, Path], inputs: Prepared, piece_locations: Frame
) -> tuple[Frame, Frame]:
    """Write the locations of a reading: where they lie, how large they are, whose land; return parcels and these.

    Of the parcels of the run those are held that have a valid piece, in either reading, or a piece that shares its core
    with one.
    """
    asked = set[str]()
    for path in parts.values():
        pieces = read_columns(path, ["site_id", "is_valid", "core_mates"])
        pieces = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
        asked.update(pieces["site_id"].unique())
        asked.update(mate.rpartition("#")[0] for mates in pieces["core_mates"] for mate in mates)
    sites = read_rows(place.result(reading, "sites"), "site_id", asked, columns=_FACTS)
    run_sites = frozenset(sites["site_id"]) if inputs.tables.get("context_parcels") is not None else None
    located = []
    for path in parts.values():
        own = _valid(path)
        if len(own):
            streets = inputs.read("streets", t.StreetLines, window_of(own, NAMED_STREET_M))
            located.append(place_pieces(own, streets, within_m=NAMED_STREET_M, run_sites=run_sites))
    every = t.concat(located, t.LocatedPieces)
    told = describe_locations(every, piece_locations, sites)
    write_table(told, t.Locations, place.result(reading, "locations"))
    return sites, told


def _linked(parts: Mapping[Cell, Path], inputs: Prepared, study: Study) -> tuple[Frame, Frame]:
    """Return the valid pieces of all cells, and the pairs of them that are one location.

    Pairs that share a component of core are said by the pieces. Those across a gap are found cell by cell: of two
    pieces of different cells within reach of each other, one at least sticks out of its own cell, or nearly; those of
    all cells are held with their shapes, and each cell is searched together with the ones near it.
    """
    named, links = list[Frame](), list[Frame]()
    for path in parts.values():
        pieces = _valid(path, _NAMED)
        # Mates are lists of texts, much larger than the pairs they say: no more than those of a cell are held.
        links.append(core_pairs(pieces))
        named.append(pieces[t.ValidPieces.columns])
    valid = pd.concat(named, ignore_index=True)
    links = [pairs_among(t.concat(links, t.PieceLinks), valid["piece_id"])]
    if float(study.locations.gap_m) > 0.0:
        links += _across_gaps(parts, inputs, study)
    return valid, t.concat(links, t.PieceLinks).drop_duplicates(ignore_index=True)


def _across_gaps(parts: Mapping[Cell, Path], inputs: Prepared, study: Study) -> Iterator[Frame]:
    """Give the pairs of pieces that a gap parts, cell by cell; a pair over a border comes from both its sides."""
    reach_m = float(study.locations.gap_m) + _ROUNDING_M
    at_rims = t.concat([_at_rim(_valid(path), cell, reach_m) for cell, path in parts.items()], t.Pieces)
    for path in parts.values():
        own = _valid(path)
        if own.empty:
            continue
        west, south, east, north = window_of(own, reach_m)
        near = at_rims.cx[west:east, south:north]
        pieces = t.concat([own, near[~near["piece_id"].isin(own["piece_id"])]], t.Pieces)
        around = reach_m + 4.0 * float(study.tests.wide_water_m) + 1.0
        barriers = inputs.read_layers(window_of(pieces, around), names=study.locations.barrier_layers)
        yield link_pieces(pieces, barriers, rules=study.all_rules, tests=study.tests, locations=study.locations)


def _valid(path: Path, columns: Sequence[str] | None = None) -> Frame:
    """Return the valid pieces of the first reading: locations are of these."""
    pieces = read(path) if columns is None else read_columns(path, columns)
    valid: Frame = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy(dtype=bool)].reset_index(drop=True)
    return valid


def _at_rim(pieces: Frame, cell: Cell, reach_m: float) -> Frame:
    """Return the pieces that do not lie within their cell by as much as a reach."""
    west, south, east, north = cell.grow(-reach_m)
    bounds = pieces.bounds
    is_inside = (bounds["minx"] > west) & (bounds["miny"] > south) & (bounds["maxx"] < east) & (bounds["maxy"] < north)
    at_rim: Frame = pieces[~is_inside.to_numpy()]
    return at_rim


def _fill_in(path: Path, table: Table, column: str, found: Frame) -> None:
    """Write what was found into a column that the cells left empty, some rows at a time; the others' stays null.

    Of a table as long as the country only what was found is held.
    """
    key = list(table.key)
    found = found.sort_values(key, ignore_index=True)[[*key, column]]
    ids = found[key[0]].to_numpy()

    def told(keys: Frame) -> pd.Series[Any]:
        """Return what was found of some rows."""
        start = np.searchsorted(ids, keys[key[0]].min(), side="left") if len(keys) else 0
        stop = np.searchsorted(ids, keys[key[0]].max(), side="right") if len(keys) else 0
        here = found.iloc[start:stop]
        return keys.merge(here, on=key, how="left", validate="one_to_one")[column]

    replace_column(path, table, column, told)


def match(place: Place, study: Study, inputs: Prepared, options: Options) -> None:
    """Match the sites of the run itself to the demand, where the run has any."""
    path = inputs.tables.get("demand")
    if path is None:
        return
    demand = read(path)
    meaning = Meaning(
        study.flexmilieus, study.dwelling_types, study.base.groups, study.base.time, _adjoining(inputs, demand)
    )
    with progress("demand", 2, quiet=options.quiet) as advance:
        places, gemeenten = _demand_places(place)
        matched = match_demand(demand, places, meaning=meaning, order=study.run.demand_order)
        write_table(matched, t.DemandSites, place.result(BASE, "demand_sites"))
        advance(1)
        told = sum_demand(demand, matched, places, meaning=meaning, gemeenten=gemeenten)
        write_table(told, t.DemandTotals, place.result(BASE, "demand"))
        advance(2)


def _demand_places(place: Place) -> tuple[Frame, frozenset[str]]:
    """Return the places of the run that may meet a demand, and the gemeenten in which it has sites.

    Of tables as long as the country those rows are held that a place may be made of.
    """
    paths = {name: place.result(BASE, name) for name in ("clusters", "pieces", "sites", "suitability")}
    years = "available_years_expected"
    clusters = read(paths["clusters"])
    members = {piece for pieces in clusters["cluster_pieces"] for piece in pieces}
    columns = ["piece_id", "site_id", "is_with_consent", "is_without_consent", years]
    pieces = read_rows(paths["pieces"], "piece_id", members, columns=columns)
    columns = ["site_id", "flexmilieu", "is_suitable", "n_per_cluster_expected", "score"]
    chunks = (rows[may_suit(rows).to_numpy(dtype=bool)] for rows in read_chunks(paths["suitability"], columns=columns))
    suitability = t.concat(list(chunks), t.Suitability)
    asked = {*clusters["site_id"], *pieces["site_id"], *suitability["site_id"]}
    columns = ["site_id", "gemeente_code", "owner_class", "verdict", "location_id", years]
    sites = read_rows(paths["sites"], "site_id", asked, columns=columns)
    codes = (rows["gemeente_code"].dropna() for rows in read_chunks(paths["sites"], columns=["gemeente_code"]))
    places = demand_places(clusters, pieces=pieces, sites=sites, suitability=suitability)
    return places, frozenset(code for some in codes for code in some.unique())


def _adjoining(inputs: Prepared, demand: Frame) -> dict[str, tuple[str, ...]]:
    """Return the gemeenten that border on one that asks for homes there too."""
    path = inputs.tables.get("areas")
    asks = {row["gemeente_code"] for row in demand.to_dict("records") if ADJOINING in row["also_in"]}
    if path is None or not asks:
        return {}
    areas = read(path)
    return bordering(areas[(areas["area_kind"] == "gemeente").to_numpy()], asks)


def gather_roofs(place: Place, study: Study, inputs: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
    """Group the complexes that reach over borders of cells, and find the look-alikes of known buildings.

    Memory grows with the roofs of complexes over borders, not with those of the run.
    """
    if study.top_up is None:
        return
    rules = study.top_up.complexes
    cells = [place.parts / row["cell"] / BASE for row in rows if row["kind"] == "roofs"]
    links = t.concat([read(cell / "complex_links.parquet") for cell in cells], t.ComplexLinks)
    links = links.drop_duplicates(ignore_index=True)
    ids = pd.concat([links["bag_pand_id"], links["neighbour_id"]]).unique()
    roofs = t.concat([read_rows(cell / "roofs.parquet", "bag_pand_id", ids) for cell in cells], t.Roofs)
    with scratch_folder(place.directory / "complexes") as folder:
        over_borders = folder / "over_borders.parquet"
        write_table(group_complexes(roofs, links, rules=rules), t.Complexes, over_borders)
        paths = [cell / "complexes.parquet" for cell in cells]
        merge([*paths, over_borders], t.Complexes, place.result(BASE, "complexes"))
    write_chunks(_lookalikes(place, inputs, rules), t.Lookalikes, place.result(BASE, "lookalikes"))


def _lookalikes(place: Place, inputs: Prepared, rules: ComplexRules) -> Iterator[Frame]:
    """Yield the look-alikes of some roofs at a time, in the order of the roofs."""
    paths = place.result(BASE, "roofs"), place.result(BASE, "complexes")
    known = inputs.directory / "known_roofs.parquet"
    references = _references(read(known), *paths) if known.is_file() else t.empty(t.References)
    # Both tables have a row for every roof, in the same order, so their chunks hold the same roofs.
    for roofs, complexes in zip(read_chunks(paths[0]), read_chunks(paths[1]), strict=True):
        yield find_lookalikes(roofs, complexes, references, rules=rules)


def _references(known: Frame, roofs: Path, complexes: Path) -> Frame:
    ids = known["bag_pand_id"].dropna()
    return describe_references(read_rows(roofs, "bag_pand_id", ids), read_rows(complexes, "bag_pand_id", ids), known)
