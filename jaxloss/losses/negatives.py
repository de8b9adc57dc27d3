"""Contrastive losses that look at negatives in another way than `contrastive.info_nce`.

Items are on the axis before the features; what stands before that is batch. Most losses compare
each item of a view with its partner in another, and with the other items of both; they give one
value for each, 0 for one without others. Call them with the views exchanged for the other half.
Scores are inner products of the rows as they are given: bring these to unit length with
`jaxloss.numerics.normalize` where cosines are wanted, for which the defaults are made.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import absent, along, hyperparameters, mask, of_rows, sets, vectors
from jaxloss.core.numerics import (
    expm1_ratio,
    log_add,
    logsumexp,
    normalize,
    safe_divide,
    safe_log,
    safe_power,
    shifted,
    softplus,
)
from jaxloss.core.pairs import (
    gathered,
    gram,
    inner_products,
    log_odds,
    others,
    squared_distances,
    taking_part,
)


def dcl(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a high score with the partner and low ones with others, decoupled (DCL).

    Formula: with `s = x @ y.T / temperature` and `r = x @ x.T / temperature`,
    `log(sum_{j != i}(exp(s[i, j]) + exp(r[i, j]))) - s[i, i]`: the partner is not among those it is
    measured against, so that an easy one does not silence hard negatives.

    Args:
        temperature: what scores are divided by.
        where: items that take part.

    Returns:
        One value for each item of `x`, of either sign.

    Example:
        >>> dcl([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0)
        Array([-0.3069, -0.3069], dtype=float32)

    Reference: Yeh et al. 2022, arXiv:2110.06848.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, strangers = jnp.sum(x * y, axis=-1), others(kept)
    (temperature,) = hyperparameters(own, temperature=temperature)
    return jnp.where(_lonely(kept), 0, _against_others(x, y, own, 1 / temperature, strangers))


def dclw(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.1,
    sigma: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """`dcl` that gives partners less weight the more alike they are already (DCLW).

    Formula: with `s = x @ y.T / temperature` and `r = x @ x.T / temperature`,
    `log(sum_{j != i}(exp(s[i, j]) + exp(r[i, j]))) - w[i] * s[i, i]` with
    `w[i] = 2 - v[i] / mean(v)` and `v[i] = exp(x[i] @ y[i] / sigma)`, held constant.

    Args:
        temperature: what scores are divided by.
        sigma: what the scores of partners are divided by for their weights.
        where: items that take part.

    Returns:
        One value for each item of `x`, of either sign.

    Example:
        >>> dclw([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]], temperature=1.0)
        Array([0.4547, 0.6931], dtype=float32)

    Reference: Yeh et al. 2022, arXiv:2110.06848.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, strangers = jnp.sum(x * y, axis=-1), others(kept)
    temperature, sigma = hyperparameters(own, temperature=temperature, sigma=sigma)
    odds = _against_others(x, y, own, 1 / temperature, strangers)
    likeness = jnp.exp(shifted(own / sigma, where=kept)[0])
    excess = lax.stop_gradient(safe_divide(likeness, _mean_of_kept(likeness, kept)) - 1)
    return jnp.where(_lonely(kept), 0, odds + excess * own / temperature)


def debiased(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.5,
    prior: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """InfoNCE that allows for others that are of the same class without our knowing.

    Formula: with `s` the scores of `x[i]`, divided by the temperature, with its partner (`s[i]`)
    and with the `m` other items of both views, `log(exp(s[i]) + m * g) - s[i]` with
    `g = max((mean(exp(s[n])) - prior * exp(s[i])) / (1 - prior), exp(-1 / temperature))`.

    Args:
        temperature: what scores are divided by.
        prior: probability that another item is of the same class, below 1.
        where: items that take part.

    Returns:
        One value for each item of `x`.

    Example:
        >>> debiased([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0)
        Array([0.4671, 0.4671], dtype=float32)

    Reference: Chuang et al. 2020, arXiv:2007.00224.
    """
    return hard_negative(x, y, temperature=temperature, prior=prior, concentration=0.0, where=where)


def hard_negative(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.5,
    prior: ArrayLike = 0.1,
    concentration: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """`debiased` that draws negatives by how hard they are (HCL).

    Formula: `debiased` with `sum(exp((1 + concentration) * s[n])) / sum(exp(concentration * s[n]))`
    for `mean(exp(s[n]))`.

    Args:
        temperature: what scores are divided by.
        prior: probability that another item is of the same class, below 1.
        concentration: on the hardest negatives, beta in the paper; 0 is `debiased`.
        where: items that take part.

    Returns:
        One value for each item of `x`.

    Example:
        >>> hard_negative([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0)
        Array([0.4671, 0.4671], dtype=float32)

    Reference: Robinson et al. 2021, arXiv:2010.04592.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, strangers = jnp.sum(x * y, axis=-1), others(kept)
    levels = hyperparameters(own, temperature=temperature, prior=prior, concentration=concentration)
    temperature, prior, beta = levels
    count = 2 * jnp.sum(strangers, axis=-1, dtype=own.dtype)
    log_count = jnp.log(jnp.maximum(count, 1))

    def level(sharpness: Array) -> Array:
        """Log of the sum over negatives of exp(sharpness * score)."""
        return log_add(
            *(
                logsumexp(along(sharpness) * scores, where=strangers)
                for scores in (gram(x), inner_products(x, y))
            )
        )

    flat = log_count if absent(concentration) else level(beta / temperature)
    alone = _lonely(kept)
    hardness = jnp.where(alone, 0, log_count + level((1 + beta) / temperature) - flat)
    score, floor = own / temperature, log_count - 1 / temperature
    # All masses in units of the largest of them.
    top = lax.stop_gradient(jnp.maximum(jnp.maximum(hardness, score), floor))
    mine, negatives, least = (jnp.exp(part - top) for part in (score, hardness, floor))
    estimate = (negatives - prior * count * mine) / (1 - prior)
    mass = jnp.where(estimate > least, estimate, least)
    return jnp.where(alone, 0, safe_log(mine + mass) - (score - top))


def rince(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.5,
    q: ArrayLike = 0.5,
    weight: ArrayLike = 0.01,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """InfoNCE that can be told to believe less in partners, which may be false (RINCE).

    Formula: with `s` the scores of `x[i]`, divided by the temperature, with its partner (`s[i]`)
    and with the items of `y`, `((weight * sum(exp(s)))**q - exp(q * s[i])) / q`, and its limit
    `log(weight * sum(exp(s))) - s[i]` as `q` goes to 0.

    Args:
        temperature: what scores are divided by.
        q: from 0, InfoNCE, to 1, where false partners do no harm.
        weight: of the negatives, lambda in the paper.
        where: items that take part.

    Returns:
        One value for each item of `x`, of either sign.

    Example:
        >>> rince([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0, q=1.0)
        Array([-2.6811, -2.6811], dtype=float32)

    Reference: Chuang et al. 2022, arXiv:2201.04309.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own = jnp.sum(x * y, axis=-1)
    levels = hyperparameters(own, temperature=temperature, q=q, weight=weight)
    temperature, q, weight = levels
    odds = log_odds(inner_products(x, y), own, 1 / temperature, others(kept))
    lead = jnp.log(weight) + softplus(odds)
    # (exp(q * (s + lead)) - exp(q * s)) / q, whose limit needs no case of its own.
    value = jnp.exp(q * own / temperature) * lead * expm1_ratio(q * lead)
    return jnp.where(kept, value, 0)


def macl(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.1,
    alpha: ArrayLike = 0.5,
    threshold: ArrayLike = 0.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """InfoNCE that is warmer the better partners agree, without the loss of slope this brings.

    Formula: with `t = temperature * (1 + alpha * (c - threshold))`, where `c` is the mean cosine of
    partners, and `p` the softmax over the scores of `x[i]`, divided by `t`, with its partner
    (`p[i]`) and with the other items of both views, `-log(p[i]) / (1 - p[i])`; `c` and the divisor
    are held constant.

    Args:
        temperature: of partners whose mean cosine is the threshold.
        alpha: how much warmer it is for those that agree better, from 0 to 1.
        threshold: of the mean cosine, A0 in the paper.
        where: items that take part.

    Returns:
        One value for each item of `x`, at least 1 if it has others.

    Example:
        >>> macl([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0, alpha=0.0)
        Array([1.3009, 1.3009], dtype=float32)

    Reference: Huang et al. 2023, arXiv:2207.07874.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, strangers = jnp.sum(x * y, axis=-1), others(kept)
    levels = hyperparameters(own, temperature=temperature, alpha=alpha, threshold=threshold)
    cosines = jnp.sum(normalize(x) * normalize(y), axis=-1)
    agreement = lax.stop_gradient(_mean_of_kept(cosines, kept))
    warmth = levels[0] * (1 + levels[1] * (agreement - levels[2]))
    sharpness = jnp.broadcast_to(1 / warmth, own.shape)
    alone = _lonely(kept)
    # With the divisor held, the slope in the odds is 1, and all else is in terms that stand still.
    odds, still = (
        jnp.where(alone, 0, _against_others(*given, sharpness, strangers))
        for given in ((x, y, own), lax.stop_gradient((x, y, own)))
    )
    sure = jnp.maximum(still, -60)  # below, the quotient is 1 to the last digit
    return jnp.where(alone, 0, (odds - still) + softplus(sure) * (1 + jnp.exp(-sure)))


def alignment(
    x: Float[ArrayLike, "*batch dim"],
    y: Float[ArrayLike, "*batch dim"],
    *,
    alpha: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward partners for being near to each other; one half of what a contrastive loss does.

    Formula: `norm(x - y)**alpha`.

    Args:
        alpha: exponent, positive; gradient 0 where the two are equal.

    Returns:
        One value for each pair.

    Example:
        >>> alignment([[3.0, 4.0]], [[0.0, 0.0]])
        Array([25.], dtype=float32)

    Reference: Wang and Isola 2020, arXiv:2005.10242.
    """
    x, y = vectors(x=x, y=y)
    squared = jnp.sum(jnp.square(x - y), axis=-1)
    (alpha,) = hyperparameters(squared, alpha=alpha)
    return safe_power(squared, alpha / 2)


def uniformity(
    embeddings: Float[ArrayLike, "*batch n dim"],
    *,
    scale: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward items for being spread evenly; the other half of what a contrastive loss does.

    Formula: `log(mean(exp(-scale * norm(x[i] - x[j])**2)))` over all pairs `i != j`; 0 for fewer
    than two items.

    Args:
        scale: of the squared distances, t in the paper.
        where: items that take part.

    Returns:
        One value for each set, at most 0.

    Example:
        >>> uniformity([[0.0], [1.0]])
        Array(-2., dtype=float32)

    Reference: Wang and Isola 2020, arXiv:2005.10242.
    """
    (embeddings,) = sets(embeddings=embeddings)
    kept = mask(where, jnp.zeros(embeddings.shape[:-1], bool))
    embeddings = jnp.where(kept[..., None], embeddings, 0)
    pairs = others(kept) & kept[..., None]
    apart = squared_distances(embeddings, embeddings)
    (scale,) = hyperparameters(of_rows(of_rows(apart)), scale=scale)
    rows = logsumexp(-along(scale, 2) * apart, where=pairs)
    count = jnp.sum(pairs, axis=(-2, -1), dtype=apart.dtype)
    some = count > 0
    value = logsumexp(rows) - jnp.log(jnp.where(some, count, 1))
    return jnp.where(some, jnp.where(some, value, 0), 0)


def spectral(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a high inner product with the partner, and those with others for being 0.

    Formula: `-2 * x[i] @ y[i] + mean_{j != i}((x[i] @ y[j])**2)`: an eigenvalue problem of the
    graph of partners.

    Args:
        where: items that take part.

    Returns:
        One value for each item of `x`, of either sign.

    Example:
        >>> spectral([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.5, 1.0]])
        Array([-1.75, -2.  ], dtype=float32)

    Reference: HaoChen et al. 2021, arXiv:2106.04156.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, strangers = jnp.sum(x * y, axis=-1), others(kept)
    squared = jnp.sum(jnp.square(inner_products(x, y)), axis=-1, where=strangers)
    mean = safe_divide(squared, jnp.sum(strangers, axis=-1, dtype=own.dtype))
    return jnp.where(kept, mean - 2 * own, 0)


def _mean_of_kept(values: Array, kept: Array) -> Float[Array, "*batch 1"]:
    """Mean of a set over the items that take part; 0 of none."""
    count = jnp.sum(kept, axis=-1, keepdims=True, dtype=values.dtype)
    return safe_divide(jnp.sum(values, axis=-1, keepdims=True, where=kept), count)


def _lonely(kept: Array) -> Array:
    """Items that are left out, or without another."""
    return ~kept | (jnp.sum(gathered(kept, -1), axis=-1, keepdims=True) < 2)


def _against_others(x: Array, y: Array, own: Array, sharpness: Array, strangers: Array) -> Array:
    """Log of the summed odds of the other items of both views against the partner."""
    return log_add(
        *(log_odds(scores, own, sharpness, strangers) for scores in (inner_products(x, y), gram(x)))
    )
