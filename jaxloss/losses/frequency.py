"""Images by how coarse and how fine what they show is: Fourier spectra, and pyramids.

Images are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, hyperparameters
from jaxloss.core.images import image_mean, images, of_images, weighted_neighbours
from jaxloss.core.numerics import absolute, safe_divide, safe_power, safe_sqrt


def fft_amplitude(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward each frequency as strong as it truly is, wherever its waves begin (spectral loss).

    Formula: `mean((abs(F(pred)) - abs(F(target)))**2)` with the unitary Fourier transform `F` over
    space. Gradient 0 in a frequency that is not there.

    Args:
        pred: predicted images.
        target: true images.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> fft_amplitude(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)))
        Array(1., dtype=float32)

    Reference: Dhariwal et al. 2020, arXiv:2005.00341.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    strong, true = (safe_sqrt(_power(_spectrum(image, num_axes))) for image in (pred, target))
    return image_mean(jnp.square(strong - true), num_axes)


def focal_frequency(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    alpha: ArrayLike = 1.0,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward the frequencies that are hardest to get right.

    Formula: `mean(weight * abs(F(pred) - F(target))**2)` with the unitary Fourier transform `F`
    over space and `weight = abs(F(pred) - F(target))**alpha`, divided by its largest in the image
    and channel, and held constant.

    Args:
        pred: predicted images.
        target: true images.
        alpha: of attention to what is wrong, non-negative.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> focal_frequency(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)))
        Array(1., dtype=float32)

    Reference: Jiang et al. 2021, arXiv:2012.12821.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    (alpha,) = hyperparameters(of_images(pred, num_axes), alpha=alpha)
    power = _power(_spectrum(pred - target, num_axes))
    held = lax.stop_gradient(power)
    space = tuple(range(-num_axes - 1, -1))
    share = safe_divide(held, jnp.max(held, axis=space, keepdims=True, initial=0))
    return image_mean(safe_power(share, along(alpha, num_axes + 1) / 2) * power, num_axes)


def laplacian_pyramid(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    levels: int = 5,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward details of every size, fine ones and coarse ones by their mean error each (Lap1).

    Formula: `sum_j mean(abs(L_j(pred) - L_j(target)))` over the levels of the Laplacian pyramids:
    what an image loses when it is smoothed by `[1, 4, 6, 4, 1] / 16`, halved and doubled again, of
    each half in turn, and what is left at last. Borders go on as they end. (The paper weighs sums
    by `4**j`, which makes means of them.)

    Args:
        pred: predicted images.
        target: true images.
        levels: how many, with the last one; 1 is the absolute error.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Raises:
        ValueError: for less than one level.

    Example:
        >>> laplacian_pyramid(jnp.eye(4)[..., None], jnp.zeros((4, 4, 1)), levels=2)
        Array(0.6187, dtype=float32)

    Reference: Bojanowski et al. 2018, arXiv:1707.05776; Burt and Adelson 1983,
        doi:10.1109/TCOM.1983.1095851.
    """
    if levels < 1:
        raise ValueError(f"expected `levels` of at least 1, got {levels}")
    pred, target = images(num_axes, pred=pred, target=target)
    total, error = jnp.zeros(()), pred - target
    for _ in range(levels - 1):
        coarse = error
        for axis in range(-num_axes - 1, -1):
            coarse = _reduced(coarse, axis)
        fine = coarse
        for axis in range(-num_axes - 1, -1):
            fine = _expanded(fine, axis, error.shape[axis])
        total, error = total + image_mean(absolute(error - fine), num_axes), coarse
    return total + image_mean(absolute(error), num_axes)


def _spectrum(images: Array, num_axes: int) -> Array:
    return jnp.fft.fftn(images, axes=tuple(range(-num_axes - 1, -1)), norm="ortho")


def _power(spectrum: Array) -> Array:
    return jnp.square(spectrum.real) + jnp.square(spectrum.imag)


def _reduced(x: Array, axis: int) -> Array:
    """Every other pixel of a smoothed axis."""
    smooth = weighted_neighbours(_extended(x, axis, 2), (1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16), axis)
    return lax.slice_in_dim(smooth, 0, None, stride=2, axis=axis)


def _expanded(x: Array, axis: int, size: int) -> Array:
    """An axis of so many pixels in place of every other one."""
    wide = _extended(x, axis, 1)
    even = weighted_neighbours(wide, (1 / 8, 3 / 4, 1 / 8), axis)
    odd = lax.slice_in_dim(weighted_neighbours(wide, (0.5, 0.5), axis), 1, None, axis=axis)
    place = x.ndim + axis
    doubled = jnp.stack([even, odd], axis=place + 1).reshape(
        *x.shape[:place], 2 * x.shape[place], *x.shape[place + 1 :]
    )
    return lax.slice_in_dim(doubled, 0, size, axis=axis)


def _extended(x: Array, axis: int, by: int) -> Array:
    width = [(0, 0)] * x.ndim
    width[axis] = (by, by)
    return jnp.pad(x, width, mode="edge")
