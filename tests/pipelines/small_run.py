"""A small run on the synthetic municipality: part of its area, two variants, all its sources as files on disk.

The place is written once per test session; a test changes the run file, or a copy of one source, and runs it.
"""

from __future__ import annotations

import copy
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from flexsites.config.load import configs_directory
from flexsites.config.study import resolve
from flexsites.runs.run import Options
from pipelines.provincial_sweep import assess_all

N_PARCELS = 3_000
BBOX = [156_000, 470_100, 159_900, 471_500]
"""The proving field, farmland, and the corner of a village."""

VARIANTS = ("zachte_plannen", "ov_800")
Content = dict[str, Any]
Change = Callable[[Content], None]


def write_run(folder: Path, world: Path, *changes: Change) -> Path:
    """Write a run file that reads the place's files, with changes to its content; return its path."""
    text = (configs_directory() / "runs" / "demo.yaml").read_text(encoding="utf-8")
    content = copy.deepcopy(yaml.safe_load(text.replace("world://", f"{world.resolve()}/")))
    del content["world"]
    content |= {"name": "small", "pipeline": "provincial_sweep", "area": {"bbox": BBOX}, "cell_size_m": 5000}
    content["variants"] = [one for one in content["variants"] if one["id"] in VARIANTS]
    for change in changes:
        change(content)
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def assess(path: Path, outputs: Path, **options: Any) -> Path:
    """Run it in this process, without reports; return the directory of its tables."""
    asked = {"scheduler": "synchronous", "workers": 1, "quiet": True} | options
    return assess_all(resolve(str(path)), Options(outputs, **asked))


def tables(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every merged table of a run, by its path within the run's directory."""
    paths = [*directory.glob("*.parquet"), *directory.glob("variants/*/*.parquet")]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def flexsites(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, wide enough that no line is folded."""
    command = [sys.executable, "-c", "from flexsites.cli import main; main()", *map(str, arguments)]
    around = os.environ | {"COLUMNS": "250", "NO_COLOR": "1"} | (env or {})
    return subprocess.run(command, check=False, capture_output=True, text=True, env=around, timeout=300)
