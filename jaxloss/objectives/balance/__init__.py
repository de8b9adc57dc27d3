"""Many terms, one gradient: weightings, aggregators of gradients, and what takes them.

A *balancer* is a pair of pure functions `(init, update)`. `value_and_grad` is a drop-in for
`jax.value_and_grad` that uses one.
"""

from jaxloss.objectives.balance.aggregator import as_aggregator as as_aggregator
from jaxloss.objectives.balance.balancer import (
    Balancer as Balancer,
    Statistics as Statistics,
)
from jaxloss.objectives.balance.gradients import (
    shared_value_and_grad as shared_value_and_grad,
    value_and_grad as value_and_grad,
)
from jaxloss.objectives.balance.gramian import (
    aligned_mtl as aligned_mtl,
    cagrad as cagrad,
    config as config,
    dual_proj as dual_proj,
    imtl_g as imtl_g,
    mgda as mgda,
    nash_mtl as nash_mtl,
    upgrad as upgrad,
)
from jaxloss.objectives.balance.jacobian import (
    graddrop as graddrop,
    krum as krum,
    trimmed_mean as trimmed_mean,
)
from jaxloss.objectives.balance.learned import (
    imtl_l as imtl_l,
    uncertainty as uncertainty,
)
from jaxloss.objectives.balance.losses import (
    dwa as dwa,
    famo as famo,
    geometric as geometric,
    gradnorm as gradnorm,
    log_sum as log_sum,
    random as random,
    smooth_tchebycheff as smooth_tchebycheff,
    static as static,
)
from jaxloss.objectives.balance.surgery import gradvac as gradvac, pcgrad as pcgrad
