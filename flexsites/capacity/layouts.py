"""Stage 4 for a shortlist: the layout of a piece as polygons, to be looked at."""

from collections.abc import Mapping
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.homes import entrances_of, fit, transit_classes
from flexsites.capacity.kernels.dwelling_mix import modules_of_homes
from flexsites.capacity.kernels.layout import Placed, place
from flexsites.capacity.programmes import layout_of, mixes_of
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.tables import CRS, Frame, Layouts, Pieces, TransitQuality, empty
from flexsites.tables.stage import stage

__all__ = ["draw_layouts"]

Floats = NDArray[np.float64]


@stage(takes=(Pieces, TransitQuality), gives=Layouts)
def draw_layouts(
    pieces: Frame,
    transit_quality: Frame,
    *,
    programmes: Mapping[str, Programme],
    dwelling_types: Mapping[str, DwellingType],
    layout: LayoutStandard,
) -> Frame:
    """Draw the layout that `fit` counted at the expected figures: modules, parking places and lanes.

    Meant for a shortlist: give the pieces of the shortlisted sites and the programme they are shortlisted for.

    Parameters
    ----------
    pieces, transit_quality, programmes, dwelling_types, layout
        As for `fit`.

    Returns
    -------
        One row per polygon; `part` counts within a piece and flexmilieu. All that the shape holds is drawn; the stacks
        nearest the entrance that make up the expected number, with their parking places, have `is_expected`. A piece
        that holds nothing has no rows.

    Raises
    ------
    ConfigError
        As `fit`.
    """
    mixes = mixes_of(programmes, dwelling_types, layout)
    sites = pieces.loc[pieces["is_valid"].to_numpy(dtype=bool)].reset_index(drop=True)
    if sites.empty or not programmes:
        return empty(Layouts)
    units = fit(pieces, transit_quality, programmes=programmes, dwelling_types=dwelling_types, layout=layout)
    classes = transit_classes(sites, transit_quality)
    entrances = entrances_of(sites)
    drawn = []
    for name, programme in programmes.items():
        own = units.loc[units["flexmilieu"] == name]
        asked = zip(own["n_units_expected"].to_numpy(np.int64), own["n_parking"].to_numpy(np.int64), strict=True)
        for i, (geometry, (n_homes, n_places)) in enumerate(zip(sites.geometry.to_numpy(), asked, strict=True)):
            figures = layout_of(programme, mixes[name], layout, "expected", classes[i])
            placed = place(
                geometry, entrances[i], figures, n_turns=int(layout.n_directions), width_m=mixes[name].module_width_m
            )
            n_modules = modules_of_homes(np.array([n_homes]), mixes[name].wide_share, mixes[name].n_wide)[0]
            is_expected = _is_expected(placed, geometry, entrances[i], n_modules, n_places)
            drawn.append(_rows(placed, is_expected).assign(row=i, flexmilieu=name))
    frame = pd.concat(drawn, ignore_index=True)
    keys = sites.loc[frame["row"], ["piece_id", "site_id"]].reset_index(drop=True)
    frame = pd.concat([keys, frame], axis=1)[Layouts.columns]
    return cast("Frame", gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS))


def _is_expected(
    placed: Placed, piece: shapely.Geometry, access_m: Floats, n_modules: int, n_places: int
) -> NDArray[np.bool_]:
    """Tell which stacks and places, from the entrance outwards, make up a number of modules and places; all lanes."""
    entrance = shapely.centroid(piece) if np.isnan(access_m).any() else shapely.points(access_m)
    kind = np.array(placed.kind, dtype=object)
    storeys = np.array(placed.n_storeys, dtype=np.int64)
    outwards = np.argsort(shapely.distance(placed.polygons, entrance), kind="stable")
    is_expected = kind == "lane"
    stacks = outwards[kind[outwards] == "module"]
    is_expected[stacks[np.cumsum(storeys[stacks]) - storeys[stacks] < n_modules]] = True
    is_expected[outwards[kind[outwards] == "parking"][:n_places]] = True
    return np.asarray(is_expected, dtype=np.bool_) & (n_modules > 0)


def _rows(placed: Placed, is_expected: NDArray[np.bool_]) -> Frame:
    return pd.DataFrame(
        {
            "part": np.arange(len(placed.kind)),
            "layout_kind": np.array(placed.kind, dtype=object),
            "n_stacked": np.array(placed.n_storeys, dtype=np.int64),
            "is_expected": is_expected,
            "geometry": placed.polygons,
        }
    )
