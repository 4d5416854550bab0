"""flexsites: where temporary homes fit in the Netherlands, per parcel and per roof, per kind of resident.

From Python: ``open`` a finished run, or ``run`` a run file; both give a :class:`~flexsites.api.Run`.

Examples
--------
>>> import flexsites as fs
>>> fs.open("outputs/nowhere")
Traceback (most recent call last):
    ...
flexsites.errors.InputError: outputs/nowhere: no such directory. Remedy: name the directory of one finished run, such as outputs/municipal_shortlist/<run_id>.
"""  # noqa: E501 - an example's output stands as it is

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flexsites.api import MapPage, Run, run
    from flexsites.api import open_run as open  # noqa: A004 - read as flexsites.open

__version__ = version("flexsites")
__all__ = ["MapPage", "Run", "__version__", "open", "run"]

# Loaded when first asked for: `import flexsites` alone costs nothing.
_LAZY = {"MapPage": "MapPage", "Run": "Run", "open": "open_run", "run": "run"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _LAZY:
        raise AttributeError(f"module 'flexsites' has no attribute '{name}'")
    return getattr(importlib.import_module("flexsites.api"), _LAZY[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
