"""How good predictions are, with intervals: of classes, labels, numbers, boxes and masks."""
