"""Focal losses: what is right already costs next to nothing, so that rare errors decide.

`gamma` is the focusing exponent everywhere, from 0, which discounts nothing; it may be a fraction,
and traced. Powers of probabilities are taken of their logarithms and nothing is clipped, so that a
confident error keeps its gradient. Losses of bits take probabilities of yes as targets too and give
the mean over the two answers. The softmax losses treat classes as `jaxloss.classification` does: a
class with the logit `-inf` takes no part, and a label outside `[0, classes)` gives NaN with
gradient 0.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    class_vector,
    classes,
    elementwise,
    hyperparameters,
    labels as check_labels,
    mask,
    probabilities,
    promote,
    require,
)
from jaxloss.core.numerics import (
    absolute,
    known,
    log1mexp,
    log_add,
    log_total,
    pick,
    product,
    relu,
    safe_divide,
    safe_log,
    safe_norm,
    safe_power,
    shifted,
    softplus,
    streamed,
    with_partials,
)


def sigmoid_focal(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
    alpha: ArrayLike | None = None,
) -> Float[Array, "*shape"]:
    """Reward the right answer to a yes-or-no question, and forget those that are right already.

    Formula: with `p = sigmoid(logits)`, `-alpha * (1 - p)**gamma * log(p)` for yes and
    `-(1 - alpha) * p**gamma * log(1 - p)` for no.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        gamma: focusing exponent, non-negative.
        alpha: weight of yes, in [0, 1], the rest being that of no; None weighs both 1.

    Example:
        >>> sigmoid_focal([0.0, 3.0], [1, 0])
        Array([0.1733, 2.7663], dtype=float32)

    Reference: Lin et al. 2017, arXiv:1708.02002.
    """
    return _of_bits(_focal, logits, target, alpha, gamma=gamma)


def focal_star(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
    beta: ArrayLike = 1.0,
    alpha: ArrayLike | None = None,
) -> Float[Array, "*shape"]:
    """Cross-entropy of scaled and moved log-odds: the focal loss in a convex form.

    Formula: `log(1 + exp(-(gamma * logits + beta))) / gamma` for yes, the same of `-logits` for no.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        gamma: how steep it is; positive.
        beta: how far it is moved towards what is right already.
        alpha: as in `sigmoid_focal`.

    Example:
        >>> focal_star([0.0, 3.0], [1, 0])
        Array([0.1566, 2.5034], dtype=float32)

    Reference: Lin et al. 2017, appendix A, arXiv:1708.02002.
    """
    return _of_bits(
        lambda z, gamma, beta: softplus(-(gamma * z + beta)) / gamma,
        logits,
        target,
        alpha,
        gamma=gamma,
        beta=beta,
    )


def reduced_focal(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
    threshold: ArrayLike = 0.5,
) -> Float[Array, "*shape"]:
    """Focal loss that leaves hard examples alone: full cross-entropy below a threshold.

    Formula: with `p` the probability of the right answer,
    `-min(1, (1 - p) / (1 - threshold))**gamma * log(p)`. At the threshold the gradient is that of
    the cross-entropy.

    The paper divides by `threshold`, which is the same at its 0.5 and jumps elsewhere.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        gamma: focusing exponent, non-negative.
        threshold: probability of the right answer from which on it is discounted, below 1.

    Example:
        >>> reduced_focal([-1.0, 0.0, 1.0], [1, 1, 1])
        Array([1.3133, 0.6931, 0.0906], dtype=float32)

    Reference: Sergievskiy and Ponamarev 2019, arXiv:1903.01347.
    """
    return _of_bits(
        lambda z, gamma, threshold: (
            jnp.exp(-gamma * relu(softplus(z) + jnp.log1p(-threshold))) * softplus(-z)
        ),
        logits,
        target,
        None,
        gamma=gamma,
        threshold=threshold,
    )


def _focal(z: Array, gamma: Array) -> Array:
    """`-(1 - p)**gamma * log(p)` for log-odds `z` of what is right."""
    return jnp.exp(-gamma * softplus(z)) * softplus(-z)


def _of_bits(
    cost: Callable[..., Array],
    logits: ArrayLike,
    target: ArrayLike,
    alpha: ArrayLike | None,
    **hyper: ArrayLike,
) -> Array:
    """Mean, over yes and no, of a cost of the log-odds of what is right."""
    logits, target, *levels = elementwise(logits=logits, target=target, hyper=hyper)
    probabilities(target=target)
    if alpha is None:
        return streamed(lambda z, t, *h: t * cost(z, *h) + (1 - t) * cost(-z, *h))(
            logits, target, *levels
        )
    (yes,) = hyperparameters(logits, alpha=alpha)
    return streamed(
        lambda z, t, yes, *h: yes * t * cost(z, *h) + (1 - yes) * (1 - t) * cost(-z, *h)
    )(logits, target, yes, *levels)


def asymmetric(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    positive_gamma: ArrayLike = 1.0,
    negative_gamma: ArrayLike = 4.0,
    margin: ArrayLike = 0.05,
    constant_weight: bool = False,
) -> Float[Array, "*shape"]:
    """Focal loss that discounts no more than yes, and drops the easiest of them (ASL).

    Formula: with `p = sigmoid(logits)` and `q = max(p - margin, 0)`,
    `-(1 - p)**positive_gamma * log(p)` for yes and `-q**negative_gamma * log(1 - q)` for no. With a
    margin, a no that is taken for a certain yes costs `-log(margin)` and has gradient 0: it may
    well be a wrong label.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        positive_gamma: focusing exponent of yes, non-negative.
        negative_gamma: focusing exponent of no, non-negative.
        margin: probability of yes up to which a no costs nothing, in [0, 1).
        constant_weight: take the powers for constants, which the authors do in their training runs:
            the value is the same, the gradient that of a weighted cross-entropy.

    Example:
        >>> asymmetric([0.0, 3.0, -3.0], [1, 0, 0])
        Array([0.3466, 1.5454, 0.    ], dtype=float32)

    Reference: Ridnik et al. 2021, arXiv:2009.14119.
    """
    hyper = {"positive_gamma": positive_gamma, "negative_gamma": negative_gamma, "margin": margin}
    logits, target, *levels = elementwise(logits=logits, target=target, hyper=hyper)
    probabilities(target=target)

    def weight(log_miss: Array) -> Array:
        power = jnp.exp(log_miss)
        return lax.stop_gradient(power) if constant_weight else power

    def kernel(z: Array, t: Array, yes: Array, no: Array, m: Array) -> Array:
        beyond = jax.nn.sigmoid(z) > m
        z_in, m_in = jnp.where(beyond, z, 0), jnp.where(beyond, m, 0)
        # p - m = p * (1 - m * (1 + exp(-z))), whose exponential meets m = 0 alone when it is huge.
        log_q = jnp.log1p(-m_in * (1 + jnp.exp(jnp.minimum(-z_in, 80)))) - softplus(-z_in)
        false = jnp.where(beyond, -weight(no * log_q) * _log_lifted(z_in, m_in), 0)
        return t * weight(-yes * softplus(z)) * softplus(-z) + (1 - t) * false

    return streamed(kernel)(logits, target, *levels)


def _log_lifted_value(z: Array, m: Array) -> Array:
    return log_add(-softplus(z), safe_log(m))


# log(1 - p + m). The logarithm of a margin of 0 has no derivative, this has.
_log_lifted = with_partials(
    _log_lifted_value,
    lambda z, m: -jax.nn.sigmoid(z) * jnp.exp(-softplus(z) - _log_lifted_value(z, m)),
    lambda z, m: jnp.exp(-_log_lifted_value(z, m)),
)


def quality_focal(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
) -> Float[Array, "*shape"]:
    """Reward the right degree of yes, such as how well a box fits, most where it is far off.

    Formula: `abs(target - sigmoid(logits))**gamma * sigmoid_cross_entropy(logits, target)`;
    gradient 0 where the two are equal.

    Args:
        logits: log-odds of yes.
        target: degrees of yes, in [0, 1].
        gamma: focusing exponent, non-negative; beta in the paper.

    Example:
        >>> quality_focal([0.0, 3.0], [0.75, 0.0])
        Array([0.0433, 2.7663], dtype=float32)

    Reference: Li et al. 2020, arXiv:2006.04388.
    """
    logits, target, gamma = elementwise(logits=logits, target=target, hyper={"gamma": gamma})
    probabilities(target=target)

    def kernel(z: Array, t: Array, gamma: Array) -> Array:
        # A degree strictly between is met or is not; a bit is only ever neared.
        between = (t > 0) & (t < 1)
        apart = absolute(jnp.where(between, t, 0.5) - jax.nn.sigmoid(z))
        of_bits = t * jnp.exp(-gamma * softplus(z)) + (1 - t) * jnp.exp(-gamma * softplus(-z))
        weight = jnp.where(between, safe_power(apart, gamma), of_bits)
        return weight * (t * softplus(-z) + (1 - t) * softplus(z))

    return streamed(kernel)(logits, target, gamma)


def varifocal(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
    alpha: ArrayLike = 0.75,
) -> Float[Array, "*shape"]:
    """Reward the right degree of yes, by that degree, and discount what is rightly no.

    Formula: `target * sigmoid_cross_entropy(logits, target)` where `target > 0`, and
    `-alpha * p**gamma * log(1 - p)` with `p = sigmoid(logits)` where it is 0.

    Args:
        logits: log-odds of yes.
        target: degrees of yes, in [0, 1]; 0 for what is no object.
        gamma: focusing exponent, non-negative.
        alpha: weight of no.

    Example:
        >>> varifocal([0.0, 3.0], [0.5, 0.0])
        Array([0.3466, 2.0747], dtype=float32)

    Reference: Zhang et al. 2021, arXiv:2008.13367.
    """
    hyper = {"gamma": gamma, "alpha": alpha}
    logits, target, gamma, alpha = elementwise(logits=logits, target=target, hyper=hyper)
    probabilities(target=target)

    def kernel(z: Array, t: Array, gamma: Array, alpha: Array) -> Array:
        some = t * (t * softplus(-z) + (1 - t) * softplus(z))
        return jnp.where(t > 0, some, alpha * _focal(-z, gamma))

    return streamed(kernel)(logits, target, gamma, alpha)


def gaussian_focal(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    gamma: ArrayLike = 2.0,
    beta: ArrayLike = 4.0,
) -> Float[Array, "*shape"]:
    """Reward a heatmap that is high at the peaks of the target, and forgive it near them.

    Formula: with `p = sigmoid(logits)`, `-(1 - p)**gamma * log(p)` where `target == 1`, and
    `-(1 - target)**beta * p**gamma * log(1 - p)` elsewhere.

    The paper divides the sum by the number of peaks: with
    `jaxloss.Average(jaxloss.total(values), jnp.sum(target == 1)).value`, 0 without any.

    Args:
        logits: log-odds of a peak.
        target: heatmap in [0, 1], a Gaussian around each peak, which is exactly 1.
        gamma: focusing exponent, non-negative; alpha in the paper.
        beta: how much is forgiven near a peak, non-negative.

    Example:
        >>> gaussian_focal([0.0, 0.0, 0.0], [1.0, 0.5, 0.0])
        Array([0.1733, 0.0108, 0.1733], dtype=float32)

    Reference: Law and Deng 2018, arXiv:1808.01244.
    """
    hyper = {"gamma": gamma, "beta": beta}
    logits, target, gamma, beta = elementwise(logits=logits, target=target, hyper=hyper)
    probabilities(target=target)

    def kernel(z: Array, t: Array, gamma: Array, beta: Array) -> Array:
        return jnp.where(t == 1, _focal(z, gamma), safe_power(1 - t, beta) * _focal(-z, gamma))

    return streamed(kernel)(logits, target, gamma, beta)


def softmax_focal(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    gamma: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
    class_weights: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right one of many classes, and forget examples that are right already.

    Formula: with `p = softmax(logits)` and `q` the target (one-hot for labels),
    `-sum(class_weights * q * (1 - p)**gamma * log(p))`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        gamma: focusing exponent, non-negative.
        where: classes that take part.
        class_weights: cost of each class, shape `classes`.

    Returns:
        One value for each example.

    Example:
        >>> softmax_focal([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]], jnp.array([2, 1]))
        Array([0.4883, 8.998 ], dtype=float32)

    Reference: Lin et al. 2017, arXiv:1708.02002; of a softmax, Mukhoti et al. 2020,
        arXiv:2002.09437.
    """
    logits, target = classes(logits=logits, target=target)
    kept = mask(where, logits)
    scores, log_z, some = _moved(logits, kept)
    (gamma,) = hyperparameters(log_z, gamma=gamma)
    weights = jnp.ones(logits.shape[-1]) if class_weights is None else class_weights
    weights = class_vector("class_weights", weights, logits)
    if jnp.issubdtype(target.dtype, jnp.integer):
        value = _discounted(pick(scores, target) - log_z, _easiness(gamma))
        value = jnp.where(some, product(pick(weights, target), value), 0)
        return known(value, target, logits.shape[-1])
    # What a distribution holds on a class left out is not looked at.
    masses = jnp.where(kept, target, 0) * weights
    scores = jnp.where(some[..., None], scores, 0)
    values = _discounted(scores - log_z[..., None], _easiness(along(gamma)))
    return jnp.where(some, jnp.sum(product(masses, values), axis=-1), 0)


def dual_focal(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    gamma: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Focal loss that asks for a lead over the next class too, for calibrated probabilities.

    Formula: with `p = softmax(logits)`, `y` the label and `r` the largest probability below
    `p[y]`, or 0, `-(1 - p[y] + r)**gamma * log(p[y])`. At ties for `r` the gradient is split
    evenly.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        gamma: focusing exponent, non-negative.

    Returns:
        One value for each example.

    Example:
        >>> dual_focal([[1.0, 0.0, -1.0]], jnp.array([0]))
        Array([0.1369], dtype=float32)

    Reference: Tao, Dong and Xu 2023, arXiv:2305.13665.
    """
    logits, labels = check_labels(logits, labels)
    scores, log_z, some = _moved(logits)
    (gamma,) = hyperparameters(log_z, gamma=gamma)
    own = pick(scores, labels)
    lower = jnp.where(scores < own[..., None], scores, -jnp.inf)
    rival = jnp.exp(jnp.max(lower, axis=-1, initial=-jnp.inf) - log_z)
    value = _discounted(own - log_z, lambda log_p: safe_power(rival - jnp.expm1(log_p), gamma))
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def focal_cosine(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    gamma: ArrayLike = 2.0,
    weight: ArrayLike = 0.1,
) -> Float[Array, "*batch"]:
    """Reward logits that point at the label, whatever their length; a focal loss keeps them apart.

    Formula: with `u = logits / norm(logits)`, `1 - u[labels] + weight * softmax_focal(u, labels)`;
    zero logits stay zero.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        gamma: focusing exponent, non-negative.
        weight: of the focal loss.

    Returns:
        One value for each example.

    Example:
        >>> focal_cosine([[3.0, 4.0]], jnp.array([0]))
        Array([0.4241], dtype=float32)

    Reference: Kim et al. 2020, arXiv:2007.07805; the cosine, Barz and Denzler 2020,
        arXiv:1901.09054.
    """
    logits, labels = check_labels(logits, labels)
    present = logits > -jnp.inf
    finite = jnp.where(present, logits, 0)
    unit = safe_divide(finite, safe_norm(finite, keepdims=True))
    focal = softmax_focal(jnp.where(present, unit, -jnp.inf), labels, gamma=gamma)
    (weight,) = hyperparameters(focal, weight=weight)
    apart = jnp.where(jnp.any(present, axis=-1), 1 - pick(unit, labels), 0)
    return known(apart, labels, logits.shape[-1]) + weight * focal


def distribution_focal(
    logits: Float[ArrayLike, "*batch bins"], target: Real[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward the probabilities of the two bins around a position, in proportion to their nearness.

    Formula: with `left = floor(target)` and `log_p = log_softmax(logits)`,
    `-(left + 1 - target) * log_p[left] - (target - left) * log_p[left + 1]`.

    Args:
        logits: scores of the bins, which stand at 0, 1, 2 ...
        target: positions, in `[0, bins - 1]`. One outside gives NaN with gradient 0.

    Returns:
        One value for each position.

    Raises:
        ValueError: for positions that are not one for each row of the logits.

    Example:
        >>> distribution_focal([[0.0, 0.0, 0.0]] * 2, [0.25, 2.0])
        Array([1.0986, 1.0986], dtype=float32)

    Reference: Li et al. 2020, arXiv:2006.04388.
    """
    logits, target = promote(logits=logits, target=target)
    if logits.ndim == 0 or target.shape != logits.shape[:-1]:
        raise ValueError(
            f"expected `target` with one position for each row of `logits` {logits.shape}, "
            f"got {target.shape}"
        )
    last = logits.shape[-1] - 1
    inside = (target >= 0) & (target <= last)
    require(
        lambda: inside,
        f"`target` holds a label outside [0, {last}]: mask padding with jaxloss.masked",
    )
    scores, log_z, some = _moved(logits)
    # With no bin left, 0 keeps infinities out of the derivative with respect to the target.
    scores = jnp.where(some[..., None], scores, 0)
    position = jnp.where(inside, target, 0)
    # The last bin is its own right neighbour, with no share in it.
    left = jnp.floor(lax.stop_gradient(position)).astype(jnp.int32)
    share = position - left.astype(position.dtype)
    sides = log_z - pick(scores, left), log_z - pick(scores, jnp.minimum(left + 1, last))
    value = product(1 - share, sides[0]) + product(share, sides[1])
    return jnp.where(inside, jnp.where(some, value, 0), jnp.nan)


def _moved(logits: Array, kept: Array | None = None) -> tuple[Array, Array, Array]:
    """Scores moved to their largest, the logarithm of their total, and whether there are any."""
    scores, _ = shifted(logits, where=kept)
    log_z = log_total(scores)
    some = log_z > -jnp.inf
    return scores, jnp.where(some, log_z, 0), some


def _easiness(gamma: Array) -> Callable[[Array], Array]:
    return lambda log_p: jnp.exp(gamma * log1mexp(log_p))


def _discounted(log_p: Array, discount: Callable[[Array], Array]) -> Array:
    """`-discount(log_p) * log_p`; `-log_p` where that is infinite or 0."""
    inside = (log_p < 0) & (log_p > -jnp.inf)
    between = jnp.where(inside, log_p, -1)
    return jnp.where(inside, -discount(between) * between, -log_p)
