"""Training of small PerCo models in plain PyTorch: see README.md beside this file."""
