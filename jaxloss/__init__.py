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

from jaxloss import fused as fused, penalties as penalties
from jaxloss.core import checks as checks, numerics as numerics, pairs as pairs
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
    adversarial as adversarial,
    agreement as agreement,
    auc as auc,
    audio as audio,
    boundary as boundary,
    boxes as boxes,
    classification as classification,
    compound as compound,
    contrastive as contrastive,
    critic as critic,
    diffusion as diffusion,
    discrete_diffusion as discrete_diffusion,
    flow as flow,
    focal as focal,
    gan as gan,
    image as image,
    imbalanced as imbalanced,
    likelihood as likelihood,
    lovasz as lovasz,
    margin as margin,
    margin_softmax as margin_softmax,
    metric as metric,
    multilabel as multilabel,
    negatives as negatives,
    noisy as noisy,
    pairwise as pairwise,
    proxies as proxies,
    redundancy as redundancy,
    regression as regression,
    retrieval as retrieval,
    reweighting as reweighting,
    robust as robust,
    sampled as sampled,
    score_matching as score_matching,
    scoring as scoring,
    segmentation as segmentation,
    self_supervised as self_supervised,
    sequence as sequence,
    transport as transport,
    tuplet as tuplet,
    variational as variational,
)
from jaxloss.objectives import attack as attack, balance as balance, tail as tail
from jaxloss.objectives.accumulate import accumulate as accumulate
from jaxloss.objectives.objective import objective as objective

__version__ = "0.1.0"
