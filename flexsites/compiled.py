"""The compiler of kernels: ``@kernel`` compiles a function once and keeps the result, never a stale one.

Numba keeps what it compiled per file, and compiles again when that file changes. But a kernel holds the compiled code
of the kernels it calls, and those may stand in other files: after an upgrade, or a change here, the kept code of an
unchanged caller would run the old code of what it calls. So the kept code lies in a directory named by a digest of the
source of every kernel of this package, and of the modules that kernels import from: other source, other directory.
Directories of earlier sources are not removed; they may be, at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config

__all__ = ["CACHE_DIRECTORY", "kernel", "kernel_sources", "source_digest", "user_cache"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel_sources() -> list[Path]:
    """Return the files of this package that hold kernels, and those they import from (constants are compiled in)."""
    package = Path(__file__).parent
    # By name, level by level: a search of the whole tree would list what lies in __pycache__ as well.
    paths = [*package.glob("*.py"), *package.glob("*/*.py"), *package.glob("*/*/*.py")]
    kernels = {path: content for path in paths if b"@kernel" in (content := path.read_bytes())}
    imports = re.compile(rf"^from {package.name}\.([\w.]+) import".encode(), re.MULTILINE)
    modules = {name.decode() for content in kernels.values() for name in imports.findall(content)}
    imported = {package.joinpath(*name.split(".")).with_suffix(".py") for name in modules}
    return sorted({*kernels, *(imported & set(paths))})


def source_digest(paths: list[Path]) -> str:
    """Return a digest of files, by their names and content.

    Examples
    --------
    >>> source_digest([]) == source_digest([Path(__file__)])
    False
    """
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]


def user_cache() -> Path:
    """Return where this user's programs keep what they can make again."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(named) if named else home / ".cache"


_SETTINGS: Any = numba.core.config

CACHE_DIRECTORY = Path(_SETTINGS.CACHE_DIR or user_cache()) / "flexsites" / source_digest(kernel_sources())
"""Where compiled kernels are kept: below ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache."""


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of numbers and arrays when it is first called; calls let other threads run meanwhile.

    Where ``CACHE_DIRECTORY`` cannot be written Numba keeps the result in a place of its own, by its own rules.

    Notes
    -----
    Law: the result of a call does not depend on what an earlier version of this package compiled.
    """
    own, _SETTINGS.CACHE_DIR = _SETTINGS.CACHE_DIR, str(CACHE_DIRECTORY)
    try:
        compiled: Any = numba.njit(cache=True, nogil=True)(function)
    finally:
        _SETTINGS.CACHE_DIR = own
    return cast("FunctionT", compiled)
