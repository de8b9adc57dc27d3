"""Worst cases instead of means: from one value for each example to a number that guards the tail.

Most of these are a mean under the worst shares that the examples could have had, not too far from
those that they have. The gradient hands each example its share there; examples that tie get shares
in proportion to their weights, so that no order among them matters. `group_dro` moves such shares
from step to step, between groups; `v_rex` and `irm` ask that all environments be alike.

Values come from any loss that was not reduced, in any shape. `where` and `weights` are those of
`jaxloss.mean`, except that a weight of 0 leaves out its example altogether; over no example a
result is 0 with gradient 0.

These objectives are no averages: what microbatches give cannot be added up (`jaxloss.accumulate`
refuses scalars that depend on the batch), so they want the batch as a whole. Where it is divided
over the devices of `jax.shard_map`, name the axis, and the values, one number for each example, are
gathered.
"""

import math
from collections.abc import Callable, Hashable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core import checks
from jaxloss.core.numerics import log_softmax, one_hot
from jaxloss.core.pairs import gathered
from jaxloss.core.reduce import Average, average, mean
from jaxloss.objectives import worst


def cvar(
    values: Float[Array, "*shape"],
    *,
    alpha: float | Array,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, ""]:
    """Conditional value at risk: the mean over the worst share `alpha` of the examples.

    Formula: `min(c + mean(maximum(values - c, 0)) / alpha)` over `c`. Where the share ends within
    an example, that one counts in part.

    Args:
        values: one for each example.
        alpha: share of the weight, in (0, 1]: 1 is the mean, and the limit 0 the maximum.
        where: booleans, True keeps a value; a masked value may be anything, also NaN.
        weights: non-negative numbers, shaped as `where`.
        axis_name: mapped axis or axes of `shard_map` or `vmap` that the examples are divided over.

    Returns:
        A scalar, in float32 at least.

    Example:
        >>> values = jnp.array([1.0, 2.0, 3.0, 4.0])
        >>> cvar(values, alpha=0.5), cvar(values, alpha=0.6)
        (Array(3.5, dtype=float32), Array(3.25, dtype=float32))

    Reference: Rockafellar & Uryasev 2000, doi:10.21314/JOR.2000.038.
    """
    return _over_counted(worst.share, values, where, weights, axis_name, alpha=alpha)


def average_top_k(
    values: Float[Array, "*shape"],
    *,
    k: int | Array,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, ""]:
    """Mean of the `k` largest values: online hard example mining.

    Args:
        values: one for each example.
        k: how many, at least 1; all if there are fewer. A part of one counts as such.
        where: as in `cvar`.
        weights: as in `cvar`; an example of weight 2 counts as two.
        axis_name: as in `cvar`.

    Returns:
        A scalar.

    Example:
        >>> average_top_k(jnp.array([1.0, 5.0, 2.0, 4.0]), k=2)
        Array(4.5, dtype=float32)

    Reference: Fan et al. 2017, arXiv:1705.08826; Shrivastava et al. 2016, arXiv:1604.03540.
    """
    return _over_counted(worst.largest, values, where, weights, axis_name, k=k)


def tilted(
    values: Float[Array, "*shape"],
    *,
    t: float | Array,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, ""]:
    """A soft maximum, mean or soft minimum of the values: tilted empirical risk.

    Formula: `log(mean(exp(t * values))) / t`, and `mean(values)` for `t = 0`.

    Args:
        values: one for each example.
        t: how much the worst count: towards the maximum if positive, the minimum if negative.
        where: as in `cvar`.
        weights: as in `cvar`.
        axis_name: as in `cvar`.

    Returns:
        A scalar, differentiable in `t` also at 0 (half the variance).

    Example:
        >>> values = jnp.array([1.0, 2.0, 6.0])
        >>> tilted(values, t=0.0), tilted(values, t=0.5), tilted(values, t=1e6)
        (Array(3., dtype=float32), Array(4.1962, dtype=float32), Array(6., dtype=float32))

    Reference: Li et al. 2021, arXiv:2007.01162.
    """
    return _over_counted(worst.tilted, values, where, weights, axis_name, t=t)


def kl_dro(
    values: Float[Array, "*shape"],
    *,
    rho: float | Array,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, ""]:
    """Worst mean within a Kullback-Leibler ball around the shares of the examples.

    Formula: `max(sum(q * values))` over shares `q` with `sum(q * log(q / p)) <= rho`, where `p` are
    the given ones; equally `min((rho + log(sum(p * exp(t * values)))) / t)` over `t > 0`.

    Args:
        values: one for each example.
        rho: radius: 0 is the mean, and from `-log` of the share of the worst on the maximum. The
            derivative with respect to it, infinite at 0, is 0 there.
        where: as in `cvar`.
        weights: as in `cvar`.
        axis_name: as in `cvar`.

    Returns:
        A scalar.

    Example:
        >>> kl_dro(jnp.array([1.0, 2.0, 3.0, 4.0]), rho=0.5)
        Array(3.551, dtype=float32)

    Reference: Ben-Tal et al. 2013, doi:10.1287/mnsc.1120.1641.
    """
    return _over_counted(worst.kl, values, where, weights, axis_name, rho=rho)


def chi_square_dro(
    values: Float[Array, "*shape"],
    *,
    rho: float | Array,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, ""]:
    """Worst mean within a chi-square ball around the shares of the examples.

    Formula: `max(sum(q * values))` over shares `q` with `sum(p * (q / p - 1)**2) / 2 <= rho`, where
    `p` are the given ones; equally `min(c + sqrt((1 + 2 * rho) * mean(maximum(values - c, 0)**2)))`
    over `c`. While no share is 0 this is `mean + sqrt(2 * rho * variance)`.

    Args:
        values: one for each example.
        rho: radius: 0 is the mean, and a large one the maximum. The derivative with respect to it,
            infinite at 0, is 0 there.
        where: as in `cvar`.
        weights: as in `cvar`.
        axis_name: as in `cvar`.

    Returns:
        A scalar.

    Example:
        >>> chi_square_dro(jnp.array([1.0, 2.0, 3.0, 4.0]), rho=0.1)
        Array(3., dtype=float32)

    Reference: Namkoong & Duchi 2017, arXiv:1610.02581; Levy et al. 2020, arXiv:2010.05893.
    """
    return _over_counted(worst.chi_square, values, where, weights, axis_name, rho=rho)


def group_average(
    values: Float[Array, "*shape"],
    groups: Int[Array, "*shape"],
    *,
    num_groups: int,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> Average:
    """Average over the examples of each group, or environment.

    Args:
        values: one for each example.
        groups: of each example, from 0; one out of range makes all averages NaN unless masked.
        num_groups: how many there are, whether or not the batch has examples of all.
        where: as in `jaxloss.mean`.
        weights: as in `jaxloss.mean`.
        axis_name: as in `jaxloss.mean`.

    Returns:
        Totals and weights, one for each group; the weight of an absent group is 0.

    Raises:
        TypeError: for groups that are not integers.
        ValueError: for groups of another shape than the values.

    Example:
        >>> group_average(jnp.array([1.0, 3.0, 5.0]), jnp.array([0, 0, 2]), num_groups=3).value
        Array([2., 0., 5.], dtype=float32)
    """
    part = average(values, where=where, weights=weights, axis=())
    groups = checks.indices("groups", groups, part.total.shape, None)
    lost = jnp.any((part.weight != 0) & ((groups < 0) | (groups >= num_groups)))
    checks.require(lambda: ~lost, f"`groups` holds a group outside [0, {num_groups})")
    hits = one_hot(groups.ravel(), num_groups)

    def by_group(each: Array) -> Array:
        summed = jnp.sum(jnp.where(hits, each.ravel()[:, None], 0), axis=0)
        return summed if axis_name is None else lax.psum(summed, axis_name)

    return Average(by_group(jnp.where(lost, jnp.nan, part.total)), by_group(part.weight))


def init_group_dro(num_groups: int) -> Float[Array, " groups"]:
    """State of `group_dro` before the first step: the logarithms of equal shares."""
    return jnp.full(num_groups, -math.log(num_groups), jnp.float32)


def group_dro(
    values: Float[Array, "*shape"],
    groups: Int[Array, "*shape"],
    state: Float[Array, " groups"],
    *,
    num_groups: int,
    eta: float | Array = 0.01,
    adjustment: float | Array = 0.0,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    axis_name: Hashable | None = None,
) -> tuple[Float[Array, ""], Float[Array, " groups"]]:
    """Mean loss of groups, those that fare worst gaining weight from step to step.

    Formula: `sum(q * losses)` over the groups in the batch, where `losses` are their means and
    `q` is proportional to `exp(state + eta * (losses + adjustment))`.

    Losses of groups compete as they are: where their scales differ, that of the largest takes all.

    Args:
        values: one for each example.
        groups: of each example, as in `group_average`.
        state: logarithms of the shares of the groups, from `init_group_dro` or the step before.
        num_groups: how many there are. One that is absent from the batch adds nothing, and its
            share changes only as all shares are made to add up to 1.
        eta: step size of the shares.
        adjustment: added to the losses as far as shares are concerned, one number or one for each
            group. `C / jnp.sqrt(sizes)`, with the sizes of the groups in the training set, makes up
            for small groups generalising worse.
        where: as in `jaxloss.mean`.
        weights: as in `jaxloss.mean`.
        axis_name: as in `jaxloss.mean`.

    Returns:
        A scalar, and the next state, which carries no gradient.

    Raises:
        TypeError: for groups that are not integers.
        ValueError: for groups or a state of the wrong shape.

    Example:
        >>> values, groups = jnp.array([1.0, 1.0, 4.0]), jnp.array([0, 0, 1])
        >>> loss, state = group_dro(values, groups, init_group_dro(2), num_groups=2, eta=0.1)
        >>> loss, jnp.exp(state)
        (Array(2.7233, dtype=float32), Array([0.4256, 0.5744], dtype=float32))

    Reference: Sagawa et al. 2020, arXiv:1911.08731.
    """
    risks = group_average(
        values, groups, num_groups=num_groups, where=where, weights=weights, axis_name=axis_name
    )
    losses, present = risks.value, risks.weight > 0
    (before,) = lax.stop_gradient(checks.promote(state=state))
    if before.shape != losses.shape:
        raise ValueError(f"expected `state` of shape {losses.shape}, got {before.shape}")
    eta, adjustment = checks.hyperparameters(losses, eta=eta, adjustment=adjustment)
    gains = eta * lax.stop_gradient(losses + adjustment)
    # One batch gone wrong must not spoil what is remembered.
    log_q = log_softmax(before + jnp.where(present & jnp.isfinite(gains), gains, 0))
    value = jnp.sum(jnp.where(present, jnp.exp(log_q) * losses, 0))
    return value, log_q.astype(before.dtype)


def v_rex(
    risks: Average | Float[Array, " environments"], *, where: ArrayLike | None = None
) -> Float[Array, ""]:
    """Penalise risks that differ between environments: their variance.

    Formula: `mean((risks - mean(risks))**2)`. Risk extrapolation adds a multiple of this to the sum
    of the risks.

    Args:
        risks: mean loss of each environment, as numbers or as `group_average` gives them.
        where: environments that count; those over no example count for nothing anyway.

    Returns:
        A scalar.

    Example:
        >>> v_rex(jnp.array([1.0, 3.0, 100.0]), where=jnp.array([True, True, False]))
        Array(1., dtype=float32)

    Reference: Krueger et al. 2021, arXiv:2003.00688.
    """
    values, present = _environments(risks, where)
    return mean(jnp.square(values - mean(values, where=present)), where=present)


def irm(
    risks: Callable[[Array], Average | Float[Array, " environments"]],
    *,
    where: ArrayLike | None = None,
) -> Float[Array, ""]:
    """Penalise predictors that some environment would rather have scaled: IRMv1.

    Formula: `mean(slopes**2)`, with the derivatives of `risks(scale)` at `scale = 1`. Invariant
    risk minimisation adds a multiple of this to the sum of the risks.

    Args:
        risks: function of a scale, to multiply the outputs (logits) of the model by, to the mean
            loss of each environment, as numbers or as `group_average` gives them.
        where: environments that count; those over no example count for nothing anyway.

    Returns:
        A scalar.

    Example:
        >>> pred, target = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 2.0, 4.0])
        >>> def risks(scale):
        ...     values = (scale * pred - target) ** 2
        ...     return group_average(values, jnp.array([0, 0, 1]), num_groups=2)
        >>> irm(risks)
        Array(18., dtype=float32)

    Reference: Arjovsky et al. 2019, arXiv:1907.02893.
    """
    one = jnp.ones((), jnp.float32)
    scaled = lambda scale: _environments(risks(scale), where)
    _, slopes, present = jax.jvp(scaled, (one,), (one,), has_aux=True)
    return mean(jnp.square(jnp.where(present, slopes, 0)), where=present)


def superloss(
    values: Float[Array, "*shape"],
    *,
    threshold: float | Array,
    regularization: float | Array = 1.0,
) -> Float[Array, "*shape"]:
    """Count easy examples for more and hard ones for less: the opposite of a worst case.

    Formula: `min((values - threshold) * s + regularization * log(s)**2)` over `s` in (0, e], which
    is the derivative; 1 at the threshold.

    Args:
        values: one for each example.
        threshold: what parts easy from hard: `log(classes)` for a cross-entropy, or a running mean
            of the values.
        regularization: how far values lie from the threshold before that matters, positive.

    Returns:
        One value for each example, to be averaged.

    Example:
        >>> superloss(jnp.array([0.0, 1.0, 5.0]), threshold=1.0)
        Array([-1.7183,  0.    ,  2.4321], dtype=float32)

    Reference: Castells et al. 2020, "SuperLoss: a generic loss for robust curriculum learning",
    NeurIPS.
    """
    v, threshold, regularization = checks.elementwise(
        values=values, hyper={"threshold": threshold, "regularization": regularization}
    )
    checks.above(0, regularization=regularization)
    return regularization * worst.discounted((v - threshold) / regularization)


def _over_counted(
    kernel: Callable[..., Array],
    values: ArrayLike,
    where: ArrayLike | None,
    weights: ArrayLike | None,
    axis_name: Hashable | None,
    **hyper: ArrayLike,
) -> Array:
    """Apply a kernel of flat values, weights and scalars to the examples that count.

    Those that do not come to stand, with weight 0, where the least of the others is, and change
    nothing there. If none counts, all are 0 and of weight 1.
    """
    (v,) = checks.promote(values=values)
    w = average(v, where=where, weights=weights, axis=()).weight
    checks.require(lambda: w >= 0, "`weights` holds a negative weight")
    v, w = (_flat(array, axis_name) for array in (v, w))
    counted = w > 0
    least = lax.stop_gradient(jnp.min(jnp.where(counted, v, jnp.inf)))
    some = jnp.any(counted)
    v = jnp.where(counted, v, jnp.where(some, least, 0))
    w = jnp.where(counted, w, jnp.where(some, 0, jnp.ones_like(w)))
    scalars = checks.hyperparameters(jax.ShapeDtypeStruct((), v.dtype), **hyper)
    result = kernel(v, w, *scalars)
    # All devices have the same result; this makes it so by its type.
    return result if axis_name is None else lax.pmean(result, axis_name)


def _flat(array: Array, axis_name: Hashable | None) -> Array:
    for axis in range(array.ndim):
        array = gathered(array, axis)
    array = array.ravel() if array.size else jnp.zeros(1, array.dtype)
    return array if axis_name is None else lax.all_gather(array, axis_name, tiled=True)


def _environments(
    risks: Average | ArrayLike, where: ArrayLike | None
) -> tuple[Float[Array, " environments"], Array]:
    if isinstance(risks, Average):
        return risks.value, (risks.weight != 0) & checks.mask(where, risks.weight)
    (values,) = checks.promote(risks=risks)
    present = checks.mask(where, values)
    return jnp.where(present, values, 0), present
