"""TorchJD's aggregators and jaxloss's balancers on the same Jacobians.

Imported by `make_torchjd.py`, which runs TorchJD's side, and by `tests/test_balance_torchjd.py`.
"""
