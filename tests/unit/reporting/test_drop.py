from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flexsites.reporting.summaries.drop import drop_table
from flexsites.reporting.summaries.requirements import requirement_table
from tests.reporting_fixture import RULES, make_tables

ORDER = tuple(rule for rule, *_ in RULES)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return make_tables()


def _reason(
    site_id: str,
    rule_id: str,
    covered: float,
    attributed: float,
    unique: float,
    *,
    effect: str = "exclude",
    coverage: str = "covered",
) -> dict:
    return {
        "site_id": site_id,
        "rule_id": rule_id,
        "effect": effect,
        "hardness": "hard",
        "covered_area_m2": covered,
        "attributed_area_m2": attributed,
        "unique_area_m2": unique,
        "coverage": coverage,
    }


def _silent(**rules: str) -> pd.DataFrame:
    """Return the rules that are not covered at all, by the combination of each."""
    rows = [
        {"rule_coverage_id": one, "rule_id": rule, "effect": "exclude", "hardness": "hard", "coverage": "not"}
        for rule, combinations in rules.items()
        for one in combinations
    ]
    return pd.DataFrame(rows, columns=["rule_coverage_id", "rule_id", "effect", "hardness", "coverage"])


def test_a_rule_that_no_source_speaks_about_takes_an_unknown_area() -> None:
    sites = pd.DataFrame({"site_id": ["a", "b"], "verdict": ["eligible"] * 2, "parcel_area_m2": [10.0, 20.0]})
    sites["rule_coverage_id"] = ["1", "2"]
    reasons = pd.DataFrame([_reason("b", "plans", 5.0, 5.0, 5.0)])
    silent = _silent(military="12", plans="1")
    found = drop_table(sites, reasons, rule_coverage=silent, rule_order=("military", "plans")).set_index("rule_id")
    assert found["attributed_area_m2"].isna().to_dict() == {"military": True, "plans": False}
    assert found["n_sites_covered"].isna().to_dict() == {"military": True, "plans": False}
    assert found["n_sites_not_covered"].to_dict() == {"military": 2, "plans": 1}


def test_what_a_rule_takes_stands_though_its_source_covers_no_parcel() -> None:
    """Else areas taken would not add up, nor parcels lost: the largest taker would be called unknown."""
    sites = pd.DataFrame({"site_id": ["a", "b"], "verdict": ["excluded"] * 2, "parcel_area_m2": [10.0, 20.0]})
    sites["rule_coverage_id"] = "1"
    reasons = pd.DataFrame(
        [
            _reason("a", "in_use", 10.0, 10.0, 10.0, coverage="not"),
            _reason("b", "in_use", 15.0, 15.0, 15.0, coverage="not"),
            _reason("b", "piece_min_area", 5.0, 5.0, 5.0, effect="test"),
        ]
    )
    found = drop_table(sites, reasons, rule_coverage=_silent(in_use="1"), rule_order=("in_use",)).set_index("rule_id")
    assert found["attributed_area_m2"].sum() == 30.0
    assert found["n_sites_lost_first"].sum() == 2
    assert found.loc["in_use", "n_sites_not_covered"] == 2


def test_by_hand() -> None:
    sites = pd.DataFrame(
        {
            "site_id": ["a", "b", "c"],
            "verdict": ["excluded", "excluded", "eligible"],
            "parcel_area_m2": [10.0, 20.0, 40.0],
            "rule_coverage_id": "1",
        }
    )
    reasons = pd.DataFrame(
        [
            _reason("a", "nature", 10.0, 10.0, 4.0),
            _reason("a", "water", 6.0, 0.0, 0.0),
            _reason("b", "water", 18.0, 18.0, 18.0),
            _reason("b", "piece_min_area", 2.0, 2.0, 2.0, effect="test"),
            _reason("c", "water", 5.0, 5.0, 5.0),
            _reason("c", "noise", 40.0, 0.0, 0.0, effect="flag"),
        ]
    )
    order = ("nature", "water", "noise")
    found = drop_table(sites, reasons, rule_coverage=_silent(), rule_order=order).set_index("rule_id")
    assert list(found.index) == ["nature", "water", "noise", "piece_min_area"]
    assert found["n_sites_covered"].to_dict() == {"nature": 1, "water": 3, "noise": 1, "piece_min_area": 1}
    assert found["n_sites_lost_first"].to_dict() == {"nature": 1, "water": 0, "noise": 0, "piece_min_area": 1}
    assert found["n_sites_lost_only"].sum() == 0  # both excluded sites are touched by two rules
    assert found.loc["water", ["covered_area_m2", "attributed_area_m2", "unique_area_m2"]].tolist() == [
        29.0,
        23.0,
        23.0,
    ]
    assert found["n_sites_near_miss"].isna().all()


def test_attributed_area_closes_and_lost_sites_add_up(tables: dict[str, pd.DataFrame]) -> None:
    sites = tables["sites"]
    found = drop_table(sites, tables["reasons"], rule_coverage=tables["rule_coverage"], rule_order=ORDER)
    taken = sites["parcel_area_m2"].sum() - sites["buildable_area_m2"].sum()
    assert np.isclose(found["attributed_area_m2"].sum(), taken, rtol=1e-12)
    assert found["n_sites_lost_first"].sum() == (sites["verdict"] == "excluded").sum()
    taking = found[found["effect"].isin(["exclude", "test"])]
    assert (taking["unique_area_m2"] <= taking["attributed_area_m2"] + 1e-9).all()
    assert (taking["attributed_area_m2"] <= taking["covered_area_m2"] + 1e-9).all()


def test_near_misses_come_with_the_common_programme_of_their_land(tables: dict[str, pd.DataFrame]) -> None:
    missed = tables["near_misses"]
    judged = (tables[name] for name in ("sites", "reasons"))
    found = drop_table(*judged, missed, rule_coverage=tables["rule_coverage"], rule_order=ORDER, homes_per_ha=60.0)
    found = found.set_index("rule_id")
    assert len(missed) > 0
    for rule, rows in missed.groupby("rule_id"):
        assert found.loc[rule, "n_sites_near_miss"] == rows["site_id"].nunique()
        assert np.isclose(found.loc[rule, "near_miss_area_m2"], rows["piece_area_m2"].sum())
        assert np.isclose(found.loc[rule, "n_common_near_miss"], rows["piece_area_m2"].sum() * 60 / 10_000)
    assert found.loc[["natura2000"], "n_sites_near_miss"].isna().all()


def test_requirements_add_up_and_unknown_is_apart() -> None:
    tables = make_tables(with_timetable=False)
    suitability, sites = tables["suitability"], tables["sites"]
    found = requirement_table(suitability, sites)
    available = sites.loc[sites["verdict"].isin(["eligible", "conditional"]), "site_id"]
    judged = suitability[suitability["site_id"].isin(available)]
    failed = judged[judged["is_suitable"].eq(other=False).fillna(value=False)].groupby("flexmilieu").size()
    sums = found.groupby("flexmilieu")["n_sites_failed"].sum()
    assert sums[sums > 0].to_dict() == failed.to_dict()
    campus = found[found["flexmilieu"] == "campus"]
    assert campus["n_sites_unknown"].tolist() == [len(available)]
    assert campus["n_sites_failed"].tolist() == [0]


def test_a_site_that_misses_two_things_counts_under_both() -> None:
    sites = pd.DataFrame({"site_id": ["a"], "verdict": ["eligible"], "n_common_expected": [5.0]})
    suitability = pd.DataFrame(
        {
            "site_id": ["a"],
            "flexmilieu": ["campus"],
            "is_suitable": pd.array([None], dtype="boolean"),
            "failed_criterion": [None],
            "unknown_criteria": [("stop", "school")],
        }
    )
    found = requirement_table(suitability, sites).set_index("criterion")
    assert found["n_sites_unknown"].to_dict() == {"school": 1, "stop": 1}
    assert found["n_common_failed"].sum() == 0
