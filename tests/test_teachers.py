"""No gradient reaches a teacher, whatever of it a loss looks at."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import catalogue
from jaxloss.domains import DOMAINS
from jaxloss.testing import Case

# Arguments of a teacher by their names; that of `contrastive_representation` may be learned.
TAUGHT = ("teacher_logits", "teacher_features", "teacher_log_p", "teacher_first", "teacher_second")
ROWS = [
    pytest.param(row, places, id=row.name)
    for row in catalogue.LOSSES
    for names in [DOMAINS[row.reads[0]].arguments]
    for places in [tuple(i for i, name in enumerate(names) if name in TAUGHT)]
    if places
]


def test_every_loss_of_scores_or_features_is_covered():
    covered = {parameters.values[0].family for parameters in ROWS}
    assert covered >= {
        "distillation",
        "logit_matching",
        "token_distillation",
        "feature_distillation",
        "relational_distillation",
    }


@pytest.mark.parametrize(("row", "places"), ROWS)
def test_the_teacher_is_held_constant(row, places):
    given = Case(row.loss, DOMAINS[row.reads[0]], row.gives).draw(seed=0)

    def total(*arguments):
        return jnp.sum(row.loss(*arguments, **given.options))

    # Four times as sure, so that those who listen to a confident teacher alone listen to some.
    sure = [4 * x if i in places else x for i, x in enumerate(given.positional)]
    grads = jax.jit(jax.grad(total, argnums=(0, *places)))(*sure)
    assert np.any(grads[0]), "the student learns"
    for grad in grads[1:]:
        np.testing.assert_array_equal(grad, 0)
