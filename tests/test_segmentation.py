"""What is peculiar to losses of masks: relations between them, empty structures, distances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

import jaxloss as jl

RNG = np.random.default_rng(0)
LOGITS = jnp.asarray(2 * RNG.standard_normal((3, 20)), jnp.float32)
BITS = jnp.asarray(RNG.integers(0, 2, (3, 20)), jnp.float32)
SCORES = jnp.asarray(2 * RNG.standard_normal((3, 20, 4)), jnp.float32)
LABELS = jnp.asarray(RNG.integers(0, 4, (3, 20)), jnp.int32)
MASK_LOSSES = [jl.segmentation.dice, jl.segmentation.jaccard, jl.segmentation.tversky]


@pytest.mark.parametrize(
    ("options", "other"),
    [
        ({"alpha": 0.5, "beta": 0.5, "smoothing": 0.5}, jl.segmentation.dice),
        ({"alpha": 1.0, "beta": 1.0}, jl.segmentation.jaccard),
    ],
    ids=["dice", "jaccard"],
)
def test_tversky_contains_others(options, other):
    found = jl.segmentation.tversky(LOGITS, BITS, **options)
    np.testing.assert_allclose(found, other(LOGITS, BITS), rtol=1e-5)


def test_two_classes_are_a_mask_and_its_rest():
    """A softmax over (0, z) is a sigmoid of z."""
    scores = jnp.stack([jnp.zeros_like(LOGITS), LOGITS], axis=-1)
    labels = BITS.astype(jnp.int32)
    halves = jl.segmentation.dice(LOGITS, BITS) + jl.segmentation.dice(-LOGITS, 1 - BITS)
    np.testing.assert_allclose(jl.segmentation.softmax_dice(scores, labels), halves / 2, rtol=1e-5)


def test_pixels_may_come_as_images_or_volumes():
    """The order of pixels, and so the shape of space, does not matter for overlap."""
    volume = LOGITS.reshape(3, 2, 5, 2), BITS.reshape(3, 2, 5, 2)
    moved = [array.swapaxes(1, 3).reshape(3, -1) for array in volume]
    for loss in MASK_LOSSES:
        np.testing.assert_allclose(loss(*moved), loss(LOGITS, BITS), rtol=1e-5)


@pytest.mark.parametrize("loss", MASK_LOSSES, ids=lambda loss: loss.__name__)
def test_an_absent_structure_costs_what_is_taken_for_it(loss):
    """Nothing where nothing is taken for it, and with a slope towards that before."""
    absent = jnp.zeros(20)
    assert loss(jnp.full(20, -1e4), absent) == 0
    value, slope = jax.value_and_grad(loss)(jnp.full(20, -3.0), absent)
    assert 0 < value < loss(jnp.zeros(20), absent) < 1
    assert jnp.all(slope > 0)
    value, slope = jax.value_and_grad(lambda z: loss(z, absent, smoothing=0.0))(jnp.zeros(20))
    assert value == 1
    assert jnp.all(jnp.abs(slope) < 1e-7)  # rounding


def test_generalized_dice_leaves_absent_classes_out():
    wide = jnp.concatenate([SCORES, jnp.full((3, 20, 1), -jnp.inf)], axis=-1)
    np.testing.assert_allclose(
        jl.segmentation.generalized_dice(wide, LABELS),
        jl.segmentation.generalized_dice(SCORES, LABELS),
        rtol=1e-6,
    )


def test_wasserstein_dice_forgives_confusing_what_is_near():
    near = jnp.asarray([[0, 1, 1], [1, 0, 0.1], [1, 0.1, 0]])
    confused = 9 * jax.nn.one_hot(jnp.array([2, 2, 0]), 3)
    lost = 9 * jax.nn.one_hot(jnp.array([0, 0, 0]), 3)
    labels = jnp.array([1, 1, 0])
    loss = jl.segmentation.generalized_wasserstein_dice
    assert loss(confused, labels, near) < 0.2 < loss(lost, labels, near)


def test_background_is_left_out_by_its_weight():
    weights = jnp.array([0.0, 1.0, 1.0, 1.0])
    one = jnp.eye(4)
    each = [jl.segmentation.softmax_dice(SCORES, LABELS, class_weights=one[c]) for c in range(1, 4)]
    found = jl.segmentation.softmax_dice(SCORES, LABELS, class_weights=weights)
    np.testing.assert_allclose(found, sum(each) / 3, rtol=1e-5)


def test_compound_losses_contain_their_parts():
    compound, each = jl.compound, jl.classification.sigmoid_cross_entropy(LOGITS, BITS)
    both_sides = jl.segmentation.dice(LOGITS, BITS) + jl.segmentation.dice(-LOGITS, 1 - BITS)
    focal = jl.focal.sigmoid_focal(LOGITS, BITS, gamma=0.5, alpha=0.75)
    spread = jl.classification.softmax_cross_entropy(SCORES, LABELS)
    plain = {"gamma": 0.0, "delta": 0.5, "smoothing": 0.5}
    symmetric = {"gamma": 0.5, "delta": 0.75, "form": "symmetric"}
    pairs = (
        (compound.combo(LOGITS, BITS, alpha=1.0), each.mean(-1) / 2),
        (compound.combo(LOGITS, BITS, alpha=0.0), jl.segmentation.dice(LOGITS, BITS)),
        (compound.unified_focal(LOGITS, BITS, weight=1.0, **plain), each.mean(-1) / 2),
        (compound.unified_focal(LOGITS, BITS, weight=0.0, **plain), both_sides / 2),
        (compound.unified_focal(LOGITS, BITS, weight=1.0, **symmetric), focal.mean(-1)),
        (
            compound.exponential_logarithmic(SCORES, LABELS, weight=0.0, cross_gamma=1.0),
            spread.mean(-1),
        ),
    )
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_nearly_certain_pixel_keeps_its_pull():
    """The power of a logarithm that a float32 of the probability would round to 0."""
    loss = lambda z: jl.compound.exponential_logarithmic(z, jnp.array([0]), weight=0.0)
    value, slope = jax.value_and_grad(loss)(jnp.array([[30.0, 0.0]]))
    np.testing.assert_allclose(value, np.exp(-9), rtol=1e-5)
    np.testing.assert_allclose(slope, [[-0.3 * np.exp(-9), 0.3 * np.exp(-9)]], rtol=1e-5)


def test_sizes_of_large_volumes_do_not_stall():
    """A float32 that counts one by one stops at 2**24."""
    pixels = 2**25
    loss = jax.jit(jl.segmentation.dice)
    value = loss(jnp.full(pixels, 1e4, jnp.bfloat16), jnp.ones(pixels, jnp.bfloat16))
    assert value == 0
    half = loss(jnp.zeros(pixels, jnp.bfloat16), jnp.ones(pixels, jnp.bfloat16))
    np.testing.assert_allclose(half, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((9,), 2.0), ((13, 17), 1.0), ((13, 17), (0.7, 2.5)), ((6, 7, 8), (3.0, 0.8, 0.8))],
    ids=str,
)
@pytest.mark.parametrize("density", [0.05, 0.5, 0.95])
def test_distances_are_those_of_scipy(shape, spacing, density):
    bits = np.random.default_rng(1).random((2, *shape)) < density
    bits[:, *(0 for _ in shape)], bits[:, *(-1 for _ in shape)] = True, False
    found = jl.boundary.signed_distance(bits, spacing=spacing, num_axes=len(shape))
    for ours, image in zip(found, bits, strict=True):
        outside, inside = (
            ndimage.distance_transform_edt(side, sampling=spacing) for side in (~image, image)
        )
        np.testing.assert_allclose(ours, outside - inside, rtol=1e-6)


@pytest.mark.parametrize("value", [False, True])
def test_masks_without_a_boundary_have_no_distances(value):
    bits = jnp.full((4, 5), value)
    assert jnp.all(jl.boundary.signed_distance(bits) == 0)
    assert jl.boundary.boundary(LOGITS[0], jl.boundary.signed_distance(bits).ravel()) == 0


def test_distances_in_units_of_traced_spacing():
    bits = jnp.zeros((4, 5), bool).at[1, 2].set(True)
    far = jax.jit(lambda s: jl.boundary.signed_distance(bits, spacing=s))
    np.testing.assert_allclose(far(jnp.array(2.5)), 2.5 * far(jnp.array(1.0)), rtol=1e-6)


def test_the_true_mask_has_the_least_boundary_loss():
    truth = jnp.zeros((6, 6), bool).at[2:4, 1:5].set(True)
    distances = jl.boundary.signed_distance(truth).ravel()
    certain = jnp.where(truth, 1e4, -1e4).ravel()
    least = jl.boundary.boundary(certain, distances)
    for pixel in range(36):
        assert jl.boundary.boundary(certain.at[pixel].mul(-1), distances) > least


def test_a_far_error_costs_more_than_a_near_one():
    truth = jnp.zeros((5, 9), bool).at[2, 1].set(True)
    losses = []
    for place in (2, 8):
        found = truth.at[2, place].set(True)
        maps = [jl.boundary.signed_distance(bits).ravel() for bits in (found, truth)]
        logits = jnp.where(found, 9.0, -9.0).ravel()
        losses.append(jl.boundary.hausdorff(logits, truth.ravel(), *maps))
    assert losses[1] > 5 * losses[0]


def test_a_gap_in_a_tube_costs_more_than_a_dent():
    """Both lack as many pixels; one of them cuts the tube in two."""
    tube = jnp.zeros((7, 9)).at[2:5].set(1)
    gap, dent = tube.at[2:5, 4].set(0), tube.at[2, 3:6].set(0)
    loss = lambda mask: jl.boundary.cl_dice(18 * mask - 9, tube, iterations=2)
    assert loss(gap) > 2 * loss(dent)


def test_skeletons_of_volumes():
    line = jnp.zeros((5, 5, 5)).at[2, 2].set(1)
    thick = jnp.zeros((5, 5, 5)).at[1:4, 1:4].set(1)
    for mask in (line, thick):
        found = jl.boundary.soft_skeleton(mask, iterations=2, num_axes=3)
        np.testing.assert_allclose(found[:, :, 1:4], line[:, :, 1:4])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jl.boundary.signed_distance([1.0, 2.0]), TypeError, "boolean `mask`, got float32"),
        (
            lambda: jl.boundary.signed_distance(jnp.ones(3, bool)),
            ValueError,
            r"`mask` with 2 axes of space, got \(3,\)",
        ),
        (
            lambda: jl.boundary.signed_distance(jnp.ones((3, 3), bool), spacing=(1.0, 1.0, 1.0)),
            ValueError,
            r"`spacing` of shape \(\) or \(2,\), got \(3,\)",
        ),
        (
            lambda: jl.boundary.cl_dice(jnp.ones(3), jnp.ones(3)),
            ValueError,
            r"`logits` with 2 axes of space, got \(3,\)",
        ),
        (
            lambda: jl.segmentation.softmax_dice(jnp.ones(3), jnp.array(1)),
            ValueError,
            r"`logits` of shape \(\*batch, pixels, classes\), got \(3,\)",
        ),
        (
            lambda: jl.segmentation.softmax_dice(SCORES, LABELS, class_weights=jnp.ones(3)),
            ValueError,
            r"`class_weights` of shape \(4,\), one for each class, got \(3,\)",
        ),
        (
            lambda: jl.segmentation.generalized_wasserstein_dice(SCORES, LABELS, jnp.ones((4, 3))),
            ValueError,
            r"`costs` of shape \(4, 4\) for `logits` \(3, 20, 4\), got \(4, 3\)",
        ),
        (
            lambda: jl.compound.nacl(SCORES, LABELS, num_axes=3),
            ValueError,
            r"`logits` with 3 axes of space and one of classes, got shape \(3, 20, 4\)",
        ),
        (
            lambda: jl.compound.nacl(SCORES, LABELS, window=jnp.ones(2)),
            ValueError,
            r"`window` of an odd number of weights, got \(2,\)",
        ),
    ],
    ids=["bits", "axes", "spacing", "space", "pixels", "weights", "costs", "volume", "window"],
)
def test_arguments_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
