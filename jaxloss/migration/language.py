"""What is found in libraries of sequences, preferences, policies and distillation."""

from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, str]] = {
    "warprnnt_numba": {
        "RNNTLossNumba": "sequence.transducer: takes counts, mean by default",
    },
    "rlax": {
        "td_learning": "value.td: the error, without a square",
        "td_lambda": "advantages.lambda_returns: the error of values and these",
        "sarsa": "value.sarsa: the error, without a square",
        "expected_sarsa": "value.sarsa: the error, without a square",
        "sarsa_lambda": "advantages.lambda_returns: of values of the next actions; the error",
        "q_learning": "value.q_learning: the error, without a square",
        "double_q_learning": "value.double_q_learning: the error, without a square",
        "persistent_q_learning": "value.persistent_q_learning: the error, without a square",
        "qv_learning": "value.td: of the value of the action; the error, without a square",
        "qv_max": "value.td: of the best value next; the error, without a square",
        "q_lambda": "advantages.lambda_returns: of the best values (Peng); of Watkins, "
        "advantages.off_policy_returns",
        "retrace": "advantages.off_policy_returns: the error of values and these; takes "
        "probabilities, and adds 1e-8 to those of the behaviour",
        "retrace_continuous": "advantages.off_policy_returns: the error of values and these",
        "general_off_policy_returns_from_action_values": "advantages.off_policy_returns",
        "general_off_policy_returns_from_q_and_v": "advantages.off_policy_returns",
        "categorical_td_learning": "classification.softmax_cross_entropy: of what "
        "histogram.project makes of the next distribution",
        "categorical_q_learning": "distributional.categorical_q_learning: one step",
        "categorical_double_q_learning": "distributional.categorical_td: of the action that the "
        "selector thinks best",
        "categorical_l2_project": "histogram.project: one distribution",
        "transform_to_2hot": "histogram.project: adds 1e-5 to the width of a bin",
        "quantile_regression_loss": "distributional.quantile_regression: not divided by "
        "huber_param, and 0 means another loss",
        "quantile_q_learning": "distributional.quantile_q_learning: actions last; its selector is "
        "the next action of distributional.quantile_td",
        "quantile_expected_sarsa": "distributional.quantile_td: actions last",
        "policy_gradient_loss": "policy.reinforce: takes logits; mean",
        "clipped_surrogate_pg_loss": "policy.ppo_clip: takes ratios; mean",
        "entropy_loss": "policy.negative_entropy: mean",
        "qpg_loss": "actor_critic.sac_discrete_actor: with temperature 0, less its value; mean",
        "rpg_loss": "actor_critic.regret: mean",
        "rm_loss": "actor_critic.regret_matching: mean",
        "dpg_loss": "regression.squared_error: half of that to constant actions + slopes",
        "mpo_loss": "actor_critic.mpo: with actor_critic.mpo_temperature and "
        "actor_critic.lagrange_multiplier added",
        "vmpo_loss": "actor_critic.mpo: of the better half of a batch, with the same added",
        "compute_parametric_kl_penalty_and_dual_loss": "actor_critic.lagrange_multiplier: and the "
        "divergence at a constant price",
        "lambda_returns": "advantages.lambda_returns: one sequence, values from the second on",
        "discounted_returns": "advantages.lambda_returns: with decay 1",
        "n_step_bootstrapped_returns": "advantages.n_step_returns: values from the second on",
        "truncated_generalized_advantage_estimation": "advantages.gae: one sequence",
        "vtrace": "advantages.vtrace: one sequence, ratios in place of their logarithms; gives "
        "the errors of the values",
        "vtrace_td_error_and_advantage": "advantages.vtrace: as vtrace; for a lambda below 1 "
        "another advantage",
        "l2_loss": "regression.squared_error: half of it",
        "huber_loss": "regression.huber: takes the error",
        "log_loss": "classification.binary_cross_entropy",
        "expectile_loss": "quantile.expectile",
        "categorical_cross_entropy": "classification.softmax_cross_entropy: target first",
        "categorical_kl_divergence": "distillation.knowledge_distillation: target first",
        "multivariate_normal_kl_divergence": "gaussian_divergence.reverse_kl: takes deviations",
        "sampled_policy_distillation_loss": "policy.reinforce: of weights; mean over their count",
    },
    "torchrl": {
        "DQNLoss": "value.q_learning: smooth_l1 by default; gamma, and where episodes end",
        "DistributionalDQNLoss": "distributional.categorical_q_learning: log-probabilities with "
        "the actions last, evenly spaced supports",
        "PPOLoss": "policy.reinforce: of ratios; value.clipped_value for its critic",
        "ClipPPOLoss": "policy.ppo_clip: value.clipped_value for its critic, smooth_l1 by default",
        "KLPENPPOLoss": "policy.ppo_kl: with the divergence of the distributions",
        "A2CLoss": "policy.reinforce: with policy.negative_entropy added",
        "ReinforceLoss": "policy.reinforce",
        "DDPGLoss": "value.td: its actor is -q",
        "TD3Loss": "value.td: of the least of the critics next; its actor is -q",
        "TD3BCLoss": "offline.td3_bc: the mean of the distance over the batch in every state",
        "SACLoss": "actor_critic.sac_critic: with actor_critic.sac_actor, and "
        "actor_critic.lagrange_multiplier of the logarithm of the temperature",
        "DiscreteSACLoss": "actor_critic.sac_discrete_actor",
        "REDQLoss": "actor_critic.sac_critic: of a random few of the critics",
        "CrossQLoss": "actor_critic.sac_critic",
        "TQCLoss": "distributional.quantile_regression: the mean over quantiles, where the paper "
        "has the sum; sorts the targets and drops the largest",
        "CQLLoss": "offline.cql: divides the logarithms of densities by the temperature too",
        "DiscreteCQLLoss": "classification.softmax_cross_entropy: of values, added to a critic's",
        "IQLLoss": "quantile.expectile: with offline.advantage_weighted (a temperature that "
        "multiplies, a ceiling of 100) and value.td",
        "DiscreteIQLLoss": "quantile.expectile: as IQLLoss",
        "BCLoss": "policy.reinforce: with advantages of 1",
        "GAILLoss": "classification.sigmoid_cross_entropy: of a discriminator",
        "RNDLoss": "regression.squared_error: of features",
        "two_hot_cross_entropy": "histogram.two_hot",
        "categorical_kl_balanced": "distillation.knowledge_distillation: a sum of two with one "
        "side constant each, and at least the free bits",
        "value.functional.generalized_advantage_estimate": "advantages.gae: gamma, and where "
        "episodes end",
        "value.functional.td_lambda_return_estimate": "advantages.lambda_returns: gamma, and where "
        "episodes end",
        "value.functional.vtrace_advantage_estimate": "advantages.vtrace: gamma, and where "
        "episodes end",
    },
    "verl": {
        "compute_value_loss": "value.clipped_value: half of it; mean over tokens",
        "compute_policy_loss_vanilla": "policy.dual_clip: mean over tokens",
        "compute_policy_loss_gspo": "policy_answers.gspo_token: mean over answers of means",
        "compute_policy_loss_sapo": "policy.sapo: mean over answers of means",
        "compute_policy_loss_gpg": "policy.reinforce: mean over tokens",
        "compute_policy_loss_reinforce": "policy.reinforce: mean over answers of sums",
        "compute_policy_loss_geo_mean": "policy_answers.gmpo: mean over answers",
        "compute_policy_loss_cispo": "policy.cispo: clip_ratio_low bounds ratios from below",
        "compute_policy_loss_dppo_tv": "policy.cispo: of the tokens whose probability moved little",
        "compute_policy_loss_dro": "policy.reinforce: with beta times policy.kl_k2 added",
        "compute_entropy_loss": "policy.negative_entropy: the entropy itself; mean over tokens",
        "kl_penalty": "policy.kl_k3: kl_k1, kl_k2 by name; clips at 10; k3+ has the gradient of k2",
        "compute_gae_advantage_return": "advantages.gae: whitened",
        "compute_grpo_outcome_advantage": "advantages.group_relative: groups by index",
        "compute_rloo_outcome_advantage": "advantages.leave_one_out: groups by index",
    },
    "trl": {
        "DPOTrainer: sigmoid": "preference.dpo: mean; hyperparameters of DPOConfig",
        "DPOTrainer: hinge": "preference.slic: mean",
        "DPOTrainer: ipo": "preference.ipo: of means over tokens; mean",
        "DPOTrainer: exo_pair": "preference.exo: mean",
        "DPOTrainer: nca_pair": "preference.nca: mean",
        "DPOTrainer: robust": "preference.robust_dpo: mean",
        "DPOTrainer: bco_pair": "preference.bco_pair: without a shift; mean",
        "DPOTrainer: sppo_hard": "preference.sppo: mean",
        "DPOTrainer: aot": "preference_unpaired.aot",
        "DPOTrainer: aot_unpaired": "preference_unpaired.aot_unpaired",
        "DPOTrainer: apo_zero": "preference.apo_zero: mean",
        "DPOTrainer: apo_down": "preference.apo_down: mean",
        "DPOTrainer: discopop": "preference_shapes.discopop: mean",
        "KTOTrainer: kto": "preference_unpaired.kto: mean",
        "KTOTrainer: apo_zero_unpaired": "preference_unpaired.apo_zero_unpaired: mean",
        "CPOTrainer: sigmoid": "reference_free.cpo: the likelihood is a mean over tokens",
        "CPOTrainer: simpo": "reference_free.simpo: the margin is simpo_gamma",
        "ORPOTrainer": "reference_free.orpo: beta is the weight; the likelihood is a mean over "
        "tokens",
        "RewardTrainer": "reward.bradley_terry: mean",
        "GRPOTrainer": "policy.ppo_clip: averaged as loss_type says",
        "GRPOTrainer: cispo": "policy.cispo: epsilon_high is the ceiling",
        "GRPOTrainer: sapo": "policy.sapo: mean over answers of means over tokens",
        "GRPOTrainer: luspo": "policy_answers.luspo: with importance_sampling_level=sequence; mean",
        "GRPOTrainer: vespo": "policy_answers.vespo: mean over tokens",
        "GKDTrainer": "distillation.generalized_jensen_shannon: without the square of the "
        "temperature; beta of 0 and 1 are the two divergences",
    },
    "liger_kernel": {
        "LigerFusedLinearDPOLoss": "preference.dpo: of jl.fused.linear_completions; mean; other "
        "losses of pairs by loss_type, as in TRL",
        "LigerFusedLinearCPOLoss": "reference_free.cpo: the likelihood is a mean over tokens",
        "LigerFusedLinearSimPOLoss": "reference_free.simpo: gamma is the margin; adds the "
        "likelihood",
        "LigerFusedLinearORPOLoss": "reference_free.orpo: beta is the weight; the likelihood is a "
        "mean over tokens; infinite for sure answers",
        "LigerFusedLinearKTOLoss": "preference_unpaired.kto: no weights, and no floor of 0 for kl",
        "LigerFusedLinearGRPOLoss": "policy.ppo_clip: of jl.fused.linear_log_probs; averaged as "
        "loss_type says",
        "LigerFusedLinearJSDLoss": "distillation.generalized_jensen_shannon: without the square of "
        "the temperature; beta of 0 and 1 are the two divergences",
        "LigerFusedLinearCosineSimilarityLoss": "feature_distillation.cosine: of logits, times "
        "beta",
    },
    "torchdistill": {
        "KDLoss": "distillation.knowledge_distillation: the square of the temperature comes in "
        "with labels alone; mean",
        "LogitStdKDLoss": "logit_matching.logit_standardization: deviations over one class less; "
        "no square of the temperature; mean",
        "DISTLoss": "relational_distillation.dist",
        "ATLoss": "map_distillation.attention_transfer: mean over pixels too",
        "HierarchicalContextLoss": "map_distillation.hierarchical_context: mean",
        "FSPLoss": "layer_distillation.flow_of_solution: norms of columns instead of squares",
        "VIDLoss": "feature_distillation.variational_information: of given variances; mean",
        "CRDLoss": "feature_distillation.contrastive_representation: holds banks, and a "
        "normalisation of the first batch",
        "SPKDLoss": "relational_distillation.similarity_preserving: rows of products have sums of "
        "sizes of 1",
        "RKDLoss": "relational_distillation.relational_distance: means count pairs of an item with "
        "itself; adds relational_angle",
        "PKTLoss": "relational_distillation.probabilistic_transfer: an item is its own neighbour",
    },
    "mdistiller": {
        "AT": "map_distillation.attention_transfer: mean over pixels too",
        "CRD": "feature_distillation.contrastive_representation: holds the banks",
        "DKD": "logit_matching.decoupled: mean",
        "FitNet": "feature_distillation.hint: mean",
        "KD": "distillation.knowledge_distillation: mean",
        "KDSVD": "layer_distillation.singular_vectors: signs are those of the library; mean",
        "NST": "relational_distillation.neuron_selectivity: mean",
        "OFD": "feature_distillation.overhaul: sum over channels and pixels",
        "PKT": "relational_distillation.probabilistic_transfer: an item is its own neighbour",
        "ReviewKD": "map_distillation.hierarchical_context: mean, and a sum over layers",
        "RKD": "relational_distillation.relational_distance: adds relational_angle",
        "SP": "relational_distillation.similarity_preserving: mean",
        "VID": "feature_distillation.variational_information: mean",
    },
    "nemo": {
        "TDTLossNumba": "transducers.token_duration: scores of durations behind those of classes, "
        "of which blank is the last; takes counts, mean by default",
    },
    "k2": {
        "rnnt_loss": "sequence.transducer: takes a boundary, mean by default",
        "rnnt_loss_pruned": "transducers.pruned: takes the cells one by one instead of starts, and "
        "a boundary; mean by default",
    },
}
