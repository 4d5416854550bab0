"""Windows, supply per year and the chain of places, on a handful of parcels."""

from datetime import date

import pandas as pd
import pytest

from flexsites.config.base import Figure
from flexsites.config.relocation import Relocation
from flexsites.config.rule_sets import TimeModel
from flexsites.errors import InputError
from flexsites.inputs.land.need import read_need
from flexsites.suitability.relocation import open_places, relocate, supply_by_year
from flexsites.tables import Clusters, conform
from flexsites.tables.relocation_tables import Needed, RelocationMoves, RelocationPlaces, RelocationYears, SupplyPlaces
from tests.reporting_fixture import make_tables

ASKED = Relocation(flexmilieu="campus")


def years(value):
    return Figure(value=value, unit="year", source="test")


TIME = TimeModel(
    reference_date=date(2026, 7, 1), horizon_years=years(10), term_years=years(15), preparation_years=years(1)
)


def place(name, homes, opens, closes, longest=15, gemeente="GM0001"):
    row = dict.fromkeys(SupplyPlaces.columns) | {"place_id": name, "site_id": name, "gemeente_code": gemeente}
    row |= {"verdict": "eligible", "n_homes": homes, "opens_from": opens, "closes_by": closes, "longest_years": longest}
    return row


def places(*rows):
    return conform(pd.DataFrame(list(rows)), SupplyPlaces, where="test")


def need(amounts, first=2027, gemeente="GM0001"):
    rows = [(gemeente, first + i, n) for i, n in enumerate(amounts)]
    return conform(pd.DataFrame(rows, columns=Needed.columns), Needed, where="test")


def one_cluster_each(sites, suitability):
    """Return a cluster for every site that suits: what lies near it belongs to none."""
    suits = suitability[suitability["is_suitable"].fillna(value=False).astype(bool)].merge(
        sites[["site_id", "verdict", "location_id"]], on="site_id"
    )
    made = suits[suits["location_id"].notna()].assign(
        consent="with", seed_piece_id=lambda rows: rows["site_id"] + "#1", location_x_m=0.0, location_y_m=0.0,
        n_cluster_pieces=1, cluster_pieces=lambda rows: [(f"{one}#1",) for one in rows["site_id"]], core_area_m2=1e4,
        n_spread_low=1, n_spread_expected=20, n_spread_high=30,
    )  # fmt: skip
    return conform(made[Clusters.columns], Clusters, where="test")


def test_a_cluster_is_free_as_long_as_the_least_of_its_parcels():
    tables = make_tables()
    sites = tables["sites"].assign(owner_class="gemeente")
    clusters = one_cluster_each(sites, tables["suitability"])
    years = sites.set_index("site_id")["available_years_expected"]
    first = clusters[(clusters["flexmilieu"] == "campus") & clusters["verdict"].isin(["eligible", "conditional"])].iloc[
        0
    ]
    short = str(years.index[years == 7.5][0])
    pieces = clusters["cluster_pieces"].tolist()
    pieces[clusters.index.get_loc(first.name)] = (first["seed_piece_id"], f"{short}#1")
    both = clusters.assign(cluster_pieces=pd.Series(pieces, index=clusters.index))
    found = open_places(sites, both, asked=ASKED, time=TIME).set_index("place_id")
    assert found.loc[first["seed_piece_id"], "available_years_expected"] == 7.5


def test_windows_follow_from_the_years_of_the_run():
    tables = make_tables()
    sites = tables["sites"].assign(owner_class="gemeente")
    clusters = one_cluster_each(sites, tables["suitability"])
    found = open_places(sites, clusters, asked=ASKED, time=TIME)
    by_id = found.set_index("place_id")
    assert (found["opens_from"] == 2028).all()  # mid 2027, so the first whole year is 2028
    short = by_id[by_id["available_years_expected"] == 7.5]
    long = by_id[by_id["available_years_expected"] == 15]
    unknown = by_id[by_id["available_years_expected"].isna()]
    assert min(len(short), len(long), len(unknown)) > 0
    assert (short["closes_by"] == 2035).all()  # 1 July 2027 and 7.5 years
    assert long["closes_by"].isna().all()
    assert (long["longest_years"] == 15).all()
    assert (unknown["longest_years"] == 0).all()
    strict = open_places(sites, clusters, asked=ASKED.model_copy(update={"known_windows": True}), time=TIME)
    assert strict.loc[strict["longest_years"] > 0, "closes_by"].notna().all()


def test_homes_move_once_when_the_first_place_closes():
    there = places(place("a", 50, 2027, 2029), place("b", 50, 2028, None, longest=2))
    told, opened, moves = relocate(there, need([40, 40, 40]), asked=ASKED)
    assert told["n_homes_unhoused"].tolist() == [0, 0, 0]
    # a for two years and then b: had b opened in 2028, it would have stood idle for a year
    assert moves.values.tolist() == [["GM0001", 2027, "new", "a", 40], ["GM0001", 2029, "a", "b", 40]]
    assert opened[["place_id", "opens_year", "closes_year"]].values.tolist() == [["a", 2027, 2029], ["b", 2029, 2030]]
    for frame, table in ((told, RelocationYears), (opened, RelocationPlaces), (moves, RelocationMoves)):
        conform(frame, table, where="test", is_result=True)


def test_fewer_moves_go_before_fewer_places():
    """Ten that stay where they are are worth a place of their own."""
    there = places(place("a", 50, 2027, 2029), place("b", 50, 2028, None), place("c", 10, 2027, None))
    _, opened, moves = relocate(there, need([40, 40, 40]), asked=ASKED)
    assert moves.loc[moves["from_place"] != "new", "n_homes"].tolist() == [30]
    assert len(opened) == 3


def test_a_place_of_unknown_years_houses_nobody_and_is_told():
    there = places(place("a", 50, 2027, None, longest=0))
    told, opened, moves = relocate(there, need([40]), asked=ASKED)
    assert told["n_homes_unhoused"].tolist() == [40]
    assert opened.empty
    assert moves.empty
    assert supply_by_year(there, need([40]))["n_homes_unknown"].tolist() == [50]


def test_a_gemeente_keeps_to_its_own_places():
    there = places(place("a", 50, 2027, None), place("b", 50, 2027, None, gemeente="GM0002"))
    told, *_ = relocate(there, need([80]), asked=ASKED)
    assert told["n_homes_housed"].tolist() == [50]


def test_years_between_two_that_are_given_take_the_earlier_number(tmp_path):
    path = tmp_path / "need.csv"
    path.write_text("gemeente_code;year;n_homes\nGM0001;2027;10\nGM0001;2030;20\n")
    assert read_need(path)["n_homes_needed"].tolist() == [10, 10, 10, 20]
    path.write_text("gemeente_code,year,n_homes\nGM1,2027,10\nGM0001,2030,-4\n")
    with pytest.raises(InputError, match="2"):
        read_need(path)
