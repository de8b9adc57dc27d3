"""Attacks on inputs, and the objectives that train models to withstand them.

`fgsm`, `pgd`, `auto_pgd` and `power_iteration` move inputs within a ball so that an objective
rises, `restarted` repeats any of them. `adversarial`, `trades`, `mart`, `alp` and
`virtual_adversarial` are what models are trained with, and `masking_report` says whether to believe
the result. Losses that attacks raise are in `jaxloss.adversarial`.
"""

from jaxloss.objectives.attack.masking import Masking as Masking, masking_report as masking_report
from jaxloss.objectives.attack.perturb import (
    Attack as Attack,
    auto_pgd as auto_pgd,
    fgsm as fgsm,
    pgd as pgd,
    power_iteration as power_iteration,
    restarted as restarted,
)
from jaxloss.objectives.attack.training import (
    Robust as Robust,
    adversarial as adversarial,
    alp as alp,
    mart as mart,
    trades as trades,
    virtual_adversarial as virtual_adversarial,
)
