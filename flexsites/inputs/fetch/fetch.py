"""Bring what open sources offer for a run: areas first, then parcels, then everything around them; and lock it.

Each thing that comes is locked at once: a fetch that is stopped goes on where it was. What cannot be brought is told at
the end, all of it; what could be, is there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock as ThreadLock
from urllib.parse import urlsplit

from flexsites import __version__
from flexsites.config.addresses import known_by
from flexsites.config.presets import Preset
from flexsites.config.run import Area
from flexsites.config.sources import Service, Sources
from flexsites.digest import sha256
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.inputs.fetch.cache import Answer, Cache
from flexsites.inputs.fetch.door_overpass import Selectors
from flexsites.inputs.fetch.doors import ClosedError, Columns, make, require_fit, through
from flexsites.inputs.fetch.plan import Planned, plan_of
from flexsites.inputs.fetch.tasks import Task, Windows, tasks_of, windows_of
from flexsites.inputs.formats.facts import Facts
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.locked import Fetched
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told
from flexsites.inputs.osm.selectors import held_by, lacking
from flexsites.inputs.preparation import Preparation
from flexsites.inputs.prepare_land import RunArea, prepare_areas, prepare_parcels, resolve_area
from flexsites.tables.lock import Lock, Locked, read_lock, write_lock

_MOST_HOSTS = 4
"""So many services are asked at the same time, one request to each."""

Report = Callable[[str, int], None]
"""Told the name of a source, and how many bytes of it came; 0 when its turn comes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is fetched, for whom and where to.

    Attributes
    ----------
    sources
        The sources of the run.
    presets
        All presets by name.
    area
        The area of the run.
    box
        The box around it, before its areas are read; null: not known.
    base
        The folder of the run file.
    lock_path
        Where the lock stands.
    cache
        The cache that runs share.
    halo_m
        How far around parcels layers are read.
    reach_m
        How far around the area streets, stops and amenities matter.
    asked
        The columns that may be read of a source; one that is not named: all of them.
    selectors
        What a source looks for in OpenStreetMap.
    """

    sources: Sources
    presets: Mapping[str, Preset]
    area: Area
    box: Bounds | None
    base: Path
    lock_path: Path
    cache: Cache
    halo_m: float
    reach_m: float
    asked: Columns = field(default_factory=dict)
    selectors: Selectors = field(default_factory=dict)


@dataclass(slots=True)
class Fetch:
    """One fetch on its way: what the lock says by now, and what could not be brought."""

    order: Order
    report: Report = lambda _name, _n_bytes: None
    lock: Lock = field(init=False)
    faults: list[Fault | str] = field(default_factory=list)
    tasks: list[Task] = field(init=False)
    _guard: ThreadLock = field(default_factory=ThreadLock)
    _is_stopped: bool = False

    def __post_init__(self) -> None:
        """Read the lock, and what there is to bring."""
        self.lock = read_lock(self.order.lock_path)
        self.tasks = tasks_of(self.order.sources, self.order.base, self.order.presets)

    @property
    def fetched(self) -> Fetched:
        """What is there by now, as a run would find it."""
        return Fetched(self.lock, self.order.base, self.order.cache.folder)

    def plan(self) -> list[Planned]:
        """Return what would be done; areas and parcels that are there tell of which part of the country."""
        windows, _ = self._windows(self._parcels() if self._is_there("areas") else None)
        held = {task.name for task in self.tasks if self._is_held(task, task.window(windows))}
        return plan_of(self.tasks, windows, self.order.cache, held=held, asked=self.order.asked)

    def bring(self) -> Lock:
        """Bring everything; areas, then parcels, then what is read around them.

        Raises
        ------
        InputError
            With everything that could not be brought; what could be, is there, and is locked.
        """
        self._bring_group("areas", Windows())
        windows, area = self._windows(None)
        if area is None and self.order.area != Area() and self._needs_window():
            what = "the area of the run is not known, so services cannot be asked for a part of the country"
            raise InputError([*self.faults, Fault(what, "area", "mend what is told above, or give a bbox")])
        self._bring_group("parcels", windows)
        windows, _ = self._windows(self._parcels())
        self._bring_all([task for task in self.tasks if not {"areas", "parcels"} & set(task.sources.values())], windows)
        if self.faults:
            raise InputError(self.faults)
        return self.lock

    def _needs_window(self) -> bool:
        return any(not task.is_whole and task.kind in ("service", "preset") for task in self.tasks)

    def _is_there(self, group: str) -> bool:
        """Whether all of a group is on this machine: then it can be read without asking anybody."""
        tasks = [task for task in self.tasks if group in task.sources.values()]
        return all(task.target.exists() if task.target else bool(self.lock.of(task.name)) for task in tasks)

    def _windows(self, parcels: Bounds | None) -> tuple[Windows, Bounds | None]:
        area = self._area_box()
        return windows_of(area, parcels, halo_m=self.order.halo_m, reach_m=self.order.reach_m), area

    def _area_box(self) -> Bounds | None:
        """Return the box around the area: of the areas themselves, or while these are not there, as CBS has it."""
        if self._is_there("areas"):
            found = self._resolved()
            if found is not None and found[0].whole is not None:
                return found[0].whole.bounds
        return self.order.box

    def _resolved(self, folder: Path | None = None) -> tuple[RunArea, Preparation] | None:
        """Read the areas as a run would; None where that cannot be, which the run itself tells."""
        with tempfile.TemporaryDirectory(prefix="flexsites-fetch-") as name:
            directory = folder or Path(name)
            places = Places(self.order.base, directory / "scratch", fetched=self.fetched)
            sources = self.order.sources.model_copy(update={"ownership": None})
            preparation = Preparation(sources, directory, places, asked=self.order.asked)
            areas = prepare_areas(preparation)
            area = resolve_area(preparation, self.order.area, areas)
            if area is None:
                return None
            if folder is not None:
                prepare_parcels(preparation, area, areas)
            return area, preparation

    def _parcels(self) -> Bounds | None:
        """Return the box around the parcels of the run, whole, as the run will find them."""
        if self.order.sources.parcels is None or not self._is_there("parcels"):
            return None
        with tempfile.TemporaryDirectory(prefix="flexsites-fetch-") as name:
            try:
                found = self._resolved(Path(name))
            except FlexsitesError:
                return None
            return None if found is None else found[1].bounds.get("parcels")

    def _bring_group(self, group: str, windows: Windows) -> None:
        self._bring_all([task for task in self.tasks if group in task.sources.values()], windows)

    def _bring_all(self, tasks: Sequence[Task], windows: Windows) -> None:
        """Bring tasks, those of one host one after the other."""
        hosts: dict[str, list[Task]] = {}
        for task in tasks:
            hosts.setdefault(_host(task), []).append(task)

        def bring(some: Sequence[Task]) -> None:
            for task in some:
                if not self._is_stopped:
                    self._bring(task, task.window(windows))

        with ThreadPoolExecutor(_MOST_HOSTS) as pool:
            try:
                for done in [pool.submit(bring, some) for some in hosts.values()]:
                    done.result()
            except BaseException:  # stopped by hand: nothing more is asked, and what came stays
                self._is_stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _bring(self, task: Task, window: Bounds | None) -> None:
        """Bring one thing, or tell why not."""
        if task.kind == "asked_by_run" or self._is_held(task, window):
            return
        is_there = task.target is not None and task.target.exists()
        if is_there and not (self.order.cache.refresh and self.lock.of(task.name)) and not self._is_ours(task):
            return  # the user's own file is never overwritten
        if task.kind == "by_hand":
            where = f"{task.name}: {task.target}"
            self.faults.append(
                Fault("no such file, and no service brings it", where, "bring it; --dry-run says whence")
            )
            return
        self.report(task.name, 0)
        try:
            self._keep(task, *self._answer(task, window, lambda n: self._told(task.name, n)), window)
        except FlexsitesError as error:
            with self._guard:
                self.faults.extend(error.faults)
        except Exception as error:  # noqa: BLE001 - of libraries that read and write what came
            what = f"what came cannot be kept ({type(error).__name__}: {error})"
            with self._guard:
                self.faults.append(Fault(what, task.name, "try again; or bring it yourself"))

    def _told(self, name: str, n_bytes: int) -> None:
        """Report what came; stop in the middle of it if the whole fetch is stopped."""
        if self._is_stopped:
            raise InputError(Fault("stopped", name, "fetch again: it goes on where it was"))
        self.report(name, n_bytes)

    def _is_held(self, task: Task, window: Bounds | None) -> bool:
        """Whether it is there for all who read it, as the lock says, and of a window that is large enough."""
        if self.order.cache.refresh:
            return False
        try:
            found = [
                self.fetched.answer(name, task.question(), window, self.order.asked.get(name)) for name in task.sources
            ]
        except FlexsitesError:
            return False
        return all(one is not None for one in found) and self._holds_what_is_looked_for(task)

    def _is_ours(self, task: Task) -> bool:
        """Whether the file that is there is what a fetch put there: it may be of too small a window by now."""
        assert task.target is not None  # noqa: S101 - it is there
        name = self.fetched.name(task.target)
        digests = {one.files[name] for one in self.lock.sources if name in one.files}
        return bool(digests) and sha256(task.target) in digests

    def _holds_what_is_looked_for(self, task: Task) -> bool:
        """Whether an extract of OpenStreetMap was made of all that is looked for in it."""
        asked = {one for name in task.sources for one in self.order.selectors.get(name, ())}
        if not asked or task.target is None or task.target.suffix != ".pbf":
            return True
        try:
            held = held_by(task.target)
        except FlexsitesError:
            return False
        return held is None or not lacking(asked, held)

    def _answer(self, task: Task, window: Bounds | None, told: Told) -> tuple[tuple[Path, ...], Facts, str, str]:
        """Return the files that came, what is known of them, through which kind of door, and from where."""
        cache = self.order.cache
        if task.kind == "service" and isinstance(task.row, Service):
            answer = cache.service(task.name, task.row, window, told=told)
            return answer.files, _facts(answer), answer.kind, known_by(task.text)
        if task.kind == "address":
            columns = [self.order.asked.get(name) for name in task.sources]
            every = None if None in columns else tuple(dict.fromkeys(one for some in columns for one in some or ()))
            answer = cache.address(task.text, window, every, told=told)
            return answer.files, _facts(answer), answer.kind, known_by(task.text)
        assert task.target is not None  # noqa: S101 - a preset has a file
        closed: list[str] = []
        for door in task.doors:
            try:
                require_fit(door, task.target)
                answers = through(
                    door, task.name, task.rows, window, cache,
                    asked=self.order.asked, selectors=self.order.selectors, told=told,
                )  # fmt: skip
                layer = door.layers[0] if door.kind in ("file", "atom") and door.layers else None
                scratch = cache.folder / "scratch"
                facts = make(answers, task.target, scratch=scratch, where=task.name, layer=layer, window=window)
            except ClosedError as error:
                closed.append(f"{door.kind}: {error}")
                continue
            except FlexsitesError as error:
                closed += [f"{door.kind}: {one.what if isinstance(one, Fault) else one}" for one in error.faults]
                continue
            return (task.target,), facts, door.kind, known_by(door.address or "")
        what = f"no door gave it ({'; '.join(dict.fromkeys(closed))})"
        raise InputError(Fault(what, task.name, f"try again, or bring {task.target}"))

    def _keep(
        self, task: Task, files: tuple[Path, ...], facts: Facts, kind: str, address: str, window: Bounds | None
    ) -> None:
        """Lock what came, for each source that reads it."""
        asked = facts.window if kind in ("file", "atom", "geoparquet") else window
        with self._guard:
            digests = {self.fetched.name(path): sha256(path) for path in files}
            for name in task.sources:
                entry = Locked(
                    source=name,
                    question=task.question(),
                    kind=kind,
                    address=address,
                    time=facts.time,
                    edition=facts.etag or facts.last_modified or facts.time[:10],
                    etag=facts.etag,
                    rows=facts.n_rows,
                    n_bytes=sum(path.stat().st_size for path in files),
                    n_bytes_sent=facts.n_bytes_sent,
                    window=asked,
                    columns=facts.columns,
                    files=digests,
                    notes=facts.notes,
                )
                self.lock = self.lock.with_entry(entry).model_copy(update={"flexsites_version": __version__})
            write_lock(self.lock, self.order.lock_path)


def _facts(answer: Answer) -> Facts:
    """Return what is known of all files of an answer together."""
    first = answer.facts[0]
    if len(answer.facts) == 1:
        return first
    counts = [one.n_rows for one in answer.facts]
    n_rows = 0 if all(count == 0 for count in counts) else None
    return Facts(max(one.time for one in answer.facts), n_rows=n_rows, window=None, notes=first.notes)


def _host(task: Task) -> str:
    if task.kind in ("service", "address"):
        return urlsplit(task.text).netloc
    return next((urlsplit(door.address).netloc for door in task.doors if door.address), "")
