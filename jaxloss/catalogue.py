"""One row for each loss: what cannot be derived from the function itself.

Tests, benchmarks, the command line and plots run over this table, so a new loss is one function,
one row here and one oracle. Names, summaries, formulas and references are read from the functions.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from jax import Array

from jaxloss.losses import (
    adversarial,
    agreement,
    auc,
    classification,
    contrastive,
    focal,
    imbalanced,
    likelihood,
    margin,
    metric,
    multilabel,
    regression,
    reweighting,
    robust,
    sampled,
    scoring,
    segmentation,
    sequence,
    transport,
)
from jaxloss.migration import NAMES

CLAIMS: Mapping[str, str] = {
    "nonnegative": "never below 0",
    "zero_at_target": "0 for a perfect prediction",
    "symmetric": "unchanged when prediction and target trade places",
    "convex": "convex in its first argument",
    "bounded": "does not grow without bound",
    "shift_invariant": "unchanged when a constant is added to all scores of a row",
    "scale_invariant": "unchanged when the prediction is multiplied by a positive number",
    "held": "weighed by what it holds constant, so that its gradient is not the slope of its value",
}
"""What a row may claim, in words; each is a property that is tested."""


@dataclass(frozen=True)
class Row:
    """A loss and what is known of it.

    Attributes:
        loss: the function.
        reads: domains of its arguments, names in `jaxloss.domains.DOMAINS`.
        gives: one value for each element, or for each row of the last axis.
        claims: properties, keys of `CLAIMS`.
    """

    loss: Callable[..., Array]
    reads: tuple[str, ...]
    gives: Literal["element", "row"]
    claims: frozenset[str]

    @property
    def family(self) -> str:
        """Module that holds the loss."""
        return self.loss.__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        """Name as it is called: `regression.huber`."""
        return f"{self.family}.{self.loss.__name__}"

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.loss) or "").partition("\n")[0]

    @property
    def formula(self) -> str:
        """Paragraph of the docstring behind `Formula:`."""
        return self._paragraph("Formula:")

    @property
    def reference(self) -> str:
        """Paragraph of the docstring behind `Reference:`."""
        return self._paragraph("Reference:")

    @property
    def elsewhere(self) -> dict[str, str]:
        """Its names in other libraries; what differs there follows after a colon."""
        found: dict[str, list[str]] = {}
        for library, names in NAMES.items():
            for theirs, ours in names.items():
                name, _, difference = ours.partition(": ")
                if name == self.name:
                    text = f"{theirs}: {difference}" if difference else theirs
                    found.setdefault(library, []).append(text)
        return {library: "; ".join(texts) for library, texts in found.items()}

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Float hyperparameters and their defaults."""
        parameters = inspect.signature(self.loss).parameters.values()
        return {p.name: p.default for p in parameters if isinstance(p.default, float)}

    def accepts(self, option: str) -> bool:
        """Whether the loss has an argument of this name."""
        return option in inspect.signature(self.loss).parameters

    def _paragraph(self, title: str) -> str:
        found = re.search(
            rf"{title}\s*(.+?)(?:\n\n|\Z)", inspect.getdoc(self.loss) or "", re.DOTALL
        )
        return re.sub(r"\s+", " ", found[1]).strip() if found else ""


def row(
    loss: Callable[..., Array],
    reads: str,
    gives: Literal["element", "row"],
    claims: str = "",
) -> Row:
    """Write a row with words in place of tuples and sets."""
    return Row(loss, tuple(reads.split()), gives, frozenset(claims.split()))


LOSSES: tuple[Row, ...] = (
    row(
        regression.squared_error, "reals", "element", "nonnegative zero_at_target symmetric convex"
    ),
    row(
        regression.absolute_error, "reals", "element", "nonnegative zero_at_target symmetric convex"
    ),
    row(regression.huber, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.smooth_l1, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.pseudo_huber, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.charbonnier, "reals", "element", "nonnegative symmetric convex"),
    row(regression.log_cosh, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(
        regression.epsilon_insensitive,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(
        regression.squared_epsilon_insensitive,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(regression.berhu, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.balanced_l1, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(regression.wing, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(regression.adaptive_wing, "unit", "element", "nonnegative zero_at_target"),
    row(regression.quantile_huber, "reals", "element", "nonnegative zero_at_target convex"),
    row(
        regression.absolute_percentage_error,
        "reals",
        "element",
        "nonnegative zero_at_target convex",
    ),
    row(
        regression.symmetric_absolute_percentage_error,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        regression.squared_log_error, "positives", "element", "nonnegative zero_at_target symmetric"
    ),
    row(
        regression.circular_error,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        agreement.root_mean_squared_error,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(
        agreement.normalized_root_mean_squared_error,
        "vectors",
        "row",
        "nonnegative zero_at_target convex",
    ),
    row(agreement.relative_squared_error, "vectors", "row", "nonnegative zero_at_target convex"),
    row(
        agreement.weighted_absolute_percentage_error,
        "vectors",
        "row",
        "nonnegative zero_at_target convex",
    ),
    row(agreement.minkowski_error, "vectors", "row", "nonnegative zero_at_target symmetric convex"),
    row(agreement.cosine_similarity, "vectors", "row", "symmetric bounded scale_invariant"),
    row(
        agreement.cosine_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded scale_invariant",
    ),
    row(
        agreement.pearson_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded scale_invariant shift_invariant",
    ),
    row(
        agreement.concordance_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        agreement.scale_invariant_log_error,
        "positive_vectors",
        "row",
        "nonnegative zero_at_target symmetric",
    ),
    row(
        agreement.scale_shift_invariant_error,
        "vectors",
        "row",
        "nonnegative zero_at_target bounded scale_invariant shift_invariant",
    ),
    row(robust.general_robust, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(robust.adaptive_robust, "reals", "element", "symmetric"),
    row(robust.cauchy, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(robust.welsch, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.geman_mcclure, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.tukey_biweight, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.fair, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(robust.hampel, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(classification.sigmoid_cross_entropy, "logits_bits", "element", "nonnegative convex"),
    row(classification.binary_cross_entropy, "probabilities_bits", "element", "nonnegative convex"),
    row(
        classification.softmax_cross_entropy,
        "logits_labels logits_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(
        classification.categorical_cross_entropy,
        "probabilities_labels probabilities_distributions",
        "row",
        "nonnegative convex",
    ),
    row(classification.nll, "log_probabilities_labels", "row", "nonnegative convex"),
    row(
        classification.poly1_cross_entropy,
        "logits_labels logits_distributions",
        "row",
        "nonnegative shift_invariant",
    ),
    row(
        classification.max_suppression_cross_entropy,
        "logits_labels logits_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(classification.jensen_shannon_cross_entropy, "views_labels", "row", "nonnegative"),
    row(
        classification.logit_norm_cross_entropy,
        "logits_labels logits_distributions",
        "row",
        "nonnegative bounded scale_invariant",
    ),
    row(classification.squentropy, "logits_labels", "row", "nonnegative convex"),
    row(margin.hinge, "logits_signs", "element", "nonnegative convex"),
    row(margin.squared_hinge, "logits_signs", "element", "nonnegative convex"),
    row(margin.smooth_hinge, "logits_signs", "element", "nonnegative convex"),
    row(margin.modified_huber, "logits_signs", "element", "nonnegative convex"),
    row(margin.perceptron, "logits_signs", "element", "nonnegative convex"),
    row(margin.ramp, "logits_signs", "element", "nonnegative bounded"),
    row(margin.logistic, "logits_signs", "element", "nonnegative convex"),
    row(margin.exponential, "logits_signs", "element", "nonnegative convex"),
    row(margin.savage, "logits_signs", "element", "nonnegative bounded"),
    row(margin.tangent, "logits_signs", "element", "nonnegative bounded"),
    row(margin.crammer_singer, "logits_labels", "row", "nonnegative convex shift_invariant"),
    row(margin.weston_watkins, "logits_labels", "row", "nonnegative convex shift_invariant"),
    row(margin.multiclass_perceptron, "logits_labels", "row", "nonnegative convex shift_invariant"),
    row(
        margin.structured_hinge, "scores_costs_labels", "row", "nonnegative convex shift_invariant"
    ),
    row(margin.margin_ranking, "pairs_signs", "element", "nonnegative convex"),
    row(margin.hinge_embedding, "distances_signs", "element", "nonnegative convex"),
    row(margin.cosine_embedding, "vectors_signs", "row", "nonnegative bounded scale_invariant"),
    row(adversarial.carlini_wagner, "logits_labels", "row", "bounded shift_invariant"),
    row(adversarial.dlr, "logits_labels", "row", "scale_invariant shift_invariant"),
    row(
        adversarial.targeted_dlr,
        "logits_labels_rivals",
        "row",
        "scale_invariant shift_invariant",
    ),
    row(multilabel.soft_margin, "logits_sets", "row", "nonnegative convex"),
    row(multilabel.margin, "logits_sets", "row", "nonnegative convex shift_invariant"),
    row(multilabel.zlpr, "logits_sets", "row", "nonnegative convex"),
    row(multilabel.lsep, "logits_sets", "row", "nonnegative convex shift_invariant"),
    row(multilabel.bp_mll, "logits_sets", "row", "nonnegative convex shift_invariant"),
    row(multilabel.two_way, "logits_sets", "row", "nonnegative convex"),
    row(focal.sigmoid_focal, "logits_bits", "element", "nonnegative"),
    row(focal.focal_star, "logits_bits", "element", "nonnegative convex"),
    row(focal.reduced_focal, "logits_bits", "element", "nonnegative"),
    row(focal.asymmetric, "logits_bits", "element", "nonnegative"),
    row(focal.quality_focal, "logits_degrees", "element", "nonnegative"),
    row(focal.varifocal, "logits_degrees", "element", "nonnegative"),
    row(focal.gaussian_focal, "logits_degrees", "element", "nonnegative"),
    row(
        focal.softmax_focal,
        "logits_labels logits_distributions",
        "row",
        "nonnegative shift_invariant",
    ),
    row(focal.dual_focal, "logits_labels", "row", "nonnegative shift_invariant"),
    row(focal.focal_cosine, "logits_labels", "row", "nonnegative bounded scale_invariant"),
    row(focal.distribution_focal, "bins_positions", "row", "nonnegative convex shift_invariant"),
    row(imbalanced.soft_f1, "logits_sets", "row", "nonnegative bounded"),
    row(imbalanced.balanced_binary_cross_entropy, "lists_bits", "row", "nonnegative convex"),
    row(
        imbalanced.vector_scaling,
        "skewed_labels skewed_distributions",
        "row",
        "nonnegative convex",
    ),
    row(
        imbalanced.logit_adjusted,
        "skewed_labels skewed_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(
        imbalanced.balanced_softmax,
        "skewed_labels skewed_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(imbalanced.ldam, "skewed_labels", "row", "nonnegative convex shift_invariant"),
    row(imbalanced.lade, "skewed_items", "row", ""),
    row(imbalanced.distribution_balanced, "skewed_bits", "row", "nonnegative convex"),
    row(
        imbalanced.expected_cost,
        "logits_labels_costs",
        "row",
        "nonnegative bounded shift_invariant",
    ),
    row(reweighting.equalization, "skewed_bits", "element", "nonnegative convex"),
    row(
        reweighting.softmax_equalization,
        "skewed_labels",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(reweighting.equalization_v2, "skewed_bits", "element", "nonnegative convex"),
    row(reweighting.seesaw, "skewed_labels", "row", "nonnegative shift_invariant held"),
    row(
        reweighting.influence_balanced,
        "logits_labels_features",
        "row",
        "nonnegative shift_invariant held",
    ),
    row(reweighting.gradient_harmonizing, "skewed_bits", "element", "nonnegative"),
    row(
        reweighting.gradient_harmonizing_l1,
        "counted_errors",
        "element",
        "nonnegative zero_at_target symmetric",
    ),
    row(auc.pairwise, "logits_sets", "row", "nonnegative convex shift_invariant"),
    row(auc.margin, "logits_sets", "row", ""),
    row(auc.hinge, "lists_bits", "row", "nonnegative convex shift_invariant"),
    row(auc.squared_hinge, "lists_bits", "row", "nonnegative convex shift_invariant"),
    row(scoring.crps_ensemble, "ensembles", "row", "nonnegative zero_at_target"),
    row(transport.energy_distance, "samples", "row", "nonnegative zero_at_target symmetric"),
    row(transport.wasserstein, "samples", "row", "nonnegative zero_at_target symmetric"),
    row(transport.mmd, "vector_samples", "row", "nonnegative symmetric bounded"),
    row(likelihood.cox, "survival", "row", "nonnegative convex shift_invariant"),
    row(segmentation.lovasz_hinge, "lists_bits", "row", "nonnegative convex"),
    row(segmentation.lovasz_softmax, "pixels_labels", "row", "nonnegative bounded shift_invariant"),
    row(sampled.sampled_softmax, "features_kernel_labels", "row", "nonnegative"),
    row(sampled.noise_contrastive_estimation, "features_kernel_labels", "row", "nonnegative"),
    row(sampled.negative_sampling, "features_kernel_labels", "row", "nonnegative"),
    row(sampled.adaptive_softmax, "head_tails_labels", "row", "nonnegative"),
    row(sequence.ctc, "frames_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer, "lattices_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer_lattice, "lattice_moves", "row", "nonnegative"),
    row(contrastive.info_nce, "partners", "row", "nonnegative convex"),
    row(contrastive.clip, "partners", "row", "nonnegative symmetric convex"),
    row(contrastive.siglip, "partners", "row", "nonnegative convex"),
    row(contrastive.sup_con, "labelled_items", "row", "nonnegative"),
    row(
        contrastive.barlow_twins,
        "views wide_views",
        "row",
        "nonnegative symmetric bounded scale_invariant",
    ),
    row(contrastive.covariance_penalty, "features wide_features", "row", "nonnegative"),
    row(contrastive.vicreg, "views", "row", "nonnegative symmetric"),
    row(metric.batch_hard_triplet, "labelled_items", "row", "nonnegative"),
    row(metric.batch_all_triplet, "labelled_items", "row", "nonnegative"),
)

FAMILIES: Mapping[str, tuple[Row, ...]] = {
    family: tuple(row for row in LOSSES if row.family == family)
    for family in dict.fromkeys(row.family for row in LOSSES)
}
"""Rows by the module that holds them."""

LIBRARIES: tuple[str, ...] = tuple(NAMES)
"""Other libraries that some loss has a name in."""

HELPERS: frozenset[Callable[..., Array]] = frozenset(
    {
        classification.smooth_labels,
        imbalanced.class_balanced_weights,
        imbalanced.class_counts,
        reweighting.gradient_histogram,
        reweighting.gradient_totals,
    }
)
"""Public functions of the families that are no losses."""


def find(name: str) -> Row:
    """Row of a loss by its name, with or without the family.

    Args:
        name: `"regression.huber"` or `"huber"`.

    Raises:
        KeyError: for an unknown or ambiguous name; the message suggests others.

    Example:
        >>> find("huber").name
        'regression.huber'
    """
    found = [row for row in LOSSES if name in (row.name, row.loss.__name__)]
    if len(found) == 1:
        return found[0]
    if found:
        raise KeyError(f"{name!r} is ambiguous: {_listed(row.name for row in found)}")
    names = {row.name: row.name for row in LOSSES} | {row.loss.__name__: row.name for row in LOSSES}
    close = dict.fromkeys(names[match] for match in difflib.get_close_matches(name, names, n=3))
    hint = f"; did you mean {_listed(close)}?" if close else ""
    raise KeyError(f"no loss is called {name!r}{hint}")


def public_functions(module: ModuleType) -> list[Callable[..., Array]]:
    """Functions that a module defines under a public name."""
    return [
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == module.__name__
    ]


def _listed(names: Iterable[str]) -> str:
    return " or ".join(names)
