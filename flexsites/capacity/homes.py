"""Stage 4 for parcels: how many homes fit on a piece, per flexmilieu.

Every number is min(density, layout): the density of the programme on the area, and modules laid out on the shape. It is
made three times, at the low, the expected and the high figures of the programme. low <= expected <= high holds because
a programme's figures only loosen from low to high (its model refuses others), because a layout that stands under tight
figures stands under looser ones and is among those tried for them, and because taking the minimum, rounding down and
cutting at cluster sizes keep the order.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.capacity.kernels import density
from flexsites.capacity.kernels.dwelling_mix import homes_in_modules
from flexsites.capacity.kernels.layout import count_modules
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.programmes import Mix, layout_of, mixes_of, modules_enough
from flexsites.config.dwellings import ESTIMATES, DwellingType, Estimate, LayoutStandard, Programme
from flexsites.tables import Frame, Pieces, TransitQuality, Units, empty, valid
from flexsites.tables.stage import stage

__all__ = ["entrances_of", "fit", "transit_classes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WHOLE = 1e-9


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

    Returns
    -------
        One row per valid piece and flexmilieu. `n_units_density` and `n_units_layout` are the two routes at the
        expected figures, before cluster sizes; the layout is counted up to what the top of the range of density asks:
        a number that reaches it is "at least". `bound_by` names what sets the expected number: density where the layout
        holds all that it asks, else layout; min_cluster where the homes are too few and so 0; max_cluster where they
        are cut.
        Numbers of different flexmilieus are about the same land and are never added.

    Raises
    ------
    ConfigError
        If a programme and its dwelling types do not go together, all faults at once.
    """
    mixes = mixes_of(programmes, dwelling_types, layout)
    sites = valid(pieces)
    if sites.empty or not programmes:
        return empty(Units)
    classes = transit_classes(sites, transit_quality)
    laid = _lay_out(sites, classes, programmes, mixes, layout)
    fitted = [
        _units(sites, classes, laid[name], programme, mixes[name]).assign(flexmilieu=name)
        for name, programme in programmes.items()
    ]
    return pd.concat(fitted, ignore_index=True)[Units.columns]


def _lay_out(
    sites: Frame,
    classes: list[str | None],
    programmes: Mapping[str, Programme],
    mixes: Mapping[str, Mix],
    layout: LayoutStandard,
) -> dict[str, dict[Estimate, Ints]]:
    """Return the modules per flexmilieu and estimate; layouts that several of them ask are made once."""
    column: dict[Layout, int] = {}
    asked: list[tuple[str, Estimate, NDArray[np.bool_], int]] = []
    for name, estimate, transit_class in _combinations(programmes, classes):
        figures = layout_of(programmes[name], mixes[name], layout, estimate, transit_class)
        has_class = np.array([one == transit_class for one in classes])
        asked.append((name, estimate, has_class, column.setdefault(figures, len(column))))
    area = sites["core_area_m2"].to_numpy(dtype=np.float64)
    top = {name: modules_enough(area, programmes[name], mixes[name]) for name in programmes}
    enough = np.zeros((len(sites), len(column)), np.int64)
    for name, _, has_class, i in asked:
        enough[has_class, i] = np.maximum(enough[has_class, i], top[name][has_class])
    laid = count_modules(
        sites.geometry.to_numpy(),
        entrances_of(sites),
        list(column),
        enough,
        n_turns=int(layout.n_directions),
        n_spines=int(layout.max_spines),
    )
    modules = {name: {estimate: np.zeros(len(sites), np.int64) for estimate in ESTIMATES} for name in programmes}
    for name, estimate, has_class, i in asked:
        modules[name][estimate][has_class] = np.minimum(laid[has_class, i], top[name][has_class])
    for found in modules.values():
        # What stands under tight figures stands under looser ones: it is one of their layouts.
        found["expected"] = np.maximum(found["expected"], found["low"])
        found["high"] = np.maximum(found["high"], found["expected"])
    return modules


def _combinations(
    programmes: Mapping[str, Programme], classes: list[str | None]
) -> Iterator[tuple[str, Estimate, str | None]]:
    present = sorted(set(classes), key=lambda one: (one is None, one or ""))
    return ((name, estimate, one) for name in programmes for estimate in ESTIMATES for one in present)


def _units(
    sites: Frame, classes: list[str | None], modules: Mapping[Estimate, Ints], programme: Programme, mix: Mix
) -> Frame:
    """Return the rows of one flexmilieu, less its name."""
    area = sites["core_area_m2"].to_numpy(dtype=np.float64)
    least, most = programme.cluster_sizes()
    smallest, largest = least[1], most[1]
    by_density: dict[Estimate, Floats] = {}
    by_layout: dict[Estimate, Ints] = {}
    homes: dict[Estimate, Ints] = {}
    for estimate in ESTIMATES:
        by_density[estimate] = density.dwellings_by_density(area, mix.per_ha_gross(programme.fsi.at(estimate)))
        by_layout[estimate] = homes_in_modules(modules[estimate], mix.wide_share, mix.n_wide)
        uncut = np.minimum(np.floor(by_density[estimate]).astype(np.int64), by_layout[estimate])
        i = ESTIMATES.index(estimate)
        homes[estimate] = np.where(uncut < least[i], 0, np.minimum(uncut, most[i])).astype(np.int64)
    uncut = np.minimum(np.floor(by_density["expected"]), by_layout["expected"])
    bound = np.where(np.floor(by_density["expected"]) <= by_layout["expected"], "density", "layout")
    bound = np.select([uncut < smallest, uncut > largest], ["min_cluster", "max_cluster"], bound)
    norm = np.array([programme.parking_at(one, "expected") for one in classes])
    return pd.DataFrame(
        {
            "piece_id": sites["piece_id"],
            "site_id": sites["site_id"],
            "dwelling_mix": programme.mix_text(),
            "n_units_low": homes["low"],
            "n_units_expected": homes["expected"],
            "n_units_high": homes["high"],
            "n_units_density": by_density["expected"],
            "n_units_layout": by_layout["expected"],
            "bound_by": bound,
            "n_parking": np.ceil(norm * homes["expected"] - _WHOLE).astype(np.int64),
        }
    )


def transit_classes(sites: Frame, transit_quality: Frame) -> list[str | None]:
    """Return the class of service quality of each piece; None where it is unknown."""
    by_piece = transit_quality.set_index("piece_id")["transit_class"].reindex(sites["piece_id"])
    return [None if pd.isna(one) else str(one) for one in by_piece]


def entrances_of(sites: Frame) -> Floats:
    """Return the access point of each piece in m, shape (n, 2); NaN where there is none."""
    return sites[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
