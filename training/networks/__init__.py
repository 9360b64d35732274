"""The networks of a PerCo model as torch modules whose parameter names are the published checkpoints' key names."""
