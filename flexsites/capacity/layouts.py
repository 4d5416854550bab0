"""Stage 4 for a shortlist: the layout of a piece as polygons, to be looked at."""

from collections.abc import Mapping, Sequence
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.homes import approaches_of, entrances_of, fit, settings_of
from flexsites.capacity.kernels.dwelling_mix import modules_of_homes
from flexsites.capacity.kernels.layout_drawing import Placed, place
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.programmes import layout_of, mixes_of
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.geometry.ways import Lane
from flexsites.tables import CRS, Frame, Layouts, Pieces, TransitQuality, empty, valid
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
    """Draw the homes that one place holds, as `fit` counted them.

    Meant for a shortlist: give the pieces of the shortlisted sites and the programme they are shortlisted for.

    Parameters
    ----------
    pieces, transit_quality, programmes, dwelling_types, layout
        As for `fit`.

    Returns
    -------
        One row per polygon; `part` counts within a piece and flexmilieu. The expected homes are drawn, the nearest to
        the entrance first, with the lanes, stairs, galleries, parking places, yards and water they ask; all of it
        `is_expected`. A piece where no homes are expected has no rows.

    Raises
    ------
    ConfigError
        As `fit`.

    Examples
    --------
    >>> from flexsites.capacity.layouts import draw_layouts
    >>> from flexsites.tables import TransitQuality
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> field, unknown = plain_pieces(plot()), plain(TransitQuality, piece_id=["a#1"])
    >>> study = demo()
    >>> asked = {"dwelling_types": study.dwelling_types, "layout": study.layout}
    >>> campus = {"campus": study.programmes["campus"]}
    >>> drawn = draw_layouts(field, unknown, programmes=campus, **asked)
    >>> drawn["layout_kind"].value_counts().to_dict()
    {'module': 49, 'parking': 8, 'yard': 5, 'water': 1, 'lane': 1}
    """
    mixes = mixes_of(programmes, dwelling_types, layout)
    sites = valid(pieces)
    if sites.empty or not programmes:
        return empty(Layouts)
    units = fit(pieces, transit_quality, programmes=programmes, dwelling_types=dwelling_types, layout=layout)
    settings = settings_of(sites, transit_quality)
    entrances, approaches = entrances_of(sites), approaches_of(sites)
    drawn = []
    for name, programme in programmes.items():
        asked = units.loc[units["flexmilieu"] == name, "n_per_cluster_expected"].to_numpy(np.int64)
        n_modules = modules_of_homes(asked, mixes[name].wide_share, mixes[name].n_wide)
        for i, geometry in enumerate(sites.geometry.to_numpy()):
            figures = {one: layout_of(programme, mixes[name], layout, one, settings[i]) for one in ("expected", "low")}
            placed = _placed(geometry, entrances[i], approaches[i], tuple(figures.values()), int(n_modules[i]), layout)
            drawn.append(_rows(placed).assign(row=i, flexmilieu=name))
    frame = pd.concat(drawn, ignore_index=True)
    keys = sites.loc[frame["row"], ["piece_id", "site_id"]].reset_index(drop=True)
    frame = pd.concat([keys, frame], axis=1)[Layouts.columns]
    return cast("Frame", gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS))


def _placed(
    piece: shapely.Geometry,
    entrance: Floats,
    approach: Lane | None,
    figures: Sequence[Layout],
    n_modules: int,
    standard: LayoutStandard,
) -> Placed:
    """Return so many modules under the first figures that hold them: of the low estimate where those hold more."""
    most = {"n_turns": int(standard.n_directions), "n_spines": int(standard.max_spines)}
    found = [place(piece, entrance, figures[0], n_modules, **most, approach=approach)]
    for tighter in figures[1:]:
        if found[-1].n_modules < n_modules:
            found.append(place(piece, entrance, tighter, n_modules, **most, approach=approach))
    return max(found, key=lambda one: one.n_modules)


def _rows(placed: Placed) -> Frame:
    return pd.DataFrame(
        {
            "part": np.arange(len(placed.kind)),
            "layout_kind": np.array(placed.kind, dtype=object),
            "n_stacked": np.array(placed.n_storeys, dtype=np.int64),
            "is_expected": np.ones(len(placed.kind), dtype=np.bool_),
            "geometry": placed.polygons,
        }
    )
