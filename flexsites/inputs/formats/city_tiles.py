"""Tiles of CityJSON as one sequence of features (CityJSONSeq): a building a line, each once, those of a window."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.tiles import unpacked_tile
from flexsites.inputs.formats.vector import Bounds
from flexsites.tables.whole_files import scratch_folder, whole_file

_DECIMALS = 3
"""Buildings of two tiles are the same if they are so to the millimetre: each tile has an origin of its own."""


@dataclass(slots=True)
class _Written:
    """What was written so far: per building a digest, and the head that all of them follow."""

    head: dict[str, Any] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    n_again: int = 0


def join_city_tiles(paths: Sequence[Path], target: Path, *, window: Bounds | None, where: str) -> tuple[int, int]:
    """Write the buildings of tiles as one sequence.

    Parameters
    ----------
    paths
        The tiles: CityJSON of RD New, packed or not.
    target
        The sequence.
    window
        The window, in RD New; None: everything.
    where
        What to name in an error.

    Returns
    -------
    tuple
        How many buildings there are, and how many came again.

    Raises
    ------
    InputError
        If a tile is no CityJSON, or says otherwise of a building than another tile.
    """
    written = _Written()
    with whole_file(target) as temporary, temporary.open("w", encoding="utf-8") as sink:
        for path in paths:
            about = f"{where}: {path.name}"
            tile = _read(path, target, about)
            try:
                if not written.head:
                    written.head = {**_head_of(tile), "CityObjects": {}, "vertices": []}
                    sink.write(json.dumps(written.head) + "\n")
                for feature in _fresh(tile, written, window, about):
                    sink.write(json.dumps(feature) + "\n")
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                what = f"the tile cannot be read ({type(error).__name__}: {error})"
                raise InputError(Fault(what, about, "fetch again")) from error
    return len(written.known), written.n_again


def _read(path: Path, target: Path, about: str) -> dict[str, Any]:
    with scratch_folder(target.with_suffix(".tiles")) as folder:
        try:
            tile = json.loads(unpacked_tile(path, folder, where=about).read_bytes())
        except (ValueError, RecursionError) as error:
            raise InputError(Fault(f"the tile cannot be read ({error})", about, "fetch again")) from error
    if not isinstance(tile, dict) or tile.get("type") != "CityJSON":
        raise InputError(Fault("the tile is no CityJSON", about, "check the door"))
    return tile


def _head_of(tile: dict[str, Any]) -> dict[str, Any]:
    metadata = {"referenceSystem": tile["metadata"]["referenceSystem"]}
    return {"type": "CityJSON", "version": tile["version"], "transform": tile["transform"], "metadata": metadata}


def _fresh(tile: dict[str, Any], written: _Written, window: Bounds | None, about: str) -> Iterator[dict[str, Any]]:
    """Give the buildings of a tile that meet the window and that no earlier tile had."""
    objects, scale = tile["CityObjects"], np.array(tile["transform"]["scale"])
    places = np.asarray(tile["vertices"], dtype=np.float64).reshape(-1, 3) * scale + tile["transform"]["translate"]
    for name, item in objects.items():
        if item.get("parents"):
            continue
        family = {one: objects[one] for one in _family(name, objects)}
        used = sorted({i for one in family.values() for shape in one.get("geometry", []) for i in _numbers(shape)})
        own = places[used]
        if window is not None and not _meets(own, window):
            continue
        digest = _digest(name, family, own, used)
        if (before := written.known.setdefault(name, digest)) is not digest:
            written.n_again += 1
            if before != digest:
                what = f"{name} is in two tiles and is not the same in {about.rpartition(': ')[2]}"
                remedy = "fetch with --refresh: tiles are of two editions"
                raise InputError(Fault(what, about, remedy))
            continue
        yield _feature(name, family, own, used, written.head["transform"])


def _family(name: str, objects: dict[str, Any]) -> list[str]:
    found = [name]
    for one in found:
        found += [child for child in objects[one].get("children", []) if child in objects and child not in found]
    return found


def _numbers(shape: dict[str, Any]) -> Iterator[int]:
    waiting = [shape["boundaries"]]
    while waiting:
        for one in waiting.pop():
            if isinstance(one, list):
                waiting.append(one)
            else:
                yield one


def _renumbered(boundaries: list[Any], at: dict[int, int]) -> list[Any]:
    return [_renumbered(one, at) if isinstance(one, list) else at[one] for one in boundaries]


def _meets(places: np.typing.NDArray[np.float64], window: Bounds) -> bool:
    """Whether a building meets a window; one without a place may."""
    if not len(places):
        return True
    (west, south), (east, north) = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    return bool(west <= window[2] and east >= window[0] and south <= window[3] and north >= window[1])


def _of(family: dict[str, Any], used: list[int]) -> dict[str, Any]:
    at = {number: i for i, number in enumerate(used)}
    return {
        name: one
        | {"geometry": [g | {"boundaries": _renumbered(g["boundaries"], at)} for g in one.get("geometry", [])]}
        for name, one in family.items()
    }


def _digest(name: str, family: dict[str, Any], own: np.typing.NDArray[np.float64], used: list[int]) -> str:
    told = json.dumps([{one: item.get("attributes") for one, item in family.items()}], sort_keys=True)
    places = np.unique(np.round(own, _DECIMALS), axis=0).tobytes() if used else b""
    return hashlib.sha256(f"{name} {told}".encode() + places).hexdigest()


def _feature(
    name: str,
    family: dict[str, Any],
    own: np.typing.NDArray[np.float64],
    used: list[int],
    transform: dict[str, list[float]],
) -> dict[str, Any]:
    vertices = np.rint((own - transform["translate"]) / transform["scale"]).astype(np.int64).tolist()
    return {"type": "CityJSONFeature", "id": name, "CityObjects": _of(family, used), "vertices": vertices}
