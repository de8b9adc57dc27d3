"""Values by hand for the oracles of generative models: two players, codes, noise and flows."""

from math import inf, log, nan, pi, sqrt, tan

import numpy as np

from tests.oracles import (
    critic,
    diffusion,
    diffusion_bounds,
    discrete_diffusion,
    flow,
    gan,
    score_matching,
    variational,
)
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)

GAN = [
    pin(gan.logistic_discriminator, LOG3, -LOG3, expect=2 * log(4 / 3), why="both right"),
    pin(gan.logistic_discriminator, 0, 1e4, expect=LOG2 + 1e4, why="fooled"),
    pin(gan.non_saturating_generator, [-LOG3, -1e4], expect=[log(4), 1e4], why="seen through"),
    pin(gan.saturating_generator, [LOG3, -1e4], expect=[-log(4), 0], why="both ways"),
    pin(gan.least_squares_discriminator, 3, 2, expect=(2**2 + 2**2) / 2, why="targets 1 and 0"),
    pin(
        gan.least_squares_discriminator,
        3,
        2,
        real_target=2,
        fake_target=-1,
        expect=(1 + 3**2) / 2,
        why="other targets",
    ),
    pin(gan.least_squares_generator, [3.0, 3.0], target=[1.0, 0.0], expect=[2, 4.5], why="two"),
    pin(
        gan.hinge_discriminator,
        [0.5, 2.0],
        [0.5, -2.0],
        expect=[0.5 + 1.5, 0],
        why="within, beyond",
    ),
    pin(gan.hinge_discriminator, 0.5, -3, margin=2, expect=1.5, why="margin 2"),
    pin(gan.wasserstein_discriminator, 3, 1, expect=-2, why="ahead"),
    pin(gan.wasserstein_generator, 3, expect=-3, why="score"),
    pin(gan.relativistic, LOG3, 0, expect=log(4 / 3), why="logistic"),
    pin(gan.relativistic, 3, 0, kind="least_squares", expect=2**2, why="squares"),
    pin(gan.relativistic, [0.0, 2.0], [0.5, 0.0], kind="hinge", expect=[1.5, 0], why="hinge"),
    pin(
        gan.relativistic_average,
        [LOG3, -LOG3],
        [LOG3],
        expect=(LOG2 + log(1 + 9)) / 2 + log(4),
        why="logistic",
    ),
    pin(
        gan.relativistic_average,
        [2.0, 4.0],
        [0.0, 2.0],
        kind="least_squares",
        expect=(0 + 2**2) / 2 + (2**2 + 0) / 2,
        why="squares",
    ),
    pin(
        gan.relativistic_average,
        [[1.0], [5.0]],
        [[0.5, 0.0], [0.0, 0.0]],
        kind="hinge",
        expect=[0.25 + (0.5 + 0) / 2, 0],
        why="hinge",
    ),
    pin(gan.relativistic_average, [], [0.0], expect=LOG2, why="nobody ahead"),
    pin(gan.lecam, [3.0], [1.0], 2.0, -1.0, expect=[4**2 + 1], why="crossed"),
    pin(gan.moved_average, 2, [[1.0, 3.0], [5.0, 7.0]], momentum=0.75, expect=2.5, why="quarter"),
    pin(gan.moved_average, 2, [], expect=2, why="nothing"),
    pin(gan.feature_matching, [[1.0, 4.0], [3.0, 0.0]], [[0.0, 0.0]], expect=4 + 4, why="means"),
    pin(gan.feature_matching, [[1.0]], np.zeros((0, 1)), expect=0, why="empty"),
]


def _linear(x):
    return 3 * x[0] + 4 * x[1]


def _squares(x):
    return x[0] * x[0] / 2


CRITIC = [
    pin(critic.two_sided, _linear, [[1.0, 2.0]], target=2, expect=[3**2], why="3-4-5"),
    pin(critic.two_sided, _squares, [[0.0], [3.0]], expect=[1, 2**2], why="flat, steep"),
    pin(critic.one_sided, _squares, [[0.5], [3.0]], expect=[0, 2**2], why="flat, steep"),
    pin(critic.one_sided, _linear, [[1.0, 2.0]], bound=4.5, expect=[0.25], why="a bound"),
    pin(critic.zero_centered, _linear, [[1.0, 2.0]], expect=[25 / 2], why="3-4-5"),
    pin(critic.between, [[4.0]], [[0.0]], [0.25], expect=[[1]], why="a quarter real"),
    pin(critic.around, [[0.0], [2.0]], [[1.0], [-2.0]], expect=[[0.5], [1]], why="spread 1"),
    pin(
        critic.consistency,
        lambda x: [x[0], -x[0]],
        [[3.0]],
        [[1.0]],
        expect=[2**2 + 2**2],
        why="two scores",
    ),
    pin(
        critic.path_length,
        lambda w: [3 * w[0], 4 * w[1]],
        [[1.0, 2.0]],
        [[1.0, 1.0]],
        1,
        momentum=0.5,
        expect=([(5 - 3) ** 2], 3),
        why="3-4-5",
    ),
]

VARIATIONAL = [
    pin(
        variational.kl_normal,
        [0.0, 2.0, 0.0],
        [0.0, 0.0, LOG2],
        expect=[0, 2, (2 - 1 - LOG2) / 2],
        why="prior, mean, variance",
    ),
    pin(variational.elbo, [2.0, 0.0], [0.0, 0.0], -3, beta=4, expect=4 * 2 + 3, why="beta 4"),
    pin(
        variational.free_bits,
        [[0.0, 2.0], [0.0, 2.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        free=0.25,
        expect=0.25 + 2,
        why="one free",
    ),
    pin(variational.free_bits, np.zeros((0, 2)), np.zeros((0, 2)), expect=1, why="no examples"),
    pin(variational.iwae, [[0.0, LOG3], [-inf, 0.0]], expect=[-LOG2, LOG2], why="two draws"),
    pin(variational.iwae, [], expect=0, why="no draws"),
    pin(variational.vq, [3.0, 0.0], [0.0, 4.0], commitment=0.5, expect=1.5 * 25, why="3-4-5"),
    pin(
        variational.vq,
        [[3.0]],
        [[1.0]],
        commitment=0.5,
        held=([[0.0]], [[7.0]]),
        expect=[1 + 0.5 * 16],
        why="held",
    ),
    pin(variational.nearest_codes, [[0.2], [0.5]], [[0.0], [1.0]], expect=[0, 0], why="ties"),
    pin(variational.straight_through, [1.0], [2.0], expect=[2], why="codes"),
]

DIFFUSION_BOUNDS = [
    pin(
        diffusion_bounds.d3pm,
        [[0.0, 0.0], [LOG3, 0.0], [0.0, 0.0]],
        [1, 0, 7],
        [[0.5, 0.25], [1.0, 0.0], [1.0, 1.0]],
        [[[0.75, 0.25], [0.25, 0.75]]] * 3,
        # true 2/5 and 3/5 against 2/3 and 1/3; certain in both
        expect=[2 / 5 * log(3 / 5) + 3 / 5 * log(9 / 5), 0, nan],
        why="by Bayes, certain, out of range",
    ),
    pin(
        diffusion_bounds.d3pm,
        [[0.0, 0.0]],
        [0],
        [[0.0, 1.0]],
        [[[1.0, 0.0], [0.0, 1.0]]],
        expect=[0],
        why="impossible",
    ),
    # sigma**2 from 1/2 to 1/4, so that their ratio is 2, and that of signals to noise 3
    pin(
        diffusion_bounds.learned_variance,
        [[5.0], [1.0]],
        [[5.0], [0.0]],
        [[1.0], [0.0]],
        [0.0, 0.0],
        [LOG3, LOG3],
        expect=[(LOG2 + 1 / 2 - 1) / 2, (3 - 1) / 2],
        why="the most and the least variance",
    ),
    pin(
        diffusion_bounds.learned_variance,
        [[1.0]],
        [[0.0]],
        [[1.0]],
        [2.0],
        [2.0],
        expect=[0],
        why="no step",
    ),
]

DIFFUSION = [
    pin(diffusion.prediction, [1.0, 3.0], [0.0, 0.0], LOG3, expect=5, why="noise"),
    pin(
        diffusion.prediction,
        [[1.0], [1.0]],
        [[0.0], [0.0]],
        [LOG3, -LOG3],
        predicts="data",
        log_weight=LOG2,
        expect=[2 * 3, 2 / 3],
        why="data",
    ),
    pin(
        diffusion.prediction,
        [[1.0], [1.0]],
        [[0.0], [0.0]],
        [LOG3, inf],
        predicts="velocity",
        expect=[3 / 4, 1],
        why="velocity",
    ),
    # skip 1/2, out 1/sqrt(2), weight 2
    pin(diffusion.edm, [2.0], [3.0], [1.0], 1, sigma_data=1, expect=(2 - sqrt(2)) ** 2, why="one"),
    pin(diffusion.edm, [2.0], [3.0], [1.0], 0, expect=3**2, why="no noise"),
    pin(
        diffusion.edm_preconditioning,
        3,
        sigma_data=4,
        expect=(16 / 25, 12 / 5, 1 / 5, LOG3 / 4),
        why="3-4-5",
    ),
    pin(diffusion.convert, [1.0], [2.0], 0.5, 0.25, given="noise", to="data", expect=[3.5], why=""),
    pin(
        diffusion.convert,
        [[1.0], [1.0]],
        [[2.0], [2.0]],
        [0.5, 0.0],
        [0.5, 1.0],
        given="data",
        to="score",
        expect=[[-6], [-2]],
        why="a score",
    ),
    pin(
        diffusion.convert,
        [1.0],
        [2.0],
        0.6,
        0.8,
        given="velocity",
        to="velocity",
        expect=[1],
        why="and back",
    ),
    pin(
        diffusion.convert, [1.0], [2.0], 1, 0, given="data", to="noise", expect=[0], why="no noise"
    ),
    pin(
        diffusion.scales,
        [LOG3, inf],
        expect=([sqrt(3 / 4), 1], [1 / 2, 0]),
        why="three to one, only data",
    ),
    pin(
        diffusion.cosine_log_snr,
        [0.0, 0.25],
        highest=LOG3,
        lowest=-LOG3,
        # arctan(1 / sqrt(3)) = pi / 6, arctan(sqrt(3)) = pi / 3
        expect=[LOG3, -2 * log(tan(pi / 6 + pi / 24))],
        why="narrow",
    ),
    pin(diffusion.log_uniform_weight, LOG3, expect=0, why="noise"),
    pin(diffusion.log_uniform_weight, LOG3, predicts="data", expect=-LOG3, why="data"),
    pin(diffusion.log_uniform_weight, LOG3, predicts="velocity", expect=log(4 / 3), why="velocity"),
    pin(diffusion.log_truncated_snr_weight, [-LOG3, LOG3], expect=[LOG3, 0], why="both sides"),
    pin(
        diffusion.log_min_snr_weight,
        [-LOG3, LOG3],
        gamma=2,
        expect=[0, log(2 / 3)],
        why="both sides",
    ),
    pin(diffusion.log_p2_weight, LOG3, gamma=0.5, k=6, expect=-LOG3, why="a root"),
    pin(
        diffusion.log_sigmoid_weight, [2.0, LOG3], bias=[2.0, 0.0], expect=[-LOG2, -log(4)], why=""
    ),
    pin(diffusion.log_edm_weight, LOG3, sigma_data=1 / 3, expect=log(1 + 3), why="a third"),
]


def _growth(x, t):
    return x


FLOW = [
    pin(flow.flow_matching, 1, 2, 5, expect=(1 - 3) ** 2, why="line"),
    pin(flow.flow_matching, 1, 2, 5, sigma_min=0.5, expect=(1 - 4) ** 2, why="half left"),
    pin(flow.interpolated, [[0.0], [2.0]], [[4.0], [4.0]], [0.25, 1.0], expect=[[1], [4]], why=""),
    pin(flow.interpolated, [[2.0]], [[4.0]], [1], sigma_min=0.5, expect=[[5]], why="noise left"),
    pin(flow.paired, [[0.0], [3.0]], [[9.0], [4.0], [1.0]], expect=[2, 1], why="crossed"),
    pin(flow.transported, _growth, [[2.0]], steps=1, expect=[[2 * (1 + 1 + 1 / 2)]], why="a step"),
    # x = 2, v = 2, u = 2 * 0.5 * 1 = 1, d = (v * 0.5 + x) * 1 = 3
    pin(
        flow.mean_flow,
        lambda x, begin, end: x * begin[:, None] * end[:, None],
        [[1.0]],
        [[3.0]],
        [0.5],
        [1.0],
        held=lambda x, begin, end: 0 * x,
        expect=[[(1 - 2) ** 2]],
        why="held",
    ),
    pin(flow.consistency, [3.0, 0.0], [0.0, 0.0], delta=4, expect=5 - 4, why="3-4-5"),
    pin(flow.consistency, [3.0], [1.0], delta=0, expect=2, why="delta 0"),
    pin(
        flow.consistency_training,
        lambda x, sigma: x,
        [[1.0], [1.0]],
        [[3.0], [3.0]],
        [1.0, 2.0],
        [3.0, 2.0],
        delta=8,
        expect=[(10 - 8) / 2, 0],
        why="6-8-10, equal levels",
    ),
]

SCORE_MATCHING = [
    pin(score_matching.denoising, [1.0, -2.0], [1.0, 1.0], 0.5, expect=1.5**2 / 2, why="one right"),
    pin(score_matching.sure, [5, 3], [5, 2], [1, 0], [1, 7], sigma=2, expect=[4, -3], why="a copy"),
    pin(score_matching.sliced, lambda x: 0 * x, [[1.0]], [[2.0]], expect=[0], why="flat"),
    pin(score_matching.implicit, lambda x: 0 * x + 2, [[1.0, 5.0]], expect=[4], why="constant"),
]

DISCRETE_DIFFUSION = [
    pin(
        discrete_diffusion.masked,
        [[[0.0, LOG3], [0.0, 0.0]]] * 3,
        [[0, 1], [0, 7], [0, 7]],
        [0.5, 0.5, 0.5],
        where=[[True, True], [True, False], [True, True]],
        expect=[2 * (log(4) + LOG2), 2 * log(4), nan],
        why="two, one, out of range",
    ),
    pin(discrete_diffusion.masked, [[0.0, 0.0]], [0], 0, expect=0, why="a rate of 0"),
    pin(
        discrete_diffusion.score_entropy,
        [[LOG3, 0.0], [LOG3, 1.0]],
        [[LOG2, 0.0], [-inf, 1.0]],
        expect=[3 - 2 * LOG3 + 2 * (LOG2 - 1), 3],
        why="unequal, a ratio of 0",
    ),
    pin(
        discrete_diffusion.score_entropy,
        [LOG3, 5.0],
        [0.0, 0.0],
        where=[True, False],
        expect=3 - LOG3 - 1,
        why="masked",
    ),
]
