"""Where a source's file is: variables, the run file's folder, synthetic places, archives and object stores.

Everything else in this folder is given local paths; only this module knows how they came to be.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import fsspec

from flexsites.config.addresses import known_by, without_secrets
from flexsites.config.load import expand, variables_of
from flexsites.digest import digest
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.download import fetch_file
from flexsites.inputs.formats.locked import Fetched
from flexsites.tables.whole_files import whole_file

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]+://")
_WORLD = "world://"
_CHUNK_BYTES = 1 << 20
_NAME_LENGTH = 100
_BOMB_BYTES, _BOMB_RATIO = 1_000_000_000, 250
"""A member bigger than this, and packed more tightly, is refused: text of registers packs to a tenth or a fiftieth."""

REMOTE = ("fetched", "services")
"""The folders of the scratch folder that hold copies of what is remote: files, and what services answered."""


@dataclass(frozen=True, slots=True)
class Places:
    """What relative paths, `world://` and downloads refer to.

    Attributes
    ----------
    base
        The folder of the run file: relative paths start here.
    scratch
        Where copies of remote files and unpacked archives are kept.
    world
        The folder of the synthetic place, or None when the run has none.
    fetched
        What was fetched for the run before it; None: nothing was, and what is remote is fetched now.
    """

    base: Path
    scratch: Path
    world: Path | None = None
    fetched: Fetched | None = None


def locate(text: str, places: Places, *, where: str, remedy: str | None = None) -> str:
    """Return the local path of a source's file, its `${NAME}` filled in; a remote one is copied to scratch first.

    A path may lead into a zip (`bgt.zip/bgt_wegdeel.gml`); it is returned as such.

    Raises
    ------
    InputError
        If it does not exist, cannot be fetched, or names a synthetic place the run does not have.
    """
    path = str(expand(text))
    if path.startswith(_WORLD):
        if places.world is None:
            raise InputError(Fault(f"{path} names a synthetic place", where, "give the run a `world`, or a real path"))
        found = places.world / path.removeprefix(_WORLD)
    elif _SCHEME.match(path):
        archive, member = split_archive(path)
        held = None if places.fetched is None else places.fetched.file_at(digest(known_by(archive), length=16))
        local = held or fetch(archive, places.scratch, where=where)
        return str(local if member is None else local / member)
    else:
        found = places.base / path
    archive, _ = split_archive(str(found))
    if not Path(archive).exists():
        raise InputError(Fault("no such file", f"{where}: {found}", remedy or _remedy(path)))
    if not Path(archive).is_file() and not Path(archive).is_dir():
        # A device or a pipe may never end.
        raise InputError(Fault("neither a file nor a folder", f"{where}: {found}", _remedy(path)))
    return str(found)


def is_remote(path: str) -> bool:
    """Whether a path, as it is written, leads off this machine.

    Examples
    --------
    >>> is_remote("https://example.nl/a.gpkg"), is_remote("world://a.gpkg"), is_remote("a.gpkg")
    (True, False, False)
    """
    text = str(expand(path))
    return bool(_SCHEME.match(text)) and not text.startswith(_WORLD)


def _remedy(path: str) -> str:
    """Return what to do about a path that leads nowhere: mend it, or set the variables it is made of."""
    states = [f"{name} ({'is' if name in os.environ else 'is not'} set)" for name in variables_of(path)]
    return f"mend the path, or set {' and '.join(states)}" if states else "mend the path"


def copy_of(url: str, scratch: Path) -> Path:
    """Return where the copy of a remote file is kept in the scratch folder."""
    name = Path(urlsplit(url).path.rstrip("/")).name[-_NAME_LENGTH:]  # no query: it may hold a key, or be long
    return scratch / "fetched" / f"{hashlib.sha256(known_by(url).encode()).hexdigest()[:12]}-{name}"


def fetch(url: str, scratch: Path, *, where: str) -> Path:
    """Copy a remote file to the scratch folder and return the copy; one that is there already is used again."""
    target = copy_of(url, scratch)
    if target.exists() and target.stat().st_size:
        return target
    if url.startswith(("http://", "https://")):
        return fetch_file(url, target)
    with whole_file(target) as temporary:
        try:
            with fsspec.open(url, "rb") as remote, temporary.open("wb") as local:
                shutil.copyfileobj(remote, local, _CHUNK_BYTES)
        except Exception as error:  # every store has errors of its own
            shown = without_secrets(url)
            what = f"cannot be fetched ({type(error).__name__}: {str(error).replace(url, shown)})"
            raise InputError(Fault(what, f"{where}: {shown}", "check the address")) from error
    return target


def split_archive(path: str) -> tuple[str, str | None]:
    """Return the file on disk, and the member within it if the path leads into a zip.

    Examples
    --------
    >>> split_archive("otterlo/bgt.zip/bgt_wegdeel.gml")
    ('otterlo/bgt.zip', 'bgt_wegdeel.gml')
    >>> split_archive("parcels.gpkg")
    ('parcels.gpkg', None)
    """
    head, separator, member = path.partition(".zip/")
    return (head + ".zip", member) if separator else (path, None)


def unpack(archive: str, member: str, scratch: Path) -> Path:
    """Unpack one member of a zip into the scratch folder (GDAL scans GML twice: from a zip that takes minutes).

    Raises
    ------
    InputError
        If the member is damaged, locked with a password, or packed in a way that is not known.
    """
    stat = Path(archive).stat()
    # Files of one folder of the archive stay together (a shapefile is several); two folders may hold the same name.
    known = (Path(archive).resolve(), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, Path(member).parent)
    stamp = hashlib.sha256(":".join(map(str, known)).encode()).hexdigest()[:12]
    target = scratch / "unpacked" / stamp / Path(member).name
    target.parent.mkdir(parents=True, exist_ok=True)
    size = _require_room(archive, member, target.parent)
    if not target.exists() or target.stat().st_size != size:
        # A locked member is a RuntimeError, an unknown way of packing a NotImplementedError, which is one too.
        try:
            with (
                whole_file(target) as temporary,
                zipfile.ZipFile(archive) as packed,
                packed.open(member) as source,
                temporary.open("wb") as local,
            ):
                shutil.copyfileobj(source, local, _CHUNK_BYTES)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            what = f"cannot be unpacked ({error})"
            raise InputError(Fault(what, f"{archive}/{member}", "fetch the archive again, or unpack it")) from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            what = "cannot be unpacked (its list of contents points outside the file)"
            raise InputError(Fault(what, f"{archive}/{member}", "fetch the archive again, or unpack it")) from error
    return target


def _require_room(archive: str, member: str, folder: Path) -> int:
    """Return how long a member is; refuse one that would fill the disk, or that is nothing but repetition."""
    try:
        with zipfile.ZipFile(archive) as packed:
            info = packed.getinfo(member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(Fault(f"cannot be unpacked ({error})", f"{archive}/{member}", "fetch it again")) from error
    require_no_bomb(info, where=f"{archive}/{member}")
    size_gb, room_gb = info.file_size / 1e9, shutil.disk_usage(folder).free / 1e9
    if size_gb > room_gb:
        what = f"unpacks to {size_gb:.1f} GB, and there is room for {room_gb:.1f} GB"
        raise InputError(Fault(what, f"{archive}/{member}", f"make room at {folder}"))
    return info.file_size


def require_no_bomb(info: zipfile.ZipInfo, *, where: str) -> None:
    """Refuse a member of a zip that is nothing but repetition.

    Raises
    ------
    InputError
        If it is.
    """
    if info.file_size > max(_BOMB_BYTES, _BOMB_RATIO * info.compress_size):
        what = f"unpacks {info.compress_size / 1e6:.1f} MB to {info.file_size / 1e9:.1f} GB, as no file of data does"
        raise InputError(Fault(what, where, "unpack it yourself if it is sound"))


def content_of(path: str) -> list[Path]:
    """Return the files that a source's path stands for: the file, the archive around it, all files of a folder."""
    found = Path(split_archive(path)[0])
    return sorted(one for one in found.rglob("*") if one.is_file()) if found.is_dir() else [found]


def sha256(path: str) -> str:
    """Return the SHA-256 of a file (of the whole archive, for a member of a zip; of all files, for a folder).

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     sha256(empty.name)[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    for one in content_of(path):
        if str(one) != split_archive(path)[0]:
            digest.update(f"{one.relative_to(path)}\0{one.stat().st_size}\0".encode())
        try:
            with one.open("rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
        except OSError as error:
            raise InputError(Fault(f"cannot be read ({error.strerror})", str(one), "check its permissions")) from error
    return digest.hexdigest()
