"""Options that a source is given and does not use: they are refused, because who writes one relies on it."""

from __future__ import annotations

from flexsites.config.source_rows import Row, Selection
from flexsites.config.sources import Bag, Sources, Table
from flexsites.config.street_sources import Lines, OsmPbf, Points, Stops
from flexsites.errors import Fault

_MAPPING = tuple(Selection.model_fields)
_MAKES_NOTHING = "leave it out: of these rows nothing else travels on"
_STATES_NOTHING = "leave it out: it is of layers"
_OF_LAYERS = dict.fromkeys(("coverage", "periods", "without_period"), _STATES_NOTHING)
_HAS_KEY = "leave it out: a table has its `key`"
_OF_REGISTER = "leave it out: the register's own columns are read"


def unused_options(sources: Sources) -> list[Fault]:
    """Return a fault for every option that its source does not use.

    Examples
    --------
    >>> unused_options(Sources())
    []
    """
    faults = []
    for name, row in sources.rows().items():
        faults += _of_row(name, row, _unused(name, row))
        if isinstance(row, Bag):
            for key in ("bag_panden", "verblijfsobjecten"):
                faults += _of_row(f"{name}.{key}", getattr(row, key), _of_stock())
    return faults


def _of_row(name: str, row: Row, unused: dict[str, str]) -> list[Fault]:
    given = [option for option in unused if option in row.model_fields_set]
    return [Fault(f"`{option}` has no effect here", f"sources.{name}", unused[option]) for option in given]


def _unused(name: str, row: Row) -> dict[str, str]:
    group = name.split(".", maxsplit=1)[0]
    if group == "buildings" and not isinstance(row, Table):
        return _of_stock()
    if isinstance(row, OsmPbf):
        return {}
    if isinstance(row, Lines):
        return {"keep": _MAKES_NOTHING, "pairs": _MAKES_NOTHING, "id_prefix": _MAKES_NOTHING}
    if isinstance(row, Points | Stops):
        return {"keep": _MAKES_NOTHING, "pairs": _MAKES_NOTHING}
    if isinstance(row, Table):
        return {"id_column": _HAS_KEY, "id_columns": _HAS_KEY, "id_prefix": _HAS_KEY}
    return {} if group == "layers" else _OF_LAYERS


def _of_stock() -> dict[str, str]:
    return {**dict.fromkeys(_MAPPING, _OF_REGISTER), **_OF_LAYERS}
