"""Files that are there whole or not at all, whatever ends the process that writes them, or the machine it runs on.

A file is written under a name of its own beside its place, brought to the disk, and renamed. That name begins with a
dot and says whose it is (``.NAME.PID.part``), so that what a killed run left can be told from everything else.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flexsites.digest import digest

OnWritten = Callable[[Path, Path], None]
"""Told the temporary name of a file that is whole, and the name that it is about to get."""

_told: list[OnWritten] = []


@contextmanager
def noted(on_written: OnWritten) -> Iterator[None]:
    """Have every file told that this process writes whole inside the block."""
    _told.append(on_written)
    try:
        yield
    finally:
        _told.remove(on_written)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name that becomes the path when the block ends well, and is gone when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _half_written(path)
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        _bring_to_disk(temporary)
        for on_written in _told:
            on_written(temporary, path)
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        # Arrow, for one, does not say which file it could not write.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def take_over(source: Path, path: Path, *, may_link: bool = True) -> None:
    """Have a file here too that stands elsewhere: the same bytes on the disk where it can be, else a copy.

    Tables are replaced, never written into, so that what becomes of the one leaves the other as it is.

    Parameters
    ----------
    source, path
        Where it stands, and where it is to stand.
    may_link
        Whether that holds of it; what is written over in its place is copied.
    """
    with whole_file(path) as temporary:
        if not (may_link and _linked(source, temporary)):
            shutil.copyfile(source, temporary)


def _linked(source: Path, path: Path) -> bool:
    """Have the same bytes under another name too, and return whether that can be: not on another disk."""
    try:
        os.link(source, path)
    except OSError:
        return False
    return True


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside a path for what is needed to write it; it is gone when the block ends."""
    folder = _half_written(path)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: object) -> None:
    """Write JSON, keys sorted, whole or not at all."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, default=str)
    write_whole(path, text.encode())


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Write what a run remembers as JSON, with a seal: one bit that changes on the disk is found."""
    write_json(path, {"content": content, "seal": _seal(content)})


def read_state(path: Path) -> dict[str, Any] | None:
    """Read what :func:`write_state` wrote; None where there is none, or it is not what was written: it is rebuilt."""
    try:
        return state_of(path.read_bytes())
    except FileNotFoundError:
        return None


def state_of(written: bytes) -> dict[str, Any] | None:
    """Return what the bytes say that :func:`write_state` wrote; None where they are not what was written."""
    try:
        found = json.loads(written)
        content = found["content"]
        return content if isinstance(content, dict) and found["seal"] == _seal(content) else None
    except (ValueError, TypeError, KeyError):
        return None


def _seal(content: Mapping[str, Any]) -> str:
    return digest(json.loads(json.dumps(content, default=str)))


def _half_written(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _bring_to_disk(path: Path) -> None:
    """Have the system write what it still holds of a file: a power cut may leave its new name and none of its bytes."""
    number = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
