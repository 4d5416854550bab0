"""What facilities with a capacity offer on the places of a finished run: read, told, written."""

from __future__ import annotations

from pathlib import Path

from flexsites.accessibility.catchment import share_capacity
from flexsites.accessibility.contract_streets import open_access
from flexsites.config.catchment import Catchment as Reach
from flexsites.config.load import read_model
from flexsites.config.shelf import shelf_of
from flexsites.inputs.land.facilities import read_facilities, read_residents
from flexsites.reporting.results import open_results
from flexsites.tables import Frame
from flexsites.tables.catchment_tables import Catchment
from flexsites.tables.files import write_table

__all__ = ["run_catchment"]


def run_catchment(directory: Path, facilities: Path, residents: Path) -> tuple[Frame, Reach]:
    """Tell what facilities offer on each place, and write it to ``catchment/catchment.parquet`` of the run.

    The reach is one's own (``flexsites_config/catchment.yaml`` beside the facilities), else the shipped one.

    Parameters
    ----------
    directory
        A finished run with its prepared inputs (``canonical``).
    facilities, residents
        See :mod:`flexsites.inputs.land.facilities`.

    Returns
    -------
        The table, and the reach that it was made with.

    Raises
    ------
    InputError
        If one of them cannot be read, or the run has no prepared streets.
    """
    reach = read_model(shelf_of(facilities, None).file("catchment.yaml"), Reach)
    access = open_access(directory / "canonical" / "access")
    told = share_capacity(
        open_results(directory).table("pieces"), read_facilities(facilities), read_residents(residents),
        access=access, reach=reach,
    )  # fmt: skip
    (directory / "catchment").mkdir(exist_ok=True)
    write_table(told, Catchment, directory / "catchment" / "catchment.parquet")
    return told, reach
