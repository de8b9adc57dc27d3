"""Aggregators of gradients beside those of TorchJD: the table, and the page made of it.

`python -m tests.references.torchjd` writes TORCHJD.md.
"""

import functools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxloss.objectives import balance
from jaxloss.objectives.balance import Statistics
from jaxloss.testing.case import float64

HERE = Path(__file__).parent
PAGE = HERE / "TORCHJD.md"
STORED = json.loads((HERE / "torchjd.json").read_text())
JACOBIANS = {name: np.array(rows) for name, rows in STORED["jacobians"].items()}

RIDGE = "a ridge of 1e-4 of the trace, which moves the weights"
TRACE = "a ridge relative to the trace, in which gradients far smaller than the largest are lost"
FRANK_WOLFE = "100 steps of Frank-Wolfe, which have not arrived"
LOOSE = "a conic solver that stops early"
SINGULAR = "a Gramian that is singular, of which it takes the pseudoinverse before scaling"
NO_BARGAIN = "no bargain, for the gradients depend on each other: what it stops at is no solution"
TORCHJD = {
    "UPGrad()": (balance.upgrad(), 1e-9, dict.fromkeys(JACOBIANS, RIDGE)),
    "UPGrad(least ridge)": (balance.upgrad(), 1e-7, {"scales": TRACE}),
    "DualProj()": (balance.dual_proj(), 1e-9, dict.fromkeys(JACOBIANS, RIDGE)),
    "DualProj(least ridge)": (balance.dual_proj(), 1e-7, {"scales": TRACE}),
    "MGDA()": (balance.mgda(), 1e-9, dict.fromkeys(JACOBIANS, FRANK_WOLFE)),
    "MGDA(20000 steps)": (
        balance.mgda(),
        1e-9,
        {"rank two": FRANK_WOLFE, "more tasks than parameters": FRANK_WOLFE},
    ),
    "CAGrad(0.5)": (balance.cagrad(c=0.5), 1e-8, dict.fromkeys(JACOBIANS, LOOSE)),
    "CAGrad(1.5)": (balance.cagrad(c=1.5), 1e-8, dict.fromkeys(JACOBIANS, LOOSE)),
    "NashMTL()": (
        balance.nash_mtl(),
        1e-7,
        {
            "rank two": NO_BARGAIN,
            "more tasks than parameters": NO_BARGAIN,
            "a task without a gradient": "a task without a gradient, whose share it lets grow",
            "scales": "an initial guess of ones, from which its solver does not arrive",
        },
    ),
    "IMTLG()": (balance.imtl_g(), 1e-9, {"more tasks than parameters": SINGULAR}),
    "ConFIG()": (balance.config(), 1e-9, {}),
    "AlignedMTL(min)": (balance.aligned_mtl(), 1e-9, {}),
    "AlignedMTL(median)": (balance.aligned_mtl(mode="median"), 1e-9, {}),
    "AlignedMTL(rmse)": (balance.aligned_mtl(mode="rmse"), 1e-8, {}),
    "PCGrad()": (balance.pcgrad(shuffle=False), 1e-9, {}),
    "GradVac()": (balance.gradvac(shuffle=False), 1e-5, {}),
    "TrimmedMean(1)": (balance.trimmed_mean(trim=1), 1e-9, {}),
    "Krum(1, 2)": (balance.krum(num_byzantine=1, num_selected=2), 1e-9, {}),
    "Mean()": (None, 1e-9, {}),
    "Sum()": (None, 1e-9, {}),
}
"""Of each aggregator ours, how close it comes, and why it does not on some Jacobians."""


@functools.cache
def compiled(balancer):
    """One program for each shape and dtype of a Jacobian."""
    return jax.jit(functools.partial(update, balancer))


def update(balancer, jacobian, key=None):
    """Aggregated gradient of rows, and the next state."""
    jacobian = jnp.asarray(jacobian)
    losses = jnp.ones(len(jacobian), jacobian.dtype)
    products = jnp.matmul(jacobian, jacobian.T, precision="highest")
    statistics = {
        "gramian": lambda: Statistics(losses, gramian=products),
        "jacobian": lambda: Statistics(losses, jacobian=jacobian),
    }[balancer.needs]()
    weights, state = balancer.update(statistics, balancer.init(len(jacobian)), key)
    if balancer.needs == "jacobian":
        return jnp.sum(weights * jacobian, axis=0), state
    return weights @ jacobian, state


def wide(balancer, jacobian, key=None):
    """The same in float64, checked to have converged."""
    with float64():
        vector, state = compiled(balancer)(np.asarray(jacobian, np.float64), key)
    assert getattr(state, "converged", True)
    return np.asarray(vector)


def distances(name):
    """How far ours is from theirs, by Jacobian, in units of the largest gradient."""
    balancer = TORCHJD[name][0]
    found = {}
    for which, theirs in STORED["aggregated"][name].items():
        jacobian = JACOBIANS[which]
        if theirs is None:  # it raised
            continue
        if balancer is None:
            weights = balance.static(weights=1 / len(jacobian) if name == "Mean()" else 1.0)
            with float64():
                losses = Statistics(jnp.ones(len(jacobian)))
                ours = np.asarray(weights.update(losses, (), None)[0]) @ jacobian
        else:
            ours = wide(balancer, jacobian)
        sizes = [np.linalg.norm(jacobian, axis=1).max()] * 2
        if name == "NashMTL()":  # which normalises
            sizes = [np.linalg.norm(ours), np.linalg.norm(theirs)]
        found[which] = float(np.linalg.norm(ours / sizes[0] - np.array(theirs) / sizes[1]))
    return found


def page():
    """The whole page as Markdown."""
    versions = ", ".join(f"{package} {version}" for package, version in STORED["versions"].items())
    reasons = list(dict.fromkeys(why for _, _, few in TORCHJD.values() for why in few.values()))
    lines = [
        "# Aggregators of gradients beside TorchJD's",
        f"Made by `python -m tests.references.torchjd` from values of {versions}, which "
        "`make_torchjd.py` measures; do not edit. A figure is the length of the difference of the "
        "two results, in units of the largest gradient of a task, for the Jacobian in the head of "
        "the column (Nash-MTL: of the directions). Where a letter stands, TorchJD's has what is "
        "said below the table; ours is the paper's, to 1e-9, as `tests/test_balance_gramian.py` "
        "asserts.",
    ]
    heads = ["TorchJD", *JACOBIANS]
    rows = [heads, ["---"] * len(heads)]
    for name, (_, _, different) in TORCHJD.items():
        found = distances(name)
        marks = {
            which: f" {letter(reasons.index(why))}"
            for which, why in different.items()
            if found.get(which, 0) > 1e-7
        }
        cells = [
            bound(found[which]) + marks.get(which, "") if which in found else "raises"
            for which in JACOBIANS
        ]
        rows.append([f"`{name}`", *cells])
    lines.append("\n".join(f"| {' | '.join(cells)} |" for cells in rows))
    lines += [f"({letter(i)}) {why[0].upper()}{why[1:]}." for i, why in enumerate(reasons)]
    return "\n\n".join(lines) + "\n"


def letter(index):
    return "abcdefghij"[index]


def bound(distance):
    """The next power of ten; below 1e-7 it is rounding."""
    return f"< 1e{max(-7, int(np.floor(np.log10(max(distance, 1e-30)))) + 1)}"


if __name__ == "__main__":
    PAGE.write_text(page())
