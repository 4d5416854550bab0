"""Capacity shared by who reaches it, on small networks: equal to adding it up by hand, and nothing is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.accessibility.kernels.catchment import offered, shares
from flexsites.accessibility.kernels.network import make_graph
from flexsites.accessibility.kernels.positions import Opportunities, Positions
from flexsites.config.catchment import Catchment
from flexsites.config.load import configs_directory, read_model
from flexsites.errors import InputError
from flexsites.inputs.land.facilities import (
    FACILITIES_TEMPLATE,
    RESIDENTS_TEMPLATE,
    read_facilities,
    read_residents,
)

N = 12
LENGTH = 10.0


def _line():
    """Return a street of ten-metre pieces; the place at metre m is edge m // 10."""
    first = np.arange(N - 1)
    return make_graph(N, first, first + 1, np.full(N - 1, LENGTH), np.full(N - 1, 3, dtype=np.uint8))


def _at(metres):
    edge = np.minimum(np.asarray(metres, dtype=float) // LENGTH, N - 2).astype(np.int64)
    return edge, np.asarray(metres, dtype=float) - edge * LENGTH


def _facilities(metres, capacity):
    order = np.argsort(metres, kind="stable")
    edge, offset = _at(np.asarray(metres)[order])
    return Opportunities(edge, offset, np.zeros(len(edge)), np.asarray(capacity, float)[order], np.arange(len(edge)))


def _places(metres):
    edge, offset = _at(metres)
    return Positions(edge, offset, np.zeros(len(edge)))


whole = st.integers(0, 110)


@given(
    st.lists(st.tuples(whole, st.integers(0, 50)), min_size=1, max_size=5),
    st.lists(st.tuples(whole, st.integers(1, 90)), min_size=1, max_size=6),
    st.lists(whole, min_size=1, max_size=5),
    st.sampled_from([5.0, 20.0, 47.0, 200.0]),
)
def test_it_is_what_adding_up_by_hand_gives(offers, living, sites, cutoff):
    facilities = _facilities([m for m, _ in offers], [c for _, c in offers])
    metres = np.sort(np.array([m for m, _ in offers], dtype=float), kind="stable")
    homes, n = np.array([m for m, _ in living], dtype=float), np.array([n for _, n in living], dtype=float)
    share = shares(_line(), facilities, _places(homes), n, cutoff)
    reached = np.array([n[np.abs(homes - m) <= cutoff].sum() for m in metres])
    by_hand = np.where(reached > 0, facilities.weight / np.maximum(reached, 1e-300), np.nan)
    np.testing.assert_allclose(share, by_hand)
    count, told = offered(_line(), facilities, share, _places(sites), cutoff)
    for i, site in enumerate(sites):
        near = np.abs(metres - site) <= cutoff
        assert count[i] == near.sum()
        assert told[i] == pytest.approx(np.nansum(by_hand[near]))


def test_what_residents_are_offered_together_is_the_capacity_that_someone_reaches():
    facilities = _facilities([5, 60, 110], [12.0, 8.0, 40.0])
    homes, n = np.array([0.0, 30.0, 55.0]), np.array([10.0, 20.0, 30.0])
    share = shares(_line(), facilities, _places(homes), n, 30.0)
    assert np.isnan(share).tolist() == [False, False, True]  # nobody lives within reach of the last
    told = offered(_line(), facilities, share, _places(homes), 30.0)[1]
    assert float((told * n).sum()) == pytest.approx(20.0)


def test_a_place_without_a_street_is_not_known():
    nowhere = Positions(np.array([-1]), np.array([np.nan]), np.array([np.nan]))
    facilities = _facilities([5], [12.0])
    count, told = offered(_line(), facilities, np.array([1.0]), nowhere, 30.0)
    assert np.isnan([count[0], told[0]]).all()


def test_templates_are_read(tmp_path):
    (tmp_path / "f.csv").write_text(FACILITIES_TEMPLATE)
    (tmp_path / "r.csv").write_text(RESIDENTS_TEMPLATE)
    assert read_facilities(tmp_path / "f.csv")["capacity"].tolist() == [2100.0, 1400.0, 240.0]
    assert read_residents(tmp_path / "r.csv")["n_residents"].sum() == 595.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("facility_id,x,y,kind\na,190000,500000,gp\n", "no column capacity"),
        ("facility_id,x,y,kind,capacity\na,5.1,52.3,gp,10\n", "x, y"),
        ("facility_id,x,y,kind,capacity\na,190000,500000,gp,-1\n", "capacity"),
        ("facility_id,x,y,kind,capacity\na,190000,500000,,1\n", "kind"),
        ("facility_id,x,y,kind,capacity\na,190000,500000,gp,1\na,190000,500000,gp,1\n", "facility_id"),
        ("facility_id,x,y,kind,capacity\n", "it has no rows"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text, told, tmp_path):
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(InputError, match=told):
        read_facilities(tmp_path / "f.csv")


def test_the_reach_is_above_zero():
    shipped = read_model(configs_directory() / "catchment.yaml", Catchment)
    assert float(shipped.cutoff_m) == 3500.0
    with pytest.raises(ValueError, match="above 0"):
        Catchment.model_validate({"mode": "walk", "cutoff_m": {"value": 0.0, "unit": "m", "source": "x"}})
