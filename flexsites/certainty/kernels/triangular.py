"""What a figure may be: triangular, its mode what is expected, its 5 and 95 % points low and high. Source: METHOD 9."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

__all__ = ["sides", "triangular"]

Floats = npt.NDArray[np.float64]

TAIL = 0.05
"""The chance of a figure below low, and of one above high [A]."""


def sides(down: float, up: float) -> tuple[float, float]:
    """Return how far a triangular distribution reaches below and above its mode.

    Parameters
    ----------
    down, up
        How far its 5 % point lies below the mode and its 95 % point above it, 0 or more. A side without width has none:
        the whole chance then lies on the other.

    Examples
    --------
    >>> [round(one, 4) for one in sides(1.0, 1.0)]
    [1.4625, 1.4625]
    >>> sides(0.0, 0.0)
    (0.0, 0.0)
    >>> down, up = sides(0.0, 1.0)
    >>> down, round(up, 4)
    (0.0, 1.288)
    """
    if down <= 0.0 or up <= 0.0:
        alone = 1.0 / (1.0 - np.sqrt(TAIL))
        return float(max(down, 0.0) * alone), float(max(up, 0.0) * alone)

    # Of a reach p below and q above: (p - down)^2 = t (p + q) p and (q - up)^2 = t (p + q) q. Given the whole width
    # w = p + q each side is a quadratic in itself; what is sought is the width that both sides add up to.
    def side(least: float, width: float) -> float:
        middle = least + TAIL * width / 2.0
        return float(middle + np.sqrt(middle**2 - least**2))

    widest = 10.0 * (down + up)
    width = float(brentq(lambda w: side(down, w) + side(up, w) - w, down + up, widest, xtol=1e-12 * widest))
    return float(side(down, width)), float(side(up, width))


def triangular(chance: Floats, low: float, expected: float, high: float) -> Floats:
    """Return the figures at chances: the inverse of the distribution, which rises with the chance.

    Parameters
    ----------
    chance
        In [0, 1], any shape; one shared draw gives several figures that go up and down together.
    low, expected, high
        The 5 % point, the mode and the 95 % point; low may lie above expected (a figure that gets tighter), as long as
        expected lies between low and high.

    Examples
    --------
    >>> triangular(np.array([0.05, 0.5, 0.95]), 80.0, 100.0, 120.0).round(6).tolist()
    [80.0, 100.0, 120.0]
    >>> triangular(np.array([0.05, 0.95]), 120.0, 100.0, 80.0).round(6).tolist()
    [120.0, 80.0]
    >>> triangular(np.array([0.0, 1.0]), 7.0, 7.0, 7.0).tolist()
    [7.0, 7.0]
    """
    sign = 1.0 if high >= low else -1.0
    below, above = sides(sign * (expected - low), sign * (high - expected))
    width = below + above
    if width == 0.0:
        return np.full(np.shape(chance), float(expected))
    mode = below / width
    falls = np.sqrt(np.maximum(chance, 0.0) * width * below)
    rises = np.sqrt(np.maximum(1.0 - chance, 0.0) * width * above)
    return np.asarray(expected + sign * np.where(chance <= mode, falls - below, above - rises))
