"""Rows of torch: losses over classes."""

from math import e, inf, log1p

from tests.references.case import Case
from tests.references.inputs import (
    CLASS_WEIGHTS,
    CLASSES,
    LABELS,
    LOG_P,
    LOGITS,
    MASKED,
    MULTILABEL,
    PADDED,
    PAIRS,
    SOFT,
    VECTORS,
)

NONE = 'reduction="none"'
CE = "jl.classification.softmax_cross_entropy"
BCE = "jl.classification.sigmoid_cross_entropy"

MULTICLASS = (
    Case("ce", f"F.cross_entropy(logits, labels, {NONE})", f"{CE}(logits, labels)", CLASSES),
    Case(
        "ce-smoothing",
        f"F.cross_entropy(logits, labels, label_smoothing=0.25, {NONE})",
        f"{CE}(logits, labels, smoothing=0.25)",
        CLASSES,
    ),
    Case(
        "ce-class-weights",
        f"F.cross_entropy(logits, labels, weight=class_weights, {NONE})",
        f"{CE}(logits, labels, class_weights=class_weights)",
        CLASSES | CLASS_WEIGHTS,
    ),
    Case(
        "ce-class-weights-smoothing",
        (f"F.cross_entropy(logits, labels, weight=class_weights, label_smoothing=0.25, {NONE})"),
        f"{CE}(logits, labels, class_weights=class_weights, smoothing=0.25)",
        CLASSES | CLASS_WEIGHTS,
    ),
    Case(
        "ce-class-weights-mean",
        "F.cross_entropy(logits, labels, weight=class_weights)",
        f"jl.mean({CE}(logits, labels), weights=class_weights[labels])",
        CLASSES | CLASS_WEIGHTS,
        relation="torch divides by the sum of the labels' weights: weigh in the mean, not the loss",
    ),
    Case(
        "ce-class-weights-smoothing-mean",
        "F.cross_entropy(logits, labels, weight=class_weights, label_smoothing=0.25)",
        (
            f"jl.total({CE}(logits, labels, class_weights=class_weights, smoothing=0.25))"
            " / class_weights[labels].sum()"
        ),
        CLASSES | CLASS_WEIGHTS,
        relation="torch divides by the sum of the labels' weights",
    ),
    Case(
        "ce-ignore-index",
        "F.cross_entropy(logits, labels)",
        f"jl.mean({CE}(logits, labels), where=labels != -100)",
        PADDED,
        relation="ignore_index becomes a mask of the mean; an unmasked label of -100 is NaN",
    ),
    Case(
        "ce-ignore-index-class-weights",
        "F.cross_entropy(logits, labels, weight=class_weights)",
        (f"jl.mean({CE}(logits, labels), where=labels != -100, weights=class_weights[labels])"),
        PADDED | CLASS_WEIGHTS,
        relation="ignored rows leave the sum of the weights too",
    ),
    Case(
        "ce-ignore-index-unreduced",
        f"F.cross_entropy(logits, labels, {NONE})",
        f"jnp.where(labels == -100, 0, {CE}(logits, labels))",
        PADDED,
        relation="torch gives 0 for an ignored row; ours gives NaN with gradient 0 until masked",
    ),
    Case(
        "ce-all-ignored",
        "F.cross_entropy(logits, labels)",
        f"jl.mean({CE}(logits, labels), where=labels != -100)",
        {"logits": LOGITS, "labels": [-100, -100, -100]},
        relation="torch gives NaN when nothing is counted; ours is 0 with gradient 0",
        expect={"value": 0.0},
    ),
    Case(
        "ce-soft",
        f"F.cross_entropy(logits, target, {NONE})",
        f"{CE}(logits, target)",
        SOFT,
        wrt=("logits", "target"),
    ),
    Case(
        "ce-soft-smoothing",
        f"F.cross_entropy(logits, target, label_smoothing=0.25, {NONE})",
        f"{CE}(logits, target, smoothing=0.25)",
        SOFT,
    ),
    Case(
        "ce-soft-class-weights",
        f"F.cross_entropy(logits, target, weight=class_weights, {NONE})",
        f"{CE}(logits, target, class_weights=class_weights)",
        SOFT | CLASS_WEIGHTS,
    ),
    Case(
        "ce-soft-class-weights-mean",
        "F.cross_entropy(logits, target, weight=class_weights)",
        f"jl.mean({CE}(logits, target, class_weights=class_weights))",
        SOFT | CLASS_WEIGHTS,
        relation="with soft targets torch divides by the count, unlike with labels",
    ),
    Case(
        "ce-where",
        f"F.cross_entropy(logits[:, [0, 1, 2]], labels, label_smoothing=0.25, {NONE})",
        f"{CE}(logits, labels, smoothing=0.25, where=where)",
        CLASSES | {"where": [[True, True, True, False]] * 3},
        relation="torch has no mask of classes: the masked class is cut out",
    ),
    Case(
        "ce-masked-logits",
        f"F.cross_entropy(logits, labels, {NONE})",
        f"{CE}(logits, labels)",
        MASKED,
    ),
    Case(
        "ce-masked-logits-soft",
        f"F.cross_entropy(logits, target, {NONE})",
        f"{CE}(logits, target)",
        {"logits": [[-inf, 0.0, 1.0]], "target": [[0.0, 1.0, 0.0]]},
        relation="torch multiplies 0 by -inf; a class of target 0 takes no part",
        expect={"value": [log1p(e)]},
    ),
    Case(
        "ce-channels-first",
        f"F.cross_entropy(logits, labels, {NONE})",
        f"{CE}(jnp.moveaxis(logits, 1, -1), labels)",
        {
            "logits": [[[0.5, -1.0, 2.0], [0.25, 3.0, 0.0]], [[-2.5, 1.0, 0.5], [0.75, 0.0, 4.0]]],
            "labels": [[0, 1, 1], [1, 0, 0]],
        },
        relation="classes are on axis 1 in torch, on the last axis here",
    ),
    Case(
        "nll", f"F.nll_loss(log_p, labels, {NONE})", "jl.classification.nll(log_p, labels)", LOG_P
    ),
    Case(
        "nll-class-weights",
        f"F.nll_loss(log_p, labels, weight=class_weights, {NONE})",
        "jl.classification.nll(log_p, labels, class_weights=class_weights)",
        LOG_P | CLASS_WEIGHTS,
    ),
    Case(
        "nll-class-weights-mean",
        "F.nll_loss(log_p, labels, weight=class_weights)",
        "jl.mean(jl.classification.nll(log_p, labels), weights=class_weights[labels])",
        LOG_P | CLASS_WEIGHTS,
        relation="torch divides by the sum of the labels' weights: weigh in the mean, not the loss",
    ),
    Case(
        "nll-ignore-index",
        "F.nll_loss(log_p, labels, ignore_index=1)",
        "jl.mean(jl.classification.nll(log_p, labels), where=labels != 1)",
        LOG_P,
        relation="ignore_index becomes a mask of the mean",
    ),
    Case(
        "linear-ce",
        f"F.linear_cross_entropy(features, kernel, labels, {NONE})",
        f"{CE}(features @ kernel.T, labels)",
        {
            "features": [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]],
            "kernel": [[1.0, 0.5], [-0.25, 2.0], [0.75, -1.5], [0.0, 1.0]],
            "labels": LABELS,
        },
        relation="torch fuses the matmul, and its kernel has classes first",
        wrt=("features", "kernel"),
    ),
    Case(
        "adaptive-softmax",
        (
            "-torch.func.functional_call("
            "nn.AdaptiveLogSoftmaxWithLoss(2, 6, [2, 4], div_value=1.0).double(), "
            '{"head.weight": head, "tail.0.0.weight": down0, "tail.0.1.weight": up0, '
            '"tail.1.0.weight": down1, "tail.1.1.weight": up1}, (features, labels)).output'
        ),
        (
            "jl.sampled.adaptive_softmax(features @ head.T, "
            "(features @ down0.T @ up0.T, features @ down1.T @ up1.T), labels)"
        ),
        {
            "features": [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5], [1.0, 1.0]],
            "head": [[1.0, 0.5], [-0.25, 2.0], [0.75, -1.5], [0.0, 1.0]],
            "down0": [[1.0, 0.25], [0.5, -0.5]],
            "up0": [[0.5, 1.0], [-1.0, 0.75]],
            "down1": [[-0.5, 1.0], [0.25, 2.0]],
            "up1": [[1.5, 0.0], [0.5, -0.25]],
            "labels": [1, 3, 4, 5],
        },
        relation="torch returns log-probabilities and owns the projections; ours takes the logits",
        wrt=("features", "head"),
    ),
)

MARGIN = (
    Case(
        "multi-margin",
        f"F.multi_margin_loss(logits, labels, {NONE})",
        "jl.margin.weston_watkins(logits, labels) / 4",
        CLASSES,
        relation="torch divides the paper's sum by the number of classes",
    ),
    Case(
        "multi-margin-p2",
        f"F.multi_margin_loss(logits, labels, p=2, margin=0.5, {NONE})",
        "jl.margin.weston_watkins(logits, labels, margin=0.5, power=2.0) / 4",
        CLASSES,
        relation="torch divides the paper's sum by the number of classes",
    ),
    Case(
        "multi-margin-class-weights",
        f"F.multi_margin_loss(logits, labels, weight=class_weights, {NONE})",
        "class_weights[labels] * jl.margin.weston_watkins(logits, labels) / 4",
        CLASSES | CLASS_WEIGHTS,
        relation="the label's weight is a factor, and torch divides by the number of classes",
    ),
    Case(
        "multi-margin-kink",
        f"F.multi_margin_loss(logits, labels, {NONE})",
        "jl.margin.weston_watkins(logits, labels) / 2",
        {"logits": [[0.0, 1.0]], "labels": [1]},
        relation="torch divides by the number of classes; both have gradient 0 at the kink",
    ),
    Case(
        "margin-ranking",
        f"F.margin_ranking_loss(x, y, target, {NONE})",
        "jl.margin.margin_ranking(x, y, target)",
        PAIRS,
        wrt=("x", "y"),
    ),
    Case(
        "margin-ranking-margin",
        f"F.margin_ranking_loss(x, y, target, margin=0.75, {NONE})",
        "jl.margin.margin_ranking(x, y, target, margin=0.75)",
        PAIRS,
        wrt=("x", "y"),
    ),
    Case(
        "margin-ranking-kink",
        f"F.margin_ranking_loss(x, y, target, {NONE})",
        "jl.margin.margin_ranking(x, y, target)",
        {"x": [1.0, 0.5], "y": [1.0, 0.5], "target": [1.0, -1.0]},
        relation="torch has the gradient of the active side at the kink; ours is 0",
        wrt=("x", "y"),
        expect={"x": [0.0, 0.0], "y": [0.0, 0.0]},
    ),
    Case(
        "hinge-embedding-kink",
        f"F.hinge_embedding_loss(distance, target, {NONE})",
        "jl.margin.hinge_embedding(distance, target)",
        {"distance": [1.0], "target": [-1.0]},
        relation="torch has the gradient of the active side at the kink; ours is 0",
        expect={"distance": [0.0]},
    ),
    Case(
        "hinge-embedding",
        f"F.hinge_embedding_loss(distance, target, {NONE})",
        "jl.margin.hinge_embedding(distance, target)",
        {"distance": [0.5, 0.25, 2.0, 1.5], "target": [1.0, -1.0, 1.0, -1.0]},
    ),
    Case(
        "hinge-embedding-margin",
        f"F.hinge_embedding_loss(distance, target, margin=2.5, {NONE})",
        "jl.margin.hinge_embedding(distance, target, margin=2.5)",
        {"distance": [0.5, 0.25, 2.0, 1.5], "target": [1.0, -1.0, 1.0, -1.0]},
    ),
    Case(
        "cosine-embedding",
        f"F.cosine_embedding_loss(x, y, target, {NONE})",
        "jl.margin.cosine_embedding(x, y, target)",
        VECTORS | {"target": [1.0, 1.0, -1.0]},
        wrt=("x", "y"),
    ),
    Case(
        "cosine-embedding-margin",
        f"F.cosine_embedding_loss(x, y, target, margin=0.25, {NONE})",
        "jl.margin.cosine_embedding(x, y, target, margin=0.25)",
        VECTORS | {"target": [-1.0, -1.0, -1.0]},
        wrt=("x", "y"),
    ),
    Case(
        "cosine-embedding-zero-vector",
        f"F.cosine_embedding_loss(x, y, target, {NONE})",
        "jl.margin.cosine_embedding(x, y, target)",
        {"x": [[0.0, 0.0]], "y": [[1.0, 2.0]], "target": [1.0]},
        relation="torch's gradient at a zero vector is of size 1e5; ours is 0",
        expect={"x": [[0.0, 0.0]]},
    ),
)

MULTILABEL_ROWS = (
    Case(
        "multilabel-soft-margin",
        f"F.multilabel_soft_margin_loss(logits, target, {NONE})",
        "jl.multilabel.soft_margin(logits, target)",
        MULTILABEL,
    ),
    Case(
        "multilabel-soft-margin-class-weights",
        f"F.multilabel_soft_margin_loss(logits, target, weight=class_weights, {NONE})",
        f"jnp.mean(class_weights * {BCE}(logits, target), axis=-1)",
        MULTILABEL | CLASS_WEIGHTS,
        relation="class weights by hand: torch divides by the number of classes, not the weights",
    ),
    Case(
        "multilabel-margin",
        f"F.multilabel_margin_loss(logits, indices, {NONE})",
        "jl.multilabel.margin(logits, target)",
        MULTILABEL | {"indices": [[1, 2, -1, 0], [0, 3, -1, 0]]},
        relation="torch takes lists of class indices ended by -1, jaxloss a multi-hot target",
    ),
)
