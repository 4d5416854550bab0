"""A finished run's directory, opened: its tables by name, its manifest, its variants and its prepared inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.config.resolved import RESOLVED
from flexsites.errors import Fault, InputError, NotFoundError
from flexsites.tables import Frame
from flexsites.tables.contract import Bounds
from flexsites.tables.defined import require_columns
from flexsites.tables.files import n_rows_of, read, read_between, read_chunks, read_columns, read_rows
from flexsites.tables.manifest import MANIFEST, Manifest, read_manifest, require_as_written
from flexsites.tables.run_directory import OWN_FILES, holding_of, is_held
from flexsites.tables.windows import has_boxes, read_window

_KINDS = ("sites", "roofs")


@dataclass(frozen=True)
class Results:
    """The results of one run.

    Attributes
    ----------
    directory
        ``outputs/<pipeline>/<run_id>``.
    manifest
        The content of ``manifest.json``. Each table is compared with it before its first row is read.
    """

    directory: Path
    manifest: Manifest
    _cache: dict[str, Frame] = field(default_factory=dict, repr=False, compare=False)
    _sound: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def has_sites(self) -> bool:
        """Whether the run assessed parcels."""
        return self.has("sites")

    @property
    def has_roofs(self) -> bool:
        """Whether the run assessed roofs."""
        return self.has("roofs")

    @property
    def flexmilieus(self) -> tuple[str, ...]:
        """The ids of the flexmilieus, in the order of the configuration."""
        return tuple(one.id for one in self.manifest.flexmilieus)

    @property
    def undemanding(self) -> tuple[str, ...]:
        """The ids of the flexmilieus that nearly everything passes: shown with and without them."""
        return tuple(one.id for one in self.manifest.flexmilieus if one.is_undemanding)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules, in the order they were applied."""
        return tuple(rule.rule_id for rule in self.manifest.rules)

    def has(self, name: str) -> bool:
        """Whether there is a table of this name; ``canonical/areas`` names a prepared input."""
        return self._path(name).exists()

    def first_of(self, *names: str) -> str | None:
        """Return the first of these names that is a table of the run; None when none is."""
        return next((name for name in names if self.has(name)), None)

    def table(self, name: str) -> Frame:
        """Read a table, once.

        Raises
        ------
        NotFoundError
            When the run has no such table, naming those it has.
        """
        if name not in self._cache:
            path = self._path(name)
            if not path.exists():
                there = ", ".join(sorted(p.stem for p in self.directory.glob("*.parquet"))) or "none"
                fault = Fault(f"no table '{name}' (there are: {there})", str(self.directory), "run the pipeline again")
                raise NotFoundError(fault)
            self._cache[name] = read(self._written(name))
        return self._cache[name]

    def narrowed(
        self, ids: Sequence[str], names: Sequence[str], *, key: str = "site_id", whole: Sequence[str] = ()
    ) -> Results:
        """Return the run with only the rows of some parcels in the tables named: read without reading the rest.

        Of buildings with their ``key``. Tables of ``whole`` are handed on as they were read here.
        """
        rows = {name: read_rows(self._written(name), key, ids) for name in names if self.has(name)}
        rows |= {name: self.table(name) for name in whole if self.has(name)}
        return Results(self.directory, self.manifest, rows, self._sound)

    def chunks(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Frame]:
        """Read a table some rows at a time, and keep none of it; a table without rows is one empty chunk."""
        is_empty = True
        for rows in read_chunks(self._written(name), columns=columns):
            is_empty = False
            yield rows
        if is_empty:
            yield read(self._written(name))

    def columns(self, name: str, columns: Sequence[str]) -> Frame:
        """Read some columns of a table; the others are not read."""
        if name in self._cache:
            return pd.DataFrame(self._cache[name][list(columns)])
        return read_columns(self._written(name), columns)

    def first(self, name: str, most: int, where: Callable[[Frame], Frame] | None = None) -> tuple[Frame, int]:
        """Read the first rows of a table, and return how many it has; of those that ``where`` keeps, if given."""
        kept, n_rows, n_kept = list[Frame](), 0, 0
        for chunk in self.chunks(name):
            rows = chunk if where is None else where(chunk)
            if n_kept < most or not kept:
                kept.append(rows.head(most - n_kept))
                n_kept += len(kept[-1])
            n_rows += len(rows)
            if where is None and n_kept == most:
                return pd.concat(kept, ignore_index=True), self.n_rows(name)
        found = pd.concat([one for one in kept if len(one)] or kept[:1], ignore_index=True)
        return found, n_rows

    def rows(self, name: str, key: str, ids: Iterable[str], columns: Sequence[str] | None = None) -> Frame:
        """Read the rows of a table under some ids; of one that is held, those."""
        asked = list(dict.fromkeys(ids))
        if name in self._cache:
            held = self._cache[name]
            own = held[held[key].isin(asked)]
            return own if columns is None else pd.DataFrame(own[list(columns)])
        return read_rows(self._written(name), key, asked, columns=columns)

    def n_rows(self, name: str) -> int:
        """Return how many rows a table has, without reading them."""
        return len(self._cache[name]) if name in self._cache else n_rows_of(self._written(name))

    def between(self, name: str, key: str, low: str, high: str, columns: Sequence[str] | None = None) -> Frame:
        """Read the rows of a table whose key lies between two values, these included, and keep none of it."""
        return read_between(self._written(name), key, low, high, columns=columns)

    def within(self, name: str, bounds: Bounds) -> Frame:
        """Read the rows of a canonical table whose bounding box meets a window, and keep none of it.

        A table that was read before, or was written without bounding boxes, is given whole.
        """
        if name in self._cache or not has_boxes(self._written(name)):
            return self.table(name)
        return read_window(self._written(name), bounds)

    def once(self, key: str, make: Callable[[], Frame]) -> Frame:
        """Return a table that is computed the first time it is asked for."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.parquet"

    def _written(self, name: str) -> Path:
        """Return where a table stands that is read now; one written otherwise, or without a column, is refused."""
        if name not in self._sound:
            require_as_written(self.manifest, self.directory, [f"{name}.parquet"])
            require_columns(self.directory, [name])
            self._sound.add(name)
        return self._path(name)


def open_results(directory: Path | str) -> Results:
    """Open a run's directory.

    Parameters
    ----------
    directory
        The directory that a run wrote.

    Raises
    ------
    InputError
        When it is not a directory of results: missing, without a readable manifest, or without sites and roofs; when
        tables that the run wrote are gone.
    """
    folder = Path(directory)
    remedy = "name the directory of one finished run, such as outputs/municipal_shortlist/<run_id>"
    if not folder.is_dir():
        raise InputError(Fault("no such directory", str(folder), remedy))
    if (holding := holding_of(folder)) is not None and holding.manifest is not None:
        return Results(folder, holding.manifest)
    if is_held(folder):
        raise InputError(Fault("a run is writing here", str(folder), "wait until it has ended"))
    if not (folder / MANIFEST).exists() and (folder / OWN_FILES).exists():
        what = f"a run that did not finish: no {MANIFEST}"
        raise InputError(Fault(what, str(folder), "continue it with --resume"))
    if not (folder / MANIFEST).exists():
        inner = sorted(str(p.parent) for p in folder.glob(f"*/{MANIFEST}"))
        hint = f"; it holds runs: {', '.join(inner[:3])}" if inner else ""
        raise InputError(Fault(f"not a directory of results: no {MANIFEST}{hint}", str(folder), remedy))
    manifest = read_manifest(folder)
    if not any((folder / f"{kind}.parquet").exists() for kind in _KINDS):
        fault = Fault("not a finished run: neither sites.parquet nor roofs.parquet", str(folder), "resume the run")
        raise InputError(fault)
    # Prepared inputs may have been cleared away, but then all of them.
    kept = [*manifest.tables, *(manifest.inputs if (folder / "canonical").is_dir() else ())]
    require_as_written(manifest, folder, [RESOLVED, *(name for name in kept if not (folder / name).is_file())])
    return Results(folder, manifest)


def records(table: Frame) -> Iterator[Any]:
    """Give the rows as named tuples, whose cells may be anything."""
    yield from table.itertuples(index=False)


def row_at(table: Frame, key: Any) -> pd.Series[Any]:  # noqa: ANN401 - whatever the index holds
    """Return the row under a unique index key.

    Raises
    ------
    KeyError
        When there is none.
    """
    row: pd.Series[Any] = table.loc[key]
    return row
