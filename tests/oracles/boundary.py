"""Losses of boundaries and skeletons: over all pairs of pixels, in loops over neighbours."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tests.oracles.loops import Array, Mask, kept, real

X = npt.ArrayLike
Place = tuple[int, ...]


def _sigmoid(z: Array) -> Array:
    return (1 + np.tanh(z / 2)) / 2


def _each(batch: Place, value: Callable[[Any], Any]) -> Array:
    """A value for each index of the batch."""
    result = np.zeros(batch)
    for index in np.ndindex(batch):
        result[index] = value(index)
    return result


def boundary(logits: X, distances: X, *, where: X | None = None) -> Array:
    """The mean of probability times signed distance over the pixels kept."""
    p, phi = _sigmoid(real(logits)), real(distances)
    keep = kept(where, p.shape)

    def value(index: Place) -> float:
        terms = [a * b for a, b, k in zip(p[index], phi[index], keep[index], strict=True) if k]
        return sum(terms) / len(terms) if terms else 0.0

    return _each(p.shape[:-1], value)


def hausdorff(
    logits: X,
    target: X,
    pred_distances: X,
    distances: X,
    *,
    alpha: X,
    where: X | None = None,
) -> Array:
    """The mean of (p - g)² (d_p^α + d_g^α), from distances without their signs."""
    p, t = _sigmoid(real(logits)), real(target)
    d_p, d_g = np.abs(real(pred_distances)), np.abs(real(distances))
    keep, exponent = kept(where, p.shape), np.broadcast_to(real(alpha), p.shape[:-1])

    def value(index: Place) -> float:
        terms = [
            (a - b) ** 2 * (x ** exponent[index] + y ** exponent[index])
            for a, b, x, y, k in zip(
                p[index], t[index], d_p[index], d_g[index], keep[index], strict=True
            )
            if k
        ]
        return sum(terms) / len(terms) if terms else 0.0

    return _each(p.shape[:-1], value)


def signed_distance(
    mask: npt.ArrayLike, *, spacing: float | Sequence[float] = 1.0, num_axes: int = 2
) -> Array:
    """Of each pixel the least distance to one on the other side; 0 where there is none."""
    bits: Mask = np.asarray(mask, np.bool_)
    steps = np.broadcast_to(real(spacing), (num_axes,))
    batch, space = bits.shape[: bits.ndim - num_axes], bits.shape[bits.ndim - num_axes :]
    result = np.zeros(bits.shape)
    for index in itertools.product(np.ndindex(batch), np.ndindex(space)):
        image, here = bits[index[0]], index[1]
        others = [
            float(np.sqrt(np.sum(((np.array(here) - np.array(there)) * steps) ** 2)))
            for there in np.ndindex(space)
            if image[there] != image[here]
        ]
        sign = -1 if image[here] else 1
        result[(*index[0], *here)] = sign * min(others, default=0.0)
    return result


def _beside(here: Place, shape: Place) -> Iterator[Place]:
    """Places one step away along one axis."""
    for axis, step in itertools.product(range(len(shape)), (1, -1)):
        there = list(here)
        there[axis] += step
        if 0 <= there[axis] < shape[axis]:
            yield tuple(there)


def hausdorff_erosion(
    logits: X, target: X, *, alpha: X, erosions: int = 10, num_axes: int = 2
) -> Array:
    """Erode the squared error again and again: average with a cross, cut at 1/2, stretch."""
    errors = (_sigmoid(real(logits)) - real(target)) ** 2
    batch = errors.shape[: errors.ndim - num_axes]
    exponent = np.broadcast_to(real(alpha), batch)

    def value(index: Place) -> float:
        image, total = errors[index], 0.0
        for k in range(1, erosions + 1):
            eroded = np.zeros(image.shape)
            for here in np.ndindex(image.shape):
                around = image[here] + sum(image[there] for there in _beside(here, image.shape))
                eroded[here] = max(around / (2 * num_axes + 1) - 0.5, 0.0)
            low, high = np.min(eroded), np.max(eroded)
            image = (eroded - low) / (high - low) if high > low else eroded
            total += k ** exponent[index] * float(np.mean(image))
        return total

    return _each(batch, value)


def cl_dice(logits: X, target: X, *, smoothing: X, iterations: int = 3, num_axes: int = 2) -> Array:
    """1 - 2 precision recall / (precision + recall) of the skeletons, each 1 where it is 0 / 0."""
    p, t = _sigmoid(real(logits)), real(target)
    batch = p.shape[: p.ndim - num_axes]
    smooth = np.broadcast_to(real(smoothing), batch)

    def value(index: Place) -> float:
        shares = []
        for of, inside in ((p[index], t[index]), (t[index], p[index])):
            line = soft_skeleton(of, iterations=iterations, num_axes=num_axes)
            below = float(np.sum(line)) + smooth[index]
            shares.append((float(np.sum(line * inside)) + smooth[index]) / below if below else 1.0)
        precision, recall = shares
        both = precision + recall
        return 1 - (2 * precision * recall / both if both else 0.0)

    return _each(batch, value)


def soft_skeleton(mask: X, *, iterations: int = 3, num_axes: int = 2) -> Array:
    """Algorithm 1 of the paper, with minima over crosses and maxima over boxes."""
    soft = real(mask)
    result = np.zeros(soft.shape)
    for index in np.ndindex(soft.shape[: soft.ndim - num_axes]):
        image = soft[index]
        skeleton = np.zeros(image.shape)
        cross = ndimage.generate_binary_structure(num_axes, 1)
        for _ in range(iterations + 1):
            eroded = ndimage.minimum_filter(image, footprint=cross, mode="constant", cval=np.inf)
            opened = ndimage.maximum_filter(eroded, size=3, mode="constant", cval=-np.inf)
            rest = np.maximum(image - opened, 0)
            skeleton = skeleton + np.maximum(rest - skeleton * rest, 0)
            image = eroded
        result[index] = skeleton
    return result
