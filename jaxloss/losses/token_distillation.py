"""Language models taught by others: other vocabularies, the top of one, and sampled tokens.

The teacher carries no gradient. Classes are on the last axis of scores; time is the last axis of
tokens, everything before is batch, and nothing is divided yet (see `jaxloss.language`). Divergences
over a whole vocabulary are those of `jaxloss.distillation`, one value for each token.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import (
    elementwise,
    hyperparameters,
    indices,
    mask,
    of_rows,
    vectors,
)
from jaxloss.core.numerics import (
    absolute,
    known,
    log1mexp,
    logsumexp,
    one_hot,
    pick,
    safe_divide,
)
from jaxloss.core.teacher import taught, tempered
from jaxloss.losses import divergence


def universal_logit(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch others"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for being as sure as a teacher that has another vocabulary (ULD).

    Formula: with `q` and `p` the softmax of the scores over the temperature, sorted from the
    largest on and filled up with zeros to the same length, `sum(abs(q - p))`: the Wasserstein
    distance between classes that are all equally far apart.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher, of as many classes as it has.
        temperature: above 1 it brings out unlikely classes.

    Returns:
        One value for each row. Tied classes are told apart by their order.

    Example:
        >>> universal_logit([[0.0, 1.0]], [[1.0, 0.0, -9.0]])
        Array([0.0001], dtype=float32)

    Reference: Boizard et al. 2024, arXiv:2402.12030.
    """
    given = {"logits": logits, "teacher_logits": teacher_logits}
    logits, teacher_logits = taught(1, "classes", **given)
    (temperature,) = hyperparameters(of_rows(logits), temperature=temperature)
    longest = max(logits.shape[-1], teacher_logits.shape[-1])
    q, p = (
        _lengthened(jnp.sort(jnp.exp(tempered(x, temperature)), axis=-1, descending=True), longest)
        for x in (logits, teacher_logits)
    )
    return jnp.sum(absolute(q - p), axis=-1)


def top_k(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_log_p: Float[ArrayLike, "*batch k"],
    index: Int[ArrayLike, "*batch k"],
    *,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward a student for covering the likeliest classes of a teacher, and all others as one.

    Formula: with `q = softmax(logits / temperature)` and `p = exp(teacher_log_p)`, both lengthened
    by what is left to 1, `temperature**2 * sum(p * log(p / q))` over these `k + 1` classes.

    Args:
        logits: scores of the student.
        teacher_log_p: log-probabilities of the teacher, at the same temperature, for some classes:
            what a server hands out.
        index: which classes these are, all different; one out of range makes the value NaN.
        temperature: of both.

    Returns:
        One value for each row.

    Example:
        >>> top_k([[0.0, 0.0, 0.0, 0.0]], jnp.log(jnp.array([[0.5]])), jnp.array([[3]]))
        Array([0.1438], dtype=float32)

    Reference: Hinton et al. 2015, arXiv:1503.02531; the bucket, TRL, `DistillationTrainer`.
    """
    given = {"logits": logits, "teacher_log_p": teacher_log_p}
    logits, log_p = taught(1, "classes", **given)
    classes = logits.shape[-1]
    reason = f", one for each of `teacher_log_p` {log_p.shape}"
    index = indices("index", index, log_p.shape, classes, reason)
    (temperature,) = hyperparameters(of_rows(logits), temperature=temperature)
    log_q = tempered(logits, temperature)
    places = jnp.clip(index, 0, max(classes - 1, 0))
    named = jnp.any(one_hot(places, classes), axis=-2)
    chosen = jnp.take_along_axis(log_q, places, axis=-1, mode="clip")
    rest = logsumexp(log_q, where=~named)
    # What is left for no class at all is rounding of the teacher's.
    left = jnp.where(jnp.all(named, axis=-1), -jnp.inf, log1mexp(jnp.minimum(logsumexp(log_p), 0)))
    pairs = ((chosen, rest), (log_p, left))
    both = (jnp.concatenate([x, last[..., None]], axis=-1) for x, last in pairs)
    value = jnp.square(temperature) * divergence.kl(*both)
    valid = jnp.all((index >= 0) & (index < classes), axis=-1)
    return jnp.where(valid, value, jnp.nan)


def minillm(
    logits: Float[ArrayLike, "*batch time classes"],
    teacher_logits: Float[ArrayLike, "*batch time classes"],
    tokens: Int[ArrayLike, "*batch time"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward a student for going where its teacher finds likely what it then says itself.

    Formula: with `q` and `p` the softmax of both, `r[t] = log(p[t, tokens[t]] / q[t, tokens[t]])`
    and `later[t]` the mean of `r` over the tokens behind `t`, held constant,
    `sum(q[t] * log(q[t] / p[t])) - later[t] * log(q[t, tokens[t]])`: the gradient of the reverse
    divergence of whole sequences, split into one step and what follows, by length.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        tokens: what the student sampled; one out of range makes the values NaN that look at it.
        where: tokens that exist.

    Returns:
        One value for each token.

    Example:
        >>> student, teacher = jnp.zeros((2, 2)), jnp.array([[1.0, 0.0], [1.0, 0.0]])
        >>> minillm(student, teacher, jnp.array([0, 0]))
        Array([0.3834, 0.1201], dtype=float32)

    Reference: Gu et al. 2024, arXiv:2306.08543.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    like = jnp.asarray(tokens)
    kept = mask(where, like)
    given = tokens if where is None else jnp.where(kept, like, jnp.zeros_like(like))
    reason = f", one for each step of `logits` {logits.shape}"
    classes = logits.shape[-1]
    tokens = indices("tokens", given, logits.shape[:-1], classes, reason)
    one = jnp.ones((), logits.dtype)
    log_q, log_p = (
        tempered(jnp.where(kept[..., None], x, 0), one)
        for x in (logits, lax.stop_gradient(teacher_logits))
    )
    some = jnp.any(log_q > -jnp.inf, axis=-1) & jnp.any(log_p > -jnp.inf, axis=-1)
    said, found = (jnp.where(some, pick(x, tokens), 0) for x in (log_q, log_p))
    gain = jnp.where(kept, known(found - lax.stop_gradient(said), tokens, classes), 0)
    later = _behind(gain)
    count = _behind(kept.astype(logits.dtype))
    value = divergence.reverse_kl(log_q, log_p) - safe_divide(later, count) * said
    return jnp.where(kept, known(value, tokens, classes), 0)


def on_policy(
    log_p: Float[ArrayLike, "*batch time"],
    teacher_log_p: Float[ArrayLike, "*batch time"],
    sampled_log_p: Float[ArrayLike, "*batch time"],
    *,
    gamma: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch time"]:
    """Reward sampled tokens that a teacher finds likelier, most of all before both part ways.

    Formula: with `a = teacher_log_p - sampled_log_p` and
    `w[t] = 1 + gamma * (1 - sum(abs(a[:t])) / sum(abs(a)))`, both held constant, `-w * a * log_p`.

    Args:
        log_p: log-probability of each sampled token, by the student.
        teacher_log_p: the same by the teacher.
        sampled_log_p: the same by the student when it sampled.
        gamma: how much more the first tokens count; 0 for the policy gradient of the reverse
            divergence.
        where: tokens that exist.

    Returns:
        One value for each token.

    Example:
        >>> on_policy([-1.0, -1.0], [-0.5, -2.0], [-1.0, -1.0])
        Array([ 0.75  , -1.3333], dtype=float32)

    Reference: Agarwal et al. 2024, arXiv:2306.13649; the weights, TRL, `IWOPDTrainer`.
    """
    given = {"log_p": log_p, "teacher_log_p": teacher_log_p, "sampled_log_p": sampled_log_p}
    log_p, teacher, sampled, gamma = elementwise(**given, hyper={"gamma": gamma})
    kept = mask(where, log_p)
    gain = jnp.where(kept, lax.stop_gradient(teacher - sampled), 0)
    size = jnp.abs(gain)
    before = jnp.cumsum(size, axis=-1) - size
    share = safe_divide(before, jnp.sum(size, axis=-1, keepdims=True))
    value = -(1 + gamma * (1 - share)) * gain * jnp.where(kept, log_p, 0)
    return jnp.where(kept, value, 0)


def _lengthened(x: Array, size: int) -> Array:
    """Filled up with zeros along the last axis."""
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, size - x.shape[-1])])


def _behind(x: Float[Array, "*batch time"]) -> Float[Array, "*batch time"]:
    """For each entry, the sum of those behind it."""
    padded = jnp.pad(x[..., 1:], [(0, 0)] * (x.ndim - 1) + [(0, min(x.shape[-1], 1))])
    return jnp.cumsum(padded[..., ::-1], axis=-1)[..., ::-1]
