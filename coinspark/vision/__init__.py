"""Pictures → features: what the convolutions of VGG16 make of them, for the clusters."""
