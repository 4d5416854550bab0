"""Stops of which neither mode nor service is known: they may be anything, and are no proof of anything."""

import geopandas as gpd
import numpy as np
import shapely

from flexsites.accessibility.kernels.service_class import ClassTable, stop_classes
from flexsites.accessibility.opportunities import choose
from flexsites.config.access import Measures
from flexsites.config.load import configs_directory, read_model
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.tables import Amenities, empty

MEASURES = {one.id: one for one in read_model(configs_directory() / "measures.yaml", Measures).measures}


def _stops():
    ids = ["stoparea:1", "2", "3"]
    points = gpd.GeoDataFrame(
        {"id": ids}, geometry=shapely.points([[92_000.0 + i, 437_000.0] for i in range(3)]), crs=28992
    )
    return stops_without_times(points, id_column="id", mode="unknown", area_prefixes=("stoparea:",))


def test_stop_areas_are_left_out_by_their_ids():
    stops, findings = _stops()
    assert stops["stop_id"].tolist() == ["2", "3"]
    assert [finding.count for finding in findings] == [1]


def test_a_stop_of_unknown_mode_may_count_for_any_mode_and_surely_for_none():
    stops, _ = _stops()
    for name in ("walk_distance_train_m", "walk_distance_station_m", "walk_distance_transit_m"):
        rows, is_known = choose(MEASURES[name], empty(Amenities), stops)
        assert len(rows) == 2
        assert not is_known.any()
    rows, is_known = choose(MEASURES["walk_distance_stop_m"], empty(Amenities), stops)
    assert len(rows) == 2
    assert is_known.all(), "that a stop is there is known"


def test_its_class_of_service_is_anything_within_reach():
    told = np.array([[0, 1, 6], [1, 2, 6]])
    table = ClassTable({"bus": np.array([np.inf, 6.0]), "train": np.array([12.0, 6.0])}, np.array([300.0, 500.0]), told)
    walks = np.array([200.0, 400.0, 600.0])
    certain, possible = stop_classes(table, np.full(3, "unknown", dtype=object), walks, np.full(3, np.nan))
    assert certain.tolist() == [6, 6, 6]
    assert possible.tolist() == [0, 1, 6]
