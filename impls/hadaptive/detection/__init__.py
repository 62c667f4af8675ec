"""Object detection (section 5.4, table 6): SSD on Hadaptive-Net and on timm's networks, its data and its mAP."""
