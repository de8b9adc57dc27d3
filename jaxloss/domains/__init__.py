"""What losses read: samplers of valid arguments, and of the edges of what is valid.

A domain is named in the catalogue row of a loss (`reads`). Tests, benchmarks and plots draw from
it, so that none of them needs to know the loss. Samples are float32 NumPy arrays.
"""

from collections.abc import Mapping

from jaxloss.domains import (
    boxes,
    classes,
    generation,
    images,
    masks,
    pairs,
    proxies,
    samples,
    scores,
    sequences,
)
from jaxloss.domains.base import Arguments as Arguments, Domain as Domain

DOMAINS: Mapping[str, Domain] = {
    **scores.DOMAINS,
    **classes.DOMAINS,
    **samples.DOMAINS,
    **masks.DOMAINS,
    **boxes.DOMAINS,
    **images.DOMAINS,
    **pairs.DOMAINS,
    **proxies.DOMAINS,
    **sequences.DOMAINS,
    **generation.DOMAINS,
}
