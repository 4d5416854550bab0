"""Land that was laid out before, cut at other places: what was found of pieces stands only where nothing was cut."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.exclusion.kernels.tested import read_land
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import cut_land_otherwise, open_land
from tests.unit.exclusion.plots import LANE_M, LOCATIONS, TESTS, TIME, X, Y, at, layers, parcels, rule, streets

ROAD = shapely.LineString([(X - 100, Y - 5), (X + 900, Y - 5)])
EVERYONE = parcels(at(0, 0, 60, 60), at(60, 0, 120, 60), at(400, 0, 460, 60))
POND = rule(rule_id="pond")


FAR = layers(("pond", at(900, 900, 910, 910)))
FACES = overlay(EVERYONE, layers(("pond", at(0, 15, 60, 30))), rules=(POND,), time=TIME)


def faces_by(pond):
    """The faces of the first parcel cut by another pond; those of the others are the very same."""
    cut, first = overlay(EVERYONE, layers(("pond", pond)), rules=(POND,), time=TIME), EVERYONE["site_id"][0]
    return pd.concat([cut[cut["site_id"] == first], FACES[FACES["site_id"] != first]], ignore_index=True)


def laid_out(faces):
    return open_land(
        EVERYONE, faces, streets(ROAD), FAR, rules=(POND,), tests=TESTS, locations=LOCATIONS, lane_m=LANE_M
    )


def as_read(land, faces):
    is_left = np.array([not rules for rules in faces["rules"]], dtype=bool)
    return read_land(land, is_left, np.arange(len(EVERYONE)), np.ones(len(EVERYONE), dtype=bool))


@pytest.mark.parametrize("pond", [at(0, 20, 60, 40), at(0, 10, 30, 60)])
def test_land_cut_otherwise_is_read_as_land_laid_out_anew(pond):
    faces = faces_by(pond)
    land = laid_out(FACES)
    before = as_read(land, FACES)
    other = cut_land_otherwise(land, EVERYONE, faces, rules=(POND,), tests=TESTS)
    mine, theirs = as_read(other, faces), as_read(laid_out(faces), faces)
    for name in ("geometry", "core", "entrance"):
        assert (shapely.to_wkb(getattr(mine, name)) == shapely.to_wkb(getattr(theirs, name))).all()
    for name in ("site", "number", "outcome", "has_entrance"):
        assert getattr(mine, name).tolist() == getattr(theirs, name).tolist()
    assert len(mine.site) == len(theirs.site) >= len(EVERYONE)
    assert not set(mine.piece[mine.site == 0]) & set(before.piece[before.site == 0]), "the first was cut"
    assert mine.piece[mine.site == 1].tolist() == before.piece[before.site == 1].tolist()
    assert as_read(land, FACES).piece.tolist() == before.piece.tolist(), "the land itself is as it was"
