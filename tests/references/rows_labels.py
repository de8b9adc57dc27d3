"""Rows of losses of wrong and ordered labels, and of sparse probabilities."""

from math import inf

from tests.references.case import Case, Peer
from tests.references.inputs import ANSWERS, CLASSES, LABELS, LOGITS, SOFT

GCE = "jl.noisy.generalized_cross_entropy"
TEMPERED = "jl.noisy.bi_tempered"
BISECTED = "entmax.entmax_bisect"
CLOSE = {"logits": [[0.5, 0.25, 0.375, -1.0], [3.0, 2.75, -2.5, 2.5], [0.0, 0.0, 0.0, -4.0]]}
NEAR = CLOSE | {"labels": LABELS}
WEIGHTS = {"weights": [[1.0, -0.5, 2.0, 0.25], [0.75, -1.0, 3.0, 1.5], [-2.0, 0.5, 1.0, 0.0]]}
OUT = {"logits": [[0.5, -inf, 0.25, 0.0]], "labels": [2]}
ALPHAS = {"alpha": [[1.25], [1.5], [2.5]]}
BEYOND = {"logits": [[0.0, -1e4]], "labels": [1]}
NO_SLOPE = {"logits": [[0.0, 0.0]]}
LEVELS = {"levels": [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]}
ORDERED = {
    "logits": [[0.5, -1.0, 2.0], [3.0, 0.0, -2.5], [-0.5, 0.75, 0.0], [90.0, -90.0, 1.0]],
    "labels": [2, 1, 0, 3],
}
PLACED = {"scores": [0.5, -2.0, 3.0, 1.25], "labels": [2, 1, 0, 3], "biases": [1.0, -0.5, -2.0]}

KERAS_CASES = (
    *(
        Case(
            f"generalized-cross-entropy-{q}",
            f"losses.categorical_generalized_cross_entropy(labels, ops.softmax(logits), {q})",
            f"{GCE}(logits, labels, q={q})",
            CLASSES,
            relation="Keras takes probabilities",
        )
        for q in (0.3, 0.7)
    ),
    Case(
        "generalized-cross-entropy-hopeless",
        "losses.categorical_generalized_cross_entropy(labels, ops.softmax(logits), 0.5)",
        f"{GCE}(logits, labels, q=0.5)",
        BEYOND,
        relation="Keras has a gradient of NaN where the probability is 0; ours is 0",
        expect=NO_SLOPE,
    ),
)

OPTAX_CASES = (
    Case(
        "sparsemax",
        "losses.multiclass_sparsemax_loss(logits, labels)",
        "jl.sparse.sparsemax(logits, labels)",
        CLASSES,
    ),
    Case(
        "sparsemax-ties",
        "losses.multiclass_sparsemax_loss(logits, labels)",
        "jl.sparse.sparsemax(logits, labels)",
        NEAR,
    ),
    Case(
        "binary-sparsemax",
        "losses.sparsemax_loss(logits, labels)",
        "jl.sparse.binary_sparsemax(logits, labels)",
        {"logits": [-3.0, -1.0, -0.5, 0.0, 0.75, 1.0, 2.0], "labels": [0, 1, 1, 0, 0, 1, 0]},
    ),
    Case(
        "fenchel-young",
        "losses.make_fenchel_young_loss(lambda z: jax.nn.logsumexp(z))(logits, target)",
        (
            "jl.sparse.fenchel_young(logits, target, "
            "conjugate=lambda z: jnp.log(jnp.sum(jnp.exp(z), axis=-1)))"
        ),
        SOFT,
        relation="equal: neither has a regularizer of the target",
        wrt=("logits", "target"),
    ),
    Case(
        "fenchel-young-perceptron",
        "losses.make_fenchel_young_loss(lambda z: z.max())(logits, target)",
        "jl.sparse.fenchel_young(logits, target, conjugate=lambda z: z.max(-1))",
        SOFT,
    ),
    Case(
        "simplex-projection",
        "jax.vmap(projections.projection_simplex)(logits) * weights",
        "jl.sparse.sparsemax_probabilities(logits) * weights",
        CLOSE | WEIGHTS,
        relation="equal: the projection to the simplex is sparsemax",
    ),
)

TOOLBELT_CASES = (
    *(
        Case(
            f"bi-tempered-{t1}-{t2}",
            f'tempered(logits, labels, {t1}, {t2}, num_iters=80, reduction="none")',
            f"{TEMPERED}(logits, labels, t1={t1}, t2={t2})",
            NEAR,
            relation="equal after enough of its iterations (80); its default is 5",
        )
        for t1, t2 in ((0.8, 1.2), (0.5, 2.0), (1.0, 1.5), (0.8, 1.0), (0.8, 0.75))
    ),
    Case(
        "bi-tempered-default",
        'losses.BiTemperedLogisticLoss(0.5, 1.5, reduction="none")(logits, labels)',
        f"{TEMPERED}(logits, labels, t1=0.5, t2=1.5)",
        {"logits": [[0.0, 0.5, 6.0]], "labels": [0]},
        relation="equal: its default of 5 iterations is enough here",
    ),
    Case(
        "bi-tempered-impossible",
        'tempered(logits, labels, 0.8, 0.5, num_iters=80, reduction="none")',
        f"{TEMPERED}(logits, labels, t1=0.8, t2=0.5)",
        {"logits": [[0.0, 4.0]], "labels": [0]},
        relation="equal: a label that is impossible has no gradient",
    ),
    Case(
        "bi-tempered-binary",
        (
            'losses.BinaryBiTemperedLogisticLoss(0.8, 1.0, reduction="none")'
            "(logits[:, None], target[:, None])[:, 0]"
        ),
        f"{TEMPERED}(jnp.stack([-logits, logits], -1), target.astype(int), t1=0.8, t2=1.0)",
        ANSWERS,
        relation="of bits it makes two classes with scores of both signs",
    ),
)


def entmax_cases(name: str, loss: str, probabilities: str, ours: str, hyper: str) -> list[Case]:
    """Rows of one loss of entmax and of its probabilities."""
    return [
        Case(
            name,
            f"entmax.{loss}",
            f"jl.sparse.{ours}(logits, labels{hyper})",
            CLASSES,
        ),
        Case(
            f"{name}-ties",
            f"entmax.{loss}",
            f"jl.sparse.{ours}(logits, labels{hyper})",
            NEAR,
        ),
        Case(
            f"{name}-probabilities",
            f"entmax.{probabilities} * weights",
            f"jl.sparse.{ours}_probabilities(logits{hyper}) * weights",
            CLOSE | WEIGHTS,
        ),
    ]


ENTMAX = Peer(
    name="entmax",
    pins=("entmax==1.3", "torch==2.13.0"),
    runs="torch",
    setup="import entmax, torch",
    public='["entmax." + n for n in dir(entmax) if callable(getattr(entmax, n))]',
    cases=(
        *entmax_cases(
            "sparsemax", "sparsemax_loss(logits, labels)", "sparsemax(logits)", "sparsemax", ""
        ),
        *entmax_cases(
            "sparsemax-bisected",
            "sparsemax_bisect_loss(logits, labels)",
            "sparsemax_bisect(logits)",
            "sparsemax",
            "",
        ),
        *entmax_cases("entmax", "entmax15_loss(logits, labels)", "entmax15(logits)", "entmax", ""),
        *(
            row
            for alpha in (1.0625, 1.5, 3.0)
            for row in entmax_cases(
                f"entmax-{alpha}",
                f"entmax_bisect_loss(logits, labels, alpha={alpha}, n_iter=80)",
                f"entmax_bisect(logits, alpha={alpha}, n_iter=80)",
                "entmax",
                f", alpha={alpha}",
            )
        ),
        *(
            row
            for alpha in (2.0, 3.0)
            for row in entmax_cases(
                f"normmax-{alpha}",
                f"normmax_bisect_loss(logits, labels, alpha={alpha}, n_iter=80)",
                f"normmax_bisect(logits, alpha={alpha}, n_iter=80)",
                "normmax",
                f", alpha={alpha}",
            )
        ),
        Case(
            "entmax-learned",
            f"{BISECTED}(logits, alpha, n_iter=80) * weights",
            "jl.sparse.entmax_probabilities(logits, alpha=alpha[:, 0]) * weights",
            CLOSE | ALPHAS | WEIGHTS,
            relation="equal: alpha has a gradient in both, in its losses it has none",
            wrt=("logits", "alpha"),
        ),
        Case(
            "entmax-softmax",
            f"{BISECTED}(logits, alpha=1.0) * weights",
            "jl.sparse.entmax_probabilities(logits, alpha=1.0) * weights",
            {"logits": [[0.0, -0.5]], "weights": [[1.0, 3.0]]},
            relation="alpha = 1 is uniform in entmax; ours is the limit, softmax",
            expect={"value": [[0.622459331, 1.13262201]], "logits": [[-0.470007424, 0.470007424]]},
        ),
        Case(
            "sparsemax-masked-logits",
            "entmax.sparsemax_loss(logits, labels)",
            "jl.sparse.sparsemax(logits, labels)",
            OUT,
            relation="entmax is NaN with a masked class; ours leaves it out",
            expect={"value": [0.395833333]},
        ),
    ),
    aliases={
        "entmax.Sparsemax": "entmax.sparsemax",
        "entmax.SparsemaxBisect": "entmax.sparsemax_bisect",
        "entmax.Entmax15": "entmax.entmax15",
        "entmax.EntmaxBisect": "entmax.entmax_bisect",
        "entmax.NormmaxBisect": "entmax.normmax_bisect",
        "entmax.SparsemaxLoss": "entmax.sparsemax_loss",
        "entmax.SparsemaxBisectLoss": "entmax.sparsemax_bisect_loss",
        "entmax.Entmax15Loss": "entmax.entmax15_loss",
        "entmax.EntmaxBisectLoss": "entmax.entmax_bisect_loss",
        "entmax.NormmaxBisectLoss": "entmax.normmax_bisect_loss",
    },
    not_ours={
        f"entmax.{name}": "the choice of a fixed number of entries, no distribution and no loss"
        for name in ("budget_bisect", "BudgetBisect")
    },
)

CORAL = Peer(
    name="coral_pytorch",
    pins=("coral-pytorch==1.4.0", "torch==2.13.0"),
    runs="torch",
    setup="import re, torch; from coral_pytorch import losses, dataset",
    public='["losses." + n for n in dir(losses) if re.match("Coral|Corn|coral|corn", n)]',
    cases=(
        Case(
            "levels",
            "dataset.levels_from_labelbatch(labels, 4, dtype=torch.float64)",
            "jl.ordinal.ordinal_levels(labels, count=4)",
            {"labels": ORDERED["labels"]},
            wrt=(),
        ),
        Case(
            "ordinal-binary-cross-entropy",
            "losses.coral_loss(logits, levels, reduction=None)",
            "jl.ordinal.ordinal_binary_cross_entropy(logits, labels)",
            ORDERED | LEVELS,
            relation="of logits that share no score, its coral_loss is that of Niu et al.",
        ),
        Case(
            "coral",
            "losses.coral_loss(scores[:, None] + biases, levels, reduction=None)",
            "jl.ordinal.coral(scores, labels, -biases)",
            PLACED | LEVELS,
            relation="its layer adds biases; thresholds are their negatives",
            wrt=("scores", "biases"),
        ),
        Case(
            "coral-weights",
            "losses.coral_loss(logits, levels, importance_weights=weights, reduction=None)",
            (
                "jnp.sum(weights * jl.classification.sigmoid_cross_entropy("
                "logits, jl.ordinal.ordinal_levels(labels, count=4)), axis=-1)"
            ),
            ORDERED | LEVELS | {"weights": [1.0, 0.5, 2.0]},
            relation="weights of the questions stand outside of the levels in jaxloss",
        ),
        Case(
            "corn",
            "losses.corn_loss(logits, labels, 4)",
            "jnp.sum(jl.ordinal.corn(logits, labels)) / jnp.sum(jnp.minimum(labels + 1, 3))",
            ORDERED,
            relation="it divides by the number of questions that were asked",
        ),
    ),
    aliases={"losses.CoralLoss": "losses.coral_loss", "losses.CornLoss": "losses.corn_loss"},
)

_HOT = "jnp.where(jnp.eye(3, dtype=bool)[pred], 1e4, 0.0)"
SKLEARN_CASES = tuple(
    Case(
        f"weighted-kappa-{weights}",
        f'1 - metrics.cohen_kappa_score(pred, labels, weights="{weights}")',
        f"jnp.exp(jl.ordered_classes.weighted_kappa({_HOT}, labels, power={power}, eps=1e-9))",
        {"pred": [0, 1, 2, 2, 0, 1, 2], "labels": [0, 2, 2, 1, 0, 1, 0]},
        relation="equal, of hard predictions: the loss is the logarithm of 1 less kappa",
        wrt=(),
    )
    for weights, power in (("linear", 1.0), ("quadratic", 2.0))
)
STATSMODELS_CASES = (
    Case(
        "cumulative-link",
        (
            'OrderedModel(labels, scores[:, None], distr="logit").loglikeobs('
            "np.append(1, [-1, *np.log([1.5, 1.5])])) * -1"
        ),
        "jl.ordinal.cumulative_link(scores, labels, jnp.array([-1.0, 0.5, 2.0]))",
        {"scores": [-2.0, 0.5, 1.25, 3.0], "labels": [0, 2, 1, 3]},
        relation="statsmodels has one threshold, logarithms of gaps, and the likelihood itself",
    ),
)
SCORINGRULES_CASES = (
    Case(
        "ranked-probability-score",
        "sr.rps_score(labels + 1, np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))",
        "jl.ordered_classes.squared_earth_mover(logits, labels)",
        {"logits": LOGITS, "labels": LABELS},
        relation="scoringrules takes probabilities, and counts classes from 1",
    ),
)
