"""Classes of service quality: the configured table, unknown service, and the edge of the data."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml
from pydantic import ValidationError

from flexsites.accessibility.kernels.service_class import CLASSES, NONE
from flexsites.accessibility.transit import serve
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import TransitClasses
from flexsites.tables import Frame
from tests.piece_rows import pieces_of


@pytest.fixture(scope="module")
def classes() -> TransitClasses:
    return read_model(configs_directory() / "transit_classes.yaml", TransitClasses)


def pieces_table(n: int) -> Frame:
    columns = {
        "piece_id": [f"p{i}#1" for i in range(n)],
        "site_id": [f"p{i}" for i in range(n)],
        "access_x_m": 155e3,
        "access_y_m": 463e3,
    }
    return pieces_of(columns, [shapely.box(155e3, 463e3, 155_010, 463_010)] * n)


def stops_table(rows: list[tuple[str, str, float | None]]) -> Frame:
    """Stop, mode, departures per hour in the day (null: no timetable)."""
    per_hour = [np.nan if row[2] is None else row[2] for row in rows]
    return gpd.GeoDataFrame(
        {
            "stop_id": [row[0] for row in rows], "mode": [row[1] for row in rows], "stop_name": None,
            "n_departures_day": per_hour, "departures_per_hour_peak": per_hour, "departures_per_hour_day": per_hour,
            "departures_per_hour_evening": per_hour, "departures_per_hour_weekend": per_hour,
            "n_lines": pd.Series(pd.NA, range(len(rows)), dtype="Int64"),
            "n_directions": pd.Series(pd.NA, range(len(rows)), dtype="Int64"), "is_hub": None,
        },
        geometry=[shapely.Point(155e3, 463e3)] * len(rows),
        crs="EPSG:28992",
    )  # fmt: skip


def legs_table(rows: list[tuple]) -> Frame:
    """Piece number, stop, walk; then up to which walk complete, and why unknown."""
    full = [(*row, None, None)[:5] if len(row) == 3 else (*row, None)[:5] for row in rows]
    return pd.DataFrame(
        {
            "piece_id": [f"p{row[0]}#1" for row in full],
            "stop_id": [row[1] for row in full],
            "walk_distance_m": [np.nan if row[2] is None else row[2] for row in full],
            "complete_m": [np.nan if row[3] is None else row[3] for row in full],
            "why": [row[4] for row in full],
        }
    )


def classes_of(stops: list, legs: list, classes: TransitClasses, n: int = 1) -> list[str | None]:
    served = serve(pieces_table(n), stops_table(stops), legs_table(legs), classes=classes)
    return [None if pd.isna(told) else told for told in served["transit_class"]]


@pytest.mark.parametrize(
    ("mode", "per_hour", "walk", "expected"),
    [
        ("train", 24, 300, "A"), ("train", 24, 500, "A"), ("train", 24, 500.1, "B"), ("train", 24, 1125, "D"),
        ("train", 24, 1125.1, NONE), ("bus", 24, 300, "A"), ("bus", 23.9, 300, "B"), ("bus", 12, 500, "C"),
        ("bus", 6, 300, "C"), ("bus", 3, 300, "D"), ("bus", 1, 300, "E"), ("bus", 1, 500, "F"),
        ("bus", 0.9, 10, NONE), ("bus", 0, 10, NONE), ("metro", 48, 300, "A"), ("ferry", 100, 300, "B"),
    ],
)  # fmt: skip
def test_the_table_as_configured(
    mode: str, per_hour: float, walk: float, expected: str, classes: TransitClasses
) -> None:
    assert classes_of([("s", mode, per_hour)], [(0, "s", walk)], classes) == [expected]


def test_the_best_stop_and_mode_counts(classes: TransitClasses) -> None:
    stops = [("s", "bus", 6.0), ("s", "train", 12.0), ("far", "tram", 24.0)]
    assert classes_of(stops, [(0, "s", 400.0), (0, "far", 900.0)], classes) == ["B"]


def test_no_stop_within_reach_is_a_known_no(classes: TransitClasses) -> None:
    assert classes_of([("s", "bus", 6.0)], [(0, "", None)], classes) == [NONE]


def test_without_a_timetable_the_class_is_unknown(classes: TransitClasses) -> None:
    assert classes_of([("s", "bus", None)], [(0, "s", 400.0)], classes) == [None]


def test_an_unknown_stop_out_of_reach_changes_nothing(classes: TransitClasses) -> None:
    stops = [("s", "bus", None), ("t", "bus", 6.0)]
    assert classes_of(stops, [(0, "s", 1200.0), (0, "t", 300.0)], classes) == ["C"]
    assert classes_of(stops, [(0, "s", 1200.0)], classes) == [NONE]


def test_an_unknown_stop_matters_only_where_it_could_give_more(classes: TransitClasses) -> None:
    # A ferry gives B at best within 300 m and C within 500 m.
    assert classes_of([("f", "ferry", None), ("t", "bus", 24.0)], [(0, "f", 10.0), (0, "t", 300.0)], classes) == ["A"]
    assert classes_of([("f", "ferry", None), ("t", "bus", 12.0)], [(0, "f", 10.0), (0, "t", 300.0)], classes) == ["B"]
    assert classes_of([("f", "ferry", None), ("t", "bus", 6.0)], [(0, "f", 10.0), (0, "t", 300.0)], classes) == [None]
    assert classes_of([("f", "ferry", None), ("t", "bus", 6.0)], [(0, "f", 400.0), (0, "t", 300.0)], classes) == ["C"]


def test_beyond_the_edge_of_the_data_there_may_be_any_stop(classes: TransitClasses) -> None:
    stops = [("t", "bus", 6.0)]
    assert classes_of(stops, [(0, "t", 300.0, 800.0)], classes) == ["C"]  # beyond 800 m a station gives C at best
    assert classes_of(stops, [(0, "t", 300.0, 700.0)], classes) == [None]
    assert classes_of(stops, [(0, "", None, 1200.0)], classes) == [NONE]
    assert classes_of(stops, [(0, "", None, 1000.0)], classes) == [None]


def test_unknown_access_and_no_rows_are_unknown(classes: TransitClasses) -> None:
    legs = [(0, "", None, None, "not_snapped"), (1, "t", 300.0)]
    assert classes_of([("t", "bus", 6.0)], legs, classes, n=3) == [None, "C", None]


def written() -> dict:
    return yaml.safe_load((configs_directory() / "transit_classes.yaml").read_text(encoding="utf-8"))


def test_every_threshold_says_where_it_comes_from() -> None:
    broken = written()
    broken["categories"][0]["departures_per_hour"]["train"] = 24
    with pytest.raises(ValidationError, match="bare number"):
        TransitClasses.model_validate(broken)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["reaches"].reverse(), "from near to far"),
        (lambda c: c["categories"].reverse(), "from best to least"),
        (lambda c: c["categories"].append(c["categories"][0]), "named twice"),
        (lambda c: c["reaches"][0]["classes"].update(IX="A"), "not defined"),
        (lambda c: c["reaches"][0]["classes"].update(I="F"), "never gives a worse"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(change: object, message: str) -> None:
    broken = written()
    change(broken)
    with pytest.raises(ValidationError, match=message):
        TransitClasses.model_validate(broken)


def test_the_classes_are_those_of_the_table(classes: TransitClasses) -> None:
    told = {name for reach in classes.reaches for name in reach.classes.values()}
    assert told == set(CLASSES)
