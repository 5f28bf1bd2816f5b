"""How fast stacked training is, side by side with the plain loops that people use; not installed with the package."""
