"""A world of any size: the same for a seed whatever makes it, a source for every rule, and answers known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.config.study import resolve
from flexsites.config.unchecked import uncovered
from flexsites.errors import InputError
from flexsites.runs.synthetic import is_synthetic
from flexsites.worlds import country_files
from flexsites.worlds.country import GRIDS, Country
from flexsites.worlds.country_content import content, is_proof
from flexsites.worlds.country_files import write_country
from flexsites.worlds.country_lines import STEPS, streets
from flexsites.worlds.country_places import ADDRESSES, CLASSES_PER_KM2, N_PARCELS, place_of
from flexsites.worlds.country_rasters import flood_m, noise_db

SEED = 3


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_country(folder, Country(5_000, SEED), size="gemeente")
    return folder


def test_equal_seeds_give_equal_files_whatever_the_number_of_processes(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(country_files, "BATCH", 7)
    for workers in (1, 2):
        write_country(tmp_path / str(workers), Country(5_000, SEED), size="gemeente", workers=workers)
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")
    rows = (gpd.read_parquet(folder / "parcels.parquet") for folder in (tmp_path / "1", small))
    assert_geodataframe_equal(*rows)
    own, other = (content(Country(5_000, seed), 0)["parcels"] for seed in (SEED, SEED + 1))
    assert any(not np.array_equal(own.columns[name], other.columns[name]) for name in own.columns)


def test_every_rule_that_is_on_has_a_source(small: Path) -> None:
    study = resolve(str(small / "run.yaml"))
    assert is_synthetic(study.run)
    # The user's own list of sites is not a source of the country.
    assert [line for line in uncovered(study) if not line.startswith("own_sites")] == []
    for path in small.glob("*.parquet"):
        assert pq.read_metadata(path).num_rows > 0, path.name


def test_what_every_flexmilieu_asks_can_be_answered() -> None:
    """A country in which nothing can be suitable would be an easier problem than the real one."""
    country = Country(25_000)
    held = [content(country, number)["amenities"].columns["category"] for number in range(country.n_tiles)]
    there = {*np.unique(np.concatenate(held)), "transit"}
    _, places = place_of("gemeente", seed=1)
    there |= {f"area_{name}" for name in places.buurten.columns}
    study = resolve("demo")
    for group in study.settings.target_groups.values():
        for requirement in group.requirements:
            asked = {clause.measure for clause in requirement.any_of}
            assert any(name in measure for measure in asked for name in there), (group.id, requirement.id, asked)


def test_neighbourhoods_are_as_urban_as_the_tiles_in_them() -> None:
    country, places = place_of("gemeente", seed=1)
    buurten = places.buurten
    first = [country.grid(number) for number in (0, 1, country.n_columns, country.n_columns + 1)]
    assert buurten["address_density_per_km2"].iloc[0] == np.mean([ADDRESSES[one] for one in first])
    for limit, urbanity in zip(CLASSES_PER_KM2, (1, 2, 3, 4), strict=True):
        is_such = (buurten["address_density_per_km2"] >= limit).to_numpy()
        assert ((buurten["urbanity_class"] <= urbanity).to_numpy() == is_such).all()
    assert buurten["urbanity_class"].nunique() > 1


def test_what_is_written_is_what_tiles_hold(small: Path) -> None:
    country = Country(5_000, SEED)
    held = [content(country, number) for number in range(country.n_tiles)]
    truth = json.loads((small / "truth.json").read_text())
    for name in ("parcels", "buildings", "streets", "ownership", "crops"):
        expected = sum(len(next(iter(one[name].columns.values()))) for one in held)
        assert truth["n_rows"][name] == expected == pq.read_metadata(small / f"{name}.parquet").num_rows
    parcels = gpd.read_parquet(small / "parcels.parquet")
    assert parcels.crs.to_epsg() == 28992
    assert parcels["site_id"].is_unique
    assert not parcels.geometry.is_valid.all()
    vertices = shapely.get_num_coordinates(parcels.geometry.to_numpy())
    assert np.median(vertices) == 11
    assert 1.2 < truth["n_rows"]["buildings"] / len(parcels) < 1.4


def test_known_answers_are_the_areas_of_the_layers_on_the_parcels(small: Path) -> None:
    truth = json.loads((small / "truth.json").read_text())["covered"]
    parcels = gpd.read_parquet(small / "parcels.parquet").set_index("site_id").geometry
    assert {one["rule_id"] for one in truth} == {"cemetery", "landfill"}
    for one in truth:
        layer = gpd.read_parquet(small / f"{one['rule_id']}.parquet").geometry
        covered = layer.intersection(parcels[one["site_id"]]).area.sum()
        assert covered == pytest.approx(one["covered_area_m2"], abs=1e-6)


def test_of_every_forty_tiles_one_is_a_proof_where_there_is_countryside() -> None:
    country = Country(100_000, SEED)
    proofs = [number for number in range(country.n_tiles) if is_proof(country, number)]
    blocks = [number // 40 for number in proofs]
    assert len(blocks) == len(set(blocks)) == -(-country.n_tiles // 40)


def test_streets_are_one_connected_network_across_tiles() -> None:
    country = Country(9_000, SEED)
    kinds = {country.grid(number) for number in range(country.n_tiles)}
    assert len(kinds) > 2
    lines = np.concatenate([streets(country, number)[0] for number in range(country.n_tiles)])
    ends = np.stack([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)], axis=1)
    # Crossings are shared to the last bit: no snapping joins them.
    _, node = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    n = int(node.max()) + 1
    n_parts, _ = connected_components(coo_array((np.ones(len(node)), node.T), shape=(n, n)), directed=False)
    assert n_parts == 1
    assert len(set(map(tuple, np.sort(node, axis=1).tolist()))) == len(node), "no street stands twice"
    tree = shapely.STRtree(lines)
    assert tree.query(lines, predicate="crosses").shape[1] == 0


def test_steps_of_streets_are_powers_of_two() -> None:
    assert all(steps & (steps - 1) == 0 for steps in STEPS.values())
    assert set(STEPS) == set(GRIDS)


def test_rasters_by_hand() -> None:
    country = Country(50_000, SEED)
    west, south = country.origin
    at = noise_db(np.array([west + 7_310.0]), np.array([south + 1.0]), country)
    assert at.tolist() == [[74.0]]
    assert noise_db(np.array([west + 7_510.0]), np.array([south + 1.0]), country).tolist() == [[54.0]]
    assert flood_m(np.array([west]), np.array([south + 1.0]), country).tolist() == [[0.0]]


def test_real_borders_hold_the_tiles_whose_middle_lies_within(tmp_path: Path) -> None:
    shapes = [shapely.box(100_200, 400_300, 103_700, 402_800), shapely.box(103_700, 400_300, 109_000, 402_800)]
    named = {"statcode": ["GM0001", "GM0002"], "statnaam": ["A", "B"], "pv_code": ["PV20", "PV21"]}
    path = tmp_path / "gemeenten.gpkg"
    gpd.GeoDataFrame(named, geometry=shapes, crs="EPSG:28992").to_file(path)
    country, places = place_of("nederland", seed=SEED, boundaries=path)
    assert country.origin == (100_000.0, 400_000.0)
    assert country.shape == (3, 9)
    # Middles of rows lie at 400.5, 401.5 and 402.5 km, of columns from 100.5 to 108.5 km: all within.
    assert country.is_land.sum() == 27
    one, around = place_of("gemeente", seed=SEED, boundaries=path)
    assert around.gemeenten["statcode"].tolist() in (["GM0001"], ["GM0002"])
    assert 0 < one.is_land.sum() < 27
    assert places.provincies["statcode"].tolist() == ["PV20", "PV21"]
    gpd.GeoDataFrame(geometry=shapes, crs="EPSG:28992").to_file(tmp_path / "bare.gpkg")
    with pytest.raises(InputError, match="no CRS, or no statcode"):
        place_of("gemeente", seed=SEED, boundaries=tmp_path / "bare.gpkg")
    with pytest.raises(InputError, match="one or the other"):
        place_of("gemeente", seed=SEED, n_parcels=5_000, boundaries=path)


def test_there_is_nothing_at_sea() -> None:
    land = shapely.union_all([shapely.box(0, 400_000, 900, 402_900), shapely.box(3_000, 400_000, 4_000, 401_000)])
    country = Country(1_000, SEED, land=land)
    sea = int(np.flatnonzero(~country.is_land)[0])
    assert {len(next(iter(rows.columns.values()))) for rows in content(country, sea).values()} == {0}


def test_sizes_are_those_of_the_country() -> None:
    assert Country(N_PARCELS["nederland"]).count() == pytest.approx(8_400_000, rel=0.02)
