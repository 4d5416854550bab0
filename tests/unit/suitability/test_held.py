"""What is held of a run's pieces to tell homes over its area: numbers and ids, whatever the cells they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from flexsites.geometry.cluster_sizes import Sizes
from flexsites.held import Held, hold, join, location_of
from flexsites.supply import serve_locations, served_in_turn
from flexsites.tables import Frame, LocationSuitability, PieceSuitability, Units, concat, empty
from flexsites.worlds.plain import plain_pieces, plot

MATES = {"a": ("b#1", "x#1"), "b": ("a#1", "c#1"), "c": ("b#1",), "x": ()}
"""Of ``x`` the piece is not valid; ``b`` and ``c`` lie on both sides of the border of a cell."""


def _pieces(*names: str) -> Frame:
    pieces = plain_pieces(*(plot(200.0 * "abcx".index(name)) for name in names))
    ids = [f"{name}#1" for name in names]
    told = {"piece_id": ids, "free_id": [f"{one}~" for one in ids], "site_id": list(names)}
    texts = {name: pd.array(values, dtype="str") for name, values in told.items()}
    mates = pd.Series([MATES[name] for name in names], dtype="object")
    free = mates.map(lambda some: tuple(f"{one}~" for one in some))
    return pieces.assign(
        **texts, core_mates=mates, free_core_mates=free, is_valid=[name != "x" for name in names],
        is_with_consent=True, is_without_consent=True,
    )  # fmt: skip


def _held(*names: str) -> Held:
    return hold(_pieces(*names), empty(PieceSuitability), empty(Units), names=())


def _apart(n: int) -> Held:
    """Return pieces that share no core with another."""
    held = _held("a", "b", "c")
    ids = [f"s{number}" for number in range(n)]
    pieces = pd.concat([held.pieces.iloc[:1]] * n, ignore_index=True)
    texts = {"piece_id": [f"{one}#1" for one in ids], "free_id": [f"{one}#1~" for one in ids], "site_id": ids}
    pieces = pieces.assign(**{name: pd.array(values, dtype="str") for name, values in texts.items()})
    shape = (0, n)
    return Held(
        pieces, {consent: pairs.iloc[:0] for consent, pairs in held.pairs.items()},
        np.zeros(shape, np.int8), np.zeros(shape), np.zeros((0, 3, n), np.int32), np.zeros(shape, np.int32),
    )  # fmt: skip


def test_no_list_of_mates_is_held() -> None:
    held = _held("a", "b", "c", "x")
    assert not {"core_mates", "free_core_mates"} & set(held.pieces), "texts of mates are the most of a country's pieces"
    assert held.pairs[True].to_numpy().tolist() == [["a#1", "b#1"], ["a#1", "x#1"], ["b#1", "c#1"]]


def test_pairs_over_borders_of_cells_link_their_pieces() -> None:
    whole, parts = _held("a", "b", "c", "x"), join([_held("c", "x"), _held("a", "b")])
    for consent in (True, False):
        told = location_of(parts, with_consent=consent)
        assert told.equals(location_of(whole, with_consent=consent))
        assert told["location_id"].tolist() == ["a#1" if consent else "a#1~"] * 3


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_locations_are_told_in_the_order_of_the_key_however_many_at_once(at_once: int) -> None:
    names, places = ("zorg_nabij", "campus"), 7
    held, rng = _apart(places), np.random.default_rng(3)
    judged = held.answered(
        rng.integers(-1, 2, (2, places)).astype(np.int8), rng.random((2, places)),
        rng.integers(0, 90, (2, 3, places)), rng.integers(0, 90, (2, places)),
    )  # fmt: skip
    ids = held.pieces["piece_id"]
    located = pd.DataFrame({"piece_id": ids, "location_id": ids})
    verdicts = ["eligible", "conditional"] * 3 + ["unknown"]
    locations = pd.DataFrame({"location_id": ids, "verdict": verdicts, "unknown_area_m2": [0.0] * 6 + [9.0]})
    given = {"names": names, "sizes": dict.fromkeys(names, Sizes((10,) * 3, (40,) * 3, 10))}
    whole = serve_locations(judged, located, locations, **given)
    parts = list(served_in_turn(judged, located, locations, at_once=at_once, **given))
    assert [len(one) for one in parts] == [2 * min(at_once, places - first) for first in range(0, places, at_once)]
    assert_frame_equal(concat(parts, LocationSuitability), whole)
    in_order = [[one, name] for one in ids for name in sorted(names)]
    assert whole[["location_id", "flexmilieu"]].to_numpy().tolist() == in_order
    told = whole.set_index(["flexmilieu", "location_id"])["n_room_expected"]
    for i, name in enumerate(names):
        assert told[name].tolist() == judged.room[i, 1].tolist()


def test_land_that_needs_no_consent_is_told_of_the_place_it_lies_in() -> None:
    """Of a parcel with land in two places, one part of which stays whole and one is cut where consent is needed."""
    shapes = [plot(), plot(500.0), plot(500.0, width_m=20.0), plot(1000.0)]
    pieces = plain_pieces(*shapes).assign(
        piece_id=pd.array(["a#1", "a#2", "a#2~", "b#1"], dtype="str"),
        free_id=pd.array(["a#1~", None, "a#2~", None], dtype="str"),
        site_id=pd.array(["a", "a", "a", "b"], dtype="str"), piece_number=[1, 2, 2, 1],
        is_with_consent=[True, True, False, True], is_without_consent=[True, False, True, False],
    )  # fmt: skip
    held = hold(pieces, empty(PieceSuitability), empty(Units), names=("campus",))
    assert held.pieces["lies_in"].fillna("").tolist() == ["", "", "a#2", ""]
    rooms = np.array([[[5, 4, 1, 3], [10, 8, 2, 6], [50, 40, 10, 30]]])
    judged = held.answered(np.ones((1, 4), np.int8), np.zeros((1, 4)), rooms, rooms[:, 1])
    ids = ["a#1", "a#2", "b#1"]
    located = pd.DataFrame({"piece_id": ids, "location_id": ids})
    locations = pd.DataFrame(
        {"location_id": ids, "verdict": ["eligible", "eligible", "unknown"], "unknown_area_m2": [0.0, 0.0, 9.0]}
    )
    told = serve_locations(
        judged, located, locations, names=("campus",), sizes={"campus": Sizes((3,) * 3, (40,) * 3, 10)}
    ).set_index("location_id")
    room = [f"n_room_without_consent_{one}" for one in ("low", "expected", "high")]
    place = [one.replace("room", "per_cluster") for one in room]
    assert told.loc["a#1", [*room, *place]].tolist() == [5, 10, 50, 5, 10, 40]
    assert told.loc["a#2", [*room, *place]].tolist() == [1, 2, 10, 0, 0, 10]
    assert told.loc["b#1", [*room, *place]].isna().all(), "the verdict of its parcel is unknown"
