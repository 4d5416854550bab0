"""Homes in vacant buildings: read, told, written. It needs no run."""

from __future__ import annotations

from pathlib import Path

from flexsites.capacity.transformation import transform
from flexsites.config.load import read_model
from flexsites.config.shelf import shelf_of
from flexsites.config.transformation import Transformation as Figures
from flexsites.inputs.land.vacant import read_vacant
from flexsites.tables import Frame
from flexsites.tables.files import write_table
from flexsites.tables.transformation_tables import Transformation

__all__ = ["run_transformation"]


def run_transformation(vacant: Path, folder: Path) -> Frame:
    """Tell how many homes vacant buildings may hold, and write it to ``transformation.parquet`` in a folder.

    Figures are one's own (``flexsites_config/transformation.yaml`` beside the list), else the shipped ones.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    figures = read_model(shelf_of(vacant, None).file("transformation.yaml"), Figures)
    told = transform(read_vacant(vacant), figures=figures)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(told, Transformation, folder / "transformation.parquet")
    return told
