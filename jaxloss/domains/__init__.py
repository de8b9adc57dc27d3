"""What losses read: samplers of valid arguments, and of the edges of what is valid.

A domain is named in the catalogue row of a loss (`reads`). Tests, benchmarks and plots draw from
it, so that none of them needs to know the loss. Samples are float32 NumPy arrays.
"""

from collections.abc import Mapping

from jaxloss.domains import (
    answers,
    boxes,
    classes,
    control,
    counts,
    distillation,
    distributions,
    durations,
    features,
    forecasts,
    generation,
    images,
    labels,
    language,
    likelihood,
    lists,
    masks,
    mixtures,
    motion,
    pairs,
    proxies,
    samples,
    scores,
    sequences,
    steps,
    structured,
    uncertainty,
    views,
)
from jaxloss.domains.base import Arguments as Arguments, Domain as Domain

DOMAINS: Mapping[str, Domain] = {
    **scores.DOMAINS,
    **classes.DOMAINS,
    **labels.DOMAINS,
    **samples.DOMAINS,
    **distributions.DOMAINS,
    **masks.DOMAINS,
    **boxes.DOMAINS,
    **images.DOMAINS,
    **pairs.DOMAINS,
    **proxies.DOMAINS,
    **sequences.DOMAINS,
    **language.DOMAINS,
    **likelihood.DOMAINS,
    **counts.DOMAINS,
    **mixtures.DOMAINS,
    **durations.DOMAINS,
    **lists.DOMAINS,
    **structured.DOMAINS,
    **distillation.DOMAINS,
    **features.DOMAINS,
    **answers.DOMAINS,
    **steps.DOMAINS,
    **control.DOMAINS,
    **generation.DOMAINS,
    **forecasts.DOMAINS,
    **uncertainty.DOMAINS,
    **motion.DOMAINS,
    **views.DOMAINS,
}
