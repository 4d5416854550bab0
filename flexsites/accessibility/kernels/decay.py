"""How the weight of an opportunity falls with its cost: 1 at no cost, never rising, 0 beyond the cut-off.

All decay functions take the same arguments in the same order, so that one can stand for another.
"""

from __future__ import annotations

import math
from typing import Final

from flexsites.compiled import kernel

BINARY: Final = 0
LINEAR: Final = 1
EXPONENTIAL: Final = 2
LOGISTIC: Final = 3


@kernel
def decay_binary(cost: float, cutoff: float, inflection: float, scale: float) -> float:  # noqa: ARG001
    """Return 1 up to the cut-off, 0 beyond.

    Examples
    --------
    >>> decay_binary(400.0, 400.0, 0.0, 1.0), decay_binary(401.0, 400.0, 0.0, 1.0)
    (1.0, 0.0)
    """
    return 1.0 if cost <= cutoff else 0.0


@kernel
def decay_linear(cost: float, cutoff: float, inflection: float, scale: float) -> float:  # noqa: ARG001
    """Return 1 - cost / cut-off, 0 beyond.

    Examples
    --------
    >>> decay_linear(100.0, 400.0, 0.0, 1.0), decay_linear(500.0, 400.0, 0.0, 1.0)
    (0.75, 0.0)
    """
    return 1.0 - cost / cutoff if cost <= cutoff else 0.0


@kernel
def decay_exponential(cost: float, cutoff: float, inflection: float, scale: float) -> float:  # noqa: ARG001
    """Return exp(-cost / scale), 0 beyond the cut-off.

    Examples
    --------
    >>> round(decay_exponential(500.0, 2000.0, 0.0, 500.0), 4)
    0.3679
    """
    return math.exp(-cost / scale) if cost <= cutoff else 0.0


@kernel
def decay_logistic(cost: float, cutoff: float, inflection: float, scale: float) -> float:
    """Return the logistic fall around the inflection, divided by its value at no cost; 0 beyond the cut-off.

    Examples
    --------
    >>> decay_logistic(0.0, 2000.0, 800.0, 100.0), round(decay_logistic(800.0, 2000.0, 800.0, 100.0), 3)
    (1.0, 0.5)
    """
    if cost > cutoff:
        return 0.0
    return (1.0 + math.exp(-inflection / scale)) / (1.0 + math.exp((cost - inflection) / scale))


@kernel
def decay(cost: float, cutoff: float, kind: int, inflection: float, scale: float) -> float:
    """Return the weight by a decay of the given kind (``BINARY``, ``LINEAR``, ``EXPONENTIAL`` or ``LOGISTIC``).

    Examples
    --------
    >>> decay(100.0, 400.0, LINEAR, 0.0, 1.0)
    0.75
    """
    if kind == LINEAR:
        return decay_linear(cost, cutoff, inflection, scale)
    if kind == EXPONENTIAL:
        return decay_exponential(cost, cutoff, inflection, scale)
    if kind == LOGISTIC:
        return decay_logistic(cost, cutoff, inflection, scale)
    return decay_binary(cost, cutoff, inflection, scale)
