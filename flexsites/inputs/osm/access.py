"""Who may use a street, from its OpenStreetMap tags: pure functions over configs/streets.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from flexsites.geometry.street_graph import (
    BICYCLE_BACKWARD,
    BICYCLE_FORWARD,
    CAR,
    CROSSING,
    ROAD_KINDS,
    WALK_BACKWARD,
    WALK_FORWARD,
)

if TYPE_CHECKING:
    from flexsites.config.access import StreetRules

Tags = Mapping[str, str]

# The keys that speak of a mode, the most special first: the first that a street has decides.
_KEYS = {
    "walk": ("foot", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
_FORWARD_ONLY = ("yes", "true", "1")
_BACKWARD_ONLY = ("-1", "reverse")
ROUNDABOUTS = ("roundabout", "circular")
CYCLEWAY_KEYS = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_LANE_WAYS = tuple(f"{key}:oneway" for key in CYCLEWAY_KEYS)
STREET_KEYS = frozenset(
    {"highway", "route", "oneway", "oneway:bicycle", "oneway:foot", "junction", "motorroad", "area", "indoor"}
    | {key for keys in _KEYS.values() for key in keys}
    | set(CYCLEWAY_KEYS)
    | set(_LANE_WAYS)
)
"""Every key that decides who may use a street; other tags need not be read, but for its name."""
NAME_KEY = "name"
NODE_KEYS = frozenset({"barrier", *_KEYS["walk"], *_KEYS["bicycle"]})
"""Every key that decides whether one passes a node."""


def has_tags(tags: Tags, wanted: Mapping[str, Sequence[str]]) -> bool:
    """Return whether every key has one of the values; ``*`` stands for any text, as in ``*college*``; case is ignored.

    Examples
    --------
    >>> has_tags({"amenity": "school", "name": "Ichthus College"}, {"amenity": ["school"], "name": ["*college*"]})
    True
    """
    return all(
        (value := tags.get(key)) is not None and any(fnmatchcase(value.lower(), pattern.lower()) for pattern in values)
        for key, values in wanted.items()
    )


def street_class(tags: Tags, rules: StreetRules) -> str | None:
    """Return the class of road: the value of ``highway`` or ``route`` that the rules list; None: no street."""
    highway = tags.get("highway")
    if highway in rules.classes:
        return highway
    route = tags.get("route")
    return route if route in rules.routes else None


def road_kind(tags: Tags, rules: StreetRules) -> int:
    """Return the position in ``ROAD_KINDS`` of a street's kind; motorroad=yes makes any street but a motorway a trunk.

    Examples
    --------
    >>> from flexsites.config.access import Permission, StreetRules
    >>> classes = {"primary": Permission(walk=True, bicycle=True, car=True)}
    >>> rules = StreetRules.model_construct(classes=classes, routes={})
    >>> [ROAD_KINDS[road_kind({"highway": "primary"} | more, rules)] for more in ({}, {"motorroad": "yes"})]
    ['street', 'trunk']
    """
    default = rules.classes.get(tags.get("highway", ""))
    kind = "street" if default is None else default.road_kind
    return ROAD_KINDS.index("trunk" if kind == "street" and tags.get("motorroad") == "yes" else kind)


def is_roundabout(tags: Tags) -> bool:
    """Return whether the way is tagged as a roundabout.

    Examples
    --------
    >>> is_roundabout({"junction": "circular"}), is_roundabout({"highway": "mini_roundabout"})
    (True, False)
    """
    return tags.get("junction") in ROUNDABOUTS


def permissions(tags: Tags, rules: StreetRules) -> int:
    """Return the bits of who may use a street in which direction; 0: nobody that matters here.

    Source: [R] configs/streets.yaml. One-way streets bind bicycles unless ``oneway:bicycle=no`` or a contraflow
    lane says otherwise; they bind walkers only where ``oneway:foot=yes``. A ferry is a crossing: it can be used from
    end to end, and nothing lies along it.
    """
    name = street_class(tags, rules)
    if name is None:
        return 0
    default = (rules.classes if tags.get("highway") == name else rules.routes)[name]
    bits = 0
    if _may_use(tags, "walk", rules, by_class=default.walk):
        is_both = tags.get("oneway:foot") not in _FORWARD_ONLY
        bits |= int(WALK_FORWARD) | (int(WALK_BACKWARD) if is_both else 0)
    if _may_use(tags, "bicycle", rules, by_class=default.bicycle):
        forward, backward = bicycle_directions(tags)
        bits |= (int(BICYCLE_FORWARD) if forward else 0) | (int(BICYCLE_BACKWARD) if backward else 0)
    if _may_use(tags, "car", rules, by_class=default.car):
        bits |= int(CAR)
    is_ferry = tags.get("highway") != name
    return bits | int(CROSSING) if bits and is_ferry else bits


def _may_use(tags: Tags, mode: str, rules: StreetRules, *, by_class: bool) -> bool:
    if mode != "car" and tags.get("motorroad") == "yes":
        return False  # an autoweg
    keys = _KEYS[mode]
    key = next((key for key in keys if key in tags), None)
    if key is None:
        return by_class
    return tags[key] not in rules.forbids and (by_class or (key == keys[0] and tags[key] in rules.allows))


def is_closed(tags: Tags, rules: StreetRules) -> bool:
    """Return whether a node bars the way for walkers and bicycles alike: a gate that its access tags close.

    A barrier without such tags (a bollard, a cattle grid, an open gate) is passed.

    Examples
    --------
    >>> from flexsites.config.access import StreetRules
    >>> rules = StreetRules.model_construct(forbids=("no", "private"), allows=("yes",))
    >>> gate = {"barrier": "gate", "access": "private"}
    >>> is_closed(gate, rules), is_closed(gate | {"foot": "yes"}, rules), is_closed({"barrier": "bollard"}, rules)
    (True, False, False)
    """
    if "barrier" not in tags:
        return False
    return not any(_may_use(tags, mode, rules, by_class=True) for mode in ("walk", "bicycle"))


def bicycle_directions(tags: Tags) -> tuple[bool, bool]:
    """Return whether a bicycle may go forward and backward on a street where it may go at all.

    Examples
    --------
    >>> bicycle_directions({"oneway": "yes"}), bicycle_directions({"oneway": "yes", "oneway:bicycle": "no"})
    ((True, False), (True, True))
    >>> bicycle_directions({"oneway": "-1"}), bicycle_directions({"junction": "roundabout"})
    ((False, True), (True, False))
    """
    own = tags.get("oneway:bicycle")
    if own is None and _has_contraflow_lane(tags):
        return True, True
    oneway = own if own is not None else tags.get("oneway")
    if oneway is None and tags.get("junction") in ROUNDABOUTS:
        return True, False
    if oneway in _FORWARD_ONLY:
        return (False, True) if own is not None and tags.get("oneway") in _BACKWARD_ONLY else (True, False)
    if oneway in _BACKWARD_ONLY:
        return False, True
    return True, True


def _has_contraflow_lane(tags: Tags) -> bool:
    """Return whether a lane for bicycles runs against a one-way street, or both ways beside it."""
    if any(tags.get(key, "").startswith("opposite") for key in CYCLEWAY_KEYS):
        return True
    is_backward = tags.get("oneway") in _BACKWARD_ONLY
    ways = {tags.get(key) for key in _LANE_WAYS}
    return "no" in ways or any(way in (_FORWARD_ONLY if is_backward else _BACKWARD_ONLY) for way in ways)
