"""What detectors are trained and tested on: images with boxes, read in COCO's form, made where COCO is not at hand."""
