"""Rows of pytorch-metric-learning and lightly: margins in motion, prototypes, regions, clouds."""

from tests.references.case import Case

U = "jl.numerics.normalize(x)"
V = "jl.numerics.normalize(y)"
W = "jl.numerics.normalize(z)"
X = [
    [1.0, 0.5, -0.25],
    [0.75, -0.5, 1.0],
    [0.5, 2.0, 0.25],
    [-1.5, 0.25, 1.0],
    [0.25, -1.0, 0.5],
    [1.25, 0.75, 1.5],
]
Y = [
    [0.5, 0.75, 0.25],
    [1.0, -0.25, 0.5],
    [-0.5, 1.5, 0.5],
    [-1.0, 0.5, 1.5],
    [0.75, -1.25, -0.5],
    [1.0, 1.0, 0.75],
]
Z = [
    [0.25, 0.5, 0.5],
    [1.5, -0.75, 0.25],
    [-0.25, 1.0, -0.5],
    [-0.5, 0.75, 1.25],
    [0.5, -0.5, -1.0],
    [0.75, 1.25, 0.5],
]
NAMES = [0, 0, 0, 1, 1, 1]
THREES = {"x": X, "labels": NAMES}
_TRIPLETS = [
    [a, p, n]
    for a in range(6)
    for p in range(6)
    for n in range(6)
    if a != p and NAMES[a] == NAMES[p] != NAMES[n]
]
_LEADS = THREES | {"triplets": _TRIPLETS}
_AT = "(x[triplets[:, 0]], x[triplets[:, 1]], x[triplets[:, 2]])"

PML_CASES = (
    Case(
        "dynamic-soft-margin",
        "losses.DynamicSoftMarginLoss()(x, labels)",
        "(lambda t: jl.mean(jl.metric.dynamic_soft_margin(*t, "
        f"jl.metric.moved_frequencies(jnp.zeros(11), *t))))({_AT})",
        _LEADS,
        relation="PML holds the frequencies, of no point at 2, and differentiates in them too",
        wrt=(),
    ),
    Case(
        "dynamic-soft-margin-settled",
        "given(losses.DynamicSoftMarginLoss(momentum=0), hist_=counts)(x, labels)",
        "(lambda t: jl.mean(jl.metric.dynamic_soft_margin(*t, "
        f"jnp.concatenate([counts, jnp.zeros(1)]))))({_AT})",
        _LEADS | {"counts": [0.0, 0.125, 0.0, 0.25, 0.125, 0.125, 0.25, 0.125, 0.0, 0.0]},
        relation="PML has no point at 2, and finds all triplets of the labels",
    ),
    Case(
        "intra-pair-variance",
        "losses.IntraPairVarianceLoss(pos_eps=0.125, neg_eps=0.25)(x, labels)",
        "jl.mean(jl.pairwise.intra_pair_variance(x, labels, positive_eps=0.125, "
        "negative_eps=0.25))",
        THREES,
        relation="PML averages over pairs; the same of labels that are had alike often",
    ),
    Case(
        "threshold-consistent-margin",
        "losses.ThresholdConsistentMarginLoss()(x, labels)",
        "jl.pairwise.threshold_consistent_margin(x, labels)",
        THREES,
    ),
    Case(
        "threshold-consistent-margin-weights",
        "losses.ThresholdConsistentMarginLoss(lambda_plus=2, lambda_minus=0.5, margin_plus=0.25, "
        "margin_minus=0.125)(x, labels)",
        "jl.pairwise.threshold_consistent_margin(x, labels, positive_weight=2.0, "
        "negative_weight=0.5, positive_margin=0.25, negative_margin=0.125)",
        THREES,
    ),
    Case(
        "manifold",
        "given(losses.ManifoldLoss(l=3, K=3, lambdaC=0.5, margin=0.125), proxies=proxies)"
        "(x, indices_tuple=labels)",
        "jl.proxies.manifold(x, proxies, labels, context_weight=0.5, margin=0.125)",
        {"x": Y, "proxies": X[:3], "labels": [0, 2, 1, 1, 0, 2]},
        relation="PML owns the proxies, and draws the groups if none are given",
        wrt=("x", "proxies"),
    ),
)

DRAWN = (
    "def drawn(call, directions):\n"
    "    randn, torch.randn = torch.randn, lambda *sizes, **kind: directions.T.clone()\n"
    "    try:\n"
    "        return call()\n"
    "    finally:\n"
    "        torch.randn = randn\n"
)
"""Put directions in the place of those that are drawn inside."""

_VIEWS = {"x": X, "y": Y}
_BOTH = f"(jl.mean({{0}}({U}, {V})) + jl.mean({{0}}({V}, {U}))) / 2"
_FOUND = {"x": X, "y": Y, "z": Z, "prototypes": [[1.0, 0.5, 0.0], [-0.5, 1.0, 0.5], [0, 0.5, 1.0]]}
_SEEN = {"x": X, "y": Y, "z": Z, "ways": [[0.6, 0.8, 0.0], [0.0, -0.8, 0.6], [0.0, 0.0, 1.0]]}
_THREE_VIEWS = "jnp.stack([x, y, z], axis=1)"
_AT_PROTOTYPES = "(lambda p: {})(jl.numerics.normalize(prototypes))".format(
    f"(lambda s, t: {{}})(jnp.stack([{U} @ p.T, {W} @ p.T], axis=1), {V} @ p.T)"
)
_PRIOR = [0.5, 0.3125, 0.1875]
_OTHER_WAY = (
    "jl.prototypes.pmsn(s, t, {0}, prior_weight=0.0) + jnp.sum({0} * (jnp.log({0}) "
    "- jnp.log(jnp.mean(jax.nn.softmax(10 * s), axis=(0, 1)))))"
).replace("jax.nn.softmax(10 * s)", "jnp.exp(jl.numerics.log_softmax(10 * s))")
_REGIONS = {
    "x": [X[:3], X[3:]],
    "y": [Y[:3], Y[3:]],
    "a": [[0, 1, 1], [0, 2, 3]],
    "b": [[1, 0, 2], [3, 0, 1]],
}
_FLAT = "jl.numerics.normalize({}).reshape(6, 3)"
_IDS = "({} + 10 * jnp.arange(2)[:, None]).reshape(-1)"
_BOTH_REGIONS = (
    "(lambda {0}, p, q: jl.mean(jl.dense.detcon({1}, p, q)) + jl.mean(jl.dense.detcon({2}, q, p)))"
)
_TOKENS = {
    "student": [X[:4], Y[:4]],
    "teacher": [Y[2:], X[2:]],
    "where": [[True, False, True, True], [False, False, False, True]],
}
_FRAMES = {"pred": [X[:2], Y[:2]], "target": [Y[2:4], X[2:4]], "frames": [X[:3], Y[3:]]}
_GRIDS = [
    [[[0.0, 0.0], [0.0, 1.0]]],
    [[[0.25, 0.5], [1.5, 0.5]]],
    [[[1.0, 0.0], [0.5, 0.25]]],
]
_PATCHES = {
    "x": X[:3],
    "y": Y[:3],
    "p": [[[X[0], X[1]]], [[X[2], X[3]]], [[X[4], X[5]]]],
    "q": [[[Y[0], Y[3]]], [[Y[1], Y[4]]], [[Z[2], Y[5]]]],
    "r": _GRIDS,
    "s": [[[[0.25, 0.75], [0.5, 0.0]]], [[[1.25, 0.5], [0.0, 0.0]]], [[[0.5, 0.5], [2.0, 0.25]]]],
}
_WEIGHTS = "invariance_weight=25 / 3, variance_weight=12.5, covariance_weight=0.5"
_PATCHWORK = (
    f"(lambda p, q, r, s: 0.75 * jl.contrastive.vicreg(x, y, {_WEIGHTS}) + sum("
    f"jl.dense.vicregl(*given, matches=count, {_WEIGHTS}) "
    "for given in ((p, q, r, s), (q, p, s, r)) for count in (2, 1)) / 16)"
    "(*(a.reshape(3, 2, -1) for a in (p, q, r, s)))"
)

LIGHTLY_CASES = (
    Case(
        "macl",
        "loss.MACLLoss()(x, y)",
        _BOTH.format("jl.negatives.macl"),
        _VIEWS,
        relation="lightly averages over items and over both directions, of unit length",
        wrt=("x", "y"),
    ),
    Case(
        "capi",
        "loss.CAPILoss(teacher_temperature=0.5)(teacher, student)",
        "jl.mean(jl.self_supervised.capi(jnp.swapaxes(student, 0, 1), "
        "jnp.swapaxes(teacher, 0, 1), teacher_temperature=0.5))",
        {name: _TOKENS[name] for name in ("student", "teacher")},
        relation="lightly has images before positions, averages, and adds 1e-8 to sums",
    ),
    Case(
        "msn",
        "loss.MSNLoss()(torch.cat([x, z]), y, prototypes)",
        _AT_PROTOTYPES.format("jl.prototypes.msn(s, t) + jnp.log(3.0)"),
        _FOUND,
        relation="lightly takes vectors, one view after the other, and adds log(prototypes)",
        wrt=("x", "z", "prototypes"),
    ),
    Case(
        "msn-plain",
        "loss.MSNLoss(sinkhorn_iterations=0, temperature=0.5, regularization_weight=0.25)"
        "(torch.cat([x, z]), y, prototypes, target_sharpen_temperature=0.5)",
        _AT_PROTOTYPES.format(
            "jl.prototypes.msn(s, t, iterations=0, student_temperature=0.5, "
            "teacher_temperature=0.25, entropy_weight=0.25) + jnp.log(3.0) / 4"
        ),
        _FOUND,
        relation="lightly takes vectors, one view after the other, and adds log(prototypes)",
        wrt=("x", "z", "prototypes"),
    ),
    Case(
        "pmsn",
        "loss.PMSNLoss()(torch.cat([x, z]), y, prototypes)",
        _AT_PROTOTYPES.format(_OTHER_WAY.format("jl.prototypes.power_law(3)")),
        _FOUND,
        relation="lightly diverges from the mean prediction to the prior, the paper the other way",
        wrt=("x", "z", "prototypes"),
    ),
    Case(
        "pmsn-custom",
        "loss.PMSNCustomLoss(lambda found: prior)(torch.cat([x, z]), y, prototypes)",
        _AT_PROTOTYPES.format(_OTHER_WAY.format("prior")),
        _FOUND | {"prior": _PRIOR},
        relation="lightly diverges from the mean prediction to the prior, the paper the other way",
        wrt=("x", "z", "prototypes"),
    ),
    Case(
        "det-con-s",
        "loss.DetConSLoss(gather_distributed=False)(x, y, a, b)",
        _BOTH_REGIONS.format("u, v", "u, u, v", "v, v, u")
        + f"({_FLAT.format('x')}, {_FLAT.format('y')}, {_IDS.format('a')}, {_IDS.format('b')})",
        _REGIONS,
        relation="lightly has masks by image, averages over regions, and adds both directions",
        wrt=("x", "y"),
    ),
    Case(
        "det-con-b",
        "loss.DetConBLoss(gather_distributed=False)(x, y, z, w, a, b)",
        _BOTH_REGIONS.format("u, v, s, t", "u, s, t", "v, t, s")
        + "({}, {}, {})".format(
            ", ".join(_FLAT.format(name) for name in "xyzw"), _IDS.format("a"), _IDS.format("b")
        ),
        _REGIONS | {"z": [Z[:3], Z[3:]], "w": [Y[::-1][:3], X[::-1][:3]]},
        relation="lightly has masks by image, averages over regions, and adds both directions",
        wrt=("x", "y", "z", "w"),
    ),
    Case(
        "emp-ssl",
        "loss.EMPSSLLoss()([x, y])",
        "jl.redundancy.emp_ssl(jnp.stack([x, y], axis=1)) "
        "- 2 * jl.mean(jl.redundancy.coding_rate(jnp.stack([x, y]), eps=0.2**0.5))",
        _VIEWS,
        relation="lightly adds the coding rate that the paper subtracts, and does not square eps",
        wrt=("x", "y"),
    ),
    Case(
        "frossl",
        "loss.FroSSLLoss(invariance_weight=0.5)([x - x.mean(0), y - y.mean(0), z - z.mean(0)])",
        f"jl.redundancy.frossl({_THREE_VIEWS}, invariance_weight=0.5)",
        {"x": X, "y": Y, "z": Z},
        relation="lightly leaves it to the caller to take away the means",
        wrt=("x", "y", "z"),
    ),
    Case(
        "sig-reg",
        "drawn(lambda: loss.SIGReg()(x), ways)",
        "jl.isotropy.sig_reg(x, ways)",
        {name: _SEEN[name] for name in ("x", "ways")},
        relation="lightly draws the directions",
    ),
    Case(
        "le-jepa",
        "drawn(lambda: loss.LeJEPALoss(lambda_param=0.25)"
        "(local_proj=z[None], global_proj=torch.stack([x, y])), ways)",
        f"jl.isotropy.lejepa({_THREE_VIEWS}, ways, sketch_weight=0.25)",
        _SEEN,
        relation="lightly draws the directions, and has global views apart",
        wrt=("x", "y", "z"),
    ),
    Case(
        "le-wm",
        "drawn(lambda: loss.LeWMLoss()(predicted=pred, target=target, embeddings=frames), ways)",
        "jl.mean(jl.regression.squared_error(pred, target)) "
        "+ 0.1 * jl.mean(jl.isotropy.sig_reg(jnp.swapaxes(frames, 0, 1), ways))",
        _FRAMES | {"ways": _SEEN["ways"]},
        relation="a squared error, whose target lightly holds constant, and sig_reg of each frame",
        wrt=("pred", "frames"),
    ),
    Case(
        "vis-reg",
        "drawn(lambda: loss.VISRegLoss(lambda_param=0.75, lambda_scale=2, lambda_center=0.5)"
        "(local_proj=z[None], global_proj=torch.stack([x, y])), ways)",
        f"jl.isotropy.visreg({_THREE_VIEWS}, ways, regularization_weight=0.75, scale_weight=2.0, "
        "center_weight=0.5)",
        _SEEN,
        relation="lightly draws the directions, and has global views apart",
        wrt=("x", "y", "z"),
    ),
    Case(
        "patch-kernel-alignment",
        "loss.PatchKernelAlignmentLoss()(student, teacher, ~where)",
        "jl.dense.kernel_alignment(student, teacher, where=where)[0]",
        _TOKENS,
        relation="lightly masks what is left out, and averages over images of two patches or more",
    ),
    Case(
        "vicreg-l",
        "loss.VICRegLLoss(num_matches=(2, 1))([(x, p), (y, q)], [r, s]).sum()",
        _PATCHWORK,
        _PATCHES,
        relation="vicreg of images, and vicregl of patches in both directions, twice",
        wrt=("x", "y", "p", "q"),
    ),
)
