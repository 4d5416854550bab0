"""The layouts of a finished run under other figures: only those are made anew that the figures can change.

A layout hangs on the figures of its own programme, and is counted up to the top of its declared range of density. By a
higher top only a piece that held all that was asked may hold more; by other figures of one programme those of the
others stand as they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.capacity.homes import count_layouts, modules_laid, settings_of
from flexsites.capacity.programmes import layout_of, mixes_of, modules_enough
from flexsites.config.dwellings import Setting
from flexsites.config.estimates import ESTIMATES
from flexsites.config.readings import Reading
from flexsites.tables import Frame, LaidOut, conform
from flexsites.tables.contract import is_among

__all__ = ["asked_anew", "lay_out_anew"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def asked_anew(
    pieces: Frame, transit_quality: Frame, laid_out: Frame, *, before: Reading, after: Reading
) -> dict[str, Bools]:
    """Return which layouts are made anew, by flexmilieu; those of which none is are left out.

    Parameters
    ----------
    pieces, transit_quality
        Valid pieces, n of them, and how they are served.
    laid_out
        Their layouts as they were counted before, in the order of the pieces.
    before, after
        The readings that they were and are counted for.

    Returns
    -------
        By flexmilieu, shape (3, n): low, expected, high.
    """
    mixes = [mixes_of(one.programmes, one.dwelling_types, one.layout) for one in (before, after)]
    area, settings = pieces["core_area_m2"].to_numpy(dtype=np.float64), settings_of(pieces, transit_quality)
    modules = modules_laid(laid_out, tuple(before.programmes))
    found = {}
    for name, programme in after.programmes.items():
        if _figures(before, name, settings) != _figures(after, name, settings):
            found[name] = np.ones((len(ESTIMATES), len(pieces)), dtype=bool)
            continue
        was = modules_enough(area, before.programmes[name], mixes[0][name])
        found[name] = (modules[name] >= was) & (modules_enough(area, programme, mixes[1][name]) > was)
    return {name: is_asked for name, is_asked in found.items() if is_asked.any()}


def lay_out_anew(
    pieces: Frame, transit_quality: Frame, laid_out: Frame, asked: dict[str, Bools], *, after: Reading
) -> Frame:
    """Return layouts in which those that are asked are counted anew, by their key.

    Parameters
    ----------
    pieces, transit_quality, laid_out, asked
        As for `asked_anew`, and what it told.
    after
        The reading that they are counted for.
    """
    names, is_any = list(asked), np.any([one.any(axis=0) for one in asked.values()], axis=0)
    some = pieces[is_any].reset_index(drop=True)
    new = count_layouts(
        some, transit_quality[is_among(transit_quality["piece_id"], some["piece_id"])],
        programmes={name: after.programmes[name] for name in names},
        dwelling_types=after.dwelling_types, layout=after.layout,
        asked={name: one[:, is_any] for name, one in asked.items()},
    )  # fmt: skip
    counted = modules_laid(new, names)
    modules = modules_laid(laid_out, tuple(after.programmes))
    told = []
    for name, top in _tops(pieces, after).items():
        found = np.minimum(modules[name], top)
        if name in asked:
            found[:, is_any] = np.where(asked[name][:, is_any], counted[name], found[:, is_any])
        # What stands under tight figures stands under looser ones.
        found = np.maximum.accumulate(found, axis=0)
        columns = {f"n_modules_{one}": found[i] for i, one in enumerate(ESTIMATES)}
        told.append(pd.DataFrame({"piece_id": pieces["piece_id"], **columns}).assign(flexmilieu=name))
    rows = conform(pd.concat(told, ignore_index=True)[LaidOut.columns], LaidOut, where="lay_out_anew", is_result=True)
    return rows.sort_values(list(LaidOut.key), kind="stable", ignore_index=True)


def _tops(pieces: Frame, reading: Reading) -> dict[str, Ints]:
    """Return by flexmilieu how far layouts of pieces are counted, shape (n,)."""
    mixes = mixes_of(reading.programmes, reading.dwelling_types, reading.layout)
    area = pieces["core_area_m2"].to_numpy(dtype=np.float64)
    return {name: modules_enough(area, one, mixes[name]) for name, one in reading.programmes.items()}


def _figures(reading: Reading, name: str, settings: list[Setting]) -> object:
    """Return all that decides the layouts of a flexmilieu but how far they are counted; None: there is none."""
    if name not in reading.programmes:
        return None
    programme, layout = reading.programmes[name], reading.layout
    mix = mixes_of({name: programme}, reading.dwelling_types, layout)[name]
    present = sorted(set(settings), key=str)
    laid = [layout_of(programme, mix, layout, estimate, one) for estimate in ESTIMATES for one in present]
    return laid, int(layout.n_directions), int(layout.max_spines)
