from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flexsites.reporting.summaries.transit import transit_diagnostic
from tests.reporting_fixture import make_tables

MEASURES = {"bus": "walk_bus", "train": "walk_train"}


def _sites() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": ["a", "b", "c", "x"],
            "verdict": ["eligible", "conditional", "eligible", "excluded"],
            "location_id": ["L1", "L1", "L2", None],
            "programme_area_m2": [10.0, 30.0, 60.0, 0.0],
            "n_common_expected": [1.0, 3.0, 6.0, 0.0],
        }
    )


def _access(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["site_id", "measure", "value", "status"])


def _share(found: pd.DataFrame, quantity: str, column: str = "share_falls") -> float:
    return float(found.set_index("quantity").loc[quantity, column])


def test_a_location_stays_when_one_of_its_sites_stays() -> None:
    access = _access(
        ("a", "walk_bus", 400.0, "reached"),
        ("b", "walk_bus", np.nan, "unreached"),
        ("c", "walk_bus", 900.0, "reached"),
    )
    found = transit_diagnostic(_sites(), access, measures=MEASURES, reaches={"v": {"bus": 500.0}})
    assert _share(found, "locations") == 0.5
    assert _share(found, "sites") == pytest.approx(2 / 3)
    assert _share(found, "programme_area_m2") == pytest.approx(0.9)
    assert _share(found, "n_common_expected") == pytest.approx(0.9)


def test_without_a_timetable_nothing_is_claimed() -> None:
    access = _access(*((site, "walk_bus", np.nan, "unknown") for site in "abc"))
    found = transit_diagnostic(_sites(), access, measures=MEASURES, reaches={"v": {"bus": 500.0}})
    assert found["share_falls"].isna().all()
    assert (found["share_falls_low"] == 0).all()
    assert (found["share_falls_high"] == 1).all()


def test_a_known_stop_decides_whatever_else_is_unknown() -> None:
    access = _access(
        ("a", "walk_bus", np.nan, "unknown"),
        ("a", "walk_train", 1000.0, "reached"),
        ("b", "walk_bus", np.nan, "unknown"),
        ("b", "walk_train", 1300.0, "reached"),
        ("c", "walk_bus", np.nan, "unreached"),
        ("c", "walk_train", np.nan, "unreached"),
    )
    reaches = {"v": {"bus": 500.0, "train": 1200.0}}
    found = transit_diagnostic(_sites(), access, measures=MEASURES, reaches=reaches).set_index("quantity")
    assert found.loc["sites", ["stays", "unknown", "falls"]].tolist() == [1.0, 1.0, 1.0]


def test_a_mode_that_was_not_measured_leaves_it_unknown() -> None:
    access = _access(*((site, "walk_bus", np.nan, "unreached") for site in "abc"))
    reaches = {"v": {"bus": 500.0, "train": 1200.0}}
    found = transit_diagnostic(_sites(), access, measures={"bus": "walk_bus"}, reaches=reaches)
    assert found["share_falls"].isna().all()


def test_a_site_without_any_measurement_is_unknown() -> None:
    access = _access(("a", "walk_bus", 100.0, "reached"))
    found = transit_diagnostic(_sites(), access, measures=MEASURES, reaches={"v": {"bus": 500.0}})
    assert found.set_index("quantity").loc["sites", "unknown"] == 2


def test_a_wider_reach_never_lets_more_fall() -> None:
    tables = make_tables()
    measures = {"bus": "walk_distance_bus_m"}
    reaches = {str(reach): {"bus": float(reach)} for reach in (200, 500, 1125, 3000)}
    found = transit_diagnostic(tables["sites"], tables["accessibility"], measures=measures, reaches=reaches)
    for _, rows in found.groupby("quantity"):
        assert rows["falls"].is_monotonic_decreasing
        assert np.allclose(rows["stays"] + rows["falls"] + rows["unknown"], rows["total"])


def test_what_was_searched_far_enough_is_a_no_and_what_was_not_is_unknown() -> None:
    """The data's edge, or a stop of unknown service, at the distance in complete_to_m: it decides nothing nearer."""
    access = _access(
        ("a", "walk_bus", np.nan, "unknown"),
        ("b", "walk_bus", np.nan, "unknown"),
        ("c", "walk_bus", 800.0, "reached"),
    ).assign(complete_to_m=[700.0, 300.0, 400.0])
    found = transit_diagnostic(_sites(), access, measures=MEASURES, reaches={"v": {"bus": 500.0}}).set_index("quantity")
    assert found.loc["sites", ["stays", "unknown", "falls"]].tolist() == [0.0, 2.0, 1.0]
    nothing_served = access.iloc[:2]
    found = transit_diagnostic(_sites(), nothing_served, measures=MEASURES, reaches={"v": {"bus": 500.0}})
    assert found["share_falls"].isna().all(), "of no stop is it known that anything runs: a share would always be 1"
    assert found.set_index("quantity").loc["sites", "falls"] == 1.0


def test_a_location_is_judged_by_its_own_pieces() -> None:
    """Site a has a piece near a stop in L1 and one far from any in L3: the site stays, and of its locations only L1."""
    sites = _sites().iloc[[0]]
    places = pd.DataFrame({"piece_id": ["a#1", "a#2"], "site_id": ["a", "a"], "location_id": ["L1", "L3"]})
    access = _access(("a", "walk_bus", 400.0, "reached"), ("a", "walk_bus", 900.0, "reached"))
    found = transit_diagnostic(
        sites, access.assign(piece_id=["a#1", "a#2"]), measures=MEASURES, reaches={"v": {"bus": 500.0}}, places=places
    ).set_index("quantity")
    assert found.loc["sites", ["stays", "unknown", "falls"]].tolist() == [1.0, 0.0, 0.0]
    assert found.loc["locations", ["stays", "unknown", "falls"]].tolist() == [1.0, 0.0, 1.0]


def test_area_and_homes_fall_piece_by_piece() -> None:
    """Of a, 4 m2 lie near a stop and 6 m2 do not: the site and its location stay, 6 of 10 m2 and of its homes fall."""
    sites = _sites().iloc[[0]]
    access = _access(("a", "walk_bus", 400.0, "reached"), ("a", "walk_bus", 900.0, "reached"))
    pieces = pd.DataFrame({"piece_id": ["a#1", "a#2"], "site_id": "a", "core_area_m2": [4.0, 6.0]})
    found = transit_diagnostic(
        sites, access.assign(piece_id=["a#1", "a#2"]), measures=MEASURES, reaches={"v": {"bus": 500.0}},
        places=pieces.assign(location_id="L1"), pieces=pieces,
    )  # fmt: skip
    shares = {name: _share(found, name) for name in ("sites", "locations", "programme_area_m2", "n_common_expected")}
    assert shares == pytest.approx({"sites": 0.0, "locations": 0.0, "programme_area_m2": 0.6, "n_common_expected": 0.6})


def test_any_area_can_be_asked_and_areas_add_up() -> None:
    """L1 holds a (GM1) and b (GM2): it stays by a, and counts in both gemeenten."""
    sites = _sites().assign(gemeente_code=["GM1", "GM2", "GM2", "GM2"])
    access = _access(
        ("a", "walk_bus", 400.0, "reached"),
        ("b", "walk_bus", np.nan, "unreached"),
        ("c", "walk_bus", 900.0, "reached"),
    )
    found = transit_diagnostic(
        sites, access, measures=MEASURES, reaches={"v": {"bus": 500.0}}, area_kinds=("run", "gemeente")
    )
    by = found.set_index(["area_code", "quantity"])
    assert by.loc[("GM1", "locations"), ["stays", "falls"]].tolist() == [1.0, 0.0]
    assert by.loc[("GM2", "locations"), ["stays", "falls"]].tolist() == [1.0, 1.0]
    assert by.loc[("run", "locations"), ["stays", "falls"]].tolist() == [1.0, 1.0]
    for quantity in ("sites", "programme_area_m2", "n_common_expected"):
        for name in ("total", "stays", "falls"):
            parts = by.loc[("GM1", quantity), name] + by.loc[("GM2", quantity), name]
            assert parts == by.loc[("run", quantity), name]
