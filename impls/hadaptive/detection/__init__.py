"""Object detection with Hadaptive-Net as backbone: SSD at 320x320, as in the paper's Table 6 (sections 5.4 and A.4)."""
