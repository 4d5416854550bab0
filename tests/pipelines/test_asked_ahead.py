"""What rules leave with another effect, assessed before it is asked: answered as a question that nobody foresaw."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flexsites.arrays import BoolArray
from flexsites.config.readings import Reading
from flexsites.config.what_if import variant_asked
from flexsites.finished import ahead, stored_ahead
from flexsites.finished.assessed import Begun, assess
from flexsites.finished.by_gemeente import ByGemeente
from flexsites.finished.opened import Finished, open_finished
from flexsites.finished.partner import Helping, Sharing
from flexsites.finished.questions import Questions
from flexsites.tables import Frame
from flexsites.tables.manifest import MANIFEST
from flexsites.tables.run_directory import OWN_FILES
from flexsites.view.what_if import Asked
from tests.pipelines.added_runs import figure, own_directory

EFFECT: dict[str, Any] = {"effects": {"flood": "exclude"}}
OF_FIGURES: dict[str, Any] = {"limits": {"walk_distance_transit_m": figure(900)}, "estimate": "low"}


@pytest.fixture(scope="module")
def directory(without_variants: Path) -> Path:
    """Return a finished run."""
    return own_directory(without_variants)


@dataclass
class _Here:
    """Stands for the process that assesses ahead: it does so in this one, and ends after so many questions."""

    opening: Callable[[], Sharing]
    mark: int
    patience: Callable[[float], float]
    niceness: int
    run: Finished
    most: int = 1_000

    def is_ready(self) -> bool:
        return self.most > 0

    def is_gone(self) -> bool:
        return self.most <= 0

    def help(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Helping:
        self.most -= 1
        return lambda: ByGemeente(self.run).share(reading, gemeente, i, n_shares) if self.most >= 0 else None

    def end(self) -> None:
        self.most = 0


def _looked_ahead(
    run: Finished, monkeypatch: pytest.MonkeyPatch, effects: list[str], most: int = 1_000, folder: Path | None = None
) -> Questions:
    """Return questions of a run of which one rule was read with other effects before it is asked."""
    questions = Questions(run)
    with monkeypatch.context() as patch:
        patch.setattr(ahead, "Partner", partial(_Here, run=run, most=most))
        patch.setattr(Questions, "_lasting", lambda _: iter([(1, "flood", effects)]))
        questions.look_ahead(folder)
    return questions


def _counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many parcels are assessed from now on, question by question."""
    found: list[int] = []

    def counted(begun: Begun, is_mine: BoolArray) -> dict[str, Frame]:
        found.append(int(is_mine.sum()))
        return assess(begun, is_mine)

    monkeypatch.setattr("flexsites.finished.land.assess", counted)
    return found


@pytest.mark.parametrize("lacks", [pytest.param(0, marks=pytest.mark.deep), 1])
def test_what_was_assessed_ahead_is_answered_as_if_nobody_had(
    lacks: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, of the whole and of a gemeente, with other figures beside it; a parcel it lacks is assessed."""
    run = open_finished(directory)
    known, plain = _looked_ahead(run, monkeypatch, ["exclude"]), Questions(run)
    of_ahead = known._land._ahead
    assert of_ahead is not None
    if lacks:
        share = of_ahead.of(known.reading(variant_asked(EFFECT)))
        assert share is not None
        share[0][share[0].argmax()] = False
        monkeypatch.setattr(ahead.Ahead, "of", lambda *_: share)
    assessed = _counting(monkeypatch)
    asked = variant_asked(EFFECT | OF_FIGURES)
    assert known.foresee(asked).n_parcels == 0
    mine = known.answer(asked)
    n_by_ahead = sum(assessed)
    theirs = plain.answer(asked)
    assert (n_by_ahead, mine.n_assessed) == (lacks, theirs.n_assessed)
    assert sum(assessed) - n_by_ahead > 3, "the question is no question"
    for table, rows in theirs.tables.items():
        pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)
    (gemeente,) = run.tables["sites"]["gemeente_code"].dropna().unique()[:1]
    fresh = [_looked_ahead(run, monkeypatch, ["exclude"]), Questions(run)]
    first, second = (one.count(asked, gemeente).after.totals() for one in fresh)
    assert first == second


def test_what_was_not_assessed_ahead_is_assessed_when_it_is_asked(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another effect than was foreseen, another rule beside it, and all after the process ended."""
    run = open_finished(directory)
    known, plain = _looked_ahead(run, monkeypatch, ["exclude", "flag"], most=1), Questions(run)
    assessed = _counting(monkeypatch)
    for changes in ({"effects": {"flood": "flag"}}, {"effects": {"flood": "exclude", "rail": "flag"}}):
        assert known.foresee(variant_asked(changes)).n_parcels > 0
        assessed.clear()
        mine = known.answer(variant_asked(changes))
        assert sum(assessed) > 0
        for table, rows in plain.answer(variant_asked(changes)).tables.items():
            pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)


def _known(questions: Questions) -> int:
    """Return how many questions are known before they are asked."""
    of_ahead = questions._land._ahead
    assert of_ahead is not None
    return len(of_ahead._known)


def test_what_was_assessed_ahead_is_there_at_the_next_opening(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a process, and the answer is that of who assesses it: to the last bit."""
    own = Path(shutil.copytree(directory, tmp_path / "run"))
    run, folder = open_finished(own), own / "view"
    assert _known(_looked_ahead(run, monkeypatch, ["exclude", "flag"], folder=folder)) == 2
    again, plain = _looked_ahead(run, monkeypatch, ["exclude", "flag"], most=0, folder=folder), Questions(run)
    assert _known(again) == 2
    assessed = _counting(monkeypatch)
    for effect in ("exclude", "flag"):
        asked = variant_asked({"effects": {"flood": effect}} | OF_FIGURES)
        assessed.clear()
        mine = again.answer(asked)
        assert not any(assessed)
        theirs = plain.answer(asked)
        assert mine.n_assessed == theirs.n_assessed
        assert sum(assessed) > 3, "the question is no question"
        for table, rows in theirs.tables.items():
            pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)
    listed = (own / OWN_FILES).read_text(encoding="utf-8").split()
    assert {f"view/{one.name}" for one in folder.glob("*.ahead")} <= set(listed), "a later run may remove them"


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _of_another(path: Path) -> None:
    """Whole, and not what its name says: the answer to another question."""
    (other,) = (one for one in path.parent.glob("*.ahead") if one != path)
    path.write_bytes(other.read_bytes())


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage",
    [
        _flipped,
        *(pytest.param(one, marks=pytest.mark.deep) for one in (_truncated, _of_another, Path.unlink, _emptied)),
    ],
)
def test_what_is_kept_and_damaged_is_assessed_anew(
    damage: Callable[[Path], None], directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(directory, tmp_path / "run"))
    run, folder = open_finished(own), own / "view"
    _looked_ahead(run, monkeypatch, ["exclude"], folder=folder)
    (path,) = folder.glob("*.ahead")
    whole = path.read_bytes()
    _looked_ahead(run, monkeypatch, ["exclude", "flag"], folder=folder)
    damage(path)
    assert _known(_looked_ahead(run, monkeypatch, ["exclude"], most=0, folder=folder)) == 0
    assert _known(_looked_ahead(run, monkeypatch, ["exclude"], folder=folder)) == 1
    assert path.read_bytes() == whole


@pytest.mark.parametrize("other", ["code", "libraries", "run"])
def test_what_others_made_is_no_answer_and_is_let_go(
    other: str, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(directory, tmp_path / "run"))
    run, folder = open_finished(own), own / "view"
    _looked_ahead(run, monkeypatch, ["exclude"], folder=folder)
    beside = folder / "somebody's.pmtiles"
    beside.write_bytes(b"")
    if other == "run":
        (own / MANIFEST).write_bytes((own / MANIFEST).read_bytes() + b"\n")
    else:
        name, made_by = {"code": ("code_digest", "other"), "libraries": ("computed_by", {"geos": "3.0.0"})}[other]
        monkeypatch.setattr(stored_ahead, name, lambda *_: made_by)
    assert _known(_looked_ahead(run, monkeypatch, ["exclude"], most=0, folder=folder)) == 0
    assert list(folder.iterdir()) == [beside]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_where_nothing_can_be_written_nothing_is_kept(
    error: int, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full, or may not be written to: what was assessed is known as long as the viewer is open."""

    def refused(path: Path, _: bytes) -> None:
        raise OSError(error, "refused", str(path))

    monkeypatch.setattr(stored_ahead, "write_whole", refused)
    own = Path(shutil.copytree(directory, tmp_path / "run"))
    run, folder = open_finished(own), own / "view"
    assert _known(_looked_ahead(run, monkeypatch, ["exclude", "flag"], folder=folder)) == 2
    assert _known(_looked_ahead(run, monkeypatch, ["exclude", "flag"], most=0, folder=folder)) == 0


@pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_S"])
def test_it_ends_when_its_room_or_its_time_is_used(
    bound: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, bound, 1e-9)
    found = _looked_ahead(open_finished(directory), monkeypatch, ["exclude", "flag", "off"])._land._ahead
    assert found is not None
    assert len(found._known) == {"MOST_BYTES": 1, "MOST_S": 0}[bound]


def test_what_is_likely_to_be_asked_is_each_rule_with_another_effect(directory: Path) -> None:
    """Those that change parcels of the run, and that it can answer; what takes least comes first."""
    run = open_finished(directory)
    questions = Questions(run)
    lasting = list(questions._lasting())
    effects = {one.rule_id: one.effect if one.is_on else "off" for one in run.settings.rules}
    assert {"flood", "land_use", "roads"} <= {rule for _, rule, _ in lasting}
    assert all(n > 0 and effects[rule] != "include" and effects[rule] not in others for n, rule, others in lasting)
    readings = list(questions._likely())
    assert len(readings) == sum(len(others) for _, _, others in lasting)
    assert not any(one.leaves_the_same_as(run.base) for one in readings)
    rarest = min(lasting, key=itemgetter(0))
    assert readings[0].rules == questions._read_alone(rarest[1], rarest[2][0]).rules


@pytest.mark.parametrize("workers", [1, 2])
def test_the_viewer_looks_ahead_where_more_than_one_process_may_work(
    workers: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("prepare_figures", "prepare_land", "look_ahead"):
        monkeypatch.setattr(Questions, name, lambda *_, name=name: done.append(name))
    Asked(directory, workers)._prepare()
    assert done == ["prepare_figures", "prepare_land", "look_ahead"][: 1 + workers]


@pytest.mark.deep(sibling="test_what_was_assessed_ahead_is_answered_as_if_nobody_had")
def test_a_process_of_its_own_assesses_ahead_and_ends_with_the_viewer(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it does questions are answered."""
    at_it, asked = threading.Event(), Asked(directory, workers=2)
    likely = Questions._likely

    def then_tell(questions: Questions) -> Iterator[Reading]:
        yield next(likely(questions))
        at_it.set()
        yield from likely(questions)

    monkeypatch.setattr(Questions, "_likely", then_tell)
    beside = threading.Thread(target=asked._prepare)
    beside.start()
    try:
        assert at_it.wait(300)
        assert asked.answer(json.dumps({"changes": {"estimate": "low"}}).encode())["n_assessed"] == 0
    finally:
        asked.end()
    beside.join(60)
    assert not beside.is_alive()
    found = asked._opened[0]._land._ahead
    assert found is not None
    assert found._known
