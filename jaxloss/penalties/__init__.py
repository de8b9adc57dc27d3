"""Penalties: what an objective adds to its losses, on parameters, activations, inputs, groups.

Those on pytrees of parameters are scalars. Only leaves of floating point count, so a whole model
(Equinox) or state may be passed. `where` selects leaves: a function of a leaf's path, such as
`lambda path: path.endswith("kernel")`, or a prefix tree of booleans. Paths are keys joined by
slashes, `"dense/kernel"`. The others give one value for each example, unit, class or batch.
"""

from jaxloss.penalties.activations import (
    decov as decov,
    entropy as entropy,
    graph_laplacian as graph_laplacian,
    kl_sparsity as kl_sparsity,
    spectral_decoupling as spectral_decoupling,
    temporal_activation as temporal_activation,
)
from jaxloss.penalties.anchors import (
    ewc as ewc,
    l2_sp as l2_sp,
    path_integral as path_integral,
    synaptic_importance as synaptic_importance,
)
from jaxloss.penalties.embeddings import (
    center_invariant as center_invariant,
    regular_face as regular_face,
    sparse_centers as sparse_centers,
    zero_mean as zero_mean,
)
from jaxloss.penalties.fairness import (
    covariance as covariance,
    demographic_parity as demographic_parity,
    equalized_odds as equalized_odds,
)
from jaxloss.penalties.functions import (
    bounded as bounded,
    contractive as contractive,
    curvature as curvature,
    input_gradient as input_gradient,
    jacobian as jacobian,
    lipschitz as lipschitz,
)
from jaxloss.penalties.matrices import (
    cosine_orthogonality as cosine_orthogonality,
    double_orthogonality as double_orthogonality,
    mutual_coherence as mutual_coherence,
    nuclear as nuclear,
    orthogonality as orthogonality,
    spectral as spectral,
    srip as srip,
    start as start,
)
from jaxloss.penalties.norms import (
    elastic_net as elastic_net,
    group_lasso as group_lasso,
    k_support as k_support,
    l1 as l1,
    l2 as l2,
    sparse_group_lasso as sparse_group_lasso,
)
from jaxloss.penalties.sparsity import (
    hard_concrete as hard_concrete,
    hoyer as hoyer,
    l0 as l0,
    log_sum as log_sum,
    mcp as mcp,
    scad as scad,
    stvs as stvs,
)
