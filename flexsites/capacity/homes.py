"""Stage 4 for parcels: how many homes fit on a piece, per flexmilieu.

Every number is min(density, layout): the density of the programme on the core area, and modules laid out on the shape.
It is made three times, at the low, the expected and the high figures of the programme. low <= expected <= high holds
because a programme's figures only loosen from low to high (its model refuses others), because a layout that stands
under tight figures stands under looser ones and is among those tried for them, and because taking the minimum, rounding
down and cutting at cluster sizes keep the order.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.arrays import GeometryArray
from flexsites.capacity.kernels.counts import Homes, Places, homes_on
from flexsites.capacity.kernels.layout import Counted, count_modules
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.programmes import Mix, layout_of, mixes_of, modules_enough
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme, Setting
from flexsites.config.estimates import ESTIMATES, Estimate
from flexsites.geometry.parts import wholes_of
from flexsites.geometry.ways import Lane
from flexsites.tables import Frame, LaidOut, Pieces, TransitQuality, Units, empty, valid
from flexsites.tables.stage import stage

__all__ = [
    "count_layouts",
    "entrances_of",
    "fit",
    "modules_laid",
    "modules_on",
    "places_of_homes",
    "settings_of",
    "tell_homes",
    "wholes_of_pieces",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WHOLE = 1e-9
_EXPECTED = 1


@stage(takes=(Pieces, TransitQuality), gives=LaidOut)
def count_layouts(
    pieces: Frame,
    transit_quality: Frame,
    *,
    programmes: Mapping[str, Programme],
    dwelling_types: Mapping[str, DwellingType],
    layout: LayoutStandard,
    asked: Mapping[str, Bools] | None = None,
    counted: Counted | None = None,
) -> Frame:
    """Count the modules that fit on every valid piece, per flexmilieu: low, expected and high.

    They are counted up to what the top of the declared range of density asks, so that another density within it, or
    another cluster size, is answered without another layout.

    Parameters
    ----------
    pieces
        Pieces; those that failed a test are no sites and get no rows.
    transit_quality
        Class of service quality per piece. A piece without a row, or with a null class, gets the parking norm without
        relief: unknown is not good transit.
    programmes
        By flexmilieu, in the order of the result.
    dwelling_types
        By id.
    layout
        What all layouts have in common.
    asked
        By flexmilieu which layouts are asked, shape (3, valid pieces): the others are told as 0, or as the one before
        where that holds more. None: all.
    counted
        What another reading of the same land counted, and where this adds what it counts: see `count_modules`.

    Raises
    ------
    ConfigError
        If a programme and its dwelling types do not go together, all faults at once.

    Examples
    --------
    >>> from flexsites.capacity.homes import count_layouts
    >>> from flexsites.tables import TransitQuality
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> field, unknown = plain_pieces(plot()), plain(TransitQuality, piece_id=["a#1"])
    >>> study = demo()
    >>> asked = {"dwelling_types": study.dwelling_types, "layout": study.layout}
    >>> campus = {"campus": study.programmes["campus"]}
    >>> count_layouts(field, unknown, programmes=campus, **asked).to_numpy().tolist()
    [['a#1', 'campus', 48, 74, 74]]
    """
    mixes = mixes_of(programmes, dwelling_types, layout)
    sites = valid(pieces)
    if sites.empty or not programmes:
        return empty(LaidOut)
    laid = _lay_out(sites, settings_of(sites, transit_quality), programmes, mixes, layout, asked, counted)
    rows = [
        pd.DataFrame({"piece_id": sites["piece_id"], **{f"n_modules_{one}": found[one] for one in ESTIMATES}}).assign(
            flexmilieu=name
        )
        for name, found in laid.items()
    ]
    return pd.concat(rows, ignore_index=True)[LaidOut.columns]


def modules_laid(laid_out: Frame, names: Sequence[str]) -> dict[str, Ints]:
    """Return the modules of each flexmilieu, shape (3, pieces), in the order of the pieces."""
    columns = [f"n_modules_{one}" for one in ESTIMATES]
    modules, of = laid_out[columns].to_numpy(dtype=np.int64), laid_out["flexmilieu"].array
    return {name: modules[np.asarray(of == name, dtype=bool)].T.copy() for name in names}


def wholes_of_pieces(pieces: Frame) -> Ints:
    """Return for each piece of the second reading alone the piece of the first that it is a part of, else -1.

    Parameters
    ----------
    pieces
        Pieces that both readings leave, those that are the same in both once.
    """
    return wholes_of(
        np.asarray(pieces["geometry"].to_numpy(), dtype=object),
        pd.factorize(pieces["site_id"])[0].astype(np.int64),
        ~pieces["is_with_consent"].to_numpy(dtype=bool),
    )


def modules_on(pieces: Frame, laid_out: Frame, names: Sequence[str]) -> dict[str, Ints]:
    """Return the modules that stand on each valid piece, of each flexmilieu, shape (3, pieces).

    What stands on the parts of a piece that need no consent stands on the whole of it too: a search that finds less
    there, where it has more to choose from, does not make it less.
    """
    modules, whole = modules_laid(laid_out, names), wholes_of_pieces(valid(pieces))
    is_part = whole >= 0
    for found in modules.values():
        for one in found:
            parts = np.bincount(whole[is_part], one[is_part], minlength=len(one)).astype(np.int64)
            np.maximum(one, parts, out=one)
    return modules


def places_of_homes(
    programmes: Mapping[str, Programme], dwelling_types: Mapping[str, DwellingType], layout: LayoutStandard
) -> dict[str, Places]:
    """Return how homes are counted, by flexmilieu.

    Raises
    ------
    ConfigError
        As `count_layouts`.
    """
    found = {}
    for name, mix in mixes_of(programmes, dwelling_types, layout).items():
        per_ha = tuple(mix.per_ha_gross(programmes[name].fsi.at(one)) for one in ESTIMATES)
        found[name] = Places(per_ha, *programmes[name].cluster_sizes(), mix.wide_share, mix.n_wide)
    return found


@stage(takes=(Pieces, TransitQuality), gives=Units)
def tell_homes(
    pieces: Frame, transit_quality: Frame, *, homes: Mapping[str, Homes], programmes: Mapping[str, Programme]
) -> Frame:
    """Write the homes of every valid piece, per flexmilieu, as rows.

    Parameters
    ----------
    pieces, transit_quality
        As for `count_layouts`.
    homes
        By flexmilieu, of the valid pieces in their order.
    programmes
        By flexmilieu, in the order of the result.

    Returns
    -------
        One row per valid piece and flexmilieu. `n_units_density` and `n_units_layout` are the two routes at the
        expected figures; `bound_by` names the one that sets the room: density where the layout holds all that it asks.
        Numbers of different flexmilieus are about the same land and are never added.

    Examples
    --------
    >>> import numpy as np
    >>> from flexsites.capacity.homes import places_of_homes, tell_homes
    >>> from flexsites.capacity.kernels.counts import homes_on
    >>> from flexsites.tables import TransitQuality
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> field, unknown = plain_pieces(plot()), plain(TransitQuality, piece_id=["a#1"])
    >>> study = demo()
    >>> asked = {"dwelling_types": study.dwelling_types, "layout": study.layout}
    >>> campus = {"campus": study.programmes["campus"]}
    >>> places = places_of_homes(campus, **asked)
    >>> homes = {"campus": homes_on(np.array([5000.0]), np.array([[60], [60], [60]]), places["campus"])}
    >>> told = tell_homes(field, unknown, homes=homes, programmes=campus)
    >>> told[["piece_id", "n_room_expected", "n_units_layout", "bound_by"]].to_numpy().tolist()
    [['a#1', 49, 60, 'density']]
    """
    sites = valid(pieces)
    if sites.empty or not programmes:
        return empty(Units)
    settings = settings_of(sites, transit_quality)
    told = [_units(settings, homes[name], programme) for name, programme in programmes.items()]
    of_piece = {name: np.tile(sites[name].to_numpy(dtype=object), len(told)) for name in ("piece_id", "site_id")}
    texts = {
        "flexmilieu": list(programmes), "dwelling_mix": [one.mix_text() for one in programmes.values()],
    }  # fmt: skip
    of_name = {name: np.repeat(np.array(one, dtype=object), len(sites)) for name, one in texts.items()}
    numbers = {name: np.concatenate([one[name] for one in told]) for name in told[0]}
    return pd.DataFrame(of_piece | of_name | numbers)


@stage(takes=(Pieces, TransitQuality), gives=Units)
def fit(
    pieces: Frame,
    transit_quality: Frame,
    *,
    programmes: Mapping[str, Programme],
    dwelling_types: Mapping[str, DwellingType],
    layout: LayoutStandard,
) -> Frame:
    """Tell how many homes of each flexmilieu fit on every valid piece: low, expected and high.

    Parameters
    ----------
    pieces, transit_quality, programmes, dwelling_types, layout
        As for `count_layouts`.

    Returns
    -------
        As of `tell_homes`.

    Raises
    ------
    ConfigError
        As `count_layouts`.

    Examples
    --------
    >>> from flexsites.capacity.homes import fit
    >>> from flexsites.tables import TransitQuality
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> field, unknown = plain_pieces(plot()), plain(TransitQuality, piece_id=["a#1"])
    >>> study = demo()
    >>> asked = {"dwelling_types": study.dwelling_types, "layout": study.layout}
    >>> campus = {"campus": study.programmes["campus"]}
    >>> found = fit(field, unknown, programmes=campus, **asked)
    >>> found[["n_per_cluster_low", "n_per_cluster_expected", "n_per_cluster_high", "bound_by"]].to_numpy().tolist()
    [[0, 49, 74, 'density']]
    """
    laid = count_layouts(
        pieces, transit_quality, programmes=programmes, dwelling_types=dwelling_types, layout=layout
    )  # fmt: skip
    area = valid(pieces)["core_area_m2"].to_numpy(dtype=np.float64)
    modules = modules_on(pieces, laid, tuple(programmes))
    places = places_of_homes(programmes, dwelling_types, layout)
    homes = {name: homes_on(area, modules[name], one) for name, one in places.items()}
    return tell_homes(pieces, transit_quality, homes=homes, programmes=programmes)


def _lay_out(
    sites: Frame,
    settings: list[Setting],
    programmes: Mapping[str, Programme],
    mixes: Mapping[str, Mix],
    layout: LayoutStandard,
    wanted: Mapping[str, Bools] | None,
    counted: Counted | None,
) -> dict[str, dict[Estimate, Ints]]:
    """Return the modules per flexmilieu and estimate; layouts that several of them ask are made once."""
    column: dict[Layout, int] = {}
    asked: list[tuple[str, Estimate, NDArray[np.bool_], int]] = []
    for name, estimate, setting in _combinations(programmes, settings):
        figures = layout_of(programmes[name], mixes[name], layout, estimate, setting)
        is_so = np.array([one == setting for one in settings])
        if wanted is not None:
            is_so &= wanted[name][ESTIMATES.index(estimate)]
        asked.append((name, estimate, is_so, column.setdefault(figures, len(column))))
    area = sites["core_area_m2"].to_numpy(dtype=np.float64)
    top = {name: modules_enough(area, programmes[name], mixes[name]) for name in programmes}
    enough = np.zeros((len(sites), len(column)), np.int64)
    for name, _, is_so, i in asked:
        enough[is_so, i] = np.maximum(enough[is_so, i], top[name][is_so])
    laid = count_modules(
        sites.geometry.to_numpy(),
        entrances_of(sites),
        list(column),
        enough,
        n_turns=int(layout.n_directions),
        n_spines=int(layout.max_spines),
        approaches=approaches_of(sites),
        counted=counted,
    )
    modules = {name: {estimate: np.zeros(len(sites), np.int64) for estimate in ESTIMATES} for name in programmes}
    for name, estimate, is_so, i in asked:
        modules[name][estimate][is_so] = np.minimum(laid[is_so, i], top[name][is_so])
    for found in modules.values():
        # What stands under tight figures stands under looser ones: it is one of their layouts.
        found["expected"] = np.maximum(found["expected"], found["low"])
        found["high"] = np.maximum(found["high"], found["expected"])
    return modules


def _combinations(
    programmes: Mapping[str, Programme], settings: list[Setting]
) -> Iterator[tuple[str, Estimate, Setting]]:
    present = sorted(set(settings), key=lambda one: (one.transit_class or "~", one.urbanity_class or 0))
    return ((name, estimate, one) for name in programmes for estimate in ESTIMATES for one in present)


def _units(settings: list[Setting], homes: Homes, programme: Programme) -> dict[str, NDArray[Any]]:
    """Return the numbers of one flexmilieu by column, a value per piece."""
    by_density, by_layout = homes.by_density[_EXPECTED], homes.by_layout[_EXPECTED]
    at = {one: programme.parking_at(one, "expected") for one in set(settings)}
    norm = np.array([at[one] for one in settings])
    return {
        **{f"n_room_{one}": homes.room[i] for i, one in enumerate(ESTIMATES)},
        **{f"n_per_cluster_{one}": homes.per_cluster[i] for i, one in enumerate(ESTIMATES)},
        "n_room_clusters": homes.formed,
        "n_units_density": by_density,
        "n_units_layout": by_layout,
        "is_layout_least": by_layout >= homes.top,
        "bound_by": np.where(np.floor(by_density) <= by_layout, "density", "layout").astype(object),
        "n_parking": np.ceil(norm * homes.per_cluster[_EXPECTED] - _WHOLE).astype(np.int64),
    }


def settings_of(sites: Frame, transit_quality: Frame) -> list[Setting]:
    """Return what decides the parking norm of each piece: how it is served, and how urban its place is."""
    told = transit_quality.set_index("piece_id").reindex(sites["piece_id"])
    return [
        Setting(None if pd.isna(served) else str(served), None if pd.isna(urban) else int(urban))
        for served, urban in zip(told["transit_class"], told["urbanity_class"], strict=True)
    ]


def entrances_of(sites: Frame) -> Floats:
    """Return where one comes in to each piece in m, shape (n, 2); NaN where there is none.

    Where its lane begins, if one is told: over the land of a lender that is not at the entrance.
    """
    points = sites[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64, copy=True)
    told = np.flatnonzero(sites["approach"].notna())
    lanes = shapely.from_wkt(sites["approach"].to_numpy(dtype=object)[told])
    points[told] = shapely.get_coordinates(shapely.get_point(lanes, 0))
    return points


def approaches_of(sites: Frame) -> GeometryArray:
    """Return the lane from the entrance of each piece to its core part, shape (n,), a `Lane` or None."""
    told = zip(sites["approach"], sites["approach_width_m"], strict=True)
    lanes = [
        None if pd.isna(line) else Lane(cast("shapely.LineString", shapely.from_wkt(str(line))), float(width_m))
        for line, width_m in told
    ]
    return np.array(lanes, dtype=object)
