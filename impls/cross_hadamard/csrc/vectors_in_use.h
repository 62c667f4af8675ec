// The functions by which a library tells which vector instructions it can use here, and takes others than the widest. Of
// C, so that Python calls them whatever PyTorch is installed (`impls.torch_interface.loaded`).
#pragma once

#include <string>

#include "processor.h"

namespace opbench {

template <typename Choice>
const char* usable_names(const Choice& choice) {
  static std::string all;
  all.clear();
  for (const std::string& name : choice.names()) all += name + "\n";
  return all.c_str();
}
template <typename Choice>
const char* name_in_use(const Choice& choice) {
  static std::string name;
  name = choice.name();
  return name.c_str();
}

}  // namespace opbench

// `choice` is a function that returns the library's `Choice`. Names are a line each, the narrowest first; "" is the widest;
// `opbench_use_vectors` returns false for a name that is none of them.
#define OPBENCH_VECTORS_IN_USE(choice)                                                              \
  extern "C" const char* opbench_usable_vectors() { return ::opbench::usable_names(choice()); }     \
  extern "C" const char* opbench_vectors() { return ::opbench::name_in_use(choice()); }             \
  extern "C" bool opbench_use_vectors(const char* name) { return choice().use(name); }
