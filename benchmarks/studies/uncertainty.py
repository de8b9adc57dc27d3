"""Bands that should hold nine of ten: which losses teach a network how little it knows."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats
from sklearn.datasets import load_diabetes

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import BLUE, GROUNDS, VERMILLION, drawing, png

Params = dict[str, Array]
COVERAGE = 0.9
"""Share of the targets that a band should hold."""
LEVELS = np.linspace(0.05, 0.95, 19)
"""Of the quantiles that every forecast is judged by; the first and the last bound the band."""
RATES = (1e-3, 4e-3, 1.6e-2)
BATCH, WIDTH, LOOKS = 50, 50, 40
softplus = jax.nn.softplus


class Size(NamedTuple):
    """How much work a study is; shares of the examples."""

    seeds: int
    updates: int
    train: float
    validate: float
    calibrate: float


class Data(NamedTuple):
    """Examples, in their units.

    Attributes:
        inputs: features of each example.
        target: what is foretold.
        axes: names of the first feature and the target, with units.
    """

    inputs: np.ndarray
    target: np.ndarray
    axes: tuple[str, str]


class Method(NamedTuple):
    """A loss, and what is foretold by a network that minimised it.

    Attributes:
        outputs: of the network for each example.
        loss: of outputs and targets, one value for each example.
        law: distribution of the targets, of outputs and of the root mean squared error on the
            validation set; None where the loss knows no more than some quantiles.
        quantiles: at `LEVELS`, or at the first and last of them, where there is no law.
    """

    outputs: int
    loss: Callable[[Array, Array], Array]
    law: Callable[[np.ndarray, np.ndarray], Any] | None = None
    quantiles: Callable[[np.ndarray], np.ndarray] | None = None


class Forecast(NamedTuple):
    """Of one set of examples: quantiles (..., levels), and the log-density where there is one."""

    quantiles: np.ndarray
    log_density: np.ndarray | None


class Scores(NamedTuple):
    """Of each seed, on test examples; NaN where a method has none.

    Attributes:
        coverage: share of the targets within the band.
        width: of the band, in the target's units.
        conformal_coverage: the same with the band widened by what the calibration set asks for.
        conformal_width: its width.
        nll: negative log-likelihood in nats, of the target in its units.
        crps: continuous ranked probability score by quantiles, in the target's units.
    """

    coverage: np.ndarray
    width: np.ndarray
    conformal_coverage: np.ndarray
    conformal_width: np.ndarray
    nll: np.ndarray
    crps: np.ndarray


class Band(NamedTuple):
    """Of the first seed over the range of the first feature: lower, middle and upper line."""

    lines: np.ndarray
    widened: float


NORMAL = stats.norm.ppf(LEVELS).astype(np.float32)


def _increasing(outputs: Array, start: np.ndarray = NORMAL) -> Array:
    """Quantiles that cannot cross: the first, and steps upwards; of outputs 0 those to start at."""
    steps = softplus(outputs[..., 1:]) / np.float32(np.log(2)) * np.diff(start)
    first = outputs[..., :1] + start[0]
    return jnp.cumsum(jnp.concatenate([first, steps], axis=-1), axis=-1)


def _ends(outputs: Array) -> tuple[Array, Array]:
    both = _increasing(outputs, NORMAL[[0, -1]])
    return both[..., 0], both[..., 1]


def _interval(outputs: Array, target: Array) -> Array:
    lower, upper = _ends(outputs)
    return jl.quantile.interval(lower, upper, target, miscoverage=1 - COVERAGE)


def _evidence(outputs: Array) -> tuple[Array, Array, Array, Array]:
    return (
        outputs[..., 0],
        softplus(outputs[..., 1]) + 1e-3,
        softplus(outputs[..., 2]) + 1 + 1e-3,
        softplus(outputs[..., 3]) + 1e-3,
    )


def _evidential(outputs: np.ndarray, _: np.ndarray) -> Any:
    """Student's t that is left when mean and variance of the normal law are integrated out."""
    mean, nu, alpha, beta = (np.asarray(part) for part in _evidence(jnp.asarray(outputs)))
    return stats.t(2 * alpha, mean, np.sqrt(beta * (1 + nu) / (nu * alpha)))


def _normal(outputs: np.ndarray, _: np.ndarray) -> Any:
    return stats.norm(outputs[..., 0], np.exp(outputs[..., 1] / 2))


def _log_variance(loss: Callable[..., Array]) -> Method:
    return Method(2, lambda out, target: loss(out[..., 0], out[..., 1], target), _normal)


METHODS: Mapping[str, Method] = {
    "squared error": Method(
        1,
        lambda out, target: jl.regression.squared_error(out[..., 0], target),
        lambda out, spread: stats.norm(out[..., 0], spread),
    ),
    "Gaussian NLL": _log_variance(jl.uncertainty.heteroscedastic),
    "beta-NLL": _log_variance(jl.uncertainty.beta_nll),
    "faithful": _log_variance(jl.uncertainty.faithful),
    "Gaussian CRPS": Method(
        2,
        lambda out, target: jl.crps.gaussian(out[..., 0], jnp.exp(out[..., 1] / 2), target),
        _normal,
    ),
    "Laplace NLL": Method(
        2,
        lambda out, target: jl.likelihood.laplace(out[..., 0], out[..., 1], target),
        lambda out, _: stats.laplace(out[..., 0], np.exp(out[..., 1])),
    ),
    "Student's t NLL": Method(
        2,
        lambda out, target: jl.likelihood.student_t(out[..., 0], out[..., 1], target, df=4.0),
        lambda out, _: stats.t(4.0, out[..., 0], np.exp(out[..., 1])),
    ),
    "evidential": Method(
        4,
        lambda out, target: jl.uncertainty.evidential_regression(*_evidence(out), target),
        _evidential,
    ),
    "quantiles": Method(
        len(LEVELS),
        lambda out, target: jl.quantile.crps_quantile(
            _increasing(out), target, levels=jnp.asarray(LEVELS, jnp.float32)
        ),
        quantiles=lambda out: np.asarray(_increasing(jnp.asarray(out))),
    ),
    "ensemble CRPS": Method(
        20,
        lambda out, target: jl.scoring.crps_ensemble(out, target, estimator="fair"),
        quantiles=lambda out: np.moveaxis(np.quantile(out, LEVELS, axis=-1), 0, -1),
    ),
    "interval score": Method(
        2,
        _interval,
        quantiles=lambda out: np.stack([np.asarray(x) for x in _ends(jnp.asarray(out))], axis=-1),
    ),
}


def _sets() -> dict[str, Data]:
    inputs, target = map(np.asarray, load_diabetes(return_X_y=True, scaled=False))
    # Body mass first: the picture is drawn over it where there is nothing else.
    inputs = np.roll(inputs, -2, axis=1)
    found = {
        "diabetes": Data(inputs, target, ("body mass index, kg/m²", "progression after a year"))
    }
    if importlib.util.find_spec("statsmodels"):
        table = importlib.import_module("statsmodels.datasets.engel").load_pandas().data
        found["Engel"] = Data(
            table[["income"]].to_numpy(),
            table["foodexp"].to_numpy(),
            ("income, Belgian francs", "spent on food, Belgian francs"),
        )
    return found


def outputs(params: Params, inputs: Array) -> Array:
    """What the network says, by one hidden layer."""
    hidden = jnp.tanh(inputs @ params["in"] + params["in bias"])
    return hidden @ params["out"] + params["out bias"]


def initial(key: Array, features: int, out: int) -> Params:
    """Parameters of the network."""
    first, last = jax.random.split(key)
    return {
        "in": jax.random.normal(first, (features, WIDTH)) / jnp.sqrt(features),
        "in bias": jnp.zeros(WIDTH),
        # Small, but not 0: members of an ensemble that start as one would stay so.
        "out": jax.random.normal(last, (WIDTH, out)) * 0.1,
        "out bias": jnp.zeros(out),
    }


class Trained(NamedTuple):
    """Of one training: what the best parameters say of each set, and their validation loss."""

    test: Any
    calibrate: Any
    validate: Any
    line: Any
    loss: Any


def trained(
    method: Method, sets: Mapping[str, Array], rate: Array, key: Array, size: Size
) -> Trained:
    """Train with Adam, and keep the parameters of the look with the best validation loss."""
    start, batches = jax.random.split(key)
    optimizer = optax.scale_by_adam()
    params = initial(start, sets["train x"].shape[-1], method.outputs)
    count = len(sets["train y"])

    def update(state: tuple[Params, Any], step: Array) -> tuple[Any, None]:
        params, moments = state
        rows = jax.random.choice(
            jax.random.fold_in(batches, step), count, (min(BATCH, count),), replace=False
        )

        def objective(params: Params) -> Array:
            out = outputs(params, sets["train x"][rows])
            return jl.mean(method.loss(out, sets["train y"][rows]))

        grads, moments = optimizer.update(jax.grad(objective)(params), moments)
        return (jax.tree.map(lambda p, g: p - rate * g, params, grads), moments), None

    def look(state: tuple[Any, ...], steps: Array) -> tuple[Any, None]:
        learner, best, least = state
        learner, _ = jax.lax.scan(update, learner, steps)
        said = outputs(learner[0], sets["validate x"])
        loss = jl.mean(method.loss(said, sets["validate y"]))
        better = loss < least
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), learner[0], best)
        return (learner, best, jnp.minimum(loss, least)), None

    steps = jnp.arange(size.updates).reshape(min(LOOKS, size.updates), -1)
    learner = (params, optimizer.init(params))
    _, best, least = jax.lax.scan(look, (learner, params, jnp.float32(jnp.inf)), steps)[0]
    said = {name: outputs(best, sets[f"{name} x"]) for name in Trained._fields if name != "loss"}
    return Trained(**said, loss=least)


def split(data: Data, size: Size, seed: int) -> dict[str, np.ndarray]:
    """Examples for each purpose, mean 0 and deviation 1 in the training set; and its scale."""
    order = np.random.default_rng(seed).permutation(len(data.target))
    shares = np.cumsum([size.train, size.validate, size.calibrate])
    parts = np.split(order, (shares * len(order)).astype(int))
    train = parts[0]
    mean, deviation = data.inputs[train].mean(0), data.inputs[train].std(0)
    centre, scale = data.target[train].mean(), data.target[train].std()
    sets: dict[str, np.ndarray] = {"centre": centre, "scale": scale}
    for name, rows in zip(("train", "validate", "calibrate", "test"), parts, strict=True):
        sets[f"{name} x"] = ((data.inputs[rows] - mean) / deviation).astype(np.float32)
        sets[f"{name} y"] = ((data.target[rows] - centre) / scale).astype(np.float32)
    line = np.tile(data.inputs[train].mean(0), (200, 1))
    line[:, 0] = np.linspace(data.inputs[:, 0].min(), data.inputs[:, 0].max(), len(line))
    sets["line x"] = ((line - mean) / deviation).astype(np.float32)
    return sets


def forecast(
    method: Method, out: np.ndarray, spread: np.ndarray, target: np.ndarray | None = None
) -> Forecast:
    """What a network's outputs foretell.

    Args:
        method: that it learned by.
        out: outputs, `(seeds, n, k)`.
        spread: root mean squared error on the validation set, of each seed.
        target: whose log-density is asked for.
    """
    if method.law is None:
        assert method.quantiles is not None
        return Forecast(method.quantiles(out), None)
    law = method.law(out, spread[:, None])
    quantiles = np.stack([law.ppf(level) for level in LEVELS], axis=-1)
    return Forecast(quantiles, None if target is None else law.logpdf(target))


def _widened(quantiles: np.ndarray, target: np.ndarray) -> np.ndarray:
    """By how much the band of each seed misses its calibration set (Romano et al. 2019)."""
    missed = np.maximum(quantiles[..., 0] - target, target - quantiles[..., -1])
    count = missed.shape[-1]
    place = min(int(np.ceil((count + 1) * COVERAGE)), count) - 1
    return np.sort(missed, axis=-1)[:, place]


def _within(low: np.ndarray, high: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.mean((low <= target) & (target <= high), axis=-1)


def judged(method: Method, found: Trained, sets: Mapping[str, np.ndarray]) -> tuple[Scores, Band]:
    """Scores on the test sets of all seeds, and the band of the first."""
    said = Trained(*(np.asarray(part, np.float64) for part in found))
    target, scale = sets["test y"], sets["scale"]
    spread = np.sqrt(np.mean(np.square(said.validate[..., 0] - sets["validate y"]), axis=-1))
    test = forecast(method, said.test, spread, target)
    calibrate = forecast(method, said.calibrate, spread)
    more = _widened(calibrate.quantiles, sets["calibrate y"])
    low, high = test.quantiles[..., 0], test.quantiles[..., -1]
    width = np.mean(high - low, axis=-1)
    nothing = np.full(len(scale), np.nan)
    nll, crps = nothing, nothing
    if test.log_density is not None:
        nll = -np.mean(test.log_density, axis=-1) + np.log(scale)
    if test.quantiles.shape[-1] == len(LEVELS):
        levels = jnp.asarray(LEVELS, jnp.float32)
        each = jl.quantile.crps_quantile(test.quantiles, target, levels=levels)
        crps = np.mean(np.asarray(each), axis=-1) * scale
    scores = Scores(
        _within(low, high, target),
        width * scale,
        _within(low - more[:, None], high + more[:, None], target),
        (width + 2 * more) * scale,
        nll,
        crps,
    )
    line = forecast(method, said.line[:1], spread[:1]).quantiles[0]
    middle = line[:, len(LEVELS) // 2] if line.shape[-1] == len(LEVELS) else line.mean(-1)
    lines = np.stack([line[:, 0], middle, line[:, -1]]) * scale[0] + sets["centre"][0]
    return scores, Band(lines, more[0] * scale[0])


def run(*, seeds: int = 20, quick: bool = False) -> Study:
    """Train with each loss on each set, choose learning rates by validation, and compare bands.

    Args:
        seeds: of each loss: initial parameters, batches, and which examples are for what.
        quick: tiny sizes, to try it out.
    """
    size = Size(min(seeds, 2) if quick else seeds, 4 if quick else 1200, 0.45, 0.15, 0.15)
    data = _sets()
    results: dict[str, dict[str, Scores]] = {}
    bands: dict[str, Band] = {}
    shown = list(data)[-1]
    for name, examples in data.items():
        split_up = [split(examples, size, seed) for seed in range(size.seeds)]
        sets = {part: np.stack([each[part] for each in split_up]) for part in split_up[0]}
        results[name] = {}
        for title, method in METHODS.items():
            scores, band = judged(method, _best(method, sets, size), sets)
            results[name][title] = scores
            if name == shown:
                bands[title] = band
    first = results["diabetes"]
    order = sorted(METHODS, key=lambda title: np.nan_to_num(first[title].crps.mean(), nan=np.inf))
    return Study(
        title="Bands that should hold nine of ten",
        rows=[_row(name, title, results[name][title]) for name in results for title in order],
        text=_words(results, size, data),
        pictures={
            "uncertainty": _picture(results, order),
            "uncertainty-bands": _bands(data[shown], bands, order),
        },
        settings={**size._asdict(), "batch": BATCH, "width": WIDTH, "rates": RATES},
    )


def _best(method: Method, sets: Mapping[str, np.ndarray], size: Size) -> Trained:
    """Of all seeds, at the learning rate with the least validation loss on average."""
    given = {part: jnp.asarray(array) for part, array in sets.items()}
    keys = jax.random.split(jax.random.key(0), size.seeds)
    each = lambda sets, rate, key: trained(method, sets, rate, key, size)
    over_seeds = jax.vmap(each, (0, None, 0))
    found = jax.jit(jax.vmap(over_seeds, (None, 0, None)))(given, jnp.asarray(RATES), keys)
    best = int(np.argmin(np.nan_to_num(np.asarray(found.loss).mean(-1), nan=np.inf)))
    return jax.tree.map(lambda part: np.asarray(part[best]), found)


def _row(data: str, title: str, scores: Scores) -> dict[str, Any]:
    shown = {
        "coverage, %": estimate(100 * scores.coverage),
        "width": estimate(scores.width),
        "conformal coverage, %": estimate(100 * scores.conformal_coverage),
        "conformal width": estimate(scores.conformal_width),
        "CRPS": estimate(scores.crps),
    }
    cells = {name: "" if np.isnan(value.mean) else str(value) for name, value in shown.items()}
    nll = estimate(scores.nll)
    error = f" ± {nll.error:.3f}" if np.isfinite(nll.error) else ""
    cells["NLL, nats"] = "" if np.isnan(nll.mean) else f"{nll.mean:.3f}{error}"
    return {"data": data, "loss": title, **cells}


def _compared(results: Mapping[str, Scores], base: str, figure: str) -> str:
    """Which losses differ from one of them in a figure, paired over seeds."""
    reference = np.asarray(getattr(results[base], figure))
    better, worse, alike = list[str](), list[str](), list[str]()
    for title, scores in results.items():
        values = np.asarray(getattr(scores, figure))
        if title == base or np.isnan(values).any():
            continue
        lead = estimate(100 * (values - reference) / reference.mean())
        sure = len(values) > 1 and abs(lead.mean) > 2 * lead.error
        group = alike if not sure else better if lead.mean < 0 else worse
        group.append(f"{title} ({lead.mean:+.1f} ± {lead.error:.1f} %)")
    return "; ".join(
        f"{verdict}: {', '.join(names)}"
        for verdict, names in (("less", better), ("more", worse), ("no different", alike))
        if names
    )


def _words(
    results: Mapping[str, Mapping[str, Scores]], size: Size, data: Mapping[str, Data]
) -> str:
    counts = ", ".join(f"{len(each.target)} examples of {name}" for name, each in data.items())
    said: list[str] = []
    for name, methods in results.items():
        raw = {title: 100 * scores.coverage.mean() for title, scores in methods.items()}
        kept = {title: 100 * scores.conformal_coverage.mean() for title, scores in methods.items()}
        low, high = min(raw, key=raw.__getitem__), max(raw, key=raw.__getitem__)
        said.append(
            f"- {name}: bands as learned hold from {raw[low]:.1f} % ({low}) to {raw[high]:.1f} % "
            f"({high}) of the test targets; widened by conformal prediction, from "
            f"{min(kept.values()):.1f} to {max(kept.values()):.1f} %. CRPS against that of the "
            f"squared error with one spread for all, {_compared(methods, 'squared error', 'crps')}."
            " Width of the conformal bands against its, "
            f"{_compared(methods, 'squared error', 'conformal_width')}."
        )
    listed = "\n".join(said)
    return (
        f"Of {counts}, {100 * size.train:.0f} % are to learn from, {100 * size.validate:.0f} % to "
        "choose the learning rate and the time to stop by (each loss by itself), "
        f"{100 * size.calibrate:.0f} % to calibrate on, the rest to test on, otherwise for each "
        f"seed. A network with one hidden layer of {WIDTH} learns for {size.updates} updates with "
        "Adam at each learning rate, all seeds and rates in one program. A band runs from the 5 % "
        "to the 95 % quantile. Squared error knows nothing of spread: it gets a normal law with "
        "its error on the validation set. Conformal bands are widened, or narrowed, on both sides "
        f"by what {100 * COVERAGE:.0f} % of the calibration set need (Romano et al. 2019). CRPS is "
        f"computed for all from {len(LEVELS)} quantiles; width and CRPS are in the target's units, "
        "NLL is of the target in them. Losses that know no density have no NLL.\n\n"
        f"Means over {size.seeds} seeds and their standard errors; differences are paired over "
        f"seeds, and none within two standard errors.\n\n{listed}\n\nLosses are in the order of "
        "their CRPS on diabetes. In the first picture circles are as learned, diamonds conformal; "
        "in the second the band is that of the first seed, dashed lines its conformal one."
    )


def _picture(results: Mapping[str, Mapping[str, Scores]], order: list[str]) -> bytes:
    """Coverage, width and CRPS of each loss, a row of panels for each set."""
    with drawing():
        size = (10, (0.27 * len(order) + 0.9) * len(results))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(len(results), 3, sharey=True, squeeze=False)
        for row, (name, methods) in zip(panels, results.items(), strict=True):
            _panel(row[0], methods, order, ("coverage", "conformal_coverage"), 100)
            row[0].axvline(100 * COVERAGE, color=GROUNDS["light"]["soft"], linewidth=1)
            row[0].set_xlabel("test targets within the band, %")
            row[0].set_title(name, loc="left")
            _panel(row[1], methods, order, ("width", "conformal_width"), 1)
            row[1].set_xlabel("width of the band")
            _panel(row[2], methods, order, ("crps",), 1)
            row[2].set_xlabel("CRPS")
        return png(figure)


def _panel(
    axes: Axes,
    methods: Mapping[str, Scores],
    order: list[str],
    figures: tuple[str, ...],
    factor: float,
) -> None:
    marks = (("o", BLUE), ("D", VERMILLION))
    for height, title in enumerate(order):
        for (mark, colour), figure in zip(marks, figures, strict=False):
            value = estimate(factor * getattr(methods[title], figure))
            axes.errorbar(
                value.mean,
                height,
                xerr=np.nan_to_num(value.error),
                fmt=mark,
                color=colour,
                markersize=4,
            )
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _bands(data: Data, bands: Mapping[str, Band], order: list[str]) -> bytes:
    """The band of each loss over the first feature, and the examples."""
    with drawing():
        columns = 4
        rows = -(-len(order) // columns)
        figure = Figure(figsize=(10, 2.3 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        place = np.linspace(data.inputs[:, 0].min(), data.inputs[:, 0].max(), 200)
        soft = GROUNDS["light"]["soft"]
        margins = np.ptp(data.target) * np.array([-0.1, 0.3])
        limits = np.quantile(data.target, [0, 1]) + margins
        for axes, title in zip(panels, order, strict=False):
            (low, middle, high), more = bands[title]
            axes.scatter(data.inputs[:, 0], data.target, s=4, color=soft, linewidths=0)
            axes.fill_between(place, low, high, color=BLUE, alpha=0.25, linewidth=0)
            axes.plot(place, middle, color=BLUE, linewidth=1.2)
            for line in (low - more, high + more):
                axes.plot(place, line, color=VERMILLION, linewidth=0.9, linestyle="--")
            axes.set_title(title, loc="left")
            axes.set_ylim(*limits)
        for axes in panels[len(order) :]:
            axes.set_visible(False)
        for axes in panels[max(len(order) - columns, 0) : len(order)]:
            axes.tick_params(labelbottom=True)
        figure.supxlabel(data.axes[0], fontsize=9)
        figure.supylabel(data.axes[1], fontsize=9)
        return png(figure)
