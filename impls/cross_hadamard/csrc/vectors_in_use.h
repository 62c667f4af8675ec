// The operators by which a library tells which vector instructions it can use here, and takes others than the widest.
#pragma once

#include <c10/util/StringUtil.h>
#include <torch/library.h>

#include <string>
#include <string_view>

#include "processor.h"

namespace opbench {

// `choice` is a function that returns the library's `Choice`. `use_vectors` raises ValueError for a name that is none of
// `usable_vectors`; "" is the widest.
template <auto choice>
void define_vectors(torch::Library& library) {
  library.def("vectors() -> str", [] { return choice().name(); });
  library.def("usable_vectors() -> str[]", [] { return choice().names(); });
  library.def("use_vectors(str name) -> ()", [](std::string_view name) {
    TORCH_CHECK_VALUE(choice().use(std::string(name)), "no vectors '", name, "' on this processor; there are: ",
                      c10::Join(", ", choice().names()));
  });
}

}  // namespace opbench
