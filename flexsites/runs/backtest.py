"""A back-test of a finished run on realised projects: read, told, written."""

from __future__ import annotations

from pathlib import Path

from flexsites.capacity.programmes import mixes_of
from flexsites.config.resolved import read_resolved, settings_of
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
    settings = settings_of(read_resolved(directory), str(directory))
    programmes = settings.programmes
    mixes = mixes_of(programmes, settings.dwelling_types, settings.layout)
    densities = {
        name: (mixes[name].per_ha_gross(one.fsi.low.value), mixes[name].per_ha_gross(one.fsi.high.value))
        for name, one in programmes.items()
    }
    groups = {one.id: one.target_groups for one in settings.flexmilieus}
    told = backtest(read_projects(projects), results, groups=groups, densities=densities)
    write_table(told, Backtest, directory / "backtest" / "backtest.parquet")
    return told
