"""Classification losses that a wrong label cannot pull far: between cross-entropy and mean error.

Each takes scores of the classes and gives one value for each example. A class with the logit `-inf`
takes no part, and a label outside `[0, classes)` gives NaN with gradient 0.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, hyperparameters, labels as check_labels, of_rows
from jaxloss.core.numerics import (
    expm1_ratio,
    known,
    log_softmax,
    pick,
    safe_divide,
    shifted,
)

MOST_STEPS = 100
"""Of Newton's method for a normaliser; it takes some ten."""


def generalized_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    q: ArrayLike = 0.7,
) -> Float[Array, "*batch"]:
    """Reward the right class, and give up on labels that the model finds impossible.

    Formula: with `p` the softmax probability of the label, `(1 - p**q) / q`; cross-entropy in the
    limit of `q` 0, and half the absolute error of the probabilities at 1.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        q: how much of the pull of unlikely labels is taken away, from 0 to 1.

    Returns:
        One value for each example, at most `1 / q`.

    Example:
        >>> generalized_cross_entropy([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]), q=0.5)
        Array([0.5858, 1.9778], dtype=float32)

    Reference: Zhang and Sabuncu 2018, arXiv:1805.07836.
    """
    logits, labels = check_labels(logits, labels)
    log_p = _log_probability(logits, labels)
    (q,) = hyperparameters(log_p, q=q)
    return known(-_tempered_log(log_p, q), labels, logits.shape[-1])


def taylor_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"], *, order: int = 2
) -> Float[Array, "*batch"]:
    """Reward the right class by the first terms of the expansion of cross-entropy.

    Formula: with `p` the softmax probability of the label,
    `sum((1 - p)**n / n for n in range(1, order + 1))`; the mean absolute error is the first term,
    cross-entropy the sum of all.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        order: number of terms, at least 1.

    Returns:
        One value for each example, at most the harmonic number of `order`.

    Raises:
        ValueError: for an order below 1.

    Example:
        >>> taylor_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([0.625], dtype=float32)

    Reference: Feng et al. 2020, doi:10.24963/ijcai.2020/305.
    """
    if order < 1:
        raise ValueError(f"expected `order` of at least 1, got {order}")
    logits, labels = check_labels(logits, labels)
    miss = -jnp.expm1(_log_probability(logits, labels))
    value = jnp.zeros_like(miss)
    for n in range(order, 0, -1):
        value = miss * (value + 1 / n)
    return known(value, labels, logits.shape[-1])


def bi_tempered(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    t1: ArrayLike = 0.8,
    t2: ArrayLike = 1.2,
) -> Float[Array, "*batch"]:
    """Bound what an outlier costs, and let a wrong label far from the boundary be.

    Formula: with `log_t(x) = (x**(1 - t) - 1) / (1 - t)`, `exp_t` its inverse (0 below its range)
    and `p = exp_t2(logits - normaliser)` summing to 1,
    `-log_t1(p[labels]) - (1 - sum(p**(2 - t1))) / (2 - t1)`; the temperatures 1 are limits, both
    together cross-entropy.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        t1: temperature of the divergence, below 2; below 1 the loss is bounded.
        t2: temperature of the probabilities, positive; above 1 their tails are heavy, below 1 they
            end. Each may be traced through 1.

    Returns:
        One value for each example.

    Example:
        >>> bi_tempered([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]))
        Array([0.5394, 3.211 ], dtype=float32)

    Reference: Amid et al. 2019, arXiv:1906.03361.
    """
    logits, labels = check_labels(logits, labels)
    scores, _ = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    t1, t2 = hyperparameters(of_rows(scores), t1=t1, t2=t2)
    log_p = _tempered_log_softmax(scores, along(t2))
    possible = log_p > -jnp.inf
    powers = jnp.exp((2 - along(t1)) * jnp.where(possible, log_p, 0))
    spread = jnp.sum(jnp.where(possible, powers, 0), axis=-1)
    value = -_tempered_log(pick(log_p, labels), 1 - t1) - (1 - spread) / (2 - t1)
    return known(jnp.where(some, value, 0), labels, scores.shape[-1])


def _log_probability(logits: Array, labels: Array) -> Array:
    """Log-probability of each label; 0 where no class takes part."""
    some = jnp.any(logits > -jnp.inf, axis=-1)
    return jnp.where(some, pick(log_softmax(logits), labels), 0)


def _tempered_log(log_x: Array, power: Array) -> Array:
    """`(x**power - 1) / power` of the logarithm of `x`; its limit at power 0, and at `x` 0."""
    positive = log_x > -jnp.inf
    log_x = jnp.where(positive, log_x, 0)
    at_zero = jnp.where(power > 0, -1 / jnp.where(power > 0, power, 1), -jnp.inf)
    return jnp.where(positive, log_x * expm1_ratio(power * log_x), at_zero)


def _tempered_log_softmax(scores: Array, t: Array) -> Array:
    """Logarithms of `exp_t(scores - normaliser)`, whose sum is 1, of scores of at most 0."""
    # The sum is convex in the normaliser and at least 1 where that is the largest score: Newton's
    # steps from there approach the root from one side, for every t.
    held, held_t = lax.stop_gradient((scores, t))
    rounding = 16 * jnp.finfo(scores.dtype).eps
    start = jnp.zeros_like(jnp.max(held, axis=-1, keepdims=True))

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, excess, count = state
        return (count < MOST_STEPS) & jnp.any(excess > rounding)

    def improved(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        root, _, count = state
        excess, step = _excess_and_step(held, root, held_t)
        return root + step, excess, count + 1

    first = (start, jnp.ones_like(start), jnp.zeros((), jnp.int32))
    root = lax.stop_gradient(lax.while_loop(unfinished, improved, first)[0])
    # Two more steps, which are differentiated, bring the derivatives along up to the third: their
    # error is of the fourth order in what moves.
    for _ in range(2):
        root = root + _excess_and_step(scores, root, t)[1]
    return _log_tempered_exp(scores - root, 1 - t)


def _excess_and_step(scores: Array, root: Array, t: Array) -> tuple[Array, Array]:
    """By how much the sum exceeds 1, and Newton's step to where it does not."""
    log_p = _log_tempered_exp(scores - root, 1 - t)
    possible = log_p > -jnp.inf
    log_p = jnp.where(possible, log_p, 0)
    total, slope = (
        jnp.sum(jnp.where(possible, jnp.exp(power * log_p), 0), axis=-1, keepdims=True)
        for power in (jnp.ones_like(t), t)
    )
    return total - 1, safe_divide(total - 1, slope)


def _log_tempered_exp(x: Array, power: Array) -> Array:
    """`log(1 + power * x) / power`; `x` at power 0, and `-inf` where nothing is left to take."""
    product = power * jnp.where(x > -jnp.inf, x, 0)
    near = jnp.abs(product) < 1e-2
    small = jnp.where(near, product, 0)
    series = jnp.zeros_like(small)
    for n in range(9, 0, -1):
        series = 1 / n - small * series
    far = jnp.log1p(jnp.where(near | (product <= -1), 1, product))
    value = jnp.where(near, x * series, far / jnp.where(near, 1, power))
    return jnp.where((product > -1) & (x > -jnp.inf), value, -jnp.inf)
