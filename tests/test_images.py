"""What is peculiar to boxes, images and sound: sets, sizes that do not fit, defaults of papers."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from jaxloss import boxes, edges, frequency, image, perceptual, spectral
from tests.oracles import image as image_oracle, spectral as spectral_oracle


def images(size, count=2, channels=2):
    shape = (count, size, size, channels)
    return [np.random.default_rng(i).random(shape, np.float32) for i in range(2)]


@pytest.mark.parametrize(("n", "m"), [(3, 3), (7, 4), (4, 7), (6, 6)])
def test_matches_are_those_of_scipy(n, m):
    rng = np.random.default_rng(n)
    costs, kept = rng.standard_normal((8, n, m), np.float32), rng.random((8, m)) < 0.7
    found = np.asarray(jax.jit(boxes.match)(costs, where=kept))
    for matrix, keep, rows in zip(costs, kept, found, strict=True):
        there = np.flatnonzero(keep)
        best = matrix[:, there][linear_sum_assignment(matrix[:, there])].sum()
        got = np.flatnonzero(rows >= 0)
        assert set(got) <= set(there)
        assert len(got) == len(set(rows[got])) == min(n, len(there))
        np.testing.assert_allclose(matrix[rows[got], got].sum(), best, rtol=1e-5)


def test_costs_that_are_not_finite_are_taken_last():
    costs = np.array([[np.nan, 5.0], [1.0, np.inf]], np.float32)
    assert boxes.match(costs).tolist() == [1, 0]


def test_assigned_costs_alone_have_a_gradient():
    grads = jax.grad(boxes.assignment)(jnp.array([[1.0, 2.0], [2.0, 9.0], [5.0, 5.0]]))
    np.testing.assert_array_equal(grads, [[0, 0.5], [0.5, 0], [0, 0]])


def test_windows_of_the_papers():
    pred, target = images(20)
    ours = image.ssim(pred, target)
    oracle = image_oracle.ssim(pred, target, max_value=1, k1=0.01, k2=0.03)
    np.testing.assert_allclose(ours, oracle, rtol=1e-5)


def test_long_lines_are_filtered_in_blocks():
    line = [np.tile(one[:, :3, :, :1], (1, 1, 8, 1)) for one in images(20, count=1)]
    window = np.array([0.25, 0.5, 0.25], np.float32)
    oracle = image_oracle.ssim(*line, max_value=1, k1=0.01, k2=0.03, window=window)
    np.testing.assert_allclose(image.ssim(*line, window=window), oracle, rtol=1e-5)


def test_volumes_whose_slices_are_alike_are_as_their_slices():
    pred, target = images(5)
    deep = [np.repeat(one[:, None], 3, axis=1) for one in (pred, target)]
    window = jnp.full(3, 1 / 3)
    np.testing.assert_allclose(
        image.ssim(*deep, window=window, num_axes=3),
        image.ssim(pred, target, window=window),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        frequency.laplacian_pyramid(*deep, levels=3, num_axes=3),
        frequency.laplacian_pyramid(pred, target, levels=3),
        rtol=1e-5,
    )


def test_nearly_equal_images_keep_their_digits():
    pred, _ = images(12)
    value = image.ssim(pred, pred + np.float32(2**-12))
    assert jnp.all(value > 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: image.ssim(*images(8)), "at least 11 pixels"),
        (lambda: image.multiscale_ssim(*images(64)), "at least 176 pixels"),
        (lambda: edges.gmsd(*images(5)), "at least 6 pixels"),
        (lambda: edges.multiscale_gmsd(*images(23)), "at least 24 pixels"),
        (
            lambda: edges.multiscale_gmsd(*images(9), scale_weights=np.ones((2, 2))),
            "`scale_weights` of one axis",
        ),
        (
            lambda: edges.edge_aware_smoothness(np.ones((3, 3, 1)), np.ones((3, 4, 3))),
            "of the same pixels",
        ),
        (lambda: frequency.laplacian_pyramid(*images(2), levels=0), "`levels` of at least 1"),
        (lambda: edges.edge(*images(2)), "at least 3 pixels"),
        (lambda: perceptual.content(np.ones((2, 3)), np.ones((2, 3))), "2 axes of space"),
        (lambda: image.ssim(*images(8), window=np.ones((2, 2))), "`window` of one axis"),
        (lambda: spectral.stft(np.ones(512), np.ones(512)), "more than 512 samples"),
        (
            lambda: spectral.mel(np.ones(9), np.ones(9), np.ones((2, 2)), window=np.ones(4)),
            "(bands, 3)",
        ),
        (lambda: boxes.iou(np.ones(3), np.ones(3)), "two corners"),
        (lambda: boxes.complete_iou(np.ones(6), np.ones(6)), "four coordinates"),
        (lambda: boxes.pairwise(boxes.iou, np.ones(4), np.ones(4)), "sets of boxes"),
        (lambda: boxes.match(np.ones(4)), "(*batch, n, m)"),
    ],
)
def test_what_does_not_fit_is_an_error(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_resolutions_of_the_paper():
    pred, target = np.random.default_rng(0).standard_normal((2, 1200)).astype(np.float32)
    ours = spectral.multi_resolution_stft(pred, target)
    oracle = spectral_oracle.multi_resolution_stft(pred, target, eps=1e-7)
    np.testing.assert_allclose(ours, oracle, rtol=1e-4)


def test_targets_of_perceptual_losses_are_held_constant():
    pred, target = images(4)
    slope = jax.grad(lambda y: perceptual.perceptual(pred, y, features=lambda x: [x]).sum())(target)
    assert not slope.any()
