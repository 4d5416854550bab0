"""States in which the files of a run may be found, and the files by which it remembers itself, one of each kind."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_ID = re.compile(r"\d+(_\d+)+|[0-9a-f]{12,}")


def _missing(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _first_bit(path: Path) -> None:
    _flip(path, 0.0)


def _middle_bit(path: Path) -> None:
    _flip(path, 0.5)


def _last_bit(path: Path) -> None:
    _flip(path, 1.0)


def _flip(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[round((len(content) - 1) * where)] ^= 1
    path.write_bytes(content)


def _another_kind(path: Path) -> None:
    path.write_bytes(b"[]")


def _of_another(path: Path) -> None:
    """Put a sound file of the same kind in its place: one that says other things."""
    others = sorted(one for one in path.parent.glob(f"*{path.suffix}") if one != path and one.is_file())
    path.write_bytes(others[0].read_bytes() if others else b"{}")


def _a_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _refused(path: Path) -> None:
    path.chmod(0)


STATES: dict[str, Callable[[Path], None]] = {
    "missing": _missing, "emptied": _emptied, "cut off": _cut_off, "first bit": _first_bit, "middle bit": _middle_bit,
    "last bit": _last_bit, "another kind": _another_kind, "of another": _of_another, "a folder": _a_folder,
    "refused": _refused,
}  # fmt: skip
"""Ways in which a file comes to be other than the run left it; who is root is refused nothing."""


UNREAD = ("missing", "a folder")
"""The states of a file that nothing opens: whether it is there may still be asked."""


def kinds_of(directory: Path, *, but: Iterable[str] = (), first: Collection[Path] = ()) -> dict[str, Path]:
    """Return one file of each kind that a run left in its directory, by its place with ids left out.

    Of several of a kind one of those that are named goes first.
    """
    found: dict[str, Path] = {}
    for path in sorted(directory.rglob("*"), key=lambda one: (one not in first, one)):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and not any(name.startswith(one) for one in but):
            kind = re.sub(r"(?<=/layers/)[^/]+(?=\.)|(?<=/fields/)[^/]+", "*", _ID.sub("*", f"/{name}"))
            found.setdefault(kind[1:], path)
    return found


def copy_of(directory: Path, target: Path) -> Path:
    """Copy a run where another copy may have been damaged: what is still as it was copied is left."""
    theirs = {path.relative_to(directory): path for path in directory.rglob("*") if path.is_file()}
    for path in sorted(target.rglob("*"), reverse=True):  # what a folder holds before the folder
        name = path.relative_to(target)
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()) and not (directory / name).is_dir():
                path.rmdir()
        elif name not in theirs or _look(path) != _look(theirs[name]):
            path.unlink()
    for path in directory.rglob("*"):
        if path.is_dir():
            (target / path.relative_to(directory)).mkdir(parents=True, exist_ok=True)
    for name, path in theirs.items():
        if not (target / name).exists():
            shutil.copy2(path, target / name)
    return target


def _look(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_mode


_IN_OPEN, _EVENT = 0x20, struct.Struct("iIII")


@contextmanager
def opened_in(directory: Path) -> Iterator[set[Path]]:
    """Give the set that holds, when this ends, the files below a directory that were opened, whatever opened them."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK)
    folders = [directory, *(path for path in directory.rglob("*") if path.is_dir())]
    watched = {libc.inotify_add_watch(handle, os.fsencode(one), _IN_OPEN): one for one in folders}
    assert min(watched, default=-1) >= 0, "folders cannot be watched here"
    opened: set[Path] = set()
    try:
        yield opened
        opened.update(path for path in _events(handle, watched) if path.is_file())
    finally:
        os.close(handle)


def _events(handle: int, watched: dict[int, Path]) -> Iterator[Path]:
    while True:
        try:
            content = os.read(handle, 1 << 20)
        except BlockingIOError:
            return
        at = 0
        while at < len(content):
            number, mask, _, length = _EVENT.unpack_from(content, at)
            at += _EVENT.size + length
            assert number in watched, f"events were lost ({mask})"
            yield watched[number] / os.fsdecode(content[at - length : at].rstrip(b"\0"))
