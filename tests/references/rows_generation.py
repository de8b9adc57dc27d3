"""Rows of adversarial losses: torchgan, whose functions are those of its loss classes."""

from tests.references.case import Case, Peer

_SCORES = {
    "real": [[-100.0, -2.5, -0.5], [0.0, 1.25, 100.0]],
    "fake": [[100.0, 0.75, -0.25], [0.5, -3.0, -100.0]],
}
_FAKE = {"fake": _SCORES["fake"]}
_BOTH = ("real", "fake")
_NONE = 'reduction="none"'
_OTHER_GAMES = {
    "mutual_information_penalty": "a log-likelihood of codes",
    "auxiliary_classification_loss": "classification.softmax_cross_entropy, reduced",
    "energy_based_generator_loss": "the energy itself, reduced",
    "energy_based_discriminator_loss": "an energy and the hinge of another",
    "energy_based_pulling_away_term": "normalises over the batch",
    "boundary_equilibrium_generator_loss": "the energy itself, reduced",
    "boundary_equilibrium_discriminator_loss": "a weighted difference of energies",
    "wasserstein_gradient_penalty": "of the norm over the whole batch",
    "dragan_gradient_penalty": "of the norm over the whole batch",
}

TORCHGAN = Peer(
    name="torchgan",
    pins=("torchgan==0.1.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    # Its packages import a trainer, and with it torchvision, which the functions do not need.
    setup=(
        "import importlib.util, sys, types, torch\n"
        'found = importlib.util.find_spec("torchgan").submodule_search_locations[0]\n'
        'for name, folder in (("torchgan", ""), ("torchgan.losses", "/losses")):\n'
        "    sys.modules[name] = types.ModuleType(name)\n"
        "    sys.modules[name].__path__ = [found + folder]\n"
        "from torchgan.losses import functional"
    ),
    public='["functional." + name for name in functional.__all__]',
    cases=(
        Case(
            "minimax-discriminator",
            f"functional.minimax_discriminator_loss(real, fake, {_NONE})",
            "jl.gan.logistic_discriminator(real, fake)",
            _SCORES,
            wrt=_BOTH,
        ),
        Case(
            "non-saturating-generator",
            f"functional.minimax_generator_loss(fake, {_NONE})",
            "jl.gan.non_saturating_generator(fake)",
            _FAKE,
        ),
        Case(
            "saturating-generator",
            f"functional.minimax_generator_loss(fake, nonsaturating=False, {_NONE})",
            "jl.gan.saturating_generator(fake)",
            _FAKE,
        ),
        Case(
            "least-squares-discriminator",
            f"functional.least_squares_discriminator_loss(real, fake, a=-1.0, b=0.5, {_NONE})",
            "jl.gan.least_squares_discriminator(real, fake, fake_target=-1.0, real_target=0.5)",
            _SCORES,
            wrt=_BOTH,
        ),
        Case(
            "least-squares-generator",
            f"functional.least_squares_generator_loss(fake, {_NONE})",
            "jl.gan.least_squares_generator(fake)",
            _FAKE,
        ),
        Case(
            "wasserstein-discriminator",
            f"functional.wasserstein_discriminator_loss(real, fake, {_NONE})",
            "jl.gan.wasserstein_discriminator(real, fake)",
            _SCORES,
            wrt=_BOTH,
        ),
        Case(
            "wasserstein-generator",
            f"functional.wasserstein_generator_loss(fake, {_NONE})",
            "jl.gan.wasserstein_generator(fake)",
            _FAKE,
        ),
    ),
    not_ours={f"functional.{name}": reason for name, reason in _OTHER_GAMES.items()},
)
