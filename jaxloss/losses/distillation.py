"""Scores of a student brought near to those of a teacher, class by class.

Classes are on the last axis, everything before is batch, and each row gives one value. The teacher
carries no gradient. With a temperature, both are softened before they are compared, and the value
is multiplied by its square, so that gradients keep their size (leave the factor out by dividing).
A class masked by `-inf` has probability 0 in both; where the student rules out what the teacher
expects, divergences that cannot be finite are infinite, with gradient 0. With no class left the
loss is 0. What is not to be counted, as padding, is left to `jaxloss.mean(..., where=)`.

Other divergences than these are those of `jaxloss.divergence`, of `jax.nn.log_softmax` of both.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, hyperparameters, of_rows, vectors
from jaxloss.core.numerics import product, safe_divide, safe_log
from jaxloss.core.teacher import softened
from jaxloss.losses import divergence

_FAR = 80.0
"""Beyond it, exponentials of float32 are as good as 0 or infinite."""


def knowledge_distillation(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for covering all that its teacher finds possible.

    Formula: with `q = softmax(logits / temperature)` and `p = softmax(teacher_logits /
    temperature)`, `temperature**2 * sum(p * log(p / q))`.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> knowledge_distillation([[0.0, 1.0]], [[1.0, 0.0]], temperature=2.0)
        Array([0.4898], dtype=float32)

    Reference: Hinton et al. 2015, arXiv:1503.02531.
    """
    return softened(divergence.kl, logits, teacher_logits, temperature)


def soft_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for the cross-entropy with its teacher.

    Formula: with `q` and `p` as in `knowledge_distillation`, `-temperature**2 * sum(p * log(q))`:
    more than that by the entropy of the teacher, which has no gradient.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> soft_cross_entropy([[0.0, 1.0]], [[1.0, 0.0]])
        Array([1.0443], dtype=float32)

    Reference: Hinton et al. 2015, arXiv:1503.02531.
    """

    def cost(log_q: Array, log_p: Array) -> Array:
        return -jnp.sum(product(jnp.exp(log_p), log_q), axis=-1)

    return softened(cost, logits, teacher_logits, temperature)


def reverse_kl(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for staying within what its teacher finds likely.

    Formula: with `q` and `p` as in `knowledge_distillation`,
    `temperature**2 * sum(q * log(q / p))`.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> reverse_kl([[0.0, 1.0]], [[3.0, 0.0]])
        Array([1.6596], dtype=float32)

    Reference: Gu et al. 2024, arXiv:2306.08543.
    """
    return softened(divergence.reverse_kl, logits, teacher_logits, temperature)


def total_variation(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for giving every class about the probability that its teacher gives it.

    Formula: with `q` and `p` as in `knowledge_distillation`,
    `temperature**2 * sum(abs(q - p)) / 2`.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> total_variation([[0.0, 1.0]], [[1.0, 0.0]])
        Array([0.4621], dtype=float32)

    Reference: Wen et al. 2023, arXiv:2307.15190.
    """
    return softened(divergence.total_variation_distance, logits, teacher_logits, temperature)


def generalized_jensen_shannon(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    beta: ArrayLike = 0.5,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for being close to a mixture of itself and its teacher (GKD).

    Formula: with `q` and `p` as in `knowledge_distillation`, `m = beta * p + (1 - beta) * q` and
    `D` the Kullback-Leibler divergence,
    `temperature**2 * (beta * D(p, m) + (1 - beta) * D(q, m))`. It is 0 at both ends of `beta`;
    divided by `beta * (1 - beta)`, as `divergence.generalized_jensen_shannon` is, it ends in the
    divergences of both directions.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        beta: share of the teacher in the mixture, from 0 to 1.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> generalized_jensen_shannon([[0.0, 1.0]], [[1.0, 0.0]])
        Array([0.1109], dtype=float32)

    Reference: Agarwal et al. 2024, arXiv:2306.13649.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    (beta,) = hyperparameters(of_rows(logits), beta=beta)

    def cost(log_q: Array, log_p: Array) -> Array:
        value = divergence.generalized_jensen_shannon(log_q, log_p, beta=beta)
        # At the ends the mixture is one of both, which may rule out what the other has.
        return beta * (1 - beta) * jnp.where(jnp.isfinite(value), value, 0)

    return softened(cost, logits, teacher_logits, temperature)


def skew_kl(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    skew: ArrayLike = 0.1,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student, helped by a share of its teacher, for covering it: bounded above 0.

    Formula: with `q` and `p` as in `knowledge_distillation`,
    `temperature**2 * sum(p * log(p / (skew * p + (1 - skew) * q)))`.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        skew: share of the teacher in the mixture, from 0 (`knowledge_distillation`) to 1.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row, at most `-log(skew)` times the square of the temperature.

    Example:
        >>> skew_kl([[0.0, 1.0]], [[1.0, 0.0]])
        Array([0.3638], dtype=float32)

    Reference: Ko et al. 2024, arXiv:2402.03898.
    """
    return _skewed(lambda log_q, log_p: (log_p, log_q), logits, teacher_logits, skew, temperature)


def skew_reverse_kl(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    skew: ArrayLike = 0.1,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for staying within its teacher, mixed with a share of itself.

    Formula: with `q` and `p` as in `knowledge_distillation`,
    `temperature**2 * sum(q * log(q / ((1 - skew) * p + skew * q)))`.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        skew: share of the student in the mixture, from 0 (`reverse_kl`) to 1.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row, at most `-log(skew)` times the square of the temperature.

    Example:
        >>> skew_reverse_kl([[0.0, 1.0]], [[1.0, 0.0]])
        Array([0.3638], dtype=float32)

    Reference: Ko et al. 2024, arXiv:2402.03898.
    """
    return _skewed(lambda log_q, log_p: (log_q, log_p), logits, teacher_logits, skew, temperature)


def adaptive_kl(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    head: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward covering the teacher where its likely classes are missed, else staying within it.

    Formula: with `q = softmax(logits)`, `p = softmax(teacher_logits)` and `H` the fewest classes,
    likeliest first, whose mass in `p` reaches `head`, `g * sum(p * log(p / q)) + (1 - g) *
    sum(q * log(q / p))`, where `g` is the share of `H` in `sum(abs(p - q))` and held constant.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        head: mass of the classes that count as likely.

    Returns:
        One value for each row.

    Example:
        >>> adaptive_kl([[0.0, 1.0, 0.0]], [[2.0, 0.0, 0.0]])
        Array([0.8098], dtype=float32)

    Reference: Wu et al. 2024, arXiv:2404.02657.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    (head,) = hyperparameters(of_rows(logits), head=head)

    def cost(log_q: Array, log_p: Array) -> Array:
        p, gap = jnp.exp(log_p), jnp.abs(jnp.exp(log_p) - jnp.exp(lax.stop_gradient(log_q)))
        order = jnp.argsort(-p, axis=-1, stable=True)
        ranked = jnp.take_along_axis(p, order, axis=-1)
        above = jnp.cumsum(ranked, axis=-1) - ranked
        gaps = jnp.take_along_axis(gap, order, axis=-1)
        ahead = jnp.sum(jnp.where(above < along(head), gaps, 0), axis=-1)
        share = safe_divide(ahead, jnp.sum(gaps, axis=-1))
        share, rest = lax.stop_gradient((share, 1 - share))
        forward, backward = divergence.kl(log_q, log_p), divergence.reverse_kl(log_q, log_p)
        return product(share, forward) + product(rest, backward)

    return softened(cost, logits, teacher_logits, 1.0)


def _skewed(
    order: Callable[[Array, Array], tuple[Array, Array]],
    logits: ArrayLike,
    teacher_logits: ArrayLike,
    skew: ArrayLike,
    temperature: ArrayLike,
) -> Array:
    """Divergence of one from a mixture of itself and the other."""
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    (share,) = hyperparameters(of_rows(logits), skew=skew)
    share = along(share)

    def cost(log_q: Array, log_p: Array) -> Array:
        log_one, log_two = order(log_q, log_p)
        here, both = log_one > -jnp.inf, (log_one > -jnp.inf) & (log_two > -jnp.inf)
        ratio = jnp.where(both, log_two, 0) - jnp.where(both, log_one, 0)
        alone = safe_log(share) * jnp.ones_like(ratio)
        log_mixed = jnp.where(both, _log_mixed(ratio, share), alone)
        return -jnp.sum(product(jnp.exp(jnp.where(here, log_one, -jnp.inf)), log_mixed), axis=-1)

    return softened(cost, logits, teacher_logits, temperature)


def _log_mixed(ratio: Array, share: Array) -> Array:
    """`log(share + (1 - share) * exp(ratio))`, exactly 0 at a ratio of 0."""
    up, down = jnp.maximum(ratio, 0), jnp.maximum(-ratio, 0)
    high, low = jnp.minimum(up, _FAR), jnp.minimum(down, _FAR)
    more = jnp.log1p((1 - share) * jnp.expm1(high)) + (up - high)
    # Far down only the share is left, if there is one.
    less = jnp.log1p(share * jnp.expm1(low)) - low - jnp.where(share > 0, 0, down - low)
    return jnp.where(ratio > 0, more, less)
