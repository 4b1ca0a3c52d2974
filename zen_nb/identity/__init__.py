"""Fingerprints of values and of code: the same in every process, with every hash seed."""
