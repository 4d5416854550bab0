"""A back-test of a finished run on realised projects: read, told, written."""

from __future__ import annotations

from pathlib import Path

from flexsites.capacity.programmes import mixes_of
from flexsites.config.dwellings import DwellingType, LayoutStandard
from flexsites.config.plain_yaml import load_plain
from flexsites.config.suitability import Flexmilieu
from flexsites.inputs.land.projects import read_projects
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.backtest import backtest
from flexsites.tables import Frame
from flexsites.tables.backtest_tables import Backtest
from flexsites.tables.files import write_table


def run_backtest(directory: Path, projects: Path) -> Frame:
    """Tell what a run says of the places where projects stand, and write it to ``backtest.parquet`` of the run.

    Parameters
    ----------
    directory
        A finished run.
    projects
        See :func:`flexsites.inputs.land.projects.read_projects`.

    Raises
    ------
    InputError
        If either cannot be read.
    """
    results = open_results(directory)
    content = load_plain((directory / "run.yaml").read_text(encoding="utf-8"))
    flexmilieus = [Flexmilieu.model_validate(one) for one in content["flexmilieus"]]
    dwelling_types = {name: DwellingType.model_validate(one) for name, one in content["dwelling_types"].items()}
    programmes = {one.id: one.programme for one in flexmilieus}
    mixes = mixes_of(programmes, dwelling_types, LayoutStandard.model_validate(content["layout"]))
    densities = {
        name: (mixes[name].per_ha_gross(one.fsi.low.value), mixes[name].per_ha_gross(one.fsi.high.value))
        for name, one in programmes.items()
    }
    groups = {one.id: one.target_groups for one in flexmilieus}
    told = backtest(read_projects(projects), results, groups=groups, densities=densities)
    write_table(told, Backtest, directory / "backtest" / "backtest.parquet")
    return told
