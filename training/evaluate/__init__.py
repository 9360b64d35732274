"""Compares a model with other codecs at equal bytes: python3 -m training.evaluate --help."""
