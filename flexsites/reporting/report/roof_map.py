"""A map of buildings for who owns them, as a drawing in the page: it needs no script, and prints as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.drawing import Frame as Drawn
from flexsites.reporting.report.land import VERDICTS
from flexsites.reporting.results import Results, records
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.words import Words
from flexsites.tables import Frame

_WIDTH, _HEIGHT = 900, 620
_MARGIN = 30
_MARKED = ("eligible", "conditional", "unknown")
_LEAST_M = 100.0
"""Shown at least [A]: a single building does not fill the drawing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A building that is marked: where, its verdict, what it is in words, and its homes (empty: few, or not known)."""

    x: float
    y: float
    verdict: str
    told: str
    homes: str


@dataclass(frozen=True, slots=True)
class RoofMap:
    """An SVG's content: its size, a path of streets and of the buildings of each verdict, marks, and a scale bar.

    Attributes
    ----------
    buildings
        Per verdict that occurs: its key, its name with the number of buildings in the run, and its path.
    note
        How many buildings are shown of how many; empty: all.
    """

    width: int
    height: int
    streets: str
    buildings: list[tuple[str, str, str]]
    marks: list[Mark]
    bar_px: float
    bar_m: float
    note: str


def roof_map(results: Results, words: Words) -> RoofMap | None:
    """Return the buildings by their verdict at the headline; None where the run has none.

    Where they are more than a page carries, those that do not qualify are left out first, and that is told.
    """
    units = _at_headline(results)
    shown = units.head(int(presentation().map.max_sites))
    chunks = results.chunks("roofs", columns=["bag_pand_id", "geometry"])
    roofs = pd.concat([rows[rows["bag_pand_id"].isin(shown["bag_pand_id"])] for rows in chunks], ignore_index=True)
    drawn = shown.merge(pd.DataFrame(roofs), on="bag_pand_id", how="inner")
    if drawn.empty:
        return None
    shapes = drawn["geometry"].to_numpy(dtype=object)
    frame = Drawn.around(tuple(shapely.total_bounds(shapes)), _WIDTH, _HEIGHT, margin=_MARGIN, least_m=_LEAST_M)
    counts = units["verdict"].value_counts()
    buildings = [
        (
            one,
            f"{words.name('verdict', one)}: {words.number(int(counts[one]))}",
            frame.path(shapely.simplify(shapes[drawn["verdict"].eq(one)], 0.5 / frame.scale)),
        )
        for one in VERDICTS
        if one in counts
    ]
    note = ""
    if len(drawn) < len(units):
        note = words.text("roofs.map_some", shown=words.number(len(drawn)), n=words.number(len(units)))
    return RoofMap(
        frame.width,
        frame.height,
        frame.path(_streets(results, frame.box), closed=False),
        buildings,
        _marks(drawn, frame.at(shapely.get_coordinates(shapely.centroid(shapes))), words),
        frame.bar_px,
        frame.bar_m,
        note,
    )


def _at_headline(results: Results) -> Frame:
    """Return the verdict and homes of every building at the headline, those that qualify with most homes first."""
    at, asked = headline(results), ["bag_pand_id", "age_rule", "roof_variant", "verdict", "n_units_expected"]
    parts = [
        rows[(rows["age_rule"] == at[0]) & (rows["roof_variant"] == at[1])]
        for rows in results.chunks("roof_units", columns=asked)
    ]
    units = pd.concat(parts, ignore_index=True)
    place = units["verdict"].map({one: i for i, one in enumerate(VERDICTS)})
    ordered = units.assign(_place=place).sort_values(
        ["_place", "n_units_expected", "bag_pand_id"], ascending=[True, False, True], kind="stable"
    )
    return ordered.drop(columns=["_place", "age_rule", "roof_variant"]).reset_index(drop=True)


def _streets(results: Results, frame: shapely.Geometry) -> npt.NDArray[np.object_]:
    """Return the streets near the drawing; none where the run has none, or more than a page carries."""
    if not results.has("canonical/streets"):
        return np.array([], dtype=object)
    near = results.within("canonical/streets", tuple(shapely.bounds(frame)))
    if len(near) > int(presentation().map.max_streets):
        return np.array([], dtype=object)
    return np.asarray(near["geometry"].to_numpy(dtype=object))


def _marks(drawn: Frame, at: npt.NDArray[np.float64], words: Words) -> list[Mark]:
    """Return the buildings that qualify or may: from afar a building is a dot; the homes stand at those with most."""
    most = int(presentation().lists.max_shortlist)
    marks: list[Mark] = []
    for row, (x, y) in zip(records(drawn), at, strict=True):
        if row.verdict not in _MARKED:
            continue
        homes = words.number(row.n_units_expected)
        told = f"{row.bag_pand_id}: {words.name('verdict', row.verdict)}, {words.text('homes', n=homes)}"
        has_text = len(marks) < most and not pd.isna(row.n_units_expected) and row.n_units_expected > 0
        marks.append(Mark(round(x, 1), round(y, 1), row.verdict, told, homes if has_text else ""))
    return marks
