"""Rows of TorchUncertainty: variances, evidence, penalties of confidence."""

from tests.references.case import Case, Peer

NORMAL = {
    "mean": [[0.0], [1.5], [-2.0], [0.25]],
    "log_variance": [[0.0], [-1.0], [2.0], [0.5]],
    "target": [[0.5], [-1.0], [-2.0], [3.0]],
}
EVIDENCE = {"evidence": [[0.5, 2.0, 0.125], [3.0, 0.25, 1.0]], "labels": [1, 2]}
RISKS = (("mse", "squared"), ("log", "log"), ("digamma", "digamma"))
SCORES = {"logits": [[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]], "labels": [2, 0]}
EVIDENTIAL = {
    "mean": [[0.0], [1.5], [-2.0]],
    "nu": [[1.0], [0.5], [3.0]],
    "alpha": [[2.0], [1.25], [4.0]],
    "beta": [[1.0], [0.5], [2.0]],
    "target": [[0.5], [-1.0], [0.0]],
}
NIG = "NormalInverseGamma(mean, nu, alpha, beta)"
NONE = 'reduction="none"'
CE = "jl.classification.softmax_cross_entropy"

TORCH_UNCERTAINTY = Peer(
    name="torch_uncertainty",
    pins=(
        "torch-uncertainty==0.13.0",
        "torch==2.13.0",
        "torchvision==0.28.0",
        "lightning==2.6.6",
        "jsonargparse==4.53.0",
        "timm==1.0.31",
    ),
    runs="torch",
    setup=(
        "import torch; from torch_uncertainty import losses; from "
        "torch_uncertainty.utils.distributions import NormalInverseGamma"
    ),
    cases=(
        *(
            Case(
                f"beta-nll-{beta}",
                f"losses.BetaNLL({beta}, {NONE})(mean, target, log_variance.exp())",
                f"jl.uncertainty.beta_nll(mean, log_variance, target, beta={beta})",
                NORMAL,
                relation="TorchUncertainty takes the variance",
                wrt=("mean", "log_variance"),
            )
            for beta in (0.0, 0.5, 1.0)
        ),
        *(
            Case(
                f"evidential-{theirs}",
                (
                    f'losses.DECLoss(reg_weight=0.5, loss_type="{theirs}", {NONE})'
                    "(evidence, labels)[:, 0]"
                ),
                (
                    "jl.uncertainty.evidential_classification"
                    f'(evidence, labels, risk="{ours}", weight=0.5)'
                ),
                EVIDENCE,
            )
            for theirs, ours in RISKS
        ),
        Case(
            "evidential-regression",
            f"losses.DERLoss(0.25, {NONE})({NIG}, target)",
            "jl.uncertainty.evidential_regression(mean, nu, alpha, beta, target, weight=0.25)",
            EVIDENTIAL,
            wrt=("mean", "nu", "alpha", "beta"),
        ),
        Case(
            "confidence-penalty",
            f"losses.ConfidencePenaltyLoss(0.5, {NONE}, eps=0.0)(logits, labels)",
            (
                f"{CE}(logits, labels) + 0.5 * (jl.uncertainty.confidence_penalty(logits) "
                "+ jnp.log(3.0))"
            ),
            SCORES,
            relation="TorchUncertainty adds the cross-entropy, and the logarithm of the classes",
        ),
        Case(
            "conflictual",
            "(torch.manual_seed(0), losses.ConflictualLoss(0.5)(logits, labels))[1]",
            "jl.mean(jl.uncertainty.conflictual(logits, labels, drawn, weight=0.5))",
            SCORES | {"drawn": [2, 2]},
            relation="TorchUncertainty draws one class for the whole batch, here the last",
        ),
        Case(
            "focal",
            f"losses.FocalLoss(2.0, {NONE})(logits, labels)",
            "jl.focal.softmax_focal(logits, labels)",
            SCORES,
            relation="equal; both multiply by no weights",
        ),
        Case(
            "bits-smoothed",
            f"losses.BCEWithLogitsLSLoss(0.2, {NONE})(logits, target)",
            "jl.classification.sigmoid_cross_entropy(logits, target, smoothing=0.2)",
            {"logits": [0.5, -2.0, 1.0], "target": [1.0, 0.0, 0.0]},
            relation="equal; TorchUncertainty rounds targets to float32",
        ),
        Case(
            "max-suppression",
            "losses.CrossEntropyMaxSupLoss(max_sup=0.3)(logits, labels)",
            "jl.mean(jl.classification.max_suppression_cross_entropy(logits, labels, weight=0.3))",
            SCORES,
            relation="TorchUncertainty averages",
        ),
        Case(
            "mixup-mp",
            "losses.MixupMPLoss(1.0)(logits, labels)",
            f"jl.mean({CE}(logits[:1], labels[:1])) + jl.mean({CE}(logits[1:], labels[1:]))",
            SCORES,
            relation="one half of the batch is mixed, the other is not; the means are added",
        ),
        Case(
            "pinball",
            f"losses.PinballLoss(0.75, {NONE})(mean, target)",
            "jl.quantile.pinball(mean, target, quantile=0.75)",
            {"mean": [0.5, -1.0, 2.0], "target": [0.0, 3.0, 1.0]},
        ),
        Case(
            "normal-nll",
            (
                "losses.DistributionNLLLoss(None)"
                "(torch.distributions.Normal(mean, (log_variance / 2).exp()), target)"
            ),
            (
                "jl.uncertainty.heteroscedastic(mean, log_variance, target) "
                "+ jnp.log(2 * jnp.pi) / 2"
            ),
            NORMAL,
            relation="a constant",
            wrt=("mean", "log_variance"),
        ),
    ),
    public='["losses." + name for name in dir(losses) if name[0].isupper()]',
    not_ours={
        "losses.ELBOLoss": "runs a network and walks its modules; terms of an objective do it here",
        "losses.KLDiv": "walks the modules of a network",
    },
)
