"""The laboratory behind the command line (extra `lab`): data, training, comparison, report."""
