"""Shipped configuration to read, or to copy into a folder of one's own and change."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from flexsites.config.load import configs_directory
from flexsites.config.schemas import MODELS, schema_name
from flexsites.config.shelf import Shelf
from flexsites.errors import ConfigError, Fault, NotFoundError

_ID = re.compile(r"^id: \S+", re.MULTILINE)


def names(shelf: Shelf) -> dict[str, Path]:
    """Return every file of configuration by its name within configs/, such as ``flexmilieus/campus``; runs too.

    Examples
    --------
    >>> "rules/exclusion/pbl_2020" in names(Shelf()), "measures" in names(Shelf())
    (True, True)
    """
    found: dict[str, Path] = {}
    for folder in (configs_directory(), *((shelf.own,) if shelf.own else ())):
        for path in sorted(folder.rglob("*.yaml")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            found[name] = path
    return dict(sorted(found.items()))


def named(name: str, shelf: Shelf) -> tuple[str, Path]:
    """Return the whole name and the file of a name, which may leave out the folder where only one has it.

    Raises
    ------
    NotFoundError
        If there is none, or several, naming them.
    """
    known = names(shelf)
    asked = name.removesuffix(".yaml").removeprefix("configs/")
    fits = [one for one in known if one == asked] or [one for one in known if PurePosixPath(one).name == asked]
    if len(fits) == 1:
        return fits[0], known[fits[0]]
    if fits:
        raise NotFoundError(Fault(f"'{name}' is the name of several files", "configs", f"use one of {', '.join(fits)}"))
    raise NotFoundError(Fault(f"there is no '{name}'", "configs", "`flexsites config show` lists the names"))


def copy(name: str, folder: Path, *, shelf: Shelf, new_id: str | None = None) -> Path:
    """Copy a file of configuration into a folder of one's own, with the schema that guides an editor; return it.

    Parameters
    ----------
    name
        As :func:`named` takes it.
    folder
        The folder of one's own; made where it is not there.
    shelf
        What may be copied.
    new_id
        The id and file name of the copy, which then stands beside the original; None: its own, in its place.

    Raises
    ------
    ConfigError
        If there is a file of that name already, or a new id is given to what has none.
    NotFoundError
        If there is nothing of the name.
    """
    whole, source = named(name, shelf)
    text = source.read_text(encoding="utf-8")
    if new_id is not None:
        if not _ID.search(text):
            fault = Fault(f"{whole} has no id that could be another", whole, "leave --as out: the copy takes its place")
            raise ConfigError(fault)
        text = _ID.sub(f"id: {new_id}", text, count=1)
    place = PurePosixPath(whole)
    target = folder / place.parent / f"{new_id or place.name}.yaml"
    if target.exists():
        raise ConfigError(Fault("there is a file already", str(target), "change that one, or remove it first"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    pattern = next((one for one in MODELS if PurePosixPath(f"{whole}.yaml").match(one)), None)
    if pattern is not None:
        lend_schema(pattern, folder)
    return target


def lend_schema(pattern: str, folder: Path) -> Path:
    """Write the schema of some files (``runs/*.yaml``) into a folder of one's own, where editors find it; return it."""
    schema = configs_directory() / "schemas" / f"{schema_name(pattern)}.json"
    lent = folder / "schemas" / schema.name
    lent.parent.mkdir(parents=True, exist_ok=True)
    lent.write_text(schema.read_text(encoding="utf-8"), encoding="utf-8")
    return lent
