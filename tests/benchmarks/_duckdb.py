"""DuckDB with its spatial extension, a peer of several subjects: opened, and tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TRIED_M2 = 2.0


def spatial_base(threads: int | None = None) -> Any:
    """Open a base in memory that knows geometries; the extension is the one that pip installed."""
    import duckdb  # noqa: PLC0415 - a peer, absent where it is not installed
    import duckdb_extension_spatial  # noqa: PLC0415

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    limits = {} if threads is None else {"threads": threads}
    base = duckdb.connect(config={"allow_unsigned_extensions": "true"} | limits)
    base.load_extension(str(extension))
    return base


def try_duckdb() -> None:
    """Ask one area: the extension must be of this DuckDB's version to load, and answer."""
    with spatial_base(1) as base:
        found = base.execute("SELECT ST_Area(ST_MakeEnvelope(0, 0, 1, 2))").fetchone()[0]
    if found != TRIED_M2:
        message = f"ST_Area gives {found} of 1 by 2"
        raise ValueError(message)
