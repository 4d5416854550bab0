"""Through a register in tiles: its index, the tiles that meet the window, and one GeoPackage of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import requests

from flexsites.config.addresses import known_by, without_secrets
from flexsites.config.presets import Door
from flexsites.digest import digest
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.fetch.cache import Answer, Cache
from flexsites.inputs.formats.city_tiles import join_city_tiles
from flexsites.inputs.formats.download import ask_edition
from flexsites.inputs.formats.facts import Facts, facts_of, keep_facts
from flexsites.inputs.formats.tiles import IndexColumns, Tile, join_tiles, tiles_in
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, answer_of

_MOST_ASKED = 3
"""Of so many tiles it is asked how long they are, before they are fetched."""


def bring_tiles(door: Door, name: str, window: Bounds | None, cache: Cache, *, told: Told | None) -> Answer:
    """Return the tiles that meet a window as one GeoPackage; tiles that came before are not asked again.

    Raises
    ------
    InputError
        If the index or a tile cannot be fetched or read, or a tile is not what the index says.
    """
    assert door.address is not None  # noqa: S101 - its kind has one
    index = cache.file(door.address, told=told)
    tiles = _chosen(door, index.files[0], name, window)
    if not tiles:
        raise InputError(Fault("no tile of the index meets the window", name, "take another door"))
    answers = [cache.file(one.address, told=told, sha256=one.sha256) for one in tiles]
    paths = [answer.files[0] for answer in answers]
    asked = sorted(f"{known_by(one.address)} {one.sha256}" for one in tiles)
    key = digest([known_by(door.address), list(door.layers), window, asked], length=16)
    is_city = door.format == "cityjson"
    target = cache.folder / "services" / f"{key}{'.jsonl' if is_city else '.gpkg'}"
    if cache.refresh or facts_of(target) is None:
        if is_city:
            n_rows, n_again = join_city_tiles(paths, target, window=window, where=name)
        else:
            id_column = str(door.parameters.get("id", "identificatie"))
            n_rows, n_again = join_tiles(
                paths, target, layers=door.layers, id_column=id_column, window=window,
                scratch=cache.folder / "scratch", where=name,
            )  # fmt: skip
        host = without_secrets(door.address)
        notes = [f"{counted(len(paths), 'tile that meets', 'tiles that meet')} the window, of {host}"]
        notes += (
            [counted(n_again, "feature came twice and counts once", "features came twice and count once")]
            if n_again
            else []
        )
        facts = Facts(
            dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            etag=index.facts[0].etag,
            last_modified=index.facts[0].last_modified,
            n_rows=n_rows,
            n_bytes_sent=sum(path.stat().st_size for path in (*index.files, *paths)),
            window=window,
            notes=tuple(notes),
        )
        keep_facts(target, facts)
    known = facts_of(target)
    assert known is not None  # noqa: S101 - it was just kept
    return Answer((target,), (known,), "tiles")


def _chosen(door: Door, index: Path | bytes, name: str, window: Bounds | None) -> tuple[Tile, ...]:
    stated = door.parameters
    columns = IndexColumns(str(stated["column"]), str(stated["sha256"]) if "sha256" in stated else None)
    return tiles_in(index, door.address or "", columns, window=window, where=f"{name}, {Path(door.address or '').name}")


def size_of_tiles(door: Door, name: str, window: Bounds | None, cache: Cache, *, session: requests.Session) -> str:
    """Return how many tiles would come, and about how much.

    Raises
    ------
    InputError
        If the index cannot be fetched or read.
    """
    assert door.address is not None  # noqa: S101 - its kind has one
    held = cache.file_path(door.address)
    index: Path | bytes = held if held.exists() else answer_of(session, door.address)[0]
    tiles = _chosen(door, index, name, window)
    sizes = [ask_edition(one.address, session=session).n_bytes for one in tiles[:_MOST_ASKED]]
    known = [size for size in sizes if size is not None]
    if not known:
        return f"{counted(len(tiles), 'tile;', 'tiles;')} it is not told how large"
    megabytes = max(1, round(sum(known) / len(known) * len(tiles) / 1e6))
    return f"{counted(len(tiles), 'tile,', 'tiles,')} about {megabytes:,} MB"
