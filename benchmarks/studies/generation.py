"""Generative models of handwritten digits: flows and denoisers, and how near they come to the data.

One small network learns the same digits in three ways: a flow from noise paired at random, a flow
from noise paired for the shortest way, and predicted noise. Each is sampled with as many calls of
the network at several points of its training, and the samples are held against digits that no
model has seen.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import jaxloss as jl
from benchmarks.studies import Estimate, Study, estimate
from jaxloss.analysis.plots import GROUNDS, Floats, drawing, png

SIDE = 8
CALLS = 32
"""Of the network for one sample, whatever the method."""
FREQUENCIES = 8
DIRECTIONS = 128
LEARNING_RATE = 2e-3
SHOWN = (4, 9)
"""Rows and columns of digits in a panel."""

Params = dict[str, Array]
Model = Callable[[Array, Array], Array]


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    hidden: int
    batch: int
    checkpoints: tuple[int, ...]


class Method(NamedTuple):
    """A way to learn and to sample.

    Attributes:
        loss: of a model, a batch of digits and a key.
        sample: digits, of a model and noise.
    """

    loss: Callable[[Model, Array, Array], Array]
    sample: Callable[[Model, Array], Array]


class Found(NamedTuple):
    """What the seeds of one method come to.

    Attributes:
        distances: by seed and checkpoint.
        samples: of the first seed, by checkpoint.
        seconds: of training and sampling, all seeds together.
    """

    distances: Floats
    samples: Floats
    seconds: float


def model(params: Params, x: Array, t: Array) -> Array:
    """A network of three hidden layers that reads points and times between 0 and 1."""
    angles = jnp.pi * t[:, None] * jnp.arange(1, FREQUENCIES + 1)
    hidden = jnp.concatenate([x, jnp.sin(angles), jnp.cos(angles)], axis=1)
    for layer in range(3):
        hidden = jax.nn.silu(hidden @ params[f"weight{layer}"] + params[f"bias{layer}"])
    return hidden @ params["weight3"] + params["bias3"]


def initial(key: Array, features: int, hidden: int) -> Params:
    """Parameters before training.

    Args:
        key: draws them.
        features: entries of a digit.
        hidden: width of the layers.
    """
    widths = (features + 2 * FREQUENCIES, hidden, hidden, hidden, features)
    keys = jax.random.split(key, 4)
    normal = jax.nn.initializers.lecun_normal()
    weights = {f"weight{i}": normal(keys[i], widths[i : i + 2]) for i in range(4)}
    return weights | {f"bias{i}": jnp.zeros(widths[i + 1]) for i in range(4)}


def _flow(model: Model, data: Array, key: Array, *, paired: bool) -> Array:
    of_noise, of_time = jax.random.split(key)
    noise = jax.random.normal(of_noise, data.shape)
    if paired:
        data = data[jl.flow.paired(noise, data)]
    t = jax.random.uniform(of_time, data.shape[:1])
    velocity = model(jl.flow.interpolated(noise, data, t), t)
    return jl.mean(jl.flow.flow_matching(velocity, noise, data))


def _denoising(model: Model, data: Array, key: Array) -> Array:
    of_noise, of_time = jax.random.split(key)
    noise, t = jax.random.normal(of_noise, data.shape), jax.random.uniform(of_time, data.shape[:1])
    log_snr = jl.diffusion.cosine_log_snr(t)
    alpha, sigma = jl.diffusion.scales(log_snr)
    noisy = alpha[:, None] * data + sigma[:, None] * noise
    return jl.mean(jl.diffusion.prediction(model(noisy, t), noise, log_snr))


def _denoised(model: Model, noise: Array) -> Array:
    """DDIM: from level to level along what is predicted, whose data stay within the grey levels."""
    times = jnp.linspace(1.0, 0.0, CALLS + 1)

    def step(x: Array, ends: tuple[Array, Array]) -> tuple[Array, None]:
        t, after = (jnp.full(len(x), time) for time in ends)
        alpha, sigma = jl.diffusion.scales(jl.diffusion.cosine_log_snr(t))
        data = jl.diffusion.convert(model(x, t), x, alpha, sigma, given="noise", to="data")
        data = jnp.clip(data, -1, 1)
        left = jl.diffusion.convert(data, x, alpha, sigma, given="data", to="noise")
        alpha, sigma = jl.diffusion.scales(jl.diffusion.cosine_log_snr(after))
        return alpha[:, None] * data + sigma[:, None] * left, None

    return jax.lax.scan(step, noise, (times[:-1], times[1:]))[0]


def _transported(model: Model, noise: Array) -> Array:
    return jl.flow.transported(model, noise, steps=CALLS // 2)


METHODS: Mapping[str, Method] = {
    "flow matching": Method(lambda *given: _flow(*given, paired=False), _transported),
    "flow matching, paired": Method(lambda *given: _flow(*given, paired=True), _transported),
    "noise prediction": Method(_denoising, _denoised),
}


@jax.jit
def distance(x: Array, y: Array) -> Array:
    """Sliced Wasserstein distance: root mean square over directions, the same for all.

    Args:
        x: a sample of digits.
        y: another.
    """
    ways = jl.numerics.normalize(jax.random.normal(jax.random.key(7), (DIRECTIONS, x.shape[1])))
    squares = jl.transport.wasserstein(ways @ x.T, ways @ y.T, p=2.0)
    return jnp.sqrt(jnp.mean(squares))


def learn(method: Method, train: Array, test: Array, size: Size) -> Found:
    """Train all seeds, and sample at each checkpoint.

    Args:
        method: how to.
        train: digits to learn.
        test: digits that samples are held against.
        size: how much of it.
    """
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, size.checkpoints[-1], 0.05))

    def advance(carry: Any, keys: Array) -> Any:
        def step(carry: Any, key: Array) -> tuple[Any, None]:
            params, state = carry
            of_batch, of_loss = jax.random.split(key)
            batch = jax.random.choice(of_batch, train, (size.batch,), replace=False)

            def value(params: Params) -> Array:
                return method.loss(lambda x, t: model(params, x, t), batch, of_loss)

            updates, state = optimizer.update(jax.grad(value)(params), state)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, carry, keys)[0]

    @jax.jit
    def look(params: Params, key: Array) -> tuple[Array, Array]:
        made = method.sample(lambda x, t: model(params, x, t), jax.random.normal(key, test.shape))
        return made, distance(made, test)

    # Chunks of one length are one program.
    chunk = math.gcd(*size.checkpoints)
    run, begins = jax.jit(advance), time.perf_counter()
    distances, samples = np.zeros((size.seeds, len(size.checkpoints))), list[Floats]()
    for seed in range(size.seeds):
        first, last, steps = jax.random.split(jax.random.key(seed), 3)
        params = initial(first, train.shape[1], size.hidden)
        carry = params, optimizer.init(params)
        chunks = jax.random.split(steps, (size.checkpoints[-1] // chunk, chunk))
        ends = [end // chunk for end in size.checkpoints]
        for place, (start, end) in enumerate(zip((0, *ends[:-1]), ends, strict=True)):
            for keys in chunks[start:end]:
                carry = run(carry, keys)
            made, apart = look(carry[0], last)
            distances[seed, place] = float(apart)
            if seed == 0:
                samples.append(np.asarray(made[: SHOWN[0] * SHOWN[1]], np.float64))
    return Found(distances, np.stack(samples), time.perf_counter() - begins)


def run(*, seeds: int = 3, quick: bool = False) -> Study:
    """Learn digits in each way, and draw what comes out.

    Args:
        seeds: trainings of each method.
        quick: a few steps of two seeds, to try it out.
    """
    usual = Size(seeds, 256, 64, (100, 300, 1000, 4000))
    size = Size(2, 32, 32, (10, 20)) if quick else usual
    images, _ = load_digits(return_X_y=True)
    digits = np.random.default_rng(0).permutation(images.astype(np.float32) / 8 - 1)
    test, train = jnp.asarray(digits[:600]), jnp.asarray(digits[600:])
    floor = float(distance(train[:600], test))
    noise = float(distance(jax.random.normal(jax.random.key(0), test.shape), test))
    found = {name: learn(method, train, test, size) for name, method in METHODS.items()}
    columns = ("method", *(f"{step:,} steps" for step in size.checkpoints), "seconds")
    rows = [
        dict(zip(columns, [name, *map(_shown, one.distances.T), f"{one.seconds:.0f}"], strict=True))
        for name, one in found.items()
    ]
    nearest = [min(found, key=lambda name: found[name].distances[:, i].mean()) for i in (0, -1)]
    text = (
        "Sliced Wasserstein distance between 600 samples and 600 digits that were held out, in "
        f"grey levels of sixteen, mean ± standard error of {size.seeds} seeds. Noise is at "
        f"{8 * noise:.2f}, and 600 of the digits that are learned at {8 * floor:.2f}, which is as "
        f"near as samples should come. A sample takes {CALLS} calls of the network. The nearest on "
        f"average is {nearest[0]} after {size.checkpoints[0]:,} steps and {nearest[1]} after "
        f"{size.checkpoints[-1]:,}. Pairing solves an assignment problem in each step."
    )
    return Study(
        title="A generative model of digits, learned in three ways",
        rows=rows,
        text=text,
        pictures={"generation": draw(found, np.asarray(test), size, floor, noise)},
        settings={
            "seeds": size.seeds,
            "hidden": size.hidden,
            "batch": size.batch,
            "learning_rate": LEARNING_RATE,
        },
    )


def draw(found: Mapping[str, Found], data: Floats, size: Size, floor: float, noise: float) -> bytes:
    """Samples by method and checkpoint, and the distance to the data over training.

    Args:
        found: by method.
        data: digits that were held out.
        size: of the study.
        floor: distance between two sets of digits.
        noise: distance of noise from them.
    """
    shown = _spread(len(size.checkpoints))
    with drawing() as colours:
        figure = Figure(figsize=(13.5, 1.72 * (len(found) + 1) + 0.7))
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
        figure.suptitle(
            "Samples of one small network of digits, and how far they are from digits held out.",
            x=0.012,
            ha="left",
            fontsize=13,
            fontweight="bold",
        )
        sides: Any = figure.subfigures(1, 2, width_ratios=(1.75, 1))
        left, right = sides
        panels = left.subplots(len(found) + 1, len(shown), squeeze=False)
        for row, (name, one) in zip(panels, found.items(), strict=False):
            for axes, place in zip(row, shown, strict=True):
                _mosaic(axes, one.samples[place])
                axes.set_title(f"{size.checkpoints[place]:,} steps", fontsize=9.5, pad=4)
            row[0].set_title(f"{name}\n{size.checkpoints[shown[0]]:,} steps", fontsize=9.5, pad=4)
        count = SHOWN[0] * SHOWN[1]
        for i, axes in enumerate(panels[-1]):
            _mosaic(axes, data[i * count : (i + 1) * count])
        panels[-1][0].set_title("digits held out", fontsize=9.5, pad=4)
        axes = right.subplots()
        for (name, one), colour, dash, marker in zip(
            found.items(), colours, ("-", "--", ":"), "os^", strict=False
        ):
            values = 8 * one.distances
            error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
            axes.errorbar(
                size.checkpoints,
                values.mean(axis=0),
                error,
                color=colour,
                linestyle=dash,
                marker=marker,
                capsize=3,
                label=name,
            )
        ink = GROUNDS["light"]["soft"]
        for level, text in ((noise, "noise"), (floor, "digits that are learned")):
            axes.axhline(8 * level, color=ink, linewidth=1.2, linestyle=(0, (1, 2)))
            axes.annotate(
                text,
                (1, 8 * level),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 4),
                textcoords="offset points",
                ha="right",
                color=ink,
                fontsize=9.5,
            )
        axes.set(xscale="log", yscale="log", xlabel="training steps")
        axes.set_ylabel("sliced Wasserstein distance, in grey levels of sixteen")
        axes.set_title("Distance to digits held out", fontsize=11)
        _ticks(axes, size.checkpoints, 8 * floor, 8 * noise)
        axes.legend(
            loc="upper right",
            bbox_to_anchor=(1, 0.88),
            title=f"mean of {size.seeds} seeds ± standard error",
            title_fontsize=9.5,
            alignment="left",
        )
        return png(figure, dpi=110)


def _ticks(axes: Axes, steps: Sequence[int], low: float, high: float) -> None:
    axes.set_xticks(steps, [f"{step:,}" for step in steps])
    axes.set_ylim(low / 1.3, high * 1.4)
    levels = [level for level in (0.1, 0.2, 0.5, 1, 2, 5, 10) if low / 1.3 < level < high * 1.4]
    axes.set_yticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()


def _spread(count: int) -> list[int]:
    """Three of the checkpoints: the first, a middle one, the last."""
    return sorted({0, count // 2, count - 1})


def _mosaic(axes: Axes, digits: Floats) -> None:
    """Digits side by side, dark on light as on paper."""
    rows, columns = SHOWN
    tiles = np.pad(
        digits.reshape(rows, columns, SIDE, SIDE),
        ((0, 0), (0, 0), (1, 1), (1, 1)),
        constant_values=-1,
    )
    axes.imshow(
        tiles.transpose(0, 2, 1, 3).reshape(rows * (SIDE + 2), -1),
        cmap="Greys",
        vmin=-1,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(GROUNDS["light"]["line"])


def _shown(values: Floats) -> str:
    found: Estimate = estimate(8 * values)
    error = f" ± {found.error:.2f}" if np.isfinite(found.error) else ""
    return f"{found.mean:.2f}{error}"
