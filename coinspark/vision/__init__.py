"""Networks, preprocessing, feature vectors of images, and clusters of images."""
