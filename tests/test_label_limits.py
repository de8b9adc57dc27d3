"""Hyperparameters of losses of labels at their limits give the losses that they should."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import jaxloss as jl

LOGITS = jnp.array(
    [
        [0.5, -1.0, 2.0, 0.25],
        [3.0, 0.0, -2.5, 1.0],
        [0.0, 0.0, 0.0, 0.0],
        [-0.5, 0.75, 0.625, -jnp.inf],
        [-4.0, 1.5, 1.5, 8.0],
    ]
)
LABELS = jnp.array([2, 1, 3, 0, 3])
HOT = jnp.eye(4)[LABELS]
SCORES, BITS = LOGITS[:3].ravel(), jnp.arange(12) % 3 == 0
AVERAGE = jnp.full_like(LOGITS, 1 / 8)

Loss = Callable[..., Array]


def of_labels(loss: Loss, name: str, **options: float) -> Loss:
    return lambda logits, value: loss(logits, LABELS, **{name: value}, **options)


def cross_entropy(logits: Array) -> Array:
    return jl.classification.softmax_cross_entropy(logits, LABELS)


def half_absolute_error(logits: Array) -> Array:
    return jl.noisy.mean_absolute_error(logits, LABELS) / 2


def normalized(logits: Array) -> Array:
    return jl.noise_tolerant.normalized_cross_entropy(logits, LABELS)


def one_view(logits: Array, weight: Array) -> Array:
    views = jnp.stack([logits, logits], axis=-2)
    return jl.self_correction.generalized_jensen_shannon(views, LABELS, weight=weight)


def both_tempered(logits: Array, t: Array) -> Array:
    return jl.noisy.bi_tempered(logits, LABELS, t1=t, t2=t)


def asymmetric_log(logits: Array) -> Array:
    return jnp.log(2 / (1 + jnp.exp(-cross_entropy(logits))))


def unhinged_log(logits: Array) -> Array:
    return jnp.log((1.5 - jnp.exp(-cross_entropy(logits))) / 0.5)


noisy, tolerant, correction = jl.noisy, jl.noise_tolerant, jl.self_correction
NEAR = [
    ("generalised, q = 0", of_labels(noisy.generalized_cross_entropy, "q"), 0, cross_entropy),
    ("generalised, q = 1", of_labels(noisy.generalized_cross_entropy, "q"), 1, half_absolute_error),
    ("tempered, t = 1", both_tempered, 1, cross_entropy),
    (
        "tempered, t1 = 1",
        of_labels(noisy.bi_tempered, "t1", t2=1.0),
        1,
        cross_entropy,
    ),
    ("tempered, t2 = 1", of_labels(noisy.bi_tempered, "t2", t1=1.0), 1, cross_entropy),
    (
        "symmetric, beta = 0",
        of_labels(noisy.symmetric_cross_entropy, "beta", alpha=1.0),
        0,
        cross_entropy,
    ),
    (
        "symmetric, alpha = 0",
        of_labels(noisy.symmetric_cross_entropy, "alpha", log_zero=-1.0),
        0,
        half_absolute_error,
    ),
    (
        "reverse, log_zero = -1",
        of_labels(noisy.reverse_cross_entropy, "log_zero"),
        -1,
        half_absolute_error,
    ),
    ("normalised focal, gamma = 0", of_labels(tolerant.normalized_focal, "gamma"), 0, normalized),
    ("active passive, beta = 0", of_labels(tolerant.active_passive, "beta"), 0, normalized),
    (
        "active passive, alpha = 0",
        of_labels(tolerant.active_passive, "alpha", beta=0.5),
        0,
        half_absolute_error,
    ),
    (
        "asymmetric, q = 1",
        of_labels(tolerant.asymmetric_generalized_cross_entropy, "q"),
        1,
        half_absolute_error,
    ),
    (
        "asymmetric, q = 0",
        of_labels(tolerant.asymmetric_generalized_cross_entropy, "q"),
        0,
        asymmetric_log,
    ),
    ("unhinged, q = 1", of_labels(tolerant.asymmetric_unhinged, "q"), 1, half_absolute_error),
    ("unhinged, q = 0", of_labels(tolerant.asymmetric_unhinged, "q"), 0, unhinged_log),
    ("soft bootstrap, beta = 1", of_labels(correction.soft_bootstrap, "beta"), 1, cross_entropy),
    ("hard bootstrap, beta = 1", of_labels(correction.hard_bootstrap, "beta"), 1, cross_entropy),
    (
        "early learning, weight = 0",
        lambda logits, weight: correction.early_learning_regularization(
            logits, LABELS, AVERAGE, weight=weight
        ),
        0,
        cross_entropy,
    ),
    (
        "backward correction, rate = 0",
        lambda logits, rate: jl.weak.backward_correction(
            logits, LABELS, jl.weak.symmetric_transition(4, rate=rate)
        ),
        0,
        cross_entropy,
    ),
    (
        "peer, alpha = 0",
        lambda logits, alpha: jl.weak.peer(logits, LABELS, LOGITS, LABELS[::-1], alpha=alpha),
        0,
        cross_entropy,
    ),
    (
        "mean and variance, weight = 0",
        of_labels(jl.ordered_classes.mean_variance, "mean_weight", variance_weight=0.0),
        0,
        cross_entropy,
    ),
    ("entmax, alpha = 1", of_labels(jl.sparse.entmax, "alpha"), 1, cross_entropy),
    (
        "entmax, alpha = 2",
        of_labels(jl.sparse.entmax, "alpha"),
        2,
        lambda logits: jl.sparse.sparsemax(logits, LABELS),
    ),
]
"""Loss of logits and one hyperparameter, a value of it, the loss that it has there.

Whatever is taken at the value itself has to be met from above, in value and in slope.
"""

AT = [
    (
        "forward correction, rate = 0",
        lambda logits, rate: jl.weak.forward_correction(
            logits, LABELS, jl.weak.symmetric_transition(4, rate=rate)
        ),
        0,
        cross_entropy,
    ),
    (
        "jensen-shannon, weight = 0",
        of_labels(correction.jensen_shannon, "weight"),
        0,
        cross_entropy,
    ),
    (
        "jensen-shannon, weight = 1",
        of_labels(correction.jensen_shannon, "weight"),
        1,
        half_absolute_error,
    ),
    ("views that agree", one_view, 0.5, lambda z: correction.jensen_shannon(z, LABELS)),
    ("views that agree, weight = 1", one_view, 1, half_absolute_error),
    (
        "huberised, tau = infinity",
        of_labels(noisy.partially_huberized_cross_entropy, "tau"),
        1e8,
        cross_entropy,
    ),
    (
        "soft labels, scale = infinity",
        of_labels(jl.ordered_classes.soft_ordinal, "scale"),
        1e4,
        cross_entropy,
    ),
    (
        "label distribution, sigma = 0",
        lambda z, sigma: jl.ordered_classes.label_distribution(
            z, LABELS.astype(z.dtype), sigma=sigma
        ),
        1e-3,
        cross_entropy,
    ),
    (
        "Taylor, one term",
        lambda z, _: noisy.taylor_cross_entropy(z, LABELS, order=1),
        0,
        half_absolute_error,
    ),
    (
        "Taylor, many terms",
        lambda z, _: noisy.taylor_cross_entropy(z, LABELS, order=250),
        0,
        cross_entropy,
    ),
    ("one candidate", lambda z, _: jl.weak.partial_label(z, HOT), 0, cross_entropy),
    (
        "one candidate, identified",
        lambda z, _: jl.weak.progressive_identification(z, HOT),
        0,
        cross_entropy,
    ),
    (
        "entmax of one-hot, alpha = 1",
        lambda z, alpha: jl.sparse.entmax(z, HOT, alpha=alpha),
        1,
        cross_entropy,
    ),
]
"""The same, where only the value itself is looked at."""


def meets(loss: Loss, at: float, limit: Loss, step: float = 0.0) -> None:
    """Values and gradients by the logits, and by what was changed, in one program."""

    @jax.jit
    def run(logits: Array, places: Array) -> tuple[Array, Array, Array, Array, Array]:
        def each(place: Array) -> tuple[Array, Array, Array]:
            value, pullback = jax.vjp(lambda z: loss(z, place), logits)
            slope = jax.jvp(lambda p: loss(logits, p), (place,), (jnp.ones_like(place),))[1]
            return value, pullback(jnp.ones_like(value))[0], slope

        value, pullback = jax.vjp(limit, logits)
        return *jax.vmap(each)(places), value, pullback(jnp.ones_like(value))[0]

    places = jnp.array([at, at + step], jnp.float32)
    values, grads, slopes, wanted, wanted_grad = run(LOGITS, places)
    np.testing.assert_allclose(values[0], wanted, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(grads[0], wanted_grad, rtol=1e-4, atol=5e-6)
    assert np.isfinite(slopes).all()
    if step:
        np.testing.assert_allclose(grads[1], wanted_grad, atol=10 * step)
        secants = (values[1] - values[0]) / step
        np.testing.assert_allclose(secants, slopes.mean(0), rtol=5e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("loss", "at", "limit"), [row[1:] for row in NEAR], ids=[r[0] for r in NEAR]
)
def test_limit_is_met_from_above(loss: Loss, at: float, limit: Loss) -> None:
    meets(loss, at, limit, step=2e-2)


@pytest.mark.parametrize(("loss", "at", "limit"), [row[1:] for row in AT], ids=[r[0] for r in AT])
def test_limit_is_taken(loss: Loss, at: float, limit: Loss) -> None:
    meets(loss, at, limit)


ordinal, bits = jl.ordinal, jl.classification.sigmoid_cross_entropy
TWO = BITS.astype(jnp.int32)
SIGNS = 2 * TWO - 1
ZERO = jnp.zeros(1)
PAIRS = [
    ("ordinal", lambda z: ordinal.ordinal_binary_cross_entropy(z[:, None], TWO)),
    ("corn", lambda z: ordinal.corn(z[:, None], TWO)),
    ("coral", lambda z: ordinal.coral(z, TWO, ZERO)),
    ("cumulative link", lambda z: ordinal.cumulative_link(z, TWO, ZERO)),
]


@pytest.mark.parametrize("loss", [row[1] for row in PAIRS], ids=[row[0] for row in PAIRS])
def test_two_ordered_classes_are_bits(loss: Callable[[Array], Array]) -> None:
    np.testing.assert_allclose(loss(SCORES), bits(SCORES, TWO), rtol=1e-6, atol=1e-7)


def test_hinges_of_two_ordered_classes_are_the_hinge() -> None:
    wanted = jl.margin.hinge(SCORES, SIGNS.astype(jnp.float32))
    for loss in (ordinal.all_threshold_hinge, ordinal.immediate_threshold_hinge):
        np.testing.assert_allclose(loss(SCORES, TWO, ZERO), wanted)


def test_sparsemax_of_two_classes_is_that_of_bits() -> None:
    two = jl.sparse.sparsemax(jnp.stack([jnp.zeros_like(SCORES), SCORES], axis=-1), TWO)
    np.testing.assert_allclose(two, jl.sparse.binary_sparsemax(SCORES, TWO), rtol=1e-6, atol=1e-7)


def test_perturbed_loss_of_gumbel_noise_is_cross_entropy() -> None:
    """Its mean is cross-entropy plus Euler's constant, its gradient that of cross-entropy."""
    logits, hot = LOGITS[:3], HOT[:3]

    def loss(logits: Array) -> Array:
        key = jax.random.key(0)
        return jl.sparse.perturbed_fenchel_young(logits, hot, key=key, samples=20_000)

    value, pullback = jax.vjp(loss, logits)
    np.testing.assert_allclose(
        value - np.euler_gamma, cross_entropy(LOGITS)[:3], rtol=2e-2, atol=2e-2
    )
    wanted = jax.nn.softmax(logits) - hot
    np.testing.assert_allclose(pullback(jnp.ones(3))[0], wanted, atol=2e-2)


def test_negative_estimates_are_not_counted() -> None:
    """Without a bound the estimator is unbiased; with one, what is below 0 counts as 0."""
    scores, known = jnp.array([[3.0, 2.0, -4.0, -3.0]]), jnp.array([[1, 1, 0, 0]])

    def risk(beta: float) -> Array:
        return jl.weak.non_negative_pu(scores, known, prior=0.75, beta=beta)

    miss, cost = jax.nn.sigmoid(-scores[0, :2]).mean(), jax.nn.sigmoid(scores[0])
    rest = cost[2:].mean() - 0.75 * cost[:2].mean()
    np.testing.assert_allclose(risk(np.inf), [0.75 * miss + rest], rtol=1e-6)
    np.testing.assert_allclose(risk(0.0), [0.75 * miss], rtol=1e-6)
