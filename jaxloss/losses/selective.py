"""Models that may abstain, answer with sets, ask an expert, or disagree among themselves."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import (
    along,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    promote,
    vectors,
)
from jaxloss.core.forecasts import aligned, negative_entropy
from jaxloss.core.numerics import (
    known,
    log_add,
    log_softmax,
    log_total,
    logsumexp,
    one_hot,
    pick,
    relu,
    safe_divide,
    shifted,
)
from jaxloss.core.pairs import inner_products


def conformal(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    threshold: ArrayLike = -2.0,
    temperature: ArrayLike = 0.5,
    free: ArrayLike = 1.0,
    weight: ArrayLike = 0.1,
) -> Float[Array, "*batch"]:
    """Reward sets of classes that hold the right one and little else: conformal training.

    Formula: with `c = sigmoid((log_softmax(logits) - threshold) / temperature)` how far each class
    is in the set, `1 - c[labels] + weight * max(0, sum(c) - free)`; gradient 0 at the kink.

    Split each batch: the threshold is the `miscoverage` quantile of the log-probabilities of the
    labels of one half (`jnp.quantile` is differentiable), the loss that of the other half.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        threshold: log-probability from which on a class is in the set; differentiable.
        temperature: how soft the set is, positive.
        free: size of a set that costs nothing, kappa in the paper.
        weight: of each class beyond.

    Returns:
        One value for each example.

    Example:
        >>> conformal([0.0, 0.0], jnp.array(0), threshold=jnp.log(0.5), free=0.5)
        Array(0.55, dtype=float32)

    Reference: Stutz et al. 2022, arXiv:2110.09192.
    """
    scores, labels = check_labels(logits, labels)
    hyper = {"threshold": threshold, "temperature": temperature, "free": free, "weight": weight}
    threshold, temperature, free, weight = hyperparameters(of_rows(scores), **hyper)
    log_p = log_softmax(scores)
    possible = log_p > -jnp.inf
    lead = (jnp.where(possible, log_p, 0) - along(threshold)) / along(temperature)
    inside = jnp.where(possible, jax.nn.sigmoid(lead), 0)
    beyond = relu(jnp.sum(inside, axis=-1) - free)
    value = 1 - pick(inside, labels) + weight * beyond
    some = jnp.any(possible, axis=-1)
    return known(jnp.where(some, value, 0), labels, scores.shape[-1])


def selective(
    risks: Float[ArrayLike, "*batch n"],
    selection: Float[ArrayLike, "*batch n"],
    *,
    coverage: ArrayLike = 0.8,
    weight: ArrayLike = 32.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward low risk on what is answered, and answers to as much as is asked for (SelectiveNet).

    Formula: `sum(risks * selection) / sum(selection)
    + weight * max(0, coverage - mean(selection))**2`; 0 where nothing counts, and no risk where
    nothing is selected.

    Args:
        risks: loss of each example of a batch, of any kind.
        selection: how far each is answered, from 0 to 1.
        coverage: share that should be answered.
        weight: of what coverage is lacking.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> selective([1.0, 9.0], [1.0, 0.0], coverage=0.5)
        Array(1., dtype=float32)

    Reference: Geifman and El-Yaniv 2019, arXiv:1901.09192.
    """
    risks, selection = vectors(risks=risks, selection=selection)
    kept = mask(where, risks)
    coverage, weight = hyperparameters(of_rows(risks), coverage=coverage, weight=weight)
    chosen = jnp.where(kept, selection, 0)
    total = jnp.sum(chosen, axis=-1)
    risk = safe_divide(jnp.sum(chosen * jnp.where(kept, risks, 0), axis=-1), total)
    count = jnp.sum(kept, axis=-1, dtype=risks.dtype)
    lack = relu(coverage - safe_divide(total, count))
    return jnp.where(count > 0, risk + weight * jnp.square(lack), 0)


def gambler(
    logits: Float[ArrayLike, "*batch classes_and_one"],
    labels: Int[ArrayLike, "*batch"],
    *,
    payoff: ArrayLike = 2.2,
) -> Float[Array, "*batch"]:
    """Reward bets on the right class, and money kept back where that is unclear (deep gamblers).

    Formula: with `p = softmax(logits)`, `-log(payoff * p[labels] + p[-1])`. The last entry is what
    is kept; to abstain pays where no class is likelier than `1 / payoff`.

    Args:
        logits: scores of the classes, and of keeping the money.
        labels: class of each example, not the last entry.
        payoff: for each unit on the right class, above 1 and below the number of classes.

    Returns:
        One value for each example, at least `-log(payoff)`.

    Example:
        >>> gambler([0.0, 0.0, 0.0], jnp.array(0), payoff=2.0)
        Array(0., dtype=float32)

    Reference: Liu et al. 2019, arXiv:1907.00208.
    """
    scores, labels = _with_reserve(logits, labels)
    (payoff,) = hyperparameters(of_rows(scores), payoff=payoff)
    moved, _ = shifted(scores)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    won = log_add(pick(moved[..., :-1], labels) + jnp.log(payoff), moved[..., -1])
    value = jnp.where(some, log_total(moved), 0) - won
    return known(jnp.where(some, value, 0), labels, scores.shape[-1] - 1)


def learning_to_defer(
    logits: Float[ArrayLike, "*batch classes_and_one"],
    labels: Int[ArrayLike, "*batch"],
    expert: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward the right class, and leaving to an expert what the expert gets right.

    Formula: with `p = softmax(logits)` and `right = expert == labels`,
    `-where(right, alpha, 1) * log(p[labels]) - right * log(p[-1])`: consistent at `alpha` 1.

    Args:
        logits: scores of the classes, and of asking the expert.
        labels: class of each example, not the last entry.
        expert: class that the expert says, any integer.
        alpha: how much the model still learns where the expert is right, from 0 to 1.

    Returns:
        One value for each example.

    Example:
        >>> learning_to_defer([0.0, 0.0, 0.0], jnp.array(0), jnp.array(0))
        Array(2.1972, dtype=float32)

    Reference: Mozannar and Sontag 2020, arXiv:2006.01862.
    """
    scores, labels = _with_reserve(logits, labels)
    expert = indices("expert", expert, labels.shape, None)
    (alpha,) = hyperparameters(of_rows(scores), alpha=alpha)
    right = expert == labels
    log_p = log_softmax(scores)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    own = jnp.where(right, alpha, 1) * pick(log_p[..., :-1], labels)
    asked = jnp.where(right, log_p[..., -1], 0)
    return known(jnp.where(some, -own - asked, 0), labels, scores.shape[-1] - 1)


def _with_reserve(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Check scores that have one entry more than there are classes."""
    (scores,) = vectors(logits=logits)
    count = scores.shape[-1] - 1
    if count < 1:
        raise ValueError(f"expected `logits` of two entries at least, got shape {scores.shape}")
    reason = f", one for each row of `logits` {scores.shape}"
    return scores, indices("labels", labels, scores.shape[:-1], count, reason)


def negative_correlation(
    pred: Float[ArrayLike, "*batch members"],
    target: Float[ArrayLike, "*batch"],
    *,
    weight: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch members"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward members of an ensemble for being right, and for erring each in another way.

    Formula: `mean((pred - target)**2) / 2 - weight * mean((pred - mean(pred))**2)`, over the
    members; at `weight` one half, the squared error of the mean alone.

    Args:
        pred: predictions of the members.
        target: what came true.
        weight: of diversity, at most one half for the loss to stay positive.
        where: members that exist; without any the loss is 0.

    Returns:
        One value for each ensemble.

    Example:
        >>> negative_correlation([0.0, 4.0], 1.0, weight=0.25)
        Array(1.5, dtype=float32)

    Reference: Liu and Yao 1999, doi:10.1016/S0893-6080(99)00073-8; Brown et al. 2005, "Managing
        diversity in regression ensembles".
    """
    pred, target = aligned({"pred": "members", "target": ""}, pred=pred, target=target)
    kept = mask(where, pred)
    (weight,) = hyperparameters(target, weight=weight)
    count = jnp.sum(kept, axis=-1, dtype=pred.dtype)

    def mean(x: Array) -> Array:
        return safe_divide(jnp.sum(jnp.where(kept, x, 0), axis=-1), count)

    # By the error of the mean and the spread around it: of their sum nothing cancels.
    error = jnp.where(kept, pred, target[..., None]) - target[..., None]
    middle = mean(error)
    spread = mean(jnp.square(error - middle[..., None]))
    value = jnp.square(middle) / 2 + (0.5 - weight) * spread
    return jnp.where(count > 0, value, 0)


def adaptive_diversity(
    logits: Float[ArrayLike, "*batch members classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    entropy_weight: ArrayLike = 2.0,
    volume_weight: ArrayLike = 0.5,
    jitter: ArrayLike = 1e-3,
) -> Float[Array, "*batch"]:
    """Reward members for the right class, and for disagreeing about which others are likely.

    Formula: with `p = softmax(logits)`, `q[m]` the probabilities of member `m` without that of the
    label, of length one, `sum_m(-log(p[m, labels])) - entropy_weight * entropy(mean_m(p))
    - volume_weight * log(det(q @ q.T + jitter * eye))`.

    Args:
        logits: scores of the classes by each member, of which there are at most as many as wrong
            classes.
        labels: class of each example.
        entropy_weight: of the entropy of the mean, alpha in the paper.
        volume_weight: of the volume that the members span, beta in the paper.
        jitter: added to the diagonal, so that members who agree have a volume; positive.

    Returns:
        One value for each example.

    Example:
        >>> adaptive_diversity([[0.0, 0.0, 0.0]], jnp.array(0), jitter=0.0)
        Array(-1.0986, dtype=float32)

    Reference: Pang et al. 2019, arXiv:1901.08846.
    """
    (scores,) = promote(logits=logits)
    if scores.ndim < 2:
        raise ValueError(
            "expected `logits` with an axis of members before that of classes, "
            f"got shape {scores.shape}"
        )
    count = scores.shape[-1]
    reason = f", one for each example of `logits` {scores.shape}"
    labels = indices("labels", labels, scores.shape[:-2], count, reason)
    hyper = {
        "entropy_weight": entropy_weight,
        "volume_weight": volume_weight,
        "jitter": jitter,
    }
    drawn, wide, jitter = hyperparameters(of_rows(of_rows(scores)), **hyper)
    log_p = log_softmax(scores)
    everyone = jnp.broadcast_to(labels[..., None], log_p.shape[:-1])
    right = -jnp.sum(pick(log_p, everyone), axis=-1)
    members = scores.shape[-2]
    mean = logsumexp(jnp.swapaxes(log_p, -1, -2)) - jnp.log(jnp.asarray(members, scores.dtype))
    others, _ = shifted(scores, where=~one_hot(everyone, count))
    size = log_total(2 * others) / 2
    directions = jnp.exp(others - jnp.where(size > -jnp.inf, size, 0)[..., None])
    gram = inner_products(directions, directions)
    gram = gram + along(jitter, 2) * jnp.broadcast_to(
        jnp.eye(members, dtype=gram.dtype), gram.shape
    )
    factor = jnp.diagonal(jnp.linalg.cholesky(gram), axis1=-2, axis2=-1)
    volume = 2 * jnp.sum(jnp.log(factor), axis=-1)
    value = right + drawn * negative_entropy(mean) - wide * volume
    some = jnp.all(jnp.any(scores > -jnp.inf, axis=-1), axis=-1)
    return known(jnp.where(some, value, 0), labels, count)
