"""Real land: Kampen's land-use polygons under Natura 2000 at full detail, against a naive geopandas.overlay."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.exclusion.overlay import overlay
from flexsites.geometry.polygons import repair
from tests.conftest import real_data
from tests.unit.exclusion.plots import TIME, layers, parcels, rule


@pytest.fixture(scope="module")
def ground():
    sites, _ = repair(np.asarray(gpd.read_file(real_data("kampen/landuse.gpkg")).geometry.to_numpy(), dtype=object))
    nature = gpd.read_file(real_data("nationwide/natura2000_pdok_202608.gpkg"))
    areas, _ = repair(np.asarray(nature.geometry.to_numpy(), dtype=object))
    return sites, areas[shapely.intersects(areas, shapely.box(*shapely.total_bounds(sites)))]


def test_remainder_equals_a_naive_overlay_on_every_parcel(ground):
    sites, areas = ground
    assert shapely.get_num_coordinates(areas).max() > 5_000
    faces = overlay(parcels(*sites), layers(*(("rule", area) for area in areas)), rules=(rule(),), time=TIME)
    left = faces[faces["rules"].map(len) == 0].groupby("site_id")["face_area_m2"].sum()
    left = left.reindex([f"s{i}" for i in range(len(sites))], fill_value=0.0).to_numpy()
    frame = gpd.GeoDataFrame({"row": range(len(sites))}, geometry=list(sites), crs="EPSG:28992")
    taken = gpd.GeoDataFrame(geometry=list(areas), crs="EPSG:28992")
    naive = gpd.overlay(frame, taken, how="difference", keep_geom_type=True)
    expected = np.bincount(naive["row"], naive.area, minlength=len(sites))
    off = np.abs(left - expected)
    assert (off <= np.maximum(0.01, 1e-6 * shapely.area(sites))).all()
    assert 0 < (left < 0.99 * shapely.area(sites)).sum() < len(sites)


def test_areas_close_under_three_overlapping_rules(ground):
    """Rules whose polygons share edges with the parcels and with each other: where overlays go wrong unnoticed."""
    sites, areas = ground
    near = shapely.buffer(areas, 200.0, quad_segs=16)
    rows = [("a", one) for one in areas] + [("b", one) for one in near] + [("c", site) for site in sites[::7]]
    rules = tuple(rule(rule_id=name) for name in "abc")
    faces = overlay(parcels(*sites), layers(*rows), rules=rules, time=TIME)
    total = faces.groupby("site_id")["face_area_m2"].sum().reindex([f"s{i}" for i in range(len(sites))])
    np.testing.assert_allclose(total, shapely.area(sites), rtol=1e-9, atol=0.01)
