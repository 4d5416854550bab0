"""What is asked of a chain of places: for which homes, on whose land, and how windows are read."""

from __future__ import annotations

from pydantic import Field

from flexsites.config.base import Model

__all__ = ["Relocation"]


class Relocation(Model):
    """A question about where homes stand over the years."""

    flexmilieu: str
    """The kind of homes: an id of a flexmilieu of the run."""
    owner_class: tuple[str, ...] = ()
    """Only land of these classes of owner; left out: of any."""
    known_windows: bool = False
    """Whether only the years count that the run knows a place to be free from its own date on. Else a place that no
    plan limits may also open later, for as long as its term."""
    max_nodes: int = Field(default=500, ge=1)
    """How many branches the search may open per objective: a limit that is the same on every machine."""
    max_seconds: float | None = Field(default=None, gt=0)
    """A limit by the clock per objective; the answer is then marked as one that may differ another time."""
