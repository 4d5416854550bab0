"""Locations, over all cells: pairs of pieces are found cell by cell, and grouped once by their ids alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.config.rule_sets import LocationModel, PieceTests
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.barriers import barriers_of
from flexsites.exclusion.kernels.locations import link_across
from flexsites.exclusion.selection import geometry_of
from flexsites.geometry.groups import group_labels, positions_of
from flexsites.tables import Frame, Layers, PieceLinks, PieceLocations, Pieces, ValidPieces
from flexsites.tables.stage import stage


@stage(takes=Pieces, gives=PieceLinks)
def link_cores(pieces: Frame) -> Frame:
    """Return the pairs of valid pieces that share a component of core, in the first reading.

    Parameters
    ----------
    pieces
        Pieces of any number of cells: a pair over a border is said from both its sides, and stands once.

    Returns
    -------
        One row per pair, the lower id first. A mate that is not among the pieces, or is not valid, links nothing.
    """
    valid = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()]
    mates = valid.loc[valid["core_mates"] != "", ["piece_id", "core_mates"]]
    ends = mates.assign(mate=mates["core_mates"].str.split("|")).explode("mate")
    ends = ends[ends["mate"].isin(valid["piece_id"]).to_numpy()]
    names = np.sort(ends[["piece_id", "mate"]].to_numpy(dtype=object).reshape(-1, 2).astype(str), axis=1)
    pairs = pd.DataFrame(names, columns=["piece_id", "neighbour_piece_id"], dtype="str")
    return pairs.drop_duplicates().sort_values(["piece_id", "neighbour_piece_id"], ignore_index=True)


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
    """
    names = np.sort(valid["piece_id"].to_numpy(dtype=object))
    ends = (links[end].to_numpy(dtype=object) for end in ("piece_id", "neighbour_piece_id"))
    label = group_labels(len(names), *(positions_of(end, names) for end in ends))
    return pd.DataFrame({"piece_id": names, "location_id": names[label]})
