"""ablate: settles, by experiment, what is claimed about training GANs."""
