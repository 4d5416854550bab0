"""Who may use a street, from its OpenStreetMap tags: pure functions over configs/streets.yaml."""

from __future__ import annotations

from collections.abc import Iterator
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
from flexsites.inputs.osm.directions import (
    DIRECTION_KEYS,
    ONEWAY_KEYS,
    ONEWAY_WORDS,
    bicycle_directions,
    walk_directions,
)
from flexsites.inputs.osm.endings import END_KEY, START_KEY
from flexsites.inputs.osm.tags import Tags, members

if TYPE_CHECKING:
    from flexsites.config.openstreetmap import StreetRules

# The keys that speak of a mode, the most special first: the first that a street has decides.
_KEYS = {
    "walk": ("foot", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
_ACCESS_KEYS = frozenset(key for keys in _KEYS.values() for key in keys)
CONDITIONAL_KEYS = frozenset(f"{key}:conditional" for key in _ACCESS_KEYS)
"""Keys that open or close a street on a condition (an hour, a licence): none is read, and the run tells of how many."""
_STATES = ("disused", "abandoned", "demolished", "removed", "razed")
STREET_KEYS = frozenset(
    {"highway", "route", "motorroad", "area", "indoor", "type", END_KEY, START_KEY, *_ACCESS_KEYS, *_STATES}
) | (DIRECTION_KEYS | CONDITIONAL_KEYS)
"""Every key that decides who may use a street; other tags need not be read, but for its name."""
NAME_KEY = "name"
NODE_KEYS = frozenset({"barrier", "locked", *_KEYS["walk"], *_KEYS["bicycle"]})
"""Every key that decides whether one passes a node."""
_BITS = {"walk": int(WALK_FORWARD | WALK_BACKWARD), "bicycle": int(BICYCLE_FORWARD | BICYCLE_BACKWARD)}


def street_class(tags: Tags, rules: StreetRules) -> str | None:
    """Return the class of road: the value of ``highway`` or ``route`` that the rules list; None: no street.

    Of a list the first that is one; a street that was taken away is none.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import Permission, StreetRules
    >>> all_may = Permission(walk=True, bicycle=True, car=True)
    >>> rules = StreetRules.model_construct(classes={"service": all_may}, routes={}, gone=("razed",))
    >>> [street_class({"highway": "track;service"} | more, rules) for more in ({}, {"razed": "yes"})]
    ['service', None]
    """
    if any(tags.get(key) == "yes" for key in rules.gone):
        return None
    for key, known in (("highway", rules.classes), ("route", rules.routes)):
        found = [word for word in members(tags.get(key, "")) if word in known]
        if found:
            return found[0]
    return None


def road_kind(tags: Tags, rules: StreetRules) -> int:
    """Return the position in ``ROAD_KINDS`` of a street's kind; motorroad=yes makes any street but a motorway a trunk.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import Permission, StreetRules
    >>> classes = {"primary": Permission(walk=True, bicycle=True, car=True)}
    >>> rules = StreetRules.model_construct(classes=classes, routes={}, gone=())
    >>> [ROAD_KINDS[road_kind({"highway": "primary"} | more, rules)] for more in ({}, {"motorroad": "yes"})]
    ['street', 'trunk']
    """
    default = rules.classes.get(street_class(tags, rules) or "")
    kind = "street" if default is None else default.road_kind
    return ROAD_KINDS.index("trunk" if kind == "street" and tags.get("motorroad") == "yes" else kind)


def permissions(tags: Tags, rules: StreetRules) -> int:
    """Return the bits of who may use a street in which direction; 0: nobody that matters here.

    Source: [R] configs/streets.yaml; directions: :mod:`flexsites.inputs.osm.directions`. A ferry is a crossing: it can
    be used from end to end, and nothing lies along it.
    """
    name = street_class(tags, rules)
    if name is None:
        return 0
    is_ferry = name not in members(tags.get("highway", ""))
    default = (rules.routes if is_ferry else rules.classes)[name]
    bits = 0
    if _may_use(tags, "walk", rules, by_class=default.walk):
        forward, backward = walk_directions(tags, rules.forbids)
        bits |= (int(WALK_FORWARD) if forward else 0) | (int(WALK_BACKWARD) if backward else 0)
    if _may_use(tags, "bicycle", rules, by_class=default.bicycle):
        forward, backward = bicycle_directions(tags, rules.forbids)
        bits |= (int(BICYCLE_FORWARD) if forward else 0) | (int(BICYCLE_BACKWARD) if backward else 0)
    if _may_use(tags, "car", rules, by_class=default.car):
        bits |= int(CAR)
    return bits | int(CROSSING) if bits and is_ferry else bits


def _may_use(tags: Tags, mode: str, rules: StreetRules, *, by_class: bool) -> bool:
    if mode != "car" and tags.get("motorroad") == "yes":
        return False  # an autoweg
    keys = _KEYS[mode]
    key = next((key for key in keys if key in tags), None)
    if key is None:
        return by_class
    words = members(tags[key])
    if all(word in rules.forbids for word in words):
        return False
    return by_class or (key == keys[0] and any(word in rules.allows for word in words))


def barred_modes(tags: Tags, rules: StreetRules) -> int:
    """Return the bits of those who do not pass a node: it is a barrier that its kind or its access tags close to them.

    A barrier without such tags (a bollard, a cattle grid, an open gate) is passed by everybody, a locked one only by
    those whom it names (foot=yes), and of several kinds in one place one passes by any.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import Passage, StreetRules
    >>> stile = Passage(walk=True, bicycle=False)
    >>> rules = StreetRules.model_construct(forbids=("no", "private"), allows=("yes",), barriers={"stile": stile})
    >>> gate = {"barrier": "gate", "access": "private"}
    >>> [barred_modes(tags, rules) for tags in (gate, gate | {"foot": "yes"}, {"barrier": "bollard"})]
    [15, 12, 0]
    >>> [barred_modes({"barrier": "stile"} | more, rules) for more in ({}, {"bicycle": "yes"})]
    [12, 0]
    >>> [barred_modes({"barrier": "gate"} | more, rules) for more in ({"locked": "yes"}, {"locked": "no"})]
    [15, 0]
    >>> [barred_modes({"barrier": kinds}, rules) for kinds in ("stile;stile", "stile;gate")]
    [12, 0]
    """
    if "barrier" not in tags:
        return 0
    kinds = [rules.barriers.get(word) for word in members(tags["barrier"])]
    is_open = tags.get("locked") != "yes"
    passes = {
        "walk": is_open and any(kind is None or kind.walk for kind in kinds),
        "bicycle": is_open and any(kind is None or kind.bicycle for kind in kinds),
    }
    return sum(bits for mode, bits in _BITS.items() if not _may_use(tags, mode, rules, by_class=passes[mode]))


def words_of_no_list(tags: Tags, rules: StreetRules) -> Iterator[str]:
    """Give what a street's tags say that no list of the rules holds, as key=value: it does not decide, and is told.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import StreetRules
    >>> rules = StreetRules.model_construct(
    ...     classes={}, not_streets=("proposed",), routes={}, forbids=("no",), allows=("yes",), neutral=("permit",)
    ... )
    >>> list(words_of_no_list({"highway": "proposed", "foot": "permit;moonlight", "oneway": "Yes"}, rules))
    ['foot=moonlight', 'oneway=Yes']
    """
    known = {*rules.forbids, *rules.allows, *rules.neutral}
    for key in sorted(_ACCESS_KEYS & set(tags)):
        yield from (f"{key}={word}" for word in members(tags[key]) if word not in known)
    yield from (f"{key}={tags[key]}" for key in ONEWAY_KEYS if key in tags and tags[key] not in ONEWAY_WORDS)
    if "highway" in tags and street_class(tags, rules) is None:
        listed = {*rules.not_streets, *rules.classes}
        yield from (f"highway={word}" for word in members(tags["highway"]) if word not in listed)
