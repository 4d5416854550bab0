"""Parcels that are told to be as they were under other rules are: every piece, mark and way in, to the last bit."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import event, given, settings
from hypothesis import strategies as st

from flexsites.arrays import FloatArray
from flexsites.exclusion.changed import changed_parcels
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.cores import gap_bridged_m
from flexsites.exclusion.overlay import overlay, overlay_further
from flexsites.tables import Frame
from tests.unit.exclusion.plots import TESTS, TIME, X, Y, at, covered, layers, leave, parcels, rule, streets

SIDES = st.lists(
    st.tuples(st.sampled_from([6.0, 20.0, 45.0, 90.0]), st.sampled_from([0.0, 0.0, 4.0, 12.0])), min_size=2, max_size=4
)
BOXES = st.lists(
    st.tuples(*(st.integers(0, 20) for _ in range(2)), *(st.integers(1, 6) for _ in range(2))), min_size=1, max_size=4
)
EFFECTS = st.sampled_from(["flag", "restrict", "exclude"])
FLAGGED = rule(rule_id="changes", effect="flag")


def _edges(sides: list[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    width, gap = np.array(sides).T
    begin = np.cumsum(width + gap) - width - gap
    return begin, begin + width


@st.composite
def places(draw: st.DrawFn) -> tuple[Frame, Frame, Frame]:
    """Plots in rows, two layers over them, and a street along one side."""
    (x0, x1), (y0, y1) = (_edges(draw(SIDES)) for _ in range(2))
    plots = [at(x0[i], y0[j], x1[i], y1[j]) for i, j in np.ndindex(len(x0), len(y0)) if draw(st.integers(0, 5))]
    boxes = [
        (name, at(10 * x, 10 * y, 10 * (x + width), 10 * (y + height)))
        for name in ("changes", "stays")
        for x, y, width, height in draw(BOXES)
    ]
    end = 400.0
    line = [(X - 10, Y - 5), (X + end, Y - 5)] if draw(st.booleans()) else [(X - 5, Y - 10), (X - 5, Y + end)]
    site = parcels(*(plots or [at(0, 0, 50, 50)]))
    by_id = site.assign(site_id=[f"s{i:02}" for i in range(len(site))]).astype({"site_id": "str"})
    return by_id, layers(*boxes), streets(shapely.LineString(line))


def _left(site: Frame, rows: Frame, ways: Frame, effect: str, *, taken: str) -> tuple[Frame, Frame]:
    rules = (rule(rule_id="stays", effect=taken), rule(rule_id="changes", effect=effect))
    cover = cover_rules(site, covered("streets"), rows, rules=rules, tests=TESTS)
    faces = overlay(site, rows, rules=rules, time=TIME)
    return faces, leave(site, faces, ways, rows, cover, rules=rules)


@settings(deadline=None)
@given(places(), EFFECTS, EFFECTS, EFFECTS)
def test_a_parcel_that_is_not_told_to_change_does_not(
    place: tuple[Frame, Frame, Frame], before: str, after: str, taken: str
) -> None:
    site, rows, ways = place
    faces, pieces = _left(site, rows, ways, before, taken=taken)
    _, others = _left(site, rows, ways, after, taken=taken)
    one, other = (
        (rule(rule_id="stays", effect=taken), rule(rule_id="changes", effect=effect)) for effect in (before, after)
    )
    changed = changed_parcels(
        site, faces, pieces, before=one, after=other, is_cut=np.zeros(len(site), dtype=bool),
        near_m=float(TESTS.near_m), gap_m=gap_bridged_m(float(TESTS.min_width_m)),
    )  # fmt: skip
    names = frozenset(site["site_id"][~changed.pieces])
    event("some change, some do not" if names and changed.pieces.any() else "all or none")
    assert _rows(pieces, names) == _rows(others, names)


@settings(deadline=None)
@given(places(), st.sampled_from(["exclude", "restrict"]), st.floats(0.0, 1.5))
def test_a_rule_that_only_flags_leaves_pieces_as_they_are_without_it(
    place: tuple[Frame, Frame, Frame], taken: str, turned: float
) -> None:
    """To the last bit, however the land lies: at which corner a ring begins is told by no cut."""
    site, rows, ways = (one.set_geometry(one.geometry.rotate(turned, origin=(X, Y), use_radians=True)) for one in place)
    found = []
    for rules in ((rule(rule_id="stays", effect=taken),), (rule(rule_id="stays", effect=taken), FLAGGED)):
        cover = cover_rules(site, covered("streets"), rows, rules=rules, tests=TESTS)
        faces = overlay(site, rows, rules=rules, time=TIME)
        found.append(leave(site, faces, ways, rows, cover, rules=rules).drop(columns="flags"))
    names = frozenset(site["site_id"])
    assert _rows(found[0], names) == _rows(found[1], names)


@settings(deadline=None)
@given(places())
def test_a_later_rule_cuts_faces_as_all_together_do(place: tuple[Frame, Frame, Frame]) -> None:
    site, rows, _ = place
    rules = (rule(rule_id="stays"), rule(rule_id="changes"))
    whole = overlay(site, rows, rules=rules, time=TIME)
    first = overlay(site, rows, rules=rules[:1], time=TIME)
    further = overlay_further(site, first, rows, rules=rules[1:], time=TIME, known=("stays",))
    assert sorted(_faces(further)) == sorted(_faces(whole))


def _rows(pieces: Frame, site_ids: frozenset[str]) -> list[tuple[str, ...]]:
    mine = pieces[pieces["site_id"].isin(site_ids)]
    wkb = shapely.to_wkb(np.asarray(mine.geometry, dtype=object)).tolist()
    columns = mine.drop(columns="geometry").astype(str).itertuples(index=False, name=None)
    return [(*row, str(shape)) for row, shape in zip(columns, wkb, strict=True)]


def _faces(faces: Frame) -> list[tuple[str, tuple[str, ...], float, bytes]]:
    wkb = shapely.to_wkb(np.asarray(faces.geometry, dtype=object)).tolist()
    return list(zip(faces["site_id"], faces["rules"], faces["face_area_m2"], wkb, strict=True))
