"""Successive halving: train many a little, and the promising ones for longer."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def successive_halving(
    evaluate: Callable[[NDArray[np.float64], int], ArrayLike],
    thetas: ArrayLike,
    steps: Sequence[int],
    *,
    keep: float = 0.5,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rank candidates in rounds, of which each drops the worst and trains the rest for longer.

    Args:
        evaluate: fitness of candidates trained for some number of steps, one for each; higher is
            better.
        thetas: candidates.
        steps: of each round, growing.
        keep: share of the candidates that a round leaves, at least one.

    Returns:
        Places of the candidates from the best down, those that went further first; and of each
        candidate the fitness in its last round.

    Example:
        >>> order, _ = successive_halving(lambda x, steps: -abs(x[:, 0]), [[3], [1], [2]], (1, 2))
        >>> order
        array([1, 2, 0])

    Reference: Jamieson and Talwalkar 2016, arXiv:1502.07943.
    """
    candidates = np.asarray(thetas, np.float64)
    places = np.arange(len(candidates))
    fitness = np.full(len(candidates), -np.inf)
    dropped: list[NDArray[np.int64]] = []
    for round_, count in enumerate(steps):
        found = np.asarray(evaluate(candidates[places], count), np.float64)
        fitness[places] = found
        places = places[np.argsort(-np.where(np.isnan(found), -np.inf, found), kind="stable")]
        if round_ + 1 < len(steps):
            left = max(1, int(np.ceil(keep * len(places))))
            dropped.append(places[left:])
            places = places[:left]
    return np.concatenate([places, *dropped[::-1]]), fitness
