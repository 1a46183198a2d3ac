"""Vision: images → features, clusters, objects."""
