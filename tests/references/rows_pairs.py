"""Rows of pytorch-metric-learning and lightly, and of pairs in torch and Optax."""

from tests.references.case import Case, Peer
from tests.references.rows_penalties import PML_CASES as PENALTIES
from tests.references.rows_torch_focal import TORCHVISION_SETUP
from tests.references.rows_views import DRAWN, LIGHTLY_CASES as OF_VIEWS, PML_CASES as FOLLOWED

U = "jl.numerics.normalize(x)"
V = "jl.numerics.normalize(y)"
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
THREES = {"x": X, "labels": [0, 0, 0, 1, 1, 1]}
TWOS = {"x": X, "labels": [0, 1, 2, 0, 1, 2]}
UNIT = {
    "x": [
        [0.6, 0.8, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, -0.6, 0.8],
        [0.8, 0.6, 0.0],
        [0.0, 0.8, 0.6],
        [-0.6, 0.0, 0.8],
    ],
    "labels": [0, 1, 2, 0, 1, 2],
}
FOUR = {"x": X[:4], "labels": [0, 0, 1, 1]}
VIEWS = {"x": X, "y": Y}
PROXIES = {"x": X, "proxies": Y[:3], "labels": [0, 2, 1, 1, 0, 2]}
CENTERS = {
    "x": X,
    "proxies": [[Y[0], Y[4]], [Y[1], Y[3]], [Y[2], Y[5]]],
    "labels": [0, 2, 1, 1, 0, 2],
}
TRIPLETS = {"x": X, "y": Y, "z": [Y[2], Y[4], Y[0], Y[1], X[5], X[3]]}

MEAN = "reducer=reducers.MeanReducer()"
ABOVE_ZERO = "PML averages over what is above 0 by default"
COSINES = "PML has embeddings of unit length, and averages over anchors"
PAIRS = "PML averages over pairs; the same of labels that are had alike often"


def _mined(miner: str, kind: str, value: str, margin: float, more: str = "") -> Case:
    triplets = "(lambda d, m: jnp.sum(jnp.where(m, {}, 0)) / m.sum())(".format(
        value.format(f"{margin} + d[:, :, None] - d[:, None, :]")
    )
    distances = f"jl.pairs.distances({U}, {U})"
    mask = f"jl.metric.triplet_mask({distances}, labels, kind={kind!r}, margin=0.2)"
    return Case(
        f"mined-{kind}{'-smooth' if more else ''}",
        f"losses.TripletMarginLoss(margin={margin}, {MEAN}{more})(x, labels, {miner}(x, labels))",
        f"{triplets}{distances}, {mask})",
        THREES,
        relation="PML mines indices; jaxloss has a mask of static shape",
    )


def _mean_row(
    name: str, peer: str, ours: str, inputs: dict = THREES, relation: str = COSINES
) -> Case:
    return Case(name, peer, f"jl.mean({ours})", inputs, relation=relation)


_MINER = "miners.TripletMarginMiner(margin=0.2, type_of_triplets={!r})"
_AGAIN = (
    "jl.mean(jnp.stack([(lambda u: {}(jnp.concatenate([u, u[i:i + 1]]), "
    f"jnp.concatenate([labels, labels[i:i + 1]]))[i])({U}) for i in range({{}})]))"
)
"""A query that is in the collection too, as a copy of itself."""
_ITSELF = "in PML a query finds itself first, as if there were a copy of it"
_SIZES = "num_classes=3, embedding_size=3"

PML_CASES = (
    _mean_row(
        "triplet",
        f"losses.TripletMarginLoss(margin=0.2, {MEAN})(x, labels)",
        f"jl.metric.batch_all_triplet({U}, labels)",
    ),
    Case(
        "triplet-default",
        "losses.TripletMarginLoss()(x, labels)",
        "(lambda v: jl.mean(v, where=v > 0))((lambda d: jnp.where(jl.metric.triplet_mask(d, "
        "labels), jnp.maximum(0.05 + d[:, :, None] - d[:, None, :], 0), 0))"
        f"(jl.pairs.distances({U}, {U})))",
        THREES,
        relation=ABOVE_ZERO,
    ),
    _mined(_MINER.format("hard"), "hard", "jnp.maximum({}, 0)", 0.2),
    _mined(_MINER.format("semihard"), "semihard", "jnp.maximum({}, 0)", 0.2),
    _mined(_MINER.format("easy"), "easy", "jnp.logaddexp({}, 0)", 0.5, ", smooth_loss=True"),
    _mean_row(
        "triplet-batch-hard",
        f"losses.TripletMarginLoss(margin=0.2, {MEAN})"
        "(x, labels, miners.BatchHardMiner()(x, labels))",
        f"jl.metric.batch_hard_triplet({U}, labels)",
    ),
    _mean_row(
        "triplet-batch-hard-soft",
        f"losses.TripletMarginLoss(margin=0.0, smooth_loss=True, {MEAN})"
        "(x, labels, miners.BatchHardMiner()(x, labels))",
        f"jl.metric.batch_hard_soft_triplet({U}, labels)",
    ),
    _mean_row(
        "contrastive",
        f"losses.ContrastiveLoss(pos_margin=0.25, {MEAN})(x, labels)",
        f"jl.pairwise.batch_contrastive({U}, labels, positive_margin=0.25, power=1.0)",
        relation=f"PML has power 1, where the paper squares; {PAIRS}",
    ),
    Case(
        "contrastive-default",
        "losses.ContrastiveLoss()(x, labels)",
        "(lambda d, s, o: (lambda p, n: jl.mean(p, where=p > 0) + jl.mean(n, where=n > 0))("
        "jnp.where(s & o, d, 0), jnp.where(~s, jnp.maximum(1 - d, 0), 0)))"
        f"(jl.pairs.distances({U}, {U}), jl.pairs.same_label(labels, labels), "
        "jl.pairs.off_diagonal(6))",
        THREES,
        relation=ABOVE_ZERO,
    ),
    _mean_row(
        "margin",
        f"losses.MarginLoss(beta=1.0, {MEAN})(x, labels)",
        f"jl.pairwise.margin({U}, labels, beta=1.0)",
        relation="PML divides by the count of hinges above 0 by default",
    ),
    _mean_row(
        "snr",
        f"losses.SignalToNoiseRatioContrastiveLoss({MEAN})(x, labels)",
        f"jl.pairwise.signal_to_noise({U}, labels)",
        relation=PAIRS,
    ),
    _mean_row(
        "lifted",
        "losses.LiftedStructureLoss()(x, labels)",
        f"jl.tuplet.lifted_structure({U}, labels)",
        relation=PAIRS,
    ),
    _mean_row(
        "lifted-generalized",
        "losses.GeneralizedLiftedStructureLoss()(x, labels)",
        f"jl.tuplet.generalized_lifted_structure({U}, labels)",
    ),
    _mean_row(
        "n-pairs",
        "losses.NPairsLoss()(x, labels)",
        f"jl.tuplet.n_pairs({U}[:3], {U}[3:])",
        TWOS,
        relation="PML picks one pair of each label, here the only one",
    ),
    Case(
        "angular",
        "losses.AngularLoss()(x, labels)",
        "jl.mean(jl.tuplet.angular(x[:3], x[3:]))",
        UNIT,
        relation="PML has degrees, takes pairs in both orders, and normalises all but negatives",
        wrt=(),
    ),
    _mean_row(
        "multi-similarity",
        "losses.MultiSimilarityLoss()(x, labels)",
        f"jl.tuplet.multi_similarity({U}, labels)",
    ),
    _mean_row(
        "circle",
        f"losses.CircleLoss({MEAN})(x, labels)",
        f"jl.tuplet.circle({U}, labels, margin=0.4, scale=80.0)",
        relation="PML has other defaults, and averages over what is above 0",
    ),
    _mean_row(
        "tuplet-margin",
        "losses.TupletMarginLoss(margin=math.degrees(0.125), scale=16)(x, labels)",
        f"jl.tuplet.tuplet_margin({U}, labels, margin=0.125, scale=16.0)",
        relation=f"PML has degrees; {PAIRS}",
    ),
    _mean_row("nca", "losses.NCALoss()(x, labels)", f"jl.tuplet.nca({U}, labels)"),
    _mean_row(
        "nca-scale",
        "losses.NCALoss(softmax_scale=4)(x, labels)",
        f"jl.tuplet.nca({U}, labels, temperature=0.25)",
        relation="the scale is one over the temperature",
    ),
    _mean_row(
        "fast-ap",
        "losses.FastAPLoss(num_bins=7)(x, labels)",
        f"jl.retrieval.fast_ap({U}, labels, bins=7)",
    ),
    Case(
        "histogram",
        "losses.HistogramLoss(n_bins=7)(x, labels)",
        f"jl.retrieval.histogram({U}, labels, bins=7)",
        THREES,
    ),
    Case(
        "smooth-ap",
        "losses.SmoothAPLoss(temperature=0.25)(x, labels)",
        _AGAIN.format(
            "(lambda u, y: jl.retrieval.smooth_ap(u, y, temperature=0.25))", len(FOUR["x"])
        ),
        FOUR,
        relation=_ITSELF,
    ),
    *(
        Case(
            f"pnp-{kind}",
            f"losses.PNPLoss(variant={kind!r}, anneal=0.25, alpha=4)(x, labels)",
            _AGAIN.format(
                f"(lambda u, y: jl.retrieval.pnp(u, y, kind={kind!r}, temperature=0.25))", 6
            ),
            THREES,
            relation=_ITSELF,
        )
        for kind in ("O", "Iu", "Ib", "Ds", "Dq")
    ),
    Case(
        "ranked-list-negatives",
        "losses.RankedListLoss(margin=0.4, Tn=0, alpha=2.5, imbalance=1)(x, labels)",
        f"jl.mean(jl.retrieval.ranked_list({U}, labels, alpha=2.5, negative_temperature=0.0, "
        "balance=1.0)) * 3 / (3 + 6e-5)",
        THREES,
        relation="PML adds 1e-5 to the weight of every item, also of those that do not count",
    ),
    Case(
        "ranked-list-positives",
        "losses.RankedListLoss(margin=0.5, Tn=0, alpha=0.5, imbalance=0)(x, labels)",
        f"jl.mean(jl.retrieval.ranked_list({U}, labels, alpha=0.5, margin=0.5, balance=0.0)) "
        "* 2 / (2 + 6e-5)",
        THREES,
        relation="PML adds 1e-5 to the weight of every item, also of those that do not count",
    ),
    Case(
        "nt-xent",
        "losses.NTXentLoss()(x, labels)",
        f"jl.mean(jl.contrastive.sup_con({U}, labels, temperature=0.07))",
        TWOS,
        relation="the same of one positive each; of several, PML keeps others out of each fraction",
    ),
    Case(
        "nt-xent-queue",
        "losses.NTXentLoss()(x, torch.arange(6), ref_emb=y, ref_labels=torch.arange(6))",
        f"jl.mean(jl.contrastive.info_nce({U}, {V}))",
        VIEWS,
        relation=COSINES,
        wrt=("x", "y"),
    ),
    Case(
        "sup-con",
        f"losses.SupConLoss({MEAN})(x, labels)",
        f"jl.mean(jl.contrastive.sup_con({U}, labels))",
        THREES,
        relation=COSINES,
    ),
    Case(
        "instance",
        "losses.InstanceLoss(gamma=4)(x, labels)",
        f"jl.mean(jl.classification.softmax_cross_entropy(4 * {U} @ {U}.T, labels))",
        THREES,
        relation="a cross-entropy whose scores are those of the items of the batch",
    ),
    Case(
        "vicreg",
        "losses.VICRegLoss(eps=1e-4)(x, ref_emb=y)",
        "jl.contrastive.vicreg(x, y, invariance_weight=25 / 3, variance_weight=12.5)",
        VIEWS,
        relation="PML divides the distance by the dimension and halves the hinges",
        wrt=("x", "y"),
    ),
    _mean_row(
        "proxy-nca",
        f"given(losses.ProxyNCALoss({_SIZES}, softmax_scale=4), proxies=proxies)(x, labels)",
        "jl.proxies.proxy_nca_plus_plus(x, proxies, labels, temperature=0.25)",
        PROXIES,
        relation="PML keeps the label's proxy in the denominator, as proxy-NCA++ does",
    ),
    Case(
        "proxy-anchor",
        f"given(losses.ProxyAnchorLoss({_SIZES}), proxies=proxies)(x, labels)",
        "jl.proxies.proxy_anchor(x, proxies, labels)",
        PROXIES,
        wrt=("x", "proxies"),
    ),
    _mean_row(
        "soft-triple",
        f"given(losses.SoftTripleLoss({_SIZES}, centers_per_class=2), "
        "fc=proxies.reshape(6, 3).T)(x, labels)",
        "jl.proxies.soft_triple(x, proxies, labels)",
        CENTERS,
    ),
    _mean_row(
        "normalized-softmax",
        f"given(losses.NormalizedSoftmaxLoss({_SIZES}), W=proxies.T)(x, labels)",
        "jl.margin_softmax.normalized_softmax(x, proxies, labels)",
        PROXIES,
    ),
    _mean_row(
        "large-margin-softmax",
        f"given(losses.LargeMarginSoftmaxLoss({_SIZES}), W=proxies.T)(x, labels)",
        "jl.margin_softmax.large_margin_softmax(x, proxies, labels)",
        PROXIES,
        relation="PML averages over anchors",
    ),
    _mean_row(
        "sphereface",
        f"given(losses.SphereFaceLoss({_SIZES}), W=proxies.T)(x, labels)",
        "jl.margin_softmax.sphereface(x, proxies, labels)",
        PROXIES,
        relation="PML averages over anchors",
    ),
    _mean_row(
        "cosface",
        f"given(losses.CosFaceLoss({_SIZES}, scale=16), W=proxies.T)(x, labels)",
        "jl.margin_softmax.cosface(x, proxies, labels, scale=16.0)",
        PROXIES,
    ),
    _mean_row(
        "arcface",
        f"given(losses.ArcFaceLoss({_SIZES}, margin=math.degrees(0.5), scale=16), W=proxies.T)"
        "(x, labels)",
        "jl.margin_softmax.arcface(x, proxies, labels, scale=16.0)",
        PROXIES,
        relation="PML has degrees, and averages over anchors",
    ),
    _mean_row(
        "subcenter-arcface",
        f"given(losses.SubCenterArcFaceLoss({_SIZES}, sub_centers=2, margin=math.degrees(0.5), "
        "scale=16), W=proxies.reshape(6, 3).T)(x, labels)",
        "jl.margin_softmax.subcenter_arcface(x, proxies, labels, scale=16.0)",
        CENTERS,
        relation="PML has degrees, and averages over anchors",
    ),
    _mean_row(
        "p2s-grad",
        "given(losses.P2SGradLoss(3, 3), weight=torch.nn.Parameter((proxies / "
        "proxies.norm(dim=1, keepdim=True)).T))(x, labels)",
        "jl.proxies.p2s_grad(x, proxies, labels)",
        PROXIES,
    ),
)

_GIVEN = (
    "def given(loss, **values):\n"
    "    for name, value in values.items():\n"
    "        loss._parameters.pop(name, None)\n"
    "        loss._buffers.pop(name, None)\n"
    "        setattr(loss, name, value)\n"
    "    return loss\n"
)
"""Put values in the place of parameters and buffers, so that they can be differentiated in."""

PYTORCH_METRIC_LEARNING = Peer(
    name="pytorch_metric_learning",
    pins=("pytorch-metric-learning==2.9.0", "torch==2.13.0"),
    runs="torch",
    setup=_GIVEN
    + "import math, torch\nfrom pytorch_metric_learning import losses, miners, reducers, "
    "regularizers",
    public='["losses." + n for n in dir(losses) if n[0].isupper() and n.endswith("Loss")]',
    cases=PML_CASES + FOLLOWED + PENALTIES,
    not_ours={
        "losses.GenericPairLoss": "a base class",
        "losses.SelfSupervisedLoss": "two views with their places for labels",
    },
)

_HALVES = "lightly averages over items and over both directions, of unit length"
_BOTH = f"(jl.mean({{0}}({U}, {V})) + jl.mean({{0}}({V}, {U}))) / 2"
_STACKED = f"jnp.concatenate([{U}, {V}])"
_TWICE = "jnp.tile(jnp.arange(6), 2)"
_SCORES = {"student": X[:3], "teacher": Y[:3], "center": [0.25, 0.0, -0.5]}
_PATCHES = {
    "student": [X[:4], Y[:4]],
    "teacher": [Y[2:], X[2:]],
    "where": [[True, False, True, True], [False, False, False, True]],
}

LIGHTLY_CASES = (
    Case(
        "nt-xent",
        "loss.NTXentLoss()(x, y)",
        f"jl.mean(jl.contrastive.sup_con({_STACKED}, {_TWICE}, temperature=0.5))",
        VIEWS,
        relation="both views in one set, the place of an item for its label",
        wrt=("x", "y"),
    ),
    Case(
        "direct-clr",
        "loss.DirectCLRLoss(loss_dim=2)(x, y)",
        "jl.mean(jl.contrastive.sup_con(jl.numerics.normalize(jnp.concatenate([x, y])[:, :2]), "
        f"{_TWICE}, temperature=0.5))",
        VIEWS,
        relation="NT-Xent of the first features",
    ),
    Case(
        "dcl",
        "loss.DCLLoss()(x, y)",
        _BOTH.format("jl.negatives.dcl"),
        VIEWS,
        relation=_HALVES,
        wrt=("x", "y"),
    ),
    Case(
        "dclw",
        "loss.DCLWLoss()(x, y)",
        _BOTH.format("jl.negatives.dclw"),
        VIEWS,
        relation=_HALVES,
        wrt=("x", "y"),
    ),
    Case(
        "negative-cosine",
        "loss.NegativeCosineSimilarity()(x, y.detach())",
        "jl.mean(jl.self_supervised.negative_cosine(x, y))",
        VIEWS,
        relation="lightly leaves it to the caller to hold the target constant",
    ),
    Case(
        "barlow-twins",
        "loss.BarlowTwinsLoss()(64 * x, 64 * y)",
        "jl.contrastive.barlow_twins(x, y)",
        VIEWS,
        relation="lightly adds 1e-5 to the variances, so that the length of views counts a little",
        wrt=("x", "y"),
    ),
    Case(
        "vicreg",
        "loss.VICRegLoss()(x, y)",
        "jl.contrastive.vicreg(x, y, invariance_weight=25 / 3, variance_weight=12.5)",
        VIEWS,
        relation="lightly divides the distance by the dimension and halves the hinges",
        wrt=("x", "y"),
    ),
    Case(
        "dino",
        "given(loss.DINOLoss(output_dim=3), center=center[None, None].clone())"
        "([teacher], [teacher, student])",
        "jl.mean(jl.self_supervised.dino(student, teacher, center))",
        _SCORES,
        relation="lightly holds the centre, and pairs all views",
    ),
    Case(
        "ibot",
        "loss.IBOTPatchLoss(output_dim=3)(teacher[where], student[where], where[:, None])",
        "jl.mean(jl.self_supervised.ibot(student, teacher, jnp.zeros(3), where=where))",
        _PATCHES,
        relation="lightly holds the centre, and takes the masked patches alone",
    ),
    Case(
        "koleo",
        "loss.KoLeoLoss()(x)",
        "jl.mean(jl.self_supervised.koleo(x))",
        {"x": X},
        relation="lightly averages over items",
    ),
    Case(
        "swav",
        "loss.SwaVLoss(sinkhorn_epsilon=0.25)([x, y], [])[0]",
        "jl.mean(jl.self_supervised.swav(x, y, eps=0.25)) / 2",
        VIEWS,
        relation="lightly averages over items and over both directions",
        wrt=("x", "y"),
    ),
    Case(
        "tico",
        "loss.TiCoLoss()(x, y)",
        "jl.mean(jl.redundancy.tico(x, y, jl.redundancy.moved_covariance(jnp.zeros((3, 3)), x)))",
        VIEWS,
        relation="lightly holds the covariance, and moves it first",
        wrt=("x", "y"),
    ),
    Case(
        "w-mse",
        "loss.WMSELoss(embedding_dim=3, w_size=6, track_running_stats=False)(torch.cat([x, y]))",
        "jl.redundancy.w_mse(x, y, eps=0.0)",
        VIEWS,
        relation="lightly draws slices of a batch to whiten, here the whole of it",
        wrt=("x", "y"),
    ),
    Case(
        "mmcr",
        "loss.MMCRLoss(lmda=0.25)(x[:, None], y[:, None])",
        "jl.redundancy.mmcr(jnp.stack([x, y], axis=1), local_weight=0.25)",
        VIEWS,
        relation="lightly has the views of two networks apart",
        wrt=("x", "y"),
    ),
)

LIGHTLY = Peer(
    name="lightly",
    pins=("lightly==1.6.0", "torch==2.13.0", "torchvision==0.28.0"),
    runs="torch",
    setup=TORCHVISION_SETUP + _GIVEN + DRAWN + "from lightly import loss",
    public='["loss." + n for n in dir(loss) if n[0].isupper()]',
    cases=LIGHTLY_CASES + OF_VIEWS,
    not_ours={
        "loss.IBOTPlusPlusPatchLoss": "two calls of ibot, of masked and of visible patches",
        "loss.VISRegLossComponents": "what VISRegLoss returns",
        "loss.Whitening2d": "the whitening inside of WMSELoss",
    },
)

_NONE = 'reduction="none"'
TORCH = (
    Case(
        "triplet",
        f"F.triplet_margin_loss(x, y, z, eps=0.0, {_NONE})",
        "jl.metric.triplet_margin(x, y, z)",
        TRIPLETS,
        wrt=("x", "y", "z"),
    ),
    Case(
        "triplet-swap",
        f"F.triplet_margin_loss(x, y, z, margin=2.0, swap=True, eps=0.0, {_NONE})",
        "jl.metric.triplet_margin(x, y, z, margin=2.0, swap=True)",
        TRIPLETS,
        wrt=("x", "y", "z"),
    ),
    Case(
        "triplet-default",
        "F.triplet_margin_loss(x, y, z)",
        "jl.mean(jl.metric.triplet_margin(x, y, z, "
        "distance=lambda a, b: jl.agreement.minkowski_error(a + 1e-6, b)))",
        TRIPLETS,
        relation="torch averages, and adds eps = 1e-6 to the differences",
    ),
    Case(
        "triplet-distance",
        "F.triplet_margin_with_distance_loss(x, y, z, margin=0.5, "
        f"distance_function=lambda a, b: 1 - F.cosine_similarity(a, b), {_NONE})",
        "jl.metric.triplet_margin(x, y, z, margin=0.5, distance=jl.agreement.cosine_distance)",
        TRIPLETS,
        wrt=("x", "y", "z"),
    ),
)
OPTAX = (
    Case(
        "triplet",
        "losses.triplet_margin_loss(x, y, z, eps=0.0)",
        "jl.metric.triplet_margin(x, y, z)",
        TRIPLETS,
        wrt=("x", "y", "z"),
    ),
    Case(
        "nt-xent",
        "losses.ntxent(x, labels, temperature=0.5)",
        f"jl.mean(jl.contrastive.sup_con({U}, labels, temperature=0.5))",
        TWOS,
        relation="of cosines; the same of one positive each, mean over the pairs; NaN without any",
    ),
)
KERAS = (
    Case(
        "circle",
        "losses.circle(labels, x, gamma=4.0, margin=0.25)",
        "jl.tuplet.circle(x, labels, scale=4.0)",
        UNIT,
        relation="Keras differentiates the weights, which the paper holds constant",
        wrt=(),
    ),
)
