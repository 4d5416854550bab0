"""What METHOD asks of every target group, whichever file it stands in."""

from __future__ import annotations

import pytest

from flexsites.config.access import Measures, TravelTime
from flexsites.config.load import configs_directory, read_model
from flexsites.config.suitability import TargetGroup

GROUPS = sorted((configs_directory() / "target_groups").glob("*.yaml"))


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: path.stem)
def test_who_has_no_car_must_reach_work_or_study_in_time_and_who_has_one_need_not(path) -> None:
    """[P], METHOD 4: and only of those without a car is public transport asked."""
    group = read_model(path, TargetGroup)
    measures = read_model(configs_directory() / "measures.yaml", Measures)
    timed = {measure.id for measure in measures.measures if isinstance(measure, TravelTime)}
    asked = [criterion for one in group.requirements for criterion in one.any_of if criterion.measure in timed]
    assert bool(asked) == (group.has_car is False)
    assert all(criterion.at_most is not None and float(criterion.at_most) <= 60 for criterion in asked)
