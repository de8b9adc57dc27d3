"""Tokens of language models: one value for each, and nothing divided yet.

Classes are on the last axis, time before them, and everything before is batch. Labels are what each
position should predict: shift them before. `where` tells the tokens that exist; the others have
value 0 and may hold anything, also NaN and labels of -100. A label outside `[0, classes)` gives
NaN with gradient 0.

What the sum is divided by is said by who reduces, with the same mask:

* by tokens: `jaxloss.mean(values, where=where)`;
* by sequences: `jaxloss.mean(values.sum(-1))`, or each by its own length first,
  `jaxloss.mean(jaxloss.mean(values, where=where, axis=-1))`;
* by all tokens of a step, over microbatches and devices: `jaxloss.average(values, where=where)` of
  each part, whose sum is divided once (`axis_name=` sums over devices);
* by a count from elsewhere: `jaxloss.total(values, where=where) / count`.

Where only some tokens are labelled, `where` is that choice: the masked tokens of a masked language
model, the answers of a conversation, the ends of steps of a process reward model (whose classes are
right and wrong).
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    elementwise,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    promote,
    same_shape,
    vectors,
)
from jaxloss.core.numerics import (
    known,
    log1mexp,
    log_total,
    logsumexp,
    normalize,
    one_hot,
    pick,
    product,
    relu,
    safe_divide,
    shifted,
    softplus,
    streamed,
)
from jaxloss.core.pairs import inner_products, others


def token_cross_entropy(
    logits: Float[ArrayLike, "*batch time classes"],
    labels: Int[ArrayLike, "*batch time"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward the right probability for each token that is labelled.

    Formula: `-log_softmax(logits)[labels]` where `where`, else 0.

    Args:
        logits: scores of the vocabulary at each position.
        labels: the token that each position should predict.
        where: positions that are labelled.

    Returns:
        One value for each position.

    Example:
        >>> logits, labels = jnp.zeros((3, 4)), jnp.array([2, 0, -100])
        >>> values = token_cross_entropy(logits, labels, where=labels >= 0)
        >>> values
        Array([1.3863, 1.3863, 0.    ], dtype=float32)

    Reference: Bengio et al. 2003, https://www.jmlr.org/papers/v3/bengio03a.html; at the ends of
        steps, Uesato et al. 2022, arXiv:2211.14275; Lightman et al. 2023, arXiv:2305.20050.
    """
    logits, labels, kept = _tokens(logits, labels, where)
    value = known(-_log_probability(logits, labels), labels, logits.shape[-1])
    return jnp.where(kept, value, 0)


def dynamic_fine_tuning(
    logits: Float[ArrayLike, "*batch time classes"],
    labels: Int[ArrayLike, "*batch time"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward the right probability, and not more the less likely it is: what is rare is not forced.

    Formula: with `log_p = log_softmax(logits)[labels]`, `-stop_gradient(exp(log_p)) * log_p` where
    `where`, else 0. Its gradient is that of `-exp(log_p)`.

    Args:
        logits: scores of the vocabulary at each position.
        labels: the token that each position should predict.
        where: positions that are labelled.

    Returns:
        One value for each position; an impossible token costs 0, the limit.

    Example:
        >>> dynamic_fine_tuning(jnp.zeros((1, 4)), jnp.array([2]))
        Array([0.3466], dtype=float32)

    Reference: Wu et al. 2025, arXiv:2508.05629.
    """
    logits, labels, kept = _tokens(logits, labels, where)
    log_p = _log_probability(logits, labels)
    value = known(-product(jnp.exp(lax.stop_gradient(log_p)), log_p), labels, logits.shape[-1])
    return jnp.where(kept, value, 0)


def z_loss(logits: Float[ArrayLike, "*batch classes"]) -> Float[Array, "*batch"]:
    """Reward scores whose normaliser is near 1, of a vocabulary or of a router's experts.

    Formula: `logsumexp(logits)**2`. Language models weigh it by 1e-4, routers by 1e-3: it is a term
    of an objective.

    Args:
        logits: scores of the classes.

    Returns:
        One value for each row.

    Example:
        >>> z_loss(jnp.zeros((1, 4)))
        Array([1.9218], dtype=float32)

    Reference: de Brébisson and Vincent 2016, arXiv:1604.08859; Chowdhery et al. 2022,
        arXiv:2204.02311; of routers, Zoph et al. 2022, arXiv:2202.08906.
    """
    (logits,) = vectors(logits=logits)
    log_z = logsumexp(logits)
    return jnp.where(log_z > -jnp.inf, jnp.square(log_z), 0)


def softcap(logits: Float[ArrayLike, "*shape"], cap: ArrayLike) -> Float[Array, "*shape"]:
    """Bring scores smoothly between `-cap` and `cap`: `cap * tanh(logits / cap)`.

    A helper for scores before a loss. A class masked by `-inf` comes back at `-cap`: mask
    afterwards.

    Args:
        logits: scores.
        cap: their bound, positive.

    Example:
        >>> softcap([1.0, 1000.0], 30.0)
        Array([ 0.9996, 30.    ], dtype=float32)

    Reference: Gemma Team 2024, arXiv:2408.00118.
    """
    logits, cap = elementwise(logits=logits, hyper={"cap": cap})
    return streamed(lambda z, cap: cap * jnp.tanh(z / cap))(logits, cap)


def unlikelihood(
    logits: Float[ArrayLike, "*batch classes"], unwanted: Real[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward classes that are not wanted for being unlikely.

    Formula: with `p = softmax(logits)`, `-sum(unwanted * log(1 - p))`. Which classes are unwanted
    is for the caller to say; `earlier_tokens` is the choice against repetition.

    Args:
        logits: scores of the classes.
        unwanted: True or 1 for a class that is not wanted, or a weight of it.

    Returns:
        One value for each row; infinity where nothing but an unwanted class is possible.

    Example:
        >>> unlikelihood([[0.0, 0.0]], [[True, False]])
        Array([0.6931], dtype=float32)

    Reference: Welleck et al. 2020, arXiv:1908.04319.
    """
    logits, unwanted = vectors(logits=logits, unwanted=unwanted)
    moved, _ = shifted(logits)
    log_z = log_total(moved)
    some = log_z > -jnp.inf
    log_z = jnp.where(some, log_z, 0)
    # Of all but the likeliest class, 1 - p is at least one half. What that one leaves is summed.
    likeliest = one_hot(jnp.argmax(moved, axis=-1), moved.shape[-1])
    rest = logsumexp(moved, where=~likeliest)
    log_p = moved - log_z[..., None]
    possible = (log_p > -jnp.inf) & ~likeliest
    log_rest = jnp.where(possible, log1mexp(jnp.where(possible, log_p, -1)), 0)
    log_rest = jnp.where(likeliest, (rest - log_z)[..., None], log_rest)
    return jnp.where(some, -jnp.sum(product(unwanted, log_rest), axis=-1), 0)


def earlier_tokens(
    labels: Int[ArrayLike, "*batch time"],
    *,
    classes: int,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Bool[Array, "*batch time classes"]:
    """Tell at each position which other tokens stand before it: what `unlikelihood` should avoid.

    Args:
        labels: tokens.
        classes: size of the vocabulary.
        where: tokens that exist.

    Returns:
        True for classes that occur earlier in the sequence and are not the label.

    Example:
        >>> earlier_tokens([0, 1, 0], classes=2)
        Array([[False, False],
               [ True, False],
               [False,  True]], dtype=bool)

    Reference: Welleck et al. 2020, arXiv:1908.04319.
    """
    like = jnp.asarray(labels)
    kept = mask(where, like)
    own = one_hot(indices("labels", labels, like.shape, None), classes) & kept[..., None]
    met = lax.cumlogsumexp(jnp.where(own, 0.0, -jnp.inf), axis=own.ndim - 2) > -jnp.inf
    before = jnp.pad(met[..., :-1, :], [(0, 0)] * (own.ndim - 2) + [(1, 0), (0, 0)])
    return before[..., : like.shape[-1], :] & ~own & kept[..., None]


def multi_token_prediction(
    logits: Float[ArrayLike, "*batch time heads classes"],
    labels: Int[ArrayLike, "*batch time"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward several heads for the tokens that follow, each for one further on.

    Formula: at position `t`, the sum over the heads `k` of
    `-log_softmax(logits[t, k])[labels[t + k]]`, without those whose label is not there.

    Args:
        logits: scores of the vocabulary, of each head at each position.
        labels: the token that the first head should predict at each position; head `k` has the
            label `k` positions on.
        where: positions that exist.

    Returns:
        One value for each position.

    Example:
        >>> multi_token_prediction(jnp.zeros((3, 2, 4)), jnp.array([2, 0, 1]))
        Array([2.7726, 2.7726, 1.3863], dtype=float32)

    Reference: Gloeckle et al. 2024, arXiv:2404.19737.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 3:
        raise ValueError(
            f"expected `logits` (*batch, time, heads, classes), got shape {logits.shape}"
        )
    like = jnp.asarray(labels)
    kept = mask(where, like)
    given = labels if where is None else jnp.where(kept, like, jnp.zeros_like(like))
    reason = f", one for each position of `logits` {logits.shape}"
    named = indices("labels", given, logits.shape[:-2], logits.shape[-1], reason)
    heads = logits.shape[-2]

    def ahead(row: Array) -> Array:
        """For each head, the row that many places on, and 0 behind its end."""
        parts = [row[..., k:] for k in range(heads)]
        edge = [(0, 0)] * (row.ndim - 1)
        padded = [jnp.pad(x, [*edge, (0, row.shape[-1] - x.shape[-1])]) for x in parts]
        return jnp.stack(padded, axis=-1) if padded else jnp.zeros((*row.shape, 0), row.dtype)

    exists = ahead(kept) & kept[..., None]
    return jnp.sum(token_cross_entropy(logits, ahead(named), where=exists), axis=-1)


def replaced_token_detection(
    logits: Float[ArrayLike, "*shape"],
    corrupted: Int[ArrayLike, "*shape"],
    original: Int[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward telling the tokens that a generator replaced from those that it left as they were.

    Formula: `log(1 + exp(-logits))` where `corrupted != original`, else `log(1 + exp(logits))`. A
    replacement that happens to be the original token counts as left as it was.

    Args:
        logits: log-odds that a token was replaced.
        corrupted: tokens that the discriminator read.
        original: tokens that stood there.

    Example:
        >>> replaced_token_detection([2.0, 2.0], jnp.array([7, 5]), jnp.array([4, 5]))
        Array([0.1269, 2.1269], dtype=float32)

    Reference: Clark et al. 2020, arXiv:2003.10555.
    """
    (logits,) = promote(logits=logits)
    reason = f", one for each of `logits` {logits.shape}"
    corrupted, original = (
        indices(name, given, logits.shape, None, reason)
        for name, given in (("corrupted", corrupted), ("original", original))
    )
    sign = jnp.where(corrupted != original, -1, 1).astype(logits.dtype)
    return streamed(lambda z, sign: softplus(sign * z))(logits, sign)


def simctg(
    hidden: Float[ArrayLike, "*batch time dim"],
    *,
    margin: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward representations of the tokens of a sequence that differ from each other.

    Formula: with `s` the cosines, the mean over `j != i` of `max(0, margin - s[i, i] + s[i, j])`.

    Args:
        hidden: representations of the tokens.
        margin: difference of cosines that is asked for, in [0, 2].
        where: tokens that exist, as anchors and as others.

    Returns:
        One value for each token.

    Example:
        >>> simctg([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        Array([0.25, 0.25, 0.  ], dtype=float32)

    Reference: Su et al. 2022, arXiv:2202.06417.
    """
    (hidden,) = promote(hidden=hidden)
    if hidden.ndim < 2:
        raise ValueError(f"expected `hidden` (*batch, time, dim), got shape {hidden.shape}")
    rows = of_rows(hidden)
    kept = mask(where, jnp.zeros(rows.shape, bool))
    (margin,) = hyperparameters(rows, margin=margin)
    unit = normalize(jnp.where(kept[..., None], hidden, 0))
    own = jnp.any(unit != 0, axis=-1).astype(hidden.dtype)
    strangers = others(kept)
    lack = relu(along(margin) - own[..., None] + inner_products(unit, unit))
    count = jnp.sum(strangers, axis=-1, dtype=hidden.dtype)
    value = safe_divide(jnp.sum(lack, axis=-1, where=strangers), count)
    return jnp.where(kept, value, 0)


def self_critical(
    log_p: Float[ArrayLike, "*shape"],
    reward: Real[ArrayLike, "*shape"],
    baseline: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward sampled sequences that score better than what the model would choose, and vice versa.

    Formula: `-stop_gradient(reward - baseline) * log_p`.

    Args:
        log_p: log-probability of a sampled sequence, or of each of its tokens.
        reward: score of the sampled sequence.
        baseline: score of the sequence that the model finds likeliest (decoded greedily).

    Example:
        >>> self_critical([-2.0], [0.75], [0.5])
        Array([0.5], dtype=float32)

    Reference: Rennie et al. 2017, arXiv:1612.00563.
    """
    log_p, reward, baseline = same_shape(log_p=log_p, reward=reward, baseline=baseline)
    return -lax.stop_gradient(reward - baseline) * log_p


def minimum_risk(
    log_p: Float[ArrayLike, "*batch n"],
    cost: Real[ArrayLike, "*batch n"],
    *,
    sharpness: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward candidates of little cost for being likelier than the others.

    Formula: `sum(softmax(sharpness * log_p) * cost)`, over the candidates alone. With the number of
    wrong words as cost and a sharpness of 1 it is MWER; the mean cost that is taken off there
    changes no gradient.

    Args:
        log_p: log-probabilities of the candidates, as of an n-best list or a sample.
        cost: what each of them costs, such as word errors or 1 minus a score.
        sharpness: of the distribution over the candidates; Shen et al. take 0.005.
        where: candidates that are there.

    Returns:
        One value for each list; 0 without a candidate.

    Example:
        >>> minimum_risk([[-1.0, -1.0, -9.0]], [[0.0, 2.0, 1.0]])
        Array([1.], dtype=float32)

    Reference: Shen et al. 2016, arXiv:1512.02433; MWER, Prabhavalkar et al. 2018, arXiv:1712.01818.
    """
    log_p, cost = vectors(log_p=log_p, cost=cost)
    kept = mask(where, log_p)
    cost = jnp.where(kept, cost, 0)
    (sharpness,) = hyperparameters(of_rows(log_p), sharpness=sharpness)
    # Moved before it is sharpened, so that long sequences lose nothing to rounding.
    moved, _ = shifted(jnp.where(kept, log_p, -jnp.inf))
    possible = moved > -jnp.inf
    scaled = along(sharpness) * jnp.where(possible, moved, 0)
    scaled, _ = shifted(scaled, where=possible)
    mass = jnp.exp(scaled)
    return safe_divide(jnp.sum(mass * cost, axis=-1), jnp.sum(mass, axis=-1))


def _tokens(
    logits: ArrayLike, labels: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Check scores and labels, of which those left out may be anything; which are kept."""
    like = jnp.asarray(labels)
    kept = mask(where, like)
    given = labels if where is None else jnp.where(kept, like, jnp.zeros_like(like))
    logits, labels = check_labels(logits, given)
    if where is not None:
        # The same value, with derivative 0 where it is left out; no array of logits is made.
        logits = jnp.where(kept[..., None], logits, lax.stop_gradient(logits))
    return logits, labels, kept


def _log_probability(logits: Array, labels: Array) -> Array:
    """Log-probability of each label; 0 where no class takes part."""
    moved, _ = shifted(logits)
    log_z = log_total(moved)
    some = log_z > -jnp.inf
    return jnp.where(some, pick(moved, labels) - jnp.where(some, log_z, 0), 0)
