"""What is peculiar to metric learning and self-supervised losses: identities, states, limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxloss import (
    agreement,
    classification,
    contrastive,
    margin_softmax,
    metric,
    negatives,
    numerics,
    pairs,
    pairwise,
    proxies,
    redundancy,
    retrieval,
    self_supervised,
    tuplet,
)
from tests.oracles import metric as oracles

_RNG = np.random.default_rng(0)
X, Y = _RNG.standard_normal((2, 8, 4)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 5])
PROXIES = _RNG.standard_normal((6, 4)).astype(np.float32)


def test_triplets_of_a_batch_are_the_masked_ones():
    apart = pairs.distances(X, X)
    mask = metric.triplet_mask(apart, LABELS)
    lack = jnp.maximum(0.2 + apart[:, :, None] - apart[:, None, :], 0)
    expected = jnp.sum(lack, axis=(1, 2), where=mask) / jnp.maximum(mask.sum((1, 2)), 1)
    np.testing.assert_allclose(metric.batch_all_triplet(X, LABELS), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["all", "hard", "semihard", "easy"])
def test_triplet_masks_equal_the_loop(kind):
    kept = np.arange(8) != 3
    apart = np.asarray(pairs.distances(X, X))
    given = metric.triplet_mask(apart, LABELS, kind=kind, margin=0.5, where=kept)
    expected = oracles.triplet_mask(apart, LABELS, kind=kind, margin=0.5, where=kept)
    assert given.dtype == bool
    np.testing.assert_array_equal(given, expected)


def test_triplets_take_any_distance():
    given = metric.triplet_margin(X, Y, X[::-1], distance=agreement.cosine_distance, margin=0.5)
    near, far = agreement.cosine_distance(X, Y), agreement.cosine_distance(X, X[::-1])
    np.testing.assert_allclose(given, np.maximum(0.5 + near - far, 0), rtol=1e-6)


def test_a_swap_takes_the_harder_negative():
    anchor, positive, negative = np.float32([[[0.0]], [[2.0]], [[3.0]]])
    grads = jax.grad(
        lambda *a: jnp.sum(metric.triplet_margin(*a, margin=2.0, swap=True)), (0, 1, 2)
    )(anchor, positive, negative)
    # d(a, p) - d(p, n): the positive is on the way from one to the other
    assert [grad.item() for grad in grads] == [-1, 2, -1]


def test_masks_have_the_shape_of_their_distances():
    with pytest.raises(ValueError, match="labels"):
        metric.triplet_mask(np.zeros((3, 3)), [0, 1])


def test_limits_of_margins_are_the_softmax():
    labels = LABELS
    cosines = numerics.normalize(X) @ numerics.normalize(PROXIES).T
    plain = classification.softmax_cross_entropy(16 * cosines, labels)
    normal = margin_softmax.normalized_softmax(X, PROXIES, labels, temperature=1 / 16)
    np.testing.assert_allclose(normal, plain, rtol=1e-4)
    for loss in (margin_softmax.arcface, margin_softmax.cosface):
        np.testing.assert_allclose(
            loss(X, PROXIES, labels, margin=0.0, scale=16.0), plain, rtol=1e-4
        )
    linear = classification.softmax_cross_entropy(X @ PROXIES.T, labels)
    large = margin_softmax.large_margin_softmax(X, PROXIES, labels, margin=1.0)
    np.testing.assert_allclose(large, linear, rtol=1e-4)


def test_one_centre_for_each_class_is_a_proxy():
    one = margin_softmax.subcenter_arcface(X, PROXIES[:, None], LABELS)
    np.testing.assert_allclose(one, margin_softmax.arcface(X, PROXIES, LABELS), rtol=1e-5)
    soft = proxies.soft_triple(X, PROXIES[:, None], LABELS, margin=0.5)
    lead = margin_softmax.cosface(X, PROXIES, LABELS, margin=0.5, scale=20.0)
    np.testing.assert_allclose(soft, lead, rtol=1e-4)


def test_an_angle_goes_on_falling_beyond_a_turn():
    """The score of the label never rises with its angle, so that its loss never falls."""
    theta = np.linspace(0, np.pi, 60, dtype=np.float32)
    items = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    # the other proxy is at a right angle to the plane: its cosine is 0 throughout
    items = np.pad(items, ((0, 0), (0, 1)))
    two = np.float32([[1, 0, 0], [0, 0, 1]])
    zeros = np.zeros(60, np.int32)
    for loss in (margin_softmax.sphereface, margin_softmax.arcface):
        values = loss(items, two, zeros)
        assert jnp.all(jnp.diff(values) >= -1e-5)


def test_equal_directions_are_a_zero_angle_with_gradient_zero():
    values, grads = jax.value_and_grad(
        lambda x: jnp.sum(margin_softmax.arcface(x, PROXIES, np.arange(6)))
    )(4 * jnp.asarray(PROXIES))
    assert jnp.isfinite(values)
    assert jnp.isfinite(grads).all()


def test_centres_move_to_the_mean():
    centers = np.zeros((2, 4), np.float32)
    for _ in range(200):
        centers = proxies.moved_centers(centers, X, np.zeros(8, np.int32))
    np.testing.assert_allclose(centers[0], X.mean(0), atol=1e-5)
    assert jnp.all(centers[1] == 0)


def test_precision_is_that_of_ranks_where_the_temperature_is_small():
    x = numerics.normalize(X)
    scores = np.asarray(x @ x.T)
    for i in range(8):
        others = np.delete(np.arange(8), i)
        order = others[np.argsort(-scores[i, others])]
        hits = LABELS[order] == LABELS[i]
        if hits.any():
            ranks = np.flatnonzero(hits) + 1
            precision = np.mean(np.arange(1, len(ranks) + 1) / ranks)
            value = retrieval.smooth_ap(x, LABELS, temperature=1e-5)[i]
            np.testing.assert_allclose(1 - value, precision, rtol=1e-5)


def test_a_histogram_is_the_chance_that_a_negative_is_the_more_similar():
    same = np.float32([[1, 0], [1, 0], [-1, 0], [-1, 0]])
    assert retrieval.histogram(same, [0, 0, 1, 1]) == 0
    assert retrieval.histogram(same, [0, 1, 0, 1]) == pytest.approx(1 / 2 + 1 / 2)


def test_hard_negatives_without_concentration_are_the_debiased_loss():
    x, y = numerics.normalize(X), numerics.normalize(Y)
    traced = jax.jit(negatives.hard_negative)(x, y, concentration=0.0)
    np.testing.assert_allclose(negatives.debiased(x, y), traced, rtol=1e-5)
    plain = negatives.debiased(x, y, prior=0.0)
    both = contrastive.info_nce(
        x[:1], y[:1], temperature=0.5, negatives=jnp.concatenate([x[1:], y[1:]])
    )
    np.testing.assert_allclose(plain[:1], both, rtol=1e-5)


def test_robust_info_nce_tends_to_info_nce():
    x, y = numerics.normalize(X), numerics.normalize(Y)
    plain = contrastive.info_nce(x, y, temperature=0.5)
    for q, tolerance in ((0.0, 1e-5), (1e-4, 1e-3)):
        value = negatives.rince(x, y, q=q, weight=1.0)
        np.testing.assert_allclose(value, plain, rtol=tolerance)


def test_a_queue_drops_the_oldest():
    queue = np.zeros((3, 4), np.float32)
    for keys in (X[:2], X[2:4]):
        queue = contrastive.pushed(queue, keys)
    np.testing.assert_array_equal(queue, np.concatenate([X[2:4], X[:1]]))
    assert jnp.isfinite(contrastive.info_nce(X, Y, negatives=queue)).all()
    with pytest.raises(ValueError, match="keys"):
        contrastive.pushed(queue, X[:, :2])


@pytest.mark.parametrize(
    ("loss", "rest"),
    [
        (self_supervised.negative_cosine, ()),
        (self_supervised.dino, (np.zeros(4, np.float32),)),
        (self_supervised.ibot, (np.zeros(4, np.float32),)),
    ],
)
def test_teachers_get_no_gradient(loss, rest):
    grads = jax.grad(lambda *a: jnp.sum(loss(*a)), tuple(range(2 + len(rest))))(X, Y, *rest)
    assert jnp.any(grads[0] != 0)
    assert all(jnp.all(grad == 0) for grad in grads[1:])


def test_states_carry_no_gradient():
    for update, state in (
        (self_supervised.moved_center, np.zeros(4, np.float32)),
        (redundancy.moved_covariance, np.zeros((4, 4), np.float32)),
        (contrastive.pushed, Y),
    ):
        grads = jax.grad(lambda *a, update=update: jnp.sum(update(*a)), (0, 1))(state, X)
        assert all(jnp.all(grad == 0) for grad in grads)


def test_a_centre_tends_to_the_mean():
    center = jnp.zeros(4)
    for _ in range(100):
        center = self_supervised.moved_center(center, X)
    np.testing.assert_allclose(center, X.mean(0), rtol=1e-3)


def test_codes_use_prototypes_alike():
    codes = self_supervised.sinkhorn_codes(X, eps=0.5, iterations=200)
    np.testing.assert_allclose(codes.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(codes.sum(0), 2, rtol=1e-4)
    far = self_supervised.sinkhorn_codes(1e4 * X)
    assert jnp.isfinite(far).all()


def test_whitened_views_do_not_see_linear_maps():
    mixed = X @ np.float32([[2, 1, 0, 0], [0, 1, 0, 0], [0, 3, 1, 0], [1, 0, 0, 4]]) + 5
    value = redundancy.w_mse(X, Y, eps=0.0)
    # triangular maps leave the directions of a Cholesky factor as they are
    lower = X @ np.float32([[2, 1, 5, 0], [0, 1, 3, 1], [0, 0, 1, 2], [0, 0, 0, 4]]) + 5
    np.testing.assert_allclose(redundancy.w_mse(lower, Y, eps=0.0), value, rtol=1e-4)
    assert abs(redundancy.w_mse(mixed, Y, eps=0.0) - value) > 1e-3


def test_the_gradient_of_a_nuclear_norm_is_orthogonal():
    for shape in ((3, 3), (5, 3), (3, 5)):
        matrix = jnp.asarray(_RNG.standard_normal(shape).astype(np.float32))
        grad = jax.grad(numerics.nuclear_norm)(matrix)
        u, _, vt = np.linalg.svd(matrix, full_matrices=False)
        np.testing.assert_allclose(grad, u @ vt, atol=1e-5)
    # equal and zero singular values, whose vectors have no derivative of their own
    for matrix in (jnp.eye(3), jnp.zeros((2, 3)), jnp.ones((3, 2))):
        bend = jax.jvp(jax.grad(numerics.nuclear_norm), (matrix,), (jnp.ones_like(matrix),))[1]
        assert jnp.isfinite(bend).all()


SHARDED = {
    "batch_contrastive": (pairwise.batch_contrastive, (X, LABELS)),
    "multi_similarity": (tuplet.multi_similarity, (X, LABELS)),
    "lifted_structure": (tuplet.lifted_structure, (X, LABELS)),
    "dcl": (negatives.dcl, (X, Y)),
    "koleo": (self_supervised.koleo, (X,)),
    "dino": (self_supervised.dino, (X, Y, np.zeros(4, np.float32))),
}


@pytest.mark.parametrize("name", SHARDED)
def test_items_may_be_divided_over_devices_explicitly(name):
    loss, arrays = SHARDED[name]

    def gradients(x, *rest):
        return jax.jit(jax.value_and_grad(lambda x, *rest: jnp.sum(loss(x, *rest))))(x, *rest)

    expected = gradients(*map(jnp.asarray, arrays))
    mesh = jax.make_mesh((4,), ("items",), axis_types=(AxisType.Explicit,))
    with jax.set_mesh(mesh):
        placed = [
            jax.device_put(array, NamedSharding(mesh, PartitionSpec(*["items"][: len(array) == 8])))
            for array in arrays
        ]
        for given, wanted in zip(gradients(*placed), expected, strict=True):
            np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-5)
