"""How sure the totals of a run are, as it stands on the screen: each with its interval, and what moves it most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from flexsites.reporting.names import words_of
from flexsites.reporting.results import Results, open_results
from flexsites.tables import Frame

__all__ = ["certainty_lines", "moved_most", "names_of_groups"]

FOLDER = "certainty"
_MOST = 2


def certainty_lines(directory: Path | str, lang: str) -> tuple[list[str], list[list[str]], list[str]]:
    """Return headings, cells and notes: per total the run's own figure, the interval of its draws, what moves it.

    Parameters
    ----------
    directory
        A run's directory that holds draws.
    lang
        ``nl`` or ``en``.
    """
    results = open_results(directory)
    words, said = words_of(results, lang), drawn(results)
    names = names_of_groups(said, lang)
    headings = [
        words.text(f"certainty.{key}") for key in ("what", "flexmilieu", "land", "expected", "interval", "moves")
    ]
    totals, groups = results.table(f"{FOLDER}/totals"), results.table(f"{FOLDER}/groups")
    rows = []
    for _, one in totals.iterrows():
        interval = words.span(round(one["p05"]), round(one["p95"]))
        moves = [names.get(name, name) for name in moved_most(groups, one)]
        rows.append(
            [
                words.name("certainty_total", one["total"]),
                words.text("certainty.all")
                if one["flexmilieu"] == "all"
                else words.name("flexmilieu", one["flexmilieu"]),
                words.name("certainty_land", one["land"]),
                words.number(round(one["expected"])),
                interval,
                ", ".join(moves),
            ]
        )
    fixed = said["not_drawn"]
    notes = [words.text("certainty.means", n=words.number(said["draws"]["draws"]), seed=str(said["draws"]["seed"]))]
    return headings, rows, [*notes, *([words.text("certainty.not_drawn", n=words.number(len(fixed)))] if fixed else [])]


def moved_most(groups: Frame, total: pd.Series[Any]) -> list[str]:
    """Return the groups that alone move a total most, from their low to their high figures; others are left out."""
    mine = groups[
        (groups["total"] == total["total"])
        & (groups["flexmilieu"] == total["flexmilieu"])
        & (groups["land"] == total["land"])
    ]
    swing = (mine["at_high"] - mine["at_low"]).abs()
    order = mine.assign(swing=swing).sort_values(["swing", "group"], ascending=[False, True])
    return [str(name) for name in order.loc[order["swing"] > 0, "group"].head(_MOST)]


def drawn(results: Results) -> dict[str, Any]:
    """Return what was drawn: how many draws, the groups, and what was not drawn."""
    found: dict[str, Any] = yaml.safe_load((results.directory / FOLDER / "draws.yaml").read_text(encoding="utf-8"))
    return found


def names_of_groups(said: dict[str, Any], lang: str) -> dict[str, str]:
    """Return what each group of figures is called."""
    return {str(one["id"]): str(one["label"][lang]) for one in said["certainty"]["groups"]}
