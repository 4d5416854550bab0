"""Layouts of a finished run under other figures: as all of them laid out again, and no more made than need be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from flexsites.capacity.homes import count_layouts
from flexsites.config.readings import Reading
from flexsites.config.resolved import reading_of
from flexsites.config.what_if import variant_asked
from flexsites.finished.foreseen import SECONDS_PER_PARCEL, kind_of
from flexsites.finished.layouts import asked_anew, lay_out_anew
from flexsites.tables import Frame, TransitQuality
from flexsites.worlds.plain import demo, plain, plain_pieces, plot
from tests.pipelines.added_runs import figure, spread_of

PIECES = plain_pieces(plot(), plot(200, width_m=60, depth_m=30), plot(400, width_m=30, depth_m=120))
SERVED = plain(TransitQuality, piece_id=list(PIECES["piece_id"]))
CAMPUS = "flexmilieus.campus.programme"
SETBACK = {name: figure(m, unit="m") for name, m in (("low", 9), ("expected", 7), ("high", 5))}


def _laid_out(reading: Reading) -> Frame:
    found: Frame = count_layouts(
        PIECES, SERVED, programmes=reading.programmes, dwelling_types=reading.dwelling_types, layout=reading.layout
    )
    return found.sort_values(["piece_id", "flexmilieu"], kind="stable", ignore_index=True)


@pytest.fixture(scope="module")
def before() -> tuple[Reading, Frame]:
    base = demo().base
    return base, _laid_out(base)


@pytest.mark.parametrize(
    ("replaced", "flexmilieus"),
    [
        ({f"{CAMPUS}.fsi": spread_of(0.3, 0.6, 0.9)}, {"campus"}),
        ({f"{CAMPUS}.fsi": spread_of(0.1, 0.2, 0.3)}, set()),
        ({f"{CAMPUS}.setback_m": SETBACK}, {"campus"}),
        ({"layout.parking_aisle_m": figure(9, unit="m")}, None),
    ],
)
def test_layouts_that_other_figures_cannot_change_stand_and_the_rest_is_as_laid_out_again(
    replaced: dict[str, Any], flexmilieus: set[str] | None, before: tuple[Reading, Frame]
) -> None:
    base, laid_out = before
    after = reading_of(base.settings, variant_asked({"replace": replaced}), "a test")
    in_order = laid_out.sort_values(["flexmilieu", "piece_id"], kind="stable", ignore_index=True)
    asked = asked_anew(PIECES, SERVED, in_order, before=base, after=after)
    assert set(asked) == (set(base.programmes) if flexmilieus is None else flexmilieus)
    if asked:
        found = lay_out_anew(PIECES, SERVED, in_order, asked, after=after)
        pd.testing.assert_frame_equal(found, _laid_out(after), check_exact=True)
        assert not found.equals(laid_out)


def test_of_a_higher_density_only_pieces_that_held_all_that_was_asked_are_laid_out(
    before: tuple[Reading, Frame],
) -> None:
    base, laid_out = before
    replaced = {f"{CAMPUS}.fsi": spread_of(0.3, 0.6, 0.9)}
    after = reading_of(base.settings, variant_asked({"replace": replaced}), "a test")
    in_order = laid_out.sort_values(["flexmilieu", "piece_id"], kind="stable", ignore_index=True)
    asked = asked_anew(PIECES, SERVED, in_order, before=base, after=after)["campus"]
    mine = in_order[in_order["flexmilieu"] == "campus"]
    counted = mine[["n_modules_low", "n_modules_expected", "n_modules_high"]].to_numpy().T
    assert 0 < asked.sum() < asked.size
    fuller = _laid_out(after)
    fuller = fuller[fuller["flexmilieu"] == "campus"][["n_modules_low", "n_modules_expected", "n_modules_high"]]
    assert np.array_equal(fuller.to_numpy().T[~asked], counted[~asked])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"effects": {"flood": "exclude"}}, "effects"),
        ({"change": {"power_lines": {"distance_m": figure(9)}}}, "distances"),
        ({"replace": {"pieces.min_width_m": figure(12, unit="m")}}, "tests"),
        ({"replace": {"pieces.min_area_m2": figure(500, unit="m2")}}, "tests"),
        ({"replace": {"pieces.min_area_m2": figure(1500, unit="m2")}}, "retold"),
        ({"term_years": figure(20, unit="year")}, "tests"),
        ({"horizon_years": figure(5, unit="year")}, "retold"),
        ({"effects": {"flood": "exclude"}, "horizon_years": figure(5, unit="year")}, "tests"),
        ({"change": {"power_lines": {"distance_m": figure(9)}}, "horizon_years": figure(5, unit="year")}, "tests"),
        ({"replace": {f"{CAMPUS}.fsi": spread_of(0.3, 0.6, 0.9)}}, "layouts"),
        ({"effects": {"flood": "exclude"}, "replace": {f"{CAMPUS}.fsi": spread_of(0.3, 0.6, 0.9)}}, "effects"),
    ],
)
def test_what_a_question_takes_hangs_on_what_it_is_of(changes: dict[str, Any], kind: str) -> None:
    base = demo().base
    asked = reading_of(base.settings, variant_asked(changes), "a test")
    assert kind_of(base, asked) == kind
    assert SECONDS_PER_PARCEL["distances"] > SECONDS_PER_PARCEL[kind_of(base, asked)] or kind == "distances"
