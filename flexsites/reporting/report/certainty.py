"""How sure the totals of a run are: each with its interval, and what moves it most (METHOD 9)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.config.plain_yaml import load_plain
from flexsites.reporting.results import Results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.certainty_tables import FOLDER, CertaintySobol, CertaintyTotals

__all__ = ["certainty", "certainty_notes", "certainty_table", "is_drawn", "moved_by"]

_COLUMNS = ("total", "flexmilieu", "land", "expected", "interval", "moves")
_SOBOL_COLUMNS = (
    "total",
    "flexmilieu",
    "land",
    "group",
    "total_order",
    "total_order_p05",
    "total_order_p95",
    "n_design",
)
_KEY = ["total", "flexmilieu", "land"]
_MOST = 2


def is_drawn(results: Results) -> bool:
    """Return whether draws of the run were made."""
    return results.has(f"{FOLDER}/totals")


def certainty(results: Results, words: Words) -> dict[str, Any] | None:
    """Return how sure the answer is, as the report tells it; None where no draws were made."""
    if not is_drawn(results):
        return None
    return {
        "lead": _lead(results, words),
        "stable": _stable(results, words),
        "totals": certainty_table(results, words),
        "notes": certainty_notes(results, words),
        "sobol": _sobol(results, words),
    }


def certainty_table(results: Results, words: Words) -> TableView:
    """Return per total the run's own figure, the interval of its draws, and the groups that alone move it most."""
    totals, groups, names = results.table(f"{FOLDER}/totals"), results.table(f"{FOLDER}/groups"), _names(results, words)
    told = totals.assign(
        interval=[_interval(one, words) for _, one in totals.iterrows()],
        moves=[", ".join(names.get(name, name) for name in _moved_most(groups, one)) for _, one in totals.iterrows()],
    )
    told.loc[_is_unknown(results, totals), ["expected", "interval"]] = None
    return table_view(told, _COLUMNS, words, CertaintyTotals)


def _is_unknown(results: Results, totals: Frame) -> pd.Series[bool]:
    """Return the totals that no draw knows: nothing is known to suit, and of some places it is unknown whether they do.

    Written as 0 they would be a no, which nobody found.
    """
    places = results.table(f"{FOLDER}/locations")
    doubted = set(places.loc[places["chance_unknown"] > 0, "flexmilieu"])
    is_nothing = totals["expected"].eq(0) & totals["p95"].eq(0)
    return is_nothing & totals["flexmilieu"].isin(doubted)


def _sobol(results: Results, words: Words) -> TableView | None:
    """Return per total the groups that have a hand in most of its variance; None where it was not asked for."""
    if not results.has(f"{FOLDER}/sobol"):
        return None
    found = results.table(f"{FOLDER}/sobol").sort_values("total_order", ascending=False, kind="stable")
    most = found[found["total_order"] > 0].groupby(_KEY, sort=True).head(_MOST)
    order = results.table(f"{FOLDER}/totals")[_KEY].reset_index(drop=True).reset_index(names="place")
    names = _names(results, words)
    told = most.merge(order, on=_KEY).sort_values(["place", "total_order"], ascending=[True, False], kind="stable")
    told = told.assign(group=[names.get(one, one) for one in told["group"]])
    return table_view(told, _SOBOL_COLUMNS, words, CertaintySobol)


def certainty_notes(results: Results, words: Words) -> list[str]:
    """Return what an interval is, how often it is unknown whether a place suits, and what was not drawn."""
    said = _said(results)
    draws, fixed = said["draws"], said["not_drawn"]
    notes = [words.text("certainty.means", n=words.number(draws["draws"]), seed=str(draws["seed"]))]
    unknown = results.table(f"{FOLDER}/locations").groupby("flexmilieu", sort=False)["chance_unknown"].mean()
    if (unknown := unknown[unknown > 0]).size:
        each = [f"{words.name('flexmilieu', name)} {words.percent(share)}" for name, share in unknown.items()]
        notes.append(words.text("certainty.unknown", listed=", ".join(each)))
    draws_land = any(group["what"] == "land" for group in said["certainty"]["groups"])
    notes.append(words.text("certainty.land_drawn" if draws_land else "certainty.land_not_drawn"))
    return [*notes, *([words.text("certainty.not_drawn", n=words.number(len(fixed)))] if fixed else [])]


def _lead(results: Results, words: Words) -> str:
    """Return the headline with its interval, and what moves it: the common programme where no consent is needed."""
    totals = results.table(f"{FOLDER}/totals")
    common = totals[(totals["total"] == "common") & (totals["land"] == "eligible")].iloc[0]
    said = words.text(
        "certainty.lead",
        expected=words.about(common["expected"]), low=words.about(common["p05"]), high=words.about(common["p95"]),
    )  # fmt: skip
    moved = moved_by(results, words)
    return f"{said} {moved}" if moved else said


def moved_by(results: Results, words: Words) -> str:
    """Return in a sentence which figures move most which places suit; empty where none does."""
    totals, groups = results.table(f"{FOLDER}/totals"), results.table(f"{FOLDER}/groups")
    names = _names(results, words)
    places = totals[(totals["total"] == "locations")]
    moved = pd.Series([name for _, one in places.iterrows() for name in _moved_most(groups, one)[:1]], dtype="str")
    most = [names.get(name, name) for name in moved.value_counts().index[:_MOST]]
    return words.text("certainty.moved", groups=words.text("and").join(most)) if most else ""


def _stable(results: Results, words: Words) -> str:
    """Return how many locations stay in the top ten of a flexmilieu, whatever is drawn."""
    places = results.table(f"{FOLDER}/locations")
    stable = places[places["is_stable"].to_numpy(dtype=bool)].groupby("flexmilieu").size()
    if stable.empty:
        return words.text("certainty.none_stable")
    each = [f"{words.name('flexmilieu', name)} {words.number(n)}" for name, n in stable.items()]
    return words.text("certainty.stable", listed=", ".join(each))


def _interval(one: pd.Series[Any], words: Words) -> str:
    low, high = (words.about(one[point]) if one["total"] != "locations" else words.number(one[point])
                 for point in ("p05", "p95"))  # fmt: skip
    return f"{low} – {high}"


def _moved_most(groups: Frame, total: pd.Series[Any]) -> list[str]:
    """Return the groups that alone move a total most, from their low to their high figures; others are left out."""
    mine = groups[(groups[_KEY] == total[_KEY]).all(axis=1)]
    order = mine.assign(swing=(mine["at_high"] - mine["at_low"]).abs())
    order = order.sort_values(["swing", "group"], ascending=[False, True])
    return [str(name) for name in order.loc[order["swing"] > 0, "group"].head(_MOST)]


def _names(results: Results, words: Words) -> dict[str, str]:
    """Return what each group of figures is called."""
    return {str(one["id"]): str(one["label"][words.lang]) for one in _said(results)["certainty"]["groups"]}


def _said(results: Results) -> dict[str, Any]:
    """Return what was drawn: how many draws, the groups, and what was not drawn."""
    found: dict[str, Any] = load_plain((results.directory / FOLDER / "draws.yaml").read_text(encoding="utf-8"))
    return found
