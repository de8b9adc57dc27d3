"""What is peculiar to registration and displacements: volumes, flat images, sizes."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import displacement, registration
from tests.oracles import displacement as smooth_oracle, registration as match_oracle

THIRDS = np.full(3, 1 / 3, np.float32)
ODD = np.array([0.5, 1, 2], np.float32)


def volumes(count, channels):
    rng = np.random.default_rng(0)
    return [rng.random((2, 3, 4, 3, channels), np.float32) for _ in range(count)]


def test_volumes_are_as_the_oracles_say():
    pairs, fields = volumes(2, 1), volumes(1, 3)
    calls = [
        ("local_cross_correlation", pairs, {"window": THIRDS, "eps": 1e-5}),
        ("mutual_information", pairs, {"num_bins": 4, "sigma": 0.5, "max_value": 1.0}),
        ("normalized_mutual_information", pairs, {"num_bins": 4, "sigma": 0.5, "max_value": 1.0}),
        ("normalized_gradient_field", pairs, {"eps": 0.01, "spacing": ODD}),
        ("diffusion", fields, {"spacing": ODD}),
        ("bending_energy", fields, {"spacing": ODD}),
        ("folding", [9 * field for field in fields], {"spacing": ODD}),
    ]
    for name, given, options in calls:
        ours = getattr(registration, name, None) or getattr(displacement, name)
        oracle = getattr(match_oracle, name, None) or getattr(smooth_oracle, name)
        value = jax.jit(lambda *a, ours=ours, options=options: ours(*a, num_axes=3, **options))(
            *given
        )
        expected = oracle(*given, num_axes=3, **options)
        np.testing.assert_allclose(value, expected, rtol=1e-5, err_msg=name)


def test_windows_are_nine_pixels_wide():
    pred, target = np.random.default_rng(1).random((2, 1, 10, 9, 1), np.float32)
    expected = match_oracle.local_cross_correlation(pred, target, eps=1e-5)
    found = registration.local_cross_correlation(pred, target)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kernel", ["gaussian", "b_spline", "quadratic"])
def test_a_flat_image_tells_nothing(kernel):
    target = np.random.default_rng(2).random((1, 4, 5, 1), np.float32)
    flat = np.full_like(target, 0.3)
    for loss, value in (
        (registration.mutual_information, 0),
        (registration.normalized_mutual_information, 1),
    ):
        found, slope = jax.value_and_grad(lambda x, f=loss: f(x, target, kernel=kernel).sum())(flat)
        np.testing.assert_allclose(found, value, atol=2e-6)
        np.testing.assert_allclose(slope, 0, atol=1e-5)


def test_inverted_images_match_by_what_they_tell_alone():
    target = np.random.default_rng(3).random((1, 8, 8, 1), np.float32)
    same = registration.mutual_information(target, target)
    inverted = registration.mutual_information(1 - target, target)
    np.testing.assert_allclose(inverted, same, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: registration.local_cross_correlation(np.ones((5, 9, 1)), np.ones((5, 9, 1))), "9"),
        (
            lambda: registration.mutual_information(*np.ones((2, 3, 3, 1)), num_bins=1),
            "`num_bins` of at least 2",
        ),
        (lambda: displacement.diffusion(np.ones((1, 2, 2))), "at least 2 pixels"),
        (lambda: displacement.diffusion(np.ones((2, 2, 2)), stencil="wide"), "at least 3 pixels"),
        (lambda: displacement.bending_energy(np.ones((2, 3, 2))), "at least 3 pixels"),
        (lambda: displacement.folding(np.ones((3, 3, 3))), "of 2 channels"),
        (
            lambda: displacement.diffusion(jnp.ones((3, 3, 2)), spacing=[1.0, 1.0, 1.0]),
            "`spacing` of shape (2,)",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
