// The operators of namespace opbench_boxes: boxes in, overlaps, indices or boxes out. Shapes are checked, since a wrong
// one would touch memory that belongs to others; gradients are not tracked.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "boxes.h"
#include "order.h"

namespace opbench {

#define OPBENCH_EACH(name)          \
  namespace name {                  \
  extern const BoxVariant kBoxes;   \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

using at::Tensor;

Choice<BoxVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kBoxes},
  static Choice<BoxVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

void check_boxes(const Tensor& boxes, const char* name, const Tensor& like) {
  TORCH_CHECK_VALUE(boxes.dim() == 2 && boxes.size(1) == 4, name, " has shape ", boxes.sizes(),
                    "; expected (n, 4), rows x1 y1 x2 y2");
  TORCH_CHECK_TYPE(boxes.scalar_type() == at::kFloat || boxes.scalar_type() == at::kDouble, name, " is ",
                   boxes.scalar_type(), "; expected Float or Double");
  TORCH_CHECK_TYPE(boxes.scalar_type() == like.scalar_type(), name, " is ", boxes.scalar_type(), "; expected ",
                   like.scalar_type());
}

Stores stores_of(const Tensor& out, int64_t stream_from) {
  const int64_t bytes = out.numel() * static_cast<int64_t>(out.element_size());
  return bytes >= stream_from ? Stores::streaming : Stores::cached;
}

Tensor box_iou(const Tensor& boxes, const Tensor& others, int64_t stream_from) {
  check_boxes(boxes, "boxes", boxes);
  check_boxes(others, "others", boxes);
  const Tensor first = boxes.contiguous(), second = others.contiguous();
  Tensor out = at::empty({boxes.size(0), others.size(0)}, boxes.options());
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES(boxes.scalar_type(), "box_iou", [&] {
    choice().used().of<scalar_t>().overlaps(first.const_data_ptr<scalar_t>(), first.size(0),
                                            second.const_data_ptr<scalar_t>(), second.size(0),
                                            out.mutable_data_ptr<scalar_t>(), stores_of(out, stream_from));
  });
  return out;
}

template <typename T>
Threshold<T> threshold_of(double threshold) {
  T exact = static_cast<T>(threshold);
  if (static_cast<double>(exact) > threshold) exact = std::nextafter(exact, -std::numeric_limits<T>::infinity());
  return {exact, exact * (1 - 16 * std::numeric_limits<T>::epsilon())};
}

template <typename T>
int64_t keep(const Tensor& boxes, const Tensor& scores, const int64_t* classes, double threshold, int64_t* found) {
  const int64_t count = boxes.size(0);
  const std::vector<uint32_t> order = by_score(scores.const_data_ptr<T>(), count);
  const Groups groups = by_class(order, classes);
  std::vector<uint8_t> kept(count);
  choice().used().of<T>().suppress(boxes.const_data_ptr<T>(), groups.order.data(), groups.ends.data(),
                                   static_cast<int64_t>(groups.ends.size()), threshold_of<T>(threshold), kept.data());
  int64_t survivors = 0;
  for (const uint32_t box : order) {
    if (kept[box]) found[survivors++] = box;
  }
  std::fill(found + survivors, found + count, -1);
  return survivors;
}

// Indices in order of score, -1 behind them, and how many they are.
std::tuple<Tensor, int64_t> nms(const Tensor& boxes, const Tensor& scores, const std::optional<Tensor>& classes,
                                double threshold) {
  check_boxes(boxes, "boxes", boxes);
  const int64_t count = boxes.size(0);
  TORCH_CHECK_VALUE(scores.dim() == 1 && scores.size(0) == count, "scores have shape ", scores.sizes(), "; expected [",
                    count, "], one for each box");
  TORCH_CHECK_TYPE(scores.scalar_type() == boxes.scalar_type(), "scores are ", scores.scalar_type(), "; expected ",
                   boxes.scalar_type());
  TORCH_CHECK_VALUE(threshold >= 0 && threshold <= 1, "threshold is ", threshold, "; expected 0 to 1");
  TORCH_CHECK_VALUE(count <= std::numeric_limits<int32_t>::max(), count, " boxes; expected fewer than 2^31");
  if (classes) {
    TORCH_CHECK_VALUE(classes->dim() == 1 && classes->size(0) == count, "classes have shape ", classes->sizes(),
                      "; expected [", count, "], one for each box");
    TORCH_CHECK_TYPE(classes->scalar_type() == at::kLong, "classes are ", classes->scalar_type(), "; expected Long");
  }
  const Tensor rows = boxes.contiguous(), values = scores.contiguous(), of_class = classes ? classes->contiguous() : Tensor();
  Tensor out = at::empty({count}, boxes.options().dtype(at::kLong));
  at::get_num_threads();
  int64_t survivors = 0;
  AT_DISPATCH_FLOATING_TYPES(boxes.scalar_type(), "nms", [&] {
    survivors = keep<scalar_t>(rows, values, classes ? of_class.const_data_ptr<int64_t>() : nullptr, threshold,
                               out.mutable_data_ptr<int64_t>());
  });
  return {out, survivors};
}

Tensor box_decode(const Tensor& offsets, const Tensor& anchors, int64_t clip, int64_t stream_from) {
  check_boxes(anchors, "anchors", offsets);
  TORCH_CHECK_VALUE(offsets.dim() == 3 && offsets.size(1) == anchors.size(0) && offsets.size(2) == 4, "offsets have shape ",
                    offsets.sizes(), "; expected (batch, ", anchors.size(0), ", 4), as many as there are anchors");
  TORCH_CHECK_VALUE(clip >= 0, "clip is ", clip, "; expected the image's edge in pixels, or 0 to clip nothing");
  const Tensor from = offsets.contiguous(), places = anchors.contiguous();
  Tensor out = at::empty(offsets.sizes(), offsets.options());
  at::get_num_threads();
  AT_DISPATCH_FLOATING_TYPES(offsets.scalar_type(), "box_decode", [&] {
    const auto most = static_cast<scalar_t>(std::log(1000.0 / 16));
    const Decoding<scalar_t> decoding{scalar_t(0.1), scalar_t(0.2), most, static_cast<scalar_t>(clip)};
    choice().used().of<scalar_t>().decode(from.const_data_ptr<scalar_t>(), places.const_data_ptr<scalar_t>(),
                                          from.size(0), places.size(0), decoding, out.mutable_data_ptr<scalar_t>(),
                                          stores_of(out, stream_from));
  });
  return out;
}

TORCH_LIBRARY(opbench_boxes, library) {
  library.def("box_iou(Tensor boxes, Tensor others, int stream_from) -> Tensor");
  library.def("nms(Tensor boxes, Tensor scores, Tensor? classes, float threshold) -> (Tensor, int)");
  library.def("box_decode(Tensor offsets, Tensor anchors, int clip, int stream_from) -> Tensor");
  define_vectors<choice>(library);
}

TORCH_LIBRARY_IMPL(opbench_boxes, CPU, library) {
  library.impl("box_iou", box_iou);
  library.impl("nms", nms);
  library.impl("box_decode", box_decode);
}

}  // namespace
}  // namespace opbench
