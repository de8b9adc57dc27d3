"""What is peculiar to losses of pairs: identities, masks, precision, memory, sharding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxloss import contrastive, metric, numerics
from jaxloss.testing.case import float64

_RNG = np.random.default_rng(0)
X, Y = _RNG.standard_normal((2, 8, 4)).astype(np.float32) / 2
WIDE = _RNG.standard_normal((8, 40)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 5])
LOSSES = {
    "info_nce": (contrastive.info_nce, (X, Y)),
    "clip": (contrastive.clip, (X, Y)),
    "siglip": (contrastive.siglip, (X, Y)),
    "sup_con": (contrastive.sup_con, (X, LABELS)),
    "barlow_twins": (contrastive.barlow_twins, (X, Y)),
    "barlow_twins of many features": (contrastive.barlow_twins, (WIDE, WIDE[::-1])),
    "covariance_penalty": (contrastive.covariance_penalty, (X,)),
    "covariance_penalty of many features": (contrastive.covariance_penalty, (WIDE,)),
    "vicreg": (contrastive.vicreg, (X, Y)),
    "batch_hard_triplet": (metric.batch_hard_triplet, (X, LABELS)),
    "batch_all_triplet": (metric.batch_all_triplet, (X, LABELS)),
}
LABELLED = {
    "sup_con": contrastive.sup_con,
    "batch_hard_triplet": metric.batch_hard_triplet,
    "batch_all_triplet": metric.batch_all_triplet,
}


def gradients(loss, *arrays, **options):
    """Values, and the gradient of their sum in the first argument."""

    def total(*arrays):
        values = loss(*arrays, **options)
        return jnp.sum(values), values

    (_, values), grad = jax.jit(jax.value_and_grad(total, has_aux=True))(*arrays)
    return values, grad


def test_clip_is_info_nce_both_ways():
    both = [contrastive.info_nce(a, b, temperature=0.07) for a, b in ((X, Y), (Y, X))]
    np.testing.assert_allclose(contrastive.clip(X, Y), (both[0] + both[1]) / 2, rtol=1e-6)


def test_pairs_of_views_with_labels_are_nt_xent():
    z = np.concatenate([X, Y])
    scores = np.float64(z) @ np.float64(z).T / 0.5
    np.fill_diagonal(scores, -np.inf)
    partner = scores[np.arange(16), np.roll(np.arange(16), 8)]
    expected = np.log(np.exp(scores).sum(1)) - partner
    values = contrastive.sup_con(z, np.tile(np.arange(8), 2), temperature=0.5)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_a_queue_is_more_negatives():
    """As if the queue were further positives that belong to no anchor."""
    queue = _RNG.standard_normal((5, 4)).astype(np.float32)
    anchors, positives = np.concatenate([X, 0 * queue]), np.concatenate([Y, queue])
    expected = contrastive.info_nce(anchors, positives, temperature=0.3)[:8]
    values = contrastive.info_nce(X, Y, temperature=0.3, negatives=queue)
    np.testing.assert_allclose(values, expected, rtol=1e-5)
    empty = contrastive.info_nce(X, Y, negatives=queue[:0])
    np.testing.assert_allclose(empty, contrastive.info_nce(X, Y), rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 4), (4,)])
def test_a_queue_of_another_shape_is_an_error(shape):
    with pytest.raises(ValueError, match="negatives"):
        contrastive.info_nce(X, Y, negatives=np.ones(shape, np.float32))


@pytest.mark.parametrize("loss", [contrastive.info_nce, contrastive.clip])
def test_large_logits_lose_nothing_to_the_shift(loss):
    """Scores that differ by little at a size of 1e4, whose own rounding plays no part."""
    x = np.float32([[100, 0], [100, 1 / 64]])
    y = np.float32([[100, 0], [100, 1 / 64]])
    option = {"temperature": 1.0} if loss is contrastive.info_nce else {"logit_scale": 0.0}
    leads = np.array([0.0, -1 / 64**2])
    expected = np.logaddexp(0, leads)
    np.testing.assert_allclose(loss(x, y, **option), expected, rtol=2e-4)


@pytest.mark.parametrize("loss", LABELLED.values(), ids=LABELLED)
def test_labels_are_only_compared(loss):
    names = np.array([-7, 2**30, 0, 0, 0, 11])
    np.testing.assert_array_equal(loss(X, LABELS), loss(X, names[LABELS]))
    with pytest.raises(TypeError, match="labels"):
        loss(X, LABELS.astype(np.float32))


@pytest.mark.parametrize("loss", LABELLED.values(), ids=LABELLED)
def test_anchors_without_a_partner_count_nothing(loss):
    values, grad = gradients(loss, jnp.asarray(X), np.arange(8))
    assert jnp.all(values == 0)
    assert jnp.all(grad == 0)
    assert loss(X, LABELS)[-1] == 0


@pytest.mark.parametrize("name", ["info_nce", "clip", "sup_con"])
def test_derivatives_in_the_temperature_do_not_see_what_is_left_out(name):
    loss, arrays = LOSSES[name]
    option = "logit_scale" if name == "clip" else "temperature"
    kept = np.array([True, True, False, True, True, True, False, True])

    def total(level, arrays, **mask):
        return jnp.sum(loss(*arrays, **{option: level}, **mask))

    level = jnp.float32(0.5)
    for derivative in (jax.grad(total), jax.grad(jax.grad(total))):
        given = derivative(level, arrays, where=kept)
        expected = derivative(level, [array[kept] for array in arrays])
        np.testing.assert_allclose(given, expected, rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_no_items_and_no_features(name):
    loss, arrays = LOSSES[name]
    for array in (arrays[0][:0], arrays[0][:, :0]):
        rest = [array if a.ndim == 2 else a[: len(array)] for a in arrays]
        values, grad = gradients(loss, jnp.asarray(array), *rest[1:])
        assert jnp.isfinite(values).all()
        assert grad.shape == array.shape
        assert len(array) or jnp.all(values == 0)


def test_terms_of_weight_zero_are_not_in_the_program():
    def products(weight):
        program = jax.make_jaxpr(lambda x, y: contrastive.vicreg(x, y, covariance_weight=weight))
        return str(program(X, Y)).count("dot_general")

    assert products(0.0) == 0
    assert products(1.0) == 2
    absent = contrastive.barlow_twins(X, Y, off_diagonal_weight=0.0)
    assert absent == contrastive.barlow_twins(X, Y, off_diagonal_weight=jnp.zeros(()))


def test_equal_views_agree_exactly():
    """On the diagonal, one less a correlation of one is 0 and no rounding error."""
    far = X + 1000
    assert contrastive.barlow_twins(far, far, off_diagonal_weight=0.0) == 0


def test_the_hardest_pairs_alone_have_a_gradient():
    x = np.float32([[0.0], [1.0], [3.0], [2.5], [9.0]])
    labels = np.array([0, 0, 0, 1, 1])

    def of_first(x):
        return metric.batch_hard_triplet(x, labels)[0]

    value, grad = jax.value_and_grad(of_first)(x)
    assert value == np.float32(0.2 + 3 - 2.5)
    assert grad[:, 0].tolist() == [0, 0, 1, -1, 0]


def test_ties_of_the_hardest_go_to_the_first():
    x = np.float32([[0.0], [1.0], [-1.0], [2.0], [-2.0]])
    labels = np.array([0, 0, 0, 1, 1])
    grad = jax.grad(lambda x: metric.batch_hard_triplet(x, labels, margin=2.0)[0])(x)
    assert grad[:, 0].tolist() == [0, 1, 0, -1, 0]


def test_mining_leaves_nothing_quadratic_for_the_gradient():
    """The gradient needs no array of pairs beyond the one that is searched."""
    n = 512
    x, labels = jax.ShapeDtypeStruct((n, 16), jnp.float32), np.arange(n) % 8

    def total(x):
        return jnp.sum(metric.batch_hard_triplet(x, labels))

    step = jax.jit(jax.value_and_grad(total)).lower(x).compile()
    assert step.memory_analysis().temp_size_in_bytes < 2 * 4 * n * n


def brute(x, labels, margin):
    distance = np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))
    values = np.zeros(len(x))
    for a in range(len(x)):
        hinges = [
            max(0, margin + distance[a, p] - distance[a, n])
            for p in range(len(x))
            for n in range(len(x))
            if p != a and labels[p] == labels[a] and labels[n] != labels[a]
        ]
        values[a] = np.mean(hinges) if hinges else 0
    return values


def test_all_triplets_equal_the_loop():
    rng = np.random.default_rng(2)
    x, labels = rng.standard_normal((40, 3)), rng.integers(0, 5, 40)
    with float64():
        values = metric.batch_all_triplet(jnp.asarray(x), labels, margin=0.5)
    np.testing.assert_allclose(values, brute(x, labels, 0.5), rtol=1e-9)


def test_all_triplets_are_never_formed():
    def temporary(n):
        def total(x):
            return jnp.sum(metric.batch_all_triplet(x, np.arange(n) % 8))

        x = jax.ShapeDtypeStruct((n, 16), jnp.float32)
        step = jax.jit(jax.value_and_grad(total)).lower(x).compile()
        return step.memory_analysis().temp_size_in_bytes

    assert temporary(256) < 5 * temporary(128)


@pytest.mark.parametrize("name", LOSSES)
def test_items_may_be_divided_over_devices_explicitly(name):
    """In Explicit mode too, where the compiler decides nothing; and so may features, or both."""
    loss, arrays = LOSSES[name]
    expected = gradients(loss, *map(jnp.asarray, arrays))
    mesh = jax.make_mesh((2, 4), ("items", "features"), axis_types=(AxisType.Explicit,) * 2)
    with jax.set_mesh(mesh):
        for spec in (
            PartitionSpec("items"),
            PartitionSpec(None, "features"),
            PartitionSpec(*mesh.axis_names),
        ):
            placed = [
                jax.device_put(array, NamedSharding(mesh, PartitionSpec(*spec[: array.ndim])))
                for array in arrays
            ]
            given = gradients(loss, *placed)
            for ours, theirs in zip(given, expected, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_unit_vectors():
    x = np.float32([[3, 4], [0, 0], [1e30, 0]])
    np.testing.assert_allclose(numerics.normalize(x), [[0.6, 0.8], [0, 0], [1, 0]])
    grad = jax.grad(lambda x: jnp.sum(numerics.normalize(x)))(x)
    assert jnp.isfinite(grad).all()
    assert jnp.all(grad[1] == 0)
