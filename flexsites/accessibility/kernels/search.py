"""The search that all measures share: shortest costs from seeds, by ever wider rings instead of a heap.

Nodes cheaper than a threshold are worked off in order of arrival, the others wait; when none is left the threshold
rises by one step. A node that becomes cheaper is worked off again, so costs end where Dijkstra's do, to the last bit,
whatever the step; with a step of about one street hardly any node is, and nothing is ever sorted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.accessibility.kernels.network import Graph
from flexsites.arrays import FloatArray
from flexsites.compiled import kernel

Nodes = NDArray[np.int32]
NEAR = np.uint8(1)
FAR = np.uint8(2)


class Space(NamedTuple):
    """What a search needs and the next can use again.

    ``cost`` is infinite where no search has been; ``near`` is a ring buffer of nodes to work off, ``far`` of nodes
    that wait, ``state`` says in which of them a node is; ``seen`` lists the nodes with a cost.
    """

    cost: FloatArray
    near: Nodes
    far: Nodes
    state: NDArray[np.uint8]
    seen: Nodes


@kernel
def make_space(n_nodes: int) -> Space:
    """Return an empty space for networks of so many nodes.

    Examples
    --------
    >>> make_space(2).cost.tolist()
    [inf, inf]
    """
    return Space(
        np.full(n_nodes, np.inf),
        np.empty(n_nodes, dtype=np.int32),
        np.empty(n_nodes, dtype=np.int32),
        np.zeros(n_nodes, dtype=np.uint8),
        np.empty(n_nodes, dtype=np.int32),
    )


@kernel
def step_of(graph: Graph) -> float:
    """Return how far the threshold rises at a time: twice the mean length of a street, which decides only the speed.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> step_of(make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([3])))
    20.0
    """
    return 2.0 * graph.lengths.mean() if len(graph.lengths) else 1.0


@kernel
def seed(space: Space, n_seen: int, node: int, cost: float) -> int:
    """Give a node a first cost, if it is lower than what it has; return how many nodes are seen.

    Examples
    --------
    >>> space = make_space(2)
    >>> int(seed(space, seed(space, 0, 1, 5.0), 1, 3.0)), space.cost.tolist()
    (1, [inf, 3.0])
    """
    if cost < space.cost[node]:  # never an infinite one
        if space.cost[node] == np.inf:
            space.seen[n_seen] = node
            n_seen += 1
        space.cost[node] = cost
    return n_seen


@kernel
def search(  # noqa: C901, PLR0912 - one compiled loop; calls in it would cost more than they tell
    graph: Graph, space: Space, n_seen: int, limit: float, step: float
) -> int:
    """Spread the costs of the nodes seen over the network, up to a limit; return how many nodes are seen then.

    Parameters
    ----------
    graph
        The network.
    space
        Seeded, no seed above the limit; afterwards ``cost`` holds the result and ``seen[:n]`` the nodes that have one.
    n_seen
        How many nodes are seeded.
    limit
        Nodes that cost more are not reached.
    step
        How far the threshold rises at a time; positive.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> space = make_space(3)
    >>> int(search(line, space, seed(space, 0, 0, 2.0), 15.0, 10.0)), space.cost.tolist()
    (2, [2.0, 12.0, inf])
    """
    cost, near, far, state, seen = space
    size = len(near)
    head = n_near = n_far = 0
    for t in range(n_seen):
        far[t] = seen[t]
        state[seen[t]] = FAR
    n_far, low = n_seen, -np.inf
    while n_far > 0:
        lowest = np.inf
        for t in range(n_far):
            lowest = min(lowest, cost[far[t]] if cost[far[t]] >= low else np.inf)
        threshold = lowest + step
        n_waiting = 0
        for t in range(n_far):
            node = far[t]
            if cost[node] >= threshold:
                far[n_waiting] = node
                n_waiting += 1
                continue
            state[node] &= ~FAR
            if cost[node] >= low:
                near[(head + n_near) % size] = node
                n_near += 1
                state[node] |= NEAR
        n_far = n_waiting
        while n_near > 0:
            node = near[head]
            head += 1
            if head == size:
                head = 0
            n_near -= 1
            state[node] &= ~NEAR
            here = cost[node]
            for arc in range(graph.indptr[node], graph.indptr[node + 1]):
                before = graph.indices[arc]
                there = here + graph.lengths[arc]
                if there >= cost[before] or there > limit:
                    continue
                if cost[before] == np.inf:
                    seen[n_seen] = before
                    n_seen += 1
                cost[before] = there
                if there < threshold:
                    if not state[before] & NEAR:
                        at = head + n_near
                        near[at - size if at >= size else at] = before
                        n_near += 1
                        state[before] |= NEAR
                elif not state[before] & FAR:
                    far[n_far] = before
                    n_far += 1
                    state[before] |= FAR
        low = threshold
    return n_seen
