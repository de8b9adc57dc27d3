"""Distributions of returns, learned from what came next: QR-DQN and C51.

A distribution is given by quantiles, or by the logits of a `support`: places in ascending order.
As in `jaxloss.value`, what a prediction should have been is held constant, `discounts` are 0 where
an episode ends, and the next action is one that was chosen (integers) or the probabilities of all
(floating), whose distributions are then mixed. Another choice than the greedy one of `_q_learning`
is made by hand: for double Q-learning, `jnp.argmax` of the means by the network that learns.

In TQC the targets of `quantile_regression` are the quantiles of several critics, sorted, without
the largest few. The distribution of a state (no axis of actions) is learned by
`quantile_regression` from
`rewards[..., None] + discounts[..., None] * next_quantiles`, and by
`jl.classification.softmax_cross_entropy` from what `jl.histogram.project` makes of
`rewards[..., None] + discounts[..., None] * support`.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.bins import projected, support_of
from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.critics import actions_of, bootstrapped, policy_of, settled
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import log_softmax, pick
from jaxloss.losses.classification import softmax_cross_entropy
from jaxloss.losses.regression import quantile_huber


def quantile_regression(
    pred: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch m"],
    *,
    levels: Float[ArrayLike, " k"] | None = None,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward quantiles of a distribution of which there are several samples (or quantiles).

    Formula: the sum over predictions of the mean over targets of
    `jl.regression.quantile_huber(pred, target, quantile=levels, delta=delta)`. Gradient 0 where
    they agree.

    Args:
        pred: one prediction for each level.
        target: samples; quantiles of the next state in QR-DQN.
        levels: in (0, 1); the middles of `k` equal parts by default.
        delta: width of the parabola, non-negative.

    Returns:
        One value for each distribution; 0 without samples.

    Example:
        >>> quantile_regression([0.0, 1.0], [3.0, 1.0])
        Array(0.9375, dtype=float32)

    Reference: Dabney et al. 2018, arXiv:1710.10044; divided by `delta`, and with levels that are
    drawn (`vmap` over these), Dabney et al. 2018, arXiv:1806.06923.
    """
    pred, target = aligned({"pred": "k", "target": "m"}, pred=pred, target=target)
    (delta,) = hyperparameters(of_rows(pred), delta=delta)
    return _over_pairs(pred, target, _levels(levels, pred), delta)


def quantile_td(
    quantiles: Float[ArrayLike, "*batch actions k"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_quantiles: Float[ArrayLike, "*batch actions m"],
    next_actions: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch actions"],
    *,
    levels: Float[ArrayLike, " k"] | None = None,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward quantiles of the return of an action, for what the policy does next.

    Formula: `quantile_regression(quantiles[actions], rewards + discounts
    * next_quantiles[next_actions])`, the second held constant; for probabilities of the next
    actions the mean of it.

    Args:
        quantiles: of the return of each action.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_quantiles: of the return of each action after the step.
        next_actions: that are taken then, or the probability of each.
        levels: in (0, 1); the middles of `k` equal parts by default.
        delta: width of the parabola, non-negative.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> now, then = [[[0.0, 1.0]]], [[[2.0, 0.0]]]
        >>> quantile_td(now, jnp.array([0]), [1.0], [1.0], then, jnp.array([0]))
        Array([0.9375], dtype=float32)

    Reference: Dabney et al. 2018, arXiv:1710.10044.
    """
    axes = {"quantiles": "actions k", "next_quantiles": "actions m"}
    quantiles, rewards, discounts, after = aligned(
        {**axes, "rewards": "", "discounts": ""},
        quantiles=quantiles,
        rewards=rewards,
        discounts=discounts,
        next_quantiles=next_quantiles,
    )
    actions = actions_of(quantiles[..., 0], "quantiles", actions=actions)
    policy = policy_of(jnp.max(after, axis=-1), "next_quantiles", next_actions=next_actions)
    (delta,) = hyperparameters(of_rows(after[..., 0]), delta=delta)
    pred = _of_action(quantiles, actions)
    places = _levels(levels, pred)
    if jnp.issubdtype(policy.dtype, jnp.integer):
        target = bootstrapped(rewards[..., None], discounts[..., None], _of_action(after, policy))
        value = _over_pairs(pred, target, places, delta)
    else:
        policy = jnp.where(discounts[..., None] == 0, 1 / max(policy.shape[-1], 1), policy)
        target = bootstrapped(rewards[..., None, None], discounts[..., None, None], after)
        shape = (*policy.shape, pred.shape[-1])
        spread = [jnp.broadcast_to(x[..., None, :], shape) for x in (pred, places)]
        each = _over_pairs(spread[0], target, spread[1], along(delta))
        value = jnp.sum(jnp.where(policy == 0, 0, policy * each), axis=-1)
    return settled(value, quantiles.shape[-2], actions, discounts, policy)


def quantile_q_learning(
    quantiles: Float[ArrayLike, "*batch actions k"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_quantiles: Float[ArrayLike, "*batch actions m"],
    *,
    levels: Float[ArrayLike, " k"] | None = None,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward quantiles of the return of an action, for the best action next: QR-DQN.

    Formula: `quantile_td(...)` with the next action `argmax(mean(next_quantiles))`.

    Args:
        quantiles: of the return of each action.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_quantiles: of the return of each action after the step, by the target network.
        levels: in (0, 1); the middles of `k` equal parts by default.
        delta: width of the parabola, non-negative.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> now, then = [[[0.0, 1.0], [5.0, 5.0]]], [[[2.0, 0.0], [0.5, 0.5]]]
        >>> quantile_q_learning(now, jnp.array([0]), [1.0], [1.0], then)
        Array([0.9375], dtype=float32)

    Reference: Dabney et al. 2018, arXiv:1710.10044.
    """
    (after,) = aligned({"next_quantiles": "actions m"}, next_quantiles=next_quantiles)
    best = jnp.argmax(jnp.sum(after, axis=-1), axis=-1)
    step = (quantiles, actions, rewards, discounts, after, best)
    return quantile_td(*step, levels=levels, delta=delta)


def categorical_td(
    logits: Float[ArrayLike, "*batch actions k"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_logits: Float[ArrayLike, "*batch actions k"],
    next_actions: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch actions"],
    *,
    support: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward the distribution of the return of an action, for what the policy does next.

    Formula: the cross-entropy of `softmax(logits[actions])` to
    `jl.histogram.project(rewards + discounts * support, softmax(next_logits[next_actions]))`,
    held constant; for probabilities of the next actions of the mean of their distributions.

    Args:
        logits: of the places that the return of each action may have.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_logits: of the places that the return of each action may have after the step.
        next_actions: that are taken then, or the probability of each.
        support: the places, in ascending order.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> now, then = [[[0.0, 0.0]]], [[[5.0, 1.0]]]
        >>> categorical_td(now, jnp.array([0]), [1.0], [0.5], then, jnp.array([0]), support=[0, 9])
        Array([0.6931], dtype=float32)

    Reference: Bellemare et al. 2017, arXiv:1707.06887.
    """
    logits, rewards, discounts, after = aligned(
        {"logits": "actions k", "rewards": "", "discounts": "", "next_logits": "actions k"},
        logits=logits,
        rewards=rewards,
        discounts=discounts,
        next_logits=next_logits,
    )
    actions = actions_of(logits[..., 0], "logits", actions=actions)
    policy = policy_of(after[..., 0], "next_logits", next_actions=next_actions)
    masses = jnp.exp(log_softmax(after))
    if jnp.issubdtype(policy.dtype, jnp.integer):
        masses = _of_action(masses, policy)
    else:
        masses = jnp.sum(jnp.where(policy == 0, 0, policy)[..., None] * masses, axis=-2)
    masses = jnp.where(discounts[..., None] == 0, 1 / max(masses.shape[-1], 1), masses)
    atoms = support_of("support", support, masses.shape[-1], masses)
    places = bootstrapped(rewards[..., None], discounts[..., None], atoms)
    target = projected(places, masses, atoms)
    value = softmax_cross_entropy(_of_action(logits, actions), lax.stop_gradient(target))
    return settled(value, logits.shape[-2], actions, discounts, policy)


def categorical_q_learning(
    logits: Float[ArrayLike, "*batch actions k"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_logits: Float[ArrayLike, "*batch actions k"],
    *,
    support: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward the distribution of the return of an action, for the best action next: C51.

    Formula: `categorical_td(...)` with the next action
    `argmax(sum(softmax(next_logits) * support))`.

    Args:
        logits: of the places that the return of each action may have.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_logits: of the places that the return of each action may have after the step, by the
            target network.
        support: the places, in ascending order; 51 of them from -10 to 10 in the paper.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> now, then = [[[0.0, 0.0], [9.0, 0.0]]], [[[5.0, 1.0], [9.0, 1.0]]]
        >>> categorical_q_learning(now, jnp.array([0]), [1.0], [0.5], then, support=[0, 9])
        Array([0.6931], dtype=float32)

    Reference: Bellemare et al. 2017, arXiv:1707.06887.
    """
    axes = {"logits": "actions k", "next_logits": "actions k"}
    logits, after = aligned(axes, logits=logits, next_logits=next_logits)
    atoms = support_of("support", support, after.shape[-1], after)
    best = jnp.argmax(jnp.sum(jnp.exp(log_softmax(after)) * atoms, axis=-1), axis=-1)
    return categorical_td(logits, actions, rewards, discounts, after, best, support=support)


def _over_pairs(pred: Array, target: Array, levels: Array, delta: Array) -> Array:
    """Of levels spelled out, and `delta` for each row."""
    shape = (*pred.shape, target.shape[-1])
    pairs = [jnp.broadcast_to(x, shape) for x in (pred[..., None], target[..., None, :])]
    costs = quantile_huber(*pairs, quantile=levels[..., None], delta=along(delta, 2))
    return jnp.sum(costs, axis=(-2, -1)) / max(target.shape[-1], 1)


def _levels(given: ArrayLike | None, pred: Array) -> Array:
    count = pred.shape[-1]
    if given is None:
        given = (jnp.arange(count, dtype=pred.dtype) + 0.5) / max(count, 1)
    return jnp.broadcast_to(support_of("levels", given, count, pred), pred.shape)


def _of_action(rows: Array, actions: Array) -> Array:
    """The row of an action, on the axis before the last."""
    columns = jnp.moveaxis(rows, -2, -1)
    index = jnp.broadcast_to(actions[..., None], columns.shape[:-1])
    return pick(columns, index)
