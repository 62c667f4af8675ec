"""How good detections are: COCO's average precision, and the mean IoU that stands beside it in the paper's Table 6."""
