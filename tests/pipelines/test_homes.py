"""Homes counted once more from the tables of a run, by METHOD 0 and without the package (rooms and cores are given)."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.pipelines.small_run import Small

REACH_M = 250.0
AT = ("low", "expected", "high")
AVAILABLE = ("eligible", "conditional")
READINGS = ("", "variants/ov_800")


@pytest.fixture(scope="module")
def sizes(reported: Small) -> dict[str, tuple[list[float], list[float]]]:
    """Return per flexmilieu the fewest and the most homes of one place, as the run's own file says them."""
    content = yaml.safe_load((reported.directory / "run.yaml").read_text(encoding="utf-8"))
    return {
        one["id"]: tuple([one["programme"][key][at]["value"] for at in AT] for key in ("min_units", "max_units"))
        for one in content["flexmilieus"]
    }


def _table(reported: Small, reading: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(reported.directory / reading / f"{name}.parquet")


@pytest.mark.parametrize("reading", READINGS)
def test_no_place_holds_more_than_its_most(reported: Small, sizes: dict[str, object], reading: str) -> None:
    """Room has no cap, and binds no row; what one place holds is room cut at the maximum, 0 below the minimum."""
    n_cut = 0
    for name in ("units", "suitability", "location_suitability"):
        rows = _table(reported, reading, name)
        for flexmilieu, own in rows.groupby("flexmilieu"):
            for i, at in enumerate(AT):
                least, most = sizes[flexmilieu][0][i], sizes[flexmilieu][1][i]
                room = own[f"n_room_{at}"]
                held = room.clip(upper=most).where(room >= least, 0)
                assert (own[f"n_per_cluster_{at}"] == held).all(), (name, flexmilieu, at)
                n_cut += int((room > most).sum())
    assert n_cut > 0, "nothing is cut: the test shows nothing"


@pytest.mark.parametrize("reading", READINGS)
def test_a_location_has_the_room_of_its_pieces_and_one_rank(reported: Small, reading: str) -> None:
    served, units = _table(reported, reading, "location_suitability"), _table(reported, reading, "units")
    pieces, locations = _table(reported, reading, "piece_locations"), _table(reported, reading, "locations")
    together = units.merge(pieces, on="piece_id").groupby(["location_id", "flexmilieu"])["n_room_expected"].sum()
    assert (served.set_index(["location_id", "flexmilieu"])["n_room_expected"] == together).all()
    place = {verdict: i for i, verdict in enumerate(("eligible", "conditional", "unknown"))}
    verdict = locations.set_index("location_id")["verdict"].map(place)
    ranked = served[served["is_suitable"].fillna(value=False).astype(bool)]
    assert served["rank"].notna().sum() == len(ranked) > 50
    for _, own in ranked.groupby("flexmilieu"):
        score = own["score"].fillna(-1.0)
        assert (score == score.round(3)).all()
        keys = list(zip(own["location_id"].map(verdict), -score, strict=True))
        assert own["rank"].tolist() == [1 + sum(other < key for other in keys) for key in keys]


@pytest.mark.parametrize("reading", READINGS)
def test_a_place_of_one_eligible_parcel_holds_without_consent_what_the_parcel_is_told_to_hold(
    reported: Small, reading: str
) -> None:
    """A list told 273 homes of a place and the factsheet of its one parcel 195: the place counted land with consent."""
    served, locations = (_table(reported, reading, name) for name in ("location_suitability", "locations"))
    located, sites = (_table(reported, reading, name) for name in ("piece_locations", "sites"))
    located = located.assign(site_id=located["piece_id"].str.partition("#")[0])
    n_places = located.drop_duplicates(["site_id", "location_id"]).groupby("site_id").size()
    verdicts = sites.set_index("site_id")["verdict"]
    alone = locations[locations["n_location_parcels"] == 1]["location_id"]
    own = served[served["location_id"].isin(alone) & served["site_id"].map(n_places).eq(1)]
    both = own.merge(_table(reported, reading, "suitability"), on=["site_id", "flexmilieu"], suffixes=("", "_parcel"))
    both = both.assign(parcel=both["site_id"].map(verdicts))
    eligible = both[both["parcel"] == "eligible"]
    n_other = 0
    for stem in ("n_room", "n_per_cluster"):
        for at in AT:
            free = eligible[f"{stem}_without_consent_{at}"]
            assert free.tolist() == eligible[f"{stem}_{at}_parcel"].tolist()
            assert (both.loc[both["parcel"] == "conditional", f"{stem}_without_consent_{at}"] == 0).all()
            n_other += int((free != eligible[f"{stem}_{at}"]).sum())
    assert n_other > 0, "no place has land that needs consent: the test shows nothing"
    unknown = locations.loc[locations["unknown_area_m2"] > 0, "location_id"]
    columns = [one for one in served if "_without_consent_" in one]
    assert len(columns) == 6
    assert served[columns].isna().any(axis=1).equals(served["location_id"].isin(unknown))
    for free in columns:
        assert (served[free].fillna(0) <= served[free.replace("_without_consent", "")]).all(), "more on less land"


@pytest.mark.parametrize("reading", READINGS)
def test_parcels_carry_the_common_programme(reported: Small, reading: str) -> None:
    sites, pieces = _table(reported, reading, "sites"), _table(reported, reading, "pieces")
    valid = pieces[pieces["is_valid"].astype(bool)]
    free = valid[valid["is_without_consent"].astype(bool)].groupby("site_id")["core_area_m2"].sum()
    given = valid[valid["is_with_consent"].astype(bool)].groupby("site_id")["core_area_m2"].sum()
    for verdict, cores in (("eligible", free), ("conditional", given)):
        own = sites[sites["verdict"] == verdict].set_index("site_id")
        area = cores.reindex(own.index).to_numpy()
        assert own["programme_area_m2"].to_numpy() == pytest.approx(area)
        for at, per_ha in zip(AT, (30, 60, 100), strict=True):
            assert own[f"n_common_{at}"].to_numpy() == pytest.approx(area * per_ha / 10_000)
    assert (sites.loc[sites["verdict"] == "excluded", "n_common_high"] == 0).all()


def _by_hand(rows: list[dict[str, object]], least: list[float], most: list[float]) -> dict[str, list[float]]:
    """Place clusters one after the other, as METHOD 0 says; return homes per seed."""
    still_open, made = list(rows), {}
    while still_open:
        seed = still_open[0]
        near = [one for one in still_open if math.dist(one["xy"], seed["xy"]) <= REACH_M]
        own = [one for one in near if one["location"] == seed["location"]]
        rooms = [sum(one["room"][i] for one in own) for i in range(3)]
        if rooms[1] < least[1]:
            still_open.remove(seed)
            continue
        made[seed["id"]] = [0 if room < least[i] else min(room, most[i]) for i, room in enumerate(rooms)]
        still_open = [one for one in still_open if one not in near]
    return made


@pytest.mark.parametrize("consent", ["without", "with"])
@pytest.mark.parametrize("reading", READINGS)
def test_spread_supply_is_what_the_rule_gives_by_hand(
    reported: Small, sizes: dict[str, tuple[list[float], list[float]]], reading: str, consent: str
) -> None:
    pieces, units = _table(reported, reading, "pieces"), _table(reported, reading, "units")
    judged = pd.concat(
        pd.read_parquet(path)
        for path in reported.directory.glob(f"parts/*/*/{Path(reading).name or 'base'}/piece_suitability.parquet")
    )
    verdict = _table(reported, reading, "sites").set_index("site_id")["verdict"]
    flag, name, mates = {
        "with": ("is_with_consent", "piece_id", "core_mates"),
        "without": ("is_without_consent", "free_id", "free_core_mates"),
    }[consent]
    mine = pieces[pieces["is_valid"].astype(bool) & pieces[flag].astype(bool)].set_index(name)
    location = {one: one for one in mine.index}
    for _ in range(len(mine)):
        before = dict(location)
        for one, others in mine[mates].items():
            for other in others:
                if other in location:
                    location[one] = location[other] = min(location[one], location[other])
        if before == location:
            break
    rooms = units.set_index(["piece_id", "flexmilieu"])[[f"n_room_{at}" for at in AT]]
    told = _table(reported, reading, "clusters")
    told = told[told["consent"] == consent]
    n_made = 0
    for flexmilieu, own in judged.groupby("flexmilieu"):
        yes = own[own["is_suitable"].fillna(value=False).astype(bool)].set_index("piece_id")["score"]
        rows = []
        for key, piece in mine.iterrows():
            piece_id = key if consent == "with" else piece["piece_id"]
            if piece_id not in yes.index or verdict[piece["site_id"]] not in AVAILABLE:
                continue
            room = [int(n) for n in rooms.loc[(piece_id, flexmilieu)]]
            if room[1] < 1:
                continue
            score = -2.0 if pd.isna(yes[piece_id]) else float(yes[piece_id])
            number = int(key.rpartition("#")[2].rstrip("~"))
            order = (not piece["is_without_consent"], -score, -room[1], piece["site_id"], number)
            xy = (piece["access_x_m"], piece["access_y_m"])
            rows.append({"id": piece_id, "order": order, "xy": xy, "room": room, "location": location[key]})
        expected = _by_hand(sorted(rows, key=lambda one: one["order"]), *sizes[flexmilieu])
        found = told[told["flexmilieu"] == flexmilieu].set_index("seed_piece_id")
        assert {seed: [int(row[f"n_spread_{at}"]) for at in AT] for seed, row in found.iterrows()} == expected
        n_made += len(expected)
    assert n_made > 20
