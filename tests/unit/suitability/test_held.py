"""What is held of a run's pieces to tell homes over its area: numbers and ids, whatever the cells they come from."""

from __future__ import annotations

import pandas as pd

from flexsites.supply import Held, hold, join, location_of
from flexsites.tables import Frame, PieceSuitability, Units, empty
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
