"""Sound by its spectrogram: how loud each frequency is, moment by moment.

Signals are on the last axis, which gives one value; channels and sources are batch. What a
spectrogram is made with is an array: `window` holds the weights of a frame, zeros where it is
shorter than the transform, and so says how long both are. Signals compared sample by sample are in
`jaxloss.audio`.
"""

from collections.abc import Sequence
from math import log, log10

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, hyperparameters, of_rows, vectors
from jaxloss.core.numerics import absolute, safe_divide, safe_norm, safe_sqrt

RESOLUTIONS = ((1024, 600, 120), (2048, 1200, 240), (512, 240, 50))
"""Sizes of transform, window and hop of the multi-resolution loss, as in Parallel WaveGAN."""


def spectral_convergence(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    window: Float[ArrayLike, " size"] | None = None,
    hop: int | None = None,
) -> Float[Array, "*batch"]:
    """Reward the strong parts of a spectrogram, against the strength of all of it.

    Formula: `norm(S_pred - S_target) / norm(S_target)` with the spectrograms `S` of `spectrogram`;
    0, with gradient 0, for a silent target.

    Args:
        pred: estimated signals.
        target: true signals.
        window: weights of a frame; those of `hann_window(1024)` by default.
        hop: samples from frame to frame; a quarter of the window by default.

    Returns:
        One value for each signal.

    Example:
        >>> spectral_convergence(1.1 * jnp.arange(8.0), jnp.arange(8.0), window=hann_window(4))
        Array(0.1, dtype=float32)

    Reference: Arik et al. 2018, arXiv:1808.06719.
    """
    return _convergence(*_spectrograms(pred, target, window, hop))


def log_magnitude(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-7,
    window: Float[ArrayLike, " size"] | None = None,
    hop: int | None = None,
) -> Float[Array, "*batch"]:
    """Reward every part of a spectrogram, however faint, on a scale of loudness.

    Formula: `mean(abs(log(S_pred + eps) - log(S_target + eps)))` with the spectrograms `S` of
    `spectrogram`.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: magnitude that is as good as none, positive.
        window: weights of a frame; those of `hann_window(1024)` by default.
        hop: samples from frame to frame; a quarter of the window by default.

    Returns:
        One value for each signal.

    Example:
        >>> log_magnitude(2 * jnp.ones(8), jnp.ones(8), window=jnp.ones(1))
        Array(0.6931, dtype=float32)

    Reference: Arik et al. 2018, arXiv:1808.06719.
    """
    found, true = _spectrograms(pred, target, window, hop)
    (eps,) = hyperparameters(_of_spectrograms(found), eps=eps)
    return _apart(found, true, eps)


def stft(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-7,
    window: Float[ArrayLike, " size"] | None = None,
    hop: int | None = None,
) -> Float[Array, "*batch"]:
    """Reward a spectrogram near the true one, in its strong and in its faint parts.

    Formula: `spectral_convergence + log_magnitude`, of the same spectrograms.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: magnitude that is as good as none, positive.
        window: weights of a frame; those of `hann_window(1024)` by default.
        hop: samples from frame to frame; a quarter of the window by default.

    Returns:
        One value for each signal.

    Example:
        >>> stft(2 * jnp.ones(8), jnp.ones(8), window=jnp.ones(1))
        Array(1.6931, dtype=float32)

    Reference: Yamamoto et al. 2020, arXiv:1910.11480.
    """
    found, true = _spectrograms(pred, target, window, hop)
    (eps,) = hyperparameters(_of_spectrograms(found), eps=eps)
    return _convergence(found, true) + _apart(found, true, eps)


def multi_resolution_stft(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-7,
    windows: Sequence[Float[ArrayLike, " size"]] | None = None,
    hops: Sequence[int] | None = None,
) -> Float[Array, "*batch"]:
    """Reward spectrograms near the true ones, both those fine in time and those fine in pitch.

    Formula: the mean of `stft` over the windows.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: magnitude that is as good as none, positive.
        windows: weights of a frame for each resolution; by default, the three of the paper.
        hops: samples from frame to frame, one for each window; a quarter of each by default, and
            those of the paper for its windows.

    Returns:
        One value for each signal.

    Example:
        >>> windows = [jnp.ones(1), jnp.ones(2)]
        >>> multi_resolution_stft(2 * jnp.ones(8), jnp.ones(8), windows=windows)
        Array(1.5199, dtype=float32)

    Reference: Yamamoto et al. 2020, arXiv:1910.11480.
    """
    if windows is None:
        windows = [hann_window(size, length=length) for size, length, _ in RESOLUTIONS]
        hops = [hop for *_, hop in RESOLUTIONS] if hops is None else hops
    steps = [None] * len(windows) if hops is None else hops
    if len(steps) != len(windows):
        raise ValueError(f"expected `hops` for {len(windows)} windows, got {len(steps)}")
    values = [
        stft(pred, target, eps=eps, window=window, hop=hop)
        for window, hop in zip(windows, steps, strict=True)
    ]
    return sum(values[1:], start=values[0]) / len(values)


def mel(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    filters: Real[ArrayLike, "bands frequencies"],
    *,
    eps: ArrayLike = 1e-5,
    window: Float[ArrayLike, " size"] | None = None,
    hop: int | None = None,
) -> Float[Array, "*batch"]:
    """Reward each band of hearing as loud as it truly is, moment by moment.

    Formula: `mean(abs(log(M_pred + eps) - log(M_target + eps)))` with `M = filters @ S` of the
    spectrograms `S` of `spectrogram`.

    Args:
        pred: estimated signals.
        target: true signals.
        filters: non-negative weights of the frequencies in each band, as `mel_filters` gives them.
        eps: loudness that is as good as silence, positive.
        window: weights of a frame; those of `hann_window(1024)` by default.
        hop: samples from frame to frame; a quarter of the window by default.

    Returns:
        One value for each signal.

    Example:
        >>> mel(2 * jnp.ones(8), jnp.ones(8), jnp.ones((1, 1)), window=jnp.ones(1))
        Array(0.6931, dtype=float32)

    Reference: Kong et al. 2020, arXiv:2010.05646.
    """
    found, true = _spectrograms(pred, target, window, hop)
    (bank,) = vectors(filters=filters)
    if bank.ndim != 2 or bank.shape[-1] != found.shape[-1]:
        raise ValueError(
            f"expected `filters` of shape (bands, {found.shape[-1]}), got {bank.shape}"
        )
    (eps,) = hyperparameters(_of_spectrograms(found), eps=eps)
    bank = bank.astype(found.dtype)
    loud, wanted = (
        jnp.einsum("...tf,bf->...tb", magnitudes, bank, precision="highest")
        for magnitudes in (found, true)
    )
    return _apart(loud, wanted, eps)


def spectrogram(
    signal: Real[ArrayLike, "*batch samples"],
    *,
    window: Float[ArrayLike, " size"] | None = None,
    hop: int | None = None,
) -> Float[Array, "*batch frames frequencies"]:
    """Magnitudes of the frequencies of a signal, frame by frame (short-time Fourier transform).

    The first frame has its middle at the first sample; beyond its ends the signal is reflected.

    Args:
        signal: samples on the last axis, more than half as many as the window has.
        window: weights of a frame; those of `hann_window(1024)` by default.
        hop: samples from frame to frame; a quarter of the window by default.

    Raises:
        ValueError: for a signal that is too short.

    Example:
        >>> spectrogram(jnp.ones(4), window=hann_window(2), hop=2)
        Array([[1., 1.],
               [1., 1.],
               [1., 1.]], dtype=float32)

    Reference: Allen 1977, doi:10.1109/TASSP.1977.1162950.
    """
    (signal,) = vectors(signal=signal)
    return _magnitudes(signal, window, hop, "signal")


def hann_window(size: int, *, length: int | None = None) -> Float[Array, " size"]:
    """Weights of a frame that fall to 0 towards its ends, periodic.

    Formula: `(1 - cos(2 * pi * arange(length) / length)) / 2`, in the middle of `size` zeros.

    Args:
        size: of the transform.
        length: of the window; `size` by default.

    Example:
        >>> hann_window(6, length=4)
        Array([0. , 0. , 0.5, 1. , 0.5, 0. ], dtype=float32)

    Reference: Harris 1978, doi:10.1109/PROC.1978.10837.
    """
    length = size if length is None else length
    weights = jnp.square(jnp.sin(jnp.pi * jnp.arange(length, dtype=float) / length))
    before = (size - length) // 2
    return jnp.pad(weights, (before, size - length - before))


def mel_filters(
    bands: int, frequencies: int, *, rate: float, low: float = 0.0, high: float | None = None
) -> Float[Array, "bands frequencies"]:
    """Triangles over frequencies whose middles are evenly spaced in pitch as it is heard.

    Formula: pitch is `2595 * log10(1 + hertz / 700)`; each triangle has height 1 at its middle and
    0 at the middles of its neighbours.

    Args:
        bands: how many triangles there are.
        frequencies: of a spectrogram, half the size of the window and one.
        rate: samples a second.
        low: lowest frequency, in hertz.
        high: highest frequency; half the rate by default.

    Example:
        >>> mel_filters(2, 5, rate=8000.0)
        Array([[0.    , 0.6759, 0.    , 0.    , 0.    ],
               [0.    , 0.3241, 0.9055, 0.4528, 0.    ]], dtype=float32)

    Reference: O'Shaughnessy 1987, "Speech Communication: Human and Machine".
    """
    top = rate / 2 if high is None else high
    hertz = jnp.linspace(0, rate / 2, frequencies)
    lowest, highest = (2595 * log10(1 + end / 700) for end in (low, top))
    pitches = jnp.linspace(lowest, highest, bands + 2)
    corners = 700 * jnp.expm1(pitches * log(10) / 2595)
    widths = jnp.diff(corners)
    up = (hertz[None, :] - corners[:-2, None]) / widths[:-1, None]
    down = (corners[2:, None] - hertz[None, :]) / widths[1:, None]
    return jnp.maximum(0, jnp.minimum(up, down))


def _of_spectrograms(magnitudes: Array) -> jax.ShapeDtypeStruct:
    return of_rows(of_rows(magnitudes))


def _spectrograms(
    pred: ArrayLike, target: ArrayLike, window: ArrayLike | None, hop: int | None
) -> tuple[Array, Array]:
    pred, target = vectors(pred=pred, target=target)
    return _magnitudes(pred, window, hop, "pred"), _magnitudes(target, window, hop, "target")


def _magnitudes(signal: Array, window: ArrayLike | None, hop: int | None, name: str) -> Array:
    weights = hann_window(1024) if window is None else jnp.asarray(window)
    if weights.ndim != 1:
        raise ValueError(f"expected `window` of one axis, got shape {weights.shape}")
    size = weights.shape[0]
    step = max(1, size // 4) if hop is None else hop
    if signal.shape[-1] <= size // 2:
        raise ValueError(
            f"expected `{name}` of more than {size // 2} samples, half of the window, "
            f"got shape {signal.shape}"
        )
    sides = [(0, 0)] * (signal.ndim - 1) + [(size // 2, size // 2)]
    padded = jnp.pad(signal, sides, mode="reflect")
    shape = (*(1,) * signal.ndim, size)
    frames = _frames(padded, size, step) * weights.astype(signal.dtype).reshape(shape)
    spectrum = jnp.fft.rfft(frames)
    return safe_sqrt(jnp.square(spectrum.real) + jnp.square(spectrum.imag))


def _frames(signal: Array, size: int, step: int) -> Array:
    """Frames that overlap, as pieces side by side: the gradient of a gather would be slow."""
    count = (signal.shape[-1] - size) // step + 1
    pieces = -(-size // step)
    length = (count + pieces - 1) * step
    fitted = signal[..., :length]
    sides = [(0, 0)] * (signal.ndim - 1) + [(0, length - fitted.shape[-1])]
    cut = jnp.pad(fitted, sides).reshape(*signal.shape[:-1], count + pieces - 1, step)
    beside = [cut[..., k : k + count, :] for k in range(pieces)]
    return jnp.concatenate(beside, axis=-1)[..., :size]


def _convergence(found: Array, true: Array) -> Array:
    apart, whole = ((safe_norm(safe_norm(x, -1), -1)) for x in (found - true, true))
    return safe_divide(apart, whole)


def _apart(found: Array, true: Array, eps: Array) -> Array:
    floor = along(eps, 2)
    return jnp.mean(absolute(jnp.log(found + floor) - jnp.log(true + floor)), axis=(-2, -1))
