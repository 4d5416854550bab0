"""All tables by name, and whether the files of a run have the columns that this version defines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from flexsites import tables
from flexsites.errors import Fault, InputError
from flexsites.tables.contract import Table
from flexsites.tables.summary_tables import SUMMARIES

__all__ = ["require_columns", "table_of"]

_DEFINED: dict[str, Table] = {
    **{table.name: table for table in vars(tables).values() if isinstance(table, Table)},
    **{table.name: table for table in SUMMARIES.values()},
}


def table_of(schema: pa.Schema) -> Table | None:
    """Return the table that a file says it holds; None: it says none, or one that is not defined here."""
    return _DEFINED.get((schema.metadata or {}).get(b"flexsites_table", b"").decode())


def require_columns(directory: Path, names: Iterable[str]) -> None:
    """Refuse tables of a run that an earlier version wrote without columns that are read now.

    Parameters
    ----------
    directory
        Of the run.
    names
        Its tables, by the names of their files; those that are not there are passed over.

    Raises
    ------
    InputError
        Naming every column that is missing.
    """
    lacking: list[str] = []
    for path in (directory / f"{name}.parquet" for name in names):
        if path.is_file():
            schema = pq.read_schema(path)
            table = table_of(schema)
            lacking += [f"{path.stem}.{one}" for one in (table.columns if table else ()) if one not in schema.names]
    if lacking:
        what = f"another version of flexsites wrote this run, without {', '.join(lacking)}"
        raise InputError(Fault(what, str(directory), "run it again with this version"))
