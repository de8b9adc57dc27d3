"""Two tasks with valleys between steep walls: which balancers get through, and where they end.

The toy of Liu et al. 2021 (arXiv:2110.14048, section 5). In the valleys the gradient of one task
is far larger than that of the other and crosses over from step to step, so that Adam on the mean
stays there. Beyond them lies a line of Pareto-optimal points, in its middle the minimum of the
mean.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.studies import Study
from jaxloss.analysis.plots import GROUNDS, Floats, drawing, png
from jaxloss.objectives import balance
from jaxloss.objectives.balance import Balancer

STARTS = ((-8.5, 7.5), (-8.5, -5.0), (9.0, 9.0))
MINIMUM = (0.0, -8.3552)
PARETO = (-7.0, 7.0)
"""Ends of the line of Pareto-optimal points, at the height of the minimum."""
NEAR = 0.1
SHIFT = 21.0
"""Added to both losses, which are at least -20, so that they have logarithms."""
LEARNING_RATE = 1e-3
RECORDS = 500
INK, SOFT = GROUNDS["light"]["ink"], GROUNDS["light"]["soft"]

METHODS: dict[str, Balancer] = {
    "mean": balance.static(),
    "random weights": balance.random(),
    "log-sum": balance.log_sum(),
    "Tchebycheff": balance.smooth_tchebycheff(mu=0.03, nadir=SHIFT),
    "DWA": balance.dwa(),
    # A pull towards equal weights ends in the valleys; its authors set it to 0 here, too.
    "FAMO": balance.famo(decay=0.0),
    "GradNorm": balance.gradnorm(),
    "GradDrop": balance.graddrop(),
    "MGDA": balance.mgda(),
    "PCGrad": balance.pcgrad(),
    "GradVac": balance.gradvac(decay=0.01),
    "CAGrad": balance.cagrad(c=0.5),
    "IMTL-G": balance.imtl_g(),
    "Nash-MTL": balance.nash_mtl(),
    "Aligned-MTL": balance.aligned_mtl(),
    "DualProj": balance.dual_proj(),
    "UPGrad": balance.upgrad(),
    "ConFIG": balance.config(),
}


@dataclass(frozen=True)
class Descent:
    """What one method did, from each start.

    Attributes:
        paths: points by start and time, from the start to the end.
        seconds: that it took from all starts, with compilation.
    """

    paths: Floats
    seconds: float

    @property
    def arrived(self) -> list[bool]:
        """From which starts the minimum of the mean was reached."""
        return (np.linalg.norm(self.paths[:, -1] - MINIMUM, axis=1) < NEAR).tolist()

    @property
    def optimal(self) -> list[bool]:
        """From which starts a Pareto-optimal point was reached."""
        x, y = self.paths[:, -1].T
        left, right = PARETO
        inside = (x > left - NEAR) & (x < right + NEAR)
        return (inside & (np.abs(y - MINIMUM[1]) < NEAR)).tolist()


def losses(point: Float[Array, "2 ..."]) -> dict[str, Array]:
    """Both losses."""
    x, y = point
    upper, lower = (jnp.maximum(jnp.tanh(side * y / 2), 0) for side in (1, -1))

    def wall(distance: Array) -> Array:
        return jnp.log(jnp.maximum(jnp.abs(distance), 5e-6)) + 6

    def bowl(centre: float) -> Array:
        return ((x - centre) ** 2 + (y + 8) ** 2 / 10) / 10 - 20

    one = wall((-x - 7) / 2 + jnp.tanh(y)) * upper + bowl(7) * lower
    two = wall((3 - x) / 2 - jnp.tanh(y) + 2) * upper + bowl(-7) * lower
    return {"one": one + SHIFT, "two": two + SHIFT}


def descend(balancer: Balancer, steps: int) -> Descent:
    """Train from all starts at once, in one compiled loop.

    Args:
        balancer: makes one gradient of two.
        steps: of Adam.
    """
    step, optimizer = balance.value_and_grad(losses, balancer), optax.adam(LEARNING_RATE)
    records = min(RECORDS, steps)

    def train(start: Array, key: Array) -> Array:
        def one(carry: Any, key: Array) -> tuple[Any, None]:
            point, state, moments = carry
            _, grads, state = step(point, state, key=key)
            updates, moments = optimizer.update(grads, moments)
            return (optax.apply_updates(point, updates), state, moments), None

        def several(carry: Any, key: Array) -> tuple[Any, Array]:
            carry, _ = jax.lax.scan(one, carry, jax.random.split(key, steps // records))
            return carry, carry[0]

        begin = (start, step.init(start), optimizer.init(start))
        return jax.lax.scan(several, begin, jax.random.split(key, records))[1]

    starts = np.array(STARTS)
    keys = jax.random.split(jax.random.key(0), len(starts))
    began = time.perf_counter()
    paths = jax.jit(jax.vmap(train))(jnp.asarray(starts, jnp.float32), keys)
    paths = np.concatenate([starts[:, None], np.asarray(paths, np.float64)], axis=1)
    return Descent(paths, time.perf_counter() - began)


def run(
    *, steps: int = 100_000, methods: Sequence[str] = tuple(METHODS), quick: bool = False
) -> Study:
    """Run the methods, and draw their paths.

    Args:
        steps: of Adam.
        methods: names of those to run.
        quick: few steps, to try it out.
    """
    steps = 1000 if quick else steps
    found = {name: descend(METHODS[name], steps) for name in methods}
    everywhere = [name for name, one in found.items() if all(one.arrived)]
    stuck = [name for name, one in found.items() if not all(one.optimal)]
    text = (
        f"Adam with a learning rate of {LEARNING_RATE:g} for {steps:,} steps, from {len(STARTS)} "
        f"starts. From all of them the minimum of the mean, {MINIMUM}, is reached by "
        f"{_listed(everywhere)}; {_listed(stuck)} do not reach the Pareto-optimal points from all; "
        "the others end at such points, but at various ones, which differ with rounding."
    )
    columns = ("method", "minimum", "Pareto-optimal", "ends", "seconds")
    return Study(
        title="Two tasks with valleys between steep walls",
        rows=[dict(zip(columns, _row(name, one), strict=True)) for name, one in found.items()],
        text=text,
        pictures={"toy": draw(found, steps)},
        settings={"steps": steps, "learning_rate": LEARNING_RATE, "starts": STARTS},
    )


def draw(found: Mapping[str, Descent], steps: int) -> bytes:
    """Level sets of the mean loss and the paths across them, a panel a method.

    Args:
        found: by method.
        steps: of each path.
    """
    columns = min(6, len(found))
    rows = -(-len(found) // columns)
    with drawing() as colours:
        figure = Figure(figsize=(2.3 * columns + 0.5, 2.48 * rows + 1.65))
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        figure.suptitle(
            f"Paths of {steps:,} Adam steps, on level sets of the mean of two losses.\n"
            "At the right of each name: from how many starts the minimum of the mean is reached.",
            x=0.018,
            ha="left",
            fontsize=12,
        )
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, (name, one) in zip(panels, found.items(), strict=False):
            _draw_panel(axes, name, one, colours)
        for axes in panels[len(found) :]:
            axes.set_visible(False)
        for axes in panels[: len(found)][-columns:]:
            axes.tick_params(labelbottom=True)
        paths = [
            Line2D([], [], color=colour, label=f"from {start}")
            for colour, start in zip(colours, STARTS, strict=False)
        ]
        end = Line2D([], [], ls="none", marker="o", ms=7, color=SOFT, label="end")
        best = Line2D([], [], ls="none", marker="*", ms=9, color=INK, label="minimum of the mean")
        optimal = Line2D([], [], color=INK, linewidth=4, alpha=0.35, label="Pareto-optimal points")
        figure.legend(
            handles=[*paths, end, best, optimal],
            loc="outside lower center",
            ncols=6,
        )
        return png(figure, dpi=130)


def _draw_panel(axes: Axes, name: str, one: Descent, colours: Sequence[str]) -> None:
    reach = 10.9
    line = np.linspace(-reach, reach, 400)
    mean = np.mean(list(losses(jnp.asarray(np.meshgrid(line, line))).values()), axis=0)
    levels = np.quantile(mean, np.linspace(0.01, 0.99, 18))
    axes.contourf(line, line, mean, levels, cmap="Greys", alpha=0.32, extend="both")
    axes.contour(line, line, mean, levels, colors=SOFT, linewidths=0.35, alpha=0.6)
    axes.plot(PARETO, [MINIMUM[1]] * 2, color=INK, linewidth=5, alpha=0.35, solid_capstyle="round")
    for path, colour in zip(one.paths, colours, strict=False):
        axes.plot(*path.T, color=colour, linewidth=1.8, solid_joinstyle="round")
        axes.plot(*path[0], marker="o", color="white", markeredgecolor=colour, markersize=5)
        axes.plot(*path[-1], marker="o", color=colour, markeredgecolor="white", markersize=7)
    axes.plot(*MINIMUM, marker="*", color=INK, markersize=11, markeredgecolor="white")
    count = sum(one.arrived)
    weight = "bold" if count == len(STARTS) else "normal"
    axes.set_title(name, fontsize=10.5, pad=5)
    axes.set_title(f"{count} of {len(STARTS)}", loc="right", fontsize=9.5, fontweight=weight, pad=5)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_xticks((-8, 0, 8))
    axes.set_yticks((-8, 0, 8))
    axes.grid(visible=False)


def _row(name: str, one: Descent) -> list[str]:
    """Entries of the table."""
    ends = " ".join(f"({x:.2f}, {y:.2f})" for x, y in one.paths[:, -1])
    counts = [f"{sum(which)} of {len(STARTS)}" for which in (one.arrived, one.optimal)]
    return [name, *counts, ends, f"{one.seconds:.1f}"]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
