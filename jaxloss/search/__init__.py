"""Loss search: families of losses whose numbers are found by training with them.

    >>> from jaxloss import search
    >>> family = search.find("generalized_cross_entropy", "logits")
    >>> print(family.call([0.0]))
    jl.noisy.generalized_cross_entropy(logits, labels, q=0.5)

A `Family` turns a point into a loss, an `Evaluator` trains a population times seeds as one program,
a `Strategy` is asked for candidates and told their fitness, and `jaxloss search` puts them together
on a person's data. `filters` look at candidates before any training, `successive_halving` trains
the promising ones for longer, and `meta` differentiates through short trainings instead.
"""

from jaxloss.search import filters as filters, meta as meta, state as state
from jaxloss.search.evaluate import (
    Evaluator as Evaluator,
    evaluator as evaluator,
    measured as measured,
    use_cores as use_cores,
)
from jaxloss.search.families import (
    FAMILIES as FAMILIES,
    Family as Family,
    Parameter as Parameter,
    find as find,
    names as names,
)
from jaxloss.search.halving import successive_halving as successive_halving
from jaxloss.search.strategies import (
    STRATEGIES as STRATEGIES,
    Strategy as Strategy,
    cma_es as cma_es,
    from_evosax as from_evosax,
    random as random,
    snes as snes,
)
