"""Complexes and look-alikes of roofs, in columns of their own.

A complex may reach over the border of a cell. Each cell links its own buildings with each other and with the neighbours
it does not own, groups the complexes that lie wholly inside, and passes the links of the others on: these are grouped
once, after all cells. So no step holds all roofs of a run, and complexes are the same whatever the cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.complexes import agree, footprint_sides, shared_walls
from flexsites.capacity.roof_rules import floats, truth, whole
from flexsites.config.roofs import ComplexRules
from flexsites.geometry.groups import group_labels, positions_of
from flexsites.tables import Complexes, ComplexLinks, Frame, KnownRoofs, Lookalikes, References, Roofs
from flexsites.tables.stage import stage

__all__ = ["describe_references", "find_lookalikes", "group_complexes", "link_neighbours", "links_across"]

Floats = NDArray[np.float64]


@stage(takes=Roofs, gives=ComplexLinks)
def link_neighbours(roofs: Frame, *, rules: ComplexRules) -> Frame:
    """Find the pairs of neighbouring buildings that are one construction.

    They share enough wall, both their years are known and near, and neither height, storeys, depth nor having dwellings
    contradict.

    Parameters
    ----------
    roofs
        Roofs that lie together; no pair is found with a roof that is not among them.
    rules
        What counts as near and as the same.

    Returns
    -------
        One row per pair, the lower identification first; what a pair is does not depend on the other roofs.

    Examples
    --------
    >>> from flexsites.capacity.complexes import link_neighbours
    >>> from flexsites.tables import Roofs
    >>> from flexsites.worlds.plain import demo, plain, plot
    >>> roofs = plain(
    ...     Roofs, [plot(width_m=20, depth_m=10), plot(20, width_m=20, depth_m=10), plot(90, width_m=20, depth_m=10)],
    ...     bag_pand_id=["1", "2", "3"], year_built=1970,
    ... )
    >>> link_neighbours(roofs, rules=demo().top_up.complexes).to_numpy().tolist()
    [['1', '2']]
    """
    ranked = roofs.sort_values("bag_pand_id", kind="stable")
    footprints = ranked.geometry.to_numpy()
    first, second, wall = shared_walls(footprints, gap_m=float(rules.gap_m))
    _, depth = footprint_sides(footprints)
    year = floats(ranked, "year_built")
    same = (wall >= float(rules.min_shared_wall_m)) & ~np.isnan(year[first]) & ~np.isnan(year[second])
    for values, limit in (
        (year, rules.max_year_difference),
        (floats(ranked, "building_height_m"), rules.max_height_difference_m),
        (floats(ranked, "n_storeys"), rules.max_storeys_difference),
        (depth, rules.max_depth_difference_m),
        (np.sign(floats(ranked, "n_dwellings")), 0.0),
    ):
        same &= agree(values[first], values[second], difference_max=float(limit))
    ids = ranked["bag_pand_id"].to_numpy()
    return pd.DataFrame({"bag_pand_id": ids[first[same]], "neighbour_id": ids[second[same]]})


def links_across(links: Frame, owned: pd.Series[str]) -> Frame:
    """Return the links of complexes that reach beyond the buildings of one cell, as far as that cell knows them.

    The links of all cells together are all links of such complexes: a pair over a border is known on both its sides.

    Parameters
    ----------
    links
        Links of the cell's own buildings with each other and with their neighbours.
    owned
        Identifications of the cell's own buildings.

    Returns
    -------
        Some rows of the links, each with at least one building of the cell.

    Examples
    --------
    >>> links = pd.DataFrame({"bag_pand_id": ["1", "2", "4"], "neighbour_id": ["2", "3", "5"]})
    >>> links_across(links, pd.Series(["1", "2", "4", "5"])).to_numpy().tolist()
    [['1', '2'], ['2', '3']]
    """
    ids = np.unique(links[["bag_pand_id", "neighbour_id"]].to_numpy(dtype=object))
    first, second = _positions(links, ids)
    label = group_labels(len(ids), first, second)
    is_owned = np.isin(ids, owned.to_numpy(dtype=object))
    reaches_out = np.zeros(len(ids), dtype=bool)
    reaches_out[label[~is_owned]] = True
    return links[reaches_out[label[first]] & (is_owned[first] | is_owned[second])].reset_index(drop=True)


@stage(takes=(Roofs, ComplexLinks), gives=Complexes)
def group_complexes(roofs: Frame, links: Frame, *, rules: ComplexRules) -> Frame:
    """Group buildings into complexes: all that are linked, over any number of links; one alone is a complex of one.

    Parameters
    ----------
    roofs
        Every roof of each complex that has any here.
    links
        Which of them are one construction.
    rules
        What makes a complex a portiek or a gallery block.

    Returns
    -------
        One row per roof, in the order of the roofs; does not depend on that order.

    Examples
    --------
    >>> from flexsites.capacity.complexes import group_complexes
    >>> from flexsites.tables import ComplexLinks, Roofs
    >>> from flexsites.worlds.plain import demo, plain, plot
    >>> roofs = plain(Roofs, [plot(), plot(100), plot(300)], bag_pand_id=["1", "2", "3"])
    >>> links = plain(ComplexLinks, bag_pand_id=["1"], neighbour_id="2")
    >>> group_complexes(roofs, links, rules=demo().top_up.complexes)[["bag_pand_id", "complex_id"]].to_numpy().tolist()
    [['1', '1'], ['2', '1'], ['3', '3']]
    """
    order = np.argsort(roofs["bag_pand_id"].to_numpy(), kind="stable")
    ranked = roofs.iloc[order]
    ids = ranked["bag_pand_id"].to_numpy(dtype=object)
    label = group_labels(len(ranked), *_positions(links, ids))
    block_form = _block_forms(ranked, label, rules)
    grouped = pd.DataFrame(
        {
            "bag_pand_id": ids,
            "complex_id": ids[label],
            "n_buildings": np.bincount(label, minlength=len(label))[label],
            "block_form": block_form,
            "is_prime_stock": _is_prime_stock(ranked, block_form, rules),
        }
    )
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return grouped.iloc[back].reset_index(drop=True)


def _positions(links: Frame, ids: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of both ends of the links among the identifications, which ascend and hold them all."""
    first, second = (links[end].to_numpy(dtype=object) for end in ("bag_pand_id", "neighbour_id"))
    return positions_of(first, ids), positions_of(second, ids)


@stage(takes=(Roofs, Complexes, KnownRoofs), gives=References)
def describe_references(roofs: Frame, complexes: Frame, known: Frame) -> Frame:
    """Describe the buildings of known capacity as look-alikes are compared with them; one not here is left out.

    Parameters
    ----------
    roofs, complexes
        Some roofs of the run with their complexes.
    known
        The user's reference table: buildings of which drawings or a calculation tell what they carry.

    Examples
    --------
    >>> from flexsites.capacity.complexes import describe_references
    >>> from flexsites.tables import Complexes, KnownRoofs, Roofs
    >>> from flexsites.worlds.plain import plain, plot
    >>> roofs = plain(Roofs, [plot(), plot(100)], bag_pand_id=["1", "2"], year_built=[1970, 1931])
    >>> known = plain(KnownRoofs, bag_pand_id=["1"], n_storeys_carried=2)
    >>> found = describe_references(roofs, plain(Complexes, bag_pand_id=["1", "2"]), known)
    >>> found[["bag_pand_id", "n_storeys_carried", "year_built"]].to_numpy().tolist()
    [['1', 2, 1970]]
    """
    described = roofs[["bag_pand_id", "year_built", "n_storeys", "geometry"]].merge(
        complexes[["bag_pand_id", "block_form"]], on="bag_pand_id", validate="one_to_one"
    )
    return described.merge(known, on="bag_pand_id", validate="one_to_one")


@stage(takes=(Roofs, Complexes, References), gives=Lookalikes)
def find_lookalikes(roofs: Frame, complexes: Frame, references: Frame, *, rules: ComplexRules) -> Frame:
    """Find, for every roof, the building of known capacity that it resembles most, with a stated confidence.

    A look-alike has the same storeys, a near building year and depth, and a block type that does not contradict; it is
    more alike in the same neighbourhood. A known building is its own, with full confidence. [O]

    Parameters
    ----------
    roofs, complexes
        Roofs with their complexes; what is found for one does not depend on the others.
    references
        Every building of known capacity in the run.
    rules
        Tolerances and confidences.

    Returns
    -------
        One row per roof, in the order of the roofs; nulls where none resembles.

    Examples
    --------
    >>> from flexsites.capacity.complexes import find_lookalikes
    >>> from flexsites.tables import Complexes, References, Roofs
    >>> from flexsites.worlds.plain import demo, plain, plot
    >>> roofs = plain(Roofs, [plot(), plot(100)], bag_pand_id=["1", "2"], year_built=1970, n_storeys=4)
    >>> known = plain(References, [plot()], bag_pand_id=["1"], n_storeys_carried=2, year_built=1970, n_storeys=4)
    >>> complexes = plain(Complexes, bag_pand_id=["1", "2"])
    >>> found = find_lookalikes(roofs, complexes, known, rules=demo().top_up.complexes)
    >>> found[["bag_pand_id", "series_id", "series_n_storeys"]].to_numpy().tolist()
    [['1', '1', 2], ['2', '1', 2]]
    """
    block = roofs[["bag_pand_id"]].merge(complexes, on="bag_pand_id", how="left")["block_form"]
    features = _features(roofs, block)
    references = references.sort_values("bag_pand_id", ignore_index=True)
    known = _features(references, references["block_form"])
    best = np.zeros(len(roofs))
    distance = np.full(len(roofs), np.inf)
    series = np.full(len(roofs), None, dtype=object)
    storeys = np.full(len(roofs), np.nan)
    carried = references["n_storeys_carried"].to_numpy()
    for at in range(len(references)):
        confidence, away = _resemblance(features, known.iloc[at], rules)
        wins = (confidence > best) | ((confidence == best) & (confidence > 0) & (away < distance))
        best[wins], distance[wins] = confidence[wins], away[wins]
        series[wins], storeys[wins] = known["id"].iloc[at], carried[at]
    return pd.DataFrame(
        {
            "bag_pand_id": roofs["bag_pand_id"],
            "series_id": series,
            "series_confidence": np.where(best > 0, best, np.nan),
            "series_n_storeys": whole(storeys),
        }
    )


def _features(buildings: Frame, block: pd.Series[str]) -> pd.DataFrame:
    """Return what buildings are compared by."""
    return pd.DataFrame(
        {
            "id": buildings["bag_pand_id"].to_numpy(),
            "year": floats(buildings, "year_built"),
            "storeys": floats(buildings, "n_storeys"),
            "depth": footprint_sides(buildings.geometry.to_numpy())[1],
            "block": block.to_numpy(),
            "point": shapely.centroid(buildings.geometry.to_numpy()),
        }
    )


def _resemblance(features: pd.DataFrame, reference: pd.Series[Any], rules: ComplexRules) -> tuple[Floats, Floats]:
    """Return how alike every roof is to a reference, and how far away."""
    away: Floats = shapely.distance(features["point"].to_numpy(), reference["point"])
    year, depth = features["year"].to_numpy(), features["depth"].to_numpy()
    with np.errstate(invalid="ignore"):
        alike = (
            (np.abs(year - reference["year"]) <= float(rules.max_lookalike_year_difference))
            & (features["storeys"].to_numpy() == reference["storeys"])
            & (np.abs(depth - reference["depth"]) <= float(rules.max_lookalike_depth_difference_m))
        )
    is_type_unknown = features["block"].isna().to_numpy() | pd.isna(reference["block"])
    is_same_type = (features["block"] == reference["block"]).fillna(value=False).to_numpy(dtype=bool)
    by_place = np.where(
        away <= float(rules.lookalike_near_m), float(rules.confidence_near), float(rules.confidence_far)
    )
    by_type = np.where(is_type_unknown, float(rules.confidence_type_unknown), np.where(is_same_type, by_place, 0.0))
    confidence = np.where(alike, by_type, 0.0)
    confidence[(features["id"] == reference["id"]).to_numpy()] = 1.0
    return confidence, away


def _is_prime_stock(ranked: Frame, block_form: NDArray[np.object_], rules: ComplexRules) -> pd.Series[bool]:
    """Return whether each roof is of the stock that tops up best [O]; one known no settles it, else null is unknown."""
    year, owner = floats(ranked, "year_built"), ranked["owner_class"].reset_index(drop=True)
    is_of_years = (year >= float(rules.prime_year_from)) & (year <= float(rules.prime_year_until))
    is_block = np.isin(block_form, ("portiek", "galerij"))
    is_owned = (owner == "corporatie").fillna(value=False).to_numpy(dtype=bool)
    unknown = [np.isnan(year), pd.isna(block_form), owner.isna().to_numpy()]
    is_no = np.zeros(len(ranked), dtype=bool)
    for is_so, is_unknown in zip((is_of_years, is_block, is_owned), unknown, strict=True):
        is_no |= ~is_so & ~is_unknown
    is_open = np.any(unknown, axis=0) & ~is_no
    return truth(np.where(is_no, 0.0, np.where(is_open, np.nan, 1.0)))


def _block_forms(ranked: Frame, label: NDArray[np.int64], rules: ComplexRules) -> NDArray[np.object_]:
    """Return portiek, galerij or other per roof, from its whole complex; None where it is unknown."""
    groups = np.unique(label)
    number = np.searchsorted(groups, label)
    # A sum over a complex with one unknown member is unknown.
    dwellings = np.bincount(number, weights=floats(ranked, "n_dwellings"), minlength=len(groups))
    storeys = floats(ranked, "n_storeys")[groups]
    length, _ = footprint_sides(_hulls(ranked.geometry.to_numpy(), number))
    is_block = dwellings >= float(rules.min_block_dwellings)
    is_gallery = (length >= float(rules.min_gallery_length_m)) & (storeys >= float(rules.min_gallery_storeys))
    # Three storeys or more, and not so many that a lift and galleries are usual.
    is_portiek = (storeys > 2) & (storeys < float(rules.min_gallery_storeys))  # noqa: PLR2004 - two storeys is a house
    is_unknown = np.isnan(dwellings) | np.isnan(storeys)
    names = np.array(["other", None, "galerij", "portiek"], dtype=object)
    kinds: NDArray[np.object_] = names[np.select([is_unknown, is_block & is_gallery, is_block & is_portiek], [1, 2, 3])]
    return kinds[number]


def _hulls(footprints: NDArray[np.object_], number: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return one shape per group that has the same smallest rectangle as its footprints together."""
    order = np.argsort(number, kind="stable")
    collections = shapely.geometrycollections(footprints[order], indices=number[order])
    return np.asarray(shapely.convex_hull(collections), dtype=object)
