"""Where configuration is found: the user's own folder, over what travels with the package.

A folder beside the run (``config:`` in the run file, or a folder ``flexsites_config`` next to it) is laid out as
configs/. A file of a name that is there stands in the place of the shipped one; a file of another name stands beside.
measures.yaml, amenities.yaml and sources/*.yaml are catalogues: their entries go over the shipped ones by id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flexsites.config.load import available, configs_directory, find, nearest_first
from flexsites.errors import ConfigError, Fault, NotFoundError

OWN_FOLDER = "flexsites_config"
"""The name of a folder of own configuration that is found without being named."""


SHIPPED = "configs"
"""What the folder of the shipped configuration is told as: no file of one's own is told to be there."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The shipped configuration, and perhaps a folder of the user's own over it."""

    own: Path | None = None

    def files(self, kind: str) -> dict[str, Path]:
        """Return the files of one kind by name, sorted; one's own in the place of the shipped one of that name.

        Examples
        --------
        >>> list(Shelf().files("dwelling_types"))
        ['studio', 'tiny_house', 'two_bedroom_50m2']
        """
        mine = {path.stem: path for path in sorted((self.own / kind).glob("*.yaml"))} if self.own else {}
        return dict(sorted((available(kind) | mine).items()))

    def layers(self, name: str) -> tuple[Path, ...]:
        """Return the files of one name (``measures.yaml``): the shipped one, and one's own over it where it is."""
        over = self.own / name if self.own else None
        return (configs_directory() / name, *((over,) if over and over.is_file() else ()))

    def file(self, name: str) -> Path:
        """Return the file of a name that counts as a whole: one's own, else the shipped one."""
        return self.layers(name)[-1]

    def find(self, kind: str, name: str, *, beside: Path, instead_of: Path | None = None) -> Path:
        """Return the file that a name or a path means.

        Parameters
        ----------
        kind, name, beside
            As in :func:`flexsites.config.load.find`.
        instead_of
            The file that asks: one that extends a file of its own name means the shipped one.

        Raises
        ------
        NotFoundError
            Naming what there is.
        """
        known = self.files(kind)
        if instead_of is not None and known.get(name) == instead_of:
            known = available(kind)
        if name in known:
            return known[name]
        try:
            return find(kind, name, beside=beside)
        except NotFoundError as error:
            if Path(name).suffix:
                raise
            remedy = f"use one of {nearest_first([name], known)}, or a path"
            if self.own is None:
                remedy = f"{remedy}; yours are sought in flexsites_config beside the run file, which is not there"
            raise NotFoundError(Fault(f"there is no '{name}'", f"configs/{kind}", remedy)) from error

    def told(self, path: Path) -> str:
        """Return how a file is told of: within configs/ or one's own folder, else by its name; never where it lies.

        Examples
        --------
        >>> Shelf().told(configs_directory() / "flexmilieus" / "campus.yaml")
        'configs/flexmilieus/campus.yaml'
        >>> Shelf(Path("ours/configs")).told(Path("ours/configs/measures.yaml"))
        'ours/configs/measures.yaml'
        """
        own = self.own
        mine = "" if own is None else own.name if own.name != SHIPPED else f"{own.parent.name}/{own.name}"
        for folder, name in ((own, mine), (configs_directory(), SHIPPED)):
            if folder is not None and path.is_relative_to(folder):
                return f"{name}/{path.relative_to(folder).as_posix()}"
        return path.name

    def strays(self, patterns: tuple[str, ...]) -> Iterator[Fault]:
        """Find files of one's own folder that nothing reads: a name misspelt would else change nothing, in silence."""
        for path in sorted(self.own.rglob("*")) if self.own else ():
            relative = path.relative_to(self.own) if self.own else path
            if path.is_dir() or relative.parts[0] == "schemas" or path.suffix not in (".yaml", ".yml"):
                continue
            places = [pattern for pattern in patterns if len(relative.parts) == pattern.count("/") + 1]
            if not any(relative.match(pattern) for pattern in places):
                yield Fault("nothing reads this file", self.told(path), f"its place is one of {', '.join(patterns)}")


def shelf_of(run_file: Path, named: str | None) -> Shelf:
    """Return the shelf of a run: with the folder it names, or the one that lies beside it.

    Raises
    ------
    ConfigError
        If the run names a folder that is not there.
    """
    if named is not None:
        own = (run_file.parent / named).resolve()
        if not own.is_dir():
            remedy = "make it with `flexsites config copy`, or correct the path; it is relative to the run file"
            raise ConfigError(Fault(f"there is no folder {named}", f"{run_file}: config", remedy))
        return Shelf(own)
    beside = (run_file.parent / OWN_FOLDER, *(one for one in run_file.parents if one.name == OWN_FOLDER))
    return Shelf(next((folder.resolve() for folder in beside if folder.is_dir()), None))
