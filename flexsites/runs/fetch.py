"""Bring what open sources offer for a run: the plan with its sizes first, then what comes, and what only a user can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock

from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from flexsites.config.input_rules import input_rules
from flexsites.config.presets import read_presets
from flexsites.config.shelf import shelf_of
from flexsites.config.study import Study
from flexsites.errors import counted
from flexsites.inputs.fetch.cache import Cache, cache_folder
from flexsites.inputs.fetch.fetch import Fetch, Order, Report
from flexsites.inputs.fetch.plan import Planned
from flexsites.inputs.land.rule_needs import columns_asked
from flexsites.inputs.osm.selectors import selectors_of
from flexsites.reporting.told import translated
from flexsites.runs.fetched import box_of, lock_of
from flexsites.runs.prepare import layers_halo_m
from flexsites.tables.contract import Bounds

_STATES = {
    "fetched": "fetched before, as the lock says",
    "there": "there already: your own",
    "to fetch": "to fetch",
    "bring": "only you can bring it",
    "asked by the run": "asked by the run itself",
}


def fetch_of(study: Study, *, refresh: bool = False, report: Report = lambda _name, _n_bytes: None) -> Fetch:
    """Return the fetch of a run, ready to tell its plan or to begin.

    Parameters
    ----------
    study
        The run.
    refresh
        Whether what is there already is asked anew.
    report
        Told the name of a source, and how many bytes of it came.
    """
    rows = study.run.sources.rows().items()
    looked = {name: selectors_of(name, row, categories=study.amenities, streets=study.streets) for name, row in rows}
    order = Order(
        sources=study.run.sources,
        presets=read_presets(shelf_of(study.path, study.run.config)),
        area=study.run.area,
        box=box_of(study.run.area),
        base=study.path.parent,
        lock_path=lock_of(study),
        cache=Cache(cache_folder(), refresh),
        halo_m=layers_halo_m(study),
        reach_m=float(input_rules().fetch.reach_m),
        asked=columns_asked(study.run.sources, study.all_rules if study.run.assesses_parcels else ()),
        selectors={name: one for name, one in looked.items() if one is not None},
    )
    return Fetch(order, report)


def fetch(
    study: Study, out: Console, err: Console, *, dry_run: bool, refresh: bool, quiet: bool, lang: str = "en"
) -> None:
    """Show the plan of a run's fetch, and fetch.

    Parameters
    ----------
    study
        The run.
    out, err
        Where the plan goes, and progress.
    dry_run
        Whether nothing is fetched.
    refresh
        Whether what is there already is asked anew.
    quiet
        Whether neither plan nor progress is shown.
    lang
        The language of what is shown.

    Raises
    ------
    InputError
        With everything that could not be brought.
    """
    shown, said = _Shown(), partial(translated, lang=lang, of="faults")
    order = fetch_of(study, refresh=refresh, report=shown.report)
    if dry_run or not quiet:
        with err.status(said("asking how much there is")):
            planned = order.plan()
        _tell(
            planned,
            out,
            said,
            title=said(f"{study.run.name}: {counted(len(planned), 'thing to bring', 'things to bring')}"),
        )
    if dry_run:
        told = said(f"The lock will stand at {lock_of(study)}; nothing was fetched.")
        out.print(f"\n{told}", soft_wrap=True, markup=False)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=quiet) as progress:
        shown.progress = progress
        try:
            lock = order.bring()
        finally:
            progress.stop()
    out.print(
        said(f"{counted(len(lock.sources), 'source is locked', 'sources are locked')} in {lock_of(study)}"),
        soft_wrap=True,
        markup=False,
    )


class _Shown:
    """A line of progress per source, however many come at the same time."""

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self._lines: dict[str, int] = {}
        self._lock = Lock()

    def report(self, name: str, n_bytes: int) -> None:
        """Show that so many bytes more of a source came."""
        if self.progress is None:
            return
        with self._lock:
            if name not in self._lines:
                self._lines[name] = int(self.progress.add_task(name, total=None))
            line = self._lines[name]
        self.progress.update(self.progress.task_ids[line], advance=n_bytes)


def _tell(planned: Iterable[Planned], out: Console, said: Callable[[str], str], *, title: str) -> None:
    rows = list(planned)
    table = Table(*map(said, ("source", "state", "from", "how much")), title=Text(title), expand=True)
    for one in rows:
        area = "" if one.window is None or one.state != "to fetch" else f", for {_km(one.window)}"
        names = one.sources[0] if len(one.sources) == 1 else f"{one.sources[0]} and {len(one.sources) - 1:,} more"
        cells = (said(names), said(_STATES[one.state]), one.origin, said(f"{one.size}{area}".strip(", ")))
        table.add_row(*map(Text, cells))
    out.print(table)
    counts = Counter(one.state for one in rows)
    out.print(", ".join(f"{n} {said(_STATES[state])}" for state, n in counts.items()), soft_wrap=True, markup=False)
    missing = [one for one in rows if one.state in ("bring", "to fetch")]
    if missing:
        out.print(said("On a machine without internet, bring these files to these places:"), markup=False)
        for one in missing:
            out.print(
                f"  {one.target}  <-  {one.origin or said('its owner')}", soft_wrap=True, markup=False, highlight=False
            )


def _km(window: Bounds) -> str:
    """Return how large a window is."""
    west, south, east, north = window
    return f"{(east - west) / 1000:.0f} by {(north - south) / 1000:.0f} km"
