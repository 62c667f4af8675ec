// Operators of a library, registered with PyTorch's dispatcher through its stable C interface.
//
// A function of tensors and numbers becomes an operator: `boxed` unpacks its arguments from the stack that the dispatcher
// hands over, whose tensors are the callee's to delete, and packs its results.
#pragma once

#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tensor.h"

namespace opbench {

template <typename T>
struct Value {  // numbers and truth values: their bytes
  static T from(StableIValue value) {
    T found;
    std::memcpy(&found, &value, sizeof(found));
    return found;
  }
  static StableIValue to(T value) {
    StableIValue made = 0;
    std::memcpy(&made, &value, sizeof(value));
    return made;
  }
};
template <>
struct Value<Tensor> {
  static Tensor from(StableIValue value) { return Tensor(Value<AtenTensorHandle>::from(value)); }
  static StableIValue to(Tensor tensor) { return Value<AtenTensorHandle>::to(tensor.release()); }
};
template <typename T>
struct Value<std::optional<T>> {  // null, or where the value is, on the heap
  static std::optional<T> from(StableIValue value) {
    auto* const held = Value<StableIValue*>::from(value);
    if (!held) return std::nullopt;
    std::optional<T> found(Value<T>::from(*held));
    delete held;
    return found;
  }
};

template <typename T>
using Held = std::remove_cv_t<std::remove_reference_t<T>>;

template <typename Result, typename... Arguments, size_t... at>
void call(Result (*function)(Arguments...), StableIValue* stack, std::index_sequence<at...>) {
  std::tuple<Held<Arguments>...> held{Value<Held<Arguments>>::from(stack[at])...};
  if constexpr (std::is_void_v<Result>) {
    function(std::get<at>(held)...);
  } else {
    auto result = function(std::get<at>(held)...);
    if constexpr (requires { std::tuple_size<Result>::value; }) {
      std::apply(
          [stack](auto&... each) {
            int64_t next = 0;
            ((stack[next++] = Value<Held<decltype(each)>>::to(std::move(each))), ...);
          },
          result);
    } else {
      stack[0] = Value<Result>::to(std::move(result));
    }
  }
}

template <auto function>
struct Boxed;
template <typename Result, typename... Arguments, Result (*function)(Arguments...)>
struct Boxed<function> {
  static void run(StableIValue* stack, uint64_t, uint64_t) {
    call(function, stack, std::index_sequence_for<Arguments...>());
  }
};

// The operators of one namespace, on the CPU, which `define` adds. An object of static storage: an operator lives as long
// as its library.
class Library {
 public:
  Library(const char* name, void (*define)(Library&)) {
    expect(aoti_torch_library_init_def(name, __FILE__, __LINE__, &defined_), "make a library of operators");
    expect(aoti_torch_library_init_impl(name, "CPU", __FILE__, __LINE__, &on_cpu_), "make a library of operators");
    define(*this);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // schema: as torch.library has it, the operator's name first, without one of an overload.
  template <auto function>
  Library& def(const char* schema) {
    const std::string name(schema, std::strcspn(schema, "("));
    expect(aoti_torch_library_def(defined_, schema), "define an operator");
    expect(aoti_torch_library_impl(on_cpu_, name.c_str(), Boxed<function>::run), "register an operator");
    return *this;
  }

 private:
  TorchLibraryHandle defined_ = nullptr, on_cpu_ = nullptr;
};

}  // namespace opbench
