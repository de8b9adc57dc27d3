"""Rows of penalties: regularizers of Keras, and those of pytorch-metric-learning."""

from tests.references.case import Case

KERNEL = {"x": [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-2.0, 1.0, 0.125], [0.5, 0.75, 1.0]]}
ZEROS = {"x": [[0.0, -1.0], [2.0, 0.0]]}
CENTERS = {
    "x": [
        [1.0, 0.5, -0.25],
        [0.75, -0.5, 1.0],
        [0.5, 2.0, 0.25],
        [-1.5, 0.25, 1.0],
        [0.25, -1.0, 0.5],
        [1.25, 0.75, 1.5],
    ]
}
ABSOLUTE = "Keras on JAX has slope 1 at a parameter of 0; ours is 0"

KERAS_CASES = (
    Case(
        "regularizer-l1",
        "regularizers.L1(0.25)(x)",
        "0.25 * jl.penalties.l1(x)",
        KERNEL,
    ),
    Case(
        "regularizer-l1-zeros",
        "regularizers.L1(1.0)(x)",
        "jl.penalties.l1(x)",
        ZEROS,
        relation=ABSOLUTE,
        expect={"x": [[0.0, -1.0], [1.0, 0.0]]},
    ),
    Case(
        "regularizer-l2",
        "regularizers.L2(0.25)(x)",
        "0.5 * jl.penalties.l2(x)",
        KERNEL,
        relation="Keras has no half",
    ),
    Case(
        "regularizer-l1-l2",
        "regularizers.L1L2(l1=0.25, l2=0.5)(x)",
        "1.25 * jl.penalties.elastic_net(x, l1_ratio=0.2)",
        KERNEL,
        relation="Keras has two factors and no half",
    ),
    Case(
        "regularizer-orthogonal-columns",
        'regularizers.OrthogonalRegularizer(0.25, mode="columns")(x)',
        "0.25 * jl.penalties.cosine_orthogonality(x)",
        KERNEL,
    ),
    Case(
        "regularizer-orthogonal-rows",
        "regularizers.OrthogonalRegularizer(0.25)(x)",
        "0.25 * jl.penalties.cosine_orthogonality(x, axis=0)",
        KERNEL,
        relation="rows are the default of Keras, columns ours",
    ),
    Case(
        "activity-regularization",
        "(lambda layer: (layer(x), layer.losses[0])[1])(layers.ActivityRegularization(l2=0.5))",
        "jl.penalties.l2(x) / 4",
        KERNEL,
        relation="Keras has no half, and divides by the size of the batch",
    ),
)

_MEAN = "reducer=reducers.MeanReducer()"
_ABOVE = "PML averages over what is above 0 by default"

PML_CASES = (
    Case(
        "regularizer-lp",
        f"regularizers.LpRegularizer({_MEAN})(x)",
        "jl.mean(jl.numerics.safe_norm(x))",
        CENTERS,
    ),
    Case(
        "regularizer-lp-square",
        f"regularizers.LpRegularizer(power=2, {_MEAN})(x)",
        "jl.penalties.l2(x) / 3",
        CENTERS,
        relation="PML averages over embeddings, and has no half",
    ),
    Case(
        "regularizer-center-invariant",
        f"regularizers.CenterInvariantRegularizer({_MEAN})(x)",
        "jl.mean(jl.penalties.center_invariant(x))",
        CENTERS,
    ),
    Case(
        "regularizer-regular-face",
        f"regularizers.RegularFaceRegularizer({_MEAN})(x)",
        "jl.mean(jl.penalties.regular_face(x))",
        CENTERS,
    ),
    Case(
        "regularizer-sparse-centers",
        "regularizers.SparseCentersRegularizer(2, 3)(x)",
        "jl.penalties.sparse_centers(x.reshape(2, 3, 3))",
        CENTERS,
        relation="PML has the centres of all classes in one matrix",
    ),
    Case(
        "regularizer-zero-mean",
        f"regularizers.ZeroMeanRegularizer({_MEAN})(x)",
        "jl.mean(jl.penalties.zero_mean(x))",
        CENTERS,
    ),
)
