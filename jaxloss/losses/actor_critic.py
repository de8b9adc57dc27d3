"""Policies that learn from critics, and these from them: SAC, MPO, and gradients over all actions.

`log_p` is the log-probability of an action under the policy and `q` what critics say an action is
worth. In `sac_actor` the action is a differentiable function of the policy's parameters, so that
the gradient flows through both; train these alone, the critics' parameters held. Everywhere else
what is learned from is held constant, as each docstring says.

What is not here is made of what there is elsewhere:

* the deterministic policy gradient is `-q`, TD3's critic `jl.value.td` with `min(next_q)`;
* A2C is `jl.policy.reinforce` with a weight times `jl.policy.negative_entropy`;
* V-MPO is `mpo` over the better half of a batch, `where=advantages >= jnp.median(advantages)`;
* a bound on a divergence (MPO) is that divergence times a constant multiplier, which learns by
  `lagrange_multiplier`.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, elementwise, hyperparameters, mask, of_rows, vectors
from jaxloss.core.critics import bootstrapped, soft_mean
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import log_softmax, relu
from jaxloss.losses.regression import squared_error
from jaxloss.losses.value import Compare


def sac_actor(
    log_p: Float[ArrayLike, "*shape"],
    q: Float[ArrayLike, "*shape critics"],
    *,
    temperature: ArrayLike = 0.2,
) -> Float[Array, "*shape"]:
    """Reward actions that all critics think well of, and a policy for being undecided (SAC).

    Formula: `temperature * log_p - min(q)`, with a gradient in both; critics that tie share it.

    Args:
        log_p: of an action that was drawn with `jax.random` from the policy, reparametrised.
        q: what each critic says of that action.
        temperature: price of being decided.

    Example:
        >>> sac_actor([-1.0], [[3.0, 2.0]], temperature=0.5)
        Array([-2.5], dtype=float32)

    Reference: Haarnoja et al. 2018, arXiv:1812.05905.
    """
    log_p, q = aligned({"log_p": "", "q": "critics"}, log_p=log_p, q=q)
    (temperature,) = hyperparameters(log_p, temperature=temperature)
    return temperature * log_p - jnp.min(q, axis=-1)


def sac_discrete_actor(
    logits: Float[ArrayLike, "*batch actions"],
    q: Float[ArrayLike, "*batch actions"],
    *,
    temperature: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch actions"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a policy for the values of all its actions, and for being undecided.

    Formula: with `p = softmax(logits)`, `sum(p * (temperature * log(p) - q))`, `q` held constant.
    At `temperature` 0 the policy gradient over all actions (QPG, mean actor-critic).

    Args:
        logits: of the policy.
        q: what each action is worth; the least of several critics.
        temperature: price of being decided.
        where: actions that can be taken; those with logits of `-inf` cannot either.

    Returns:
        One value for each state; 0 without actions.

    Example:
        >>> sac_discrete_actor([[0.0, 0.0]], [[3.0, 1.0]], temperature=1.0)
        Array([-2.6931], dtype=float32)

    Reference: Christodoulou 2019, arXiv:1910.07207; Srinivasan et al. 2018, arXiv:1810.09026.
    """
    log_p, q, possible = _policy(logits, q, where)
    (temperature,) = hyperparameters(of_rows(log_p), temperature=temperature)
    cost = along(temperature) * log_p - q
    return jnp.sum(jnp.where(possible, jnp.exp(log_p) * cost, 0), axis=-1)


def sac_critic(
    q: Float[ArrayLike, "*shape"],
    rewards: Float[ArrayLike, "*shape"],
    discounts: Float[ArrayLike, "*shape"],
    next_q: Float[ArrayLike, "*shape critics"],
    next_log_p: Float[ArrayLike, "*shape"],
    *,
    temperature: ArrayLike = 0.2,
    loss: Compare = squared_error,
) -> Float[Array, "*shape"]:
    """Reward a critic for what the least of critics says next, and for what the policy leaves open.

    Formula: `loss(q, rewards + discounts * (min(next_q) - temperature * next_log_p))`, the second
    held constant. As `jl.value.td` otherwise.

    Args:
        q: what one critic says of the action taken.
        rewards: of the step.
        discounts: of what comes after it; 0 where the episode ends.
        next_q: what each target critic says of an action drawn for the next state.
        next_log_p: log-probability of that action under the policy.
        temperature: price of being decided.
        loss: that prediction and target are compared by, elementwise.

    Example:
        >>> sac_critic([1.0], [1.0], [0.5], [[3.0, 2.0]], [-1.0], temperature=2.0)
        Array([4.], dtype=float32)

    Reference: Haarnoja et al. 2018, arXiv:1812.05905.
    """
    q, rewards, discounts, next_q, next_log_p = aligned(
        {"q": "", "rewards": "", "discounts": "", "next_q": "critics", "next_log_p": ""},
        q=q,
        rewards=rewards,
        discounts=discounts,
        next_q=next_q,
        next_log_p=next_log_p,
    )
    (temperature,) = hyperparameters(q, temperature=temperature)
    soft = jnp.min(next_q, axis=-1) - temperature * next_log_p
    return loss(q, bootstrapped(rewards, discounts, soft))


def lagrange_multiplier(
    values: Float[ArrayLike, "*shape"],
    *,
    multiplier: ArrayLike = 1.0,
    bound: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a multiplier for being large where a constraint is broken, and small elsewhere.

    Formula: `multiplier * (bound - values)`, the `values` held constant. Descent in `multiplier`
    raises it while values are above the bound: SAC's temperature, with `log_p` for values and the
    negated target entropy for a bound; the price of a divergence in MPO.

    Args:
        values: that are to stay below the bound in the mean.
        multiplier: what learns, non-negative: the `softplus` or `exp` of a parameter.
        bound: of the values.

    Example:
        >>> lagrange_multiplier([-1.0, 3.0], multiplier=0.5, bound=2.0)
        Array([ 1.5, -0.5], dtype=float32)

    Reference: Haarnoja et al. 2018, arXiv:1812.05905; Abdolmaleki et al. 2018, arXiv:1806.06920.
    """
    hyper = {"multiplier": multiplier, "bound": bound}
    values, multiplier, bound = elementwise(values=values, hyper=hyper)
    return multiplier * (bound - lax.stop_gradient(values))


def mpo(
    log_p: Float[ArrayLike, "*batch n"],
    q: Float[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the better ones of several actions, by weights that sum to 1 (MPO).

    Formula: `-sum(softmax(q / temperature) * log_p)`, the weights held constant.

    Args:
        log_p: of actions drawn for one state; in AWAC and V-MPO, of those of a batch of states.
        q: what each is worth; there, its advantage.
        temperature: in units of the reward, positive; it learns by `mpo_temperature`.
        where: actions that count.

    Returns:
        One value for each state (or batch); 0 without actions.

    Example:
        >>> mpo([-1.0, -2.0], [0.0, 0.0])
        Array(1.5, dtype=float32)

    Reference: Abdolmaleki et al. 2018, arXiv:1806.06920; Song et al. 2020, arXiv:1909.12238.
    """
    log_p, q = vectors(log_p=log_p, q=q)
    kept = mask(where, log_p)
    (temperature,) = hyperparameters(of_rows(log_p), temperature=temperature)
    weight = jnp.exp(log_softmax(q / along(temperature), where=kept))
    weight = lax.stop_gradient(weight)
    return jnp.sum(jnp.where(kept, -weight * jnp.where(kept, log_p, 0), 0), axis=-1)


def mpo_temperature(
    q: Float[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    epsilon: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a temperature at which the weights of `mpo` diverge from even ones by a given bound.

    Formula: `temperature * (epsilon + log(mean(exp(q / temperature))))`, `q` held constant.

    Args:
        q: what each action is worth.
        temperature: what learns, in units of the reward, positive.
        epsilon: bound of the divergence in nats.
        where: actions that count.

    Returns:
        One value for each state (or batch); 0 without actions.

    Example:
        >>> mpo_temperature([1.0, 1.0])
        Array(1.1, dtype=float32)

    Reference: Abdolmaleki et al. 2018, arXiv:1806.06920, equation 8.
    """
    (q,) = vectors(q=q)
    kept = mask(where, q)
    q = lax.stop_gradient(q)
    temperature, epsilon = hyperparameters(of_rows(q), temperature=temperature, epsilon=epsilon)
    soft, any_kept = soft_mean(q, jnp.zeros_like(q), temperature, kept)
    return jnp.where(any_kept, temperature * epsilon + soft, 0)


def regret(
    logits: Float[ArrayLike, "*batch actions"],
    q: Float[ArrayLike, "*batch actions"],
    *,
    where: Bool[ArrayLike, "*batch actions"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a policy for having nothing to regret: no action is better than its mean (RPG).

    Formula: `sum(max(0, q - sum(softmax(logits) * q)))`, `q` held constant; gradient 0 at kinks.

    Args:
        logits: of the policy.
        q: what each action is worth.
        where: actions that can be taken; those with logits of `-inf` cannot either.

    Returns:
        One value for each state; 0 without actions.

    Example:
        >>> regret([[0.0, 0.0]], [[3.0, 1.0]])
        Array([1.], dtype=float32)

    Reference: Srinivasan et al. 2018, arXiv:1810.09026.
    """
    return jnp.sum(_regrets(*_policy(logits, q, where)), axis=-1)


def regret_matching(
    logits: Float[ArrayLike, "*batch actions"],
    q: Float[ArrayLike, "*batch actions"],
    *,
    where: Bool[ArrayLike, "*batch actions"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a policy for the actions that it regrets not to have taken (RMPG).

    Formula: with `p = softmax(logits)`, `-sum(p * max(0, q - sum(p * q)))`, the second factor held
    constant.

    Args:
        logits: of the policy.
        q: what each action is worth.
        where: actions that can be taken; those with logits of `-inf` cannot either.

    Returns:
        One value for each state; 0 without actions.

    Example:
        >>> regret_matching([[0.0, 0.0]], [[3.0, 1.0]])
        Array([-0.5], dtype=float32)

    Reference: Srinivasan et al. 2018, arXiv:1810.09026.
    """
    log_p, q, possible = _policy(logits, q, where)
    regrets = lax.stop_gradient(_regrets(log_p, q, possible))
    return -jnp.sum(jnp.where(possible, jnp.exp(log_p), 0) * regrets, axis=-1)


def _policy(logits: ArrayLike, q: ArrayLike, where: ArrayLike | None) -> tuple[Array, Array, Array]:
    """Log-probabilities, values held constant, and which actions there are; 0 for the others."""
    logits, q = vectors(logits=logits, q=q)
    log_p = log_softmax(logits, where=mask(where, logits))
    possible = log_p > -jnp.inf
    return jnp.where(possible, log_p, 0), jnp.where(possible, lax.stop_gradient(q), 0), possible


def _regrets(log_p: Array, q: Array, possible: Array) -> Array:
    """How much better each action is than the mean, from the best on, which keeps the digits."""
    top = jnp.max(q, axis=-1, keepdims=True, initial=-jnp.inf, where=possible)
    less = jnp.where(possible, q - top, 0)
    mean = jnp.sum(jnp.where(possible, jnp.exp(log_p) * less, 0), axis=-1, keepdims=True)
    return jnp.where(possible, relu(less - mean), 0)
