"""Whatever state the files of a run are in, what is asked of it is answered as of a sound one, or refused in words.

Law: of every file that a run leaves, in every state of `damaged_states.py`, a resumed run ends with the tables of the
undisturbed one, and what reads a finished run gives what it gave before; or each says what is wrong. Nothing raises
anything else, nothing is answered otherwise. `.ci/run` draws some pairs of a file and a state, `.ci/deep` takes all.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pytest

from flexsites import reporting
from flexsites.config.run import Shortlist, Variant
from flexsites.config.study import resolve
from flexsites.errors import FlexsitesError
from flexsites.finished.opened import open_finished
from flexsites.finished.questions import Questions
from flexsites.reporting.report.difference import write_difference
from flexsites.runs.overview import reset, runs_in
from flexsites.runs.run import Options, held, place_of
from flexsites.runs.shortlist import folder_beside
from flexsites.runs.shortlist import shortlist as choose
from flexsites.view.opened import open_run
from tests.conftest import PROFILE
from tests.pipelines.damaged_states import STATES, UNREAD, copy_of, kinds_of, opened_in
from tests.pipelines.small_run import STRIP_CELL_M, Small, assess, tables

AT_ONCE = 10
"""Files that are damaged before a run is resumed: to resume takes seconds, and states seldom hide each other."""

Damage = tuple[str, str]
Ask = Callable[[Path, str], str]


@pytest.fixture(scope="module")
def finished(strip: Small) -> Path:
    """Return the undisturbed run as its pipeline leaves it: with a manifest that vouches for its files."""
    return strip.directory


@pytest.fixture(scope="module")
def site_id(finished: Path) -> str:
    sites = gpd.read_parquet(finished / "sites.parquet")
    return str(sites.loc[sites["verdict"] == "eligible", "site_id"].min())


def resume(strip: Small, outputs: Path) -> Path:
    """Resume the run as its pipeline does, without reports."""
    with held(place_of(resolve(str(strip.path)), Options(outputs))):
        return assess(strip.path, outputs, cell_size_m=STRIP_CELL_M, resume=True)


def drawn(kinds: Iterable[str], n: int, *, seed: int) -> list[Damage]:
    """Return pairs of a kind of file and a state; all of them in `.ci/deep`, in an order that the seed chooses."""
    every = [(kind, state) for kind in kinds for state in STATES if _is_other(state)]
    random.Random(seed).shuffle(every)
    return every[:n] if PROFILE == "ci" else every


def each_once(kinds: Iterable[str], n: int, *, seed: int) -> list[Damage]:
    """Return pairs in which every kind of file and every state occurs; `.ci/run` takes some of them."""
    states = [state for state in STATES if _is_other(state)]
    every = [(kind, states[i % len(states)]) for i, kind in enumerate(kinds)]
    random.Random(seed).shuffle(every)
    return every[:n] if PROFILE == "ci" else every


def _is_other(state: str) -> bool:
    return state != "refused" or os.geteuid() != 0


def damage(directory: Path, source: Path, kinds: Mapping[str, Path], damages: Sequence[Damage]) -> Path:
    """Copy a run and put files of the copy into their states; one kind of file is in one state."""
    copy_of(source, directory)
    for kind, state in dict(damages).items():
        STATES[state](directory / kinds[kind].relative_to(source))
    return directory


def test_a_resumed_run_is_the_undisturbed_one_or_tells(strip: Small, finished: Path, tmp_path: Path) -> None:
    outputs = strip.directory.relative_to(strip.outputs)
    kinds = kinds_of(finished)
    every = drawn(kinds, AT_ONCE, seed=1)
    for damages in (every[i : i + AT_ONCE] for i in range(0, len(every), AT_ONCE)):
        place = damage(tmp_path / outputs, finished, kinds, damages)
        if _ends_well(strip, tmp_path):
            assert tables(place) == strip.expected, damages
            continue
        # One of them was told, and hides the others: a folder always is. Without those, else each by itself.
        others = [one for one in damages if one[1] != "a folder"]
        damage(place, finished, kinds, others)
        if _ends_well(strip, tmp_path):
            assert tables(place) == strip.expected, others
            continue
        for one in others:
            damage(place, finished, kinds, [one])
            assert not _ends_well(strip, tmp_path) or tables(place) == strip.expected, one


def _ends_well(strip: Small, outputs: Path) -> bool:
    try:
        resume(strip, outputs)
    except (FlexsitesError, OSError) as error:  # the command line tells both in words
        return not str(error).strip()
    return True


def _what_if(directory: Path, site_id: str) -> str:
    asked = Variant.model_validate({"id": "low", "label": "low", "estimate": "low"})
    told = Questions(open_finished(directory)).answer(asked)
    return f"{site_id}{told.suitability.to_csv()}{told.totals.to_csv()}"


def _view(directory: Path, site_id: str) -> str:
    opened = open_run(directory)
    return opened.story(site_id, "nl") + json.dumps(opened.settings("nl"), default=str)


def _shortlist(directory: Path, site_id: str) -> str:
    asked = Shortlist(n=5)
    chosen = choose(directory, asked, folder_beside(directory, asked))
    return f"{site_id}{reporting.shortlist_lines(directory, chosen.rows, chosen.n_unknown, 'nl')}"


def _diff(directory: Path, site_id: str) -> str:
    path, lead = write_difference(directory, directory, "nl")
    return f"{site_id}{lead}{path.read_text(encoding='utf-8')}"


ASKED: dict[str, tuple[Ask, int]] = {
    "explain": (lambda directory, site_id: reporting.explain(directory, site_id, "nl"), 8),
    "what if": (_what_if, 8),
    "view": (_view, 0),
    "report": (lambda directory, _: reporting.write_report(directory, "nl").read_text(encoding="utf-8"), 0),
    "shortlist": (_shortlist, 0),
    "diff": (_diff, 0),
}
"""What is asked of a finished run, and in how many states in `.ci/run`."""


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=() if n else pytest.mark.deep) for one, (_, n) in ASKED.items()]
)
def test_what_reads_a_finished_run_gives_the_same_or_tells(
    what: str, finished: Path, site_id: str, tmp_path: Path
) -> None:
    ask, n = ASKED[what]
    place = copy_of(finished, tmp_path / finished.name)
    with opened_in(place) as opened:
        expected = ask(place, site_id)
    theirs = {finished / path.relative_to(place) for path in opened}
    kinds = kinds_of(finished, first=theirs)
    n_told, wrong = 0, []

    def is_told(damages: Sequence[Damage]) -> bool:
        """Return whether what is asked is told to be wrong; an answer must be the one of the sound run."""
        damage(place, finished, kinds, damages)
        try:
            if ask(place, site_id) != expected:
                wrong.append((damages, "another answer"))
        except (FlexsitesError, OSError) as error:
            return bool(str(error).strip())
        except Exception as error:  # noqa: BLE001 - the whole matrix is told, not its first hole
            wrong.append((damages, repr(error)[:200]))
        return False

    for one in drawn((kind for kind, path in kinds.items() if path in theirs), n, seed=5):
        n_told += is_told([one])
    # What nothing opens cannot hide by its content; whether it is there may still be asked.
    unread = [(kind, state) for kind, path in kinds.items() if path not in theirs for state in UNREAD]
    for state in UNREAD:
        is_told([one for one in unread if one[1] == state])
    for one in random.Random(5).sample(unread, AT_ONCE if n == 0 else 0):
        is_told([one])
    assert wrong == []
    assert n_told, "nothing that was damaged is read"


def test_what_stands_there_is_listed_and_cleared_away_and_what_others_put_there_stays(
    finished: Path, tmp_path: Path
) -> None:
    """Of a run in any state: no end but in words, and nothing of another's goes with it.

    What is cleared away is copied anew each time, and hardly any file is opened: not every kind in every state.
    """
    place, kinds, n_cleared = tmp_path / finished.name, kinds_of(finished), 0
    theirs = {place / "kaart.qgz": b"mine", place / ".git" / "config": b"mine too"}
    for one in each_once(kinds, 6, seed=7):
        damage(place, finished, kinds, [one])
        for path, content in theirs.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        said = "nothing went wrong"
        try:
            assert {standing.state for standing in runs_in(place)} <= {"finished", "stopped"}, one
            n_cleared += reset(place, keeps_results=False) > 0
        except (FlexsitesError, OSError) as error:
            said = str(error)
        assert said.strip(), one
        assert {path: path.read_bytes() for path in theirs} == theirs, one
    assert n_cleared
