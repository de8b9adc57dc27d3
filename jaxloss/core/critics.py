"""What losses of critics share: what was done, what it was followed by, and the target of both.

A target is a fact and not a prediction: it is held constant. What follows the end of an episode (a
discount of 0) counts nothing, whatever it is, and neither does a state in which nothing can be done
(all its actions are worth `-inf`).
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.checks import along, indices, promote
from jaxloss.core.numerics import known, logsumexp, pick


def bootstrapped(rewards: Array, discounts: Array, worth: Array) -> Array:
    """`rewards + discounts * worth`, held constant; without a worth that does not count."""
    over = (discounts == 0) | (worth == -jnp.inf)
    return lax.stop_gradient(rewards + discounts * jnp.where(over, 0, worth))


def actions_of(values: Array, name: str = "q", **given: ArrayLike) -> Array:
    """Check actions, one for each state.

    Args:
        values: of the actions, on the last axis.
        name: of the argument with these values, for the error.
        given: the actions by name.
    """
    ((of, actions),) = given.items()
    reason = f", one for each state of `{name}` {values.shape}"
    return indices(of, actions, values.shape[:-1], values.shape[-1], reason)


def policy_of(values: Array, name: str = "next_q", **given: ArrayLike) -> Array:
    """Check actions (integers), or probabilities of actions (floating), the latter held constant.

    Args:
        values: of the actions, on the last axis.
        name: of the argument with these values, for the error.
        given: actions or probabilities by name.
    """
    ((of, policy),) = given.items()
    if jnp.issubdtype(jnp.asarray(policy).dtype, jnp.integer):
        return actions_of(values, name, **given)
    (probabilities,) = promote(**given)
    if probabilities.shape != values.shape:
        raise ValueError(
            f"expected integer `{of}` of shape {values.shape[:-1]}, or floating of the shape of "
            f"`{name}` {values.shape}, got {probabilities.shape}"
        )
    return lax.stop_gradient(probabilities.astype(values.dtype))


def worth_of(values: Array, policy: Array) -> Array:
    """What a state is worth to a policy: the value of an action, or the mean by probabilities."""
    if jnp.issubdtype(policy.dtype, jnp.integer):
        return pick(values, policy)
    return jnp.sum(jnp.where(policy == 0, 0, policy * values), axis=-1)


def settled(
    costs: Array,
    count: int,
    actions: Array,
    discounts: Array | None = None,
    policy: Array | None = None,
) -> Array:
    """Costs of steps whose actions exist; NaN, with gradient 0, for the others.

    Args:
        costs: of the steps.
        count: of the actions that there are.
        actions: that were taken.
        discounts: of the steps: at 0 there is no next action.
        policy: next actions, or probabilities.
    """
    costs = known(costs, actions, count)
    if policy is None or discounts is None or not jnp.issubdtype(policy.dtype, jnp.integer):
        return costs
    return jnp.where(discounts == 0, costs, known(costs, policy, count))


def soft_mean(q: Array, log_density: Array, temperature: Array, kept: Array) -> tuple[Array, Array]:
    """`t * log(mean(exp(q / t - log_density)))` over what is kept; and whether anything is."""
    count = jnp.sum(kept, axis=-1, dtype=q.dtype)
    whole = logsumexp(q / along(temperature) - log_density, where=kept)
    found = count > 0
    mean = jnp.where(found, whole, 0) - jnp.log(jnp.where(found, count, 1))
    return temperature * mean, found
