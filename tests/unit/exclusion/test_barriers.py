"""What no entrance crosses: polygons, and lines as wide as their class."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.load import configs_directory, read_yaml
from flexsites.config.rule_sets import Barrier
from flexsites.exclusion.barriers import barriers_of
from flexsites.exclusion.kernels.entrances import Barriers, find_entrances
from tests.unit.exclusion.plots import LOCATIONS, TESTS, X, Y, at, figure, layers, rule

ROADS = rule(
    "in_use", "roads", layer="roads", width_m={
        "attribute": "road_class",
        "values": {name: figure(width).model_dump() for name, width in (("motorway", 40), ("service", 4))},
    },
)  # fmt: skip
MOTORWAYS = LOCATIONS.model_copy(update={"barriers": (Barrier(layer="motorways", width_of="roads"),)})


@pytest.mark.parametrize(("road_class", "width_m"), [("motorway", 40.0), (None, 4.0), ("autosnelweg", 4.0)])
def test_a_motorway_bars_whatever_is_told_of_its_class(road_class, width_m):
    """Its own width, and the narrowest of all where the class is unknown: a barrier is never no barrier."""
    rows = layers(("motorways", shapely.LineString([(X, Y), (X + 100, Y)])))
    rows["road_class"] = pd.Series([road_class], index=rows.index, dtype="str")
    found = barriers_of(rows, rules=(ROADS,), locations=MOTORWAYS, tests=TESTS)
    assert shapely.area(found.closed).sum() == pytest.approx(100 * width_m)


def test_pieces_are_entered_together_as_each_alone():
    """What bars the way around them is united of all at once: a ditch, a river, a railway, both, and nothing."""
    plots = np.array([at(200 * i, 0, 200 * i + 50, 50) for i in range(6)])
    ditch, river = at(-40, -4, 90, -2), at(160, -15, 290, -2)
    both = [at(560, -4, 690, -2), at(760, -20, 890, -8)]
    railways = np.array([at(360, -8, 490, -4), at(800, -7, 820, -6)])
    barriers = Barriers(railways, np.array([ditch, river, *both]), 3.0, 0.1)
    street = [
        shapely.LineString([(X - 100, Y - 30), (X + 900, Y - 30)]),
        shapely.LineString([(X, Y + 95), (X + 900, Y + 95)]),
    ]
    segments, order = np.array(street), np.arange(2)
    found = find_entrances(plots, segments, order, barriers, reach_m=50.0)
    assert found.street.tolist() == [0, 1, 1, 0, 1, -1]
    assert found.needs_culvert.tolist() == [True, False, False, True, False, False]
    for i in range(len(plots)):
        alone = find_entrances(plots[i : i + 1], segments, order, barriers, reach_m=50.0)
        assert shapely.to_wkb(alone.line[0]) == shapely.to_wkb(found.line[i])
        assert (alone.street[0], alone.needs_culvert[0]) == (found.street[i], found.needs_culvert[i])


@pytest.mark.parametrize("path", sorted(configs_directory().glob("runs/*.yaml")), ids=lambda path: path.stem)
def test_motorways_of_every_run_that_travels_along_have_their_class(path):
    entry = read_yaml(path).get("sources", {}).get("layers", {}).get("motorways")
    if entry is None or entry.get("use"):
        return
    assert "road_class" in {*entry.get("rename", {}).values(), *entry.get("keep", [])}


def test_motorways_of_every_preset_have_their_class():
    entries = [
        one["entry"]
        for path in configs_directory().glob("presets/*.yaml")
        for one in read_yaml(path).get("serves", {}).get("layers.motorways", [])
    ]
    assert len(entries) == 2
    assert all("road_class" in entry["rename"].values() for entry in entries)
