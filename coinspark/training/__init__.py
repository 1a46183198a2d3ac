"""Training: shards of images, an input pipeline, workers, classifiers, DeepCluster and baselines."""
