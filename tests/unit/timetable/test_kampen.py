"""Kampen with its real streets and stops and a synthetic timetable: walks, classes and travel times as stages."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.accessibility.kernels.connection_scan import UNREACHED
from flexsites.accessibility.kernels.door_to_door import Ways, door_to_door
from flexsites.accessibility.kernels.timetable import Legs, make_legs, walk_seconds
from flexsites.accessibility.prepare_timetable import PreparedTravel, departures_of, prepare_travel
from flexsites.accessibility.transit import serve, travel_times, walk_to_destinations, walk_to_stops
from flexsites.config.access import TravelTime
from flexsites.config.base import Figure
from flexsites.config.load import configs_directory, read_model
from flexsites.config.opportunities import ToPlaces
from flexsites.config.transit import Transit, TransitClasses
from flexsites.inputs.osm.amenities import stops_from_pbf
from flexsites.inputs.transit.timetable import Service, read_service
from flexsites.tables import Frame
from flexsites.worlds.gtfs_zip import write_synthetic_timetable
from tests.conftest import real_data
from tests.unit.accessibility.places import categories, network, pieces_at, random_points

REACH_M, SNAP_M, SPEED = 1125.0, 150.0, 4.5
ASSUMED = {"assumption": True, "why": "a test"}


def travel_measure(name: str, aggregation: str, limit: float) -> TravelTime:
    return TravelTime.model_validate(
        {
            "id": name, "kind": "travel_time", "label": {"nl": name, "en": name},
            "unit": "min" if aggregation == "closest" else "1",
            "to": {"amenity": "supermarket"}, "aggregation": aggregation, "percentile": {"value": 50, **ASSUMED},
            "window": {"start": "07:00", "end": "09:00", "step_min": {"value": 10, **ASSUMED}},
            "limit_min": {"value": limit, **ASSUMED},
        }
    )  # fmt: skip


MEASURES = (travel_measure("nearest_min", "closest", 60), travel_measure("n_30min", "cumulative", 30))


@pytest.fixture(scope="module")
def bare_stops() -> Frame:
    return stops_from_pbf(real_data("kampen/kampen.osm.pbf"), categories=categories())[0]


@pytest.fixture(scope="module")
def feed(bare_stops: Frame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feed") / "synthetic.zip"
    period = {"start_date": dt.date(2026, 1, 5), "end_date": dt.date(2026, 2, 1)}
    write_synthetic_timetable(path, bare_stops, seed=1, **period)
    return path


@pytest.fixture(scope="module")
def transit() -> Transit:
    return read_model(configs_directory() / "transit.yaml", Transit)


@pytest.fixture(scope="module")
def service(feed: Path, transit: Transit) -> Service:
    return read_service(feed, transit=transit)


@pytest.fixture(scope="module")
def stops(service: Service) -> Frame:
    return service.stops


@pytest.fixture(scope="module")
def pieces() -> Frame:
    table = pieces_at(random_points("kampen", 150, seed=5))
    table.loc[0, ["access_x_m", "access_y_m"]] = np.nan
    return table


@pytest.fixture(scope="module")
def destinations() -> Frame:
    columns = {"amenity_id": [f"a{i:02d}" for i in range(12)], "category": "supermarket", "weight": np.arange(12) + 1.0}
    points = shapely.points(random_points("kampen", 12, seed=9))
    return gpd.GeoDataFrame(columns | {"amenity_name": None}, geometry=points, crs="EPSG:28992")


@pytest.fixture(scope="module")
def travel(
    service: Service, destinations: Frame, transit: Transit, tmp_path_factory: pytest.TempPathFactory
) -> PreparedTravel:
    return prepare_travel(
        tmp_path_factory.mktemp("travel"), service.trips.arrays(), service.stops, destinations,
        network=network("kampen", "walk"), transfers=transit.transfers, measures=MEASURES, walk_speed_km_h=SPEED,
        egress_reach_m=REACH_M, max_snap_m=SNAP_M,
    )  # fmt: skip


def walked(pieces: Frame, stops: Frame) -> Frame:
    return walk_to_stops(pieces, stops, network=network("kampen", "walk"), reach_m=REACH_M, max_snap_m=SNAP_M)


def direct(pieces: Frame, destinations: Frame) -> Frame:
    return walk_to_destinations(
        pieces, destinations, network=network("kampen", "walk"), reach_m=2000.0, max_snap_m=SNAP_M
    )


def travelled(pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel | None) -> Frame:
    legs = walked(pieces, stops)
    return travel_times(
        pieces, legs, direct(pieces, destinations), travel=travel, measures=MEASURES, walk_speed_km_h=SPEED
    )


def test_every_piece_has_a_row_and_what_is_unknown_says_why(pieces: Frame, stops: Frame) -> None:
    legs = walked(pieces, stops)
    assert list(legs["piece_id"].unique()) == list(pieces["piece_id"])
    assert legs.loc[legs["piece_id"] == pieces["piece_id"][0], "why"].tolist() == ["no_access_point"]
    known = legs[legs["why"].isna() & (legs["stop_id"] != "")]
    assert (known["walk_distance_m"] <= REACH_M).all()
    where = stops.drop_duplicates("stop_id").set_index("stop_id").geometry
    at = pieces.set_index("piece_id").loc[known["piece_id"], ["access_x_m", "access_y_m"]].to_numpy()
    halts = where.loc[known["stop_id"]]
    straight = np.hypot(halts.x.to_numpy() - at[:, 0], halts.y.to_numpy() - at[:, 1])
    assert (known["walk_distance_m"].to_numpy() >= straight - 1e-6).all()  # never shorter than as the crow flies


def test_without_a_timetable_the_class_is_unknown_where_a_stop_is_near(pieces: Frame, bare_stops: Frame) -> None:
    classes = read_model(configs_directory() / "transit_classes.yaml", TransitClasses)
    legs = walked(pieces, bare_stops)
    served = serve(pieces, bare_stops, legs, classes=classes).set_index("piece_id")["transit_class"]
    near = set(legs.loc[legs["walk_distance_m"] <= 500, "piece_id"])
    assert len(near) > 20
    assert served.loc[sorted(near)].isna().all()
    assert set(served.dropna()) <= {"geen"}


def test_with_the_synthetic_timetable_it_is_known(pieces: Frame, stops: Frame) -> None:
    classes = read_model(configs_directory() / "transit_classes.yaml", TransitClasses)
    legs = walked(pieces, stops)
    served = serve(pieces, stops, legs, classes=classes).set_index("piece_id")["transit_class"]
    inner = legs.loc[legs["complete_m"].isna() & legs["why"].isna(), "piece_id"].unique()
    assert len(inner) > 50
    assert served.loc[inner].notna().all()
    assert len(set(served.dropna()) - {"geen"}) >= 3


def test_travel_times_equal_a_search_per_piece(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel
) -> None:
    told = travelled(pieces, stops, destinations, travel).set_index(["piece_id", "measure"])
    legs, straight = walked(pieces, stops), direct(pieces, destinations)
    timetable, egress = travel.timetable, travel.egress("supermarket", SPEED)
    order = list(travel.destinations["supermarket"])
    weight = destinations.set_index("amenity_id").loc[order, "weight"].to_numpy()
    n_by_vehicle = 0
    for piece in pieces["piece_id"][1:60]:
        mine = legs[(legs["piece_id"] == piece) & (legs["stop_id"] != "")]
        if legs.loc[legs["piece_id"] == piece, "why"].notna().any():
            assert told.loc[(piece, "nearest_min"), "status"] == "unknown"
            continue
        access = one_place(timetable.rows_of(mine["stop_id"].to_numpy(object)), mine["walk_distance_m"].to_numpy())
        own = straight[straight["piece_id"] == piece]
        on_foot = one_place(np.array([order.index(a) for a in own["amenity_id"]]), own["walk_distance_m"].to_numpy())
        taken = door_to_door(
            timetable.compiled, Ways(access, egress, on_foot, weight), 0, departures_of(MEASURES[0]), 3600
        )
        nearest = np.sort(taken.min(axis=0))[(taken.shape[1] + 1) // 2 - 1]
        row = told.loc[(piece, "nearest_min")]
        if nearest == UNREACHED:
            assert row["status"] == ("unknown" if row["why"] == "data_edge" else "unreached")
            assert np.isnan(row["value"])
        else:
            assert row["value"] == nearest / 60
            n_by_vehicle += nearest < on_foot.seconds.min(initial=UNREACHED)
        medians = np.sort(taken, axis=1)[:, (taken.shape[1] + 1) // 2 - 1]
        row = told.loc[(piece, "n_30min")]
        if row["status"] != "unknown":
            assert row["value"] == weight[medians <= 1800].sum()
    assert n_by_vehicle > 5


def one_place(stop: np.ndarray, metres: np.ndarray) -> Legs:
    seconds = walk_seconds(metres.astype(np.float64), SPEED)
    return make_legs(np.zeros(len(stop), np.int64), stop.astype(np.int32), seconds, 1)


def test_a_piece_answers_the_same_whichever_others_are_asked(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel
) -> None:
    whole = travelled(pieces, stops, destinations, travel)
    parts = [
        travelled(pieces.iloc[rows].reset_index(drop=True), stops, destinations, travel)
        for rows in (slice(0, 40), slice(40, None))
    ]
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True))


def test_without_a_timetable_travel_times_are_unknown(pieces: Frame, stops: Frame, destinations: Frame) -> None:
    told = travelled(pieces, stops, destinations, None)
    assert set(told["status"]) == {"unknown"}
    assert set(told["why"]) == {"no_timetable"}
    assert told["value"].isna().all()


def test_those_who_walk_slower_come_later_and_everyone_else_as_before(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel, service: Service, transit: Transit,
    tmp_path: Path,
) -> None:  # fmt: skip
    """A measure with a walking speed of its own, beside the same at the speed of all."""
    slow = Figure(value=SPEED / 2, source="a test")
    slower = tuple(one.model_copy(update={"id": f"{one.id}_slow", "walk_speed_km_h": slow}) for one in MEASURES)
    both = (*MEASURES, *slower)
    prepared = prepare_travel(
        tmp_path, service.trips.arrays(), service.stops, destinations, network=network("kampen", "walk"),
        transfers=transit.transfers, measures=both, walk_speed_km_h=SPEED, egress_reach_m=REACH_M, max_snap_m=SNAP_M,
    )  # fmt: skip
    legs = walked(pieces, stops), direct(pieces, destinations)
    told = travel_times(pieces, *legs, travel=prepared, measures=both, walk_speed_km_h=SPEED)
    as_before = told[told["measure"].isin([one.id for one in MEASURES])].reset_index(drop=True)
    pd.testing.assert_frame_equal(as_before, travelled(pieces, stops, destinations, travel))
    values = told.set_index(["measure", "piece_id"])["value"]
    at_once, later = values["nearest_min"], values["nearest_min_slow"]
    is_met = later.notna()
    assert is_met.sum() > 10
    assert (later >= at_once)[is_met].all()
    assert (later > at_once)[is_met].any()
    alone = travel_times(pieces, *legs, travel=prepared, measures=slower, walk_speed_km_h=99.0)
    beside = told[told["measure"].isin([one.id for one in slower])].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, beside)


def test_a_kind_of_destination_that_no_source_holds_is_unknown(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel
) -> None:
    jobs = MEASURES[0].model_copy(update={"to": ToPlaces(places="jobs"), "id": "jobs_min"})
    told = travel_times(
        pieces, walked(pieces, stops), direct(pieces, destinations), travel=travel, measures=(jobs,),
        walk_speed_km_h=SPEED,
    )  # fmt: skip
    assert set(told["why"]) == {"no_source"}


def test_stops_that_the_timetable_does_not_hold_are_unknown_service(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel
) -> None:
    other = stops.assign(stop_id="other/" + stops["stop_id"])
    told = travelled(pieces, other, destinations, travel)
    nearest = told[told["measure"] == "nearest_min"]
    assert (nearest["why"] == "service_unknown").any()
    on_foot = nearest[nearest["status"] == "reached"]
    assert len(on_foot) > 0
    assert on_foot["is_truncated"].any()


def test_destinations_beyond_the_edge_of_the_data_are_unknown_not_absent(
    pieces: Frame, stops: Frame, destinations: Frame, travel: PreparedTravel, service: Service, transit: Transit,
    tmp_path: Path,
) -> None:  # fmt: skip
    """With the east of the map unread: what is told as certain holds on the whole map, the rest is a bound."""
    west = shapely.box(100_000, 400_000, float(np.median(destinations.geometry.x)), 600_000)
    known = destinations[destinations.geometry.within(west)].reset_index(drop=True)
    half = prepare_travel(
        tmp_path, service.trips.arrays(), service.stops, known, network=network("kampen", "walk"),
        transfers=transit.transfers, measures=MEASURES, walk_speed_km_h=SPEED, egress_reach_m=REACH_M,
        max_snap_m=SNAP_M, extent=west,
    )  # fmt: skip
    whole, told = (
        travelled(pieces, stops, places, prepared).set_index(["measure", "piece_id"])
        for places, prepared in ((destinations, travel), (known, half))
    )
    both = whole["why"].isna()
    time, best = told.loc["nearest_min"][both["nearest_min"]], whole.loc["nearest_min"][both["nearest_min"]]
    surely = (time["status"] == "reached") & ~time["is_truncated"]
    bounds = (time["status"] == "reached") & time["is_truncated"] & time["complete_to_m"].notna()
    assert (surely.sum() > 10, bounds.sum() > 10) == (True, True)
    assert (time["value"] == best["value"])[surely].all()
    assert (time["value"] > best["value"])[bounds].any(), "the east holds nearer ones"
    assert (best["value"] >= time["complete_to_m"])[bounds].all()
    assert (time["complete_to_m"] < time["value"])[bounds].all()
    unknown = time["why"] == "data_edge"
    assert unknown.any()
    assert best["value"][unknown].notna().any(), "told as unreached it would have been a wrong no"
    assert best["value"][time["status"] == "unreached"].isna().all()
    count, all_of = told.loc["n_30min"][both["n_30min"]], whole.loc["n_30min"][both["n_30min"]]
    surely = count["why"].isna() & ~count["is_truncated"]
    assert (count["value"] == all_of["value"])[surely].all()
    assert (count["value"] < all_of["value"])[count["is_truncated"]].any()


def test_one_changes_between_the_platforms_of_a_station(
    stops: Frame, destinations: Frame, service: Service, transit: Transit, tmp_path: Path
) -> None:
    """Two stops that no street joins within reach are told to be one station: then one changes there, straight."""
    ids = service.trips.stop_ids
    where = stops.drop_duplicates("stop_id").set_index("stop_id").loc[ids].geometry
    xy = np.column_stack([where.x, where.y])
    away = np.hypot(*(xy - xy[0]).T)
    other = int(np.flatnonzero(away > 1_000)[0])
    station = np.arange(len(ids))
    station[other] = 0
    changes = []
    for name, numbers in (("none", None), ("station", station)):
        travel = prepare_travel(
            tmp_path / name, service.trips.arrays(), stops, destinations, network=network("kampen", "walk"),
            transfers=transit.transfers, measures=(), walk_speed_km_h=SPEED, egress_reach_m=REACH_M,
            max_snap_m=SNAP_M, station=numbers,
        )  # fmt: skip
        legs, (here, there) = travel.timetable.changes, travel.timetable.rows_of(ids[[0, other]])
        at = slice(legs.start[here], legs.start[here + 1])
        changes.append(dict(zip(legs.stop[at].tolist(), legs.seconds[at].tolist(), strict=True)).get(there))
    straight = walk_seconds(np.array([away[other] * 1.3]), SPEED)[0]
    assert changes == [None, straight + 120]


def test_prepared_travel_goes_to_another_process_as_its_directory(travel: PreparedTravel) -> None:
    sent = pickle.loads(pickle.dumps(travel))  # noqa: S301 - our own bytes
    assert sent.directory == travel.directory
    assert np.array_equal(sent.weight("supermarket"), travel.weight("supermarket"))
