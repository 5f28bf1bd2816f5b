"""Statistics of runs over seeds: tests of ranks, shares and trends, centres, sizes of effects and their intervals."""
