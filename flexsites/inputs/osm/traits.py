"""What streets carry besides who may use them, collected street by street into arrays."""

from __future__ import annotations

from array import array

import numpy as np

from flexsites.geometry.street_graph import NOT_TOLD, Traits


class TraitsOf:
    """Collects the traits of streets; a class or a name that comes again is kept once.

    Examples
    --------
    >>> found = TraitsOf()
    >>> found.add(7, "residential", 0, "Dorpsstraat", 0)
    >>> found.add(8, "residential", 0, None, 1)
    >>> traits = found.whole()
    >>> traits.names, traits.name.tolist(), traits.is_roundabout.tolist()
    (('Dorpsstraat',), [0, -1], [0, 1])
    """

    def __init__(self) -> None:
        self._number, self._class, self._name = array("q"), array("q"), array("q")
        self._kind, self._roundabout = array("b"), array("b")
        self._classes: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def add(self, number: int, road_class: str, kind: int, name: str | None, roundabout: int) -> None:
        """Add a street; ``kind`` and ``roundabout`` as in :class:`Traits`, a name of blanks is none."""
        self._number.append(number)
        self._class.append(self._classes.setdefault(road_class, len(self._classes)))
        self._kind.append(kind)
        name = (name or "").strip()
        self._name.append(self._names.setdefault(name, len(self._names)) if name else NOT_TOLD)
        self._roundabout.append(roundabout)

    def whole(self) -> Traits:
        """Return what was added, in that order."""
        return Traits(
            number=np.array(self._number, dtype=np.int64),
            road_class=np.array(self._class, dtype=np.int64),
            road_classes=tuple(self._classes),
            road_kind=np.array(self._kind, dtype=np.int8),
            name=np.array(self._name, dtype=np.int64),
            names=tuple(self._names),
            is_roundabout=np.array(self._roundabout, dtype=np.int8),
        )
