"""splits → shards → feed → model → run: VGG16 trained by Horovod workers, and the HOG + SVM baseline beside it."""
