"""How sure a finished run is: draws of its figures, with its own groups of figures or the shipped ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flexsites.certainty.answers import FOLDER, write_certainty
from flexsites.config.certainty import Certainty, Draws
from flexsites.config.load import configs_directory, read_model
from flexsites.config.resolved import read_resolved
from flexsites.config.study import Study
from flexsites.runs.run import Place
from flexsites.tables.run_directory import adding

__all__ = ["draw", "draw_of_run"]


def draw(directory: Path, *, draws: Draws, report: Callable[[str], None] = lambda _: None) -> Path:
    """Draw the figures of a finished run; return the folder of its tables of certainty.

    Its groups of figures are those of its resolved configuration, else the shipped ones.

    Raises
    ------
    InputError
        If the directory holds no finished run of parcels.
    """
    with adding(directory):
        write_certainty(directory, certainty=_groups(directory), draws=draws, report=report)
    return directory / FOLDER


def draw_of_run(place: Place, study: Study) -> None:
    """Draw the figures of a run that asks for it, before its manifest is written."""
    if study.run.certainty is not None and study.certainty is not None:
        write_certainty(place.directory, certainty=study.certainty, draws=study.run.certainty)


def _groups(directory: Path) -> Certainty:
    content = read_resolved(directory)
    if "certainty" in content:
        return Certainty.model_validate(content["certainty"])
    return read_model(configs_directory() / "certainty.yaml", Certainty)
