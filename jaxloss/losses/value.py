"""Values of states and actions, learned from what came next: TD, SARSA, Q-learning, PPO's critic.

`values` (or `q`, with one entry for each action on the last axis) are predictions, and the only
argument with a gradient. What they should have been is held constant: `rewards + discounts` times
the worth of the next state, by whatever network gives it. `discounts` are 0 where an episode ends;
what stands for the next state there counts nothing, not even a NaN. An action of `q` that cannot be
taken is worth `-inf`, and a state without actions 0.

Every loss takes the `loss` that prediction and target are compared by, elementwise: the squared
error of the papers, or `jl.regression.huber` (the clipped errors of DQN), or any other. The
predictions are made for one step; over several, with `taken` the values of the actions taken:

* TD(lambda), n-step and off-policy critics: `jl.regression.squared_error` of values and
  `jl.advantages.lambda_returns`, `n_step_returns`, `vtrace(...).targets`;
* SARSA(lambda): of `taken` and `lambda_returns` of the values of the next actions taken;
* Q(lambda): of `taken` and `lambda_returns` of `max(q)` (Peng), or `off_policy_returns` with
  traces that end where an action was not the best (Watkins);
* Retrace, tree backup, Q(lambda) of Harutyunyan: of `taken` and `off_policy_returns`.

Errors of TD in another space (`h(q)` for values `q`, as in R2D2) are those of targets
`h(rewards + discounts * inverse(next))`.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, elementwise, hyperparameters, of_rows, same_shape
from jaxloss.core.critics import actions_of, bootstrapped, policy_of, settled, worth_of
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import logsumexp, pick
from jaxloss.losses.regression import squared_error

Compare = Callable[[Array, Array], Array]
"""An elementwise loss of prediction and target."""
_Q = {"q": "actions", "rewards": "", "discounts": "", "next_q": "actions"}


def clipped_value(
    values: Float[ArrayLike, "*shape"],
    old_values: Float[ArrayLike, "*shape"],
    returns: Float[ArrayLike, "*shape"],
    *,
    clip: ArrayLike = 0.2,
    loss: Compare = squared_error,
) -> Float[Array, "*shape"]:
    """Reward values for the returns, but not for moving far from what was said before (PPO).

    Formula: `max(loss(values, returns), loss(near, returns))` with
    `near = old_values + clip(values - old_values, -clip, clip)`. Flat where the second counts.

    Args:
        values: of states, by the critic that learns.
        old_values: of the same states when the steps were taken.
        returns: what they should have been: `jl.advantages.gae(...) + old_values`.
        clip: how far values may move, in units of the return.
        loss: that prediction and target are compared by, elementwise.

    Example:
        >>> clipped_value([1.0, 1.0], [0.0, 1.0], [1.0, 0.5], clip=0.5)
        Array([0.25, 0.25], dtype=float32)

    Reference: Schulman et al. 2017, arXiv:1707.06347; clipped as in Engstrom et al. 2020,
    arXiv:2005.12729.
    """
    hyper = {"clip": clip}
    values, old, returns, clip = elementwise(
        values=values, old_values=old_values, returns=returns, hyper=hyper
    )
    old, returns = lax.stop_gradient((old, returns))
    moved = values - old
    plain = loss(values, returns)
    bound = loss(old + jnp.where(moved > 0, clip, -clip), returns)
    return jnp.where((jnp.abs(moved) > clip) & (bound > plain), bound, plain)


def td(
    values: Float[ArrayLike, "*shape"],
    rewards: Float[ArrayLike, "*shape"],
    discounts: Float[ArrayLike, "*shape"],
    next_values: Float[ArrayLike, "*shape"],
    *,
    loss: Compare = squared_error,
) -> Float[Array, "*shape"]:
    """Reward values for what the next step found out: TD(0), and any one-step critic.

    Formula: `loss(values, rewards + discounts * next_values)`, the second held constant. With
    values of actions, `next_values` is `min(q)` of several critics in TD3 (REDQ: of a random few),
    the value of the state in QV-learning and IQL, and `max(q)` for values of states in QVMAX.

    Args:
        values: before the step.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_values: after the step.
        loss: that prediction and target are compared by, elementwise.

    Example:
        >>> td([1.0, 1.0], [0.0, 2.0], [0.5, 0.0], [4.0, 9.0])
        Array([1., 1.], dtype=float32)

    Reference: Sutton 1988, doi:10.1007/BF00115009; Fujimoto et al. 2018, arXiv:1802.09477.
    """
    values, rewards, discounts, next_values = same_shape(
        values=values, rewards=rewards, discounts=discounts, next_values=next_values
    )
    return loss(values, bootstrapped(rewards, discounts, next_values))


def sarsa(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    next_actions: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch actions"],
    *,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward values of actions for what the policy does next: SARSA and expected SARSA.

    Formula: `loss(q[actions], rewards + discounts * worth)` with the worth `next_q[next_actions]`,
    or `sum(next_actions * next_q)` for probabilities; the second held constant.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step.
        next_actions: that are taken then, or the probability of each.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> q, next_q = jnp.array([[1.0, 2.0]]), jnp.array([[4.0, 8.0]])
        >>> sarsa(q, jnp.array([1]), [1.0], [0.5], next_q, jnp.array([0]))
        Array([1.], dtype=float32)
        >>> sarsa(q, jnp.array([1]), [1.0], [0.5], next_q, jnp.array([[0.5, 0.5]]))
        Array([4.], dtype=float32)

    Reference: Rummery and Niranjan 1994, CUED/F-INFENG/TR 166; van Seijen et al. 2009,
    doi:10.1109/ADPRL.2009.4927542.
    """
    q, rewards, discounts, next_q = aligned(
        _Q, q=q, rewards=rewards, discounts=discounts, next_q=next_q
    )
    actions = actions_of(q, actions=actions)
    policy = policy_of(next_q, next_actions=next_actions)
    target = bootstrapped(rewards, discounts, worth_of(next_q, policy))
    costs = loss(pick(q, actions), target)
    return settled(costs, q.shape[-1], actions, discounts, policy)


def q_learning(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    *,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward values of actions for what the best action is worth next: Q-learning, DQN.

    Formula: `loss(q[actions], rewards + discounts * max(next_q))`, the second held constant.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step, by the target network.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> q_learning([[1.0, 2.0]], jnp.array([1]), [1.0], [0.5], [[4.0, 8.0]])
        Array([9.], dtype=float32)

    Reference: Watkins and Dayan 1992, doi:10.1007/BF00992698; Mnih et al. 2015,
    doi:10.1038/nature14236.
    """
    return persistent_q_learning(q, actions, rewards, discounts, next_q, gap=0, loss=loss)


def double_q_learning(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    selector: Float[ArrayLike, "*batch actions"],
    *,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward as `q_learning`, with the best action chosen by other values than it is judged by.

    Formula: `loss(q[actions], rewards + discounts * next_q[argmax(selector)])`, the second held
    constant; of equal actions the first is chosen.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step, by the target network.
        selector: the same by the network that learns.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> double_q_learning([[1.0, 2.0]], jnp.array([1]), [1.0], [0.5], [[4.0, 8.0]], [[1.0, 0]])
        Array([1.], dtype=float32)

    Reference: van Hasselt 2010, NeurIPS; van Hasselt et al. 2016, arXiv:1509.06461.
    """
    axes = {**_Q, "selector": "actions"}
    q, rewards, discounts, next_q, selector = aligned(
        axes, q=q, rewards=rewards, discounts=discounts, next_q=next_q, selector=selector
    )
    best = jnp.argmax(selector, axis=-1)
    target = bootstrapped(rewards, discounts, pick(next_q, best))
    return _of_taken(loss, q, actions_of(q, actions=actions), target)


def persistent_q_learning(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    *,
    gap: ArrayLike = 0.5,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward as `q_learning`, for a policy that at times repeats its action.

    Formula: `loss(q[actions], rewards + discounts * ((1 - gap) * max(next_q) + gap
    * next_q[actions]))`, the second held constant. An action that can no longer be taken is not
    repeated.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step.
        gap: how often an action is repeated, from 0 to 1.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> persistent_q_learning([[1.0, 2.0]], jnp.array([0]), [1.0], [0.5], [[4.0, 8.0]])
        Array([9.], dtype=float32)

    Reference: Bellemare et al. 2016, arXiv:1512.04860.
    """
    q, rewards, discounts, next_q = aligned(
        _Q, q=q, rewards=rewards, discounts=discounts, next_q=next_q
    )
    actions = actions_of(q, actions=actions)
    (gap,) = hyperparameters(of_rows(q), gap=gap)
    top, again = _best(next_q), pick(next_q, actions)
    again = jnp.where(again == -jnp.inf, top, again)
    less = top - gap * jnp.where(again == top, 0, top - again)
    return _of_taken(loss, q, actions, bootstrapped(rewards, discounts, less))


def advantage_learning(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    old_q: Float[ArrayLike, "*batch actions"],
    *,
    gap: ArrayLike = 0.9,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward as `q_learning`, with actions that are not the best made worth even less.

    Formula: `loss(q[actions], rewards + discounts * max(next_q) - gap * (max(old_q)
    - old_q[actions]))`, the second held constant.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step, by the target network.
        old_q: of those before the step, by the target network.
        gap: by how much differences grow, from 0 to 1.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> more = [[4.0, 8.0]], [[1.0, 3.0]]
        >>> advantage_learning([[1.0, 2.0]], jnp.array([0]), [1.0], [0.5], *more, gap=0.5)
        Array([9.], dtype=float32)

    Reference: Baird 1999, PhD thesis, Carnegie Mellon; Bellemare et al. 2016, arXiv:1512.04860.
    """
    axes = {**_Q, "old_q": "actions"}
    q, rewards, discounts, next_q, old = aligned(
        axes, q=q, rewards=rewards, discounts=discounts, next_q=next_q, old_q=old_q
    )
    actions = actions_of(q, actions=actions)
    (gap,) = hyperparameters(of_rows(q), gap=gap)
    lack = gap * (_best(old) - pick(old, actions))
    target = bootstrapped(rewards, discounts, _best(next_q)) - lax.stop_gradient(lack)
    return _of_taken(loss, q, actions, target)


def munchausen(
    q: Float[ArrayLike, "*batch actions"],
    actions: Int[ArrayLike, "*batch"],
    rewards: Float[ArrayLike, "*batch"],
    discounts: Float[ArrayLike, "*batch"],
    next_q: Float[ArrayLike, "*batch actions"],
    old_q: Float[ArrayLike, "*batch actions"],
    *,
    gap: ArrayLike = 0.9,
    temperature: ArrayLike = 0.03,
    floor: ArrayLike = -1.0,
    loss: Compare = squared_error,
) -> Float[Array, "*batch"]:
    """Reward values of actions for those of a soft policy, and for what it already believes in.

    Formula: `loss(q[actions], rewards + gap * max(floor, t * log_softmax(old_q / t)[actions])
    + discounts * t * logsumexp(next_q / t))` with the temperature `t`, the second held constant.
    With `gap` 0 soft Q-learning.

    Args:
        q: values of the actions before the step.
        actions: that were taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: values of the actions after the step, by the target network.
        old_q: of those before the step, by the target network.
        gap: weight of the policy's own log-probability, from 0 to 1.
        temperature: of the policy, in units of the reward, positive.
        floor: the least that this log-probability counts for, negative.
        loss: that prediction and target are compared by, elementwise.

    Returns:
        One value for each step; NaN for an action that does not exist.

    Example:
        >>> more = [[4.0, 8.0]], [[1.0, 3.0]]
        >>> munchausen([[1.0, 2.0]], jnp.array([0]), [1.0], [0.5], *more, gap=0.5)
        Array([12.25], dtype=float32)

    Reference: Vieillard et al. 2020, arXiv:2007.14430; without the log-probability, Haarnoja et al.
    2017, arXiv:1702.08165.
    """
    axes = {**_Q, "old_q": "actions"}
    q, rewards, discounts, next_q, old = aligned(
        axes, q=q, rewards=rewards, discounts=discounts, next_q=next_q, old_q=old_q
    )
    actions = actions_of(q, actions=actions)
    gap, t, floor = hyperparameters(of_rows(q), gap=gap, temperature=temperature, floor=floor)
    belief = jnp.maximum(pick(old, actions) - _soft_best(old, t), floor)
    target = bootstrapped(rewards, discounts, _soft_best(next_q, t))
    return _of_taken(loss, q, actions, target + lax.stop_gradient(gap * belief))


def _of_taken(loss: Compare, q: Array, actions: Array, target: Array) -> Array:
    return settled(loss(pick(q, actions), target), q.shape[-1], actions)


def _best(q: Array) -> Array:
    return jnp.max(q, axis=-1, initial=-jnp.inf)


def _soft_best(q: Array, temperature: Array) -> Array:
    """`t * logsumexp(q / t)`, from the largest value on, which keeps its digits."""
    top = _best(q)
    top = jnp.where(top > -jnp.inf, top, 0)
    return top + temperature * logsumexp((q - top[..., None]) / along(temperature))
