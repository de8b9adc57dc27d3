"""Losses of spectrograms: frames one by one, Fourier sums as they are defined."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def hann_window(size: int, *, length: int | None = None) -> Array:
    """(1 - cos) / 2 over one period, in the middle of zeros."""
    count = size if length is None else length
    result = np.zeros(size)
    for k in range(count):
        result[(size - count) // 2 + k] = (1 - np.cos(2 * np.pi * k / count)) / 2
    return result


def mel_filters(
    bands: int, frequencies: int, *, rate: float, low: float = 0.0, high: float | None = None
) -> Array:
    """Triangles between neighbours on the scale of O'Shaughnessy."""
    top = rate / 2 if high is None else high

    def pitch(hertz: float) -> float:
        return 2595 * np.log10(1 + hertz / 700)

    steps = [pitch(low) + (pitch(top) - pitch(low)) * k / (bands + 1) for k in range(bands + 2)]
    corners = [700 * (10 ** (step / 2595) - 1) for step in steps]
    result = np.zeros((bands, frequencies))
    for b, k in np.ndindex(bands, frequencies):
        hertz, (a, m, c) = rate / 2 * k / (frequencies - 1), corners[b : b + 3]
        if a <= hertz <= c:
            result[b, k] = (hertz - a) / (m - a) if hertz <= m else (c - hertz) / (c - m)
    return result


def spectrogram(signal: X, *, window: X | None = None, hop: int | None = None) -> Array:
    """|Σ w[k] x[k + t hop - size / 2] e^{-2πi f k / size}|, mirrored at the ends."""
    x = real(signal)
    weights = hann_window(1024) if window is None else real(window)
    size, count = len(weights), x.shape[-1]
    step = max(1, size // 4) if hop is None else hop

    def mirrored(place: int) -> int:
        place = abs(place)
        return place if place < count else 2 * (count - 1) - place

    frames = (count + 2 * (size // 2) - size) // step + 1
    waves = np.exp(-2j * np.pi * np.outer(np.arange(size), np.arange(size // 2 + 1)) / size)
    places = [[mirrored(t * step + k - size // 2) for k in range(size)] for t in range(frames)]
    return np.abs((weights * x[..., np.array(places)]) @ waves)


def spectral_convergence(
    pred: X, target: X, *, window: X | None = None, hop: int | None = None
) -> Array:
    """Frobenius norm of the error over that of the target."""
    x, y = (spectrogram(a, window=window, hop=hop) for a in (pred, target))
    apart, whole = (np.sqrt(np.sum(a**2, axis=(-2, -1))) for a in (x - y, y))
    return np.where(whole > 0, apart / np.where(whole > 0, whole, 1), 0.0)


def _apart(x: Array, y: Array, eps: X) -> Array:
    floor = np.broadcast_to(real(eps), x.shape[:-2])[..., None, None]
    return np.mean(np.abs(np.log(x + floor) - np.log(y + floor)), axis=(-2, -1))


def log_magnitude(
    pred: X, target: X, *, eps: X, window: X | None = None, hop: int | None = None
) -> Array:
    """The mean absolute error of the logarithms."""
    x, y = (spectrogram(a, window=window, hop=hop) for a in (pred, target))
    return _apart(x, y, eps)


def stft(pred: X, target: X, *, eps: X, window: X | None = None, hop: int | None = None) -> Array:
    """The sum of both."""
    options: dict[str, Any] = {"window": window, "hop": hop}
    convergence = spectral_convergence(pred, target, **options)
    return convergence + log_magnitude(pred, target, eps=eps, **options)


def multi_resolution_stft(
    pred: X,
    target: X,
    *,
    eps: X,
    windows: Sequence[X] | None = None,
    hops: Sequence[int] | None = None,
) -> Array:
    """The mean over resolutions."""
    papers = ((1024, 600, 120), (2048, 1200, 240), (512, 240, 50))
    if windows is None:
        windows = [hann_window(size, length=length) for size, length, _ in papers]
        hops = [hop for *_, hop in papers] if hops is None else hops
    steps = [None] * len(windows) if hops is None else hops
    return np.mean(
        [
            stft(pred, target, eps=eps, window=window, hop=hop)
            for window, hop in zip(windows, steps, strict=True)
        ],
        axis=0,
    )


def mel(
    pred: X,
    target: X,
    filters: X,
    *,
    eps: X,
    window: X | None = None,
    hop: int | None = None,
) -> Array:
    """The mean absolute error of the logarithms of sums over bands."""
    bank = real(filters)
    x, y = (spectrogram(a, window=window, hop=hop) @ bank.T for a in (pred, target))
    return _apart(x, y, eps)
