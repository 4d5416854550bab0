"""The stage on Kampen: three-valued answers, the same however the pieces are cut up and wherever they are worked on."""

from __future__ import annotations

import pickle
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.accessibility.contract_streets import PreparedAccess, open_access, prepare_access
from flexsites.accessibility.streets import look_up_areas, reach
from flexsites.accessibility.transit import walk_to_stops
from flexsites.config.access import AreaStatistic, Measures, StreetMeasureBase
from flexsites.errors import InputError, NotFoundError
from flexsites.inputs.osm.amenities import amenities_from_pbf, stops_from_pbf
from flexsites.inputs.osm.streets_lines import street_lines
from flexsites.tables import Accessibility, Amenities, Frame, StreetLines, conform, empty
from flexsites.tables import Stops as StopsTable
from tests.conftest import real_data
from tests.unit.accessibility.places import categories, measures, network, pieces_at, random_points, streets


def street_measures(*ids: str) -> tuple[StreetMeasureBase, ...]:
    every = tuple(measure.id for measure in measures().measures)
    return measures().pick(ids or every, StreetMeasureBase)


@pytest.fixture(scope="module")
def tables() -> tuple[Frame, Frame, frozenset[str]]:
    path = real_data("kampen/kampen.osm.pbf")
    lines = street_lines(streets("kampen").graph)
    conform(lines, StreetLines, where="streets")
    walkable = lines.geometry.to_numpy()[lines["is_walk"].to_numpy(dtype=bool)]
    amenities, _ = amenities_from_pbf(path, categories=categories(), walkable=walkable)
    stops, _ = stops_from_pbf(path, categories=categories())
    covered = frozenset({"stop", *(f"amenity:{name}" for name in categories().categories)})
    return conform(amenities, Amenities, where="amenities"), conform(stops, StopsTable, where="stops"), covered


def prepare(directory: Path, amenities: Frame, stops: Frame, covered: frozenset[str], *ids: str) -> PreparedAccess:
    return prepare_access(
        directory,
        networks={"walk": network("kampen", "walk"), "bicycle": network("kampen", "bicycle")},
        amenities=amenities,
        stops=stops,
        covered=covered,
        extent=None,
        measures=street_measures(*ids),
        modes=measures().modes,
        n_threads=2,
    )


@pytest.fixture(scope="module")
def access(tables: tuple[Frame, Frame, frozenset[str]], tmp_path_factory: pytest.TempPathFactory) -> PreparedAccess:
    return prepare(tmp_path_factory.mktemp("access"), *tables)


@pytest.fixture(scope="module")
def answers(access: PreparedAccess) -> Frame:
    return reach(pieces_at(random_points("kampen", 300, 7)), access=access, measures=street_measures())


def of(answers: Frame, measure: str) -> Frame:
    return answers[answers["measure"] == measure].reset_index(drop=True)


def test_kampens_amenities_are_those_of_the_map(tables: tuple[Frame, Frame, frozenset[str]]) -> None:
    amenities, stops, _ = tables
    counts = amenities["category"].value_counts()
    assert counts["supermarket"] == 14
    assert counts["gp"] == 3
    # 22 features, of which one is the nameless building on the grounds of another.
    assert counts["primary_school"] + counts["secondary_school"] == 21
    assert stops["mode"].value_counts().to_dict() == {"bus": 110, "train": 2}
    assert stops["n_departures_day"].isna().all()


def test_every_piece_has_every_measure_once(answers: Frame) -> None:
    conform(answers, Accessibility, where="test")
    assert len(answers) == 300 * len(street_measures())
    assert answers["status"].isin(["reached", "unreached", "unknown"]).all()
    is_known = answers["status"] != "unknown"
    assert answers.loc[is_known, "why"].isna().all()
    assert answers.loc[~is_known, "why"].notna().all()
    assert answers.loc[~is_known, "value"].isna().all()
    assert answers.loc[answers["status"] == "reached", "value"].notna().all()


@pytest.mark.parametrize("n_parts", [7, *(pytest.param(n, marks=pytest.mark.deep) for n in (2, 60))])
def test_answers_do_not_depend_on_how_pieces_are_cut_up(access: PreparedAccess, answers: Frame, n_parts: int) -> None:
    pieces = pieces_at(random_points("kampen", 300, 7))
    elsewhere = pickle.loads(pickle.dumps(access))  # noqa: S301 - what a worker process receives
    parts = [
        reach(pieces.iloc[rows], access=elsewhere, measures=street_measures())
        for rows in np.array_split(np.random.default_rng(1).permutation(300), n_parts)
    ]
    key = ["piece_id", "measure"]
    together = pd.concat(parts).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(together, answers.sort_values(key, ignore_index=True), check_exact=True)


def test_a_longer_street_search_finds_the_same_or_farther(answers: Frame) -> None:
    first, second = of(answers, "walk_distance_supermarket_m"), of(answers, "walk_distance_second_supermarket_m")
    both = first["value"].notna() & second["value"].notna()
    assert (second["value"] >= first["value"])[both].all()
    assert both.sum() > 100
    count = of(answers, "n_supermarkets_walk_1000m")
    is_near = first["value"] <= 1000
    assert (count["value"][is_near] >= 1).all()
    assert not (count["value"][first["value"] > 1000] > 0).any()


def test_nothing_beyond_the_edge_of_the_data_is_taken_for_absent(answers: Frame) -> None:
    extent = streets("kampen").graph.extent
    points = random_points("kampen", 300, 7)
    edge = shapely.distance(extent.boundary, shapely.points(points))
    edge[~shapely.covers(extent, shapely.points(points))] = 0.0
    nearest = of(answers, "walk_distance_supermarket_m")
    found = (nearest["status"] == "reached").to_numpy()
    truncated = nearest["is_truncated"].to_numpy(dtype=bool)
    np.testing.assert_array_equal(truncated[found], nearest["value"].to_numpy()[found] > edge[found])
    # Nobody in Kampen is 5 km from where the data end, so "none within 5 km" can never be said.
    assert (nearest["status"] != "unreached").all()
    count = of(answers, "n_supermarkets_walk_1000m")
    said_none = (count["status"] == "unreached").to_numpy()
    assert said_none.any()
    assert (edge[said_none] >= 1000).all()
    assert (count["value"].to_numpy()[said_none] == 0).all()


def test_stops_without_a_timetable_are_unknown_not_absent(answers: Frame) -> None:
    served, any_stop = of(answers, "walk_distance_transit_m"), of(answers, "walk_distance_stop_m")
    assert (served["status"] == "unknown").all()
    near = any_stop["value"].notna()
    assert near.sum() > 200
    assert (served["why"][near] == "service_unknown").all()


def test_a_timetable_decides_which_stops_count(tables: tuple[Frame, Frame, frozenset[str]], tmp_path: Path) -> None:
    amenities, stops, covered = tables
    is_served = np.arange(len(stops)) % 2 == 0
    departures = np.where(is_served, 4.0, 0.5)
    departures[1] = np.nan
    ids = ("walk_distance_transit_m", "walk_distance_stop_m")
    prepared = prepare(tmp_path / "a", amenities, stops.assign(departures_per_hour_day=departures), covered, *ids)
    only = prepare(tmp_path / "b", amenities, stops[is_served].reset_index(drop=True), covered, *ids)
    pieces = pieces_at(random_points("kampen", 300, 8))
    transit = of(reach(pieces, access=prepared, measures=street_measures(*ids)), ids[0])
    wanted = of(reach(pieces, access=only, measures=street_measures(*ids)), ids[1])
    pd.testing.assert_series_equal(transit["value"], wanted["value"])
    # The stop of unknown service is nearer somewhere: there the distance is an upper bound, and says so.
    more = transit["is_truncated"] & ~wanted["is_truncated"]
    assert more.any()
    assert not (wanted["is_truncated"] & ~transit["is_truncated"]).any()


def test_what_no_source_holds_is_unknown(tables: tuple[Frame, Frame, frozenset[str]], tmp_path: Path) -> None:
    amenities, _, covered = tables
    ids = ("walk_distance_library_m", "walk_distance_stop_m")
    prepared = prepare(tmp_path, amenities, empty(StopsTable), covered - {"stop", "amenity:library"}, *ids)
    result = reach(pieces_at(random_points("kampen", 5, 9)), access=prepared, measures=street_measures(*ids))
    assert (result["why"] == "no_source").all()


def test_no_access_point_and_no_street_have_their_own_reasons(access: PreparedAccess) -> None:
    graph = streets("kampen").graph
    rng = np.random.default_rng(3)
    anywhere = rng.uniform(graph.extent.bounds[:2], graph.extent.bounds[2:], (500, 2))
    _, distance = shapely.STRtree(graph.lines()).query_nearest(
        shapely.points(anywhere), return_distance=True, all_matches=False
    )
    far_from_streets = anywhere[[np.argmax(distance)]]
    assert distance.max() > 150
    points = np.vstack([[[np.nan, np.nan]], far_from_streets, random_points("kampen", 1, 3)])
    ids = ("walk_distance_supermarket_m", "n_supermarkets_walk_1000m")
    result = reach(pieces_at(points), access=access, measures=street_measures(*ids))
    assert result["why"].tolist()[:2] == ["no_access_point"] * 2
    assert result["why"].tolist()[2:4] == ["not_snapped"] * 2
    assert result["value"].isna().tolist()[:4] == [True] * 4
    assert result["status"].tolist()[:2] == ["unknown"] * 2


def test_a_measure_that_was_not_prepared_is_an_error(
    tables: tuple[Frame, Frame, frozenset[str]], tmp_path: Path
) -> None:
    prepared = prepare(tmp_path, *tables, "walk_distance_stop_m")
    with pytest.raises(NotFoundError, match="prepare access for this measure"):
        reach(pieces_at(random_points("kampen", 2, 1)), access=prepared, measures=street_measures("walk_distance_gp_m"))


def test_a_directory_without_anything_prepared_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prepared access"):
        open_access(tmp_path)


def test_a_mode_without_a_network_is_an_error(tables: tuple[Frame, Frame, frozenset[str]], tmp_path: Path) -> None:
    amenities, stops, covered = tables
    with pytest.raises(InputError, match="no network for mode bicycle"):
        prepare_access(
            tmp_path, networks={"walk": network("kampen", "walk")}, amenities=amenities, stops=stops, covered=covered,
            extent=None, measures=street_measures("bicycle_distance_station_m"), modes=measures().modes,
        )  # fmt: skip


def test_area_statistics_are_those_of_the_area_around() -> None:
    pieces = pieces_at(np.array([[190_000.0, 505_000.0], [195_000.0, 505_000.0], [199_000.0, 505_000.0]]))
    areas = gpd.GeoDataFrame(
        {
            "area_kind": ["buurt", "buurt"],
            "area_code": ["BU1", "BU2"],
            "area_name": ["a", "b"],
            "social_rent_share": [0.3, np.nan],
        },
        geometry=[shapely.box(189_000, 504_000, 191_000, 506_000), shapely.box(194_000, 504_000, 196_000, 506_000)],
        crs="EPSG:28992",
    )
    statistic = measures().pick(("area_social_rent_share", "area_urbanity_class"), AreaStatistic)
    result = look_up_areas(pieces, areas, measures=statistic)
    share = of(result, "area_social_rent_share")
    assert share["value"].tolist()[0] == 0.3
    assert share["status"].tolist() == ["reached", "unknown", "unknown"]
    assert (of(result, "area_urbanity_class")["why"] == "no_source").all()


def test_measures_are_unique() -> None:
    twice = measures().model_dump()
    twice["measures"] = [*twice["measures"], twice["measures"][0]]
    with pytest.raises(ValueError, match="measures named twice: walk_distance_supermarket_m"):
        Measures.model_validate(twice)


def test_stops_are_complete_only_where_every_source_is(
    tables: tuple[Frame, Frame, frozenset[str]], tmp_path: Path
) -> None:
    """Opportunities known in the west only: nobody near its edge is told that there is no stop."""
    extent = streets("kampen").graph.extent
    low_x, low_y, high_x, high_y = extent.bounds
    west = shapely.box(low_x, low_y, (low_x + high_x) / 2, high_y)
    amenities, stops, covered = tables
    prepared = prepare_access(
        tmp_path,
        networks={"walk": network("kampen", "walk")},
        amenities=amenities,
        stops=stops,
        covered=covered,
        extent=west,
        measures=street_measures("walk_distance_stop_m"),
        modes=measures().modes,
    )
    pieces = pieces_at(random_points("kampen", 200, 11))
    at = shapely.points(pieces[["access_x_m", "access_y_m"]].to_numpy())
    legs = walk_to_stops(pieces, stops, network=prepared.networks["walk"], reach_m=1125.0, max_snap_m=150.0)
    legs = legs.drop_duplicates("piece_id").set_index("piece_id").loc[pieces["piece_id"]]
    outside = ~shapely.covers(west, at)
    assert outside.sum() > 50
    assert legs["why"].notna()[outside].all()
    near = ~outside & (shapely.distance(west.boundary, at) < 1125.0)
    assert legs["complete_m"].notna()[near].all()
