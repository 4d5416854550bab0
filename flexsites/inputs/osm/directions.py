"""In which directions one may go on a street, from its OpenStreetMap tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Tags = Mapping[str, str]
Directions = tuple[bool, bool]

ROUNDABOUTS = ("roundabout", "circular")
_FORWARD_ONLY = ("yes", "true", "1")
_BACKWARD_ONLY = ("-1", "reverse")
ONEWAY_KEYS = ("oneway", "oneway:bicycle", "oneway:foot")
ONEWAY_WORDS = frozenset({*_FORWARD_ONLY, *_BACKWARD_ONLY, "no", "false", "0", "reversible", "alternating"})
"""What these keys may say; any other word does not decide, and is told."""
CYCLEWAY_KEYS = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_LANE_WAYS = tuple(f"{key}:oneway" for key in CYCLEWAY_KEYS)
_SIDED = tuple(f"{mode}:{way}" for mode in ("foot", "bicycle") for way in ("forward", "backward"))
DIRECTION_KEYS = frozenset({*ONEWAY_KEYS, "junction", "conveying", *_SIDED, *CYCLEWAY_KEYS, *_LANE_WAYS})
"""Every key that decides in which direction a street is used."""
_TURNED_ONEWAY = {"yes": "-1", "true": "-1", "1": "-1", "-1": "yes", "reverse": "yes"}
_TURNED_WORD = {"forward": "backward", "backward": "forward"}


def is_roundabout(tags: Tags) -> bool:
    """Return whether the way is tagged as a roundabout.

    Examples
    --------
    >>> is_roundabout({"junction": "circular"}), is_roundabout({"highway": "mini_roundabout"})
    (True, False)
    """
    return tags.get("junction") in ROUNDABOUTS


def turned(tags: Tags) -> dict[str, str]:
    """Return the tags that a street would have were it drawn the other way.

    Examples
    --------
    >>> turned({"oneway": "yes", "conveying": "forward", "foot:backward": "no", "highway": "steps"})
    {'oneway': '-1', 'conveying': 'backward', 'foot:forward': 'no', 'highway': 'steps'}
    """
    found = {}
    for key, value in tags.items():
        head, _, way = key.rpartition(":")
        ours = f"{head}:{_TURNED_WORD[way]}" if key in _SIDED else key
        is_oneway = key.startswith("oneway") or key in _LANE_WAYS
        found[ours] = _TURNED_ONEWAY.get(value, value) if is_oneway else value
    if "conveying" in found:
        found["conveying"] = _TURNED_WORD.get(found["conveying"], found["conveying"])
    return found


def walk_directions(tags: Tags, forbids: Sequence[str] = ("no",)) -> Directions:
    """Return whether one may walk forward and backward on a street where one may walk at all.

    A one-way street binds walkers only by ``oneway:foot``. Stairs that move (``conveying``) carry one way, unless they
    are reversible or do not say which; ``oneway`` on stairs is about those who walk, for nobody else is there.

    Examples
    --------
    >>> walk_directions({"highway": "residential", "oneway": "yes"}), walk_directions({"oneway:foot": "-1"})
    ((True, True), (False, True))
    >>> walk_directions({"highway": "steps", "conveying": "backward"})
    (False, True)
    >>> walk_directions({"highway": "steps", "conveying": "reversible"})
    (True, True)
    """
    own = tags.get("oneway:foot")
    if own is None and tags.get("highway") == "steps":
        own = tags.get("oneway")
    forward, backward = own not in _BACKWARD_ONLY, own not in _FORWARD_ONLY
    conveying = tags.get("conveying")
    forward, backward = forward and conveying != "backward", backward and conveying != "forward"
    return _by_side(tags, "foot", forbids, (forward, backward))


def bicycle_directions(tags: Tags, forbids: Sequence[str] = ("no",)) -> Directions:
    """Return whether a bicycle may go forward and backward on a street where it may go at all.

    One-way streets bind bicycles unless ``oneway:bicycle=no`` or a contraflow lane says otherwise.

    Examples
    --------
    >>> bicycle_directions({"oneway": "yes"}), bicycle_directions({"oneway": "yes", "oneway:bicycle": "no"})
    ((True, False), (True, True))
    >>> bicycle_directions({"oneway": "-1"}), bicycle_directions({"junction": "roundabout"})
    ((False, True), (True, False))
    """
    return _by_side(tags, "bicycle", forbids, _bicycle_oneway(tags))


def _by_side(tags: Tags, mode: str, forbids: Sequence[str], may: Directions) -> Directions:
    """Return the directions that are left where a tag of one of them forbids it (foot:backward=no)."""
    return may[0] and tags.get(f"{mode}:forward") not in forbids, may[1] and tags.get(f"{mode}:backward") not in forbids


def _bicycle_oneway(tags: Tags) -> Directions:
    own = tags.get("oneway:bicycle")
    if own is None and _has_contraflow_lane(tags):
        return True, True
    oneway = own if own is not None else tags.get("oneway")
    if oneway is None and is_roundabout(tags):
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
