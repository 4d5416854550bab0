"""A finished run, opened to be asked again: its tables, the settings it was made with, and its kernel.

Its inputs are not read: what the rules left, what each piece reaches, and the modules that fit on it stand in its
tables. What a reading of other figures answers is the same as a fresh run of that reading gives, row for row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flexsites.answer import Answer, Kernel, Left, answer, figures_of, kernel_of, measures_asked, sizes_of, tell_answer
from flexsites.config.estimates import ESTIMATES
from flexsites.config.readings import Reading
from flexsites.config.resolved import RESOLVED, read_resolved, reading_of, settings_of
from flexsites.config.settings import Settings
from flexsites.errors import Fault, InputError
from flexsites.held import Held, hold, location_of
from flexsites.supply import ranks_of_sites, serve_locations, spread_supply
from flexsites.tables import Exclusions, Frame, Parcels, valid
from flexsites.tables.contract import is_true
from flexsites.tables.defined import require_columns
from flexsites.tables.files import read
from flexsites.tables.manifest import read_manifest, require_as_written
from flexsites.tables.run_directory import holding_of

__all__ = ["ANSWERED", "Finished", "in_order_of", "open_finished", "stand"]

_NEEDED = (
    "pieces", "laid_out", "accessibility", "transit_quality", "units", "piece_suitability", "piece_locations",
    "locations", "sites", "suitability", "location_suitability", "clusters",
)  # fmt: skip

ANSWERED = ("sites", "suitability", "units", "location_suitability", "clusters")
"""The tables of a variant that its figures decide; the others are those of the run itself."""

_OF_ANY_PIECE = "available_years_expected"
"""The one measure that is a column of the pieces: the years that they are free."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run of parcels.

    Attributes
    ----------
    directory
        Where it stands.
    content, settings, base
        What its ``run.yaml`` says, what of it decided its answer, and the reading that it is.
    tables
        Its tables by name, as they are written.
    left, kernel
        What the rules left, and what is known of its valid pieces, in the order of their ids.
    held
        The valid pieces with the run's own answer.
    placed
        The location of each at gap 0, with consent (true) and without: it hangs on no figure.
    places
        The location of each valid piece of the first reading: ``piece_id``, ``site_id``, ``location_id``.
    """

    directory: Path
    content: Mapping[str, Any]
    settings: Settings
    base: Reading
    tables: Mapping[str, Frame]
    left: Left
    kernel: Kernel
    held: Held
    placed: Mapping[bool, Frame]
    places: Frame

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the flexmilieus, in the order of the run."""
        return tuple(one.id for one in self.base.flexmilieus)

    @property
    def undemanding(self) -> frozenset[str]:
        """The flexmilieus that nearly everything passes."""
        return frozenset(one.id for one in self.base.flexmilieus if one.undemanding)

    def unanswered(self, reading: Reading) -> tuple[str, ...]:
        """Return what of a reading needs cells to be assessed, by its path; nothing: it is answered here."""
        inputs = () if reading.shares_inputs_with(self.base) else ("what inputs are prepared with",)
        unmeasured = [f"measures.{one}" for one in measures_asked([reading]) if one not in self.kernel.measures]
        return tuple(dict.fromkeys((*reading.leaves_otherwise(self.base), *inputs, *unmeasured)))

    def answer(self, reading: Reading) -> Answer:
        """Answer a reading from arrays."""
        return answer(self.kernel, figures_of(reading, self.kernel.measures))

    def tell(self, reading: Reading) -> dict[str, Frame]:
        """Answer a reading as tables.

        Returns
        -------
            By name those of ``ANSWERED`` and ``piece_suitability``: each as a fresh run with that variant writes it.
        """
        answered = self.answer(reading)
        found = tell_answer(self.left, answered, reading, undemanding=self.undemanding)
        held = _answered(self.held, answered, self.names)
        names, sizes, places = self.names, sizes_of(reading), self.tables["piece_locations"]
        served = serve_locations(held, places, self.tables["locations"], names=names, sizes=sizes, placed=self.placed)
        reach_m = float(reading.counting.cluster_reach_m)
        clusters = spread_supply(
            held, self.tables["sites"], names=names, sizes=sizes, reach_m=reach_m, placed=self.placed
        )  # fmt: skip
        located = found["sites"].assign(location_id=self.tables["sites"]["location_id"].array)
        ranked = _ranked(found["suitability"], ranks_of_sites(held, places, served))
        return found | {
            "sites": located, "suitability": ranked, "location_suitability": served, "clusters": clusters,
        }  # fmt: skip


def _answered(held: Held, found: Answer, names: Sequence[str]) -> Held:
    """Return the pieces with an answer that is of them, in their order."""
    shape = (len(names), len(held.pieces))
    judged, homes = [found.judged[name] for name in names], [found.homes[name] for name in names]
    return held.answered(
        np.array([one.truth for one in judged], dtype=np.int8).reshape(shape),
        np.array([one.score for one in judged], dtype=np.float64).reshape(shape),
        np.array([one.room for one in homes], dtype=np.int64).reshape(len(names), len(ESTIMATES), -1),
        np.array([one.formed for one in homes], dtype=np.int64).reshape(shape),
    )


def _ranked(suitability: Frame, ranks: Frame) -> Frame:
    """Return the rows with the rank of those that suit."""
    key = ["site_id", "flexmilieu"]
    found = suitability.drop(columns="rank").merge(ranks, on=key, how="left", validate="one_to_one")
    rank = found["rank"].astype("Int64").where(is_true(found["is_suitable"]))
    return found.assign(rank=rank)[list(suitability.columns)]


def open_finished(directory: Path) -> Finished:
    """Open a finished run of parcels: its tables and its resolved configuration, not its inputs.

    Raises
    ------
    InputError
        If it holds no parcels, did not finish or is not what a run wrote, or was made by an earlier version.
    """
    missing = [name for name in _NEEDED if not (directory / f"{name}.parquet").is_file()]
    if missing:
        what = ", ".join(f"{name}.parquet" for name in missing)
        remedy = "name the directory of a finished run of parcels, or run it again with this version"
        raise InputError(Fault(f"there is no {what}", str(directory), remedy))
    if holding_of(directory) is None:
        files = [RESOLVED, *(f"{name}.parquet" for name in _NEEDED)]
        require_as_written(read_manifest(directory), directory, files)
    require_columns(directory, _NEEDED)
    content = read_resolved(directory)
    settings = settings_of(content, str(directory))
    base = reading_of(settings, None, str(directory))
    tables = {name: read(directory / f"{name}.parquet") for name in _NEEDED}
    return stand(directory, content, settings, base, tables)


def stand(
    directory: Path,
    content: Mapping[str, Any],
    settings: Settings,
    base: Reading,
    tables: Mapping[str, Frame],
    *,
    measures: Sequence[str] = (),
) -> Finished:
    """Return a run that has tables: its own, or of its parcels on other land.

    Parameters
    ----------
    directory, content, settings, base
        Of the run.
    tables
        Those that `open_finished` reads, in the order of their keys.
    measures
        Measures that were taken, though of these pieces there may be none.
    """
    pieces, sites = tables["pieces"], tables["sites"]
    places = valid(pieces)
    taken = sorted({*measures, *measures_asked([base]), *tables["accessibility"]["measure"].unique(), _OF_ANY_PIECE})
    names = tuple(one.id for one in base.flexmilieus)
    laid_out = in_order_of(tables["laid_out"], places)
    area = sites["programme_area_m2"].to_numpy(dtype=np.float64)
    held = hold(pieces, tables["piece_suitability"], tables["units"], names=names)
    return Finished(
        directory=directory,
        content=content,
        settings=settings,
        base=base,
        tables=tables,
        left=Left(_parcels(sites), sites[Exclusions.columns], pieces, tables["transit_quality"], area),
        kernel=kernel_of(pieces, tables["accessibility"], laid_out, measures=taken, names=names),
        held=held,
        placed={consent: location_of(held, with_consent=consent) for consent in (False, True)},
        places=_places(places, tables["piece_locations"]),
    )


def _places(pieces: Frame, piece_locations: Frame) -> Frame:
    """Return the location of each valid piece of the first reading."""
    mine = pieces[pieces["is_with_consent"].to_numpy(dtype=bool)][["piece_id", "site_id"]]
    return pd.DataFrame(mine).merge(piece_locations[["piece_id", "location_id"]], on="piece_id", validate="one_to_one")


def _parcels(sites: Frame) -> Frame:
    """Return the parcels of a run. What land is used for is no column of results, and no answer asks it."""
    nothing = pd.array([None] * len(sites), dtype="str")
    return sites.assign(land_use=nothing)[Parcels.columns]


def in_order_of(laid_out: Frame, pieces: Frame) -> Frame:
    """Return layouts in the order of the pieces: a table on disk stands by its key."""
    order = pd.Series(np.arange(len(pieces)), index=pieces["piece_id"].to_numpy(dtype=object))
    place = order.reindex(laid_out["piece_id"]).to_numpy()
    found: Frame = laid_out.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    return found
