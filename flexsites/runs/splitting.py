"""Homes that large homes become when they are split: read, told, written. It needs no run."""

from __future__ import annotations

from pathlib import Path

from flexsites.capacity.splitting import split_dwellings
from flexsites.config.load import read_model
from flexsites.config.shelf import shelf_of
from flexsites.config.splitting import Splitting as Figures
from flexsites.inputs.stock.listed_dwellings import read_dwellings
from flexsites.tables import Frame
from flexsites.tables.files import write_table
from flexsites.tables.splitting_tables import Splitting

__all__ = ["run_splitting"]


def run_splitting(dwellings: Path, folder: Path) -> Frame:
    """Tell how many homes a list of homes may become, and write it to ``splitting.parquet`` in a folder.

    Figures are one's own (``flexsites_config/splitting.yaml`` beside the list), else the shipped ones.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    figures = read_model(shelf_of(dwellings, None).file("splitting.yaml"), Figures)
    told = split_dwellings(read_dwellings(dwellings), figures=figures)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(told, Splitting, folder / "splitting.parquet")
    return told
