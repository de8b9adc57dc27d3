"""Rows of reinforcement learning: TorchRL."""

from tests.references.case import Case, Peer
from tests.references.rows_control import ACTIONS, AFTER, CRITIC, DISTS, STATES

_ENDED = {"ended": [False, True, False]}
_GAMMA = "0.75 * (1 - ended)"
_DQN = {k: v for k, v in ACTIONS.items() if k not in ("discounts", "next_q")} | _ENDED
_DQN["next_q"] = ACTIONS["next_q"]
_BINS = {"logits": DISTS, "actions": [1, 0, 1], "rewards": STATES["rewards"]} | _ENDED
_BINS |= {"after": AFTER, "support": [-2.0, -1.0, 0.0, 1.0]}
_PATH = {
    "rewards": [[0.25], [0.5], [-1.0]],
    "values": [[0.5], [1.0], [-2.0]],
    "later": [[1.0], [-2.0], [3.0]],
    "ended": [[False], [True], [False]],
}
_ALONG = "rewards[:, 0], 0.75 * (1 - ended[:, 0])"
_EXPECTED = "jnp.append(values[:, 0], later[-1, 0])"
_AFTER = "jnp.append(0.0, later[:, 0])"

CASES = (
    Case(
        "dqn",
        "torchrl.dqn(q, actions, rewards, ended, next_q)",
        f"jl.value.q_learning(q, actions, rewards, {_GAMMA}, next_q)",
        _DQN,
        relation="multiplies by gamma where an episode has not ended",
    ),
    Case(
        "dqn-smooth-l1",
        "torchrl.dqn(q, actions, rewards, ended, next_q, kind='smooth_l1')",
        f"jl.value.q_learning(q, actions, rewards, {_GAMMA}, next_q, loss=jl.regression.smooth_l1)",
        _DQN,
        relation="its default loss; multiplies by gamma where an episode has not ended",
    ),
    Case(
        "distributional-dqn",
        "torchrl.distributional_dqn(logits, actions, rewards, ended, after, support=support)",
        "jl.distributional.categorical_q_learning(logits, actions, rewards, "
        f"{_GAMMA}, after, support=support)",
        _BINS,
        relation="its logits have the actions last; multiplies by gamma where an episode has not "
        "ended; evenly spaced supports alone, in float32",
        precision="float32",
    ),
    *(
        Case(
            f"clipped-value-{kind.replace('_', '-')}",
            f"torchrl.clipped_value(values, old, returns, 0.5, {kind!r})",
            f"jl.value.clipped_value(values, old, returns, clip=0.5, loss=jl.regression.{ours})",
            {
                "values": [0.5, 2.0, -1.0, 1.0, -2.0],
                "old": [0.25, 1.0, -0.75, 2.5, -2.25],
                "returns": [1.0, 3.0, -2.0, 1.0, 0.5],
            },
        )
        for kind, ours in (
            ("l2", "squared_error"),
            ("l1", "absolute_error"),
            ("smooth_l1", "smooth_l1"),
        )
    ),
    Case(
        "td3-bc",
        "torchrl.td3_bc(q, pred, actions, 2.0)",
        "jl.offline.td3_bc(q, 0 * pred, 0 * pred, alpha=2.0) "
        "+ jl.mean(jl.offline.td3_bc(0 * q, pred, actions))",
        {
            "q": [0.5, -1.0, 2.0],
            "pred": [[0.5, -0.25], [1.0, 0.0], [-1.5, 0.75]],
            "actions": [[0.0, 0.25], [1.0, -1.0], [0.5, 0.5]],
        },
        wrt=("q", "pred"),
        relation="has the mean of the second term over the batch in every state",
    ),
    Case(
        "discrete-cql",
        "torchrl.discrete_cql(q, actions)",
        "jl.classification.softmax_cross_entropy(q, actions)",
        {"q": CRITIC["q"], "actions": [2, 0]},
    ),
    Case(
        "iql-value",
        "torchrl.iql_value(q - values, 0.75)",
        "jl.quantile.expectile(values, q, level=0.75)",
        {"values": STATES["values"], "q": [0.25, 1.5, 1.0]},
        relation="takes the error",
    ),
    Case(
        "sac-alpha",
        "torchrl.sac_alpha(log_p, log_alpha, -2.0)",
        "jl.actor_critic.lagrange_multiplier(log_p, multiplier=log_alpha, bound=2.0)",
        {"log_alpha": 0.5, "log_p": [-1.0, -2.5, 0.5]},
        relation="multiplies by the logarithm of the temperature",
    ),
    Case(
        "tqc",
        "torchrl.tqc(pred, target)",
        "jl.distributional.quantile_regression(pred, target) / 3",
        {
            "pred": [[0.5, -1.0, 2.0], [1.0, 3.0, -2.0]],
            "target": [[1.0, 0.75, -3.0, 0.25], [-1.0, 2.0, 2.5, 9.0]],
        },
        relation="the mean over quantiles, of which the paper has the sum",
    ),
    Case(
        "two-hot",
        "torchrl.two_hot_cross_entropy(logits, target, support)",
        "jl.histogram.two_hot(logits, target, support=support)",
        {
            "logits": [[0.5, -1.0, 2.0, 0.25], [3.0, 0.0, -2.5, 1.0], [0.0, 0.5, 1.0, -1.0]],
            "target": [0.75, -3.0, -0.5],
            "support": [-2.0, -0.5, 0.25, 3.0],
        },
    ),
    Case(
        "gae",
        "torchrl.generalized_advantage_estimate("
        "0.75, 0.5, values, later, rewards, ended, ended)[0][:, 0]",
        f"jl.advantages.gae({_ALONG}, {_EXPECTED}, decay=0.5)",
        _PATH | {"later": [[1.0], [-2.0], [3.0]]},
        wrt=(),
        relation="of discounts that are 0 at an end, and one array of values",
    ),
    Case(
        "td-lambda",
        "torchrl.td_lambda_return_estimate(0.75, 0.5, later, rewards, ended, ended)[:, 0]",
        f"jl.advantages.lambda_returns({_ALONG}, {_AFTER}, decay=0.5)",
        _PATH,
        wrt=(),
        relation="of discounts that are 0 at an end",
    ),
    Case(
        "vtrace",
        "torchrl.vtrace_advantage_estimate("
        "0.75, log_p, old, values, later, rewards, ended, ended)[1][:, 0]",
        f"jl.advantages.vtrace({_ALONG}, {_EXPECTED}, (log_p - old)[:, 0]).targets",
        _PATH | {"log_p": [[-1.0], [-2.0], [-0.5]], "old": [[-1.5], [-1.0], [-0.25]]},
        wrt=(),
        relation="of discounts that are 0 at an end, and one array of values",
    ),
)
TORCHRL = Peer(
    name="torchrl",
    pins=("torchrl==0.14.1", "tensordict==0.14.3", "torch==2.13.0"),
    runs="torch",
    setup="import torch\nfrom tests.references.torchrl_calls import torchrl",
    cases=CASES,
)
