"""A finished run of roofs, opened to be asked what if: its buildings, topped up anew under other figures.

All buildings are answered anew, and nothing of an answer is kept: of the demo's 3,972 it takes a second and a half,
most of it homes that are laid out on roofs that qualify. What lies around is joined to them once, as cells do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from flexsites import tables as t
from flexsites.assess import place_roofs
from flexsites.capacity.roofs import roof_units, top_up
from flexsites.config.readings import Reading
from flexsites.config.resolved import RESOLVED, read_resolved, reading_of, settings_of, study_of
from flexsites.config.roofs import TopUpRules
from flexsites.config.run import Variant
from flexsites.config.settings import Settings
from flexsites.config.what_if import as_yaml
from flexsites.errors import ConfigError, Fault, InputError
from flexsites.inputs.prepared import open_prepared
from flexsites.reporting.summaries.roofs import roof_totals
from flexsites.surroundings import roof_surroundings_of
from flexsites.tables import Frame
from flexsites.tables.manifest import read_manifest, require_as_written
from flexsites.tables.run_directory import holding_of

__all__ = ["FinishedRoofs", "RoofsWhatIf", "ToppedUp", "open_finished_roofs"]

_SECTION = "optoppen"
_ELSEWHERE = ("context", "complexes", "blocks", "labels")
"""Parts of the section that are asked before buildings are topped up, or across them."""
_MOST_BUILDINGS = 50_000
"""[A] Of more a question takes more than some twenty seconds: their variant is a run."""


@dataclass(frozen=True)
class ToppedUp:
    """What buildings answer under some rules.

    Attributes
    ----------
    rules
        The rules for topping up.
    tables
        ``roofs`` and ``roof_units``, as a run with these rules writes them.
    totals
        As ``roof_totals.parquet`` of such a run: per age rule, way of topping up and verdict.
    """

    rules: TopUpRules = field(repr=False)
    tables: Mapping[str, Frame] = field(repr=False)
    totals: Frame = field(repr=False)


@dataclass(frozen=True)
class RoofsWhatIf(ToppedUp):
    """What the buildings of a finished run answer when figures of topping up are other than its own.

    Attributes
    ----------
    variant
        What was asked; in a run file it is a variant.
    """

    variant: Variant

    def as_yaml(self) -> str:
        """Return the variant as it is written in a run file, below ``variants:``."""
        return as_yaml(self.variant)


@dataclass(frozen=True, slots=True)
class FinishedRoofs:
    """The buildings of a finished run.

    Attributes
    ----------
    directory, settings
        Where it stands, and what decided its answer.
    buildings
        The buildings, with what lies around them, by id.
    roof_parts
        Surfaces of their roofs.
    """

    directory: Path
    settings: Settings
    buildings: Frame
    roof_parts: Frame

    @property
    def rules(self) -> TopUpRules:
        """The rules that the run topped up with."""
        assert self.settings.optoppen is not None, "it is opened only where there are"  # noqa: S101
        return self.settings.optoppen

    def own(self) -> ToppedUp:
        """Return what the run itself answers."""
        return ToppedUp(self.rules, *self._top_up(self.rules))

    def answer(self, variant: Variant) -> RoofsWhatIf:
        """Answer a variant.

        Raises
        ------
        ConfigError
            With every fault of the variant, and with what of it only a run answers.
        """
        reading = reading_of(self.settings, variant, RESOLVED)
        if cannot := list(_only_a_run_answers(reading, variant, self)):
            what = f"this cannot be answered from a finished run: {', '.join(cannot)}"
            remedy = "put the variant in the run file and run it: its cells are assessed"
            raise ConfigError(Fault(what, f"variants.{variant.id}", remedy))
        rules = reading.settings.optoppen or self.rules
        return RoofsWhatIf(rules, *self._top_up(rules), variant)

    def _top_up(self, rules: TopUpRules) -> tuple[dict[str, Frame], Frame]:
        roofs = top_up(self.buildings, self.roof_parts, rules=rules)
        units = roof_units(roofs, rules=rules)
        return {"roofs": roofs, "roof_units": units}, roof_totals(units)


def _only_a_run_answers(reading: Reading, variant: Variant, run: FinishedRoofs) -> Iterator[str]:
    """Give what of a variant is not asked of the buildings as they stand, by its path."""
    yield from sorted(variant.model_fields_set - {"id", "label", "replace"})
    yield from sorted({path.partition(".")[0] for path in variant.replace} - {_SECTION})
    after = reading.settings.optoppen
    yield from (f"{_SECTION}.{one}" for one in _ELSEWHERE if getattr(after, one) != getattr(run.rules, one))


def open_finished_roofs(directory: Path) -> FinishedRoofs:
    """Open the buildings of a finished run, and join to them what lies around them.

    Raises
    ------
    InputError
        If it assessed no roofs, has more buildings than are held at once, did not finish or is not what a run wrote, or
        was made by an earlier version.
    """
    place = str(directory)
    content = read_resolved(directory)
    settings = settings_of(content, place)
    remedy = "name the directory of a finished run of roofs, or run it again with this version"
    if settings.optoppen is None or not (directory / "roofs.parquet").is_file():
        raise InputError(Fault("there is no roofs.parquet", place, remedy))
    if holding_of(directory) is None:
        require_as_written(read_manifest(directory), directory, [RESOLVED])
    inputs = open_prepared(directory / "canonical", [*settings.optoppen.context.layers, *settings.sources.layers])
    buildings = inputs.read("buildings", t.Buildings).sort_values("bag_pand_id", ignore_index=True)
    if len(buildings) > _MOST_BUILDINGS:
        what = f"{len(buildings):,} buildings are more than are asked what if at once ({_MOST_BUILDINGS:,})"
        raise InputError(Fault(what, place, "put the variant in the run file and run it: its cells are assessed"))
    parts = inputs.read("roof_parts", t.RoofParts)
    own = parts[parts["bag_pand_id"].isin(pd.Index(buildings["bag_pand_id"]))]
    if len(buildings):
        study = study_of(content, settings, place)
        buildings = place_roofs(buildings, roof_surroundings_of(buildings, inputs, study=study), study=study)
    return FinishedRoofs(directory, settings, buildings, own)
