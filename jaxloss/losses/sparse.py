"""Losses whose probabilities can be exactly 0: sparsemax, entmax, and other Fenchel-Young losses.

A Fenchel-Young loss belongs to an entropy `H` of distributions: the prediction is the distribution
with the largest `sum(p * logits) + H(p)`, and the loss is how much larger that is than what the
target gives. Its gradient is the prediction less the target. Shannon's entropy gives softmax and
cross-entropy. A class with the logit `-inf` takes no part, and a label outside `[0, classes)` gives
NaN with gradient 0.
"""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int, Real

from jaxloss.core.checks import (
    along,
    classes,
    elementwise,
    hyperparameters,
    labels as check_labels,
    of_rows,
    vectors,
)
from jaxloss.core.numerics import (
    expm1_ratio,
    known,
    one_hot,
    pick,
    product,
    safe_log,
    shifted,
    streamed,
    with_tangent,
)
from jaxloss.core.simplex import norm_log_softmax, tempered_log_softmax


def sparsemax(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward the right class for leading all others by 1, after which nothing is left to gain.

    Formula: with `p` of `sparsemax_probabilities(logits)`, `q` the target (one-hot for labels) and
    `H(p) = sum(p - p**2) / 2`, `sum((p - q) * logits) + H(p) - H(q)`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes. What the entropy of a mass of 0 would
            gain is not in the gradient by the target.

    Returns:
        One value for each example.

    Example:
        >>> sparsemax([[0.0, 0.0], [2.0, 0.0]], jnp.array([0, 0]))
        Array([0.25, 0.  ], dtype=float32)

    Reference: Martins and Astudillo 2016, arXiv:1602.02068.
    """
    return entmax(logits, target, alpha=2.0)


def entmax(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    alpha: ArrayLike = 1.5,
) -> Float[Array, "*batch"]:
    """Reward the right class as far as its lead gives other classes a probability.

    Formula: with `p` of `entmax_probabilities(logits)`, `q` the target (one-hot for labels) and
    `H(p) = sum(p - p**alpha) / (alpha * (alpha - 1))`, `sum((p - q) * logits) + H(p) - H(q)`;
    cross-entropy (the divergence, for distributions) in the limit of `alpha` 1, `sparsemax` at 2.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes. What the entropy of a mass of 0 would
            gain is not in the gradient by the target.
        alpha: at least 1; the larger, the sparser. May be traced, and learned.

    Returns:
        One value for each example.

    Example:
        >>> entmax([[0.0, 0.0], [3.0, 0.0]], jnp.array([0, 0]))
        Array([0.3905, 0.    ], dtype=float32)

    Reference: Peters, Niculae and Martins 2019, arXiv:1905.05702; with a learned alpha, Correia,
        Niculae and Martins 2019, arXiv:1909.00015.
    """
    logits, target = classes(logits=logits, target=target)
    scores, top, some = _moved(logits)
    (alpha,) = hyperparameters(of_rows(scores), alpha=alpha)
    best = _best_entmax(scores, alpha)
    if jnp.issubdtype(target.dtype, jnp.integer):
        value = jnp.where(some, best - pick(scores, target), 0)
        return known(value, target, logits.shape[-1])
    value = best - jnp.sum(product(target, scores), axis=-1)
    # What a target that does not sum to 1 makes of the move.
    value = value + top * (1 - jnp.sum(target, axis=-1)) - _tsallis(safe_log(target), alpha)
    return jnp.where(some, value, 0)


def normmax(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward the right class for its lead, with probabilities that are even among the leading ones.

    Formula: with `p` of `normmax_probabilities(logits)` and `H(p) = 1 - sum(p**alpha)**(1/alpha)`,
    `sum(p * logits) - logits[labels] + H(p)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        alpha: order of the norm, above 1; the larger, the more even.

    Returns:
        One value for each example.

    Example:
        >>> normmax([[0.0, 0.0], [2.0, 0.0]], jnp.array([0, 0]))
        Array([0.2929, 0.    ], dtype=float32)

    Reference: Blondel, Martins and Niculae 2020, arXiv:1901.02324.
    """
    logits, labels = check_labels(logits, labels)
    scores, _, some = _moved(logits)
    (alpha,) = hyperparameters(of_rows(scores), alpha=alpha)
    value = _best_normmax(scores, alpha) - pick(scores, labels)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def binary_sparsemax(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a score for being beyond 1 on the side of its bit, where nothing is left to gain.

    Formula: with `p = clip((logits + 1) / 2, 0, 1)`,
    `(p - target) * logits + (p - p**2) - (target - target**2)`; for bits, `(1 + z)**2 / 4` between
    -1 and 1, 0 below and `z` above, of `z` the score against the bit.

    Args:
        logits: scores.
        target: bits, or degrees from 0 to 1.

    Example:
        >>> binary_sparsemax([0.0, 3.0, 3.0], [1.0, 1.0, 0.0])
        Array([0.25, 0.  , 3.  ], dtype=float32)

    Reference: Blondel, Martins and Niculae 2020, arXiv:1901.02324.
    """
    logits, target = elementwise(logits=logits, target=target, hyper={})

    def value(z: Array, t: Array) -> Array:
        beyond = jnp.where(z > 0, (1 - t) * (z - t), t * (t - 1 - z))
        return jnp.where(jnp.abs(z) < 1, jnp.square(z + 1 - 2 * t) / 4, beyond)

    return streamed(value)(logits, target)


def fenchel_young(
    scores: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    conjugate: Callable[[Array], Array],
    regularizer: Callable[[Array], Array] | None = None,
) -> Float[Array, "*batch"]:
    """Fenchel-Young loss of a function that is conjugate to a regularizer.

    `conjugate(scores) + regularizer(target) - scores @ target`. Its gradient in the scores is that
    of the conjugate, which is the prediction, less the target.

    Args:
        scores: of the parts of a structure, as classes are.
        target: the structure, or a mean of several.
        conjugate: gives one value for each row: the largest `scores @ p - regularizer(p)`.
        regularizer: gives one value for each row of targets; None for one that is 0 for all of
            them, without which a loss of others is not 0 at its least.

    Example:
        >>> soft = lambda z: jax.nn.logsumexp(z, axis=-1)
        >>> fenchel_young([[0.0, 0.0]], [[1.0, 0.0]], conjugate=soft)
        Array([0.6931], dtype=float32)

    Reference: Blondel, Martins and Niculae 2020, arXiv:1901.02324.
    """
    scores, target = vectors(scores=scores, target=target)
    value = conjugate(scores) - jnp.sum(product(target, scores), axis=-1)
    return value if regularizer is None else value + regularizer(target)


def perturbed_fenchel_young(
    scores: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    key: Array,
    solver: Callable[[Array], Array] | None = None,
    sigma: ArrayLike = 1.0,
    samples: int = 8,
    noise: Literal["gumbel", "normal"] = "gumbel",
) -> Float[Array, "*batch"]:
    """Fenchel-Young loss of any solver, smoothed by noise on what it is given.

    The mean over noise of `(scores + sigma * noise) @ best`, where `best` is what the solver gives
    for them, less `scores @ target`. The gradient is the mean of the best ones less the target; the
    solver itself is not differentiated. What the regularizer gives for the target, which has no
    formula, is left out.

    Args:
        scores: of the parts of a structure, as classes are.
        target: the structure that is right.
        key: of the noise.
        solver: from rows of scores, the structures of the same shape with the largest
            `scores @ structure`; None for the best class, one-hot.
        sigma: strength of the noise, positive.
        samples: how many to take.
        noise: with Gumbel noise of strength 1 and the best class, the loss is on average
            cross-entropy plus Euler's constant, 0.5772.

    Raises:
        ValueError: for less than one sample.

    Example:
        >>> key = jax.random.key(0)
        >>> perturbed_fenchel_young([[9.0, 0.0]], [[1.0, 0.0]], key=key, sigma=0.0)
        Array([0.], dtype=float32)

    Reference: Berthet et al. 2020, arXiv:2002.08676.
    """
    if samples < 1:
        raise ValueError(f"expected at least one of `samples`, got {samples}")
    scores, target = vectors(scores=scores, target=target)
    (sigma,) = hyperparameters(of_rows(scores), sigma=sigma)
    draw = jax.random.gumbel if noise == "gumbel" else jax.random.normal
    moved = along(sigma) * draw(key, (samples, *scores.shape), scores.dtype)
    moved = jnp.expand_dims(scores, 0) + moved
    solve = _best_class if solver is None else solver
    best = lax.stop_gradient(solve(moved))
    value = jnp.mean(jnp.sum(product(best, moved), axis=-1), axis=0)
    return value - jnp.sum(product(target, scores), axis=-1)


def sparsemax_probabilities(
    logits: Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch classes"]:
    """The distribution next to the logits: `maximum(logits - threshold, 0)`, which sums to 1.

    Args:
        logits: scores of the classes; one at `-inf` takes no part.

    Example:
        >>> sparsemax_probabilities([0.5, 0.25, -2.0])
        Array([0.625, 0.375, 0.   ], dtype=float32)

    Reference: Martins and Astudillo 2016, arXiv:1602.02068.
    """
    return entmax_probabilities(logits, alpha=2.0)


def entmax_probabilities(
    logits: Float[ArrayLike, "*batch classes"], *, alpha: ArrayLike = 1.5
) -> Float[Array, "*batch classes"]:
    """`maximum((alpha - 1) * logits - threshold, 0)**(1 / (alpha - 1))`, which sums to 1.

    Args:
        logits: scores of the classes; one at `-inf` takes no part, and a row of nothing else is 0.
        alpha: at least 1: softmax in the limit of 1, sparsemax at 2. May be traced; the derivative
            by it is exact.

    Example:
        >>> entmax_probabilities([1.0, 1.0, -2.0])
        Array([0.5, 0.5, 0. ], dtype=float32)

    Reference: Peters, Niculae and Martins 2019, arXiv:1905.05702.
    """
    return _probabilities(logits, alpha, _log_entmax)


def normmax_probabilities(
    logits: Float[ArrayLike, "*batch classes"], *, alpha: ArrayLike = 2.0
) -> Float[Array, "*batch classes"]:
    """The distribution `p` with the largest `sum(p * logits) - sum(p**alpha)**(1 / alpha)`.

    Args:
        logits: scores of the classes; one at `-inf` takes no part, and a row of nothing else is 0.
        alpha: order of the norm, above 1. May be traced.

    Example:
        >>> normmax_probabilities([1.0, 1.0, -2.0])
        Array([0.5, 0.5, 0. ], dtype=float32)

    Reference: Blondel, Martins and Niculae 2020, arXiv:1901.02324.
    """
    return _probabilities(logits, alpha, norm_log_softmax)


def _probabilities(
    logits: ArrayLike, alpha: ArrayLike, mapping: Callable[[Array, Array], Array]
) -> Array:
    (logits,) = vectors(logits=logits)
    scores, _, some = _moved(logits)
    (alpha,) = hyperparameters(of_rows(scores), alpha=alpha)
    return jnp.where(some[..., None], jnp.exp(mapping(scores, along(alpha))), 0)


def _moved(logits: Array) -> tuple[Array, Array, Array]:
    """Scores of which the largest is 0, by how much they moved, and in which rows there are any."""
    scores, top = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    return jnp.where(some[..., None], scores, 0), top, some


def _log_entmax(scores: Array, alpha: Array) -> Array:
    return tempered_log_softmax(scores, alpha - 1)


def _tsallis(log_p: Array, alpha: Array) -> Array:
    """`sum(p - p**alpha) / (alpha * (alpha - 1))`, Shannon's entropy at 1."""
    log_p = jnp.where(log_p > -jnp.inf, log_p, 0)
    gained = jnp.exp(log_p) * log_p * expm1_ratio((along(alpha) - 1) * log_p)
    return -jnp.sum(gained, axis=-1) / alpha


def _norm_entropy(log_p: Array, alpha: Array) -> Array:
    possible = log_p > -jnp.inf
    powers = jnp.exp(along(alpha) * jnp.where(possible, log_p, 0))
    return 1 - jnp.exp(safe_log(jnp.sum(jnp.where(possible, powers, 0), axis=-1)) / alpha)


def _best(
    mapping: Callable[[Array, Array], Array], entropy: Callable[[Array, Array], Array]
) -> Callable[[Array, Array], Array]:
    """The largest `sum(p * scores) + entropy(p)`; moving the best `p` gains nothing."""

    def value(scores: Array, alpha: Array) -> Array:
        log_p = mapping(scores, along(alpha))
        return jnp.sum(product(jnp.exp(log_p), scores), axis=-1) + entropy(log_p, alpha)

    def tangent(_: Array, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> Array:
        (scores, alpha), (moved, changed) = primals, tangents
        log_p = mapping(scores, along(alpha))
        by_alpha = jax.jvp(lambda alpha: entropy(log_p, alpha), (alpha,), (changed,))[1]
        return jnp.sum(jnp.exp(log_p) * moved, axis=-1) + by_alpha

    return with_tangent(value, tangent)


_best_entmax = _best(_log_entmax, _tsallis)
_best_normmax = _best(norm_log_softmax, _norm_entropy)


def _best_class(scores: Array) -> Array:
    return one_hot(jnp.argmax(scores, axis=-1), scores.shape[-1]).astype(scores.dtype)
