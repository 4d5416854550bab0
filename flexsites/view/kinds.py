"""Which kinds of things a run shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flexsites.reporting.results import Results
from flexsites.view.kind import Kind
from flexsites.view.parcels import PARCELS
from flexsites.view.roofs import COMPLEXES, ROOFS

_THERE: Mapping[str, tuple[Kind, Callable[[Results], bool]]] = {
    "parcels": (PARCELS, lambda results: results.has_sites),
    "roofs": (ROOFS, lambda results: results.has_roofs),
    "complexes": (COMPLEXES, lambda results: results.has_roofs and results.has("roof_units")),
}
"""Each with when a run has it; the first that it has is what its page opens with."""


def kinds_of(results: Results) -> dict[str, Kind]:
    """Return the kinds that a run has, by name."""
    return {name: kind for name, (kind, is_there) in _THERE.items() if is_there(results)}
