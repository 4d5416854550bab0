"""A shortlist: the best ranked sites of a run that pass a municipality's own filters, with their homes drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from flexsites.capacity.layout_stages import draw_layouts
from flexsites.config.dwellings import DwellingType, LayoutStandard
from flexsites.config.suitability import Flexmilieu
from flexsites.errors import Fault, NotFoundError
from flexsites.parts import read, write_table
from flexsites.reporting.results import Results, open_results
from flexsites.tables import Frame, Layouts, TransitQuality


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a shortlist asks besides the rank.

    Attributes
    ----------
    flexmilieus
        For which; empty: for all of the run.
    n
        How many sites per flexmilieu.
    owner_class
        Only land of these classes of owner; empty: of all, unknown owners included.
    min_units
        The least number of homes expected.
    min_available_years
        The least number of years; a site whose years are unknown does not pass.
    """

    flexmilieus: tuple[str, ...] = ()
    n: int = 10
    owner_class: tuple[str, ...] = ()
    min_units: int = 1
    min_available_years: float | None = None


def choose(results: Results, wishes: Wishes) -> Frame:
    """Choose the sites that are suitable and pass the wishes, best rank first per flexmilieu.

    Returns
    -------
    flexmilieu, rank, site_id, gemeente_code, owner_class, n_units_low/expected/high, score, available_years,
    buildable_area_m2, verdict; at most ``n`` rows per flexmilieu.

    Raises
    ------
    NotFoundError
        If a flexmilieu is asked that the run does not have.
    """
    unknown = [name for name in wishes.flexmilieus if name not in results.flexmilieus]
    if unknown:
        remedy = f"use one of {', '.join(results.flexmilieus)}"
        raise NotFoundError(Fault(f"the run has no flexmilieu {', '.join(unknown)}", str(results.directory), remedy))
    facts = ["site_id", "gemeente_code", "owner_class", "available_years", "buildable_area_m2", "verdict"]
    sites = pd.DataFrame(results.table("sites")[facts])
    ranked = results.table("suitability").dropna(subset=["rank"]).merge(sites, on="site_id", validate="many_to_one")
    asked = wishes.flexmilieus or results.flexmilieus
    passes = ranked["flexmilieu"].isin(asked) & (ranked["n_units_expected"] >= wishes.min_units)
    if wishes.owner_class:
        passes &= ranked["owner_class"].isin(wishes.owner_class)
    if wishes.min_available_years is not None:
        passes &= (ranked["available_years"] >= wishes.min_available_years).fillna(value=False)
    columns = ["flexmilieu", "rank", "site_id", *facts[1:3], "n_units_low", "n_units_expected", "n_units_high", "score"]
    chosen = ranked[passes.to_numpy(dtype=bool)].sort_values(["flexmilieu", "rank"])
    return chosen.groupby("flexmilieu").head(wishes.n)[[*columns, *facts[3:]]].reset_index(drop=True)


def draw(directory: Path, chosen: Frame) -> None:
    """Lay the homes out on the pieces of chosen sites, each for the flexmilieu it was chosen for, and keep the drawing.

    What is drawn follows the resolved run beside the results, not today's configuration.
    """
    content = yaml.safe_load((directory / "run.yaml").read_text(encoding="utf-8"))
    pieces = read(directory / "pieces.parquet")
    quality = read(directory / "transit_quality.parquet", TransitQuality)
    dwelling_types = {name: DwellingType.model_validate(one) for name, one in content["dwelling_types"].items()}
    layout = LayoutStandard.model_validate(content["layout"])
    drawn = []
    for flexmilieu in [Flexmilieu.model_validate(one) for one in content["flexmilieus"]]:
        ids = chosen.loc[chosen["flexmilieu"] == flexmilieu.id, "site_id"]
        mine = pieces[pieces["site_id"].isin(ids)].reset_index(drop=True)
        drawn.append(
            draw_layouts(
                mine,
                quality[quality["piece_id"].isin(mine["piece_id"])],
                programmes={flexmilieu.id: flexmilieu.programme},
                dwelling_types=dwelling_types,
                layout=layout,
            )
        )
    filled = [one for one in drawn if len(one)] or drawn[:1]
    write_table(pd.concat(filled, ignore_index=True), Layouts, directory / "layouts.parquet")


def shortlist(directory: Path, wishes: Wishes) -> Frame:
    """Choose a shortlist from a finished run and draw its homes."""
    chosen = choose(open_results(directory), wishes)
    draw(directory, chosen)
    return chosen


def sites_of(chosen: Frame) -> list[str]:
    """Return the sites of a shortlist, each once, in its order."""
    return list(dict.fromkeys(chosen["site_id"]))
