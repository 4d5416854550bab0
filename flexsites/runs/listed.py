"""Questions asked of a list of one's own: read, answered, written. They need no run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flexsites.capacity.gardens import homes_in_gardens
from flexsites.capacity.splitting import split_dwellings
from flexsites.capacity.transformation import transform
from flexsites.config.base import Model
from flexsites.config.gardens import Gardens as GardenFigures
from flexsites.config.homelessness import Homelessness as ShortageFigures
from flexsites.config.load import read_model
from flexsites.config.shelf import shelf_of
from flexsites.config.splitting import Splitting as SplittingFigures
from flexsites.config.transformation import Transformation as TransformationFigures
from flexsites.inputs.land.homelessness import COUNTS_TEMPLATE, read_counts
from flexsites.inputs.land.vacant import VACANT_TEMPLATE, read_vacant
from flexsites.inputs.stock.listed_dwellings import DWELLINGS_TEMPLATE, read_dwellings
from flexsites.inputs.stock.listed_gardens import GARDENS_TEMPLATE, read_gardens
from flexsites.suitability.shortage import demand_of, homes_short
from flexsites.tables import Frame, Table
from flexsites.tables.files import read, write_table
from flexsites.tables.gardens_tables import GardenHomes
from flexsites.tables.homelessness_tables import HomesShort
from flexsites.tables.splitting_tables import Splitting
from flexsites.tables.transformation_tables import Transformation
from flexsites.tables.whole_files import write_whole

__all__ = ["QUESTIONS", "answer_list", "write_demand"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a list.

    Attributes
    ----------
    template
        A list to start from.
    read
        Reads the list.
    figures
        The model of its figures, in the file of its name.
    answer
        Takes the list, and ``figures=``; gives the table.
    table
        What it gives.
    """

    template: str
    read: Callable[[Path], Frame]
    figures: type[Model]
    answer: Callable[..., Frame]
    table: Table


QUESTIONS = {
    "transformation": Question(VACANT_TEMPLATE, read_vacant, TransformationFigures, transform, Transformation),
    "splitting": Question(DWELLINGS_TEMPLATE, read_dwellings, SplittingFigures, split_dwellings, Splitting),
    "gardens": Question(GARDENS_TEMPLATE, read_gardens, GardenFigures, homes_in_gardens, GardenHomes),
    "homelessness": Question(COUNTS_TEMPLATE, read_counts, ShortageFigures, homes_short, HomesShort),
}
"""By the name of the command, of its file of figures, and of its folder, table and page."""


def answer_list(name: str, path: Path, folder: Path) -> Frame:
    """Answer a list, and write the answer to the table of its name in a folder.

    Figures are one's own (``flexsites_config/NAME.yaml`` beside the list), else the shipped ones.

    Raises
    ------
    InputError
        If the list cannot be read.
    """
    asked = QUESTIONS[name]
    figures = read_model(shelf_of(path, None).file(f"{name}.yaml"), asked.figures)
    told = asked.answer(asked.read(path), figures=figures)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(told, asked.table, folder / f"{name}.parquet")
    return told


def write_demand(folder: Path) -> Path:
    """Write the homes that are short, in a folder where they were told, as the demand of a run; return its path."""
    path = folder / "demand.csv"
    write_whole(path, demand_of(read(folder / "homelessness.parquet")).to_csv(index=False).encode())
    return path
