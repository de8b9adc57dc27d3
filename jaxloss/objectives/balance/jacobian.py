"""Aggregators that look at the gradients entry by entry, and those that leave out outliers.

Weights are constants to differentiation, in float32 at least.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core import checks
from jaxloss.core.numerics import relu, safe_divide
from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.weighting import Gramian, Weights, closed_form

Rows = Float[Array, "T ..."]


def graddrop(*, leak: ArrayLike | Sequence[float] = 0.0) -> Balancer:
    """In each entry of the gradient, only the tasks that agree with a sign drawn for it.

    The sign is positive with the share that positive parts have of the entry's absolute sum, so
    that the gradient is the sum of the tasks' on average.

    Formula: weights `leak + (1 - leak) * (jacobian has the sign)`, the sign positive with
    probability `(1 + sum(jacobian) / sum(abs(jacobian))) / 2`.

    Args:
        leak: share of its gradient that a task keeps whatever the sign, in [0, 1]; one number, or
            one for each task.

    Raises:
        ValueError: when used without a key, or with a leak of another shape.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> agree = Statistics(jnp.ones(2), jacobian=jnp.array([[1.0, -3.0], [2.0, -1.0]]))
        >>> graddrop().update(agree, (), jax.random.key(0))[0]
        Array([[1., 1.],
               [1., 1.]], dtype=float32)

    Reference: Chen et al. 2020, arXiv:2010.06808.
    """

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[PyTree[Rows], Any]:
        if key is None:
            raise ValueError("graddrop draws at random: pass a key")
        leaves, structure = jax.tree.flatten(statistics.jacobian)

        def weigh(leaf: Array, key: Array) -> Rows:
            rows = _constant(leaf)
            share = _along(rows, jnp.asarray(leak).astype(rows.dtype))
            purity = safe_divide(jnp.sum(rows, axis=0), jnp.sum(jnp.abs(rows), axis=0))
            drawn = jax.random.uniform(key, purity.shape, purity.dtype, minval=-1)
            kept = jnp.where(purity > drawn, rows > 0, rows < 0)
            return share + (1 - share) * kept

        keys = jax.random.split(key, len(leaves))
        weights = [weigh(leaf, key) for leaf, key in zip(leaves, keys, strict=True)]
        return jax.tree.unflatten(structure, weights), state

    return Balancer(lambda count: (), update, needs="jacobian", random=True)


def trimmed_mean(*, trim: int = 1) -> Balancer:
    """In each entry of the gradient, the mean without the largest and the smallest.

    Args:
        trim: how many are left out at either end.

    Raises:
        ValueError: for a negative `trim`; when used, if it leaves no task.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> rows = jnp.array([[1e11, 3.0], [1.0, -1e11], [-1e10, 1e10], [2.0, 2.0]])
        >>> weights, _ = trimmed_mean().update(Statistics(jnp.ones(4), jacobian=rows), (), None)
        >>> (weights * rows).sum(0)
        Array([1.5, 2.5], dtype=float32)

    Reference: Yin et al. 2018, arXiv:1803.01498.
    """
    if trim < 0:
        raise ValueError(f"expected `trim` of at least 0, got {trim}")

    def weigh(leaf: Array) -> Rows:
        rows = _constant(leaf)
        count = len(rows)
        if count <= 2 * trim:
            raise ValueError(f"expected more than {2 * trim} tasks to trim, got {count}")
        ranks = jnp.argsort(jnp.argsort(rows, axis=0), axis=0)
        kept = (ranks >= trim) & (ranks < count - trim)
        return kept.astype(rows.dtype) / (count - 2 * trim)

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[PyTree[Rows], Any]:
        del key
        return jax.tree.map(weigh, statistics.jacobian), state

    return Balancer(lambda count: (), update, needs="jacobian")


def krum(*, num_byzantine: int = 0, num_selected: int = 1) -> Balancer:
    """The mean of the gradients that lie closest to their nearest neighbours.

    It needs the Gramian only.

    Formula: the `num_selected` tasks with the least sum of squared distances to the
    `T - num_byzantine - 2` nearest others.

    Args:
        num_byzantine: tasks whose gradients may be anything.
        num_selected: tasks to take the mean of; 1 is Krum, more Multi-Krum.

    Raises:
        ValueError: for a negative `num_byzantine` or a `num_selected` below 1; when used, for fewer
            than `num_byzantine + 3` or `num_selected` tasks.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> rows = jnp.array([[1.0, 1.0], [1.0, 0.0], [75.0, -66.0], [2.0, 0.0]])
        >>> balancer = krum(num_byzantine=1, num_selected=3)
        >>> balancer.update(Statistics(jnp.ones(4), rows @ rows.T), (), None)[0]
        Array([0.3333, 0.3333, 0.    , 0.3333], dtype=float32)

    Reference: Blanchard et al. 2017, arXiv:1703.02757.
    """
    if num_byzantine < 0 or num_selected < 1:
        raise ValueError(
            "expected `num_byzantine` of at least 0 and `num_selected` of at least 1, got "
            f"{num_byzantine} and {num_selected}"
        )

    def weigh(gramian: Gramian) -> Weights:
        count = len(gramian)
        least = max(num_byzantine + 3, num_selected)
        if count < least:
            raise ValueError(f"expected at least {least} tasks for krum, got {count}")
        squares = jnp.diagonal(gramian)
        distances = relu(squares[:, None] + squares - 2 * gramian)
        others = jnp.where(jnp.eye(count, dtype=bool), jnp.inf, distances)
        scores = jnp.sum(jnp.sort(others, axis=1)[:, : count - num_byzantine - 2], axis=1)
        selected = jnp.argsort(jnp.argsort(scores)) < num_selected
        return selected.astype(gramian.dtype) / num_selected

    return closed_form(weigh)


def _constant(leaf: ArrayLike) -> Rows:
    return lax.stop_gradient(checks.promote(jacobian=leaf)[0])


def _along(rows: Rows, leak: Array) -> Array:
    """One number, or one for each task, to broadcast against rows."""
    if leak.shape not in ((), rows.shape[:1]):
        raise ValueError(
            f"expected `leak` of shape () or {rows.shape[:1]}, one for each task, got {leak.shape}"
        )
    return lax.stop_gradient(leak.reshape(leak.shape + (1,) * (rows.ndim - leak.ndim)))
