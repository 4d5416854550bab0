"""Supply matched to demand in a small town: every figure can be counted by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.dwellings import DwellingType
from flexsites.config.load import available, read_model
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.suitability.asked import Meaning, bordering
from flexsites.suitability.demand import match_demand, sum_demand
from flexsites.suitability.places import demand_places
from flexsites.tables import Clusters, conform
from tests.unit.suitability.test_relocation import TIME

ORDER = ("stedelijk_ov", "zorg_nabij", "groen_tiny")
HOME = frozenset({"GM0001"})


def _all(name, model):
    return {key: read_model(path, model) for key, path in available(name).items()}


@pytest.fixture(scope="module")
def meaning():
    """stedelijk_ov: starters, spoedzoekers, economisch_daklozen; zorg_nabij: senioren, uitstromers."""
    flexmilieus = _all("flexmilieus", Flexmilieu)
    return Meaning(
        tuple(flexmilieus[name] for name in ORDER),
        _all("dwelling_types", DwellingType),
        _all("target_groups", TargetGroup),
        TIME,
        {"GM0001": ("GM0003",)},
    )


def _clusters(*rows, consent="without"):
    """Make clusters of (pieces, flexmilieu, homes); the first piece is where it starts."""
    made = [
        {
            "consent": consent, "flexmilieu": flexmilieu, "seed_piece_id": pieces.split()[0],
            "site_id": pieces.split()[0].partition("#")[0], "location_id": pieces.split()[0], "verdict": "eligible",
            "score": 0.5, "location_x_m": 1000.0 * i, "location_y_m": 0.0, "n_cluster_pieces": len(pieces.split()),
            "cluster_pieces": tuple(pieces.split()), "core_area_m2": 1000.0,
            **{f"n_spread_{one}": homes for one in ("low", "expected", "high")},
        }
        for i, (pieces, flexmilieu, homes) in enumerate(rows)
    ]  # fmt: skip
    return conform(pd.DataFrame(made, columns=Clusters.columns), Clusters, where="test")


def _places(clusters, *, sites=None, unknown=(), years=15.0, with_only=(), without_only=()):
    """Make places of clusters; ``unknown``: (site, flexmilieu, homes); ``sites``: (gemeente, owner) of some parcels."""
    ids = sorted({piece for pieces in clusters["cluster_pieces"] for piece in pieces})
    pieces = pd.DataFrame({"piece_id": ids, "site_id": [one.partition("#")[0] for one in ids]})
    pieces["is_with_consent"] = ~pieces["piece_id"].isin(without_only)
    pieces["is_without_consent"] = ~pieces["piece_id"].isin(with_only)
    known = years if isinstance(years, dict) else dict.fromkeys(pieces["site_id"], years)
    pieces["available_years_expected"] = pieces["site_id"].map(known).astype("float64")
    every = sorted({*pieces["site_id"], *(site for site, *_ in unknown)})
    told = dict.fromkeys(every, ("GM0001", "particulier")) | (sites or {})
    columns = {
        "site_id": every,
        "gemeente_code": [told[one][0] for one in every],
        "owner_class": [told[one][1] for one in every],
        "verdict": ["unknown" if any(one == site for site, *_ in unknown) else "eligible" for one in every],
        "location_id": every,
        "available_years_expected": 15.0,
    }
    judged = pd.DataFrame(unknown, columns=["site_id", "flexmilieu", "n_per_cluster_expected"])
    judged = judged.assign(is_suitable=pd.array([pd.NA] * len(judged), dtype="boolean"), score=0.5)
    return demand_places(clusters, pieces=pieces, sites=pd.DataFrame(columns), suitability=judged)


def _demand(*rows):
    """Make a demand of (gemeente, group, homes, and what else is asked)."""
    asks = ("household_size", "years_asked", "from_year", "is_level_asked", "most_share", "most_homes_near", "near_m")
    made = [
        {"gemeente_code": code, "target_group": group, "n_homes_asked": n, "also_in": ()} | dict(*more)
        for code, group, n, *more in rows
    ]
    columns = ["gemeente_code", "target_group", "n_homes_asked", "also_in", *asks]
    table = pd.DataFrame(made, columns=columns)
    ids = [f"{row.gemeente_code} {row.target_group}" for row in table.itertuples()]
    return table.assign(demand_id=[f"{one} {i}" if ids.count(one) > 1 else one for i, one in enumerate(ids)])


def _matched(demand, places, meaning, **more):
    matched = match_demand(demand, places, meaning=meaning, **more)
    there = frozenset(places["place_gemeente_code"].dropna()) | HOME
    return matched, sum_demand(demand, matched, places, meaning=meaning, gemeenten=there).set_index("demand_id")


def _homes(told, *keys):
    names = ["n_homes_met", "n_homes_possible", "n_homes_unmet"]
    return [tuple(int(told.loc[key, name]) for name in names) for key in keys]


def test_clusters_of_two_flexmilieus_on_the_same_land_are_one_place(meaning):
    """Both hold 30 and share a piece; starters ask 30 and senioren 20: the most is met with the starters on it."""
    places = _places(_clusters(("a#1 b#1", "stedelijk_ov", 30), ("b#1", "zorg_nabij", 30)))
    matched, told = _matched(_demand(("GM0001", "starters", 30), ("GM0001", "senioren", 20)), places, meaning)
    assert _homes(told, "GM0001 starters", "GM0001 senioren") == [(30, 0, 0), (0, 0, 20)]
    assert told["demand_outcome"].tolist() == ["met", "unmet"]
    assert matched["place_pieces"].tolist() == [("a#1", "b#1")]
    assert told["n_homes_fit"].tolist() == [30, 30]


def test_the_two_arrangements_share_their_land(meaning):
    """Without consent a piece of a is left (a#1~), with consent all of it (a#1): not 10 + 40 homes but 40."""
    both = pd.concat(
        [_clusters(("a#1~", "stedelijk_ov", 10)), _clusters(("a#1", "stedelijk_ov", 40), consent="with")],
        ignore_index=True,
    )
    places = _places(both, with_only=("a#1",), without_only=("a#1~",))
    _, told = _matched(_demand(("GM0001", "starters", 60)), places, meaning)
    assert _homes(told, "GM0001 starters") == [(40, 0, 20)]
    few, _ = _matched(_demand(("GM0001", "starters", 10)), places, meaning)
    assert few["place_kind"].tolist() == ["without"]


def test_a_cluster_that_is_the_same_with_consent_is_one_place():
    same = [_clusters(("a#1", "zorg_nabij", 10), consent=one) for one in ("without", "with")]
    assert len(_places(pd.concat(same, ignore_index=True))) == 1


def test_groups_coupled_in_a_flexmilieu_share_a_place(meaning):
    demand = _demand(("GM0001", "spoedzoekers", 20), ("GM0001", "starters", 40))
    matched, told = _matched(demand, _places(_clusters(("a#1", "stedelijk_ov", 30))), meaning)
    assert _homes(told, "GM0001 spoedzoekers", "GM0001 starters") == [(10, 0, 10), (20, 0, 20)]
    assert set(told["demand_outcome"]) == {"partly"}
    assert dict(zip(matched["target_group"], matched["n_homes_given"], strict=True)) == {
        "spoedzoekers": 10,
        "starters": 20,
    }


def test_what_is_unknown_is_told_apart_and_never_promised(meaning):
    """a is a place of 10; of b it is unknown (25)."""
    places = _places(_clusters(("a#1", "zorg_nabij", 10)), unknown=[("b", "zorg_nabij", 25)])
    matched, told = _matched(_demand(("GM0001", "senioren", 50)), places, meaning)
    assert _homes(told, "GM0001 senioren") == [(10, 25, 15)]
    assert matched["site_id"].tolist() == ["a"]
    _, less = _matched(_demand(("GM0001", "senioren", 35)), places, meaning)
    assert less["demand_outcome"].tolist() == ["unknown"]


def test_a_group_that_no_flexmilieu_serves_is_said_so(meaning):
    _, told = _matched(_demand(("GM0001", "studenten", 8)), _places(_clusters(("a#1", "zorg_nabij", 10))), meaning)
    assert told["demand_outcome"].tolist() == ["no_flexmilieu"]
    assert _homes(told, "GM0001 studenten") == [(0, 0, 8)]


def test_a_gemeente_without_sites_in_the_run_is_not_judged(meaning):
    _, told = _matched(_demand(("GM0002", "senioren", 8)), _places(_clusters(("a#1", "zorg_nabij", 10))), meaning)
    assert told["demand_outcome"].tolist() == ["not_assessed"]
    assert told[["n_homes_met", "n_homes_possible", "n_homes_unmet", "n_places"]].isna().all(axis=None)


def test_another_gemeente_helps_where_the_demand_says_so_and_last(meaning):
    """a lies at home (10), b in a gemeente that borders (90), c farther away (90)."""
    clusters = _clusters(("a#1", "zorg_nabij", 10), ("b#1", "zorg_nabij", 90), ("c#1", "zorg_nabij", 90))
    places = _places(clusters, sites={"b": ("GM0003", "gemeente"), "c": ("GM0004", "gemeente")})
    own, told = _matched(_demand(("GM0001", "senioren", 30)), places, meaning)
    assert _homes(told, "GM0001 senioren") == [(10, 0, 20)]
    asked = _demand(("GM0001", "senioren", 30, {"also_in": ("adjoining",)}))
    near, told = _matched(asked, places, meaning)
    assert dict(zip(near["site_id"], near["n_homes_given"], strict=True)) == {"a": 10, "b": 20}
    assert told[["n_homes_met", "n_homes_elsewhere"]].iloc[0].tolist() == [30, 20]
    far, _ = _matched(_demand(("GM0001", "senioren", 100, {"also_in": ("GM0004",)})), places, meaning)
    assert set(far["site_id"]) == {"a", "c"}
    assert set(own["site_id"]) == {"a"}


def test_two_gemeenten_that_ask_for_one_place_share_it(meaning):
    """Both may use the only place, 30 homes in GM0001: each gets the same share of what it asks."""
    demand = _demand(("GM0001", "senioren", 40), ("GM0003", "senioren", 20, {"also_in": ("GM0001",)}))
    _, told = _matched(demand, _places(_clusters(("a#1", "zorg_nabij", 30))), meaning)
    assert told["n_homes_met"].tolist() == [20, 10]


def test_a_gemeente_without_a_place_that_suits_stands_beside_one_that_has(meaning):
    places = _places(
        _clusters(("a#1", "zorg_nabij", 30), ("b#1", "groen_tiny", 9)), sites={"b": ("GM0003", "gemeente")}
    )
    demand = _demand(("GM0001", "senioren", 20), ("GM0003", "senioren", 10))
    _, told = _matched(demand, places, meaning)
    assert _homes(told, "GM0001 senioren", "GM0003 senioren") == [(20, 0, 0), (0, 0, 10)]


def test_a_family_needs_a_home_that_is_meant_for_it(meaning):
    """One home in five of stedelijk_ov has two bedrooms, for three persons: 10 of 50."""
    places = _places(_clusters(("a#1", "stedelijk_ov", 50)))
    demand = _demand(
        ("GM0001", "starters", 20, {"household_size": 3}), ("GM0001", "starters", 30, {"household_size": 1})
    )
    _, told = _matched(demand, places, meaning)
    assert told["n_homes_met"].tolist() == [10, 30]
    _, told = _matched(_demand(("GM0001", "starters", 20, {"household_size": 4})), places, meaning)
    assert _homes(told, "GM0001 starters") == [(0, 0, 20)]


def test_whom_a_home_fits_may_be_unknown(meaning):
    types = {name: one.model_copy(update={"max_persons": None}) for name, one in meaning.dwelling_types.items()}
    unsure = Meaning(meaning.flexmilieus, types, meaning.target_groups, meaning.time, {})
    demand = _demand(("GM0001", "starters", 20, {"household_size": 3}))
    _, told = _matched(demand, _places(_clusters(("a#1", "stedelijk_ov", 50))), unsure)
    assert _homes(told, "GM0001 starters") == [(0, 20, 0)]


def test_level_homes_are_on_the_ground_or_have_a_lift(meaning):
    """stedelijk_ov stacks its homes; of 50 homes one in as many as there are storeys is on the ground, by type."""
    places = _places(_clusters(("a#1", "stedelijk_ov", 50)))
    demand = _demand(("GM0001", "starters", 50, {"is_level_asked": True}))
    programme = meaning.flexmilieus[0].programme
    storeys = int(programme.n_storeys.expected)
    assert storeys > 1
    _, told = _matched(demand, places, meaning)
    assert told["n_homes_met"].tolist() == [40 // storeys + 10 // storeys]
    lifted = meaning.flexmilieus[0].model_copy(update={"programme": programme.model_copy(update={"has_lift": True})})
    with_lift = Meaning((lifted,), meaning.dwelling_types, meaning.target_groups, meaning.time, {})
    _, told = _matched(demand, places, with_lift)
    assert told["n_homes_met"].tolist() == [50]


def test_a_place_must_be_free_for_the_years_that_are_asked(meaning):
    """a is free for 5 years, b for the whole term, of c it is unknown."""
    clusters = _clusters(*((f"{site}#1", "zorg_nabij", 10) for site in "abc"))
    places = _places(clusters, years={"a": 5.0, "b": 15.0, "c": np.nan})
    _, told = _matched(_demand(("GM0001", "senioren", 30, {"years_asked": 10})), places, meaning)
    assert _homes(told, "GM0001 senioren") == [(10, 10, 10)]
    year = 2030
    _, told = _matched(_demand(("GM0001", "senioren", 30, {"years_asked": 3, "from_year": year})), places, meaning)
    assert _homes(told, "GM0001 senioren") == [(10, 10, 10)]
    _, told = _matched(_demand(("GM0001", "senioren", 30)), places, meaning)
    assert _homes(told, "GM0001 senioren") == [(30, 0, 0)]


def test_a_group_is_mixed_with_others(meaning):
    """At most 40 % of each place: 12 of 30 and 8 of 20."""
    places = _places(_clusters(("a#1", "stedelijk_ov", 30), ("b#1", "stedelijk_ov", 20)))
    demand = _demand(("GM0001", "economisch_daklozen", 50, {"most_share": 0.4}), ("GM0001", "starters", 50))
    matched, told = _matched(demand, places, meaning)
    assert _homes(told, "GM0001 economisch_daklozen", "GM0001 starters") == [(20, 0, 30), (30, 0, 20)]
    most = matched[matched["target_group"] == "economisch_daklozen"].set_index("site_id")["n_homes_given"]
    assert most.to_dict() == {"a": 12, "b": 8}


def test_rows_of_one_group_count_together_in_a_mix(meaning):
    demand = _demand(
        ("GM0001", "economisch_daklozen", 9, {"most_share": 0.4, "household_size": 1}),
        ("GM0001", "economisch_daklozen", 9, {"household_size": 2}),
    )
    _, told = _matched(demand, _places(_clusters(("a#1", "stedelijk_ov", 30))), meaning)
    assert told["n_homes_met"].sum() == 12


def test_outflow_from_shelter_is_dispersed_as_its_group_says(meaning):
    """Clusters of at most 10 within 250 m: a and b lie 200 m apart, c far off."""
    clusters = _clusters(*((f"{site}#1", "zorg_nabij", 30) for site in "abc"))
    clusters["location_x_m"] = [0.0, 200.0, 5000.0]
    matched, told = _matched(_demand(("GM0001", "uitstromers", 60)), _places(clusters), meaning)
    assert told["n_homes_met"].tolist() == [20]
    assert matched.groupby("site_id")["n_homes_given"].sum()[["c"]].tolist() == [10]
    demand = _demand(("GM0001", "uitstromers", 60, {"most_homes_near": 30, "near_m": 100.0}))
    assert _matched(demand, _places(clusters), meaning)[1]["n_homes_met"].tolist() == [60]


def test_no_demand_gives_empty_tables(meaning):
    matched, told = _matched(_demand(), _places(_clusters(("a#1", "zorg_nabij", 10))), meaning)
    assert matched.empty
    assert told.empty


def test_nothing_depends_on_the_order_of_the_rows(meaning):
    clusters = _clusters(*((f"s{i}#1", kind, 7 + 3 * i) for i in range(8) for kind in ORDER))
    demand = _demand(("GM0001", "senioren", 31), ("GM0001", "starters", 22), ("GM0001", "spoedzoekers", 17))
    one, _ = _matched(demand, _places(clusters), meaning)
    other, _ = _matched(
        demand.iloc[::-1].reset_index(drop=True), _places(clusters.iloc[::-1].reset_index(drop=True)), meaning
    )
    key = ["demand_id", "place_id"]
    pd.testing.assert_frame_equal(one.sort_values(key, ignore_index=True), other.sort_values(key, ignore_index=True))


def test_the_municipalitys_own_land_without_consent_goes_before_one_large_private_parcel(meaning):
    """440 homes: one private parcel that needs consent holds them all, and so do nine of the municipality's own."""
    own = [(f"g{i}#1", "stedelijk_ov", 50) for i in range(9)]
    free = _clusters(*own, ("other#1", "stedelijk_ov", 450))
    clusters = pd.concat([free, _clusters(("big#1", "stedelijk_ov", 500), consent="with")], ignore_index=True)
    sites = {f"g{i}": ("GM0001", "gemeente") for i in range(9)}
    places = _places(clusters, sites=sites, with_only=("big#1",))
    asked = _demand(("GM0001", "starters", 440))
    found, told = _matched(asked, places, meaning)
    assert set(found["site_id"]) == {f"g{i}" for i in range(9)}
    assert found["is_best"].all()
    assert told["is_most"].all()
    assert set(_matched(asked, places, meaning, order=("parcels", "consent"))[0]["site_id"]) == {"other"}


def test_gemeenten_border_where_their_outlines_meet():
    boxes = {"GM0001": (0, 0, 10, 10), "GM0002": (10, 0, 20, 10), "GM0003": (30, 0, 40, 10)}
    areas = gpd.GeoDataFrame(
        {"area_code": list(boxes)}, geometry=[shapely.box(*one) for one in boxes.values()], crs="EPSG:28992"
    )
    assert bordering(areas, ["GM0001", "GM0003", "GM9999"]) == {"GM0001": ("GM0002",), "GM0003": (), "GM9999": ()}


def test_years_count_from_the_day_of_the_run(meaning):
    """The first of July and a year of preparation."""
    assert meaning.time.homes_begin == 2027.0 + 181 / 365
