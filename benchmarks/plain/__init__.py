"""The documents' systems in ordinary PyTorch: modules, torch.optim, one run at a time; nothing here is ablate's."""
