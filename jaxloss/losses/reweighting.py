"""Losses whose weights follow training: what each class has got so far, or each example asks for.

State is an argument, and no loss changes it. `gradient_totals`, `gradient_histogram` and
`jaxloss.imbalanced.class_counts` take a state and a batch and give the next state, which a train
step returns. No gradient flows through any of them, nor through what a loss is said to hold
constant: with such a part, the gradient is not the slope of the value.

The losses of `logits` and labels treat classes as `jaxloss.classification` does.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    class_vector,
    elementwise,
    hyperparameters,
    labels as check_labels,
    mask,
    of_rows,
    probabilities,
    promote,
    same_shape,
    vectors,
)
from jaxloss.core.numerics import (
    absolute,
    log_softmax,
    one_hot,
    pick,
    relu,
    safe_divide,
    safe_sqrt,
    shifted,
    softplus,
    streamed,
)
from jaxloss.losses.classification import softmax_cross_entropy


def equalization(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    frequent: Bool[ArrayLike, "*batch classes"] | Bool[ArrayLike, " classes"],
) -> Float[Array, "*batch classes"]:
    """Ask every class its own question, but let no example speak against a rare class.

    Formula: with `p = sigmoid(logits)`,
    `-target * log(p) - (1 - target) * frequent * log(1 - p)`.

    Args:
        logits: log-odds of the classes.
        target: 1 for the classes that are right, else 0.
        frequent: classes that are not spared, such as `counts > 1e-3 * jnp.sum(counts)`; of the
            shape of the logits to spare them for some examples only (boxes of the foreground, in
            the paper).

    Example:
        >>> equalization([[0.0, 0.0, 0.0]], [[1, 0, 0]], frequent=[True, True, False])
        Array([[0.6931, 0.6931, 0.    ]], dtype=float32)

    Reference: Tan et al. 2020, arXiv:2003.05176.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(frequent, logits, "frequent").astype(logits.dtype)
    return streamed(lambda z, y, kept: y * softplus(-z) + kept * (1 - y) * softplus(z))(
        logits, target, kept
    )


def softmax_equalization(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    frequent: Bool[ArrayLike, "*batch classes"] | Bool[ArrayLike, " classes"],
) -> Float[Array, "*batch"]:
    """Cross-entropy in which rare classes compete only where they are right.

    Formula: `softmax_cross_entropy(logits, labels, where=frequent | one_hot(labels))`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        frequent: classes that are not spared. The paper spares the others at random, nine times
            in ten: `frequent | jax.random.bernoulli(key, 0.1, logits.shape)`.

    Returns:
        One value for each example.

    Example:
        >>> softmax_equalization([[0.0, 0.0, 0.0]], [0], frequent=[True, True, False])
        Array([0.6931], dtype=float32)

    Reference: Tan et al. 2020, arXiv:2003.05176.
    """
    logits, labels = check_labels(logits, labels)
    own = one_hot(labels, logits.shape[-1])
    kept = mask(frequent, logits, "frequent") | own
    return softmax_cross_entropy(logits, labels, where=kept)


def equalization_v2(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    totals: Float[ArrayLike, "2 classes"],
    gamma: ArrayLike = 12.0,
    mu: ArrayLike = 0.8,
    alpha: ArrayLike = 4.0,
) -> Float[Array, "*batch classes"]:
    """Weigh yes and no of each class by the gradients that it has got from either so far.

    Formula: with `p = sigmoid(logits)` and `f = sigmoid(gamma * (totals[0] / totals[1] - mu))`,
    `-(1 + alpha * (1 - f)) * target * log(p) - f * (1 - target) * log(1 - p)`. A class that no
    example has spoken against yet has `f = 1`.

    Args:
        logits: log-odds of the classes.
        target: 1 for the classes that are right, else 0.
        totals: gradients of yes, and of no, of each class; zeros at first, then from
            `gradient_totals`.
        gamma: slope of `f`.
        mu: ratio of the gradients at which `f` is half-way.
        alpha: how much a yes can gain.

    Example:
        >>> totals = jnp.array([[0.8, 1.0], [1.0, 0.0]])
        >>> equalization_v2([[0.0, 0.0]], [[1, 0]], totals=totals)
        Array([[2.0794, 0.6931]], dtype=float32)

    Reference: Tan et al. 2021, arXiv:2012.08548.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    yes, no = _of_totals(logits, totals, gamma, mu, alpha)
    return streamed(lambda z, y, yes, no: yes * y * softplus(-z) + no * (1 - y) * softplus(z))(
        logits, target, yes, no
    )


def gradient_totals(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    totals: Float[ArrayLike, "2 classes"],
    gamma: ArrayLike = 12.0,
    mu: ArrayLike = 0.8,
    alpha: ArrayLike = 4.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "2 classes"]:
    """Add the gradients of a batch to the state of `equalization_v2`: not a loss.

    Args:
        logits: as there.
        target: as there.
        totals: as there.
        gamma: as there.
        mu: as there.
        alpha: as there.
        where: entries that count.

    Example:
        >>> gradient_totals([[0.0, 0.0]], [[1, 0]], totals=jnp.zeros((2, 2)))
        Array([[0.5, 0. ],
               [0. , 0.5]], dtype=float32)

    Reference: Tan et al. 2021, arXiv:2012.08548.
    """
    logits, target = lax.stop_gradient(tuple(vectors(logits=logits, target=target)))
    yes, no = _of_totals(logits, totals, gamma, mu, alpha)
    kept = mask(where, logits)
    sizes = yes * target * jax.nn.sigmoid(-logits), no * (1 - target) * jax.nn.sigmoid(logits)
    batch = tuple(range(logits.ndim - 1))
    sums = [jnp.sum(jnp.where(kept, size, 0), axis=batch) for size in sizes]
    return lax.stop_gradient(jnp.asarray(totals).astype(logits.dtype) + jnp.stack(sums))


def _of_totals(
    logits: Array, totals: ArrayLike, gamma: ArrayLike, mu: ArrayLike, alpha: ArrayLike
) -> tuple[Array, Array]:
    """Weights of yes and of no."""
    totals = lax.stop_gradient(jnp.asarray(totals).astype(logits.dtype))
    if totals.shape != (2, logits.shape[-1]):
        raise ValueError(
            f"expected `totals` of shape {(2, logits.shape[-1])}, of yes and of no for each class, "
            f"got {totals.shape}"
        )
    gamma, mu, alpha = hyperparameters(logits, gamma=gamma, mu=mu, alpha=alpha)
    positive, negative = jnp.expand_dims(totals, tuple(range(1, logits.ndim)))
    ratio = safe_divide(positive, negative)
    f = jnp.where(negative > 0, jax.nn.sigmoid(gamma * (ratio - mu)), 1)
    return 1 + alpha * (1 - f), f


def seesaw(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    counts: Real[ArrayLike, " classes"],
    mitigation: ArrayLike = 0.8,
    compensation: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy that speaks less against a rarer class, unless that class wins wrongly.

    Formula: with `p = softmax(logits)`, held constant, `y` the label and the factors
    `s = minimum(1, counts / counts[y])**mitigation * maximum(1, p / p[y])**compensation`,
    `-log(exp(logits[y]) / sum(s * exp(logits)))`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        counts: examples of each class so far, from `jaxloss.imbalanced.class_counts`. A class
            without any is taken to have one.
        mitigation: exponent of the counts, non-negative.
        compensation: exponent of the probabilities, non-negative.

    Returns:
        One value for each example.

    Example:
        >>> seesaw([[0.0, 0.0], [0.0, 0.0]], [0, 1], counts=[9, 1])
        Array([0.1591, 0.6931], dtype=float32)

    Reference: Wang et al. 2021, arXiv:2008.10032.
    """
    logits, labels = check_labels(logits, labels)
    mitigation, compensation = hyperparameters(
        of_rows(logits), mitigation=mitigation, compensation=compensation
    )
    counts = class_vector("counts", counts, jnp.zeros(logits.shape[-1:], logits.dtype))
    log_counts = jnp.log(jnp.maximum(counts, 1))
    own = jnp.take(log_counts, labels, mode="clip")[..., None]
    behind = relu(own - jnp.expand_dims(log_counts, tuple(range(labels.ndim))))
    # Moved to 0 first: huge scores have no digits for a factor.
    scores, _ = shifted(logits)
    # The logarithm of a ratio of probabilities is a difference of scores.
    held = lax.stop_gradient(jnp.where(scores > -jnp.inf, scores, 0))
    ahead = relu(held - pick(held, labels)[..., None])
    factor = along(compensation) * ahead - along(mitigation) * behind
    return softmax_cross_entropy(scores + factor, labels)


def influence_balanced(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    features: Float[ArrayLike, "*batch dim"],
    *,
    eps: ArrayLike = 1e-3,
) -> Float[Array, "*batch"]:
    """Weigh examples by the inverse of their influence, so that no few of them draw the boundary.

    Formula: with `p = softmax(logits)`, `softmax_cross_entropy(logits, labels)
    / (sum(abs(p - one_hot(labels))) * sum(abs(features)) + eps)`, the divisor held constant.

    Train without it first: the paper fine-tunes, multiplies by 1000 and weighs classes too. The
    authors' code lets the gradient flow through the divisor.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        features: inputs of the last layer.
        eps: added to the divisor; non-negative.

    Returns:
        One value for each example.

    Raises:
        ValueError: for features that do not fit.

    Example:
        >>> influence_balanced([[0.0, 0.0]], jnp.array([0]), [[1.0, -3.0]])
        Array([0.1732], dtype=float32)

    Reference: Park et al. 2021, arXiv:2110.02444.
    """
    logits, labels = check_labels(logits, labels)
    logits, features = promote(logits=logits, features=features)
    if features.ndim != logits.ndim or features.shape[:-1] != logits.shape[:-1]:
        raise ValueError(
            f"expected `features` with one vector for each row of `logits` {logits.shape}, "
            f"got {features.shape}"
        )
    entropy = softmax_cross_entropy(logits, labels)
    (eps,) = hyperparameters(entropy, eps=eps)
    p = jnp.exp(log_softmax(logits))
    # What the label lacks is what the others have.
    apart = 2 * jnp.sum(jnp.where(one_hot(labels, logits.shape[-1]), 0, p), axis=-1)
    influence = lax.stop_gradient(apart * jnp.sum(jnp.abs(features), axis=-1))
    return safe_divide(entropy, influence + eps)


def gradient_harmonizing(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    histogram: Float[ArrayLike, " bins"],
) -> Float[Array, "*shape"]:
    """Cross-entropy of bits in which all sizes of gradients weigh the same (GHM-C).

    Formula: with `g = abs(sigmoid(logits) - target)` and `n` the entry of the histogram that `g`
    falls into, `sigmoid_cross_entropy(logits, target) * sum(histogram) / (n * used)`, where `used`
    is the number of entries that are not 0. An example in an empty bin costs nothing.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        histogram: how many gradients fall into each of equal bins from 0 to 1, this batch included:
            `gradient_histogram(abs(sigmoid(logits) - target), histogram=histogram)`.

    Example:
        >>> gradient_harmonizing([3.0, 3.0, -3.0], [1, 1, 1], histogram=[2.0, 1.0])
        Array([0.0364, 0.0364, 4.5729], dtype=float32)

    Reference: Li, Liu and Wang 2019, arXiv:1811.05181.
    """
    logits, target = same_shape(logits=logits, target=target)
    probabilities(target=target)
    norm = jnp.abs(target * jax.nn.sigmoid(-logits) - (1 - target) * jax.nn.sigmoid(logits))
    return streamed(lambda z, y, w: w * (y * softplus(-z) + (1 - y) * softplus(z)))(
        logits, target, _rarity(norm, histogram)
    )


def gradient_harmonizing_l1(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    histogram: Float[ArrayLike, " bins"],
    mu: ArrayLike = 0.02,
) -> Float[Array, "*shape"]:
    """Smooth absolute error in which all sizes of gradients weigh the same (GHM-R).

    Formula: with `error = pred - target` and `root = sqrt(error**2 + mu**2)`, `root - mu` weighed
    as in `gradient_harmonizing`, for `g = abs(error) / root`.

    Args:
        pred: predictions.
        target: what they should be.
        histogram: as there, of `abs(error) / sqrt(error**2 + mu**2)`.
        mu: size of an error around which the slope grows to 1; positive.

    Example:
        >>> gradient_harmonizing_l1([0.0, 3.0], [0.0, 0.0], histogram=[3.0, 1.0], mu=4.0)
        Array([0., 2.], dtype=float32)

    Reference: Li, Liu and Wang 2019, arXiv:1811.05181.
    """
    pred, target, mu = elementwise(pred=pred, target=target, hyper={"mu": mu})
    norm = jnp.abs(pred - target)
    norm = safe_divide(norm, jnp.sqrt(jnp.square(norm) + jnp.square(mu)))

    def kernel(x: Array, y: Array, w: Array, mu: Array) -> Array:
        size = absolute(x - y)
        # root - mu, whose difference cancels for small errors.
        return w * safe_divide(jnp.square(size), safe_sqrt(jnp.square(size) + jnp.square(mu)) + mu)

    return streamed(kernel)(pred, target, _rarity(norm, histogram), mu)


def gradient_histogram(
    norms: Float[ArrayLike, "*shape"],
    *,
    histogram: Float[ArrayLike, " bins"],
    momentum: ArrayLike = 0.75,
    where: Bool[ArrayLike, "*shape"] | None = None,
) -> Float[Array, " bins"]:
    """Take the gradients of a batch into the state of `gradient_harmonizing`: not a loss.

    Formula: `momentum * histogram + (1 - momentum) * counts`.

    Args:
        norms: sizes of gradients, in [0, 1].
        histogram: the state so far; zeros, for as many bins as are wanted, at first.
        momentum: of the running mean; 0 forgets earlier batches.
        where: gradients that count.

    Example:
        >>> gradient_histogram([0.1, 0.2, 0.9], histogram=jnp.zeros(2), momentum=0.0)
        Array([2., 1.], dtype=float32)

    Reference: Li, Liu and Wang 2019, arXiv:1811.05181.
    """
    norms, histogram = lax.stop_gradient(tuple(promote(norms=norms, histogram=histogram)))
    if histogram.ndim != 1:
        raise ValueError(f"expected `histogram` of shape (bins,), got {histogram.shape}")
    (momentum,) = hyperparameters(jnp.zeros((), norms.dtype), momentum=momentum)
    size = histogram.shape[0]
    places = jnp.where(mask(where, norms), _bin(norms, size), size)
    counts = jnp.zeros(size, jnp.int32).at[places].add(1, mode="drop")
    return momentum * histogram + (1 - momentum) * counts.astype(norms.dtype)


def _bin(norm: Array, size: int) -> Int[Array, "*shape"]:
    return jnp.clip((norm * size).astype(jnp.int32), 0, size - 1)


def _rarity(norm: Array, histogram: ArrayLike) -> Float[Array, "*shape"]:
    """Weights that make all bins in use weigh the same, 1 on average."""
    counts = jnp.asarray(histogram).astype(norm.dtype)
    if counts.ndim != 1:
        raise ValueError(f"expected `histogram` of shape (bins,), got {counts.shape}")
    used = jnp.maximum(jnp.sum(counts > 0, dtype=norm.dtype), 1)
    weights = safe_divide(jnp.sum(counts) / used, counts)
    return lax.stop_gradient(weights[_bin(norm, counts.shape[0])])
