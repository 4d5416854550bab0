"""A run from Python: its tables as GeoDataFrames, its stories, its map.

``import flexsites as fs``, then ``fs.open("outputs/municipal_shortlist/<run_id>")`` for a run that is there, or
``fs.run("zaanstad.yaml")`` to make one.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd

from flexsites import reporting
from flexsites.config.what_if import variant_asked
from flexsites.finished.copies import n_copies, n_cores
from flexsites.finished.opened import open_finished
from flexsites.finished.questions import Questions, WhatIf
from flexsites.finished.roofs import FinishedRoofs, RoofsWhatIf, open_finished_roofs
from flexsites.reporting.names import words_of
from flexsites.reporting.report.page import render_map
from flexsites.reporting.results import Results, open_results
from flexsites.tables import CRS, Frame
from flexsites.tables.manifest import Manifest
from flexsites.tables.whole_files import write_whole

_LOCATION = ("location_x_m", "location_y_m")


@dataclass(frozen=True)
class MapPage:
    """A map as a page of its own: shown in a notebook, or saved as a file that needs no internet.

    Attributes
    ----------
    page
        HTML.
    """

    page: str = field(repr=False)

    def save(self, path: Path | str) -> Path:
        """Write the page, whole or not at all, and return where."""
        write_whole(Path(path), self.page.encode())
        return Path(path)

    def _repr_html_(self) -> str:
        """Return it as notebooks show it: in a frame, which keeps its styles to itself."""
        held = html.escape(self.page, quote=True)
        return f'<iframe title="flexsites" srcdoc="{held}" style="width:100%;height:720px;border:0"></iframe>'


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    directory
        Where it stands.

    Examples
    --------
    >>> import flexsites as fs
    >>> run = fs.open(finished_run)
    >>> run.sites.crs.to_epsg(), run.sites["verdict"].isin(["eligible", "conditional", "unknown", "excluded"]).all()
    (28992, np.True_)
    >>> first = run.sites["site_id"].iloc[0]
    >>> run.explain(first, lang="en").splitlines()[0] == f"# Parcel {first}"
    True
    >>> run.map(lang="en")
    MapPage()
    """

    directory: Path
    _results: Results = field(repr=False)
    _asked: list[Questions] = field(default_factory=list, repr=False, compare=False)
    _roofs: list[FinishedRoofs] = field(default_factory=list, repr=False, compare=False)

    @property
    def manifest(self) -> Manifest:
        """What was read, assumed and computed."""
        return self._results.manifest

    @property
    def tables(self) -> list[str]:
        """The names of its tables, for :meth:`table`."""
        return sorted(path.stem for path in self.directory.glob("*.parquet"))

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """The parcels, in RD New (EPSG:28992)."""
        return _placed(self.table("sites"))

    @property
    def roofs(self) -> gpd.GeoDataFrame:
        """The buildings of a run that assessed roofs, in RD New."""
        return _placed(self.table("roofs"))

    @property
    def locations(self) -> gpd.GeoDataFrame:
        """The locations, each at a point of its largest piece, in RD New."""
        table = self.table("locations")
        points = gpd.points_from_xy(*(table[name] for name in _LOCATION), crs=CRS)
        return gpd.GeoDataFrame(table, geometry=points)

    def table(self, name: str) -> Frame:
        """Return a table; what its columns mean is in the documentation (``flexsites docs``).

        Raises
        ------
        NotFoundError
            When the run has no such table, naming those it has.
        """
        return self._results.table(name).copy()

    def explain(self, site_id: str, *, lang: str = "nl") -> str:
        """Return the whole story of a parcel or a building, as Markdown.

        Raises
        ------
        NotFoundError
            When the run has no such site, naming ids that look like it.
        """
        return reporting.explain(self.directory, site_id, lang)

    def what_if(self, **changes: object) -> WhatIf:
        """Return what the run answers otherwise read: other limits, weights, densities, terms, or other rules of land.

        Parameters
        ----------
        changes
            The keys of a variant in a run file: ``effects`` by rule, ``limits`` by measure, ``replace`` by the path
            that the report lists a figure with, ``estimate``. A number may stand where a run file has a figure with its
            origin.

        Returns
        -------
            Tables and totals, equal to those of a run with that variant; ``as_yaml()`` is what to write in a run file.

        Raises
        ------
        ConfigError
            With every fault of what is asked, and with what needs cells to be assessed (what was not prepared): that
            is a variant for the run file.
        InputError
            When the run was made by an earlier version, or holds no parcels.
        """
        if not self._asked:
            opened = open_finished(self.directory)
            self._asked.append(Questions(opened, n_copies=n_copies(n_cores(), len(opened.tables["sites"]))))
        return self._asked[0].answer(variant_asked(changes))

    def what_if_roofs(self, **changes: object) -> RoofsWhatIf:
        """Return what the buildings answer under other figures of topping up.

        Parameters
        ----------
        changes
            The keys of a variant in a run file: ``replace`` by the path that the report lists a figure with, below
            ``optoppen``. A number may stand where a run file has a figure with its origin.

        Returns
        -------
            Tables and totals, equal to those of a run with that variant; ``as_yaml()`` is what to write in a run file.

        Raises
        ------
        ConfigError
            With every fault of what is asked, and with what needs cells to be assessed.
        InputError
            When the run was made by an earlier version, or assessed no roofs.
        """
        if not self._roofs:
            self._roofs.append(open_finished_roofs(self.directory))
        return self._roofs[0].answer(variant_asked(changes))

    def map(self, *, lang: str = "nl") -> MapPage:
        """Return the map of the parcels.

        Raises
        ------
        NotFoundError
            When the run assessed roofs alone.
        """
        return MapPage(render_map(self._results, words_of(self._results, lang)))

    def report(self, *, lang: str = "nl") -> Path:
        """Write the report in a language, and return where it stands."""
        return reporting.write_report(self.directory, lang)


def open_run(directory: Path | str) -> Run:
    """Open a finished run.

    Parameters
    ----------
    directory
        The directory that a run wrote: ``outputs/<pipeline>/<run_id>``.

    Raises
    ------
    InputError
        When it is not a directory of results.
    """
    results = open_results(directory)
    return Run(results.directory, results)


def run(
    run_file: Path | str,
    *,
    outputs: Path | str = "outputs",
    scheduler: str = "threads",
    workers: int = 2,
    memory: str = "",
    store: str = "",
    resume: bool = False,
    fresh: bool = False,
    lang: str = "nl",
    quiet: bool = True,
) -> Run:
    """Run what a run file says, and open what it made.

    Parameters
    ----------
    run_file
        A run file, or the name of a bundled run such as ``demo``.
    outputs
        Where results go.
    scheduler
        ``synchronous``, ``threads``, ``processes`` (in a script below ``if __name__ == "__main__":``), ``cluster``, or
        an address.
    workers
        How many cells are assessed at once.
    memory
        What a worker may hold (``4GiB``); a cell that asks for more is cut in two.
    store
        Object store between workers that share no disk (``s3://bucket/folder``); the results go there too.
    resume
        Continue where a run was stopped.
    fresh
        Assess everything, whatever a finished run beside it holds.
    lang
        Language of what people open.
    quiet
        No progress bars.

    Raises
    ------
    FlexsitesError
        With every fault of the configuration and the inputs.
    """
    from flexsites.config.study import Study, resolve  # noqa: PLC0415 - opening a run needs none of the chain
    from flexsites.runs.run import Options  # noqa: PLC0415
    from pipelines import PIPELINES  # noqa: PLC0415

    study = resolve(str(run_file))
    pipeline: Callable[[Study, Options], Path] = PIPELINES[study.run.pipeline]
    how = Options(Path(outputs), scheduler, workers, resume=resume, store=store, memory=memory)
    options = replace(how, lang=lang, quiet=quiet, reuse=not fresh)
    return open_run(pipeline(study, options))


def _placed(table: Frame) -> gpd.GeoDataFrame:
    placed = gpd.GeoDataFrame(table, geometry="geometry")
    return placed if placed.crs is not None else placed.set_crs(CRS)
