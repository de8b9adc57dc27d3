"""How much better an action was than expected: what losses of policies and values learn from.

Rewards of several answers to one prompt are compared with each other (`group_relative`,
`leave_one_out`); those of steps, with what a value function expects (`gae`, `lambda_returns`,
`n_step_returns`, and of another policy's steps `vtrace` and `off_policy_returns`). Time is the last
axis, `discounts` are 0 where an episode ends, and `values` have one entry more than there are
steps: what is expected after the last. All of it is computed without a loop over time, and held
constant: nothing here has a gradient.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, promote, vectors
from jaxloss.core.numerics import safe_divide


class Trace(NamedTuple):
    """Of `vtrace`: what the value function should have said, and advantages for the policy."""

    targets: Float[Array, "*batch time"]
    advantages: Float[Array, "*batch time"]


def group_relative(
    rewards: Float[ArrayLike, "*batch answers"],
    *,
    scale: Literal["group", "batch"] | None = "group",
    eps: ArrayLike = 1e-4,
    where: Bool[ArrayLike, "*batch answers"] | None = None,
) -> Float[Array, "*batch answers"]:
    """Compare each answer with the others to the same prompt: the advantages of GRPO.

    Formula: `(rewards - mean) / (deviation + eps)`, the mean over the answers to a prompt and the
    deviation (of a sample, as TRL and verl have it) over the same, over all answers (`"batch"`), or
    1 (None, Dr. GRPO). An answer without others has advantage 0.

    Args:
        rewards: of the answers to each prompt.
        scale: whose deviation is divided by.
        eps: added to the deviation, positive.
        where: answers that exist; the others have advantage 0.

    Example:
        >>> group_relative([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]], eps=1e-6)
        Array([[ 0.866, -0.866, -0.866,  0.866],
               [ 0.   ,  0.   ,  0.   ,  0.   ]], dtype=float32)

    Reference: Shao et al. 2024, arXiv:2402.03300; without scale: Liu et al. 2025, arXiv:2503.20783.
    """
    (rewards,) = vectors(rewards=rewards)
    kept = mask(where, rewards)
    (eps,) = hyperparameters(of_rows(rewards), eps=eps)
    apart = _apart(rewards, kept, -1)
    if scale is None:
        return lax.stop_gradient(apart)
    axis = -1 if scale == "group" else None
    whole = apart if scale == "group" else _apart(rewards, kept, None)
    count = jnp.sum(kept, axis=axis, keepdims=True)
    variance = jnp.sum(jnp.square(whole), axis=axis, keepdims=True) / jnp.maximum(count - 1, 1)
    return lax.stop_gradient(apart / (jnp.sqrt(variance) + along(eps)))


def leave_one_out(
    rewards: Float[ArrayLike, "*batch answers"],
    *,
    where: Bool[ArrayLike, "*batch answers"] | None = None,
) -> Float[Array, "*batch answers"]:
    """Compare each answer with the mean of the others: the advantages of RLOO.

    Formula: `rewards - mean(the others)`, which is `n / (n - 1) * (rewards - mean(rewards))` for
    `n` answers; 0 for an answer without others.

    Args:
        rewards: of the answers to each prompt.
        where: answers that exist; the others have advantage 0.

    Example:
        >>> leave_one_out([[3.0, 0.0, 0.0]])
        Array([[ 3. , -1.5, -1.5]], dtype=float32)

    Reference: Kool et al. 2019, openreview.net/forum?id=r1lgTGL5DE; Ahmadian et al. 2024,
    arXiv:2402.14740.
    """
    (rewards,) = vectors(rewards=rewards)
    kept = mask(where, rewards)
    apart = _apart(rewards, kept, -1)
    count = jnp.sum(kept, axis=-1, keepdims=True).astype(apart.dtype)
    return lax.stop_gradient(apart * safe_divide(count, count - 1))


def gae(
    rewards: Float[ArrayLike, "*batch time"],
    discounts: Float[ArrayLike, "*batch time"],
    values: Float[ArrayLike, "*batch time+1"],
    *,
    decay: ArrayLike = 0.95,
) -> Float[Array, "*batch time"]:
    """Generalised advantage estimation: surprises now and later, the later the less.

    Formula: with `d[t] = rewards[t] + discounts[t] * values[t + 1] - values[t]`, the sum
    `A[t] = d[t] + discounts[t] * decay * A[t + 1]`.

    Args:
        rewards: of the steps.
        discounts: of what comes after each step; 0 where the episode ends.
        values: expected before each step, and after the last.
        decay: lambda of the paper, from 0 (the next step alone) to 1 (all that was got).

    Example:
        >>> gae([0.0, 1.0], [0.5, 0.0], [0.0, 0.5, 9.0], decay=1.0)
        Array([0.5, 0.5], dtype=float32)

    Reference: Schulman et al. 2016, arXiv:1506.02438.
    """
    rewards, discounts, values = _steps(rewards, discounts, values)
    (decay,) = hyperparameters(of_rows(rewards), decay=decay)
    surprise = rewards + discounts * values[..., 1:] - values[..., :-1]
    return lax.stop_gradient(_backwards(surprise, discounts * along(decay)))


def lambda_returns(
    rewards: Float[ArrayLike, "*batch time"],
    discounts: Float[ArrayLike, "*batch time"],
    values: Float[ArrayLike, "*batch time+1"],
    *,
    decay: ArrayLike = 0.95,
) -> Float[Array, "*batch time"]:
    """What a value function should have said: rewards, and its own later words.

    Formula: `G[t] = rewards[t] + discounts[t] * ((1 - decay) * values[t + 1] + decay * G[t + 1])`
    with `G = values` after the last step: discounted returns at `decay` 1, one-step targets at 0.

    Args:
        rewards: of the steps.
        discounts: of what comes after each step; 0 where the episode ends.
        values: expected before each step (the first is not read), and after the last.
        decay: lambda, from 0 to 1.

    Example:
        >>> lambda_returns([0.0, 1.0], [0.5, 0.5], [0.0, 0.0, 4.0], decay=1.0)
        Array([1.5, 3. ], dtype=float32)

    Reference: Sutton 1988, doi:10.1007/BF00115009.
    """
    rewards, discounts, values = _steps(rewards, discounts, values)
    (decay,) = hyperparameters(of_rows(rewards), decay=decay)
    decay = along(decay)
    last = jnp.zeros_like(rewards).at[..., -1:].set(values[..., -1:]) * decay
    known = rewards + discounts * ((1 - decay) * values[..., 1:] + last)
    return lax.stop_gradient(_backwards(known, discounts * decay))


def n_step_returns(
    rewards: Float[ArrayLike, "*batch time"],
    discounts: Float[ArrayLike, "*batch time"],
    values: Float[ArrayLike, "*batch time+1"],
    *,
    steps: int,
) -> Float[Array, "*batch time"]:
    """What a value function should have said: the rewards of some steps, and its words after them.

    Formula: `G(n)[t] = rewards[t] + discounts[t] * G(n - 1)[t + 1]` with `G(0) = values`, for `n`
    of `steps`; near the end, of as many steps as there are.

    Args:
        rewards: of the steps.
        discounts: of what comes after each step; 0 where the episode ends.
        values: expected before each step (the first is not read), and after the last.
        steps: how many rewards are counted, at least 1.

    Example:
        >>> n_step_returns([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], [0.0, 0.0, 8.0, 4.0], steps=2)
        Array([3.5, 2.5, 3. ], dtype=float32)

    Reference: Sutton and Barto 2018, Reinforcement Learning, equation 7.1.
    """
    rewards, discounts, values = _steps(rewards, discounts, values)
    if steps < 1:
        raise ValueError(f"expected at least one step, got {steps}")

    def one_more(_: int, after: Array) -> Array:
        found = rewards + discounts * after
        return jnp.concatenate([found[..., 1:], values[..., -1:]], axis=-1)

    after = lax.fori_loop(1, min(steps, rewards.shape[-1]), one_more, values[..., 1:])
    return lax.stop_gradient(rewards + discounts * after)


def off_policy_returns(
    rewards: Float[ArrayLike, "*batch time"],
    discounts: Float[ArrayLike, "*batch time"],
    values: Float[ArrayLike, "*batch time+1"],
    taken: Float[ArrayLike, "*batch time"],
    traces: Float[ArrayLike, "*batch time"],
) -> Float[Array, "*batch time"]:
    """What values of actions should have said, of steps that another policy took: Retrace.

    Formula: `G[t] = rewards[t] + discounts[t] * (values[t + 1] + traces[t + 1] * (G[t + 1]
    - taken[t + 1]))`, without the last term after the last step. With `r` the ratio of the
    policies' probabilities of the action taken, traces are `decay * min(1, r)` in Retrace, `r` in
    importance sampling, `decay` in Q(lambda) of Harutyunyan, the policy's probability in tree
    backup and, with the best values for `values`, `decay` where the action was the best and else 0
    in Watkins's Q(lambda).

    Args:
        rewards: of the steps.
        discounts: of what comes after each step; 0 where the episode ends.
        values: what the policy makes of the state before each step (the first is not read), and
            after the last: `sum(probabilities * q)`.
        taken: value of the action taken in each step (the first is not read).
        traces: how far surprises of each step reach back (the first is not read).

    Example:
        >>> later = [0.0, 2.0, 4.0], [0.0, 1.0], [0.0, 0.5]
        >>> off_policy_returns([1.0, 1.0], [0.5, 0.5], *later)
        Array([2.5, 3. ], dtype=float32)

    Reference: Munos et al. 2016, arXiv:1606.02647.
    """
    rewards, discounts, values = _steps(rewards, discounts, values)
    rewards, taken, traces = vectors(rewards=rewards, taken=taken, traces=traces)
    nothing = jnp.zeros_like(rewards[..., :1])
    taken, reach = (jnp.concatenate([x[..., 1:], nothing], axis=-1) for x in (taken, traces))
    taken, reach = (x[..., : rewards.shape[-1]] for x in (taken, reach))
    known = rewards + discounts * (values[..., 1:] - reach * taken)
    return lax.stop_gradient(_backwards(known, discounts * reach))


def vtrace(
    rewards: Float[ArrayLike, "*batch time"],
    discounts: Float[ArrayLike, "*batch time"],
    values: Float[ArrayLike, "*batch time+1"],
    log_ratios: Float[ArrayLike, "*batch time"],
    *,
    decay: ArrayLike = 1.0,
    rho: ArrayLike = 1.0,
    c: ArrayLike = 1.0,
) -> Trace:
    """Targets and advantages from steps that another policy took: V-trace of IMPALA.

    Formula: with `r = exp(log_ratios)`,
    `d[t] = min(rho, r[t]) * (rewards[t] + discounts[t] * values[t + 1] - values[t])`, targets are
    `v = values + S` of `S[t] = d[t] + discounts[t] * decay * min(c, r[t]) * S[t + 1]`, and
    advantages `min(rho, r[t]) * (rewards[t] + discounts[t] * v[t + 1] - values[t])`.

    Args:
        rewards: of the steps.
        discounts: of what comes after each step; 0 where the episode ends.
        values: expected before each step, and after the last.
        log_ratios: log-probability of each action under the policy that learns, less that under the
            policy that acted.
        decay: lambda, from 0 to 1.
        rho: bound of the ratios that weigh surprises; which policy's values are learned.
        c: bound of the ratios that are multiplied up; how fast.

    Example:
        >>> found = vtrace([0.0, 1.0], [0.5, 0.0], [0.0, 0.5, 9.0], [0.0, 0.0])
        >>> found.targets
        Array([0.5, 1. ], dtype=float32)

    Reference: Espeholt et al. 2018, arXiv:1802.01561.
    """
    rewards, discounts, values = _steps(rewards, discounts, values)
    rewards, log_ratios = vectors(rewards=rewards, log_ratios=log_ratios)
    decay, rho, c = hyperparameters(of_rows(rewards), decay=decay, rho=rho, c=c)
    # The minimum before the exponential, which else overflows.
    weight, reach = (jnp.exp(jnp.minimum(log_ratios, jnp.log(along(x)))) for x in (rho, c))
    surprise = weight * (rewards + discounts * values[..., 1:] - values[..., :-1])
    targets = values[..., :-1] + _backwards(surprise, discounts * along(decay) * reach)
    after = jnp.concatenate([targets[..., 1:], values[..., -1:]], axis=-1)
    advantages = weight * (rewards + discounts * after[..., : rewards.shape[-1]] - values[..., :-1])
    return lax.stop_gradient(Trace(targets, advantages))


def _apart(rewards: Array, kept: Array, axis: int | None) -> Array:
    """Less their mean; measured from the largest, so that rewards that agree are exactly 0."""
    largest = jnp.max(rewards, axis=axis, keepdims=True, initial=-jnp.inf, where=kept)
    found = jnp.where(kept, rewards - largest, 0)
    count = jnp.maximum(jnp.sum(kept, axis=axis, keepdims=True), 1)
    return jnp.where(kept, found - jnp.sum(found, axis=axis, keepdims=True) / count, 0)


def _steps(
    rewards: ArrayLike, discounts: ArrayLike, values: ArrayLike
) -> tuple[Array, Array, Array]:
    rewards, discounts, values = promote(rewards=rewards, discounts=discounts, values=values)
    vectors(rewards=rewards, discounts=discounts)
    if values.shape != (*rewards.shape[:-1], rewards.shape[-1] + 1):
        raise ValueError(
            f"`values` needs one entry more than there are steps: got {values.shape} for `rewards` "
            f"of shape {rewards.shape}"
        )
    return rewards, discounts, values


def _backwards(gains: Array, decays: Array) -> Array:
    """`y[t] = gains[t] + decays[t] * y[t + 1]` from the end, in a logarithmic number of steps."""

    def joined(later: tuple[Array, Array], sooner: tuple[Array, Array]) -> tuple[Array, Array]:
        return later[0] * sooner[0], sooner[1] + sooner[0] * later[1]

    return lax.associative_scan(joined, (decays, gains), reverse=True, axis=gains.ndim - 1)[1]
