"""DeepCluster: a network learns to tell its own clusters apart, and so to see (Caron et al. 2018)."""
