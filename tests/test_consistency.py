"""Teachers that learn nothing, and examples that are blended as their targets are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss.losses import consistency
from tests.oracles import consistency as oracles

RNG = np.random.default_rng(0)
LOGITS, TEACHER = (3 * RNG.standard_normal((6, 5)).astype(np.float32) for _ in range(2))
EYE = np.eye(6, dtype=np.float32)
TARGET = np.float32(RNG.dirichlet(np.ones(4), 6))


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (consistency.mean_teacher, {}),
        (consistency.uda, {"threshold": 0.3}),
        (consistency.pseudo_label, {"threshold": 0.3}),
    ],
    ids=["mean_teacher", "uda", "pseudo_label"],
)
def test_a_teacher_has_no_gradient(loss, options):
    total = lambda z, t: jnp.sum(loss(z, t, **options))
    of_student, of_teacher = jax.jit(jax.grad(total, (0, 1)))(LOGITS, TEACHER)
    assert jnp.any(of_student != 0)
    assert jnp.all(of_teacher == 0)
    curved = jax.grad(lambda t: jnp.sum(jax.grad(total)(LOGITS, t)))(TEACHER)
    assert jnp.all(curved == 0), "nor has the student's gradient one in it"


@pytest.mark.parametrize("loss", [consistency.r_drop, consistency.pi_model])
def test_two_passes_both_learn(loss):
    total = lambda z, t: jnp.sum(loss(z, t))
    for gradient in jax.grad(total, (0, 1))(LOGITS, TEACHER):
        assert jnp.all(jnp.any(gradient != 0, axis=-1))


@pytest.mark.parametrize("alpha", [0.2, 5.0])
def test_mixup_blends_targets_as_examples(alpha):
    """Unit vectors show who is blended with whom, and by how much."""
    mixed, target = jax.jit(consistency.mixup)(EYE, TARGET, jax.random.key(3), alpha=alpha)
    share = np.diag(mixed).copy()
    rest = np.asarray(mixed - np.diag(share))
    others = np.where(rest.any(axis=-1), np.argmax(rest, axis=-1), np.arange(6))
    share[others == np.arange(6)] = 1
    assert sorted(others) == [*range(6)], "everyone is blended in once"
    for ours, theirs in zip(
        (mixed, target), oracles.mixup(EYE, TARGET, share, others), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jnp.sum(target, axis=-1), 1, rtol=1e-5)


def test_mixup_draws_shares_from_beta():
    many = 20000
    mixed, _ = consistency.mixup(
        jnp.arange(many, dtype=jnp.float32)[:, None] % 2, jnp.ones((many, 1)), jax.random.key(0)
    )
    # One half of the pairs hold a 0 and a 1; the variance of Beta(a, a) is 1 / (8 a + 4).
    variance = 0.25 - np.mean(mixed * (1 - mixed))
    share = 1 / (8 * 0.2 + 4)
    np.testing.assert_allclose(variance, (0.25 + share) / 2, atol=5e-3)


def test_cutmix_blends_targets_by_what_is_seen():
    """Images of their own number show the boxes."""
    images = np.broadcast_to(np.float32(np.arange(6))[:, None, None, None], (6, 7, 5, 1))
    mixed, target = jax.jit(consistency.cutmix)(images, TARGET, jax.random.key(1))
    boxes, others = [], []
    for i, image in enumerate(np.asarray(mixed)[..., 0]):
        pasted = image != i
        others.append(int(image[pasted][0]) if pasted.any() else i)
        rows, columns = (np.flatnonzero(pasted.any(axis=axis)) for axis in (1, 0))
        box = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) if pasted.any() else (0,) * 4
        assert pasted.sum() == (box[1] - box[0]) * (box[3] - box[2]), "one box"
        boxes.append(box)
    assert any(box != (0,) * 4 for box in boxes)
    for ours, theirs in zip(
        (mixed, target), oracles.cutmix(images, TARGET, boxes, others), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_cutmix_pastes_the_share_that_it_draws():
    """Boxes that hang over the border are smaller, and never larger, than drawn: a half on average
    of even shares, less what is cut off."""
    images = np.zeros((512, 16, 16, 1), np.float32)
    target = np.eye(512, dtype=np.float32)
    _, blended = consistency.cutmix(images, target, jax.random.key(0))
    pasted = 1 - np.diagonal(blended)
    assert 0.2 < pasted.mean() < 0.4
    assert pasted.min() >= 0
    assert pasted.max() <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda key: consistency.mixup(EYE, TARGET[:3], key), "a distribution for each of"),
        (lambda key: consistency.cutmix(EYE, TARGET, key), "height, width, channels"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(jax.random.key(0))
