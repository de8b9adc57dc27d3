"""Focal losses, class priors and reweighting: what is peculiar to them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.testing.case import float64

LOGITS = np.array([-1e4, -104, -95, -88, -60, -17, -1, 0, 1, 17, 60, 88, 95, 104, 1e4], np.float32)
GAMMAS = np.array([0, 1e-3, 0.5, 1, 2, 7.5], np.float32)


def of_softmax(loss):
    """The loss of two classes as one of log-odds; of bits, since it reads labels."""

    def binary(logits, bits, *, gamma):
        scores = jnp.stack([jnp.zeros_like(logits), logits], axis=-1)
        return loss(scores, jnp.asarray(bits, jnp.int32), gamma=gamma)

    return binary


FOCAL = {
    "sigmoid_focal": jl.focal.sigmoid_focal,
    "reduced_focal": jl.focal.reduced_focal,
    "quality_focal": jl.focal.quality_focal,
    "varifocal": functools.partial(jl.focal.varifocal, alpha=1.0),
    "gaussian_focal": jl.focal.gaussian_focal,
    "asymmetric": lambda z, y, gamma: jl.focal.asymmetric(
        z, y, positive_gamma=gamma, negative_gamma=gamma, margin=0.0 * gamma
    ),
    "softmax_focal": of_softmax(jl.focal.softmax_focal),
    "dual_focal": of_softmax(jl.focal.dual_focal),
}


@pytest.mark.parametrize("name", FOCAL)
def test_any_traced_gamma_at_any_logit(name):
    """Value, slope and curvature are finite; a confident error keeps the slope of the logarithm."""

    def at(z, bit, gamma):
        loss = lambda z: FOCAL[name](z, bit, gamma=gamma)
        slope = jax.grad(loss)
        return loss(z), slope(z), jax.grad(slope)(z)

    grid = jnp.meshgrid(LOGITS, jnp.array([0.0, 1.0]), GAMMAS, indexing="ij")
    flat = [axis.ravel() for axis in grid]
    value, slope, curvature = jax.jit(jax.vmap(at))(*flat)
    z, bit, _ = (np.asarray(axis) for axis in flat)
    for part in (value, slope, curvature):
        assert np.isfinite(part).all()
    for_yes = np.where(bit == 1, z, -z)
    wrong = for_yes <= -60
    np.testing.assert_allclose(value[wrong], -for_yes[wrong], rtol=1e-6)
    np.testing.assert_allclose(slope[wrong], 1 - 2 * bit[wrong], rtol=1e-6)
    right = for_yes >= 60
    assert np.all(value[right] < 1e-20)
    assert np.all(np.abs(slope[right]) < 1e-20)


def test_focal_loss_of_two_classes_is_that_of_their_log_odds():
    z, bits = jnp.linspace(-8, 8, 33), jnp.arange(33) % 2
    of_bits = jl.focal.sigmoid_focal(z, bits, gamma=1.5)
    scores = jnp.stack([jnp.zeros_like(z), z], axis=-1)
    np.testing.assert_allclose(
        jl.focal.softmax_focal(scores, bits, gamma=1.5), of_bits, rtol=1e-4, atol=1e-7
    )


def test_alpha_may_be_traced():
    z, bits = jnp.array([-1.0, 0.5, 2.0]), jnp.array([1.0, 0.0, 1.0])
    for loss in (jl.focal.sigmoid_focal, jl.focal.focal_star):
        step = lambda alpha, loss=loss: loss(z, bits, alpha=alpha)
        halves = jax.jit(jax.vmap(step))(jnp.array([0.5, 1.0]))
        np.testing.assert_allclose(2 * halves[0], loss(z, bits), rtol=1e-6)
        np.testing.assert_allclose(halves[1], loss(z, bits) * bits, rtol=1e-6)
        np.testing.assert_allclose(
            jax.jacobian(step)(0.3), (2 * bits - 1) * loss(z, bits), rtol=1e-6
        )


def test_soft_targets_are_means():
    z, share = jnp.array([-1.0, 0.5, 2.0]), jnp.array([0.25, 0.5, 1.0])
    for loss in (jl.focal.sigmoid_focal, jl.focal.focal_star, jl.focal.reduced_focal):
        yes, no = loss(z, jnp.ones(3)), loss(z, jnp.zeros(3))
        np.testing.assert_allclose(loss(z, share), share * yes + (1 - share) * no, rtol=1e-6)


def test_weight_of_the_asymmetric_loss_may_be_constant():
    z, bits = jnp.array([-1.0, 0.5, 2.0, 3.0]), jnp.array([1.0, 0.0, 1.0, 0.0])
    whole, held = (
        jax.value_and_grad(lambda z, c=c: jnp.sum(jl.focal.asymmetric(z, bits, constant_weight=c)))
        for c in (False, True)
    )
    p = 1 / (1 + np.exp(-np.asarray(z)))
    q = np.maximum(p - 0.05, 0)
    expected = np.where(bits == 1, (1 - p) * (p - 1), q**4 * p * (1 - p) / (1 - q))
    assert whole(z)[0] == held(z)[0]
    np.testing.assert_allclose(held(z)[1], expected, rtol=1e-5)
    assert np.all(np.abs(whole(z)[1]) > 1.05 * np.abs(held(z)[1]))


def test_margin_of_the_asymmetric_loss_has_a_slope_at_zero():
    """Where the logarithm of the margin has none; against differences in float64."""
    with float64():
        z = jnp.array([-3.0, 0.0, 4.0])
        loss = lambda margin: jl.focal.asymmetric(z, jnp.zeros(3), margin=margin)
        ahead = (loss(jnp.asarray(1e-7)) - loss(jnp.asarray(0.0))) / 1e-7
        np.testing.assert_allclose(jax.jacfwd(loss)(jnp.asarray(0.0)), ahead, rtol=1e-5)


def test_positions_at_and_beyond_the_edges():
    logits = jnp.array([[2.0, 0.0, -1.0]] * 4)
    position = jnp.array([0.0, 2.0, 2.0001, -0.0001])
    values, slopes = jax.jit(
        lambda z, y: (
            jl.focal.distribution_focal(z, y),
            jax.grad(lambda *a: jnp.sum(jl.focal.distribution_focal(*a)), (0, 1))(z, y),
        )
    )(logits, position)
    log_p = jax.nn.log_softmax(logits[0])
    np.testing.assert_allclose(values[:2], -log_p[jnp.array([0, 2])], rtol=1e-6)
    assert np.isnan(values[2:]).all()
    assert all(np.all(slope[2:] == 0) for slope in slopes)


COUNTS = np.array([1000, 100, 0, 1])
PRIORS = {
    "vector_scaling": jl.imbalanced.vector_scaling,
    "logit_adjusted": jl.imbalanced.logit_adjusted,
    "balanced_softmax": jl.imbalanced.balanced_softmax,
    "ldam": functools.partial(jl.imbalanced.ldam, scale=1.0),
    "seesaw": functools.partial(jl.reweighting.seesaw, compensation=0.0),
}
SCORES = jnp.array([[0.5, -1.0, 2.0, 0.25], [3.0, 0.0, -2.5, 1.0], [0.0, 0.5, 1.0, -4.0]])
LABELS = jnp.array([0, 2, 3])


@pytest.mark.parametrize("name", PRIORS)
def test_equal_counts_are_no_counts(name):
    """Cross-entropy, but for a margin that all classes have alike."""
    values = PRIORS[name](SCORES, LABELS, counts=np.full(4, 7))
    lead = 0.5 * jax.nn.one_hot(LABELS, 4) if name == "ldam" else 0
    expected = jl.classification.softmax_cross_entropy(SCORES - lead, LABELS)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in PRIORS if name != "seesaw"])
def test_only_proportions_of_the_counts_matter(name):
    counted, shares = (PRIORS[name](SCORES, LABELS, counts=c) for c in (COUNTS, COUNTS / 1101))
    np.testing.assert_allclose(counted, shares, rtol=1e-5)
    # A class that never occurred is as rare as the rarest.
    filled = PRIORS[name](SCORES, LABELS, counts=np.array([1000, 100, 1, 1]))
    np.testing.assert_allclose(counted, filled, rtol=1e-6)


def test_logit_adjustment_is_vector_scaling_without_scales():
    """With a traced exponent of 0 too, whose scales are computed."""
    scaled = jax.jit(
        lambda gamma: jl.imbalanced.vector_scaling(SCORES, LABELS, counts=COUNTS, gamma=gamma)
    )(0.0)
    adjusted = jl.imbalanced.logit_adjusted(SCORES, LABELS, counts=COUNTS)
    np.testing.assert_allclose(scaled, adjusted, rtol=1e-5)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999, 1 - 1e-7, 1.0])
def test_effective_numbers_keep_their_digits(beta):
    """Also those of 1 - beta, where beta is a Python number; for all counts, against float64."""
    counts = np.array([1, 2, 10, 1000, 10**6])
    weights = jl.imbalanced.class_balanced_weights(counts, beta=beta)
    exact = 1 / counts if beta == 1 else (1 - beta) / (1 - np.float64(beta) ** counts)
    np.testing.assert_allclose(weights, exact, rtol=1e-6 if beta < 1 - 1e-6 else 1e-5)


def test_effective_numbers_with_a_traced_beta():
    counts = jnp.array([1, 4, 0])
    betas = jnp.array([0.0, 0.5, 1.0])
    weigh = lambda beta: jl.imbalanced.class_balanced_weights(counts, beta=beta)
    weights = jax.jit(jax.vmap(weigh))(betas)
    np.testing.assert_allclose(weights, [[1, 1, 1], [1, 8 / 15, 1], [1, 1 / 4, 1]], rtol=1e-6)
    # 1 / (1 + b + b**2 + b**3) falls by 6 / 16 at 1.
    np.testing.assert_allclose(jax.jacobian(weigh)(1.0), [0, -6 / 16, 0], atol=1e-6)


def test_counts_are_a_state():
    """In a scan, next to the loss that reads them; labels of padding are not counted."""
    labels = jnp.array([[0, 2, -100], [2, 2, 1], [5, 0, 0]])

    def step(counts, batch):
        counts = jl.imbalanced.class_counts(batch, counts=counts)
        return counts, jl.reweighting.seesaw(jnp.zeros((3, 3)), batch, counts=counts)

    counts, values = jax.jit(lambda c: jax.lax.scan(step, c, labels))(jnp.zeros(3, jnp.int32))
    assert counts.dtype == jnp.int32
    np.testing.assert_array_equal(counts, [3, 1, 3])
    # After all three batches, 0 is seen three times as often as 1, and as often as 2.
    np.testing.assert_allclose(values[2, 1:], np.log(2 + (1 / 3) ** 0.8), rtol=1e-6)
    many = jl.imbalanced.class_counts(jnp.zeros(64, int), counts=jnp.full(2, 2.0**26))
    np.testing.assert_array_equal(many, [2.0**26 + 64, 2.0**26])


def test_features_carry_no_gradient_of_their_influence():
    features = jnp.array([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]])
    total = lambda z, h: jnp.sum(jl.reweighting.influence_balanced(z, LABELS, h))
    by_logits, by_features = jax.grad(total, (0, 1))(SCORES, features)
    wrong = jax.nn.softmax(SCORES) - jax.nn.one_hot(LABELS, 4)
    influence = jnp.sum(jnp.abs(wrong), -1) * jnp.sum(jnp.abs(features), -1) + 1e-3
    np.testing.assert_allclose(by_logits, wrong / influence[:, None], rtol=1e-5)
    assert np.all(by_features == 0)


def test_totals_are_gradients_of_the_loss_that_reads_them():
    bits = jax.nn.one_hot(LABELS, 4)
    totals = jnp.array([[1.0, 0.2, 0.0, 3.0], [1.0, 2.0, 0.0, 1.5]])
    loss = lambda z: jnp.sum(jl.reweighting.equalization_v2(z, bits, totals=totals))
    size = np.abs(jax.grad(loss)(SCORES))
    grown = jl.reweighting.gradient_totals(SCORES, bits, totals=totals)
    expected = np.stack([np.sum(size * bits, 0), np.sum(size * (1 - bits), 0)])
    np.testing.assert_allclose(grown - totals, expected, rtol=1e-5, atol=1e-7)


def test_harmonized_bins_weigh_the_same():
    """Weights are 1 on average, and sum to the same in each bin in use, whatever the momentum."""
    z = jnp.array([4.0, 3.0, 3.5, 0.5, -4.0])
    norm = jax.nn.sigmoid(-z)
    start = jnp.zeros(4)
    for momentum in (0.0, 0.9):
        histogram = jl.reweighting.gradient_histogram(norm, histogram=start, momentum=momentum)
        harmonized = jl.reweighting.gradient_harmonizing(z, jnp.ones(5), histogram=histogram)
        weights = harmonized / jl.focal.sigmoid_focal(z, jnp.ones(5), gamma=0.0)
        np.testing.assert_allclose(weights, np.array([1 / 3, 1 / 3, 1 / 3, 1, 1]) * 5 / 3, 1e-5)
    twice = jl.reweighting.gradient_histogram(norm, histogram=histogram, momentum=0.9)
    np.testing.assert_allclose(twice, 1.9 * histogram, rtol=1e-6)


def test_costs_of_one_are_the_chance_of_a_mistake():
    """With all its digits, near certainty too."""
    logits, costs = jnp.array([[60.0, 0.0, 0.0], [0.0, 1.0, 2.0]]), 1 - jnp.eye(3)
    values = jl.imbalanced.expected_cost(logits, jnp.array([0, 1]), costs)
    e = np.exp(1.0)
    np.testing.assert_allclose(values, [2 * np.exp(-60.0), (1 + e**2) / (1 + e + e**2)], rtol=1e-5)
    soft = jl.imbalanced.expected_cost(logits, jnp.eye(3)[jnp.array([0, 1])], costs)
    np.testing.assert_allclose(soft, values, rtol=1e-6)


def test_a_decision_may_be_none_of_the_classes():
    """Passing an example on costs 0.3; it is the best decision where no class is likely enough."""
    costs = jnp.concatenate([1 - jnp.eye(2), jnp.full((2, 1), 0.3)], axis=1)
    loss = lambda z: jl.imbalanced.expected_cost(z, jnp.array([0.5, 0.5]), costs)
    slope = jax.grad(loss)(jnp.zeros(3))
    assert slope[2] < 0 < slope[0]


def test_balanced_lists_do_not_see_how_many_there_are():
    """Up to the factor 2 r (1 - r), the mean over yes and the mean over no weigh the same."""
    z = jnp.array([1.0, -2.0, 0.5, 3.0, -1.0])
    bits = jnp.array([1, 0, 0, 0, 1])
    entropy = jl.classification.sigmoid_cross_entropy(z, bits)
    halves = jl.mean(entropy, where=bits == 1) + jl.mean(entropy, where=bits == 0)
    value = jl.imbalanced.balanced_binary_cross_entropy(z, bits)
    np.testing.assert_allclose(value, (2 / 5) * (3 / 5) * halves, rtol=1e-6)


def test_number_of_peaks_normalises_a_heatmap():
    target = jnp.array([[0.0, 1.0, 0.5], [0.0, 0.25, 0.0]])
    values = jl.focal.gaussian_focal(jnp.zeros((2, 3)), target)
    rows = jl.Average(jl.total(values, axis=-1), jnp.sum(target == 1, axis=-1)).value
    np.testing.assert_allclose(rows, [jnp.sum(values[0]), 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: jl.imbalanced.logit_adjusted(SCORES, LABELS, counts=[1, 2, 3]),
            r"`counts` of shape \(4,\), one for each class, got \(3,\)",
        ),
        (
            lambda: jl.imbalanced.lade(SCORES[0], 1, counts=COUNTS),
            r"`logits` of shape \(..., n, classes\), got \(4,\)",
        ),
        (
            lambda: jl.imbalanced.class_counts([0], counts=[[1, 2]]),
            r"`counts` of shape \(classes,\), got \(1, 2\)",
        ),
        (
            lambda: jl.imbalanced.expected_cost(SCORES, LABELS, jnp.ones((2, 3))),
            r"`costs` of shape \(classes, decisions\) for `logits` \(3, 4\), got \(2, 3\)",
        ),
        (
            lambda: jl.imbalanced.expected_cost(SCORES, jnp.ones((3, 3)), jnp.ones((2, 4))),
            r"`target` of shape \(3, 2\), .* got \(3, 3\)",
        ),
        (
            lambda: jl.reweighting.influence_balanced(SCORES, LABELS, jnp.ones((2, 5))),
            r"`features` .* `logits` \(3, 4\), got \(2, 5\)",
        ),
        (
            lambda: jl.reweighting.equalization_v2(SCORES, SCORES > 0, totals=jnp.ones(4)),
            r"`totals` of shape \(2, 4\), .* got \(4,\)",
        ),
        (
            lambda: jl.reweighting.gradient_harmonizing([0.0], [1.0], histogram=jnp.ones((2, 2))),
            r"`histogram` of shape \(bins,\), got \(2, 2\)",
        ),
        (
            lambda: jl.reweighting.gradient_histogram([0.5], histogram=1.0),
            r"`histogram` of shape \(bins,\), got \(\)",
        ),
        (
            lambda: jl.focal.distribution_focal(SCORES, jnp.ones(2)),
            r"`target` .* `logits` \(3, 4\), got \(2,\)",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_mask_of_classes_is_boolean():
    with pytest.raises(TypeError, match="boolean `frequent`"):
        jl.reweighting.equalization(SCORES, SCORES > 0, frequent=COUNTS)


def test_positions_are_checked_on_request():
    step = jax.jit(jl.focal.distribution_focal)
    step(SCORES, jnp.array([0.0, 3.0, 3.5]))
    with pytest.raises(ValueError, match=r"`target` holds a label outside \[0, 3\]"):
        jl.checked(step)(SCORES, jnp.array([0.0, 3.0, 3.5]))
