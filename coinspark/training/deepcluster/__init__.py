"""DeepCluster (Caron et al. 2018): a network trained without labels, on the clusters of its own features."""
