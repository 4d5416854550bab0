"""What a fresh process runs: one function, with the peak of its memory; or the least work of a peer."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_mib(name: str) -> float:
    """
    Return a memory figure of this process in MiB.

    Parameters
    ----------
    name
        ``"VmHWM"`` for the high-water mark, ``"VmRSS"`` for what is resident now.

    Notes
    -----
    Linux keeps ``ru_maxrss`` across exec, so that a child of a large process starts with its parent's figure;
    ``VmHWM`` belongs to the new image only. Where there is no /proc, ``ru_maxrss`` is what there is (bytes on macOS).
    """
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def measured(module: str, name: str, arguments: str) -> dict[str, float]:
    """Call ``module.name(*arguments)`` and return the fields of Peak."""
    function = getattr(importlib.import_module(module), name)
    imports = resident_mib("VmRSS")
    start = time.perf_counter()
    function(*json.loads(arguments))
    seconds = time.perf_counter() - start
    return {"peak_mib": resident_mib("VmHWM"), "imports_mib": imports, "seconds": seconds}


def attempt(peer: str, module: str | None = None, name: str | None = None) -> None:
    """Import a peer, and do the least work with it if a function is named; end with the first line of what failed."""
    try:
        importlib.import_module(peer)
        if module is not None and name is not None:
            getattr(importlib.import_module(module), name)()
    except Exception as error:  # noqa: BLE001 - whatever a peer raises, it does not work
        lines = str(error).strip().splitlines()
        sys.exit(": ".join([type(error).__name__, *lines[:1]]))


def main(module: str, name: str, arguments: str) -> None:
    """Measure, and print one JSON line."""
    sys.stdout.write("\n" + json.dumps(measured(module, name, arguments)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
