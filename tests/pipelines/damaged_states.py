"""States in which the files of a run may be found, and the files by which it remembers itself, one of each kind."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
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


def kinds_of(directory: Path, *, but: Iterable[str] = ()) -> dict[str, Path]:
    """Return one file of each kind that a run left in its directory, by its place with ids left out."""
    found: dict[str, Path] = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and not any(name.startswith(one) for one in but):
            kind = re.sub(r"(?<=/layers/)[^/]+(?=\.)|(?<=/fields/)[^/]+", "*", _ID.sub("*", f"/{name}"))
            found.setdefault(kind[1:], path)
    return found


def copy_of(directory: Path, target: Path) -> Path:
    """Copy a run where another copy may have been damaged."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(directory, target)
    return target
