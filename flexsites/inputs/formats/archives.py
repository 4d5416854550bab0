"""Files within zips: which of them a source means, also in a zip within a zip, and all parts of one delivery.

A register delivers one object type as thousands of files in one zip: together they are one source. What a system puts
beside the data (``__MACOSX``, names that begin with ``._``) is no data.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats import files

_FEATURES = (".gpkg", ".geojson", ".json", ".shp", ".gml", ".xml", ".fgb", ".parquet", ".geoparquet")
_ABOUT = ("xml", "json")
_SHOWN = 6
_PART = re.compile(r"-\d{6}\.[^.]+$")


def features_of(path: str, layer: str | None, *, where: str, scratch: Path) -> tuple[Path, ...]:
    """Return the files of features that a path means: itself, or those of a zip, unpacked.

    Parameters
    ----------
    path
        A file, a zip, or a path into a zip (`bgt.zip/bgt_wegdeel.gml`, `extract.zip/9999PND.zip`); of a delivery in
        numbered parts the name that they share means all of them.
    layer
        Chooses among several files of a zip that are named by layers.
    where
        What to name in an error.
    scratch
        Where members are unpacked.

    Raises
    ------
    InputError
        If the zip cannot be read, or not one delivery fits.
    """
    archive, member = files.split_archive(path)
    if not archive.lower().endswith(".zip"):
        return (Path(path),)
    names = _names(archive, where)
    if member is not None and member.lower().split(".zip/")[0].removesuffix(".zip") != member.lower():
        inner, _, rest = _split_inner(member)
        if inner not in names:
            raise _unfit([], names, archive, where)
        found = files.unpack(archive, inner, scratch)
        return features_of(f"{found}/{rest}" if rest else str(found), layer, where=where, scratch=scratch)
    fitting = [name for name in meant(names, member) if _holds_features(name)]
    packed = [name for name in names if name.lower().endswith(".zip")]
    if not fitting and member is None and len(packed) == 1:
        return features_of(str(files.unpack(archive, packed[0], scratch)), layer, where=where, scratch=scratch)
    chosen = _one_delivery(_of_layer(fitting, layer))
    if not chosen:
        raise _unfit(fitting, names, archive, where)
    for name in chosen:
        _unpack_siblings(archive, name, names, scratch)
    return tuple(files.unpack(archive, name, scratch) for name in chosen)


def _names(archive: str, where: str) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(Fault(f"cannot be read as a zip ({error})", where, "fetch the file again")) from error
    return [name for name in names if is_data(name)]


def is_data(name: str) -> bool:
    """Whether a member is data, not what a system keeps beside it.

    Examples
    --------
    >>> [is_data(name) for name in ("plans.shp", "__MACOSX/._plans.shp", "map/._plans.shp", "map/")]
    [True, False, False, False]
    """
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.endswith("/") and "__MACOSX" not in parts and not parts[-1].startswith("._")


def _holds_features(name: str) -> bool:
    """Whether a member may hold features; what tells about another file (`plans.shp.xml`) does not."""
    stem, dot, suffix = name.lower().rpartition(".")
    return dot + suffix in _FEATURES and not (suffix in _ABOUT and stem.endswith(_FEATURES))


def _split_inner(member: str) -> tuple[str, str, str]:
    head, dot, rest = member.partition(".zip/")
    return (head + ".zip", dot, rest) if dot else (member, "", "")


def _of_layer(names: list[str], layer: str | None) -> list[str]:
    if len(names) > 1 and layer is not None:
        for fits in (str.__eq__, str.endswith, str.__contains__):
            names = [n for n in names if fits(Path(n).stem.lower().replace("_", " "), f" {layer.lower()}")] or names
    return names


def _one_delivery(names: list[str]) -> list[str]:
    """Return the files if they are one, or the numbered parts of one delivery; else none.

    Examples
    --------
    >>> _one_delivery(["9999PND01012026-000002.xml", "9999PND01012026-000001.xml"])
    ['9999PND01012026-000001.xml', '9999PND01012026-000002.xml']
    >>> _one_delivery(["a.gpkg", "b.gpkg"]), _one_delivery(["9999PND01012026-000001.xml", "9999VBO01012026-000001.xml"])
    ([], [])
    """
    if len(names) == 1:
        return names
    stems = {delivery_of(name) for name in names}
    return sorted(names) if len(stems) == 1 else []


def meant(names: Sequence[str], member: str | None) -> list[str]:
    """Return the files that a path into a zip means: the one of that name, else all parts of a delivery that share it.

    Parts are numbered in six digits: `map_2024.gml` is a map of another year, no part of `map.gml`.

    Examples
    --------
    >>> parts = ["pand-000001.gml", "pand-000002.gml", "map_2024.gml"]
    >>> meant(parts, "pand.gml"), meant(parts, "map.gml"), meant([*parts, "pand.gml"], "pand.gml")
    (['pand-000001.gml', 'pand-000002.gml'], [], ['pand.gml'])
    """
    if member is None or member in names:
        return [name for name in names if member in (None, name)]
    return [name for name in names if _PART.search(name) and delivery_of(name) == member]


def delivery_of(name: str) -> str:
    """Return the name that all numbered parts of one delivery share.

    Examples
    --------
    >>> delivery_of("9999PND01012026-000001.xml"), delivery_of("plans.gml")
    ('9999PND01012026.xml', 'plans.gml')
    """
    return re.sub(r"[-_]\d+(?=\.[^.]+$)", "", name)


def _unpack_siblings(archive: str, name: str, names: list[str], scratch: Path) -> None:
    """Unpack what belongs to a file: a shapefile is several."""
    if name.lower().endswith(".shp"):
        for sibling in names:
            if sibling != name and Path(sibling).with_suffix("") == Path(name).with_suffix(""):
                files.unpack(archive, sibling, scratch)


def _unfit(fitting: list[str], names: list[str], archive: str, where: str) -> InputError:
    shown = fitting[:_SHOWN] or names[:_SHOWN]
    what = f"{len(fitting):,} files fit in this zip ({', '.join(shown)})"
    return InputError(Fault(what, where, f"write which: {archive}/NAME"))
