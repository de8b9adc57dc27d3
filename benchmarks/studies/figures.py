"""Figures of a training step: each against a case whose answer is known, and what each costs.

The cost is measured in a network of a million parameters, trained with Adam in a jitted scan: the
same steps with and without the figures of every tenth.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.flatten_util import ravel_pytree
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

import jaxloss as jl
from benchmarks.studies import Estimate, Study, estimate
from benchmarks.timing import Competitor, compiled, interleave
from jaxloss.analysis import curvature, gradients, noise
from jaxloss.analysis.plots import GROUNDS, drawing, png
from jaxloss.analysis.probe import (
    every,
    gradient_norm,
    gradient_sample_size,
    output_gradient_norms,
    probe,
    saturated_share,
    update_ratios,
)

Params = list[tuple[Array, Array]]
EVERY = 10
LIMIT = 5.0
"""Percent of a step that the default figures may cost."""
WITHOUT = "none"
DEFAULT = "default: saturated shares, sample size, gradient norm"
CHEAPEST = 0.3
"""Percent of a step where the picture begins."""
KEY = jax.random.key(0)


class Check(NamedTuple):
    """A figure in a case whose answer is known, and how far off it may be."""

    figure: str
    true: float
    found: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether it is right."""
        return abs(self.found - self.true) <= self.tolerance

    def row(self) -> dict[str, Any]:
        """Of the table."""
        numbers = {"true": self.true, "found": self.found, "tolerance": self.tolerance}
        return {
            "figure": self.figure,
            **{name: f"{number + 0.0:.4g}" for name, number in numbers.items()},
            "holds": "yes" if self.holds else "**no**",
        }


class Size(NamedTuple):
    """How much work the study is."""

    widths: tuple[int, ...]
    batch: int
    steps: int
    rounds: int
    seconds: float
    draws: int


class Step(NamedTuple):
    """What a figure may look at."""

    params: Params
    gradients: Params
    updates: Params
    value: Array
    outputs: Array
    x: Array
    labels: Array

    def loss(self, params: Params) -> Array:
        """Loss of the batch as a function of the parameters alone."""
        return mean_loss(params, self.x, self.labels)


def initial(key: Array, widths: Sequence[int]) -> Params:
    """Parameters of a multilayer perceptron."""
    pairs = list(itertools.pairwise(widths))
    normal = jax.nn.initializers.he_normal()
    keys = jax.random.split(key, len(pairs))
    return [(normal(k, pair), jnp.zeros(pair[1])) for k, pair in zip(keys, pairs, strict=True)]


def apply(params: Params, x: Array) -> Array:
    """Outputs of the perceptron."""
    *hidden, (kernel, bias) = params
    for weights, shift in hidden:
        x = jax.nn.relu(x @ weights + shift)
    return x @ kernel + bias


def losses(outputs: Array, labels: Array) -> Array:
    """One value for each example."""
    return jl.classification.softmax_cross_entropy(outputs, labels)


def mean_loss(params: Params, x: Array, labels: Array) -> Array:
    """Loss of a batch."""
    return jl.mean(losses(apply(params, x), labels))


# What the figures cost


def default(step: Step) -> dict[str, Array]:
    """The figures that read only what is there."""
    return probe(lambda z: losses(z, step.labels), step.outputs, gradients=step.gradients)


def _noise_of_a_part(step: Step) -> noise.Noise:
    batch = len(step.x)
    square = noise.part_norms(mean_loss, step.params, step.x, step.labels, parts=8) ** 2
    whole = gradient_norm(step.gradients) ** 2
    return noise.noise_from_norms(square, whole, part_size=batch // 8, batch_size=batch)


def _noise_of_examples(step: Step) -> noise.Noise:
    batch, chunk = len(step.x), min(32, len(step.x))
    _, norms = noise.example_norms(mean_loss, step.params, step.x, step.labels, chunk=chunk)
    whole = gradient_norm(step.gradients) ** 2
    return noise.noise_from_norms(norms**2, whole, part_size=1, batch_size=batch)


def _moments(step: Step) -> Any:
    found = noise.gradient_moments(mean_loss, step.params, step.x, step.labels, parts=8)
    ratio, stop = noise.gradient_signal_to_noise(found), noise.evidence_to_stop(found)
    return found.noise, ratio, stop


def _terms(step: Step) -> Any:
    def terms(params: Params, x: Array, labels: Array) -> dict[str, Array]:
        outputs = apply(params, x)
        calibrated = jl.mean(jnp.square(jax.nn.logsumexp(outputs, axis=-1)))
        return {"class": jl.mean(losses(outputs, labels)), "z": calibrated}

    return gradients.term_figures(terms, step.params, step.x, step.labels)


FIGURES: Mapping[str, Callable[[Step], Any]] = {
    DEFAULT: default,
    "update ratios": lambda step: update_ratios(step.params, step.updates),
    "noise scale, of an eighth of the batch": _noise_of_a_part,
    "sharpness": lambda step: curvature.sharpness(
        step.loss, step.params, value_and_grad=(step.value, step.gradients)
    ),
    "step check (alpha)": lambda step: curvature.step_alpha(
        step.loss, step.params, step.updates, value_and_grad=(step.value, step.gradients)
    ),
    "noise scale, signal to noise, evidence, of 8 parts": _moments,
    "norms and cosines of 2 terms": _terms,
    "trace, 4 draws": lambda step: curvature.hessian_trace(step.loss, step.params, KEY, draws=4),
    "noise scale, of each example": _noise_of_examples,
    "largest eigenvalue, 10 steps": lambda step: curvature.lanczos(
        step.loss, step.params, KEY, steps=10
    ),
}
"""Roughly by cost. All but the first two read more than the step has at hand."""


def training(figures: Callable[[Step], Any] | None) -> Callable[..., Any]:
    """Some steps of Adam in one scan, with figures of every tenth, or none."""
    optimizer = optax.adam(1e-3)
    take = None if figures is None else every(EVERY, figures)

    def with_outputs(params: Params, x: Array, labels: Array) -> tuple[Array, Array]:
        outputs = apply(params, x)
        return jl.mean(losses(outputs, labels)), outputs

    def run(params: Params, x: Array, labels: Array) -> Any:
        def step(carry: Any, at: tuple[Array, Array, Array]) -> Any:
            params, state = carry
            number, x, labels = at
            evaluate = jax.value_and_grad(with_outputs, has_aux=True)
            (value, outputs), grads = evaluate(params, x, labels)
            changes, state = optimizer.update(grads, state, params)
            updates = cast(Params, changes)
            found = take and take(number, Step(params, grads, updates, value, outputs, x, labels))
            return (optax.apply_updates(params, updates), state), (value, found)

        carry = (params, optimizer.init(params))
        return jax.lax.scan(step, carry, (jnp.arange(len(x)), x, labels))[1]

    return run


def costs(size: Size) -> dict[str, Estimate]:
    """What figures add to a step, in percent of it."""
    params = initial(KEY, size.widths)
    x = jax.random.normal(KEY, (size.steps, size.batch, size.widths[0]))
    labels = jax.random.randint(KEY, x.shape[:2], 0, size.widths[-1])
    programs = {
        name: compiled(training(figures), params, x, labels)
        for name, figures in {WITHOUT: None, **FIGURES}.items()
    }
    # Those of like cost take turns; the one that the limit is for by itself, and the longest.
    names, added = list(FIGURES), dict[str, Estimate]()
    for group, share in ((names[:1], 0.5), (names[1:5], 0.3), (names[5:], 0.2)):
        taking_turns = {name: programs[name] for name in (WITHOUT, *group)}
        added |= _added(taking_turns, share * size.seconds, size.rounds)
    return added


def _added(programs: Mapping[str, Competitor], seconds: float, rounds: int) -> dict[str, Estimate]:
    """Times over those of plain steps that took turns with them, again and again."""
    found: dict[str, list[float]] = {name: [] for name in programs if name != WITHOUT}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        times = interleave(programs, rounds)
        for name, ratios in found.items():
            ratios.append(100 * (times[name].seconds / times[WITHOUT].seconds - 1))
    return {name: estimate(ratios) for name, ratios in found.items()}


# Known answers


def known(draws: int) -> list[Check]:
    """All figures in cases whose answers are known.

    Args:
        draws: batches of known noise.
    """
    parts = (_of_terms(), _of_outputs(), _of_noise(draws), _of_curvature(), _of_steps())
    return [check for part in parts for check in part]


def _of_terms() -> Iterator[Check]:
    def terms(x: Array) -> dict[str, Array]:
        return {"one": 3 * x[0] ** 2, "against": (x[0] - 2) ** 2, "beside": x[1] ** 2 / 2}

    found = jax.jit(lambda x: gradients.term_figures(terms, x))(jnp.array([1.0, 2.0]))
    for figure, name, true in (
        ("value of a term", "beside", 2.0),
        ("share of a term", "one/share", 0.5),
        ("gradient norm of a term", "one/gradient_norm", 6.0),
        ("cosine of orthogonal terms", "beside~one/cosine", 0.0),
        ("cosine of opposite terms", "against~one/cosine", -1.0),
        ("conflict rate of three pairs, one opposite", "conflict_rate", 1 / 3),
        ("magnitude similarity of norms 2 and 6", "against~one/magnitude_similarity", 0.6),
    ):
        yield Check(figure, true, float(found[name]), 1e-6)
    cosines = jnp.array([-1.0, jnp.nan, 1.0, jnp.nan, 0.5, jnp.nan, -0.1])
    rate = float(gradients.conflict_rate(cosines))
    yield Check("conflict rate of four probes, two opposite", 0.5, rate, 1e-6)
    ratios = update_ratios({"w": jnp.array([3.0, 4.0])}, {"w": jnp.array([0.0, 0.01])})
    yield Check("update ratio of 0.01 to 5", 0.002, float(ratios["update_ratio/w"]), 1e-8)


def _of_outputs() -> Iterator[Check]:
    logits, labels = jnp.array([[10.0, -10.0], [0.0, 0.0]] * 4), jnp.zeros(8, jnp.int32)
    norms = output_gradient_norms(lambda z: losses(z, labels), logits)
    yield Check("saturated share, every other sure", 0.5, float(saturated_share(norms)), 1e-6)
    size = float(gradient_sample_size(norms))
    yield Check("sample size, half of them pull", 0.5, size, 1e-6)
    size = float(gradient_sample_size(jnp.eye(8)[0]))
    yield Check("sample size, one of eight pulls", 1 / 8, size, 1e-6)


def _of_noise(draws: int) -> Iterator[Check]:
    batch, mean, spread = 64, np.array([0.5, -0.3, 0.1, 0.0]), np.array([1.0, 2.0, 0.5, 1.0])
    drawn = np.random.default_rng(0).normal(size=(draws, batch, len(mean))) * spread

    def loss(params: Array, x: Array) -> Array:
        return jnp.mean(x @ params)

    def one(x: Array) -> Any:
        params = jnp.zeros(len(mean))
        moments = noise.gradient_moments(loss, params, x, parts=8)
        whole, norms = noise.example_norms(loss, params, x)
        square = jnp.sum(jnp.square(whole))
        part = noise.part_norms(loss, params, x, parts=8) ** 2
        return (
            moments.noise,
            noise.noise_from_norms(part, square, part_size=batch // 8, batch_size=batch),
            noise.noise_from_norms(norms**2, square, part_size=1, batch_size=batch),
            noise.gradient_signal_to_noise(moments),
            noise.evidence_to_stop(moments),
        )

    figures = jax.jit(jax.vmap(one))
    *of_noise, ratio, stop = figures(jnp.asarray(mean + drawn, jnp.float32))
    trace, square = float((spread**2).sum()), float((mean**2).sum())
    names = ("8 parts", "one part of 8", "each example")
    for name, found in zip(names, of_noise, strict=True):
        yield _mean_check(f"trace of the noise, of {name}", trace, found.noise)
        yield _mean_check(f"squared norm of the signal, of {name}", square, found.signal)
    average, _ = jax.lax.scan(
        lambda past, now: (noise.average_noise(past, now, decay=0.995), None),
        noise.Noise(jnp.zeros(()), jnp.zeros(())),
        of_noise[-1],
    )
    # Such an average counts as much as some 400 batches.
    error = np.std(of_noise[-1].signal) / np.sqrt(min(draws, 400)) / square
    scale = trace / square
    yield Check("noise scale, averaged", scale, float(average.scale), 3 * error * scale)
    snr = float(np.mean(mean**2 / spread**2))
    yield _mean_check("gradient signal to noise", snr, ratio)
    yield _mean_check("evidence to stop", -batch * snr, stop)
    *_, ratio, stop = figures(jnp.asarray(drawn, jnp.float32))
    yield _mean_check("gradient signal to noise, pure noise", 0.0, ratio)
    yield _mean_check("evidence to stop, pure noise", 0.0, stop)


def _mean_check(figure: str, true: float, found: ArrayLike) -> Check:
    """Of the mean over batches, within three standard errors."""
    values = np.asarray(found, np.float64)
    error = values.std(ddof=1) / np.sqrt(values.size)
    return Check(figure, true, float(values.mean()), float(3 * error))


def small_network() -> tuple[Callable[[Params], Array], Params, NDArray[np.float64]]:
    """A loss of few parameters, where it is looked at, and its eigenvalues from a dense Hessian."""
    params = initial(KEY, (6, 10, 3))
    x = jax.random.normal(KEY, (60, 6))
    labels = jnp.argmax(x[:, :3] + jnp.sin(3 * x[:, 3:]), axis=-1)

    def loss(params: Params) -> Array:
        (kernel, shift), (last, bias) = params
        return jl.mean(losses(jnp.tanh(x @ kernel + shift) @ last + bias, labels))

    flat, structured = ravel_pytree(params)
    hessian = jax.jit(jax.hessian(lambda flat: loss(structured(flat))))
    dense = np.asarray(hessian(flat), np.float64)
    eigenvalues = np.linalg.eigvalsh((dense + dense.T) / 2)
    return loss, params, np.asarray(eigenvalues, np.float64)


def _of_curvature() -> Iterator[Check]:
    loss, params, eigenvalues = small_network()
    count, least, top = len(eigenvalues), float(eigenvalues[0]), float(eigenvalues[-1])

    @jax.jit
    def figures(params: Params) -> Any:
        return (
            curvature.lanczos(loss, params, KEY, steps=10).values,
            curvature.spectral_density(loss, params, KEY, draws=32, steps=30),
            curvature.hessian_trace(loss, params, KEY, draws=64),
        )

    few, density, trace = jax.device_get(figures(params))
    values, weights = density.spectrum
    yield Check(f"largest eigenvalue of {count}, 10 steps", top, float(few[-1]), 1e-2 * top)
    yield Check(f"largest eigenvalue of {count}, 30 steps", top, float(values[0, -1]), 1e-4 * top)
    yield Check(f"least eigenvalue of {count}, 30 steps", least, float(values[0, 0]), 1e-3)
    whole = float(np.trapezoid(density.values, density.grid))
    yield Check("integral of the density", 1.0, whole, 1e-4)
    for power, name in ((1, "mean"), (2, "second moment")):
        true = float(np.mean(eigenvalues**power))
        yield _mean_check(f"{name} of the density", true, np.sum(weights * values**power, axis=1))
    error = 3 * float(trace.error)
    yield Check("trace, 64 draws", float(eigenvalues.sum()), float(trace.value), error)


def _of_steps() -> Iterator[Check]:
    def bowl(x: Array) -> Array:
        return jnp.sum(jnp.array([1.0, 4.0]) * x**2) / 2

    start = jnp.array([3.0, 4.0])
    rise = float(bowl(start + 0.05 * jnp.array([3.0, 16.0]) / np.sqrt(265)) - bowl(start))
    yield Check("sharpness of a bowl", rise, float(curvature.sharpness(bowl, start)), 1e-4)
    for share, alpha in ((1.0, 0.0), (0.5, -0.5), (2.0, 1.0)):
        found = float(curvature.step_alpha(bowl, start, -share * start))
        yield Check(f"alpha of a step {share:g} times as long as due", alpha, found, 1e-5)
    largest = curvature.lanczos(bowl, start, KEY, steps=2).values[-1]
    edge = float(curvature.edge_of_stability(largest, learning_rate=0.5))
    yield Check("learning rate times largest eigenvalue, over 2", 1.0, edge, 1e-5)


# The study


def run(*, quick: bool = False) -> Study:
    """Check all figures, and measure what each costs.

    Args:
        quick: tiny sizes, to try it out.
    """
    size = (
        Size((8, 16, 16, 3), 16, EVERY, 3, 2.0, 200)
        if quick
        else Size((256, 1024, 720, 10), 128, EVERY, 5, 85.0, 2000)
    )
    checks, added = known(size.draws), costs(size)
    return Study(
        title="Figures of a training step: are they right, and what do they cost",
        rows=[check.row() for check in checks],
        text=_words(checks, added, size),
        pictures={"figures": draw(added)},
        settings={**size._asdict(), "every": EVERY},
    )


def _words(checks: Sequence[Check], added: Mapping[str, Estimate], size: Size) -> str:
    params = sum(m * n + n for m, n in itertools.pairwise(size.widths))
    verdict = "within" if added[DEFAULT].mean <= LIMIT else "beyond"
    table = [
        f"| figures of every {EVERY}th step | % of a step |",
        "| --- | --- |",
        *(f"| {name} | {one} |" for name, one in added.items()),
    ]
    right = sum(check.holds for check in checks)
    return "\n\n".join(
        [
            f"A network of {params:,} parameters is trained with Adam on batches of {size.batch}, "
            f"{size.steps} steps in a jitted scan, with and without figures of every {EVERY}th. "
            f"The default figures add {added[DEFAULT]} % to a step, {verdict} the limit of "
            f"{LIMIT:g} %: ratios of medians of runs that take turns, and their standard error. "
            "What is handed to the probe is computed in each step: updates are then written to "
            "memory, which update ratios and the step check pay for.",
            "\n".join(table),
            f"{right} of {len(checks)} figures are where they should be in cases whose answers are "
            "known; where noise is drawn, within three standard errors of the mean over "
            f"{size.draws} batches, or over the start vectors.",
        ]
    )


def draw(added: Mapping[str, Estimate]) -> bytes:
    """Two panels: what the figures cost, and a density beside the eigenvalues it stands for.

    Args:
        added: percent of a step.
    """
    soft = GROUNDS["light"]["soft"]
    loss, params, eigenvalues = small_network()
    density = jax.jit(lambda p: curvature.spectral_density(loss, p, KEY, draws=32, steps=30))
    found = density(params)
    with drawing() as colours:
        figure = Figure(figsize=(12, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
        for line, one in enumerate(added.values()):
            # What cannot be told from nothing stands at the edge.
            end = max(one.mean, CHEAPEST)
            left.hlines(line, CHEAPEST, end, color=colours[0], linewidth=2)
            left.plot(end, line, "o", color=colours[0])
            beside = left.get_yaxis_transform()
            left.text(0.99, line, f"{one} %", color=soft, ha="right", va="center", transform=beside)
        left.axvline(LIMIT, color=soft, linewidth=1, linestyle=(0, (1, 2)))
        left.set(xscale="log", xlim=(CHEAPEST, 2e4))
        left.set_yticks(range(len(added)), list(added))
        left.set_ylim(len(added) - 0.5, -0.5)
        left.grid(axis="y", visible=False)
        left.tick_params(axis="y", length=0)
        left.set_title(f"Cost of every {EVERY}th step (dotted: limit)", loc="left")
        left.set_xlabel("share of a step, %")
        right.hist(
            eigenvalues, 40, density=True, color=soft, alpha=0.4, label="eigenvalues, dense Hessian"
        )
        right.plot(found.grid, found.values, color=colours[0], label="density, Lanczos quadrature")
        right.set(yscale="log", ylim=(1e-3, None))
        right.set_title(f"Eigenvalues of {len(eigenvalues)} parameters", loc="left")
        right.set_xlabel("eigenvalue of the Hessian")
        right.set_ylabel("density")
        right.legend()
        return png(figure)
