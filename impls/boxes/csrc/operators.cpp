// The operators of namespace opbench_boxes: boxes in, overlaps, indices or boxes out. Shapes are checked, since a wrong
// one would touch memory that belongs to others; gradients are not tracked.
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

#include "../../cross_hadamard/csrc/dispatch.h"
#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "../../torch_interface/csrc/library.h"
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

Choice<BoxVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kBoxes},
  static Choice<BoxVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

void check_boxes(const Tensor& boxes, const char* name, const Tensor& like) {
  OPBENCH_CHECK_VALUE(boxes.dim() == 2 && boxes.size(1) == 4, name, " has shape ", boxes.sizes(),
                    "; expected (n, 4), rows x1 y1 x2 y2");
  OPBENCH_CHECK_TYPE(boxes.dtype() == Dtype::float32 || boxes.dtype() == Dtype::float64, name, " is ",
                   boxes.dtype(), "; expected Float or Double");
  OPBENCH_CHECK_TYPE(boxes.dtype() == like.dtype(), name, " is ", boxes.dtype(), "; expected ",
                   like.dtype());
}

Stores stores_of(const Tensor& out, int64_t stream_from) {
  return out.bytes() >= stream_from ? Stores::streaming : Stores::cached;
}

Tensor box_iou(const Tensor& boxes, const Tensor& others, int64_t stream_from) {
  check_boxes(boxes, "boxes", boxes);
  check_boxes(others, "others", boxes);
  const Packed first(boxes), second(others);
  Tensor out = Tensor::empty({boxes.size(0), others.size(0)}, boxes.dtype());
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  for_float_or_double(boxes.dtype(), [&](auto type) {
    using T = decltype(type);
    choice().used().of<T>().overlaps(first.data<T>(), boxes.size(0), second.data<T>(), others.size(0), out.data<T>(),
                                     stores_of(out, stream_from));
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
int64_t keep(const T* boxes, const T* scores, const int64_t* classes, int64_t count, double threshold, int64_t* found) {
  const std::vector<uint32_t> order = by_score(scores, count);
  const Groups groups = by_class(order, classes);
  std::vector<uint8_t> kept(count);
  choice().used().of<T>().suppress(boxes, groups.order.data(), groups.ends.data(),
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
  OPBENCH_CHECK_VALUE(scores.dim() == 1 && scores.size(0) == count, "scores have shape ", scores.sizes(), "; expected [",
                    count, "], one for each box");
  OPBENCH_CHECK_TYPE(scores.dtype() == boxes.dtype(), "scores are ", scores.dtype(), "; expected ",
                   boxes.dtype());
  OPBENCH_CHECK_VALUE(threshold >= 0 && threshold <= 1, "threshold is ", threshold, "; expected 0 to 1");
  OPBENCH_CHECK_VALUE(count <= std::numeric_limits<int32_t>::max(), count, " boxes; expected fewer than 2^31");
  if (classes) {
    OPBENCH_CHECK_VALUE(classes->dim() == 1 && classes->size(0) == count, "classes have shape ", classes->sizes(),
                      "; expected [", count, "], one for each box");
    OPBENCH_CHECK_TYPE(classes->dtype() == Dtype::int64, "classes are ", classes->dtype(), "; expected Long");
  }
  const Packed rows(boxes), values(scores);
  std::optional<Packed> of_class;
  if (classes) of_class.emplace(*classes);
  Tensor out = Tensor::empty({count}, Dtype::int64);
  at::get_num_threads();
  int64_t survivors = 0;
  for_float_or_double(boxes.dtype(), [&](auto type) {
    using T = decltype(type);
    survivors = keep(rows.data<T>(), values.data<T>(), of_class ? of_class->data<int64_t>() : nullptr, count, threshold,
                     out.data<int64_t>());
  });
  return {std::move(out), survivors};
}

Tensor box_decode(const Tensor& offsets, const Tensor& anchors, int64_t clip, int64_t stream_from) {
  check_boxes(anchors, "anchors", offsets);
  OPBENCH_CHECK_VALUE(offsets.dim() == 3 && offsets.size(1) == anchors.size(0) && offsets.size(2) == 4, "offsets have shape ",
                    offsets.sizes(), "; expected (batch, ", anchors.size(0), ", 4), as many as there are anchors");
  OPBENCH_CHECK_VALUE(clip >= 0, "clip is ", clip, "; expected the image's edge in pixels, or 0 to clip nothing");
  const Packed from(offsets), places(anchors);
  Tensor out = Tensor::empty(offsets.sizes(), offsets.dtype());
  at::get_num_threads();
  for_float_or_double(offsets.dtype(), [&](auto type) {
    using T = decltype(type);
    const Decoding<T> decoding{T(0.1), T(0.2), static_cast<T>(std::log(1000.0 / 16)), static_cast<T>(clip)};
    choice().used().of<T>().decode(from.data<T>(), places.data<T>(), offsets.size(0), anchors.size(0), decoding,
                                   out.data<T>(), stores_of(out, stream_from));
  });
  return out;
}

const Library kLibrary("opbench_boxes", [](Library& library) {
  library.def<box_iou>("box_iou(Tensor boxes, Tensor others, int stream_from) -> Tensor")
      .def<nms>("nms(Tensor boxes, Tensor scores, Tensor? classes, float threshold) -> (Tensor, int)")
      .def<box_decode>("box_decode(Tensor offsets, Tensor anchors, int clip, int stream_from) -> Tensor");
});

}  // namespace
}  // namespace opbench

OPBENCH_VECTORS_IN_USE(opbench::choice)
