"""The stages of a training, in order: autoencoder, denoiser, captioner."""
