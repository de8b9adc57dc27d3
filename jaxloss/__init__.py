"""Pure, jittable loss functions for JAX, composed into objectives that Optax optimises.

Losses live in family modules and reduce nothing; `mean` and `average` do:

    >>> import jax.numpy as jnp
    >>> import jaxloss as jl
    >>> values = jl.regression.huber(jnp.array([0.5, 3.0]), jnp.zeros(2))
    >>> jl.mean(values, where=jnp.array([True, False]))
    Array(0.125, dtype=float32)

`objective` composes named terms, `accumulate` takes its gradient over microbatches, `over_tree`,
`masked`, `checked`, `over_scales` and `for_keras` adapt any loss. `checks`, `numerics`, `pairs` and
`jaxloss.testing` are what a loss of your own is built from and held to.
"""

from typing import TYPE_CHECKING

from jaxloss import fused as fused, penalties as penalties
from jaxloss.core import checks as checks, numerics as numerics, pairs as pairs
from jaxloss.core.hints import missing as _missing
from jaxloss.core.lift import (
    checked as checked,
    for_keras as for_keras,
    masked as masked,
    over_scales as over_scales,
    over_tree as over_tree,
)
from jaxloss.core.reduce import (
    Average as Average,
    average as average,
    mean as mean,
    total as total,
)
from jaxloss.losses import (
    actor_critic as actor_critic,
    advantages as advantages,
    adversarial as adversarial,
    agreement as agreement,
    auc as auc,
    audio as audio,
    boundary as boundary,
    boxes as boxes,
    calibration as calibration,
    censored as censored,
    classification as classification,
    completions as completions,
    compound as compound,
    consistency as consistency,
    contrastive as contrastive,
    counts as counts,
    critic as critic,
    crps as crps,
    crps_bounded as crps_bounded,
    crps_cut as crps_cut,
    dense as dense,
    deviance as deviance,
    diffusion as diffusion,
    diffusion_bounds as diffusion_bounds,
    discrete_diffusion as discrete_diffusion,
    displacement as displacement,
    distillation as distillation,
    distributional as distributional,
    divergence as divergence,
    edges as edges,
    extremes as extremes,
    feature_distillation as feature_distillation,
    flow as flow,
    focal as focal,
    frequency as frequency,
    gan as gan,
    gaussian_divergence as gaussian_divergence,
    geometry as geometry,
    histogram as histogram,
    image as image,
    imbalanced as imbalanced,
    isotropy as isotropy,
    lambda_weights as lambda_weights,
    language as language,
    layer_distillation as layer_distillation,
    lifetimes as lifetimes,
    likelihood as likelihood,
    listwise as listwise,
    logit_matching as logit_matching,
    lovasz as lovasz,
    map_distillation as map_distillation,
    margin as margin,
    margin_softmax as margin_softmax,
    matches as matches,
    metric as metric,
    mixtures as mixtures,
    multilabel as multilabel,
    multivariate as multivariate,
    negatives as negatives,
    noise_tolerant as noise_tolerant,
    noisy as noisy,
    offline as offline,
    order_agnostic as order_agnostic,
    ordered_classes as ordered_classes,
    ordinal as ordinal,
    pairwise as pairwise,
    perceptual as perceptual,
    physics as physics,
    policy as policy,
    policy_answers as policy_answers,
    preference as preference,
    preference_shapes as preference_shapes,
    preference_unpaired as preference_unpaired,
    proper as proper,
    proportions as proportions,
    prototypes as prototypes,
    proxies as proxies,
    quantile as quantile,
    ragged as ragged,
    rank_metrics as rank_metrics,
    ranking as ranking,
    redundancy as redundancy,
    reference_free as reference_free,
    registration as registration,
    regression as regression,
    relational_distillation as relational_distillation,
    retrieval as retrieval,
    reward as reward,
    reweighting as reweighting,
    robust as robust,
    rotated_boxes as rotated_boxes,
    routing as routing,
    sampled as sampled,
    score_matching as score_matching,
    scoring as scoring,
    segmentation as segmentation,
    selective as selective,
    self_correction as self_correction,
    self_supervised as self_supervised,
    sequence as sequence,
    sinkhorn as sinkhorn,
    smooth_metrics as smooth_metrics,
    sorting as sorting,
    sparse as sparse,
    spectral as spectral,
    structured as structured,
    survival as survival,
    temporal as temporal,
    token_distillation as token_distillation,
    transducers as transducers,
    transport as transport,
    tuplet as tuplet,
    uncertainty as uncertainty,
    value as value,
    variational as variational,
    weak as weak,
)
from jaxloss.objectives import attack as attack, balance as balance, tail as tail
from jaxloss.objectives.accumulate import accumulate as accumulate
from jaxloss.objectives.objective import objective as objective

__version__ = "0.1.0"

if not TYPE_CHECKING:  # or else it would vouch for any name
    __getattr__ = _missing
