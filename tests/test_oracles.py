"""Every oracle at values worked out by hand, and proof that none is left out."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.oracles import (
    actor_critic,
    advantages,
    adversarial,
    agreement,
    auc,
    audio,
    boundary,
    boxes,
    calibration,
    censored,
    classification,
    completions,
    compound,
    consistency,
    contrastive,
    counts,
    critic,
    crps,
    crps_bounded,
    crps_cut,
    dense,
    deviance,
    diffusion,
    diffusion_bounds,
    discrete_diffusion,
    displacement,
    distillation,
    distributional,
    divergence,
    edges,
    extremes,
    feature_distillation,
    flow,
    focal,
    frequency,
    fused,
    gan,
    gaussian_divergence,
    geometry,
    histogram,
    image,
    imbalanced,
    isotropy,
    lambda_weights,
    language,
    layer_distillation,
    lifetimes,
    likelihood,
    listwise,
    logit_matching,
    lovasz,
    map_distillation,
    margin,
    margin_softmax,
    matches,
    metric,
    mixtures,
    multilabel,
    multivariate,
    negatives,
    noise_tolerant,
    noisy,
    offline,
    order_agnostic,
    ordered_classes,
    ordinal,
    pairwise,
    perceptual,
    physics,
    policy,
    policy_answers,
    preference,
    preference_shapes,
    preference_unpaired,
    proper,
    proportions,
    prototypes,
    proxies,
    quantile,
    ragged,
    rank_metrics,
    ranking,
    redundancy,
    reference_free,
    registration,
    regression,
    relational_distillation,
    retrieval,
    reward,
    reweighting,
    robust,
    rotated_boxes,
    routing,
    sampled,
    score_matching,
    scoring,
    segmentation,
    selective,
    self_correction,
    self_supervised,
    sequence,
    sinkhorn,
    smooth_metrics,
    sorting,
    sparse,
    spectral,
    structured,
    survival,
    temporal,
    token_distillation,
    transducers,
    transport,
    tuplet,
    uncertainty,
    value,
    variational,
    weak,
)
from tests.pins_advantages import ADVANTAGES
from tests.pins_answers import COMPLETIONS, PREFERENCE, REFERENCE_FREE, REWARD, UNPAIRED
from tests.pins_classes import ADVERSARIAL, CLASSIFICATION, MARGIN, MULTILABEL, SAMPLED
from tests.pins_control import (
    ACTOR_CRITIC,
    DISTRIBUTIONAL,
    HISTOGRAM,
    OFFLINE,
    VALUE,
)
from tests.pins_distillation import DISTILLATION, LOGIT_MATCHING, TOKEN_DISTILLATION
from tests.pins_distributions import DIVERGENCE, GAUSSIAN_DIVERGENCE, SINKHORN
from tests.pins_features import (
    FEATURE_DISTILLATION,
    LAYER_DISTILLATION,
    MAP_DISTILLATION,
    RELATIONAL_DISTILLATION,
)
from tests.pins_generation import (
    CRITIC,
    DIFFUSION,
    DIFFUSION_BOUNDS,
    DISCRETE_DIFFUSION,
    FLOW,
    GAN,
    SCORE_MATCHING,
    VARIATIONAL,
)
from tests.pins_images import AUDIO, BOXES, IMAGE, ROTATED_BOXES, SPECTRAL
from tests.pins_language import LANGUAGE, ROUTING
from tests.pins_likelihood import (
    CENSORED,
    COUNTS,
    DEVIANCE,
    EXTREMES,
    LIFETIMES,
    LIKELIHOOD,
    MIXTURES,
    PROPORTIONS,
    SURVIVAL,
)
from tests.pins_lists import AUC, COX, LOVASZ, SCORING, TRANSPORT
from tests.pins_masks import BOUNDARY, COMPOUND, SEGMENTATION
from tests.pins_metric import (
    MARGIN_SOFTMAX,
    PAIRWISE,
    PROXIES,
    RETRIEVAL,
    TRIPLETS,
    TUPLET,
)
from tests.pins_motion import CONSISTENCY, GEOMETRY, PHYSICS
from tests.pins_noisy import NOISY
from tests.pins_ordinal import ORDINAL
from tests.pins_pairs import CONTRASTIVE, METRIC
from tests.pins_ranking import (
    LAMBDA_WEIGHTS,
    LISTWISE,
    MATCHES,
    RAGGED,
    RANK_METRICS,
    RANKING,
    SMOOTH_METRICS,
    SORTING,
)
from tests.pins_registration import DISPLACEMENT, REGISTRATION
from tests.pins_residuals import AGREEMENT, REGRESSION, ROBUST
from tests.pins_scores import (
    CALIBRATION,
    CRPS,
    CRPS_BOUNDED,
    CRPS_CUT,
    MULTIVARIATE,
    PROPER,
    QUANTILE,
    SCORES,
    SELECTIVE,
    UNCERTAINTY,
)
from tests.pins_self_supervised import NEGATIVES, REDUNDANCY, SELF_SUPERVISED
from tests.pins_sequences import FUSED, SEQUENCE
from tests.pins_skewed import FOCAL, IMBALANCED, REWEIGHTING
from tests.pins_sparse import SPARSE
from tests.pins_steps import POLICY, POLICY_ANSWERS
from tests.pins_structured import ORDER_AGNOSTIC, STRUCTURED
from tests.pins_temporal import TEMPORAL
from tests.pins_transducers import TRANSDUCERS
from tests.pins_views import DENSE, FOLLOWED, ISOTROPY, PROTOTYPES

MODULES = (
    regression,
    agreement,
    robust,
    classification,
    margin,
    adversarial,
    multilabel,
    focal,
    imbalanced,
    reweighting,
    noisy,
    noise_tolerant,
    self_correction,
    weak,
    ordinal,
    ordered_classes,
    sparse,
    auc,
    sampled,
    quantile,
    crps,
    crps_bounded,
    crps_cut,
    proper,
    multivariate,
    uncertainty,
    calibration,
    selective,
    scoring,
    transport,
    survival,
    likelihood,
    lifetimes,
    extremes,
    counts,
    deviance,
    proportions,
    mixtures,
    censored,
    segmentation,
    lovasz,
    compound,
    boundary,
    boxes,
    rotated_boxes,
    image,
    edges,
    frequency,
    perceptual,
    registration,
    displacement,
    audio,
    spectral,
    contrastive,
    negatives,
    self_supervised,
    redundancy,
    prototypes,
    isotropy,
    dense,
    metric,
    pairwise,
    tuplet,
    retrieval,
    proxies,
    margin_softmax,
    sequence,
    transducers,
    sinkhorn,
    gan,
    critic,
    variational,
    diffusion,
    diffusion_bounds,
    score_matching,
    flow,
    discrete_diffusion,
    divergence,
    gaussian_divergence,
    fused,
    language,
    routing,
    temporal,
    geometry,
    physics,
    consistency,
    preference,
    preference_shapes,
    preference_unpaired,
    reference_free,
    reward,
    completions,
    structured,
    order_agnostic,
    policy,
    policy_answers,
    advantages,
    value,
    distributional,
    histogram,
    actor_critic,
    offline,
    lambda_weights,
    listwise,
    ragged,
    rank_metrics,
    ranking,
    smooth_metrics,
    sorting,
    matches,
    distillation,
    logit_matching,
    token_distillation,
    feature_distillation,
    map_distillation,
    relational_distillation,
    layer_distillation,
)
PINS = [
    *REGRESSION,
    *AGREEMENT,
    *ROBUST,
    *CLASSIFICATION,
    *MARGIN,
    *ADVERSARIAL,
    *MULTILABEL,
    *FOCAL,
    *IMBALANCED,
    *REWEIGHTING,
    *NOISY,
    *ORDINAL,
    *SPARSE,
    *SAMPLED,
    *AUC,
    *QUANTILE,
    *CRPS,
    *CRPS_BOUNDED,
    *CRPS_CUT,
    *SCORES,
    *MULTIVARIATE,
    *UNCERTAINTY,
    *CALIBRATION,
    *SELECTIVE,
    *PROPER,
    *SCORING,
    *TRANSPORT,
    *DIVERGENCE,
    *GAUSSIAN_DIVERGENCE,
    *SINKHORN,
    *COX,
    *LIKELIHOOD,
    *LIFETIMES,
    *EXTREMES,
    *COUNTS,
    *DEVIANCE,
    *PROPORTIONS,
    *MIXTURES,
    *CENSORED,
    *SURVIVAL,
    *SEGMENTATION,
    *LOVASZ,
    *COMPOUND,
    *BOUNDARY,
    *BOXES,
    *ROTATED_BOXES,
    *IMAGE,
    *REGISTRATION,
    *DISPLACEMENT,
    *AUDIO,
    *SPECTRAL,
    *CONTRASTIVE,
    *NEGATIVES,
    *SELF_SUPERVISED,
    *REDUNDANCY,
    *PROTOTYPES,
    *ISOTROPY,
    *DENSE,
    *FOLLOWED,
    *METRIC,
    *TRIPLETS,
    *PAIRWISE,
    *TUPLET,
    *RETRIEVAL,
    *PROXIES,
    *MARGIN_SOFTMAX,
    *SEQUENCE,
    *TRANSDUCERS,
    *GAN,
    *CRITIC,
    *VARIATIONAL,
    *DIFFUSION,
    *DIFFUSION_BOUNDS,
    *SCORE_MATCHING,
    *FLOW,
    *DISCRETE_DIFFUSION,
    *TEMPORAL,
    *GEOMETRY,
    *PHYSICS,
    *CONSISTENCY,
    *FUSED,
    *LANGUAGE,
    *ROUTING,
    *COMPLETIONS,
    *PREFERENCE,
    *REFERENCE_FREE,
    *REWARD,
    *UNPAIRED,
    *STRUCTURED,
    *ORDER_AGNOSTIC,
    *POLICY,
    *POLICY_ANSWERS,
    *ADVANTAGES,
    *VALUE,
    *DISTRIBUTIONAL,
    *HISTOGRAM,
    *ACTOR_CRITIC,
    *OFFLINE,
    *LAMBDA_WEIGHTS,
    *RANKING,
    *LISTWISE,
    *RAGGED,
    *RANK_METRICS,
    *SMOOTH_METRICS,
    *SORTING,
    *MATCHES,
    *DISTILLATION,
    *LOGIT_MATCHING,
    *TOKEN_DISTILLATION,
    *FEATURE_DISTILLATION,
    *MAP_DISTILLATION,
    *RELATIONAL_DISTILLATION,
    *LAYER_DISTILLATION,
]


@pytest.mark.parametrize(("oracle", "args", "hyper", "expect"), PINS)
def test_value_by_hand(
    oracle: Callable[..., Any], args: tuple[Any, ...], hyper: dict[str, Any], expect: Any
) -> None:
    """The oracle returns float64 of the expected shape and value."""
    found = oracle(*args, **hyper)
    if not isinstance(found, tuple):
        found, expect = (found,), (expect,)
    for number, wanted in zip(found, expect, strict=True):
        assert number.dtype == np.float64
        assert number.shape == np.shape(wanted)
        # an absolute 1e-25 admits the rounding of decimals at zero, and still tests what is tiny
        np.testing.assert_allclose(number, wanted, rtol=2e-12, atol=1e-25)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": [0.5, -1.0, 0.25, 2.0]},
        {"weights": [2.0, 1.0, 0.5], "where": [True, False, True]},
        {"smoothing": 0.2, "class_weights": [2.0, 0.5, 1.0, 0.0], "z_loss": 0.3},
        {"softcap": 1.5, "temperature": [0.5, 1.0, 2.0], "bias": [0.0, 1.0, -np.inf, 0.5]},
    ],
    ids=lambda options: "-".join(options) or "defaults",
)
def test_gradients_by_hand_are_slopes(options: dict[str, Any]) -> None:
    """What is derived by hand from the fused formula equals its central differences."""
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((3, 2)), rng.standard_normal((2, 4))]
    given.append(np.array(options.get("bias", np.zeros(4))))
    labels, options = [1, 7, 0], {name: x for name, x in options.items() if name != "bias"}

    def total(features: Any, kernel: Any, bias: Any) -> Any:
        return np.nansum(
            fused.linear_softmax_cross_entropy(features, kernel, labels, bias=bias, **options)
        )

    found = fused.linear_softmax_cross_entropy_gradients(
        *given[:2], labels, bias=given[2], **options
    )
    for place, gradient in enumerate(found):
        for entry in np.ndindex(gradient.shape):
            ahead, behind = ([array.copy() for array in given] for _ in range(2))
            ahead[place][entry] += 1e-6
            behind[place][entry] -= 1e-6
            slope = (total(*ahead) - total(*behind)) / 2e-6
            np.testing.assert_allclose(gradient[entry], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_oracle_is_pinned(module: ModuleType) -> None:
    """No public function of an oracle module is missing from the table."""
    public = {
        fn
        for name, fn in inspect.getmembers(module, inspect.isfunction)
        if fn.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public <= {row.values[0] for row in PINS}
