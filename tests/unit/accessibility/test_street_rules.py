"""Who may use a street: a truth table of OpenStreetMap tags."""

from __future__ import annotations

import pytest

from flexsites.inputs.osm.access import permissions
from tests.unit.accessibility.places import rules

WALK, BICYCLE, CAR, CROSSING = 1 | 2, 4 | 8, 16, 32
FORWARD, BACKWARD = 4, 8
H = "highway"


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({H: "residential"}, WALK | BICYCLE | CAR),
        ({H: "motorway"}, CAR),
        ({H: "trunk"}, CAR),
        ({H: "trunk", "bicycle": "yes"}, BICYCLE | CAR),
        ({H: "primary", "motorroad": "yes"}, CAR),
        ({H: "cycleway"}, WALK | BICYCLE),
        ({H: "cycleway", "foot": "no"}, BICYCLE),
        ({H: "footway"}, WALK),
        ({H: "footway", "bicycle": "yes"}, WALK | BICYCLE),
        ({H: "footway", "bicycle": "designated"}, WALK | BICYCLE),
        ({H: "footway", "access": "yes"}, WALK),
        ({H: "pedestrian", "bicycle": "dismount"}, WALK),
        ({H: "steps"}, WALK),
        ({H: "service", "access": "private"}, 0),
        ({H: "service", "access": "no", "foot": "yes"}, WALK),
        ({H: "service", "access": "destination"}, WALK | BICYCLE | CAR),
        ({H: "service", "access": "private", "foot": "customers"}, WALK),
        ({H: "service", "access": "private", "vehicle": "destination"}, BICYCLE | CAR),
        ({H: "service", "access": "no", "motor_vehicle": "yes"}, CAR),
        ({H: "service", "access": "permissive", "bicycle": "private"}, WALK | CAR),
        ({H: "footway", "vehicle": "yes"}, WALK),
        ({H: "track", "vehicle": "no"}, WALK),
        ({H: "track", "vehicle": "no", "bicycle": "yes"}, WALK | BICYCLE),
        ({H: "residential", "motor_vehicle": "no"}, WALK | BICYCLE),
        ({H: "secondary", "bicycle": "use_sidepath"}, WALK | CAR),
        ({H: "residential", "oneway": "yes"}, WALK | FORWARD | CAR),
        ({H: "residential", "oneway": "yes", "oneway:bicycle": "no"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "yes", "cycleway": "opposite"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "yes", "cycleway:left": "opposite_lane"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "yes", "cycleway:left:oneway": "-1"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "yes", "cycleway:right:oneway": "no"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "yes", "cycleway:right:oneway": "yes"}, WALK | FORWARD | CAR),
        ({H: "residential", "oneway": "-1", "cycleway:left:oneway": "yes"}, WALK | BICYCLE | CAR),
        ({H: "residential", "oneway": "-1"}, WALK | BACKWARD | CAR),
        ({H: "residential", "oneway": "-1", "oneway:bicycle": "yes"}, WALK | BACKWARD | CAR),
        ({H: "cycleway", "oneway": "yes"}, WALK | FORWARD),
        ({H: "cycleway", "oneway:bicycle": "yes"}, WALK | FORWARD),
        ({H: "tertiary", "junction": "roundabout"}, WALK | FORWARD | CAR),
        ({H: "tertiary", "junction": "roundabout", "oneway": "no"}, WALK | BICYCLE | CAR),
        ({H: "footway", "oneway:foot": "yes"}, 1),
        ({"route": "ferry"}, WALK | BICYCLE | CROSSING),
        ({"route": "ferry", "foot": "no"}, BICYCLE | CROSSING),
        ({"route": "ferry", "access": "no"}, 0),
        ({"route": "bus"}, 0),
        ({H: "proposed"}, 0),
        ({H: "busway"}, 0),
        ({H: "busway", "bicycle": "yes"}, BICYCLE),
        ({"building": "yes"}, 0),
    ],
)
def test_who_may_use_a_street(tags: dict[str, str], wanted: int) -> None:
    assert permissions(tags, rules()) == wanted
