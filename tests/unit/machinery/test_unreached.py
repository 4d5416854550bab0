"""Before a run it is told what a source that is not given makes unknown of what places reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flexsites.config.study import Study, resolve
from flexsites.config.unreached import unreached
from flexsites.inputs.prepare import Checked
from flexsites.reporting.told import translated
from tests.unit.machinery.test_cli import run

TRANSIT = "without a timetable (sources.stops) "


def without(study: Study, **changes: Any) -> Study:
    """Return the study with other sources of its base."""
    sources = study.settings.sources.model_copy(update=changes)
    base = replace(study.base, settings=replace(study.settings, sources=sources))
    return replace(study, readings=(base, *study.readings[1:]))


def test_a_run_without_a_timetable_is_told_which_criteria_and_flexmilieus_are_unknown() -> None:
    told = [one for one in unreached(resolve("kampen_sweep")) if one.startswith(TRANSIT)]
    never, partly, scores, classes = told
    assert never.startswith(f'{TRANSIT}no place is known to meet "public transport on foot, or a station by bicycle", ')
    assert never.endswith('nor to suit "Campus", "Bicycle city", "Urban, transit", "Near care"')
    assert '"campus by bicycle or by transit" can be met (for "Campus")' in partly
    assert '"walking distance to a stop or station with enough departures"' in scores
    assert classes == f"{TRANSIT}classes of transit are unknown, and with them the parking that hangs on them"


def test_a_run_with_all_sources_is_told_nothing() -> None:
    assert unreached(resolve("demo")) == []


@pytest.mark.parametrize(
    ("gone", "what"),
    [
        ({"streets": None}, "any streets (sources.streets)"),
        ({"stops": {}}, "stops and their timetable (sources.stops)"),
        ({"amenities": {}}, "any amenities (sources.amenities)"),
    ],
)
def test_every_source_of_what_is_reached_is_told_where_it_is_not_given(gone: dict[str, Any], what: str) -> None:
    told = unreached(without(resolve("demo"), **gone))
    assert told[0].startswith(f"without {what} no place is known to meet ")
    assert all(one.startswith(f"without {what} ") for one in told)
    assert [one for one in told if translated(one, "nl", of="faults").startswith(("without", "zonder a "))] == []


def test_areas_without_the_statistic_that_is_asked_are_told() -> None:
    study = resolve("demo")
    areas = study.settings.sources.areas.model_copy(update={"buurten": None})
    assert any("without sources.areas.buurten the score of" in one for one in unreached(without(study, areas=areas)))


def test_a_check_tells_it_in_the_language_of_the_reader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flexsites.runs.prepare.check_inputs", lambda *_, **__: Checked([], ()))
    assert run(monkeypatch, "check", "kampen_sweep", "--lang", "nl") == 0
    told = " ".join("".join(capsys.readouterr()).split())
    assert "niet bereikt: zonder een dienstregeling (sources.stops) is van geen plek bekend dat zij voldoet aan" in told
