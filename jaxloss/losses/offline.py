"""Policies and critics that learn from data alone, and keep near it: AWR, TD3+BC, CQL.

`q` is what a critic says an action is worth, `log_p` the log-probability of an action of the data
under the policy. What else there is of this kind is made of other losses:

* IQL is `jl.quantile.expectile(value, constant(q), level=0.7)`, `jl.value.td` of `q` and the value
  of the next state, and `advantage_weighted` with temperature `1 / beta`;
* CQL of discrete actions is `jl.classification.softmax_cross_entropy(q, actions)`, behaviour
  cloning the same of a policy's logits;
* AWAC is `advantage_weighted`, or, with weights that sum to 1 over a batch, `jl.actor_critic.mpo`.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import elementwise, hyperparameters, mask
from jaxloss.core.critics import soft_mean
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import safe_divide, streamed

_weighed = streamed(lambda log_p, weight: -weight * log_p)


def advantage_weighted(
    log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    temperature: ArrayLike = 1.0,
    ceiling: ArrayLike = 20.0,
) -> Float[Array, "*shape"]:
    """Reward actions of the data, exponentially more the better they are (AWR, AWAC, IQL).

    Formula: `-min(exp(advantages / temperature), ceiling) * log_p`, the weight held constant.

    Args:
        log_p: of actions of the data, which another policy may have taken.
        advantages: of these actions.
        temperature: in units of the reward, positive: how much better is worth copying.
        ceiling: largest weight; 20 in AWR, 100 in IQL.

    Example:
        >>> advantage_weighted([-1.0, -1.0], [0.0, 9.0])
        Array([ 1., 20.], dtype=float32)

    Reference: Peng et al. 2019, arXiv:1910.00177; Nair et al. 2020, arXiv:2006.09359; Kostrikov et
    al. 2022, arXiv:2110.06169.
    """
    hyper = {"temperature": temperature, "ceiling": ceiling}
    log_p, advantages, t, ceiling = elementwise(log_p=log_p, advantages=advantages, hyper=hyper)
    # The minimum before the exponential, which else overflows.
    weight = jnp.exp(jnp.minimum(advantages / t, jnp.log(ceiling)))
    return _weighed(log_p, lax.stop_gradient(weight))


def td3_bc(
    q: Float[ArrayLike, "*batch n"],
    pred_actions: Float[ArrayLike, "*batch n dim"],
    actions: Float[ArrayLike, "*batch n dim"],
    *,
    alpha: ArrayLike = 2.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward actions that a critic thinks well of and that are near those of the data (TD3+BC).

    Formula: `mean((pred_actions - actions)**2) - alpha * q / mean(abs(q))`, the first mean over
    the axes of an action, the second over the batch and held constant; where it is 0, so is that
    term. The gradient flows through `q` and `pred_actions`.

    Args:
        q: of the policy's actions, in a batch of states.
        pred_actions: the policy's actions.
        actions: of the data, in the same states, held constant.
        alpha: how much the critic counts.
        where: states that count.

    Returns:
        One value for each state; 0 for those left out.

    Example:
        >>> td3_bc([1.0, 3.0], [[0.5], [0.0]], [[0.0], [0.0]], alpha=2.0)
        Array([-0.75, -3.  ], dtype=float32)

    Reference: Fujimoto and Gu 2021, arXiv:2106.06860.
    """
    axes = {"q": "n", "pred_actions": "n dim", "actions": "n dim"}
    q, pred, actions = aligned(axes, q=q, pred_actions=pred_actions, actions=actions)
    kept = mask(where, q)
    (alpha,) = hyperparameters(q, alpha=alpha)
    q, gap = jnp.where(kept, q, 0), jnp.where(kept[..., None], pred - lax.stop_gradient(actions), 0)
    count = jnp.sum(kept, axis=-1, keepdims=True, dtype=q.dtype)
    size = safe_divide(jnp.sum(jnp.abs(q), axis=-1, keepdims=True), count)
    nearness = jnp.sum(jnp.square(gap), axis=-1) / max(gap.shape[-1], 1)
    return nearness - alpha * safe_divide(q, lax.stop_gradient(size))


def cql(
    q_drawn: Float[ArrayLike, "*batch n"],
    log_density: Float[ArrayLike, "*batch n"],
    q: Float[ArrayLike, "*batch"],
    *,
    temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a critic for thinking better of the action of the data than of all others (CQL).

    Formula: `t * log(mean(exp(q_drawn / t - log_density))) - q` with the temperature `t`: an
    estimate of `t * log(integral(exp(q / t)))`. Added with a weight to the critic's own loss; for
    discrete actions, all of which are known, it is `jl.classification.softmax_cross_entropy`.

    Args:
        q_drawn: what the critic says of actions that were drawn.
        log_density: of the distributions that these were drawn from, held constant.
        q: what the critic says of the action of the data.
        temperature: in units of the reward, positive.
        where: drawn actions that count.

    Returns:
        One value for each state; 0 without drawn actions.

    Example:
        >>> cql([[1.0, 1.0]], [[0.0, 0.0]], [0.5])
        Array([0.5], dtype=float32)

    Reference: Kumar et al. 2020, arXiv:2006.04779, equation 4 and appendix F.
    """
    axes = {"q_drawn": "n", "log_density": "n", "q": ""}
    drawn, density, q = aligned(axes, q_drawn=q_drawn, log_density=log_density, q=q)
    kept = mask(where, drawn)
    (temperature,) = hyperparameters(q, temperature=temperature)
    soft, any_kept = soft_mean(drawn, lax.stop_gradient(density), temperature, kept)
    return jnp.where(any_kept, soft - q, 0)
