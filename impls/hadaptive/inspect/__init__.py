"""What a trained Hadaptive-Net looks at and chooses: Grad-CAM beside its all-Ghost twin, and selected channels."""
