"""Write what TorchJD's aggregators make of some Jacobians to `torchjd.json`.

In an environment of its own:

    pip install torchjd torch quadprog cvxpy clarabel ecos
    python tests/references/make_torchjd.py
"""

import importlib.metadata
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from torchjd import aggregation
from torchjd.linalg import QuadprogProjector

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
# Where TorchJD draws orders at random, the tasks' own; ours take it when they are not shuffled.
torch.randperm = lambda n, **_: torch.arange(n)

RNG = np.random.default_rng(0)


def rounded(*shape):
    return np.round(RNG.standard_normal(shape), 3)


PULLED_APART = rounded(5, 20)
JACOBIANS = {
    # That of TorchJD's own tests of values.
    "published": np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]),
    "three tasks": rounded(3, 8),
    "five tasks": rounded(5, 20),
    "rank two": np.round(rounded(4, 2) @ rounded(2, 6), 3),
    "more tasks than parameters": rounded(6, 3),
    "a task without a gradient": rounded(4, 6) * np.array([[1], [0], [1], [1]]),
    "conflicting": np.round(PULLED_APART - 0.95 * PULLED_APART.mean(0), 3),
    "scales": rounded(4, 6) * np.array([[1e-3], [1], [30], [1e3]]),
    "one task": rounded(1, 4),
}
LEAST_RIDGE = QuadprogProjector(norm_eps=0.0, reg_eps=1e-12)
AGGREGATORS = {
    "Mean()": lambda tasks: aggregation.Mean(),
    "Sum()": lambda tasks: aggregation.Sum(),
    "UPGrad()": lambda tasks: aggregation.UPGrad(),
    "UPGrad(least ridge)": lambda tasks: aggregation.UPGrad(projector=LEAST_RIDGE),
    "DualProj()": lambda tasks: aggregation.DualProj(),
    "DualProj(least ridge)": lambda tasks: aggregation.DualProj(projector=LEAST_RIDGE),
    "MGDA()": lambda tasks: aggregation.MGDA(),
    "MGDA(20000 steps)": lambda tasks: aggregation.MGDA(epsilon=1e-12, max_iters=20000),
    "CAGrad(0.5)": lambda tasks: aggregation.CAGrad(c=0.5, norm_eps=1e-9),
    "CAGrad(1.5)": lambda tasks: aggregation.CAGrad(c=1.5, norm_eps=1e-9),
    "NashMTL()": lambda tasks: aggregation.NashMTL(n_tasks=tasks),
    "IMTLG()": lambda tasks: aggregation.IMTLG(),
    "ConFIG()": lambda tasks: aggregation.ConFIG(),
    "AlignedMTL(min)": lambda tasks: aggregation.AlignedMTL(),
    "AlignedMTL(median)": lambda tasks: aggregation.AlignedMTL(scale_mode="median"),
    "AlignedMTL(rmse)": lambda tasks: aggregation.AlignedMTL(scale_mode="rmse"),
    "PCGrad()": lambda tasks: aggregation.PCGrad(),
    "GradVac()": lambda tasks: aggregation.GradVac(),
    "TrimmedMean(1)": lambda tasks: aggregation.TrimmedMean(trim_number=1),
    "Krum(1, 2)": lambda tasks: aggregation.Krum(n_byzantine=1, n_selected=2),
}


def aggregated(name, jacobian):
    """A vector, or None where TorchJD fails."""
    try:
        found = AGGREGATORS[name](len(jacobian))(torch.tensor(jacobian))
    except Exception as error:
        print(f"{name} fails: {type(error).__name__}: {error}"[:120])
        return None
    return found.numpy().tolist()


if __name__ == "__main__":
    found = {
        "versions": {name: importlib.metadata.version(name) for name in ("torchjd", "torch")},
        "jacobians": {name: jacobian.tolist() for name, jacobian in JACOBIANS.items()},
        "aggregated": {
            name: {which: aggregated(name, jacobian) for which, jacobian in JACOBIANS.items()}
            for name in AGGREGATORS
        },
    }
    path = Path(__file__).parent / "torchjd.json"
    path.write_text(json.dumps(found) + "\n", "utf-8")
