"""Features of a student brought near to those of a teacher, example by example.

Channels are on the last axis, everything before is batch. (Losses of whole maps are those of
`jaxloss.map_distillation`.) A layer that brings the student to the teacher's size is the caller's,
and so is the choice of layers. The teacher carries no gradient, but where it is said to be learned.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import log_ndtr
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import (
    along,
    class_vector,
    hyperparameters,
    indices,
    of_rows,
    promote,
    same_shape,
    vectors,
)
from jaxloss.core.numerics import (
    normalize,
    safe_divide,
    softplus,
    streamed,
)
from jaxloss.core.pairs import items_at
from jaxloss.losses.agreement import cosine_distance


def hint(
    features: Float[ArrayLike, "*batch dim"], teacher_features: Float[ArrayLike, "*batch dim"]
) -> Float[Array, "*batch"]:
    """Reward features for being those of the teacher.

    Formula: `mean((features - teacher_features)**2)`.

    Args:
        features: of the student, brought to the teacher's size.
        teacher_features: of the teacher.

    Returns:
        One value for each row.

    Example:
        >>> hint([[1.0, 2.0]], [[0.0, 0.0]])
        Array([2.5], dtype=float32)

    Reference: Romero et al. 2015, arXiv:1412.6550.
    """
    student, teacher = vectors(features=features, teacher_features=teacher_features)
    square = streamed(lambda f, t: jnp.square(f - t))(student, lax.stop_gradient(teacher))
    return jnp.sum(square, axis=-1) / max(student.shape[-1], 1)


def cosine(
    features: Float[ArrayLike, "*batch dim"], teacher_features: Float[ArrayLike, "*batch dim"]
) -> Float[Array, "*batch"]:
    """Reward features that point where the teacher's do, as of hidden states (DistilBERT).

    Formula: `1 - sum(features * teacher_features) / (norm(features) * norm(teacher_features))`;
    1 with gradient 0 if one of them is the zero vector.

    Args:
        features: of the student, brought to the teacher's size.
        teacher_features: of the teacher.

    Returns:
        One value for each row.

    Example:
        >>> cosine([[1.0, 1.0]], [[2.0, 0.0]])
        Array([0.2929], dtype=float32)

    Reference: Sanh et al. 2019, arXiv:1910.01108.
    """
    student, teacher = vectors(features=features, teacher_features=teacher_features)
    return cosine_distance(student, lax.stop_gradient(teacher))


def overhaul(
    features: Float[ArrayLike, "*shape channels"],
    teacher_features: Float[ArrayLike, "*shape channels"],
    margins: Float[ArrayLike, " channels"],
) -> Float[Array, "*shape channels"]:
    """Reward the teacher's features in front of its ReLU where they are active, and silence else.

    Formula: with `t = max(teacher_features, margins)`, `(features - t)**2`, but 0 where
    `features <= t <= 0`.

    Args:
        features: of the student, in front of the activation.
        teacher_features: of the teacher, in front of the activation.
        margins: how far below 0 silence is asked for in each channel: `overhaul_margins`.

    Example:
        >>> overhaul([1.0, -2.0], [3.0, -1.0], [-0.5, -0.5])
        Array([4., 0.], dtype=float32)

    Reference: Heo et al. 2019, arXiv:1904.01866.
    """
    student, teacher = vectors(features=features, teacher_features=teacher_features)
    margins = class_vector("margins", margins, student)
    wanted = lax.stop_gradient(jnp.maximum(teacher, margins))

    def partial(s: Array, t: Array) -> Array:
        return jnp.where((s <= t) & (t <= 0), 0, jnp.square(s - t))

    return streamed(partial)(student, wanted)


def overhaul_margins(
    mean: Float[ArrayLike, " channels"], std: Float[ArrayLike, " channels"]
) -> Float[Array, " channels"]:
    """Margins of `overhaul`: what a channel is below 0 on average, if it is normally distributed.

    Args:
        mean: of each channel of the teacher, as the shift of its batch normalisation.
        std: its standard deviation, as the size of the scale there.

    Example:
        >>> overhaul_margins([0.0], [1.0])
        Array([-0.7979], dtype=float32)

    Reference: Heo et al. 2019, arXiv:1904.01866.
    """
    mean, std = same_shape(mean=mean, std=std)
    ratio = safe_divide(mean, std)
    log_density = -(jnp.square(ratio) + jnp.log(2 * jnp.pi).astype(ratio.dtype)) / 2
    below = mean - std * jnp.exp(log_density - log_ndtr(-ratio))
    return jnp.where(std > 0, below, jnp.minimum(mean, 0))


def variational_information(
    pred: Float[ArrayLike, "*shape channels"],
    target: Float[ArrayLike, "*shape channels"],
    scores: Float[ArrayLike, " channels"],
    *,
    eps: ArrayLike = 1e-5,
) -> Float[Array, "*shape channels"]:
    """Reward features from which those of the teacher can be told, each channel as well as it can.

    Formula: with `variance = log(1 + exp(scores)) + eps`,
    `log(variance) / 2 + (pred - target)**2 / (2 * variance)`.

    Args:
        pred: the teacher's features as the student tells them.
        target: features of the teacher.
        scores: learned, one for each channel: how uncertain it is.
        eps: the least variance.

    Example:
        >>> variational_information([1.0], [0.0], [0.0])
        Array([0.5381], dtype=float32)

    Reference: Ahn et al. 2019, arXiv:1904.05835.
    """
    pred, target = vectors(pred=pred, target=target)
    scores = class_vector("scores", scores, pred)
    (eps,) = hyperparameters(pred, eps=eps)

    def kernel(mu: Array, t: Array, score: Array, eps: Array) -> Array:
        variance = softplus(score) + eps
        return (jnp.log(variance) + jnp.square(t - mu) / variance) / 2

    return streamed(kernel)(pred, lax.stop_gradient(target), scores, eps)


def contrastive_representation(
    features: Float[ArrayLike, "*batch dim"],
    positive: Float[ArrayLike, "*batch dim"],
    negatives: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.07,
    examples: ArrayLike = 50000.0,
) -> Float[Array, "*batch"]:
    """Reward features that tell the teacher's view of the same example from those of others (CRD).

    Formula: with `h(x) = sigmoid(features @ x / temperature - log(n / examples))`,
    `-log(h(positive)) - sum(log(1 - h(negatives)))`. The teacher may be learned, as an embedding of
    its features: nothing is held constant. The paper adds the same with both in turned roles.

    Args:
        features: of the student, of unit length.
        positive: of the teacher, for the same example.
        negatives: of the teacher, for other examples, as rows of a memory bank.
        temperature: of the cosines.
        examples: size of the data set, of which negatives are drawn.

    Returns:
        One value for each example; 0 without negatives.

    Example:
        >>> a = [[1.0, 0.0]]
        >>> contrastive_representation(a, a, [[[0.0, 1.0]]], temperature=1.0, examples=1.0)
        Array([1.0064], dtype=float32)

    Reference: Tian et al. 2020, arXiv:1910.10699.
    """
    features, positive = vectors(features=features, positive=positive)
    features, negatives = promote(features=features, negatives=negatives)
    positive = positive.astype(features.dtype)
    shape = features.shape
    if negatives.ndim < 2 or (*negatives.shape[:-2], negatives.shape[-1]) != shape:
        raise ValueError(
            f"expected `negatives` (*batch, n, dim) for `features` {shape}, got {negatives.shape}"
        )
    hyper = {"temperature": temperature, "examples": examples}
    temperature, examples = hyperparameters(of_rows(features), **hyper)
    count = negatives.shape[-2]
    noise = jnp.log(max(count, 1) / examples)
    own = jnp.sum(features * positive, axis=-1) / temperature - noise
    others = jnp.sum(features[..., None, :] * negatives, axis=-1)
    others = others / along(temperature) - along(noise)
    value = softplus(-own) + jnp.sum(softplus(others), axis=-1)
    return value if count else 0 * value


def updated_bank(
    bank: Float[ArrayLike, "examples dim"],
    index: Int[ArrayLike, " n"],
    features: Float[ArrayLike, "n dim"],
    *,
    momentum: ArrayLike = 0.5,
) -> Float[Array, "examples dim"]:
    """Move rows of a memory bank towards new features, and bring them back to unit length.

    Args:
        bank: features of all examples; the state that a training step takes and gives.
        index: which examples were seen, each once.
        features: of these.
        momentum: share of what was there.

    Example:
        >>> updated_bank(jnp.eye(2), jnp.array([1]), jnp.array([[1.0, 0.0]]))
        Array([[1.    , 0.    ],
               [0.7071, 0.7071]], dtype=float32)

    Reference: Wu et al. 2018, arXiv:1805.01978; Tian et al. 2020, arXiv:1910.10699.
    """
    bank, features = promote(bank=bank, features=features)
    if bank.ndim != 2 or features.ndim != 2 or bank.shape[-1] != features.shape[-1]:
        raise ValueError(
            f"expected `bank` (examples, dim) and `features` (n, dim), got {bank.shape} and "
            f"{features.shape}"
        )
    index = indices("index", index, features.shape[:1], bank.shape[0])
    (share,) = hyperparameters(bank, momentum=momentum)
    held = lax.stop_gradient(features)
    moved = normalize(share * items_at(bank, index) + (1 - share) * held)
    return bank.at[index].set(moved, mode="drop")
