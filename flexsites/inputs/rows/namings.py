"""In which way a delivered file names its columns: what a preset leaves open, the file itself tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from flexsites.config.source_rows import Naming, Selection
from flexsites.config.sources import Vector
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.archives import delivery_of
from flexsites.inputs.formats.content import Content, contents_of, members_of
from flexsites.inputs.formats.files import Places, locate, split_archive

_SHOWN = 8
_SHAPEFILE_LETTERS = 10
_LEAST_LETTERS = 6
_NUMBERED = re.compile(r".{8}_\d")
_OF_NAMING = ("has", "also", "looks", "named", "lacks", "member")


def as_delivered(
    name: str, row: Vector | Selection, paths: tuple[str, ...], places: Places
) -> tuple[Vector | Selection, tuple[str, ...]]:
    """Return a source in the naming of its files, and which member of each file is meant.

    Parameters
    ----------
    name
        The source's dotted name, for errors.
    row
        Its configuration; one without namings comes back as it is.
    paths
        Its files.
    places
        What paths refer to.

    Raises
    ------
    InputError
        If a file has the columns of no naming, or two files are not named alike.

    Returns
    -------
        No files, where all of them say that nothing is there.
    """
    if not isinstance(row, Vector) or not row.namings:
        return row, paths
    chosen: list[Naming] = []
    contents: tuple[Content, ...] = ()
    layer: str | None = None
    found: list[str] = []
    for path in paths:
        local = locate(path, places, where=name)
        archive, member = split_archive(local)
        if is_empty_member(row.namings, archive):
            continue
        contents = tuple(one for one in contents_of(Path(archive), member) if _is_asked(row, one))
        naming, content = _choose(row.namings, contents, where=f"{name} ({Path(path).name})")
        chosen.append(naming)
        layer = content.layer
        found.append(content.path if _is_one_member(content, contents) else local)
    if not chosen:
        return row, ()
    if any(one != chosen[0] for one in chosen):
        what = f"{Path(paths[0]).name} and another file name their columns differently"
        raise InputError(Fault(what, name, "give files of one delivery"))
    naming = chosen[0]
    said = {key: getattr(naming, key) for key in naming.model_fields_set if key not in _OF_NAMING}
    said.setdefault("layer", layer if len({one.layer for one in contents}) > 1 else row.layer)
    return row.model_copy(update={**said, "namings": (naming,)}), tuple(found)


def _is_asked(row: Vector, content: Content) -> bool:
    return row.layer is None or content.layer is None or content.layer == row.layer


def _is_one_member(content: Content, contents: Iterable[Content]) -> bool:
    """Whether a layer is in one file of a delivery alone: then that one is meant, not all of them."""
    return {one.path for one in contents if one.layer == content.layer} == {content.path}


def is_empty_member(namings: Iterable[Naming], archive: str) -> bool:
    """Whether a delivery of several files has the one that is meant, and no feature in it."""
    patterns = [naming.member for naming in namings if naming.member is not None]
    if not patterns or not archive.lower().endswith(".zip"):
        return False
    path = Path(archive)
    every = {delivery_of(name) for name in members_of(path)}
    names = [name for name in every if any(fnmatch(name.lower(), pattern) for pattern in patterns)]
    return bool(names) and not any(contents_of(path, name) for name in names)


def naming_of(namings: Iterable[Naming], content: Content) -> Naming | None:
    """Return the first naming that a layer is in; None: it is in none.

    Examples
    --------
    >>> content = Content("a.gpkg", "n2k", frozenset({"naam", "nr"}), has_geometry=True, kind="vector")
    >>> naming_of([Naming(has=("naam_n2k",)), Naming(has=("naam",))], content).has
    ('naam',)
    """
    for naming in namings:
        is_layer = None in (naming.layer, content.layer) or fnmatch(
            str(content.layer).lower(), str(naming.layer).lower()
        )
        spelt = spelt_as(naming, content)
        has_columns = set(spelt.has) <= content.columns and content.columns.isdisjoint(spelt.lacks)
        if is_layer and has_columns and is_named(content, naming.named) and _looks_so(spelt, content):
            return spelt
    return None


def is_named(content: Content, patterns: Iterable[str]) -> bool:
    """Whether the name of a file, or of its layer, fits one of some patterns; of none every name does.

    Examples
    --------
    >>> content = Content("in/NNN_2026.shp", "nnn_2026", frozenset(), has_geometry=True, kind="vector")
    >>> is_named(content, ["*nnn*"]), is_named(content, ["*natura*"]), is_named(content, [])
    (True, False, True)
    """
    names = [Path(content.path).stem.lower(), (content.layer or "").lower()]
    asked = tuple(patterns)
    return not asked or any(fnmatch(name, pattern) for name in names for pattern in asked)


def _looks_so(naming: Naming, content: Content) -> bool:
    """Whether the first values of columns are such as this way of naming has them; one without a value may be."""
    return all(
        content.sample.get(name) is None or any(fnmatch(content.sample[name], pattern) for pattern in patterns)
        for name, patterns in naming.looks.items()
    )


def spelt_as(naming: Naming, content: Content) -> Naming:
    """Return a naming in the letters of a file: capitals differ, and a shapefile keeps ten letters of a name.

    Examples
    --------
    >>> content = Content("a.shp", "a", frozenset({"GEWASCODE", "bodemgebru"}), has_geometry=True, kind="vector")
    >>> spelt_as(Naming(has=("gewascode",), rename={"gewascode": "crop_code"}), content).rename
    {'GEWASCODE': 'crop_code'}
    >>> spelt_as(Naming(has=("bodemgebruik",), keep=("bodemgebruik",)), content).rename
    {'bodemgebru': 'bodemgebruik'}
    >>> alike = Content("a.shp", "a", frozenset({"kadastrale", "kadastra_1"}), has_geometry=True, kind="vector")
    >>> spelt_as(Naming(has=("kadastraleGrootteWaarde",)), alike).has
    ('kadastraleGrootteWaarde',)
    """
    names = {*naming.has, *naming.lacks, *naming.keep, *naming.rename, *naming.where, *naming.single, *naming.periods}
    names |= {*naming.without_period, *(name for pairs in naming.pairs.values() for name in pairs.columns)}
    names |= {*naming.identifying, *naming.looks}
    spelt = _written(sorted(names), naming.also, content)
    if not spelt and naming.layer in (None, content.layer):
        return naming
    kept = {spelt[name]: name for name in naming.keep if name in spelt}
    update: dict[str, object] = {
        "has": tuple(spelt.get(name, name) for name in naming.has),
        "lacks": tuple(spelt.get(name, name) for name in naming.lacks),
        "keep": tuple(name for name in naming.keep if name not in spelt),
        "rename": {**{spelt.get(key, key): one for key, one in naming.rename.items()}, **kept},
        "single": tuple(spelt.get(name, name) for name in naming.single),
        "where": {spelt.get(key, key): one for key, one in naming.where.items()},
        "periods": {spelt.get(key, key): one for key, one in naming.periods.items()},
        "without_period": tuple(spelt.get(name, name) for name in naming.without_period),
        "pairs": {
            ours: pairs.model_copy(
                update={"kind": spelt.get(pairs.kind, pairs.kind), "value": spelt.get(pairs.value or "", pairs.value)}
            )
            for ours, pairs in naming.pairs.items()
        },
        "id_column": spelt.get(naming.id_column or "", naming.id_column),
        "id_columns": tuple(spelt.get(name, name) for name in naming.id_columns),
        "looks": {spelt.get(key, key): one for key, one in naming.looks.items()},
    }
    if naming.layer is not None and content.layer is not None:
        update["layer"] = content.layer
    said = {key: one for key, one in update.items() if key in naming.model_fields_set or (key == "rename" and kept)}
    return naming.model_copy(update=said)


def _written(names: Iterable[str], also: Mapping[str, tuple[str, ...]], content: Content) -> dict[str, str]:
    """Return how a file writes each name that it has, in other letters or by another name; two never share a column."""
    # Of names that are alike in ten letters a shapefile numbers all but the first: which one that is nobody knows.
    numbered = {column.lower()[:-2] for column in content.columns if _NUMBERED.fullmatch(column.lower())}
    is_cut = content.path.lower().endswith(".shp")
    by_letters: dict[str, list[str]] = {}
    for column in content.columns:
        by_letters.setdefault(letters(column), []).append(column)
    cut = [column for column in content.columns if is_cut and len(column) == _SHAPEFILE_LETTERS]
    found: dict[str, str] = {}
    for name in names:
        for one in (name, *also.get(name, ())):
            if one in content.columns:
                columns = [one]
            elif is_cut and one.lower()[: _SHAPEFILE_LETTERS - 2] in numbered:
                continue
            else:
                columns = by_letters.get(letters(one)) or [column for column in cut if _is_cut_of(column, one)]
            if len(columns) == 1:
                found[name] = columns[0]
                break
    taken = list(found.values())
    return {name: one for name, one in found.items() if name != one and taken.count(one) == 1}


def _is_cut_of(column: str, name: str) -> bool:
    """Whether a column of ten letters is the beginning of a name, with its signs or without."""
    if column.lower() == name.lower()[:_SHAPEFILE_LETTERS]:
        return True
    return len(letters(column)) > _LEAST_LETTERS and letters(name).startswith(letters(column))


def letters(name: str) -> str:
    """Return a column's name without capitals, blanks and signs: what is left is the same in every delivery.

    Examples
    --------
    >>> letters("Kadastrale_Grootte-Waarde"), letters("LOKAALID")
    ('kadastralegroottewaarde', 'lokaalid')
    """
    return re.sub(r"[\s_.-]", "", name.lower())


def _choose(namings: tuple[Naming, ...], contents: tuple[Content, ...], *, where: str) -> tuple[Naming, Content]:
    for naming in namings:
        for content in contents:
            if (found := naming_of((naming,), content)) is not None:
                return found, content
    ways = " / ".join(f"({', '.join(naming.has)})" for naming in namings)
    has = "; ".join(f"{one.layer or 'the file'} has {', '.join(sorted(one.columns)[:_SHOWN])}" for one in contents[:3])
    what = f"it is not named as this register is delivered: {has or 'it holds no features'}"
    raise InputError(Fault(what, where, f"give a file with the columns {ways}, or write its entry out with `rename`"))


def fitted(row: Vector | Selection, columns: Iterable[str]) -> Vector | Selection:
    """Return a source without what it says of columns that its file does not have; of no naming: as it is.

    Of an optional element of GML, and of a column that a door leaves out, every value is null.

    Examples
    --------
    >>> row = Vector(reader="vector", about="x", path="a.gml", where={"end": (None,)}, keep=("kind", "gone"),
    ...     namings=(Naming(has=("kind",)),))
    >>> fitted(row, ["kind"]).where, fitted(row, ["kind"]).keep
    ({}, ('kind',))
    """
    if not isinstance(row, Vector) or not row.namings:
        return row
    names = set(columns)
    asked = set(row.namings[0].has)
    ours = {row.rename.get(name, name) for name in names} | set(row.constants)
    update: dict[str, object] = {
        "where": {key: one for key, one in row.where.items() if key in names or None not in one or key in asked},
        "single": tuple(key for key in row.single if key in names),
        "keep": tuple(key for key in row.keep if key in names or key == "*"),
        "rename": {key: one for key, one in row.rename.items() if key in names},
        "recode": {key: one for key, one in row.recode.items() if key in ours},
        "spelled": {key: one for key, one in row.spelled.items() if key in ours},
    }
    return row.model_copy(update=update)
