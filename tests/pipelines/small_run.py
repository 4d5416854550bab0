"""Small runs on the synthetic municipality: part of its area, two variants, all its sources as files on disk.

The place is written, and run undisturbed, once per test run (see conftest.py): a corner of its proving field in several
cells, for who resumes it or runs it in other ways; the whole field and its surroundings with all reports, for who reads
what came out. A test changes the run file, or a copy of one source, and runs that; inputs that nobody changed are
copied, not prepared again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from flexsites.cli import main
from flexsites.config.load import configs_directory
from flexsites.config.study import resolve
from flexsites.runs.run import Options, place_of
from pipelines.provincial_sweep import assess_all
from tests.conftest import PROFILE

N_PARCELS = 3_000
BBOX = [157_000, 470_100, 159_990, 474_900]
"""The proving field, the edge of a village, and farmland on both sides of the border with the other gemeente."""

CORNER = [157_400, 470_401, 159_100, 471_150]
"""A strip of the proving field and the land north of it, with two farms: three cells of 800 m beside each other."""

QUARTER = [157_000, 470_100, 159_990, 471_300]
"""The proving field and what lies beside it."""

STRIP_CELL_M = 800.0

SMALL, CELL_M, DENSE = (CORNER, STRIP_CELL_M, 24) if PROFILE == "ci" else (BBOX, 2_500.0, 150)
"""Of the run that is resumed and run in other ways: where it lies, the side of its cells (several of parcels and of
roofs), and the most sites of a cell where it is cut into cells of few sites. `.ci/deep` has it ten times as large.
"""

VARIANTS = ("zachte_plannen", "ov_800")
SMALL_VARIANTS = VARIANTS[1:] if PROFILE == "ci" else VARIANTS
VERDICTS = {"eligible", "conditional", "excluded"}
"""What the undisturbed run must hold, or equal results show nothing."""

Content = dict[str, Any]
Change = Callable[[Content], None]


@dataclass(frozen=True)
class Small:
    """The undisturbed run: its file, where its results went, their directory, and the tables that cells left."""

    path: Path
    outputs: Path
    directory: Path
    expected: dict[str, str]

    def copy_to(self, outputs: Path) -> Path:
        """Copy the whole run to where another stands; return its directory there."""
        directory = outputs / self.directory.relative_to(self.outputs)
        shutil.copytree(self.directory, directory)
        return directory

    def lend_inputs(self, path: Path, outputs: Path) -> None:
        """Let a run file that reads the same inputs find them prepared."""
        canonical = place_of(resolve(str(path)), Options(outputs)).canonical
        shutil.copytree(self.directory / "canonical", canonical)


def write_run(folder: Path, world: Path, *changes: Change, is_wide: bool = False) -> Path:
    """Write a run file that reads the place's files, with changes to its content; return its path.

    It is of the small area, or of the whole proving field and its surroundings.
    """
    # Paths are the same wherever the run stands, so that inputs that were prepared for another are found.
    if not (folder / "world").exists():
        (folder / "world").symlink_to(world.resolve())
    text = (configs_directory() / "runs" / "demo.yaml").read_text(encoding="utf-8")
    content: Content = yaml.safe_load(text.replace("world://", "world/"))
    del content["world"]
    content |= {"name": "small", "area": {"bbox": BBOX if is_wide else SMALL}, "shortlist": {"n": 2, "min_units": 5}}
    content["variants"] = [one for one in content["variants"] if one["id"] in (VARIANTS if is_wide else SMALL_VARIANTS)]
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


def answer_to(*arguments: object) -> tuple[int, str]:
    """Return how a command ends and what it tells: in this process, for to start another costs more than the rest."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        patch.setenv("COLUMNS", "250")
        # What writes on the screen was told its width when it was imported, by whichever test came first.
        for name, module in list(sys.modules.items()):
            if name.startswith("flexsites.cli") and hasattr(module, "_out"):
                patch.setattr(module._out, "_width", 250)
        patch.setattr(sys, "argv", ["flexsites", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    return int(left.value.code or 0), shown.getvalue()


def told_by(*arguments: object) -> str:
    """Return what a command tells that ends well, in this process."""
    code, shown = answer_to(*arguments)
    assert not code, shown
    return shown


def flexsites(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, wide enough that no line is folded."""
    command = [sys.executable, "-c", "from flexsites.cli import main; main()", *map(str, arguments)]
    around = os.environ | {"COLUMNS": "250", "NO_COLOR": "1"} | (env or {})
    return subprocess.run(command, check=False, capture_output=True, text=True, env=around, timeout=300)
