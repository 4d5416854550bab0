"""A run that is killed continues where it was; nothing half written, and nothing of another input, is ever read."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from flexsites.errors import RunError
from flexsites.runs import cells
from tests.conftest import PROJECT
from tests.pipelines.added_runs import bare
from tests.pipelines.small_run import CELL_M, Small, assess, tables, write_run

CHILD = f"""
import sys
from pathlib import Path
from tests.pipelines.small_run import assess
if __name__ == "__main__":
    assess(Path(sys.argv[1]), Path(sys.argv[2]), cell_size_m={CELL_M}, resume=sys.argv[3] == "resume")
"""


def _start(run_file: Path, outputs: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, str(run_file), str(outputs), "resume"]
    around = os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(command, cwd=PROJECT, env=around, stdout=subprocess.DEVNULL, start_new_session=True)


def _markers(outputs: Path) -> set[Path]:
    return set(outputs.glob("*/*/parts/*/*/*.json"))


@pytest.mark.parametrize(
    ("seed", "n_kills"),
    [(1, 1), pytest.param(2, 2, marks=pytest.mark.deep), pytest.param(3, 2, marks=pytest.mark.deep)],
)
def test_killed_at_a_random_moment_and_resumed(seed: int, n_kills: int, small: Small, tmp_path: Path) -> None:
    """SIGKILL during the inputs, or after a random number of cells and a random moment later; then go on."""
    draw = random.Random(seed)
    n_cells = len(_markers(small.outputs))
    done_before = 0
    for n_done in sorted(draw.sample(range(n_cells - 3), n_kills)):
        child = _start(small.path, tmp_path)
        while child.poll() is None and len(_markers(tmp_path)) < n_done:
            time.sleep(0.02)
        time.sleep(draw.uniform(0.0, 0.3))
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        assert child.wait(timeout=60) == -signal.SIGKILL, "the run had ended before it was killed"
        done_before = len(_markers(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in _markers(tmp_path)}
    assert len(kept) == done_before <= n_cells
    directory = assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    assert tables(directory) == small.expected
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "a cell that was done was done again"


def test_without_resume_every_cell_is_assessed_anew(small: Small, tmp_path: Path) -> None:
    """Parts of other keys go when the run is done; what is not a run's own stays, whatever lies around it.

    Its inputs are gone as well: prepared again they give the same.
    """
    directory = small.copy_to(tmp_path)
    shutil.rmtree(directory / "canonical")
    for left in ("sites.parquet", "parts/0123456789abcdef/0_0_1/parcels.json", "parts/mine/x", "mine/sites.parquet"):
        (directory / left).parent.mkdir(parents=True, exist_ok=True)
        (directory / left).write_bytes(b"of another day")
    kept = {path: path.stat().st_mtime_ns for path in _markers(tmp_path)}
    assert assess(small.path, tmp_path, cell_size_m=CELL_M) == directory
    assert tables(directory) == small.expected
    assert not {path: path.stat().st_mtime_ns for path in _markers(tmp_path)}.items() & kept.items()
    assert not (directory / "parts" / "0123456789abcdef").exists()
    assert (directory / "parts" / "mine" / "x").exists()
    assert (directory / "mine" / "sites.parquet").exists()


def test_half_written_parts_are_never_read(small: Small, tmp_path: Path) -> None:
    """What a kill can leave: temporary files, parts without the row that vouches for them, a part that is gone.

    And what remembers the streets is gone.
    """
    directory = small.copy_to(tmp_path)
    (directory / "canonical" / "reach.json").write_bytes(b"{")
    shutil.rmtree(directory / "canonical" / "access")
    first, second = sorted(directory.glob("parts/*/*/parcels.json"))[:2]
    for marker in first.parent.glob("*.json"):
        marker.unlink()
    for part in (first.parent / "base").glob("*.parquet"):
        whole = part.read_bytes()
        part.write_bytes(whole[: len(whole) // 2])
        part.with_name(f".{part.name}.1.part").write_bytes(whole[:100])
    (second.parent / "base" / "pieces.parquet").unlink()
    (directory / "sites.parquet").write_bytes(b"PAR1")
    assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    assert tables(directory) == small.expected


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _another_kind(path: Path) -> None:
    path.write_bytes(b"[]")


DAMAGES = (_emptied, _cut_off, _one_bit, _another_kind, Path.unlink)


@pytest.mark.deep(sibling="test_half_written_parts_are_never_read")
@pytest.mark.parametrize("turn", [0, 2])
def test_damaged_states_are_made_anew(turn: int, small: Small, tmp_path: Path) -> None:
    """Every kind of file that a run remembers itself by is damaged, each in its way: resumed it gives the same."""
    directory = small.copy_to(tmp_path)
    canonical, cells_done = directory / "canonical", sorted(directory.glob("parts/*/*"))
    with_roofs = [cell for cell in cells_done if (cell / "roofs.json").exists()]
    of_cells = [
        cells_done[0] / "parcels.json",
        cells_done[1] / "base" / "pieces.parquet",
        with_roofs[-1] / "roofs.json",
    ]
    of_inputs = [canonical / name for name in ("hashes.json", "parcels.json", "layers/nnn.parquet", "stops.parquet")]
    arrays = sorted((canonical / "access").rglob("*.npy"))
    results = [directory / "sites.parquet", directory / "run.yaml", directory / "manifest.json"]
    for i, path in enumerate([*of_cells, *of_inputs, arrays[len(arrays) // 2], *results], turn):
        DAMAGES[i % len(DAMAGES)](path)
    assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    assert tables(directory) == small.expected


def test_an_orphan_of_a_killed_run_changes_nothing_of_the_next(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the cells of the resumed run are merged, a worker of a run of other inputs still writes its parts."""
    directory = small.copy_to(tmp_path)
    (ours,) = (directory / "parts").iterdir()
    orphan = directory / "parts" / ("0" * 16)
    merge = cells.merge

    def meanwhile(*given: Any) -> int:
        shutil.copytree(ours, orphan, dirs_exist_ok=True)
        for part in orphan.glob("*/base/sites.parquet"):
            part.write_bytes(b"of the orphan")
        return merge(*given)

    monkeypatch.setattr(cells, "merge", meanwhile)
    assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    assert tables(directory) == small.expected


def test_a_part_that_changes_between_its_cell_and_the_merge_is_told(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small.copy_to(tmp_path)
    required = cells._require_vouched

    def meanwhile(*given: Any) -> None:
        _one_bit(min(directory.glob("parts/*/*/base/reasons.parquet")))
        required(*given)

    monkeypatch.setattr(cells, "_require_vouched", meanwhile)
    with pytest.raises(RunError, match=r"changed after they were written \(1 row: [\d_]+ \(parcels\)\).*--resume"):
        assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    monkeypatch.undo()
    assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True)
    assert tables(directory) == small.expected


def test_a_changed_input_is_read_again(without_variants: Path, world: Path, tmp_path: Path) -> None:
    """A source that changes under the same path, size and time of writing: its cells are assessed again."""
    mine, outputs = tmp_path / "world", tmp_path / "outputs"
    shutil.copytree(world, mine)
    first = next(shutil.copytree(without_variants, outputs).glob("*/*"))
    path = write_run(tmp_path, mine, bare)
    before, tables_before = pd.read_parquet(first / "reasons.parquet"), tables(first)
    layer = gpd.read_file(mine / "nnn.gpkg")
    stat = (mine / "nnn.gpkg").stat()
    (mine / "nnn.gpkg").unlink()
    layer.set_geometry(layer.geometry.buffer(10)).to_file(mine / "nnn.gpkg", layer="nnn")
    os.utime(mine / "nnn.gpkg", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = assess(path, outputs, resume=True)
    after = pd.read_parquet(again / "reasons.parquet")
    assert again == first, "the run file says the same"
    taken = [frame.loc[frame["rule_id"] == "nnn", "covered_area_m2"].sum() for frame in (before, after)]
    assert taken[1] > taken[0] > 0
    shutil.copy2(world / "nnn.gpkg", mine / "nnn.gpkg")
    assert tables(assess(path, outputs, resume=True)) == tables_before


def test_a_timetable_that_changes_in_its_times_only_is_read_again(
    without_variants: Path, world: Path, tmp_path: Path
) -> None:
    """As many departures everywhere, but trips take longer: nothing of the stops changes, travel times do."""
    mine, outputs = tmp_path / "world", tmp_path / "outputs"
    shutil.copytree(world, mine)
    first = next(shutil.copytree(without_variants, outputs).glob("*/*"))
    path = write_run(tmp_path, mine, bare)
    keys = {one.parts[-3] for one in _markers(outputs)}
    assert keys
    _slower(mine / "gtfs.zip")
    assert assess(path, outputs, resume=True) == first
    assert not keys & {one.parts[-3] for one in _markers(outputs)}


def _slower(feed: Path) -> None:
    """Let every trip of a feed arrive at its last stop a minute later."""
    with zipfile.ZipFile(feed) as packed:
        texts = {name: packed.read(name) for name in packed.namelist()}
    times = pd.read_csv(io.BytesIO(texts["stop_times.txt"]), dtype=str)
    last = ~times.sort_values(["trip_id", "stop_sequence"]).duplicated("trip_id", keep="last")
    last = last.reindex(times.index)
    for column in ("arrival_time", "departure_time"):
        seconds = pd.to_timedelta(times.loc[last, column]).dt.total_seconds() + 60
        times.loc[last, column] = [f"{int(s) // 3600:02d}:{int(s) % 3600 // 60:02d}:{int(s) % 60:02d}" for s in seconds]
    texts["stop_times.txt"] = times.to_csv(index=False, lineterminator="\n").encode()
    with zipfile.ZipFile(feed, "w") as packed:
        for name, content in texts.items():
            packed.writestr(name, content)


def test_another_configuration_is_another_run(small: Small, world: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    same = small.copy_to(outputs)
    path = write_run(tmp_path, world, lambda content: content.update(assess=["roofs"], variants=[]))
    small.lend_inputs(path, outputs)
    other = assess(path, outputs, cell_size_m=CELL_M, resume=True)
    assert other != same
    assert not (other / "variants").exists()
    assert tables(same) == tables(small.directory)
