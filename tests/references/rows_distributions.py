"""Rows of divergences, of distances between samples, and of aligned series, for several peers."""

from math import inf, log

from tests.references.case import Case, Peer

KL = "jl.divergence.kl(log_pred, jnp.log(target))"
LOGS = {
    "log_pred": [[-0.5, -1.5, -2.0], [-3.0, -0.25, -1.75]],
    "target": [[0.25, 0.25, 0.5], [0.0, 1.0, 0.0]],
}
BOTH_LOGS = {
    "log_pred": [[-0.5, -1.5, -2.0], [-3.0, -0.25, -1.75]],
    "log_target": [[-1.0, -1.5, -0.75], [-0.25, -2.0, -2.5]],
}
LEFT_OUT = {
    "log_pred": [[log(0.25), log(0.75), -1.0]],
    "log_target": [[log(0.5), log(0.5), -inf]],
}
MASSES = {
    "pred": [[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]],
    "target": [[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]],
}
POSITIVE = {"pred": [[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]], "target": [[0.5, 0.25, 0.25]] * 2}
AMOUNTS = {"pred": [0.5, 2.0, 3.0, 0.25], "target": [1.0, 0.0, 3.0, 2.0]}
CLOUDS = {
    "x": [[0.5, -1.0], [1.0, 0.25], [-0.75, 0.5], [0.0, 1.5]],
    "y": [[1.5, 0.0], [0.75, 1.25], [-0.5, 2.0]],
}
CLOUD_WEIGHTS = {"a": [0.25, 0.25, 0.375, 0.125], "b": [0.5, 0.25, 0.25]}
COST = {"cost": [[1.0, 0.0, 2.5], [0.5, 2.0, -1.0]]}
WAYS = {"directions": [[1.0, 0.0], [0.6, -0.8], [0.0, 1.0]]}
SERIES = {
    "x": [[0.0, 1.0], [1.0, 0.5], [2.0, -1.0], [1.5, 0.0], [0.25, 0.75]],
    "y": [[0.5, 1.0], [1.75, -0.5], [1.0, 0.25], [0.0, 1.0]],
}

OPTAX = (
    Case("kl", "losses.kl_divergence(log_pred, target)", KL, LOGS),
    Case(
        "kl-of-logarithms",
        "losses.kl_divergence_with_log_targets(log_pred, log_target)",
        "jl.divergence.kl(log_pred, log_target)",
        BOTH_LOGS,
        wrt=("log_pred", "log_target"),
    ),
    Case(
        "kl-without-mass",
        "losses.kl_divergence_with_log_targets(log_pred, log_target)",
        "jl.divergence.kl(log_pred, log_target)",
        LEFT_OUT,
        relation="Optax gives NaN where the target is 0; here it takes no part",
        wrt=("log_pred", "log_target"),
        expect={
            "value": [log(2) / 2 + log(2 / 3) / 2],
            "log_target": [[(log(2) + 1) / 2, (log(2 / 3) + 1) / 2, 0.0]],
        },
    ),
    Case(
        "generalized-kl",
        "losses.generalized_kl_divergence(log_pred, target)",
        "jl.divergence.generalized_kl(log_pred, jnp.log(target))",
        LOGS,
    ),
)
TORCH = (
    Case("kl-div", 'F.kl_div(log_pred, target, reduction="none").sum(-1)', KL, LOGS),
    Case(
        "kl-div-of-logarithms",
        'F.kl_div(log_pred, log_target, reduction="none", log_target=True).sum(-1)',
        "jl.divergence.kl(log_pred, log_target)",
        BOTH_LOGS,
        wrt=("log_pred", "log_target"),
    ),
    Case(
        "kl-div-batchmean",
        'F.kl_div(log_pred, target, reduction="batchmean")',
        f"jl.mean({KL})",
        LOGS,
        relation='the mean over distributions is "batchmean", not "mean"',
    ),
)
KERAS = (
    Case(
        "kl-divergence",
        "losses.kl_divergence(target, pred)",
        "jl.divergence.kl(jnp.log(pred), jnp.log(target))",
        POSITIVE,
        relation="Keras takes probabilities, the target first, and clips them at 1e-7",
    ),
)
SCIPY = (
    Case(
        "rel-entr",
        "special.rel_entr(target, pred).sum(-1)",
        "jl.divergence.kl(jnp.log(pred), jnp.log(target))",
        MASSES,
        slopes={"pred": "-target / pred"},
    ),
    Case(
        "kl-div",
        "special.kl_div(target, pred)",
        "jl.divergence.beta(pred, target, beta=1.0)",
        AMOUNTS,
        slopes={"pred": "1 - target / pred"},
    ),
    Case(
        "jensen-shannon",
        "distance.jensenshannon(pred, target, axis=-1)",
        "jnp.sqrt(jl.divergence.jensen_shannon(jnp.log(pred), jnp.log(target)))",
        MASSES,
        relation="SciPy takes the root",
        wrt=(),
    ),
)

_DIVERGENCE = "sinkhorn_divergence.sinkdiv(x, y, epsilon=0.5{}, solve_kwargs=SOLVE)[0]"
_TRANSPORT = (
    "linear.solve(geometry.Geometry(cost, epsilon=0.5), threshold=1e-12, max_iterations=20000"
)
OTT = Peer(
    name="ott",
    pins=("ott-jax==0.6.0", "jax==0.10.2"),
    runs="jax",
    setup=(
        "import jax.numpy as jnp; from ott.geometry import costs, geometry; "
        "from ott.solvers import linear; from ott.tools import sinkhorn_divergence, sliced; "
        "SOLVE = dict(threshold=1e-12, max_iterations=20000)"
    ),
    cases=(
        Case(
            "sinkhorn-divergence",
            _DIVERGENCE.format(""),
            "jl.sinkhorn.divergence(x, y, epsilon=0.5)",
            CLOUDS,
            wrt=("x", "y"),
        ),
        Case(
            "sinkhorn-divergence-weights",
            _DIVERGENCE.format(", a=a, b=b"),
            "jl.sinkhorn.divergence(x, y, epsilon=0.5, x_weights=a, y_weights=b)",
            CLOUDS | CLOUD_WEIGHTS,
            wrt=("x", "y"),
        ),
        Case(
            "entropic",
            f"{_TRANSPORT}).reg_ot_cost",
            "jl.sinkhorn.entropic(cost, epsilon=0.5)",
            COST,
        ),
        Case(
            "unbalanced",
            f"{_TRANSPORT}, tau_a=2 / 2.5, tau_b=2 / 2.5).reg_ot_cost",
            "jl.sinkhorn.unbalanced(cost - 0.5 * jnp.log(6), epsilon=0.5, reach=2.0)",
            COST,
            relation="tau is reach / (reach + epsilon); OTT's entropy is relative to the counting "
            "measure, ours to the product of the weights: its plan, the gradient, is that "
            "of a cost moved by epsilon * log(weights), and its value that of another problem",
            expect={"value": -0.885637974},
        ),
        Case(
            "sliced-wasserstein",
            "sliced.sliced_wasserstein(x, y, proj_fn=lambda z: z @ directions.T)[0]",
            "jl.transport.sliced_wasserstein(x, y, directions)",
            CLOUDS | WAYS,
            wrt=("x", "y"),
        ),
        Case(
            "sliced-wasserstein-weights",
            "sliced.sliced_wasserstein(x, y, a, b, proj_fn=lambda z: z @ directions.T)[0]",
            "jl.transport.sliced_wasserstein(x, y, directions, x_weights=a, y_weights=b)",
            CLOUDS | WAYS | CLOUD_WEIGHTS,
            wrt=("x", "y"),
        ),
        Case(
            "soft-dtw",
            "costs.SoftDTW(0.5)(x, y)",
            "jl.temporal.soft_dtw(x, y, gamma=0.5)",
            SERIES,
            wrt=("x", "y"),
        ),
        Case(
            "soft-dtw-divergence",
            "costs.SoftDTW(0.5, debiased=True)(x, y)",
            "jl.temporal.soft_dtw_divergence(x, y, gamma=0.5)",
            SERIES,
            wrt=("x", "y"),
        ),
    ),
)
TSLEARN = Peer(
    name="tslearn",
    pins=("tslearn==0.10.0",),
    runs="numpy",
    setup="import numpy as np; from tslearn import metrics",
    cases=(
        Case(
            "soft-dtw",
            "metrics.soft_dtw(x, y, gamma=0.5)",
            "jl.temporal.soft_dtw(x, y, gamma=0.5)",
            SERIES,
            wrt=(),
        ),
        Case(
            "dtw",
            "metrics.dtw(x, y) ** 2",
            "jl.temporal.soft_dtw(x, y, gamma=0.0)",
            SERIES,
            relation="tslearn takes the root",
            wrt=(),
        ),
        Case(
            "soft-dtw-normalized",
            "metrics.soft_dtw_normalized(x, y, gamma=0.5)",
            "jl.temporal.soft_dtw_divergence(x, y, gamma=0.5)",
            SERIES,
            wrt=(),
        ),
    ),
)
