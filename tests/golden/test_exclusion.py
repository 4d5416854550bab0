"""Golden cases of the overlay: the shapes that break overlays, their faces kept in a file one can read."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.rule_sets import TimeModel
from flexsites.exclusion.kernels.faces import Constraint, has_rule, label_faces
from flexsites.exclusion.overlay import overlay
from flexsites.geometry.robust import intersect, split
from flexsites.worlds.shapes import ragged_areas
from tests.unit.exclusion.plots import TIME, X, Y, at, layers, parcels, rule


def ring(outer, *holes):
    return shapely.Polygon(outer.exterior, [hole.exterior for hole in holes])


CASES = {
    "constraint_with_hole": (at(0, 0, 100, 100), {"a": [ring(at(-50, -50, 150, 150), at(20, 20, 80, 80))]}),
    "parcel_with_hole": (ring(at(0, 0, 100, 100), at(40, 40, 60, 60)), {"a": [at(0, 0, 50, 100)]}),
    "parcel_in_hole": (at(0, 0, 10, 10), {"a": [ring(at(-50, -50, 50, 50), at(0, 0, 10, 10))]}),
    "sliver_of_a_millimetre": (at(0, 0, 100, 100), {"a": [at(0, 0, 0.001, 100)]}),
    "sliver_below_noise": (at(0, 0, 100, 100), {"a": [at(-10, 0, 5e-9, 100)]}),
    "touching_edges": (at(0, 0, 100, 100), {"a": [at(100, 0, 200, 100)], "b": [at(0, -100, 100, 0)]}),
    "touching_corner": (at(0, 0, 100, 100), {"a": [at(100, 100, 200, 200)]}),
    "wholly_inside": (at(0, 0, 100, 100), {"a": [at(-500, -500, 500, 500)], "b": [at(0, 0, 100, 100)]}),
    "constraint_wholly_inside": (at(0, 0, 100, 100), {"a": [at(40, 40, 60, 60)]}),
    "multipolygon_parcel": (
        shapely.union(at(0, 0, 40, 40), at(60, 0, 100, 40)), {"a": [at(20, -10, 80, 20)], "b": [at(70, -10, 90, 90)]}
    ),
    "multipolygon_constraint": (
        at(0, 0, 100, 100), {"a": [shapely.union(at(0, 0, 20, 20), at(80, 80, 120, 120))], "b": [at(10, 10, 90, 90)]}
    ),
    "the_same_edge_twice": (at(0, 0, 100, 100), {"a": [at(0, 0, 50, 100)], "b": [at(50, 0, 100, 100)]}),
    "the_same_area_twice": (at(0, 0, 100, 100), {"a": [at(0, 0, 50, 100)], "b": [at(0, 0, 50, 100)]}),
    "features_that_meet_inside": (at(0, 0, 100, 100), {"a": [at(-9, -9, 50, 109), at(50, -9, 109, 109)]}),
    "at_four_cells": (at(-50, -50, 50, 50), {"a": [at(-200, -200, 10, 200)], "b": [at(-200, 20, 200, 200)]}),
}  # fmt: skip


def faces_of(name):
    shape, constraints = CASES[name]
    rows = [(layer, one) for layer, polygons in constraints.items() for one in polygons]
    rules = tuple(rule(rule_id=layer) for layer in constraints)
    faces = overlay(parcels(shape), layers(*rows), rules=rules, time=TIME)
    assert faces["face_area_m2"].sum() == pytest.approx(shape.area, abs=1e-6)
    assert faces["n_repairs"].sum() == 0
    return faces.assign(case=name).sort_values("rules")[["case", "rules", "face_area_m2"]]


def test_faces(golden):
    result = pd.concat([faces_of(name) for name in CASES], ignore_index=True)
    golden.check_kept(result, "exclusion/faces.csv")


def test_a_parcel_is_cut_the_same_whatever_else_is_in_the_cell():
    shape, constraints = CASES["at_four_cells"]
    rows = [(layer, one) for layer, polygons in constraints.items() for one in polygons]
    rules = tuple(rule(rule_id=layer) for layer in constraints)
    alone = overlay(parcels(shape), layers(*rows), rules=rules, time=TIME)
    other = parcels(*(at(100 * i, 60, 100 * i + 90, 150) for i in range(-9, 9)), shape)
    more = [*rows, ("a", at(300, 0, 400, 400)), ("b", at(-900, 0, -300, 400))]
    among = overlay(other, layers(*more), rules=rules, time=TIME)
    mine = among[among["site_id"] == f"s{len(other) - 1}"]
    assert mine["rules"].tolist() == alone["rules"].tolist()
    assert shapely.to_wkb(mine.geometry.to_numpy()).tolist() == shapely.to_wkb(alone.geometry.to_numpy()).tolist()


@pytest.mark.parametrize("n_vertices", [100_000, pytest.param(500_000, marks=pytest.mark.deep)])
def test_a_constraint_of_hundreds_of_thousands_of_vertices(n_vertices):
    """One area over a grid of parcels: what lies inside, outside and on its edge adds up, as GEOS says."""
    draw = np.random.default_rng(1)
    area = ragged_areas(np.array([X]), np.array([Y]), np.array([3000.0]), np.array([n_vertices]), draw, hole_share=1.0)
    assert shapely.get_num_coordinates(area)[0] >= n_vertices
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(-4000, 4000, 250), np.arange(-4000, 4000, 250)))
    sites = shapely.box(X + x, Y + y, X + x + 250, Y + y + 250)
    faces = label_faces(sites, [Constraint(0, area)], 1)
    taken = has_rule(faces.labels, 1)[:, 0]
    assert faces.area_m2[taken].sum() == pytest.approx(area[0].area, rel=1e-9)
    assert faces.area_m2[~taken].sum() == pytest.approx(shapely.area(sites).sum() - area[0].area, rel=1e-9)
    assert faces.n_repairs.sum() == 0
    boundary = np.flatnonzero(np.bincount(faces.parcel) > 1)[::20]
    assert len(boundary) > 5
    left = np.bincount(faces.parcel[~taken], faces.area_m2[~taken], minlength=len(sites))
    naive = shapely.area(shapely.difference(sites[boundary], area[0]))
    np.testing.assert_allclose(left[boundary], naive, rtol=1e-6, atol=0.01)


# A face and a cover whose edges run within rounding of each other: GEOS 3.14 takes a ring of 108 m2 for inside that
# lies outside, and raises nothing. From buildings and a buffered Natura 2000 area near Kampen, shortened.
FACE = """POLYGON ((194242.6132663029 505364.6101270519, 194243.4274241112 505356.98328322906, 194242.39799619812
505351.6450597111, 194237.4597414849 505337.0176476168, 194233.88342322345 505329.4224746813, 194192.3946379149
505329.70305519755, 194226.0409388969 505329.47551186435, 194224.3349979311 505338.05003585864, 194221.83190013072
505348.7011503632, 194219.5313629571 505358.6619338702, 194217.44924162154 505366.87879772106, 194215.44276364398
505374.146668458, 194166.44084337022 505368.7308876325, 194239.3674475994 505376.7908677853, 194242.6132663029
505364.6101270519))"""
COVER = """MULTIPOLYGON (((194191.5843843772 505333.8540872165, 194191.24536977027 505335.5909022043, 194190.39952472426
505339.9242740511, 194181.02287245644 505339.9218095713, 194174.5750061218 505339.9201148687, 194175.0075819602
505340.7330431279, 194175.62363984896 505341.488280886, 194176.3745089263 505342.1096559919, 194177.23165882853
505342.57355839387, 194178.16252089737 505342.8623614448, 194179.13172567342 505342.96509165247, 194183.96268468516
505343.0036516192, 194184.4906099525 505342.95531677315, 194184.57334619857 505342.9826967439, 194185.53279141663
505343.10409892077, 194190.2951002793 505343.2422632143, 194191.31485233625 505343.16725221934, 194192.29802149668
505342.88636201125, 194193.20349080412 505342.4113396536, 194193.9933927749 505341.7620509785, 194194.63469304802
505340.9656497814, 194195.10057190972 505340.05544222635, 194195.37154591645 505339.06949395454, 194195.4362827086
505338.0490381472, 194195.2165249588 505332.42797989526, 194195.0891943766 505331.48564633785, 194194.7857660387
505330.58445997845, 194194.31721440938 505329.7570151276, 194194.26048318963 505329.690436852, 194192.3946379149
505329.70305519755, 194192.369612931 505329.83126137574, 194192.32560650966 505330.05671187426, 194192.1177838523
505331.1214138038, 194191.5843843772 505333.8540872165)), ((194209.00898940855 505370.9659980011, 194208.32764922935
505370.2491621545, 194207.51854520675 505369.68045418785, 194206.61333201677 505369.2821237328, 194205.64742442625
505369.0697547206, 194203.85665006537 505368.8586164468, 194203.60454490402 505368.57526748173, 194202.75982169088
505367.9546276001, 194201.80426547283 505367.523740743, 194200.77987299036 505367.3015444079, 194193.1800093201
505366.47307381843, 194192.15133956296 505366.46738352673, 194191.14327595252 505366.67232646025, 194190.19848755727
505367.07922784495, 194189.3569651479 505367.67086445907, 194188.65432847792 505368.4221936537, 194188.1203185794
505369.3014133515, 194187.9093200072 505369.89843361476, 194181.86515184052 505369.05909362016, 194180.8958627605
505369.01950258645, 194179.93717222085 505369.1678306681, 194179.0251687376 505369.4984942694, 194178.1941833603
505369.99904603825, 194178.1638620807 505370.02653685596, 194210.0250100485 505373.5478885352, 194209.8877950072
505372.7271758837, 194209.53590958883 505371.80291687074, 194209.00898940855 505370.9659980011)))"""


def test_a_wrong_answer_without_an_error_is_not_taken():
    face, cover = (np.array([shapely.from_wkt(text)], dtype=object) for text in (FACE, COVER))
    inside, outside, is_repaired = split(face, cover)
    assert shapely.area(inside)[0] == pytest.approx(0.0, abs=1e-3)
    assert shapely.area(inside)[0] + shapely.area(outside)[0] == pytest.approx(face[0].area, abs=1e-3)
    assert not is_repaired[0], "what shares nothing is not cut"
    shared, is_repaired = intersect(face, cover)
    assert shapely.area(shared)[0] == pytest.approx(0.0, abs=1e-3)
    plain = shapely.area(shapely.intersection(face, cover))[0]
    assert is_repaired[0] == (plain > 100)  # a GEOS that gets it right needs no repair


def test_a_topology_error_repairs_one_pair_and_is_counted():
    bow_tie = shapely.from_wkt(f"POLYGON (({X} {Y}, {X + 20} {Y + 20}, {X + 20} {Y}, {X} {Y + 20}, {X} {Y}))")
    sites = np.array([at(0, 0, 20, 20), at(100, 0, 120, 20), at(0, 5, 30, 15)])
    inside, outside, is_repaired = split(sites, np.array([bow_tie, at(100, 0, 110, 20), bow_tie]))
    assert is_repaired.tolist() == [True, False, True]
    assert shapely.area(inside).round(6).tolist() == [200.0, 200.0, 150.0]
    assert shapely.area(outside).round(6).tolist() == [200.0, 200.0, 150.0]
    frame = gpd.GeoDataFrame(
        {"layer": ["rule"], "feature_id": ["f"], "part": [0]}, geometry=[bow_tie], crs="EPSG:28992"
    )
    faces = overlay(parcels(*sites), frame, rules=(rule(),), time=TimeModel.model_validate(TIME.model_dump()))
    assert faces.groupby("site_id")["n_repairs"].sum().tolist() == [1, 0, 1]
