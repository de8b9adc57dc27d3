"""Weights of pairs, as matrices over the items of one list."""

import decimal
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.oracles.lists import Items, Weigh, pair_dcg, pair_dcg2, pair_label_difference
from tests.oracles.loops import EXACT, Array, exact, real

X = npt.ArrayLike


def _matrix(scores: X, relevance: X, make: Callable[[Items], Weigh]) -> Array:
    with decimal.localcontext(EXACT):
        items = Items(exact(real(scores).tolist()), exact(real(relevance).tolist()))
        weigh = make(items)
        return np.array([[float(weigh(i, j)) for j in items.n] for i in items.n])


def label_difference(scores: X, relevance: X) -> Array:
    """The matrix of |y_i - y_j|."""
    return _matrix(scores, relevance, pair_label_difference)


def dcg(scores: X, relevance: X, *, k: int | None = None) -> Array:
    """Burges 2006: the matrix of |ΔNDCG|."""
    return _matrix(scores, relevance, lambda items: pair_dcg(items, k))


def dcg2(scores: X, relevance: X, *, k: int | None = None) -> Array:
    """Wang 2018, equation 17: the matrix of δ_ij |G_i - G_j|."""
    return _matrix(scores, relevance, lambda items: pair_dcg2(items, k))


def ndcg_loss2_plus(scores: X, relevance: X, *, mu: float = 10.0, k: int | None = None) -> Array:
    """Wang 2018: ρ_ij + mu δ_ij, times |G_i - G_j|."""
    return dcg(scores, relevance, k=k) + mu * dcg2(scores, relevance, k=k)
