"""Post-processing in standard ONNX nodes: from logits and offsets to detections (B, 100, 6), for any batch.

What `impls.hadaptive.detection.model.postprocess` does, with two differences in how. Logits are compared throughout,
with the threshold too, and only a hundred become scores: a sigmoid of a million takes longer than the choice among
them, and ONNX Runtime's near 1 is not monotone in the last bits. And the classes of NonMaxSuppression are the
detector's own: a candidate has its logit in the row of its class, and in all others one below every threshold. Its cap
for each class is the image's, so that all of the image's best can be of one class.

What is no number stays none: a box is one where both sides are above 0, and neither Min nor ReduceMin is asked, which
may drop a NaN. A logit that is no number is the lowest before any is chosen: ONNX Runtime's TopK takes NaN for the
highest, and a thousand of them would leave no candidate. Of equal logits the one that comes first is better, as there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from impls.boxes.variances import LARGEST_EXPONENT
from impls.detectors.models import FIELDS, MOST
from impls.detectors.outputs import PAD
from impls.exported.onnx_functions import OPSET
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.coding import WEIGHTS
from impls.hadaptive.detection.model.postprocess import CANDIDATES, OVERLAP, SCORE

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

LOWEST = -1e30
"""The logit of what is no candidate."""

LOGITS, OFFSETS, ANCHORS, DETECTIONS = "logits", "offsets", "anchors", "y"

PREFIX = "detections."
"""Of the names of all nodes and of what they pass on."""

CHOSEN = """
   logits_float = Cast <to = 1> (logits)
   rows = Constant <value_ints = [0, -1]> ()
   given = Reshape (logits_float, rows)
   lowest = Constant <value_float = {lowest}> ()
   is_no_number = IsNaN (given)
   flat = Where (is_no_number, lowest, given)
   count = Constant <value_ints = [{candidates}]> ()
   logit, place = TopK <axis = 1> (flat, count)
   classes = Constant <value_int = {classes}> ()
   anchor = Div (place, classes)
   label = Mod (place, classes)
"""

DECODED = """
   last = Constant <value_ints = [2]> ()
   halves = Constant <value_ints = [2, 2]> ()
   offsets_float = Cast <to = 1> (offsets)
   anchor_places = Unsqueeze (anchor, last)
   coded = GatherND <batch_dims = 1> (offsets_float, anchor_places)
   default = Gather <axis = 0> (anchors, anchor)
   centre, size = Split <axis = 2> (default, halves)
   weights = Constant <value_floats = {weights}> ()
   plain = Div (coded, weights)
   move, growth = Split <axis = 2> (plain, halves)
   moved = Mul (move, size)
   middle = Add (moved, centre)
   most_growth = Constant <value_float = {growth}> ()
   is_too_much = Greater (growth, most_growth)
   bounded = Where (is_too_much, most_growth, growth)
   factor = Exp (bounded)
   grown = Mul (factor, size)
   one_half = Constant <value_float = 0.5> ()
   reach = Mul (grown, one_half)
   low = Sub (middle, reach)
   high = Add (middle, reach)
   corners = Concat <axis = 2> (low, high)
   zero = Constant <value_float = 0.0> ()
   edge = Constant <value_float = {edge}> ()
   boxes = Clip (corners, zero, edge)
   first, second = Split <axis = 2> (boxes, halves)
   sides = Sub (second, first)
   is_positive = Greater (sides, zero)
   positive = Cast <to = 1> (is_positive)
   least_positive = ReduceMin <keepdims = 0> (positive, last)
   is_box = Greater (least_positive, zero)
   usable = Where (is_box, logit, lowest)
"""

SUPPRESSED = """
   rows_axis = Constant <value_ints = [1]> ()
   usable_row = Unsqueeze (usable, rows_axis)
   label_row = Unsqueeze (label, rows_axis)
   zero_int = Constant <value_int = 0> ()
   one_int = Constant <value_int = 1> ()
   numbers = Range (zero_int, classes, one_int)
   number_column = Unsqueeze (numbers, rows_axis)
   is_of_class = Equal (label_row, number_column)
   by_class = Where (is_of_class, usable_row, lowest)
   most = Constant <value_ints = [{most}]> ()
   overlap = Constant <value_floats = [{overlap}]> ()
   threshold = Constant <value_floats = [{threshold}]> ()
   selected = NonMaxSuppression (boxes, by_class, most, overlap, threshold)
   image_and_box = Constant <value_ints = [0, 2]> ()
   selected_places = Gather <axis = 1> (selected, image_and_box)
   selected_logits = GatherND (usable, selected_places)
   none = Where (is_box, lowest, lowest)
   kept = ScatterND (none, selected_places, selected_logits)
"""

PADDED = """
   final, rank = TopK <axis = 1> (kept, most)
   final_places = Unsqueeze (rank, last)
   final_boxes = GatherND <batch_dims = 1> (boxes, final_places)
   final_logits = Unsqueeze (final, last)
   final_scores = Sigmoid (final_logits)
   labels = GatherElements <axis = 1> (label, rank)
   labels_float = Cast <to = 1> (labels)
   final_labels = Unsqueeze (labels_float, last)
   found = Concat <axis = 2> (final_boxes, final_scores, final_labels)
   is_there = Greater (final_logits, lowest)
   padding = Constant <value_floats = {padding}> ()
   y = Where (is_there, found, padding)
"""


def nodes(classes: int, size: int) -> list[NodeProto]:
    """Of the graph's values `logits`, `offsets` and `anchors` (`anchor_table`); the last one writes `y`.

    classes: of the logits. size: of the image's edge. Every other value has a name that begins with PREFIX.
    """
    from onnx import parser

    body = (CHOSEN + DECODED + SUPPRESSED + PADDED).format(
        candidates=min(CANDIDATES, len(anchors(size)) * classes),
        classes=classes,
        weights=list(WEIGHTS),
        growth=LARGEST_EXPONENT,
        edge=float(size),
        most=MOST,
        overlap=OVERLAP,
        threshold=math.log(SCORE / (1 - SCORE)),
        lowest=LOWEST,
        padding=list(PAD),
    )
    head = f'<domain: "detections", opset_import: ["" : {OPSET}]> Detections (logits, offsets, anchors) => (y)'
    found: list[NodeProto] = list(parser.parse_function(f"{head} {{{body}}}").node)
    for node in found:
        for names in (node.input, node.output):
            names[:] = [one if one in {LOGITS, OFFSETS, ANCHORS, DETECTIONS} else f"{PREFIX}{one}" for one in names]
        node.name = f"{PREFIX}{node.output[0].removeprefix(PREFIX)}"  # a profiler shows them
    return found


def alone(whole: ModelProto, classes: int, size: int) -> ModelProto:
    """The nodes of `nodes` that a model has, with its anchors, as a model from `logits` and `offsets` to `y`."""
    from onnx import TensorProto, helper

    count = len(anchors(size))
    shapes = {LOGITS: (count, classes), OFFSETS: (count, 4), DETECTIONS: (MOST, FIELDS)}
    logits, offsets, found = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]) for name, shape in shapes.items()
    )
    own = [node for node in whole.graph.node if node.name.startswith(PREFIX)]
    table = [one for one in whole.graph.initializer if one.name == ANCHORS]
    graph = helper.make_graph(own, "post_processing", [logits, offsets], [found], table)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=whole.ir_version)


def anchor_table(size: int) -> TensorProto:
    """(A, 4) float32: the default boxes' centres, then widths and heights, in pixels."""
    import torch
    from onnx import numpy_helper

    corners = anchors(size)
    sides = corners[:, 2:] - corners[:, :2]
    table = torch.cat([corners[:, :2] + 0.5 * sides, sides], dim=1)
    return numpy_helper.from_array(table.numpy(), ANCHORS)
