"""Locations, over all cells: pairs of pieces are found cell by cell, and grouped once by their ids alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import lists
from flexsites.config.rule_sets import LocationModel, PieceTests
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.barriers import barriers_of
from flexsites.exclusion.kernels.locations import link_across
from flexsites.exclusion.selection import geometry_of
from flexsites.geometry.groups import group_labels, positions_of
from flexsites.tables import (
    Frame,
    Layers,
    LocatedPieces,
    LocatedSites,
    Locations,
    PieceLinks,
    PieceLocations,
    Pieces,
    StreetLines,
    ValidPieces,
)
from flexsites.tables.contract import is_among
from flexsites.tables.stage import stage

NAMED_STREET_M = 500.0
"""Farther than any entrance reaches, a borrowed one among them: its street is among those read. A street with a name is
looked for as far."""

_BEST_FIRST = ("eligible", "conditional", "unknown", "excluded")


def core_pairs(pieces: Frame, *, with_consent: bool = True) -> Frame:
    """Return the pairs of pieces that share a component of core, as the valid ones of a reading say it.

    Parameters
    ----------
    pieces
        Their ids, whether they are valid and of which reading, and their mates: of some cells, or of all.
    with_consent
        The first reading; else the second, whose pieces bear their ``free_id``.

    Returns
    -------
        One row per pair, the lower id first. The other of a pair need not be valid, nor among the pieces.
    """
    name, mates, of = (
        ("piece_id", "core_mates", "is_with_consent")
        if with_consent
        else ("free_id", "free_core_mates", "is_without_consent")
    )
    valid = pieces[(pieces["is_valid"] & pieces[of]).to_numpy()]
    pairs = {
        (one, mate) if one < mate else (mate, one)
        for one, mates in zip(valid[name].to_list(), valid[mates].to_list(), strict=True)
        for mate in mates
    }
    return pd.DataFrame(sorted(pairs), columns=["piece_id", "neighbour_piece_id"], dtype="str")


def pairs_among(pairs: Frame, names: pd.Series[str]) -> Frame:
    """Return the pairs of which both are among some pieces, each once: cells say one over their border from both."""
    both = is_among(pairs["piece_id"], names) & is_among(pairs["neighbour_piece_id"], names)
    return pairs[both].drop_duplicates(ignore_index=True)


def link_cores(pieces: Frame) -> Frame:
    """Return the pairs of valid pieces of the first reading that share a component of core.

    Parameters
    ----------
    pieces
        As for `core_pairs`, of any number of cells: a pair over a border is said from both its sides, and stands once.

    Returns
    -------
        One row per pair, the lower id first. A mate that is not among the pieces, or is not valid, links nothing.
    """
    is_valid = (pieces["is_valid"] & pieces["is_with_consent"]).to_numpy(dtype=bool)
    return pairs_among(core_pairs(pieces), pieces.loc[is_valid, "piece_id"])


@stage(takes=(Pieces, Layers), gives=PieceLinks)
def link_pieces(
    pieces: Frame, layers: Frame, *, rules: tuple[ExclusionRule, ...], tests: PieceTests, locations: LocationModel
) -> Frame:
    """Find the pairs of valid pieces whose core parts lie within the gap of a location, and no barrier between them.

    Whether a pair is linked depends on its two pieces and the barriers at hand, not on what else is given.

    Parameters
    ----------
    pieces
        Pieces that lie together.
    layers
        At least the barriers within the gap of the pieces.
    rules, tests, locations
        What bars, how wide, and the largest gap.

    Returns
    -------
        One row per pair, the lower id first.

    Examples
    --------
    >>> from flexsites.exclusion.locations import link_pieces
    >>> from flexsites.tables import Layers, empty
    >>> from flexsites.worlds.plain import demo, plain_pieces, plot
    >>> near, far = plain_pieces(plot(), plot(100)), plain_pieces(plot(), plot(500))
    >>> study = demo()
    >>> asked = {"rules": (), "tests": study.tests, "locations": study.locations}
    >>> [link_pieces(some, empty(Layers), **asked).to_numpy().tolist() for some in (near, far)]
    [[['a#1', 'b#1']], []]
    """
    valid = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()]
    valid = valid.sort_values("piece_id", kind="stable", ignore_index=True)
    barriers = barriers_of(layers, rules=rules, locations=locations, tests=tests)
    first, second = link_across(geometry_of(valid), barriers, gap_m=float(locations.gap_m))
    names = valid["piece_id"]
    return pd.DataFrame(
        {
            "piece_id": names.take(first).reset_index(drop=True),
            "neighbour_piece_id": names.take(second).reset_index(drop=True),
        }
    )


@stage(takes=(ValidPieces, PieceLinks), gives=PieceLocations)
def group_locations(valid: Frame, links: Frame) -> Frame:
    """Group the valid pieces of a whole run into locations; a location bears the id of its first piece.

    Parameters
    ----------
    valid
        All valid pieces of the run. Invalid pieces belong to no location and have no row.
    links
        All pairs of them that are one location.

    Returns
    -------
        One row per valid piece, by piece_id: whatever the order of the rows.

    Examples
    --------
    >>> from flexsites.exclusion.locations import group_locations
    >>> from flexsites.tables import PieceLinks, ValidPieces
    >>> from flexsites.worlds.plain import plain
    >>> valid = plain(ValidPieces, piece_id=["a#1", "b#1", "c#1"], site_id=["a", "b", "c"])
    >>> links = plain(PieceLinks, piece_id=["a#1"], neighbour_piece_id="b#1")
    >>> group_locations(valid, links).to_numpy().tolist()
    [['a#1', 'a#1'], ['b#1', 'a#1'], ['c#1', 'c#1']]
    """
    names = np.sort(valid["piece_id"].to_numpy(dtype=object))
    ends = (links[end].to_numpy(dtype=object) for end in ("piece_id", "neighbour_piece_id"))
    label = group_labels(len(names), *(positions_of(end, names) for end in ends))
    return pd.DataFrame({"piece_id": names, "location_id": names[label]})


def main_locations(valid: Frame, locations: Frame) -> Frame:
    """Return per site the location of its largest valid piece (ties: the first by piece_id).

    Parameters
    ----------
    valid, locations
        The valid pieces of the run, and the location of each.
    """
    joined = locations.merge(valid, on="piece_id", validate="one_to_one")
    joined = joined.sort_values(["site_id", "core_area_m2", "piece_id"], ascending=[True, False, True])
    return joined.drop_duplicates("site_id")[["site_id", "location_id"]]


@stage(takes=(Pieces, StreetLines), gives=LocatedPieces)
def place_pieces(
    pieces: Frame, streets: Frame, *, within_m: float = 0.0, run_sites: frozenset[str] | None = None
) -> Frame:
    """Say where the valid pieces of the first reading lie: at which street, and whether they go on outside the run.

    Parameters
    ----------
    pieces
        Pieces of one cell.
    streets
        The streets around them.
    within_m
        How far the nearest named street may lie, whose name a piece gets that is entered from a street without one.
    run_sites
        The parcels of the run; None: no parcel lies outside it.

    Examples
    --------
    >>> from flexsites.exclusion.locations import place_pieces
    >>> from flexsites.tables import StreetLines
    >>> from flexsites.worlds.plain import plain, plain_pieces, plot, street_around
    >>> streets = plain(StreetLines, [street_around(plot())], street_id=["w1"], street_name="Dorpsstraat")
    >>> located = place_pieces(plain_pieces(plot(), access_street_id="w1"), streets)
    >>> located[["piece_id", "entrance_street_name", "is_cut"]].to_numpy().tolist()
    [['a#1', 'Dorpsstraat', False]]
    """
    valid = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()].reset_index(drop=True)
    points = shapely.point_on_surface(geometry_of(valid))
    sites = [{mate.rpartition("#")[0] for mate in mates} for mates in valid["core_mates"]]
    is_cut = [run_sites is not None and not mates <= run_sites for mates in sites]
    return pd.DataFrame(
        {
            **{name: valid[name] for name in ("piece_id", "site_id", "piece_number", "piece_area_m2", "core_area_m2")},
            "entrance_street_name": _street_names(valid, streets, within_m),
            "location_x_m": shapely.get_x(points),
            "location_y_m": shapely.get_y(points),
            "is_cut": np.array(is_cut, dtype=bool),
        }
    )


def _street_names(valid: Frame, streets: Frame, within_m: float) -> pd.Series[Any]:
    """Return the name of the street that each piece is entered from, or else of the nearest street with a name."""
    told = streets.set_index("street_id")["street_name"].reindex(valid["access_street_id"]).reset_index(drop=True)
    named = streets[streets["street_name"].notna()].sort_values(["street_name", "street_id"], kind="stable")
    bare = np.flatnonzero(told.isna())
    if not within_m or not len(bare) or not len(named):
        return told
    tree = shapely.STRtree(geometry_of(named))
    at, street = tree.query_nearest(geometry_of(valid)[bare], max_distance=within_m)
    first = pd.Series(street).groupby(at).min()  # of those at the same distance the first by name
    told.iloc[bare[first.index]] = named["street_name"].to_numpy(dtype=object)[first]
    return told


@stage(takes=(LocatedPieces, PieceLocations, LocatedSites), gives=Locations)
def describe_locations(located: Frame, piece_locations: Frame, sites: Frame) -> Frame:
    """Put each location on one row: where it lies, how large it is, whose land, and its verdict.

    The verdict is the best of its parcels, the place that of its largest piece (ties: parcel, piece number). A run
    column: it may depend on the extent of the run, never on cells or workers.

    Parameters
    ----------
    located, piece_locations
        The valid pieces of the run, and the location of each.
    sites
        Their parcels.

    Examples
    --------
    >>> from flexsites.exclusion.locations import describe_locations
    >>> from flexsites.tables import LocatedPieces, LocatedSites, PieceLocations
    >>> from flexsites.worlds.plain import plain
    >>> located = plain(LocatedPieces, piece_id=["a#1", "b#1"], site_id=["a", "b"], core_area_m2=[2000, 3000])
    >>> together = plain(PieceLocations, piece_id=["a#1", "b#1"], location_id="a#1")
    >>> sites = plain(LocatedSites, site_id=["a", "b"], verdict=["eligible", "conditional"])
    >>> found = describe_locations(located, together, sites)
    >>> found[["location_id", "verdict", "n_location_pieces", "core_area_m2"]].to_numpy().tolist()
    [['a#1', 'eligible', 2, 5000.0]]
    """
    facts = ["site_id", "verdict", "gemeente_code", "buurt_code", "owner_class"]
    joined = located.merge(piece_locations, on="piece_id", validate="one_to_one")
    joined = joined.merge(pd.DataFrame(sites[facts]), on="site_id", validate="many_to_one")
    order = ["location_id", "core_area_m2", "site_id", "piece_number"]
    joined = joined.sort_values(order, ascending=[True, False, True, True], ignore_index=True)
    by_verdict = {
        f"{name}_area_m2": joined["core_area_m2"].where(joined["verdict"] == name, 0.0) for name in _BEST_FIRST[:3]
    }
    joined = joined.assign(
        **by_verdict,
        best=joined["verdict"].map({name: i for i, name in enumerate(_BEST_FIRST)}),
        owner=joined["owner_class"].fillna("onbekend"),
    )
    told = joined.groupby("location_id", sort=True).agg(
        best=("best", "min"),
        n_location_pieces=("piece_id", "size"),
        n_location_parcels=("site_id", "nunique"),
        piece_area_m2=("piece_area_m2", "sum"),
        core_area_m2=("core_area_m2", "sum"),
        **{name: (name, "sum") for name in by_verdict},
        is_cut=("is_cut", "any"),
    )
    # Of the owners of each location in order: a function of each group would take most of the time of this stage.
    owners = joined[["location_id", "owner"]].drop_duplicates().sort_values(["location_id", "owner"])
    first = np.flatnonzero(~owners["location_id"].duplicated())
    apart = np.split(owners["owner"].to_numpy(dtype=object), first[1:])[: len(first)]
    of_location = pd.Series(lists(map(tuple, apart), len(first)), index=owners["location_id"].iloc[first])
    told["owner_classes"] = of_location.reindex(told.index)
    place = ["location_id", "entrance_street_name", "gemeente_code", "buurt_code", "location_x_m", "location_y_m"]
    largest = joined.drop_duplicates("location_id").set_index("location_id")
    placed = largest[[*place[1:], "owner_class"]].rename(columns={"owner_class": "owner_class_largest"})
    verdict = told["best"].map(dict(enumerate(_BEST_FIRST)))
    return told.drop(columns="best").assign(verdict=verdict).join(placed).reset_index()
