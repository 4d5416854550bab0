"""The digests by which equal content is recognised: of what JSON can say, of files, and of this package's own code."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_IMPORT = re.compile(rf"^\s*from ({_PACKAGE.name}[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def digest(content: object, *, length: int = 64) -> str:
    """Return the SHA-256 of something JSON can say, keys sorted.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def sha256(path: Path) -> str:
    """Return the SHA-256 of one file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     sha256(Path(empty.name))[:8]
    'e3b0c442'
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests_of(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of files by their names within a folder."""
    return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(paths)}


def are_as_written(digests: Mapping[str, str], root: Path) -> bool:
    """Return whether files of a folder are there and are what they were when they were written, to the last bit.

    Examples
    --------
    >>> are_as_written({}, Path("nowhere")), are_as_written({"a.parquet": "0"}, Path("nowhere"))
    (True, False)
    """
    try:
        return all(sha256(root / name) == digest for name, digest in digests.items())
    except OSError:
        return False


@cache
def code_digest(*modules: str) -> str:
    """Return a digest of the source of modules of this package and of all of it that they import, however deep.

    Examples
    --------
    >>> code_digest("flexsites.errors") == code_digest("flexsites.digest")
    False
    """
    found = hashlib.sha256()
    for path in imported_by(*modules):
        content = path.read_bytes()
        found.update(f"{path.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


def imported_by(*modules: str) -> list[Path]:
    """Return the files of modules of this package and of all of it that they import, sorted.

    Examples
    --------
    >>> [path.name for path in imported_by("flexsites.digest")]
    ['__init__.py', 'digest.py']
    """
    known: set[Path] = set()
    named: set[str] = set()
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if name in named:
            continue  # most are named by many modules: the disk is asked once
        named.add(name)
        for path in _files_of(name):
            if path in known:
                continue
            known.add(path)
            if path == _PACKAGE / "__init__.py":
                continue  # the package's own name gives, when asked, what lies on top; nothing below asks it
            for module, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
                waiting += [module, *(f"{module}.{one}" for one in re.findall(r"\w+", names))]
    return sorted(known)


def _files_of(module: str) -> list[Path]:
    """Return the file of a module and those of the packages it lies in; none for a name that is no module."""
    # Thousands of names are asked: joined as texts, which takes a third of the time of paths.
    parts, package = module.split(".")[1:], str(_PACKAGE)
    folders = [os.path.join(package, *parts[:depth]) for depth in range(len(parts) + 1)]  # noqa: PTH118
    named = {f"{one}{os.sep}__init__.py" for one in folders} | ({f"{folders[-1]}.py"} if parts else set())
    return [Path(one) for one in named if os.path.isfile(one)]  # noqa: PTH113
