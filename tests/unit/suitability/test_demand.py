"""Supply matched to demand in a small town: every figure can be counted by hand."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from flexsites.config.dwellings import ESTIMATES
from flexsites.config.load import available, read_model
from flexsites.config.suitability import Flexmilieu
from flexsites.suitability.demand import match_demand, sum_demand

ORDER = ("stedelijk_ov", "zorg_nabij", "groen_tiny")


@pytest.fixture(scope="module")
def flexmilieus():
    """stedelijk_ov: starters, spoedzoekers, economisch_daklozen; zorg_nabij: senioren, uitstromers."""
    return tuple(read_model(available("flexmilieus")[name], Flexmilieu) for name in ORDER)


def _sites(*rows):
    """Make Sites of (site_id, gemeente_code, verdict)."""
    n = len(rows)
    names = ("site_id", "gemeente_code", "verdict")
    table = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    table |= dict.fromkeys(("provincie_code", "buurt_code", "owner_class", "tenure", "location_id"), [None] * n)
    table |= dict.fromkeys(
        ("registered_area_m2", "available_years_low", "available_years_expected", "available_years_high"),
        [None] * n,
    )
    table |= dict.fromkeys(("parcel_area_m2", "buildable_area_m2", "buildable_without_consent_m2"), [1000.0] * n)
    table |= dict.fromkeys(("n_pieces", "n_rules_checked", "n_rules_excluding"), [1] * n)
    table |= dict.fromkeys(("plan_coverage", "provincial_coverage"), ["not"] * n)
    table["rule_coverage_id"] = ["none"] * n
    table |= dict.fromkeys(("is_suitable", "is_suitable_demanding"), [None] * n)
    table |= dict.fromkeys(("flexmilieu_first",), [None] * n)
    table |= dict.fromkeys(("programme_area_m2", "n_common_low", "n_common_expected", "n_common_high"), [0.0] * n)
    table |= dict.fromkeys(("restrictions", "flags", "unchecked_rules"), [()] * n)
    return gpd.GeoDataFrame(table, geometry=[shapely.box(0, 0, 10, 10)] * n, crs="EPSG:28992")


def _judged(*rows):
    """Make ranked Suitability of (site_id, flexmilieu, is_suitable, homes, score)."""
    made = [
        {
            "site_id": site, "flexmilieu": flexmilieu, "is_suitable": suits, "failed_criterion": None,
            "failed_by": None, "unknown_criteria": (), "score": score, "score_known_share": 1.0, "rank": None,
            **{f"n_{count}_{one}": homes for count in ("room", "per_cluster") for one in ESTIMATES},
        }
        for site, flexmilieu, suits, homes, score in rows
    ]  # fmt: skip
    judged = pd.DataFrame(made).astype({"is_suitable": "boolean", "failed_criterion": "str"})
    ordered = judged[judged["is_suitable"].fillna(value=False)].sort_values(
        ["score", "site_id"], ascending=[False, True]
    )
    return judged.assign(rank=(ordered.groupby("flexmilieu").cumcount() + 1).reindex(judged.index).astype("Int64"))


def _demand(*rows):
    return pd.DataFrame(rows, columns=["gemeente_code", "target_group", "n_homes_asked"])


def _matched(demand, sites, judged, flexmilieus):
    matched = match_demand(demand, sites, judged, flexmilieus=flexmilieus)
    told = sum_demand(demand, matched, sites, judged, flexmilieus=flexmilieus)
    return matched, told.set_index(["gemeente_code", "target_group"])


def _homes(told, *keys):
    names = ["n_homes_met", "n_homes_possible", "n_homes_unmet"]
    return [tuple(int(told.loc[key, name]) for name in names) for key in keys]


def test_one_site_is_given_to_one_flexmilieu_only(flexmilieus):
    """Site a suits both; starters ask 30 and senioren 20, and a holds 30: the most is met with the starters on it."""
    sites = _sites(("a", "GM0001", "eligible"))
    judged = _judged(("a", "stedelijk_ov", True, 30, 0.5), ("a", "zorg_nabij", True, 30, 0.9))
    demand = _demand(("GM0001", "starters", 30), ("GM0001", "senioren", 20))
    matched, told = _matched(demand, sites, judged, flexmilieus)
    assert _homes(told, ("GM0001", "starters"), ("GM0001", "senioren")) == [(30, 0, 0), (0, 0, 20)]
    assert told["demand_outcome"].to_dict() == {("GM0001", "starters"): "met", ("GM0001", "senioren"): "unmet"}
    assert matched["flexmilieu"].tolist() == ["stedelijk_ov"]
    assert told["n_homes_fit"].tolist() == [30, 30]


def test_groups_coupled_in_a_flexmilieu_share_a_site(flexmilieus):
    sites = _sites(("a", "GM0001", "conditional"))
    judged = _judged(("a", "stedelijk_ov", True, 30, 0.5))
    demand = _demand(("GM0001", "spoedzoekers", 20), ("GM0001", "starters", 40))
    matched, told = _matched(demand, sites, judged, flexmilieus)
    assert _homes(told, ("GM0001", "spoedzoekers"), ("GM0001", "starters")) == [(10, 0, 10), (20, 0, 20)]
    assert set(told["demand_outcome"]) == {"partly"}
    assert dict(zip(matched["target_group"], matched["n_homes_given"], strict=True)) == {
        "spoedzoekers": 10,
        "starters": 20,
    }


def test_what_is_unknown_is_told_apart_and_never_promised(flexmilieus):
    """a is suitable (10); of b it is unknown (25); c is suitable, but whether it is available is unknown (5)."""
    sites = _sites(("a", "GM0001", "eligible"), ("b", "GM0001", "eligible"), ("c", "GM0001", "unknown"))
    judged = _judged(
        ("a", "zorg_nabij", True, 10, 1.0), ("b", "zorg_nabij", None, 25, 1.0), ("c", "zorg_nabij", True, 5, 1.0)
    )
    matched, told = _matched(_demand(("GM0001", "senioren", 50)), sites, judged, flexmilieus)
    assert _homes(told, ("GM0001", "senioren")) == [(10, 30, 10)]
    assert matched["site_id"].tolist() == ["a"]
    _, less = _matched(_demand(("GM0001", "senioren", 40)), sites, judged, flexmilieus)
    assert less["demand_outcome"].tolist() == ["unknown"]


def test_excluded_and_unsuitable_sites_give_nothing(flexmilieus):
    sites = _sites(("a", "GM0001", "excluded"), ("b", "GM0001", "eligible"))
    judged = _judged(("a", "zorg_nabij", True, 10, 1.0), ("b", "zorg_nabij", False, 25, 1.0))
    matched, told = _matched(_demand(("GM0001", "senioren", 50)), sites, judged, flexmilieus)
    assert matched.empty
    assert _homes(told, ("GM0001", "senioren")) == [(0, 0, 50)]


def test_a_group_that_no_flexmilieu_serves_is_said_so(flexmilieus):
    sites, judged = _sites(("a", "GM0001", "eligible")), _judged(("a", "zorg_nabij", True, 10, 1.0))
    _, told = _matched(_demand(("GM0001", "studenten", 8)), sites, judged, flexmilieus)
    assert told["demand_outcome"].tolist() == ["no_flexmilieu"]
    assert _homes(told, ("GM0001", "studenten")) == [(0, 0, 8)]


def test_a_gemeente_without_sites_in_the_run_is_not_judged(flexmilieus):
    sites, judged = _sites(("a", "GM0001", "eligible")), _judged(("a", "zorg_nabij", True, 10, 1.0))
    _, told = _matched(_demand(("GM0002", "senioren", 8)), sites, judged, flexmilieus)
    assert told["demand_outcome"].tolist() == ["not_assessed"]
    assert told[["n_homes_met", "n_homes_possible", "n_homes_unmet", "n_sites"]].isna().all(axis=None)


def test_a_gemeente_meets_its_demand_on_its_own_land(flexmilieus):
    """b lies in the neighbouring gemeente, which asks for nothing and gets no row."""
    sites = _sites(("a", "GM0001", "eligible"), ("b", "GM0002", "eligible"))
    judged = _judged(("a", "zorg_nabij", True, 10, 1.0), ("b", "zorg_nabij", True, 90, 1.0))
    matched, told = _matched(_demand(("GM0001", "senioren", 30)), sites, judged, flexmilieus)
    assert _homes(told, ("GM0001", "senioren")) == [(10, 0, 20)]
    assert set(matched["gemeente_code"]) == {"GM0001"}


def test_no_demand_gives_empty_tables(flexmilieus):
    sites, judged = _sites(("a", "GM0001", "eligible")), _judged(("a", "zorg_nabij", True, 10, 1.0))
    matched, told = _matched(_demand(), sites, judged, flexmilieus)
    assert matched.empty
    assert told.empty


def test_nothing_depends_on_the_order_of_the_rows(flexmilieus):
    sites = _sites(*((f"s{i}", "GM0001", "eligible") for i in range(8)))
    rows = [(f"s{i}", kind, True, 7 + 3 * i, 0.5) for i in range(8) for kind in ORDER]
    demand = _demand(("GM0001", "senioren", 31), ("GM0001", "starters", 22), ("GM0001", "spoedzoekers", 17))
    one, _ = _matched(demand, sites, _judged(*rows), flexmilieus)
    other, _ = _matched(
        demand.iloc[::-1].reset_index(drop=True), sites.iloc[::-1].reset_index(drop=True), _judged(*reversed(rows)),
        flexmilieus,
    )  # fmt: skip
    key = ["gemeente_code", "site_id", "target_group"]
    pd.testing.assert_frame_equal(one.sort_values(key, ignore_index=True), other.sort_values(key, ignore_index=True))


def test_the_municipalitys_own_eligible_land_goes_before_one_large_private_parcel(flexmilieus):
    """440 homes: one private parcel that needs consent holds them all, and so do nine of the municipality's own."""
    own = [(f"g{i}", "GM0001", "eligible") for i in range(9)]
    sites = _sites(("big", "GM0001", "conditional"), *own, ("other", "GM0001", "eligible"))
    owners = pd.array(["particulier", *["gemeente"] * 9, "particulier"], dtype="str")
    sites = sites.assign(owner_class=owners)
    judged = _judged(
        ("big", "stedelijk_ov", True, 500, 0.9),
        *((site, "stedelijk_ov", True, 50, 0.5) for site, *_ in own),
        ("other", "stedelijk_ov", True, 450, 0.9),
    )
    asked = _demand(("GM0001", "starters", 440))
    assert set(match_demand(asked, sites, judged, flexmilieus=flexmilieus)["site_id"]) == {f"g{i}" for i in range(9)}
    fewest = match_demand(asked, sites, judged, flexmilieus=flexmilieus, order=("parcels", "consent"))
    assert set(fewest["site_id"]) == {"other"}
    best = match_demand(asked, sites, judged, flexmilieus=flexmilieus, order=("parcels", "score"))
    assert len(best) == 1
