"""Lists laid end to end, taken apart one by one."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, integer, real

X = npt.ArrayLike


def segmented(
    fn: Callable[..., Array], scores: X, relevance: X, segments: X, *, lists: int
) -> Array:
    """A loss of each list alone; its items in the order given."""
    s, y, names = real(scores), real(relevance), integer(segments)
    return np.array([float(fn(s[names == i], y[names == i])) for i in range(lists)])


def segment_ids(lengths: X, size: int) -> Array:
    """The number of the list of each item, -1 beyond the last."""
    found = [i for i, n in enumerate(integer(lengths).tolist()) for _ in range(n)]
    return real((found + [-1] * size)[:size])
