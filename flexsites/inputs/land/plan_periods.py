"""Plans that give homes per period, as registers of plan capacity do: when they start, and whether any home is left."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from flexsites.errors import counted
from flexsites.inputs.rows.ingest import ReadReport, Rows, VectorSource

_A_YEAR = re.compile(r"(?<!\d)(19|20)\d\d")


def with_periods(
    rows: Rows,
    periods: Mapping[str, tuple[int, int]],
    rename: Mapping[str, str],
    report: ReadReport,
    without: tuple[str, ...] = (),
) -> Rows:
    """Return plans with their first and last year and their homes; a plan without homes in any period is left out.

    Parameters
    ----------
    rows
        Plans.
    periods
        Columns, as the source calls them, with their first and last year; none: the rows come back as they are.
    rename
        Their names: ours.
    without
        Columns with homes of which no period is known: a plan that has some may start and end at any time.
    report
        Told how many plans have no homes left, and what is no number.

    Returns
    -------
        The rows with plan_start_year and plan_completion_year (null: homes are known of no period, or of none before
        those that are not known), and n_dwellings unless the source has it.
    """
    if not periods:
        return rows
    ordered = sorted(periods.items(), key=lambda item: item[1])
    names = [rename.get(name, name) for name, _ in ordered]
    homes = np.column_stack(
        [_homes(rows.columns[ours], name, report) for ours, (name, _) in zip(names, ordered, strict=True)]
    )
    years = np.array([span for _, span in ordered], dtype=np.float64)
    has_homes, is_unknown = homes > 0, np.isnan(homes)
    start = _first(has_homes, is_unknown, years[:, 0])
    completion = _first(has_homes[:, ::-1], is_unknown[:, ::-1], years[::-1, 1])
    loose = _loose(rows, without, rename, report)
    is_loose = (loose > 0) | np.isnan(loose)
    start, completion = np.where(is_loose, np.nan, start), np.where(is_loose, np.nan, completion)
    total = np.where(is_unknown.all(axis=1), np.nan, np.nansum(homes, axis=1)) + np.nan_to_num(loose)
    made = {"plan_start_year": start, "plan_completion_year": completion, "n_dwellings": total}
    read = {*names, *(rename.get(name, name) for name in without)}
    left = {name: column for name, column in rows.columns.items() if name not in read}
    columns = pd.DataFrame(
        left | {name: pd.Series(values).astype("Int64") for name, values in made.items() if name not in left},
        index=rows.columns.index,
    )
    stays = has_homes.any(axis=1) | is_unknown.any(axis=1) | is_loose
    if not stays.all():
        report.ledger.n_left_out += int((~stays).sum())
        report.ledger.n_kept -= int((~stays).sum())
        report.notes.append(
            counted(
                int((~stays).sum()),
                "plan without homes in any period is left out",
                "plans without homes in any period are left out",
            )
        )
    return Rows(rows.ids[stays].reset_index(drop=True), columns[stays].reset_index(drop=True), rows.geometry[stays])


def tell_unread_periods(opened: VectorSource, report: ReadReport) -> None:
    """Tell of plans without a year in which they start that columns of their file, which are not read, may say it."""
    ours = {opened.row.rename.get(name, name) for name in opened.kept}
    if "plan_hardness" not in ours or "plan_start_year" in ours or getattr(opened.row, "periods", None):
        return
    unread = {name for file in opened.files for name in file.columns if name not in opened.asked}
    if named := ", ".join(sorted(name for name in unread if _A_YEAR.search(name))):
        report.doubts.append(
            "no plan has a year in which it starts, and a hard plan of unknown start excludes; not read are "
            f"{named}: if they hold homes per period, name them in `periods`"
        )


def without_finished(rows: Rows, report: ReadReport) -> Rows:
    """Return plans without those of which no home is left to be built; how many there were is told.

    A register that gives homes per period says so itself; of one that does not know the number nothing is left out.
    """
    if "n_dwellings" not in rows.columns:
        return rows
    stays = ~(pd.to_numeric(rows.columns["n_dwellings"], errors="coerce") == 0).fillna(value=False).to_numpy(dtype=bool)
    if stays.all():
        return rows
    n_gone = int((~stays).sum())
    report.ledger.n_left_out += n_gone
    report.ledger.n_kept -= n_gone
    report.notes.append(
        f"{counted(n_gone, 'plan of no homes is', 'plans of no homes are')} left out: finished, or never to be built"
    )
    return Rows(
        rows.ids[stays].reset_index(drop=True), rows.columns[stays].reset_index(drop=True), rows.geometry[stays]
    )


def _loose(
    rows: Rows, without: tuple[str, ...], rename: Mapping[str, str], report: ReadReport
) -> np.typing.NDArray[np.float64]:
    """Return the homes of which no period is known; NaN where their number is not known either."""
    columns = [_homes(rows.columns[rename.get(name, name)], name, report) for name in without]
    return np.asarray(np.sum(columns, axis=0, dtype=np.float64)) if columns else np.zeros(len(rows.ids))


def _homes(column: pd.Series, name: str, report: ReadReport) -> pd.Series:
    """Return numbers of homes; below 0 stands for demolition, or for unknown: how many are built is not known."""
    homes = report.unreadable.numbers(column, name)
    return report.impossible.left_out(homes, homes < 0, name)


def _first(
    has_homes: np.typing.NDArray[np.bool_],
    is_unknown: np.typing.NDArray[np.bool_],
    years: np.typing.NDArray[np.float64],
) -> np.typing.NDArray[np.float64]:
    """Return the year of the first period with homes; NaN where none has, or one before it is not known.

    Examples
    --------
    >>> _first(np.array([[False, True]] * 2), np.array([[False, False], [True, False]]), np.array([2020.0, 2025.0]))
    array([2025.,   nan])
    """
    at = np.argmax(has_homes | is_unknown, axis=1)
    rows = np.arange(len(at))
    return np.where(has_homes[rows, at], years[at], np.nan)
