from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flexsites.reporting.summaries.totals import totals
from flexsites.reporting.summaries.verdicts import ownership_totals, verdict_totals
from tests.reporting_fixture import FLEXMILIEUS, make_tables


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
            "programme_area_m2": [80.0, 150.0, 300.0, 0.0],
            "n_common_low": [0.24, 0.45, 0.9, 0.0],
            "n_common_expected": [0.48, 0.9, 1.8, 0.0],
            "n_common_high": [0.8, 1.5, 3.0, 0.0],
        }
    )
    suitability = pd.DataFrame(
        [
            ("a", "dense", True, 0.4),
            ("a", "groen_tiny", True, 0.9),
            ("b", "dense", False, 0.1),
            ("b", "groen_tiny", True, 0.5),
            ("c", "dense", None, np.nan),
            ("c", "groen_tiny", True, 0.5),
        ],
        columns=["site_id", "flexmilieu", "is_suitable", "score"],
    )
    suitability["is_suitable"] = suitability["is_suitable"].astype("boolean")
    return sites, suitability


CLUSTERS = pd.DataFrame(
    [
        ("without", "dense", "a", 5, 8, 9),
        ("with", "dense", "a", 6, 9, 12),
        ("without", "groen_tiny", "a", 1, 2, 3),
        ("with", "groen_tiny", "b", 2, 3, 4),
    ],
    columns=["consent", "flexmilieu", "site_id", "n_spread_low", "n_spread_expected", "n_spread_high"],
)


def test_a_run_without_a_location_has_totals() -> None:
    """As one of which every verdict is unknown: no piece is valid, so no location stands."""
    sites, suitability = _tiny_run()
    unknown = sites.assign(verdict="unknown", location_id=None)
    nowhere = pd.DataFrame({"site_id": pd.Series(dtype="str"), "location_id": pd.Series(dtype="str")})
    found = totals(unknown, suitability, flexmilieu_order=("dense", "groen_tiny"), places=nowhere)
    assert len(found)
    assert found["n_locations"].eq(0).all()


def test_totals_by_hand() -> None:
    """What spans flexmilieus has the common programme, a flexmilieu the clusters that start in the area."""
    found = totals(*_tiny_run(), flexmilieu_order=("dense", "groen_tiny"), clusters=CLUSTERS)

    def units(population: str, scope: str = "all", kind: str = "run", code: str = "run") -> tuple[object, ...]:
        row = _row(found, population=population, coverage_scope=scope, area_kind=kind, area_code=code)
        is_one = population in ("dense", "groen_tiny")
        assert pd.isna(row["n_common_expected"]) == is_one
        assert pd.isna(row["n_spread_expected"]) != is_one
        homes = row["n_spread_expected"] if is_one else round(row["n_common_expected"], 6)
        return row["n_sites"], row["n_locations"], homes, row["n_sites_unknown"]

    assert units("available") == (2, 1, 1.38, 1)  # 80 and 150 m2 at 60 homes a hectare
    assert units("suitable") == (2, 1, 1.38, 1)
    assert units("suitable_demanding") == (1, 1, 0.48, 1)
    assert units("dense") == (1, 1, 8, 1)
    assert units("groen_tiny") == (2, 1, 2, 1)
    assert units("available", "plan_covered") == (1, 1, 0.48, 1)
    assert units("available", "provincial_covered") == (2, 1, 1.38, 0)
    assert units("available", "both_covered") == (1, 1, 0.48, 0)
    assert units("available", kind="gemeente", code="GM2") == (0, 0, 0, 1)
    assert units("dense", kind="gemeente", code="GM2") == (0, 0, 0, 1)
    tiny = _row(found, population="groen_tiny", coverage_scope="all", area_kind="run")
    assert (tiny["n_clusters"], tiny["n_spread_expected"], tiny["n_spread_consent_expected"]) == (1, 2, 3)


def test_unknown_is_counted_with_its_homes_and_never_as_yes() -> None:
    found = totals(*_tiny_run(), flexmilieu_order=("dense", "groen_tiny"))
    row = _row(found, population="available", coverage_scope="all", area_kind="run")
    assert row["n_common_unknown_expected"] == 1.8
    assert row["buildable_area_m2"] == 240.0
    dense = _row(found, population="dense", coverage_scope="all", area_kind="run")
    assert dense["buildable_area_m2"] == 90.0
    assert pd.isna(dense["n_spread_expected"]), "no clusters were told: not zero"


def test_nothing_adds_homes_of_different_flexmilieus(tables: dict[str, pd.DataFrame]) -> None:
    """A row holds homes of one flexmilieu or of none in particular; no row holds the sum of several."""
    found = totals(
        tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS,
        clusters=tables["clusters"],
    )  # fmt: skip
    assert (found["n_common_expected"].isna() == found["population"].isin(FLEXMILIEUS)).all()
    assert (found["n_spread_expected"].isna() != found["population"].isin(FLEXMILIEUS)).all()
    mine = tables["clusters"].query("consent == 'without'").groupby("flexmilieu")["n_spread_expected"].sum()
    run = found[(found["area_kind"] == "run") & (found["coverage_scope"] == "all")].set_index("population")
    assert run.loc[list(FLEXMILIEUS), "n_spread_expected"].to_dict() == mine.reindex(FLEXMILIEUS).to_dict()


@pytest.mark.parametrize("population", ["available", "suitable", "suitable_demanding", *FLEXMILIEUS])
def test_gemeenten_add_up_to_the_province_and_the_run(tables: dict[str, pd.DataFrame], population: str) -> None:
    found = totals(
        tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS,
        clusters=tables["clusters"],
    )  # fmt: skip
    found = found[found["population"] == population]
    homes = "n_spread_expected" if population in FLEXMILIEUS else "n_common_expected"
    names = ["n_sites", "parcel_area_m2", "buildable_area_m2", homes, "n_sites_unknown"]
    sums = found.groupby(["area_kind", "coverage_scope"])[names].sum().astype("float64")
    for kind in ("gemeente", "provincie"):
        assert np.allclose(sums.loc[kind], sums.loc["run"], rtol=1e-12)


def test_totals_do_not_depend_on_the_order_of_rows(tables: dict[str, pd.DataFrame]) -> None:
    sites, suitability = tables["sites"], tables["suitability"]
    shuffled = totals(
        sites.sample(frac=1, random_state=3),
        suitability.sample(frac=1, random_state=4),
        flexmilieu_order=FLEXMILIEUS,
    )
    pd.testing.assert_frame_equal(shuffled, totals(sites, suitability, flexmilieu_order=FLEXMILIEUS), check_exact=True)


def test_a_larger_scope_never_counts_less(tables: dict[str, pd.DataFrame]) -> None:
    found = totals(tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS)
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
    totals(tables["sites"], tables["suitability"])
    verdict_totals(tables["sites"])
    ownership_totals(tables["sites"])
    pd.testing.assert_frame_equal(before[0], tables["sites"])
    pd.testing.assert_frame_equal(before[1], tables["suitability"])


def test_a_site_in_two_locations_counts_in_both() -> None:
    """PBL counts locations: pieces, not parcels, make them. Site a has pieces in L1 and L9, b in L1."""
    sites, suitability = _tiny_run()
    places = pd.DataFrame({"site_id": ["a", "a", "b", "c"], "location_id": ["L1", "L9", "L1", "L2"]})
    found = totals(sites, suitability, flexmilieu_order=("dense", "groen_tiny"), places=places)
    assert _row(found, population="available", coverage_scope="all", area_kind="run")["n_locations"] == 2
    assert _row(found, population="dense", coverage_scope="all", area_kind="run")["n_locations"] == 2
    by_verdict = verdict_totals(sites, places=places)
    run = by_verdict[by_verdict["area_kind"] == "run"].set_index("verdict")["n_locations"]
    assert run.to_dict() == {"eligible": 2, "conditional": 1, "unknown": 1, "excluded": 0}
    owned = ownership_totals(sites, places=places)
    assert _row(owned, population="available", owner_class="gemeente")["n_locations"] == 2


def test_neighbourhoods_add_up_to_gemeenten_and_those_to_provinces_and_the_run() -> None:
    sites, suitability = _tiny_run()
    sites = sites.assign(buurt_code=["BU1", "BU2", "BU3", None], provincie_code=["PV1", "PV1", "PV2", None])
    found = totals(sites, suitability, flexmilieu_order=("dense", "groen_tiny"))
    found = found[~found["population"].isin(["dense", "groen_tiny"])]
    summed = ["n_sites", "parcel_area_m2", "buildable_area_m2", "n_common_expected", "n_sites_unknown"]
    keys = ["population", "coverage_scope"]
    run = found[found["area_kind"] == "run"].set_index(keys)[summed].sort_index()
    for kind in ("buurt", "gemeente", "provincie"):
        of_kind = found[found["area_kind"] == kind].groupby(keys)[summed].sum().sort_index()
        pd.testing.assert_frame_equal(of_kind, run, check_dtype=False)


def test_what_is_available_is_never_less_than_what_suits(tables: dict[str, pd.DataFrame]) -> None:
    found = totals(tables["sites"], tables["suitability"], flexmilieu_order=FLEXMILIEUS)
    keys = ["area_kind", "area_code", "coverage_scope"]
    most = found[found["population"] == "available"].set_index(keys)["n_common_expected"]
    for population in ("suitable", "suitable_demanding"):
        homes = found[found["population"] == population].set_index(keys)["n_common_expected"]
        assert (homes <= most + 1e-9).all(), population


def test_where_nothing_is_available_there_are_no_locations() -> None:
    sites, suitability = _tiny_run()
    found = totals(sites.assign(verdict="excluded", location_id=None), suitability)
    assert len(found) == 5 * 4 * 5, "five populations, four scopes; the run, one province, two gemeenten and unknown"
    assert (found[["n_sites", "n_locations", "n_sites_unknown"]] == 0).all(axis=None)
