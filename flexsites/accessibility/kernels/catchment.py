"""Two-step floating catchment areas: what facilities offer to each resident within reach. Source: Luo and Wang (2003).

A facility shares its capacity among all residents who can reach it; a place is offered the sum of these shares over the
facilities that it can reach. One more place of the same kind in a crowded town so counts for less than in a village.
"""

from __future__ import annotations

import numpy as np

from flexsites.accessibility.kernels.cumulative import cumulative_cutoff
from flexsites.accessibility.kernels.network import Graph
from flexsites.accessibility.kernels.positions import Opportunities, Positions
from flexsites.arrays import FloatArray

__all__ = ["offered", "shares"]


def shares(
    graph: Graph, facilities: Opportunities, residents: Positions, n_residents: FloatArray, cutoff_m: float
) -> FloatArray:
    """Return what each facility offers per resident who can reach it (first step).

    Parameters
    ----------
    graph
        The network, travelled from residents to facilities.
    facilities
        Shape (k,), each a group of its own; their weight is their capacity.
    residents, n_residents
        Where residents live, and how many, shape (m,). Who has no street near can reach nothing, and shares nothing.
    cutoff_m
        How far residents go; at the cut-off is within it.

    Returns
    -------
        Shape (k,); NaN where no resident can reach it: who comes there is not known.

    Examples
    --------
    Two practices on a street of 20 m; the first serves 30 residents, the second 20 of these.

    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> two = Opportunities(
    ...     np.array([0, 1]), np.array([5.0, 9.0]), np.zeros(2), np.array([6.0, 4.0]), np.array([0, 1])
    ... )
    >>> living = Positions(np.array([0, 1]), np.array([0.0, 1.0]), np.zeros(2))
    >>> shares(line, two, living, np.array([10.0, 20.0]), 10.0).tolist()
    [0.2, 0.2]
    """
    found = np.full(len(facilities.edge), np.nan)
    reach = np.array([cutoff_m])
    for k in range(len(found)):
        here = slice(k, k + 1)
        alone = Opportunities(
            facilities.edge[here], facilities.offset[here], facilities.leg[here], np.ones(1), facilities.group[here]
        )
        # Costs run from residents to the facility, so that one-way streets bind as they go.
        comes = np.nan_to_num(cumulative_cutoff(graph, alone, residents, reach)[:, 0]) > 0
        n = float(n_residents[comes].sum())
        found[k] = facilities.weight[k] / n if n > 0 else np.nan
    return found


def offered(
    graph: Graph, facilities: Opportunities, share: FloatArray, sites: Positions, cutoff_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return how many facilities each site can reach, and what these offer per resident (second step).

    Parameters
    ----------
    graph, facilities, cutoff_m
        As for :func:`shares`.
    share
        What each facility offers per resident, shape (k,); NaN offers an unknown amount, counted as none.
    sites
        Shape (n,).

    Returns
    -------
        Two arrays of shape (n,); NaN: the site is not on the network.

    Notes
    -----
    Law: where all residents are sites, the sum over residents of what each is offered is the capacity of the facilities
    that anyone can reach.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> two = Opportunities(
    ...     np.array([0, 1]), np.array([5.0, 9.0]), np.zeros(2), np.array([6.0, 4.0]), np.array([0, 1])
    ... )
    >>> sites = Positions(np.array([0, 0]), np.array([0.0, 10.0]), np.zeros(2))
    >>> n, per_resident = offered(line, two, np.array([0.2, 0.2]), sites, 10.0)
    >>> n.tolist(), per_resident.tolist()
    ([1.0, 2.0], [0.2, 0.4])
    """
    reach = np.array([cutoff_m])
    alike = facilities._replace(weight=np.ones(len(facilities.edge)))
    shared = facilities._replace(weight=np.nan_to_num(share))
    return (
        cumulative_cutoff(graph, alike, sites, reach)[:, 0],
        cumulative_cutoff(graph, shared, sites, reach)[:, 0],
    )
