from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flexsites.reporting.summaries.totals import ownership_totals, totals, verdict_totals
from tests.reporting_fixture import FLEXMILIEUS, make_tables
from tests.reporting_fixture import UNDEMANDING as TINY


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return make_tables()


def _row(table: pd.DataFrame, **keys: str) -> pd.Series:
    chosen = table
    for name, value in keys.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def _tiny_run() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four sites by hand: dense and tiny; tiny only; unknown verdict; excluded."""
    sites = pd.DataFrame(
        {
            "site_id": ["a", "b", "c", "d"],
            "gemeente_code": ["GM1", "GM1", "GM2", None],
            "provincie_code": "PV1",
            "owner_class": ["gemeente", None, None, None],
            "tenure": ["erfpacht", None, None, None],
            "verdict": ["eligible", "conditional", "unknown", "excluded"],
            "is_suitable": pd.array([True, True, True, False], dtype="boolean"),
            "is_suitable_demanding": pd.array([True, False, None, False], dtype="boolean"),
            "plan_coverage": ["covered", "not", "covered", "covered"],
            "provincial_coverage": ["covered", "covered", "not", "covered"],
            "parcel_area_m2": [100.0, 200.0, 400.0, 800.0],
            "buildable_area_m2": [90.0, 150.0, 300.0, 0.0],
            "location_id": ["L1", "L1", "L2", None],
            "n_units_low": pd.array([1, 2, 3, 0], dtype="Int64"),
            "n_units_expected": pd.array([2, 3, 4, 0], dtype="Int64"),
            "n_units_high": pd.array([3, 4, 5, 0], dtype="Int64"),
        }
    )
    suitability = pd.DataFrame(
        [
            ("a", "dense", True, 0.4, 8, 10, 12),
            ("a", "groen_tiny", True, 0.9, 1, 2, 3),
            ("b", "dense", False, 0.1, 14, 16, 18),
            ("b", "groen_tiny", True, 0.5, 2, 3, 4),
            ("c", "dense", None, np.nan, 18, 20, 22),
            ("c", "groen_tiny", True, 0.5, 3, 4, 5),
        ],
        columns=["site_id", "flexmilieu", "is_suitable", "score", "n_units_low", "n_units_expected", "n_units_high"],
    )
    suitability["is_suitable"] = suitability["is_suitable"].astype("boolean")
    return sites, suitability


def test_totals_by_hand() -> None:
    found = totals(*_tiny_run(), flexmilieu_order=("dense", "groen_tiny"), undemanding=TINY)

    def units(population: str, scope: str = "all", kind: str = "run", code: str = "run") -> tuple[int, int, int, int]:
        row = _row(found, population=population, coverage_scope=scope, area_kind=kind, area_code=code)
        return row["n_sites"], row["n_locations"], row["n_units_expected"], row["n_sites_unknown"]

    assert units("available") == (2, 1, 26, 1)  # before any requirement: the flexmilieu that holds most, 10 and 16
    assert units("suitable") == (2, 1, 5, 1)
    assert units("suitable_demanding") == (1, 1, 10, 1)  # a counts with its dense homes, not its tiny ones
    assert units("dense") == (1, 1, 10, 1)
    assert units("groen_tiny") == (2, 1, 5, 1)
    assert units("available", "plan_covered") == (1, 1, 10, 1)
    assert units("available", "provincial_covered") == (2, 1, 26, 0)
    assert units("available", "both_covered") == (1, 1, 10, 0)
    assert units("available", kind="gemeente", code="GM2") == (0, 0, 0, 1)
    assert units("available", kind="gemeente", code="unknown") == (0, 0, 0, 0)


def test_unknown_is_counted_with_its_homes_and_never_as_yes() -> None:
    found = totals(*_tiny_run(), flexmilieu_order=("dense", "groen_tiny"), undemanding=TINY)
    row = _row(found, population="dense", coverage_scope="all", area_kind="run")
    assert row["n_units_unknown_expected"] == 20
    assert row["buildable_area_m2"] == 90.0


@pytest.mark.parametrize("population", ["available", "suitable", "suitable_demanding", *FLEXMILIEUS])
def test_gemeenten_add_up_to_the_province_and_the_run(tables: dict[str, pd.DataFrame], population: str) -> None:
    found = totals(tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS, undemanding=TINY)
    found = found[found["population"] == population]
    names = ["n_sites", "parcel_area_m2", "buildable_area_m2", "n_units_expected", "n_sites_unknown"]
    sums = found.groupby(["area_kind", "coverage_scope"])[names].sum().astype("float64")
    for kind in ("gemeente", "provincie"):
        assert np.allclose(sums.loc[kind], sums.loc["run"], rtol=1e-12)


def test_totals_do_not_depend_on_the_order_of_rows(tables: dict[str, pd.DataFrame]) -> None:
    sites, suitability = tables["sites"], tables["suitability"]
    shuffled = totals(
        sites.sample(frac=1, random_state=3),
        suitability.sample(frac=1, random_state=4),
        flexmilieu_order=FLEXMILIEUS,
        undemanding=TINY,
    )
    pd.testing.assert_frame_equal(
        shuffled, totals(sites, suitability, flexmilieu_order=FLEXMILIEUS, undemanding=TINY), check_exact=True
    )


def test_a_larger_scope_never_counts_less(tables: dict[str, pd.DataFrame]) -> None:
    found = totals(tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS, undemanding=TINY)
    wide = found.pivot_table(
        index=["area_kind", "area_code", "population"], columns="coverage_scope", values="n_sites", aggfunc="sum"
    )
    assert (wide["all"] >= wide["plan_covered"]).all()
    assert (wide["plan_covered"] >= wide["both_covered"]).all()
    assert wide["plan_covered"].sum() < wide["all"].sum()


def test_verdicts_add_up_to_all_sites(tables: dict[str, pd.DataFrame]) -> None:
    found = verdict_totals(tables["sites"])
    for _, rows in found.groupby("area_kind"):
        assert rows["n_sites"].sum() == len(tables["sites"])
        assert np.isclose(rows["parcel_area_m2"].sum(), tables["sites"]["parcel_area_m2"].sum())


def test_owners_are_counted_and_the_unnamed_stay_unknown() -> None:
    sites, _ = _tiny_run()
    found = ownership_totals(sites)
    available = found[found["population"] == "available"].set_index("owner_class")
    assert available["n_sites"].to_dict() == {"gemeente": 1, "onbekend": 1}
    assert available["share_of_sites"].sum() == 1.0


def test_nothing_is_mutated(tables: dict[str, pd.DataFrame]) -> None:
    before = tables["sites"].copy(), tables["suitability"].copy()
    totals(tables["sites"], tables["suitability"], undemanding=TINY)
    verdict_totals(tables["sites"])
    ownership_totals(tables["sites"])
    pd.testing.assert_frame_equal(before[0], tables["sites"])
    pd.testing.assert_frame_equal(before[1], tables["suitability"])


def test_a_site_in_two_locations_counts_in_both() -> None:
    """PBL counts locations: pieces, not parcels, make them. Site a has pieces in L1 and L9, b in L1."""
    sites, suitability = _tiny_run()
    places = pd.DataFrame({"site_id": ["a", "a", "b", "c"], "location_id": ["L1", "L9", "L1", "L2"]})
    found = totals(sites, suitability, flexmilieu_order=("dense", "groen_tiny"), undemanding=TINY, places=places)
    assert _row(found, population="available", coverage_scope="all", area_kind="run")["n_locations"] == 2
    assert _row(found, population="dense", coverage_scope="all", area_kind="run")["n_locations"] == 2
    by_verdict = verdict_totals(sites, places=places)
    run = by_verdict[by_verdict["area_kind"] == "run"].set_index("verdict")["n_locations"]
    assert run.to_dict() == {"eligible": 2, "conditional": 1, "unknown": 1, "excluded": 0}
    owned = ownership_totals(sites, places=places)
    assert _row(owned, population="available", owner_class="gemeente")["n_locations"] == 2


def test_the_homes_of_what_may_suit_go_before_those_of_what_fails() -> None:
    """Without groen_tiny, c is unknown for dense (20 homes) and fails for a flexmilieu of a higher score (99 homes)."""
    sites, suitability = _tiny_run()
    worse = suitability[suitability["site_id"] == "c"].iloc[:1].assign(
        flexmilieu="other", is_suitable=pd.array([False], dtype="boolean"), score=0.9, n_units_expected=99
    )  # fmt: skip
    told = pd.concat([suitability, worse], ignore_index=True)
    found = totals(sites, told, flexmilieu_order=("dense", "other", "groen_tiny"), undemanding=TINY)
    row = _row(found, population="suitable_demanding", coverage_scope="all", area_kind="run")
    assert row["n_units_unknown_expected"] == 20


def test_neighbourhoods_add_up_to_gemeenten_and_those_to_provinces_and_the_run() -> None:
    sites, suitability = _tiny_run()
    sites = sites.assign(buurt_code=["BU1", "BU2", "BU3", None], provincie_code=["PV1", "PV1", "PV2", None])
    found = totals(sites, suitability, flexmilieu_order=("dense", "groen_tiny"), undemanding=TINY)
    summed = ["n_sites", "parcel_area_m2", "buildable_area_m2", "n_units_expected", "n_sites_unknown"]
    keys = ["population", "coverage_scope"]
    run = found[found["area_kind"] == "run"].set_index(keys)[summed].sort_index()
    for kind in ("buurt", "gemeente", "provincie"):
        of_kind = found[found["area_kind"] == kind].groupby(keys)[summed].sum().sort_index()
        pd.testing.assert_frame_equal(of_kind, run, check_dtype=False)


def test_what_fits_before_requirements_is_never_less_than_with_them(tables: dict[str, pd.DataFrame]) -> None:
    found = totals(tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS, undemanding=TINY)
    keys = ["area_kind", "area_code", "coverage_scope"]
    most = found[found["population"] == "available"].set_index(keys)["n_units_expected"]
    for population, rows in found.groupby("population"):
        assert (rows.set_index(keys)["n_units_expected"] <= most).all(), population
