"""Sampled parcels of a finished run recomputed alone, by a script that knows nothing of flexsites.

    python -m tests.benchmarks.naive RUN_DIR --base FOLDER --sample 20 --seed 1

It reads ``run.yaml`` of the run (its rules and figures), the sources' own files (their paths are relative to the folder
of the run file, which is FOLDER), and of a parcel what lies on it. With shapely, geopandas and numpy it says what each
rule covers, takes first and takes alone, and what the rules leave in both readings, and compares that with ``reasons``,
``pieces`` and ``sites``. It imports nothing of flexsites. Beyond the bar it says where, and ends with 1, as it does
when it compared nothing. What it does not recompute it says: tests of pieces, homes, access, and rules or sources of
kinds that it does not know. Of parcels that it does not know the run's own shapes are taken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import yaml

from tests.benchmarks._naive_rules import NOT_KNOWN, NOTHING, Files, Naive, NotRedone, figure, polygonal

BAR_M2, BAR_SHARE = 0.01, 1e-6
"""[A] The larger of the two: that of the benchmark of exclusion."""


def in_force(rule_set: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules that hold on the day and for the term of the run, in order."""
    time = rule_set["time"]
    day, term = str(time["reference_date"]), figure(time["term_years"])
    found = []
    for rule in rule_set["rules"]:
        terms = rule.get("for_terms") or {}
        above, up_to = (terms.get(name) for name in ("above_years", "up_to_years"))
        is_for_term = (above is None or term > figure(above)) and (up_to is None or term <= figure(up_to))
        is_now = str(rule.get("valid_from") or "") <= day <= str(rule.get("valid_to") or "9999")
        if rule.get("is_on", True) and is_for_term and is_now:
            found.append(rule)
    return found


@dataclass
class Checked:
    """What was compared: how many figures, the largest difference, those beyond the bar, and what was not redone."""

    n: int = 0
    n_of_chords: int = 0
    largest_m2: float = 0.0
    largest_at: str = "nowhere"
    beyond: list[str] = field(default_factory=list)
    not_redone: dict[str, str] = field(default_factory=dict)

    def compare(
        self,
        what: str,
        told: float,
        redone: float,
        area_m2: float,
        between: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        """Compare one area; ``between``: the least and the most that it may be where corners are round."""
        off, bar = abs(told - redone), max(BAR_M2, BAR_SHARE * area_m2)
        self.n += 1
        if off > bar and between is not None:
            least, most = between()
            if least - bar <= told <= most + bar:
                self.n_of_chords += 1
                return
        if off > self.largest_m2:
            self.largest_m2, self.largest_at = off, what
        if not off <= bar:
            self.beyond.append(f"{what}: the run says {told:.3f} m2, alone it is {redone:.3f} m2")


def covers_of(
    rules: Mapping[str, Mapping[str, Any]], parcel: shapely.Geometry, use: str | None, naive: Naive, checked: Checked
) -> dict[str, tuple[str, shapely.Geometry]]:
    """Return of each rule its effect and what it covers of a parcel, once includes have lifted what they override."""
    covers: dict[str, tuple[str, shapely.Geometry]] = {}
    for name, rule in rules.items():
        try:
            covers[name] = rule["effect"], naive.cover(rule, parcel, use)
        except NotRedone as why:
            checked.not_redone[name] = f"{why} ({rule['effect']})"
    for include in [name for name, (effect, _) in covers.items() if effect == "include"]:
        for name in set(rules[include]["overrides"]) & set(covers):
            effect, shape = covers[name]
            covers[name] = effect, polygonal(shapely.difference(shape, covers[include][1]))
    return covers


def check_parcel(site: str, run: Mapping[str, pd.DataFrame], naive: Naive, checked: Checked) -> None:
    """Redo one parcel and compare it with what the run says of it."""
    row = run["sites"].loc[site]
    try:
        parcel, use = naive.parcel(site)
    except NotRedone as why:
        checked.not_redone["shapes of parcels"] = str(why)
        parcel, use = row["geometry"], NOT_KNOWN

    def compare(what: str, told: float, redone: float, rule: Mapping[str, Any] | None = None) -> None:
        is_round = rule is not None and rule["kind"] == "within_distance"
        between = partial(naive.between, rule, parcel) if is_round else None
        checked.compare(f"{site}, {what}", told, redone, parcel.area, between)

    compare("area", row["parcel_area_m2"], parcel.area)

    rules = {rule["rule_id"]: rule for rule in in_force(naive.rule_set)}
    covers = covers_of(rules, parcel, use, naive, checked)
    told = run["reasons"].loc[run["reasons"]["site_id"] == site].set_index("rule_id")
    effects = {name: rule["effect"] for name, rule in rules.items()}
    is_whole = not any(effects.get(name) in ("exclude", "restrict", "include") for name in checked.not_redone)
    taken = NOTHING
    for name, (effect, shape) in covers.items():
        compare(f"covered by {name}", told["covered_area_m2"].get(name, 0.0), shape.area, rules[name])
        if effect == "exclude" and is_whole:
            others = shapely.union_all([one for n, (e, one) in covers.items() if e == "exclude" and n != name])
            first, alone = shapely.difference(shape, taken).area, shapely.difference(shape, others).area
            compare(f"taken first by {name}", told["attributed_area_m2"].get(name, 0.0), first)
            compare(f"taken by {name} alone", told["unique_area_m2"].get(name, 0.0), alone)
            taken = shapely.union(taken, shape)
    for name in told.index[(told["effect"] != "test").to_numpy()].difference(list(rules)):
        compare(f"covered by {name}, which is not in force", told.loc[name, "covered_area_m2"], 0.0)
    # What tests of pieces take is not redone; with it the areas of the run close.
    closes = row["buildable_area_m2"] + told["attributed_area_m2"].sum()
    compare("buildable and attributed together", closes, parcel.area)
    if not is_whole:
        return
    pieces = run["pieces"][(run["pieces"]["site_id"] == site).to_numpy()]
    for reading, taking in (("with_consent", {"exclude"}), ("without_consent", {"exclude", "restrict"})):
        left = shapely.difference(parcel, shapely.union_all([one for e, one in covers.values() if e in taking])).area
        told_left = pieces["piece_area_m2"][pieces[f"is_{reading}"].to_numpy(dtype=bool)].sum()
        compare(f"left {reading.replace('_', ' ')}", told_left, left)
        column = "buildable_area_m2" if reading == "with_consent" else "buildable_without_consent_m2"
        compare(f"built on more than is left, {reading.replace('_', ' ')}", max(row[column], left), left)


def sampled(run: Mapping[str, pd.DataFrame], n: int, seed: int) -> list[str]:
    """Return parcels drawn from all, and of every rule of the ledger one that the run says it covers."""
    rng = np.random.default_rng(seed)
    sites = run["sites"].index.to_numpy()
    drawn = list(rng.choice(sites, min(n, len(sites)), replace=False))
    of_rules = [rng.choice(rows["site_id"].to_numpy()) for _, rows in run["reasons"].groupby("rule_id", sort=True)]
    return list(dict.fromkeys([*drawn, *of_rules]))


def open_run(directory: Path, base: Path) -> tuple[dict[str, pd.DataFrame], Naive]:
    """Open what a run says, and what it is redone from; ``base`` is the folder from which paths of its sources go."""
    told = yaml.safe_load((directory / "run.yaml").read_text(encoding="utf-8"))
    run = {name: pd.read_parquet(directory / f"{name}.parquet") for name in ("reasons", "pieces")}
    run["sites"] = gpd.read_parquet(directory / "sites.parquet").set_index("site_id")
    return run, Naive(Files(told["run"]["sources"], base), told["rule_set"])


def check(run: Mapping[str, pd.DataFrame], naive: Naive, *, sample: int, seed: int) -> Checked:
    """Redo sampled parcels of a run, and tell what was found."""
    checked, sites = Checked(), sampled(run, sample, seed)
    for site in sites:
        check_parcel(site, run, naive, checked)
    sys.stdout.write(
        f"{len(sites)} of {len(run['sites'])} parcels, {checked.n} areas compared, "
        f"{len(checked.beyond)} beyond the bar; largest difference {checked.largest_m2:.2g} m2 ({checked.largest_at})\n"
    )
    if checked.n_of_chords:
        sys.stdout.write(
            f"{checked.n_of_chords} of them not counted in that: within a distance, and between chords and circle\n"
        )
    for name, why in sorted(checked.not_redone.items()):
        sys.stdout.write(f"not redone: {name}: {why}\n")
    sys.stdout.write(
        "not redone of any parcel: tests of pieces, entrances, access, homes, suitability, words of coverage\n"
    )
    sys.stdout.writelines(f"BEYOND THE BAR {one}\n" for one in checked.beyond)
    return checked


def main(arguments: list[str] | None = None) -> int:
    """Check a run; 1: some area is beyond the bar, or nothing was compared."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.naive", description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path, help="the finished run")
    parser.add_argument("--base", type=Path, help="folder of the run file, from which paths go; default: the run's own")
    parser.add_argument("--sample", type=int, default=20, help="parcels drawn; one for every rule is added")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    run, naive = open_run(asked.directory, asked.base or asked.directory)
    checked = check(run, naive, sample=asked.sample, seed=asked.seed)
    return int(bool(checked.beyond) or not checked.n)


if __name__ == "__main__":
    raise SystemExit(main())
