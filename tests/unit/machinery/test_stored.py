"""Inputs, parts and results that go through a store: nothing half done or damaged is taken, nothing done for naught."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flexsites.digest import digests_of
from flexsites.errors import RunError
from flexsites.inputs.prepared import Prepared
from flexsites.runs import mirror
from flexsites.runs.lattice import Cell
from flexsites.runs.memory import TooLarge
from flexsites.runs.mirror import publish
from flexsites.runs.run import Options, Place
from flexsites.runs.store import Store
from flexsites.runs.stored import InStore, assess_in_store, publish_inputs, publish_results, stored
from flexsites.tables.run_directory import OWN_FILES
from flexsites.tables.whole_files import write_state, write_whole

ONE, TWO = Cell(0, 0, 10, 10), Cell(10, 0, 20, 10)
EMPTY = {"access/to.npy": b"", "access/again.npy": b""}
FILES = {"parcels.parquet": b"parcels", "layers/roads.parquet": b"roads", "reach.json": b"{}"} | EMPTY


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Return inputs of a run, on whose machine nothing is mirrored yet."""
    monkeypatch.setenv("FLEXSITES_CACHE", str(tmp_path / "cache"))
    mirror._mirrored.cache_clear()
    root = tmp_path / "canonical"
    for name, content in (FILES | {"scratch/copy": b"a copy"}).items():
        write_whole(root / name, content)
    return Prepared(root, {"parcels": root / "parcels.parquet"}, {"roads": root / "layers/roads.parquet", "none": None})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "outputs" / "sweep" / "small-1", "small-1", "abc")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(tmp_path / "outputs", resume=True, store=f"memory://{uuid.uuid4().hex}")


class Chain:
    """What assesses a cell here: it reads an input, and leaves a part and the row that vouches for it."""

    def __init__(self) -> None:
        self.done: Counter[Cell] = Counter()

    def __call__(self, cell: Cell, *, place: Place, inputs: Prepared) -> dict[str, Any]:
        self.done[cell] += 1
        folder = place.parts / cell.id
        write_whole(folder / "base" / "sites.parquet", inputs.tables["parcels"].read_bytes() + cell.id.encode())
        row = {"cell": cell.id, "kind": "parcels", "n_sites": 1}
        parts = digests_of([folder / "base" / "sites.parquet"], folder)
        write_state(folder / "parcels.json", {"key": place.key, "row": row, "parts": parts})
        return row


def _task(chain: Chain, prepared: Prepared, place: Place, options: Options) -> InStore:
    return stored(chain, "parcels", publish_inputs(prepared, place, options), place, options)


def _assess(task: InStore, place: Place, *spoils: Any) -> list[dict[str, Any]]:
    """Assess two cells; after each time that workers were asked, the store suffers what is next."""
    suffers = list(spoils)

    def on_workers(task: InStore, cells: Sequence[Cell], **_: Any) -> list[Any]:
        rows = [task(cell) for cell in cells]
        if suffers:
            suffers.pop(0)()
        return rows

    asked = {"names": ["one", "two"], "on_workers": on_workers, "on_done": lambda _: None}
    return assess_in_store(task, [ONE, TWO], place, **asked)


def test_inputs_are_mirrored_byte_for_byte(prepared: Prepared, options: Options, tmp_path: Path) -> None:
    """Two empty files are one in the store; no copy of what was remote goes along."""
    published = publish(prepared, Store(options.store))
    here = published.here()
    assert here.directory.is_relative_to(tmp_path / "cache")
    assert {name: (here.directory / name).read_bytes() for name in FILES} == FILES
    assert not (here.directory / "scratch").exists()
    assert here.tables["parcels"].read_bytes() == b"parcels"
    assert here.layers == {"roads": here.directory / "layers/roads.parquet", "none": None}
    assert len(Store(options.store).names("inputs")) == len(FILES)
    assert str(tmp_path) not in repr(published)


def test_what_a_mirror_lost_is_mended_from_the_store(prepared: Prepared, options: Options) -> None:
    published = publish(prepared, Store(options.store))
    root = published.here().directory
    (root / "parcels.parquet").unlink()
    (root / "parcels.parquet").write_bytes(b"parcelz")
    mirror._mirrored.cache_clear()  # as another process comes to it
    assert (published.here().directory / "parcels.parquet").read_bytes() == b"parcels"


@pytest.mark.parametrize("content", [b"parcelz", None])
def test_inputs_that_the_store_spoilt_are_refused(prepared: Prepared, options: Options, content: bytes | None) -> None:
    store = Store(options.store)
    published = publish(prepared, store)
    found = next(name for name in store.names("inputs") if store.read(name) == b"parcels")
    store.remove([found])
    if content is not None:
        store.write(found, content)
    with pytest.raises(RunError, match="a prepared input in the store is gone, or is not what was put there"):
        published.here()
    store.write(f"inputs/{published.name}.json", b"{}")
    with pytest.raises(RunError, match="the list of prepared inputs"):
        published.here()


def test_cells_are_done_once_and_taken(prepared: Prepared, place: Place, options: Options) -> None:
    chain = Chain()
    task = _task(chain, prepared, place, options)
    rows = _assess(task, place)
    assert [row["cell"] for row in rows] == [ONE.id, TWO.id]
    assert (place.parts / TWO.id / "base" / "sites.parquet").read_bytes() == b"parcels10_0_10_10"
    task(ONE)  # a scheduler that lost its answer asks again
    assert chain.done == {ONE: 1, TWO: 1}


def test_another_machine_takes_what_is_done(prepared: Prepared, place: Place, options: Options, tmp_path: Path) -> None:
    """Resumed where the run's own disk was lost: all cells are in the store."""
    chain = Chain()
    rows = _assess(_task(chain, prepared, place, options), place)
    elsewhere = Options(tmp_path / "elsewhere", resume=True, store=options.store)
    moved = Place(tmp_path / "elsewhere" / "sweep" / "small-1", "small-1", "abc")
    assert _assess(_task(chain, prepared, moved, elsewhere), moved) == rows
    assert chain.done == {ONE: 1, TWO: 1}
    assert digests_of(moved.parts.rglob("*.*"), moved.parts) == digests_of(place.parts.rglob("*.*"), place.parts)


def test_without_resume_all_is_done_again(prepared: Prepared, place: Place, options: Options) -> None:
    chain = Chain()
    _assess(_task(chain, prepared, place, options), place)
    anew = Options(options.outputs, store=options.store)
    moved = Place(place.directory, "small-1", "abc")
    for path in list(moved.parts.rglob("*.json")):
        path.unlink()
    _assess(_task(chain, prepared, moved, anew), moved)
    assert chain.done == {ONE: 2, TWO: 2}


def _damage(store: Store, task: InStore, name: str, content: bytes | None) -> None:
    store.remove([f"{task.folder}/{ONE.id}/{name}"])
    if content is not None:
        store.write(f"{task.folder}/{ONE.id}/{name}", content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("base/sites.parquet", b"parcels0_0_10_11"),
        ("base/sites.parquet", None),
        ("parcels.json", b"{}"),
        ("parcels.json", None),
    ],
)
def test_a_part_damaged_in_the_store_is_made_again(
    name: str, content: bytes | None, prepared: Prepared, place: Place, options: Options
) -> None:
    chain = Chain()
    task = _task(chain, prepared, place, options)
    rows = _assess(task, place, lambda: _damage(Store(options.store), task, name, content))
    assert [row["cell"] for row in rows] == [ONE.id, TWO.id]
    assert (place.parts / ONE.id / "base" / "sites.parquet").read_bytes() == b"parcels0_0_10_10"
    assert chain.done == {ONE: 2, TWO: 1}


def test_a_store_that_always_damages_is_told_in_words(prepared: Prepared, place: Place, options: Options) -> None:
    task = _task(Chain(), prepared, place, options)
    with pytest.raises(RunError, match="parts in the store are not what the cells put there") as told:
        _assess(task, place, *[lambda: _damage(Store(options.store), task, "base/sites.parquet", b"?")] * 9)
    assert told.value.faults[0].ids == [ONE.id]


def test_a_cell_that_did_not_fit_is_not_tried_again(prepared: Prepared, place: Place, options: Options) -> None:
    task = _task(Chain(), prepared, place, options)
    asked: list[Cell] = []

    def on_workers(task: InStore, cells: Sequence[Cell], **_: Any) -> list[Any]:
        asked.extend(cells)
        return [TooLarge("no memory left"), task(cells[1])]

    how: dict[str, Any] = {"names": ["one", "two"], "on_workers": on_workers, "on_done": lambda _: None}
    rows = assess_in_store(task, [ONE, TWO], place, **how)
    assert rows == [TooLarge("no memory left"), {"cell": TWO.id, "kind": "parcels", "n_sites": 1}]
    assert asked == [ONE, TWO]


def test_a_row_that_leads_elsewhere_is_not_believed(prepared: Prepared, place: Place, options: Options) -> None:
    task = _task(Chain(), prepared, place, options)
    store = Store(options.store)
    write_state(place.directory / "evil", {"key": "abc", "row": {}, "parts": {"../../../own.parquet": "0"}})
    store.write(f"{task.folder}/{ONE.id}/parcels.json", (place.directory / "evil").read_bytes())
    assert task.take(ONE, place) is None


def test_results_stand_in_the_store_as_on_disk(place: Place, options: Options) -> None:
    """What an earlier run left there and this one has not goes; parts stay."""
    store, folder = Store(options.store), "sweep/small-1"
    for name in ("old.parquet", "parts/abc/0_0_10_10/parcels.json", "variants/b/sites.parquet"):
        store.write(f"{folder}/{name}", b"old")
    names = ("sites.parquet", "variants/a/sites.parquet", "manifest.json")
    for name in names:
        write_whole(place.directory / name, name.encode())
    (place.directory / "mine.txt").write_text("put there by somebody")
    (place.directory / OWN_FILES).write_text("\n".join(names))
    publish_results(place.directory, options)
    found = {name.removeprefix(f"{folder}/"): store.read(name) for name in store.names(folder)}
    assert found == {name: name.encode() for name in names} | {"parts/abc/0_0_10_10/parcels.json": b"old"}
