"""What if: a finished run asked for another reading of its figures or its rules, answered as a run of it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flexsites.config.readings import BASE, Reading
from flexsites.config.resolved import RESOLVED, reading_of
from flexsites.config.run import Variant
from flexsites.config.what_if import as_yaml
from flexsites.errors import ConfigError, Fault
from flexsites.finished.at_hand import needs_cells
from flexsites.finished.land import OtherLand
from flexsites.finished.opened import Finished
from flexsites.reporting.summaries.variants import VariantPart, join_variants, part_of_variant
from flexsites.tables import Frame, conform
from flexsites.tables.summary_tables import Variants

__all__ = ["Questions", "WhatIf"]


@dataclass(frozen=True)
class WhatIf:
    """What a finished run answers when figures or rules are other than its own.

    Attributes
    ----------
    variant
        What was asked; in a run file it is a variant.
    tables
        ``sites``, ``suitability``, ``units``, ``location_suitability``, ``clusters``, ``locations`` and ``pieces``, as
        a run with that variant writes them, and ``piece_suitability``.
    totals
        The totals of the run itself (``base``) and of the variant with what changed: of ``variants.parquet`` the rows
        of both.
    n_assessed
        How many parcels were assessed anew; 0 where figures alone differ.
    """

    variant: Variant
    tables: Mapping[str, Frame] = field(repr=False)
    totals: Frame = field(repr=False)
    n_assessed: int = 0

    @property
    def sites(self) -> Frame:
        """The parcels."""
        return self.tables["sites"]

    @property
    def suitability(self) -> Frame:
        """Whom each parcel serves, how well, and its homes: a row per parcel and flexmilieu."""
        return self.tables["suitability"]

    @property
    def homes(self) -> Frame:
        """The homes that fit on each valid piece: a row per piece and flexmilieu."""
        return self.tables["units"]

    def as_yaml(self) -> str:
        """Return the variant as it is written in a run file, below ``variants:``."""
        return as_yaml(self.variant)


@dataclass(frozen=True)
class Questions:
    """A finished run that is asked what if, again and again: what it answers with is opened once.

    Attributes
    ----------
    run
        The run.
    """

    run: Finished
    _own: list[VariantPart] = field(default_factory=list, repr=False)
    _land: OtherLand = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Stand ready for questions of land."""
        object.__setattr__(self, "_land", OtherLand(self.run))

    def answer(self, variant: Variant) -> WhatIf:
        """Answer a variant, and set its totals beside those of the run.

        Raises
        ------
        ConfigError
            With every fault of the variant, and with what of it only a run of its cells answers.
        InputError
            If a file of the run, or of its prepared inputs, is gone or is not as it was written.
        """
        reading = reading_of(self.run.settings, variant, RESOLVED)
        if cannot := needs_cells(self.run, reading):
            what = f"this cannot be answered from a finished run: {', '.join(cannot)}"
            remedy = "put the variant in the run file and run it: its cells are assessed"
            raise ConfigError(Fault(what, f"variants.{variant.id}", remedy))
        asked, n_assessed = self._on_its_land(reading)
        told = asked.tell(reading) | {name: asked.tables[name] for name in ("locations", "pieces")}
        if not self._own:
            self._own.append(self._part(self.run, self.run.tables))
        parts = {BASE: self._own, variant.id: [self._part(asked, told)]}
        totals = join_variants(parts, order=self.run.names)
        return WhatIf(variant, told, conform(totals, Variants, where="what_if", is_result=True), n_assessed)

    def _on_its_land(self, reading: Reading) -> tuple[Finished, int]:
        """Return the run on the land that a reading leaves, and how many parcels were assessed for it."""
        if reading.leaves_the_same_as(self.run.base):
            return self.run, 0
        found = self._land.of(reading)
        return found.run, found.n_assessed

    def _part(self, asked: Finished, told: Mapping[str, Frame]) -> VariantPart:
        """Return what the parcels add to the totals of an answer."""
        return part_of_variant(
            told["sites"], told["suitability"], self.run.tables["sites"],
            order=self.run.names, places=asked.places, clusters=told["clusters"],
        )  # fmt: skip
