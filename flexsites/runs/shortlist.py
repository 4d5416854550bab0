"""A shortlist: the best ranked locations of a run that pass a municipality's own filters, with their homes drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flexsites.capacity.layouts import draw_layouts
from flexsites.config.estimates import ESTIMATES
from flexsites.config.resolved import read_resolved, settings_of
from flexsites.config.run import Shortlist
from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.table_view import entries
from flexsites.tables import Frame, Layouts
from flexsites.tables.contract import is_true
from flexsites.tables.counting import counts, listed
from flexsites.tables.files import write_table
from flexsites.tables.parcel_fields import owner_class

_UNKNOWN_OWNER = "onbekend"
_HOMES = tuple(f"n_per_cluster{of}_{one}" for of in ("", "_without_consent") for one in ESTIMATES)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A shortlist.

    Attributes
    ----------
    rows
        The locations: flexmilieu, rank, location_id, the parcel to look at (site_id), gemeente_code,
        owner_class_largest, n_per_cluster_low/expected/high, the same without consent, score,
        available_years_expected, core_area_m2, verdict; at most ``n`` rows per flexmilieu, best rank first, within a
        rank by owner, homes and id.
    n_unknown
        Of what is asked about ``verdict``, ``owner_class_largest``, ``available_years_expected`` and rules
        (``flags``), how many locations are left out only because that is unknown: they are no less suitable, and may
        pass once it is known.
    """

    rows: Frame
    n_unknown: dict[str, int]


def choose(results: Results, asked: Shortlist) -> Chosen:
    """Choose the locations that are available and suitable and pass what is asked, best rank first per flexmilieu.

    One of which the verdict, the owner or the years are unknown does not pass what is asked of them, and is counted.

    Raises
    ------
    NotFoundError
        If a flexmilieu is asked that the run does not have, or a class of owner that does not exist.
    """
    _require_known(results, asked)
    facts = ["location_id", "gemeente_code", "owner_class_largest", "core_area_m2", "verdict"]
    years = pd.DataFrame(results.table("sites")[["site_id", "available_years_expected"]])
    ranked = results.table("location_suitability").dropna(subset=["rank"])
    ranked = ranked.merge(results.table("locations")[facts], on="location_id", validate="many_to_one")
    ranked = ranked.merge(years, on="site_id", validate="many_to_one")
    if asked.without_rules:
        ranked = ranked.assign(rules_met=ranked["site_id"].map(_rules_met(results, asked.without_rules)))
    flexmilieus = asked.flexmilieus or results.flexmilieus
    enough = ranked["flexmilieu"].isin(flexmilieus) & (ranked["n_per_cluster_expected"] >= asked.min_units)
    ranked = ranked[is_true(enough)]
    tests = {name: column.to_numpy(dtype=np.float64) for name, column in _tests(ranked, asked)}
    passes = np.logical_and.reduce([test == 1 for test in tests.values()])
    may = np.logical_and.reduce([test != 0 for test in tests.values()]) & ~passes
    n_unknown = {name: int(ranked.loc[may & np.isnan(test), "location_id"].nunique()) for name, test in tests.items()}
    lists = [listed(ranked[passes & (ranked["flexmilieu"] == name).to_numpy()]) for name in results.flexmilieus]
    chosen = [_apart(one, results, asked).head(asked.n) for one in lists]
    columns = ["flexmilieu", "rank", "location_id", "site_id", *facts[1:3], *_HOMES, "score"]
    rows = pd.concat(chosen or [ranked.head(0)], ignore_index=True)
    return Chosen(
        rows[[*columns, "available_years_expected", *facts[3:]]], {name: n for name, n in n_unknown.items() if n}
    )


def _apart(rows: Frame, results: Results, asked: Shortlist) -> Frame:
    """Keep of one list, from the best on, what lies far enough from all that was kept before."""
    if not asked.apart_m:
        return rows
    shapes = results.table("sites").set_index("site_id")["geometry"]
    kept: list[object] = []
    near: list[Any] = []
    for index, site_id in rows["site_id"].items():
        if len(near) == asked.n:
            break
        shape = shapes[site_id]
        if all(shape.distance(other) >= asked.apart_m for other in near):
            near.append(shape)
            kept.append(index)
    return rows.loc[kept]


def _require_known(results: Results, asked: Shortlist) -> None:
    """Refuse what does not exist: nothing would pass it."""
    given = (
        ("the run has no flexmilieu", asked.flexmilieus, results.flexmilieus),
        ("there is no class of owner", asked.owner_class, owner_class.values),
    )
    for what, names, known in given:
        if absent := [name for name in names if name not in known]:
            raise NotFoundError(
                Fault(f"{what} {', '.join(absent)}", str(results.directory), f"use one of {', '.join(known)}")
            )


def _tests(ranked: Frame, asked: Shortlist) -> Iterator[tuple[str, pd.Series[float]]]:
    """Yield each thing asked as 1 passes, 0 fails, NaN unknown."""
    verdict = ranked["verdict"]
    yield "verdict", verdict.isin(["eligible", "conditional"]).astype("float64").mask(verdict == "unknown")
    if asked.owner_class:
        owner = ranked["owner_class_largest"]
        is_unknown = owner.isna() | (owner == _UNKNOWN_OWNER).fillna(value=False)
        passes = owner.fillna(_UNKNOWN_OWNER).isin(asked.owner_class).astype("float64")
        yield "owner_class_largest", passes.mask(is_unknown.to_numpy() & (passes == 0))
    if asked.min_available_years is not None:
        years = ranked["available_years_expected"].astype("float64")
        yield "available_years_expected", (years >= asked.min_available_years).astype("float64").mask(years.isna())
    if asked.without_rules:
        yield "flags", 1.0 - ranked["rules_met"]


def _rules_met(results: Results, rules: Sequence[str]) -> pd.Series[float]:
    """Return by site whether one of some rules asks consent or attention: 1 yes, 0 no, NaN not checked in full.

    Raises
    ------
    NotFoundError
        If no such rule holds in the run.
    """
    spoken, sites = results.table("rule_coverage"), results.table("sites").set_index("site_id")
    family = spoken["rule_id"].str.partition("__")[0]
    # The table has a row where a source does not speak in full: a rule that is checked everywhere has none.
    holding = {rule.partition("__")[0] for rule in results.rules}
    if absent := [name for name in rules if name not in holding]:
        what, remedy = f"no rule {', '.join(absent)} holds in the run", "turn it on in the run (`effects`) and run it"
        raise NotFoundError(Fault(what, str(results.directory), remedy))
    unchecked = spoken[(family.isin(rules) & (spoken["coverage"] != "covered")).to_numpy()]["rule_coverage_id"]
    met = np.array(
        [
            any(name.partition("__")[0] in rules for column in told for name in entries(column))
            for told in zip(sites["restrictions"], sites["flags"], strict=True)
        ]
    )
    is_open = ~met & sites["rule_coverage_id"].isin(unchecked).to_numpy()
    return pd.Series(np.where(is_open, np.nan, met.astype(np.float64)), index=sites.index)


def draw(directory: Path, chosen: Frame, folder: Path) -> None:
    """Lay the homes out on the pieces of chosen sites, each for the flexmilieu it was chosen for.

    What is drawn follows the resolved run beside the results, not today's configuration.

    Parameters
    ----------
    directory
        The run's directory.
    chosen
        The rows of a shortlist.
    folder
        Where ``layouts.parquet`` is written: the run's directory for its own shortlist.
    """
    settings = settings_of(read_resolved(directory), str(directory))
    results = open_results(directory)
    pieces, sites = results.table("pieces"), results.table("sites")
    pieces = pieces[counts(pieces, sites["site_id"], sites["verdict"])]
    quality = results.table("transit_quality")
    drawn = []
    for flexmilieu in settings.flexmilieus:
        ids = chosen.loc[chosen["flexmilieu"] == flexmilieu.id, "site_id"]
        mine = pieces[pieces["site_id"].isin(ids)].reset_index(drop=True)
        drawn.append(
            draw_layouts(
                mine,
                quality[quality["piece_id"].isin(mine["piece_id"])],
                programmes={flexmilieu.id: flexmilieu.programme},
                dwelling_types=settings.dwelling_types,
                layout=settings.layout,
            )
        )
    filled = [one for one in drawn if len(one)] or drawn[:1]
    write_table(pd.concat(filled, ignore_index=True), Layouts, folder / "layouts.parquet")


def shortlist(directory: Path, asked: Shortlist, folder: Path | None = None) -> Chosen:
    """Choose a shortlist from a finished run and draw its homes.

    Parameters
    ----------
    directory
        The run's directory.
    asked
        What is asked besides the rank.
    folder
        Where ``layouts.parquet`` goes; None: the run's directory, for the shortlist that belongs to the run itself.
    """
    chosen = choose(open_results(directory), asked)
    draw(directory, chosen.rows, directory if folder is None else folder)
    return chosen


def folder_beside(directory: Path, asked: Shortlist) -> Path:
    """Return where a shortlist that is asked of a finished run goes: the run keeps what it wrote itself."""
    return directory / "shortlists" / folder_name(asked)


def folder_name(asked: Shortlist) -> str:
    """Return what is asked as the name of a folder: something else has another.

    Examples
    --------
    >>> folder_name(Shortlist())
    'all-best_10'
    >>> asked = Shortlist(flexmilieus=("ov",), n=5, owner_class=("provincie", "gemeente"), min_units=8)
    >>> folder_name(asked.model_copy(update={"min_available_years": 12.5}))
    'ov-best_5-of_gemeente+provincie-from_8_units-from_12.5_years'
    """
    parts = ["+".join(sorted(set(asked.flexmilieus))) or "all", f"best_{asked.n}"]
    if asked.owner_class:
        parts.append("of_" + "+".join(sorted(set(asked.owner_class))))
    if asked.min_units > 1:
        parts.append(f"from_{asked.min_units}_units")
    if asked.min_available_years is not None:
        parts.append(f"from_{str(asked.min_available_years).removesuffix('.0')}_years")
    if asked.apart_m:
        parts.append(f"{str(asked.apart_m).removesuffix('.0')}_m_apart")
    if asked.without_rules:
        parts.append("without_" + "+".join(sorted(set(asked.without_rules))))
    return "-".join(parts)


def sites_of(chosen: Chosen) -> list[str]:
    """Return the sites of a shortlist, each once, in its order."""
    return list(dict.fromkeys(chosen.rows["site_id"]))
