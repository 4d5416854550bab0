"""How sure the answers of a finished run are: its tables of certainty, made of draws (METHOD 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.certainty.draws import TOP, Drawn, chances
from flexsites.certainty.figures import not_drawn
from flexsites.certainty.kernels.influence import intervals, pawn
from flexsites.certainty.opened import Opened, open_run
from flexsites.certainty.sobol import sobol
from flexsites.certainty.totals import Total, answered
from flexsites.config.certainty import Certainty, Draws
from flexsites.config.plain_yaml import write_plain
from flexsites.tables import Frame, conform
from flexsites.tables.certainty_tables import (
    FOLDER,
    CertaintyGroups,
    CertaintyLocations,
    CertaintySites,
    CertaintySobol,
    CertaintyTotals,
)
from flexsites.tables.files import write_table
from flexsites.tables.whole_files import write_whole

__all__ = ["FOLDER", "TABLES", "Sure", "how_sure", "write_certainty"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TABLES = {
    "sites": CertaintySites,
    "locations": CertaintyLocations,
    "totals": CertaintyTotals,
    "groups": CertaintyGroups,
}
SOBOL = "sobol"
"""The table that is made on demand."""
_LOW, _HIGH = 0.05, 0.95
_SLICES, _BOOTSTRAPS = 10, 100
_STABLE = 0.9


@dataclass(frozen=True, slots=True)
class Sure:
    """What draws say of a run.

    Attributes
    ----------
    tables
        By name, see ``TABLES``.
    not_drawn
        The figures that are fixed, because no group names them.
    """

    tables: Mapping[str, Frame]
    not_drawn: tuple[str, ...]


def write_certainty(
    directory: Path, *, certainty: Certainty, draws: Draws, report: Callable[[str], None] = lambda _: None
) -> Sure:
    """Draw the figures of a finished run, and write what draws say in a folder ``certainty`` beside its results.

    Raises
    ------
    InputError
        If the directory holds no finished run of parcels.
    """
    opened = open_run(directory)
    found = how_sure(opened, certainty=certainty, draws=draws, report=report)
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{SOBOL}.parquet").unlink(missing_ok=True)
    if draws.sobol is not None:
        report(SOBOL)
        shares = sobol(opened, certainty, found.tables["groups"], n=draws.sobol, seed=draws.seed)
        write_table(shares, CertaintySobol, folder / f"{SOBOL}.parquet")
    for name, table in TABLES.items():
        write_table(found.tables[name], table, folder / f"{name}.parquet")
    told = {
        "draws": draws.model_dump(mode="json"),
        "certainty": certainty.model_dump(mode="json", exclude_defaults=True),
        "not_drawn": list(found.not_drawn),
    }
    write_whole(folder / "draws.yaml", write_plain(told).encode())
    return found


def how_sure(
    opened: Opened, *, certainty: Certainty, draws: Draws, report: Callable[[str], None] = lambda _: None
) -> Sure:
    """Answer a run in every draw; the same for the same seed, whatever cells or workers made it.

    Beside the draws stands the run itself, and each group alone at its low and at its high figures.
    """
    n_groups = len(certainty.groups)
    drawn = chances(draws.draws, n_groups, seed=draws.seed)
    every = np.vstack([_one_by_one(n_groups), drawn])
    beside = len(every) - len(drawn)
    totals: list[Total] = []
    suits, may_suit, suits_demanding = (np.zeros((len(every), len(opened.sites)), dtype=bool) for _ in range(3))
    locations: list[Frame] = []
    for name, one, figures in answered(opened, certainty, every):
        totals += figures
        if one is None:
            continue
        report(name)
        suits |= one.suits_site
        may_suit |= one.may_suit_site
        if name not in opened.undemanding:
            suits_demanding |= one.suits_site
        locations.append(_locations(one, beside, opened.locations).assign(flexmilieu=name))
    tables = {
        "sites": pd.DataFrame(
            {
                "site_id": opened.sites,
                "chance_suitable": suits[beside:].mean(axis=0),
                "chance_unknown": (may_suit & ~suits)[beside:].mean(axis=0),
                "chance_suitable_demanding": suits_demanding[beside:].mean(axis=0),
            }
        ),
        "locations": pd.concat(locations, ignore_index=True),
        "totals": pd.DataFrame(_told_totals(totals, beside)),
        "groups": pd.DataFrame(_told_groups(totals, drawn, certainty, draws.seed)),
    }
    return Sure(
        {
            name: conform(frame, TABLES[name], where=f"certainty/{name}", is_result=True)
            for name, frame in tables.items()
        },
        tuple(not_drawn(opened.figures, certainty, measures=opened.measures)),
    )


def _one_by_one(n_groups: int) -> Floats:
    """Return the run itself (NaN: as expected), then each group alone at its low and at its high figures."""
    rows = np.full((1 + 2 * n_groups, n_groups), np.nan)
    groups = np.arange(n_groups)
    rows[1 + 2 * groups, groups], rows[2 + 2 * groups, groups] = _LOW, _HIGH
    return rows


def _locations(one: Drawn, beside: int, ids: npt.NDArray[np.object_]) -> Frame:
    """Return what draws say of the locations of one flexmilieu."""
    # Locations that other land alone has come after those of the run, and take part in ranks.
    suits, homes, rank = one.is_suitable[beside:], one.homes[beside:], one.rank[beside:]
    # Where it is not known to suit it has no rank: worse than any.
    ranked = np.where(rank > 0, rank, np.iinfo(np.int32).max)
    # A first place that more than ten share says nothing of a top ten.
    tells = ((rank == 1).sum(axis=1) <= TOP)[:, None]
    own = np.s_[:, : len(ids)]
    suits, homes, ranked = suits[own], homes[own], ranked[own]
    in_top = ((ranked <= TOP) & tells).mean(axis=0)
    points, held = intervals(ranked), intervals(homes)
    unknown = one.is_unknown[beside:][own].mean(axis=0)
    said = pd.DataFrame({"location_id": ids, "chance_suitable": suits.mean(axis=0), "chance_unknown": unknown})
    for row, point in enumerate(("p05", "p50", "p95")):
        said[f"n_homes_{point}"] = held[row].astype(np.int64)
        found = points[row]
        said[f"rank_{point}"] = pd.arrays.IntegerArray(
            np.minimum(found, np.iinfo(np.int32).max).astype(np.int64), found == np.iinfo(np.int32).max
        )
    return said.assign(chance_top10=in_top, is_stable=in_top >= _STABLE)


def _told_totals(totals: list[Total], beside: int) -> Iterator[dict[str, object]]:
    for one in totals:
        low, middle, high = intervals(one.figure[beside:])
        yield {
            "total": one.total, "flexmilieu": one.flexmilieu, "land": one.land, "expected": one.figure[0],
            "p05": low, "p50": middle, "p95": high, "n_draws": len(one.figure) - beside,
        }  # fmt: skip


def _told_groups(totals: list[Total], drawn: Floats, certainty: Certainty, seed: int) -> Iterator[dict[str, object]]:
    beside = 1 + 2 * len(certainty.groups)
    for one in totals:
        moves = pawn(drawn, one.figure[beside:], n_slices=_SLICES, n_bootstrap=_BOOTSTRAPS, seed=seed)
        for i, group in enumerate(certainty.groups):
            yield {
                "total": one.total, "flexmilieu": one.flexmilieu, "land": one.land, "group": group.id,
                "at_low": one.figure[1 + 2 * i], "at_high": one.figure[2 + 2 * i],
                "pawn": moves[0, i], "pawn_p05": moves[1, i], "pawn_p95": moves[2, i],
            }  # fmt: skip
