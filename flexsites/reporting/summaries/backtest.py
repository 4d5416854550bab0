"""A back-test: what the model says of the places where realised projects stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.reporting.results import Results
from flexsites.tables import Frame, conform
from flexsites.tables.backtest_tables import Backtest

_TAKES = ("exclude", "test")
_M2_PER_HA = 10_000.0


def backtest(
    projects: Frame,
    results: Results,
    *,
    groups: Mapping[str, Sequence[str]],
    densities: Mapping[str, tuple[float, float]],
) -> Frame:
    """Tell of every project what excludes it, where it scores, and how its density compares.

    Parameters
    ----------
    projects
        Realised projects.
    results
        A finished run with parcels.
    groups
        By flexmilieu the target groups that it serves.
    densities
        By flexmilieu the lowest and the highest homes per gross hectare.

    Returns
    -------
    One row per project, in their order. A project outside the run's parcels has no verdict. Law: the share of parcels
    that score lower is that of the run's distribution in one flexmilieu, the project's own best.
    """
    sites = gpd.GeoDataFrame(results.table("sites"))[["site_id", "verdict", "is_suitable", "geometry"]]
    points = gpd.GeoDataFrame(projects, geometry=gpd.points_from_xy(projects["x_m"], projects["y_m"]), crs=sites.crs)
    # On a border between parcels the first by id.
    joined = gpd.sjoin(points, sites, how="left", predicate="intersects").sort_values(["project_id", "site_id"])
    told = pd.DataFrame(joined.drop_duplicates("project_id")).set_index("project_id").reindex(projects["project_id"])
    told["excluded_by"] = _excluded_by(results, told["site_id"])
    told = told.join(_scores(results, told, groups))
    told["homes_per_ha"] = told["n_homes_built"] / told["built_area_m2"] * _M2_PER_HA
    bands = [densities.get(str(name), (np.nan, np.nan)) for name in told["flexmilieu"]]
    told["model_homes_per_ha_low"], told["model_homes_per_ha_high"] = ([one[k] for one in bands] for k in (0, 1))
    told["density_outcome"] = _within(told)
    return conform(told.reset_index()[Backtest.columns], Backtest, where="backtest", is_result=True)


def _excluded_by(results: Results, site_ids: pd.Series[str]) -> list[tuple[str, ...]]:
    """Return per project the rules and tests that take land of its parcel, most first."""
    reasons = results.table("reasons")
    own = reasons[
        reasons["site_id"].isin(site_ids) & reasons["effect"].isin(_TAKES) & (reasons["attributed_area_m2"] > 0)
    ]
    ordered = own.sort_values(["site_id", "attributed_area_m2", "rule_id"], ascending=[True, False, True])
    by_site = ordered.groupby("site_id")["rule_id"].agg(tuple)
    return [by_site.get(site_id, ()) for site_id in site_ids]


def _scores(results: Results, told: Frame, groups: Mapping[str, Sequence[str]]) -> Frame:
    """Return per project its best flexmilieu, the score there, and the share of the run's parcels that score lower."""
    scored = results.table("suitability")[["site_id", "flexmilieu", "score"]].dropna(subset=["score"])
    by_flexmilieu = {str(name): np.sort(own.to_numpy()) for name, own in scored.groupby("flexmilieu")["score"]}
    rows: list[tuple[str | None, float, float]] = []
    for site_id, group in zip(told["site_id"], told["target_group"], strict=True):
        names = [name for name, served in groups.items() if pd.isna(group) or group in served]
        own = scored[scored["site_id"].eq(site_id) & scored["flexmilieu"].isin(names)]
        if own.empty:
            rows.append((None, np.nan, np.nan))
            continue
        best = own.sort_values(["score", "flexmilieu"], ascending=[False, True]).iloc[0]
        others = by_flexmilieu[str(best["flexmilieu"])]
        score = float(best["score"])
        rows.append((str(best["flexmilieu"]), score, float(np.searchsorted(others, score) / len(others))))
    return pd.DataFrame(rows, columns=["flexmilieu", "best_score", "score_share"], index=told.index)


def _within(told: Frame) -> list[str | None]:
    """Return whether what was built lies within the model's densities; None where either is not known."""
    words: list[str | None] = []
    for built, low, high in zip(
        told["homes_per_ha"], told["model_homes_per_ha_low"], told["model_homes_per_ha_high"], strict=True
    ):
        if pd.isna(built) or pd.isna(low):
            words.append(None)
        else:
            words.append("below" if built < low else "above" if built > high else "within")
    return words
