"""Certainty against a Monte Carlo of its own: figures drawn anew from the configuration, each set a reading of a run.

What a draw reads from arrays, a run has laid out, judged, grouped and arranged from its cells. The figures are worked
out here in another way as well: from the files of the run, by another solution of the distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import fsolve
from scipy.stats import triang

from flexsites.certainty.answers import how_sure
from flexsites.certainty.draws import chances
from flexsites.certainty.opened import open_run
from flexsites.certainty.totals import answered
from flexsites.config.certainty import Certainty, Draws
from flexsites.config.load import configs_directory, read_model
from flexsites.config.resolved import read_resolved
from flexsites.tables.contract import is_true
from flexsites.tables.files import read
from tests.pipelines.added_runs import bare, figure, run_tables, spread_of, with_variants
from tests.pipelines.small_run import write_run

SEED = 5
ENOUGH = 20
"""Draws from which an interval is told."""
MOVED = 4
"""Totals that must differ between draws, or equal ones show little."""
_SIDES = ("low", "expected", "high")
_LENGTHS = ("n_storeys", "setback_m", "row_spacing_m", "row_spacing_per_storey_m", "lane_width_m", "parking_norm")

Floats = npt.NDArray[np.float64]


def _drawn(chance: float, low: float, expected: float, high: float) -> float:
    """Return a figure whose 5 % point is low, mode expected and 95 % point high; a side without width has none."""
    if low > high:  # a figure that gets tighter
        return -_drawn(chance, -low, -expected, -high)
    down, up = expected - low, high - expected
    if down == up == 0:
        return expected
    if down == 0 or up == 0:
        reach = max(down, up) / (1 - np.sqrt(0.05))
        whole = triang(0.0, expected, reach) if down == 0 else triang(1.0, expected - reach, reach)
        return float(whole.ppf(chance))

    def off(sides: Floats) -> list[float]:
        below, above = np.exp(sides)
        width = below + above
        return [(below - down) ** 2 / (width * below) - 0.05, (above - up) ** 2 / (width * above) - 0.05]

    below, above = np.exp(fsolve(off, np.log([1.6 * down, 1.6 * up]), xtol=1e-12))
    assert np.allclose(off(np.log([below, above])), 0.0, atol=1e-12)
    return float(triang(below / (below + above), expected - below, below + above).ppf(chance))


class _Draw:
    """The figures of one draw, as the paths of a variant."""

    def __init__(self, content: Mapping[str, Any], certainty: Certainty, chance: Floats, reach: Mapping[str, float]):
        self.content, self.certainty, self.chance, self.reach = content, certainty, chance, reach

    def _of(self, what: str, flexmilieu: str = "", measure: str = "") -> tuple[float, Any] | None:
        for chance, group in zip(self.chance, self.certainty.groups, strict=True):
            named = any(fnmatchcase(flexmilieu, one) for one in group.flexmilieus)
            if group.what == what and named and any(fnmatchcase(measure, one) for one in group.measures):
                return float(chance), group
        return None

    def _factor(self, what: str, flexmilieu: str, measure: str) -> float:
        found = self._of(what, flexmilieu, measure)
        return 1.0 if found is None else _drawn(found[0], float(found[1].low), 1.0, float(found[1].high))

    def _band(self, what: str, band: Mapping[str, Any], flexmilieu: str = "") -> float:
        found = self._of(what, flexmilieu)
        low, expected, high = (band[side]["value"] for side in _SIDES)
        return expected if found is None else max(_drawn(found[0], low, expected, high), 0.0)

    def _limit(self, flexmilieu: str, measure: str, limit: float) -> float:
        return min(limit * self._factor("limits", flexmilieu, measure), max(self.reach.get(measure, np.inf), limit))

    def paths(self) -> dict[str, Any]:
        common = self._band("common", self.content["counting"]["common_homes_per_ha"])
        found: dict[str, Any] = {"counting.common_homes_per_ha": spread_of(common, common, common)}
        for one in self.content["flexmilieus"]:
            found |= dict(self._flexmilieu(one["id"], one))
        for name, group in self.content["target_groups"].items():
            found |= dict(self._requirements(name, group))
        return found

    def _requirements(self, name: str, group: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for requirement in group["requirements"]:
            for i, one in enumerate(requirement["any_of"]):
                for side in ("at_most", "at_least"):
                    if isinstance(one.get(side), dict):
                        # The groups of limits name no flexmilieu, so that a requirement moves alike in all.
                        limit = self._limit("", one["measure"], one[side]["value"])
                        key = f"target_groups.{name}.requirements.{requirement['id']}.any_of.{i}.{side}"
                        yield key, figure(limit, **_unit(one[side]))

    def _flexmilieu(self, name: str, one: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        own, programme = f"flexmilieus.{name}", one["programme"]
        for i, weighed in enumerate(one["weighted"]):
            far = self._factor("value_points", name, weighed["measure"])
            heavy = self._factor("weights", name, weighed["measure"])
            for key, factor in (("weight", heavy), ("full_at", far), ("zero_at", far)):
                yield f"{own}.weighted.{i}.{key}", figure(weighed[key]["value"] * factor, **_unit(weighed[key]))
        term = one["least_term_years"]
        yield (
            f"{own}.least_term_years",
            figure(self._limit(name, "available_years_expected", term["value"]), unit="year"),
        )
        fsi = programme["fsi"]
        dense = min(self._band("densities", fsi, name), fsi["high"]["value"])
        yield f"{own}.programme.fsi", spread_of(min(fsi["low"]["value"], dense), dense, fsi["high"]["value"])
        for key in ("min_units", "max_units"):
            if programme.get(key):
                size = float(np.rint(self._band(key, programme[key], name)))
                yield f"{own}.programme.{key}", spread_of(size, size, size)
        level = self._level(name)
        for key in _LENGTHS:
            drawn = dict.fromkeys(_SIDES, programme[key][level])
            # The narrowest lane of a reading says which land can be entered, and land is not drawn: it stays.
            yield f"{own}.programme.{key}", drawn | ({"high": programme[key]["high"]} if key == "lane_width_m" else {})
        for i, relief in enumerate(programme.get("parking_relief", ())):
            yield f"{own}.programme.parking_relief.{i}.norm", dict.fromkeys(_SIDES, relief["norm"][level])

    def _level(self, flexmilieu: str) -> str:
        found = self._of("layouts", flexmilieu)
        shares, at = self.certainty.level_share, 0.5 if found is None else found[0]
        low, middle = float(shares.low), float(shares.expected)
        return "low" if at < low else "expected" if at < low + middle else "high"


def _unit(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"unit": told["unit"]} if "unit" in told else {}


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, pytest.param(40, marks=pytest.mark.deep)])
def test_draws_are_what_runs_of_their_figures_find(n: int, world: Path, without_variants: Path, tmp_path: Path) -> None:
    (finished,) = (one.parent for one in without_variants.glob("*/*/manifest.json"))
    certainty = read_model(configs_directory() / "certainty.yaml", Certainty)
    opened = open_run(finished)
    chance = chances(n, len(certainty.groups), seed=SEED)
    content = read_resolved(finished)
    sets = {f"d{d}": {"replace": _Draw(content, certainty, chance[d], opened.reach).paths()} for d in range(n)}
    path = write_run(tmp_path, world, bare, with_variants(**sets))
    again = run_tables(path, tmp_path / "outputs", lender=without_variants)
    run_again: dict[tuple[str, str, str], list[float]] = {}
    drawn = {name: (one, totals) for name, one, totals in answered(opened, certainty, chance)}
    for d in range(n):
        folder = again / "variants" / f"d{d}"
        served, clusters = (read(folder / f"{name}.parquet") for name in ("location_suitability", "clusters"))
        sites = read(folder / "sites.parquet").set_index("site_id").loc[opened.sites]
        suitability = read(folder / "suitability.parquet")
        for land in ("eligible", "conditional"):
            area = sites.loc[sites["verdict"] == land, "programme_area_m2"].sum()
            per_ha = sets[f"d{d}"]["replace"]["counting.common_homes_per_ha"]["expected"]["value"]
            run_again.setdefault(("common", "all", land), []).append(area * per_ha / 10_000.0)
        for name, (one, _) in drawn.items():
            if one is None:
                continue
            told = served[served["flexmilieu"] == name].set_index("location_id").loc[opened.locations]
            suits = is_true(told["is_suitable"])
            np.testing.assert_array_equal(one.is_suitable[d], suits, err_msg=f"{name} {d}")
            np.testing.assert_array_equal(one.is_unknown[d], told["is_suitable"].isna(), err_msg=f"{name} {d}")
            np.testing.assert_array_equal(
                one.rank[d], told["rank"].fillna(0).to_numpy(dtype=int), err_msg=f"{name} {d}"
            )
            homes = np.where(suits, told["n_per_cluster_expected"].to_numpy(dtype=int), 0)
            np.testing.assert_array_equal(one.homes[d], homes, err_msg=f"{name} {d}")
            own = suitability[(suitability["flexmilieu"] == name) & is_true(suitability["is_suitable"])]
            assert set(opened.sites[one.suits_site[d]]) == set(own["site_id"]), (name, d)
            run_again.setdefault(("locations", name, "available"), []).append(float(suits.sum()))
            for consent in ("without", "with"):
                mine = clusters[(clusters["flexmilieu"] == name) & (clusters["consent"] == consent)]
                run_again.setdefault(("spread", name, consent), []).append(float(mine["n_spread_expected"].sum()))
    for _, totals in drawn.values():
        for total in totals:
            key = (total.total, total.flexmilieu, total.land)
            np.testing.assert_allclose(total.figure, run_again[key], rtol=1e-8, err_msg=str(key))
    varied = sum(len(set(figures)) > 1 for figures in run_again.values())
    assert varied >= MOVED, "figures that are drawn move the answer"
    if n >= ENOUGH:
        told = how_sure(opened, certainty=certainty, draws=Draws(draws=n, seed=SEED)).tables["totals"]
        for row in told.itertuples():
            figures = run_again[row.total, row.flexmilieu, row.land]
            at = np.quantile(figures, [0.05, 0.5, 0.95], method="inverted_cdf")
            found = np.array([row.p05, row.p50, row.p95], dtype=np.float64)
            np.testing.assert_allclose(found, at, rtol=1e-8)
