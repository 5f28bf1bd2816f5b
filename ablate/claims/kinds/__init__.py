"""The built-in kinds of claims, one file each; they are found in the registry, as those of plugins are."""
