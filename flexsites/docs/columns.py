"""Pages of the tables: every column of every table, as its field says it. Nothing of it is written by hand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from flexsites import tables
from flexsites.docs.page import NOTHING, Page, code, first_sentence, one_of, table
from flexsites.tables import Table
from flexsites.tables.field import Field

GROUP = "Tables"

_DTYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true` or `false`",
    "list": "list of texts",
    "geometry": "geometry",
}
_KINDS = {"extensive": "summed over sites", "intensive": "never summed"}


def table_pages() -> list[Page]:
    """Return the page that lists all tables, and one page per module that defines some."""
    pages, listed = [], []
    for module, theirs in _modules():
        name = _page_name(module)
        title = module.__name__.rpartition(".")[2].replace("_", " ").capitalize()
        parts = [f"# {title}", first_sentence(module.__doc__)]
        for one in theirs:
            parts += [f"## {one.name}", _about(one), _columns(one)]
            keys = ", ".join(code(key) for key in one.key)
            listed.append((f"[{one.name}]({name}.md#{one.name.lower()})", keys or NOTHING, str(len(one.fields))))
        pages.append(Page(name, title, GROUP, "\n\n".join(parts) + "\n"))
    text = (
        "# Tables\n\nEvery table of a run, its key and the number of its columns. The files carry the same words: "
        "the description, unit and meaning of null of a column are in the metadata of each Parquet file. Null is "
        "never *no*: a column says what it means, and one without a meaning is never null. All geometry is in "
        "EPSG:28992 (RD New).\n\n" + table(("table", "key", "columns"), listed)
    )
    return [Page("tables", "All tables", GROUP, text), *pages]


def all_tables() -> list[Table]:
    """Return every table that the package defines, in the order of the modules and of their lines."""
    return [one for _, theirs in _modules() for one in theirs]


def columns() -> Iterator[tuple[str, str, str]]:
    """Give every column: its name, its table, and the place where it is told."""
    for module, theirs in _modules():
        for one in theirs:
            for field in one.fields:
                yield field.name, one.name, f"{_page_name(module)}.md#{one.name.lower()}.{field.name}"


def _modules() -> list[tuple[ModuleType, list[Table]]]:
    """Return the modules that define tables, each with its own: a table belongs to the first that has it."""
    found: list[tuple[ModuleType, list[Table]]] = []
    known: set[int] = set()
    for info in pkgutil.iter_modules(tables.__path__):
        module = importlib.import_module(f"{tables.__name__}.{info.name}")
        if not info.name.endswith("_tables"):
            continue
        theirs = [one for one in vars(module).values() if isinstance(one, Table) and id(one) not in known]
        known |= {id(one) for one in theirs}
        found += [(module, theirs)] if theirs else []
    return found


def _page_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")


def _about(one: Table) -> str:
    """Return the key, the geometry and whether further columns travel along, in a sentence."""
    said = [f"One row per {' and '.join(code(key) for key in one.key)}." if one.key else "Without a key."]
    if one.geometry is not None:
        said.append("Geometry of any kind." if one.geometry == "any" else f"Geometry: {one.geometry}.")
    if one.is_open:
        said.append("Further columns of the source travel along.")
    return " ".join(said)


def _columns(one: Table) -> str:
    rows = [
        (
            code(field.name),
            _type(field),
            field.unit or NOTHING,
            field.description,
            field.null or "never null",
            _KINDS.get(field.kind or "", NOTHING),
            field.source or NOTHING,
        )
        for field in one.fields
    ]
    return table(("column", "type", "unit", "what it is", "null means", "adds up", "source"), rows)


def _type(field: Field) -> str:
    """Return the type of a column with its bounds or its words.

    Examples
    --------
    >>> _type(Field("share", "float", "", low=0, high=1)), _type(Field("verdict", "str", "", values=("a", "b")))
    ('number, 0 to 1', '`a` or `b`')
    """
    if field.values:
        return one_of(field.values)
    name = _DTYPES.get(field.dtype, field.dtype)
    if field.low is None and field.high is None:
        return name
    if field.high is None:
        return f"{name}, at least {field.low:g}"
    return f"{name}, at most {field.high:g}" if field.low is None else f"{name}, {field.low:g} to {field.high:g}"
