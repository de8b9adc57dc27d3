"""Losses of networks that predict how sure they are: of a variance, of evidence, of a class.

Regression has a variance by its logarithm, or the four parameters of a normal-inverse-gamma
distribution; classification has evidence for each class, which is a Dirichlet distribution. Where a
weight, or a mean, must not be learned from, it is held constant inside.
"""

from math import log, pi
from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import digamma
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import (
    elementwise,
    hyperparameters,
    indices,
    labels as check_labels,
    of_rows,
    same_shape,
    vectors,
)
from jaxloss.core.forecasts import dirichlet_kl, log_half_step, negative_entropy
from jaxloss.core.numerics import absolute, known, log_softmax, one_hot, pick, streamed

FARTHEST = 80.0
"""Log-variances beyond it count as this: their exponentials would leave single precision."""


def heteroscedastic(
    mean: Float[ArrayLike, "*shape"],
    log_variance: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a mean near the target, and a variance like that of what is left.

    Formula: `(exp(-log_variance) * (target - mean)**2 + log_variance) / 2`, the negative
    log-likelihood of a normal distribution but for a constant. Log-variances beyond 80 in size
    count as that, with gradient 0.

    Args:
        mean: of the target.
        log_variance: logarithm of its variance.
        target: what came true.

    Example:
        >>> heteroscedastic([0.0, 0.0], [0.0, 1.0], [2.0, 2.0])
        Array([2.    , 1.2358], dtype=float32)

    Reference: Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; Kendall and Gal 2017,
        arXiv:1703.04977.
    """
    given = same_shape(mean=mean, log_variance=log_variance, target=target)
    return streamed(_heteroscedastic)(*given)


def _within(log_variance: Array) -> Array:
    low, high = log_variance < -FARTHEST, log_variance > FARTHEST
    return jnp.where(low, -FARTHEST, jnp.where(high, FARTHEST, log_variance))


def _heteroscedastic(mean: Array, log_variance: Array, target: Array) -> Array:
    s = _within(log_variance)
    return (jnp.exp(-s) * jnp.square(target - mean) + s) / 2


def beta_nll(
    mean: Float[ArrayLike, "*shape"],
    log_variance: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.5,
) -> Float[Array, "*shape"]:
    """Reward a mean and a variance, without giving up on targets that look noisy.

    Formula: `exp(log_variance)**beta * heteroscedastic(mean, log_variance, target)`, the power held
    constant: the mean learns as from `heteroscedastic` at `beta` 0, as from the squared error at 1.

    Args:
        mean: of the target.
        log_variance: logarithm of its variance.
        target: what came true.
        beta: from 0 to 1.

    Example:
        >>> beta_nll([0.0], [1.0], [2.0], beta=1.0)
        Array([3.3591], dtype=float32)

    Reference: Seitzer et al. 2022, arXiv:2203.09168.
    """
    mean, log_variance, target, beta = elementwise(
        mean=mean, log_variance=log_variance, target=target, hyper={"beta": beta}
    )

    def kernel(mean: Array, log_variance: Array, target: Array, beta: Array) -> Array:
        weight = jnp.exp(beta * lax.stop_gradient(_within(log_variance)))
        return weight * _heteroscedastic(mean, log_variance, target)

    return streamed(kernel)(mean, log_variance, target, beta)


def faithful(
    mean: Float[ArrayLike, "*shape"],
    log_variance: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a mean as the squared error does, and a variance for what that mean leaves.

    Formula: `(target - mean)**2 / 2 + heteroscedastic(mean, log_variance, target)`, the mean held
    constant in the second term.

    Args:
        mean: of the target.
        log_variance: logarithm of its variance; keep its gradient out of what the mean is made of
            as well.
        target: what came true.

    Example:
        >>> faithful([0.0], [0.0], [2.0])
        Array([4.], dtype=float32)

    Reference: Stirn et al. 2023, arXiv:2212.09184.
    """
    given = same_shape(mean=mean, log_variance=log_variance, target=target)

    def kernel(mean: Array, log_variance: Array, target: Array) -> Array:
        left = _heteroscedastic(lax.stop_gradient(mean), log_variance, target)
        return jnp.square(target - mean) / 2 + left

    return streamed(kernel)(*given)


def evidential_regression(
    mean: Float[ArrayLike, "*shape"],
    nu: Float[ArrayLike, "*shape"],
    alpha: Float[ArrayLike, "*shape"],
    beta: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    weight: ArrayLike = 0.01,
) -> Float[Array, "*shape"]:
    """Reward a mean, and evidence for it only where it is right.

    Formula: with `omega = 2 * beta * (1 + nu)` and `r = target - mean`, `log(pi / nu) / 2
    - alpha * log(omega) + (alpha + 1 / 2) * log(r**2 * nu + omega) + gammaln(alpha)
    - gammaln(alpha + 1 / 2) + weight * abs(r) * (2 * nu + alpha)`: the likelihood of a Student's t,
    whose normal distribution is uncertain itself, and a price of evidence that misled.

    Args:
        mean: gamma in the paper.
        nu: virtual observations of the mean, positive.
        alpha: half of those of the variance, above 1.
        beta: half of their sum of squares, positive; `beta / (alpha - 1)` is the variance of the
            target, and `beta / (nu * (alpha - 1))` that of its mean.
        target: what came true.
        weight: price of evidence, lambda in the paper.

    Example:
        >>> evidential_regression([0.0], [1.0], [2.0], [1.0], [1.0])
        Array([1.5787], dtype=float32)

    Reference: Amini et al. 2020, arXiv:1910.02600.
    """
    mean, nu, alpha, beta, target, weight = elementwise(
        mean=mean, nu=nu, alpha=alpha, beta=beta, target=target, hyper={"weight": weight}
    )

    def kernel(mean: Array, nu: Array, a: Array, b: Array, target: Array, weight: Array) -> Array:
        error, omega = absolute(target - mean), 2 * b * (1 + nu)
        tail = (a + 0.5) * jnp.log1p(jnp.square(error) * nu / omega)
        scale = (log(pi) - jnp.log(nu) + jnp.log(omega)) / 2
        return scale + tail - log_half_step(a) + weight * error * (2 * nu + a)

    return streamed(kernel)(mean, nu, alpha, beta, target, weight)


def evidential_classification(
    evidence: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    risk: Literal["squared", "log", "digamma"] = "squared",
    weight: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward evidence for the right class, and none for the others.

    Formula: with `alpha = evidence + 1`, `s = sum(alpha)`, `p = alpha / s` and `y` one-hot, the
    risk, which is `sum((y - p)**2 + p * (1 - p) / (s + 1))`, `log(s) - log(alpha[labels])` or
    `digamma(s) - digamma(alpha[labels])`, and `weight` times the divergence from the uniform of the
    Dirichlet distribution with concentrations `y + (1 - y) * alpha`.

    Args:
        evidence: of each class, non-negative (softplus of an output; a relu may die).
        labels: class of each example.
        risk: what is expected of the probabilities: the squared error, minus the logarithm of their
            mean, or the mean of minus their logarithm.
        weight: of what misleads; in the paper it grows from 0 to 1 over ten epochs.

    Returns:
        One value for each example.

    Example:
        >>> evidential_classification([0.0, 0.0], jnp.array(0))
        Array(0.6667, dtype=float32)

    Reference: Sensoy et al. 2018, arXiv:1806.01768.
    """
    evidence, labels = check_labels(evidence, labels, "evidence")
    (weight,) = hyperparameters(of_rows(evidence), weight=weight)
    alpha = evidence + 1
    total = jnp.sum(alpha, axis=-1)
    right = one_hot(labels, evidence.shape[-1])
    own = pick(alpha, labels)
    if risk == "squared":
        p = alpha / total[..., None]
        spread = p * (1 - p) / (total[..., None] + 1)
        value = jnp.sum(jnp.square(right.astype(p.dtype) - p) + spread, axis=-1)
    elif risk == "log":
        value = jnp.log(total) - jnp.log(own)
    else:
        value = digamma(total) - digamma(own)
    misled = jnp.where(right, 1, alpha)
    value = value + weight * dirichlet_kl(misled, jnp.ones_like(misled))
    return known(value, labels, evidence.shape[-1])


def prior_network(
    concentration: Float[ArrayLike, "*batch classes"],
    target: Float[ArrayLike, "*batch classes"],
    *,
    direction: Literal["forward", "reverse"] = "forward",
) -> Float[Array, "*batch"]:
    """Reward a Dirichlet distribution that is sharp for known inputs and flat for strange ones.

    Formula: `KL(Dirichlet(target), Dirichlet(concentration))`, the other way round in reverse.

    Args:
        concentration: of each class, positive (the exponential of an output).
        target: concentrations that are wanted: large and mostly on the label for examples of the
            task, 1 for what lies outside of it.
        direction: the reverse one keeps apart classes that are confused from inputs that are
            strange.

    Returns:
        One value for each example.

    Example:
        >>> prior_network([2.0, 1.0], [1.0, 1.0])
        Array(0.3069, dtype=float32)

    Reference: Malinin and Gales 2018, arXiv:1802.10501; in reverse 2019, arXiv:1905.13472.
    """
    concentration, target = vectors(concentration=concentration, target=target)
    forward = direction == "forward"
    return dirichlet_kl(*((target, concentration) if forward else (concentration, target)))


def confidence_penalty(logits: Float[ArrayLike, "*batch classes"]) -> Float[Array, "*batch"]:
    """Reward undecided predictions: a term beside a loss of classes.

    Formula: with `p = softmax(logits)`, `sum(p * log(p))`, minus the entropy in nats.

    Args:
        logits: scores of the classes; one at `-inf` takes no part.

    Returns:
        One value for each example, from minus the logarithm of the number of classes to 0.

    Example:
        >>> confidence_penalty([0.0, 0.0])
        Array(-0.6931, dtype=float32)

    Reference: Pereyra et al. 2017, arXiv:1701.06548.
    """
    (logits,) = vectors(logits=logits)
    return negative_entropy(log_softmax(logits))


def conflictual(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    drawn: Int[ArrayLike, "*batch"],
    *,
    weight: ArrayLike = 0.05,
) -> Float[Array, "*batch"]:
    """Reward the right class and, a little, one drawn at random: ensembles then disagree off data.

    Formula: with `p = softmax(logits)`, `-log(p[labels]) - weight * log(p[drawn])`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        drawn: class drawn uniformly, such as `jax.random.randint(key, shape, 0, classes)`.
        weight: of the class drawn.

    Returns:
        One value for each example.

    Example:
        >>> conflictual([0.0, 0.0], jnp.array(0), jnp.array(1), weight=0.5)
        Array(1.0397, dtype=float32)

    Reference: Fellaji et al. 2024, arXiv:2407.12211.
    """
    logits, labels = check_labels(logits, labels)
    drawn = indices("drawn", drawn, labels.shape, logits.shape[-1])
    (weight,) = hyperparameters(of_rows(logits), weight=weight)
    log_p = log_softmax(logits)
    some = jnp.any(logits > -jnp.inf, axis=-1)
    value = -pick(log_p, labels) - weight * pick(log_p, drawn)
    value = known(jnp.where(some, value, 0), labels, logits.shape[-1])
    return known(value, drawn, logits.shape[-1])
