// The four operations: from pointers and sizes to launches of kernel instances. `Machine` launches: a CUDA stream in
// the extension, the shim on the host. It offers device() and launch(plan, kernel, arguments...).
#pragma once

#include <stdexcept>
#include <string>

#include "kernels.cuh"
#include "launch.h"

namespace opbench {

enum class Schedule { direct, balanced, blocked, flat };

inline Schedule schedule_of(const std::string& name) {
  if (name == "direct") return Schedule::direct;
  if (name == "balanced") return Schedule::balanced;
  if (name == "blocked") return Schedule::blocked;
  if (name == "flat") return Schedule::flat;
  throw std::invalid_argument("no schedule '" + name + "'; there are direct, balanced, blocked, flat");
}

// Calls `body` with the normaliser of that name.
template <typename Body>
void choose_norm(const std::string& name, const Body& body) {
  if (name == "softsign") return body(Softsign());
  if (name == "sigmoid") return body(Sigmoid());
  if (name == "algebraic") return body(Algebraic());
  if (name == "tanh") return body(Tanh());
  if (name == "identity") return body(Identity());
  throw std::invalid_argument("no norm '" + name + "'; there are softsign, sigmoid, algebraic, tanh, identity");
}

#if defined(OPBENCH_ON_HOST)
// One normaliser that asks at each value which it is: a quarter of the instances, and so of the time a host compiler
// needs (two minutes otherwise).
struct AnyNorm {
  template <bool brief, typename A>
  struct Functions {
    A (*value)(A) = nullptr;
    A (*slope)(A) = nullptr;
    A (*argument)(A) = nullptr;
  };
  template <bool brief, typename A>
  static Functions<brief, A>& chosen() {
    static thread_local Functions<brief, A> functions;
    return functions;
  }
  template <typename Norm, bool brief, typename A>
  static void choose() {
    chosen<brief, A>() = {&Norm::template value<brief, A>, &Norm::template slope<brief, A>, &Norm::template argument<A>};
  }
  template <typename A>
  static A argument(A u) {
    return chosen<false, A>().argument(u);
  }
  template <bool brief, typename A>
  static A value(A u) {
    return chosen<brief, A>().value(u);
  }
  template <bool brief, typename A>
  static A slope(A u) {
    return chosen<brief, A>().slope(u);
  }
};

template <typename Body>
void with_norm(const std::string& name, const Body& body) {
  choose_norm(name, [&](auto norm) {
    AnyNorm::choose<decltype(norm), false, float>();
    AnyNorm::choose<decltype(norm), true, float>();
    AnyNorm::choose<decltype(norm), false, double>();
  });
  body(AnyNorm());
}
#else
template <typename Body>
void with_norm(const std::string& name, const Body& body) {
  choose_norm(name, body);
}
#endif

template <typename T>
struct Pointers {
  const T* x = nullptr;
  const i64* index = nullptr;
  const T* grad = nullptr;
  const Acc<T>*alpha = nullptr, *weight = nullptr, *bias = nullptr;
  T* result = nullptr;
};

template <typename T, int width, typename Epilogue, typename Machine>
void launch_blocked(Machine& machine, const Plan& plan, const Problem& problem, const Pointers<T>& to) {
  const auto kernel = plan.tile == 8 ? blocked<T, width, 8, Epilogue> : blocked<T, width, 2, Epilogue>;
  machine.launch(plan, kernel, to.x, to.index, to.alpha, to.weight, to.bias, to.result, problem.batch, problem.channels,
                 problem.n, problem.size(), plan.group);
}

template <typename T, typename Epilogue, typename Machine>
void run_blocked(Machine& machine, const Problem& problem, const Pointers<T>& to) {
  const Plan plan = plans::blocked(problem, machine.device());
  if constexpr (sizeof(T) <= 2) {
    if (plan.vector == 8) return launch_blocked<T, 8, Epilogue>(machine, plan, problem, to);
  }
  if constexpr (sizeof(T) <= 4) {
    if (plan.vector == 4) return launch_blocked<T, 4, Epilogue>(machine, plan, problem, to);
  }
  if (plan.vector == 2) return launch_blocked<T, 2, Epilogue>(machine, plan, problem, to);
  launch_blocked<T, 1, Epilogue>(machine, plan, problem, to);
}

template <typename T, typename Epilogue, typename Machine>
void run_flat(Machine& machine, const Problem& problem, const Pointers<T>& to) {
  const Plan plan = plans::flat(problem, machine.device());
  const auto kernel = plan.shared > 0 ? flat<T, true, Epilogue> : flat<T, false, Epilogue>;
  machine.launch(plan, kernel, to.x, to.index, to.alpha, to.weight, to.bias, to.result, problem.batch, problem.channels,
                 problem.n, problem.size(), plan.chunk, plan.magic, plan.shift, plan.vector);
}

// result (B, P, H, W).
template <typename T, typename Machine>
void forward(Machine& machine, const Problem& problem, const Pointers<T>& to, Schedule schedule) {
  const auto publish = [&](const Plan& plan, auto kernel) {
    machine.launch(plan, kernel, to.x, to.index, to.result, problem.batch, problem.channels, problem.n, problem.height,
                   problem.width);
  };
  switch (schedule) {
    case Schedule::direct:
      return publish(plans::direct(problem), direct<T>);
    case Schedule::balanced:
      return publish(plans::balanced(problem), balanced<T>);
    case Schedule::blocked:
      return run_blocked<T, Product<T>>(machine, problem, to);
    case Schedule::flat:
      return run_flat<T, Product<T>>(machine, problem, to);
  }
}

// result (B, C + P, H, W).
template <typename T, typename Machine>
void expand(Machine& machine, Problem problem, const Pointers<T>& to, const std::string& norm, Schedule schedule) {
  problem.lead = problem.channels;
  with_norm(norm, [&](auto name) {
    using Epilogue = Normalised<T, decltype(name)>;
    if (schedule == Schedule::blocked) return run_blocked<T, Epilogue>(machine, problem, to);
    if (schedule == Schedule::flat) return run_flat<T, Epilogue>(machine, problem, to);
    throw std::invalid_argument("ach_expand has the schedules blocked and flat only");
  });
}

template <typename T, typename Scale, typename Machine>
void run_columns(Machine& machine, const Plan& plan, const Problem& problem, const Pointers<T>& to, Acc<T>* sums) {
  auto kernel = columns<T, 1, Scale>;
  if constexpr (sizeof(T) == 2) {
    if (plan.vector == 2) kernel = columns<T, 2, Scale>;
  }
  machine.launch(plan, kernel, to.grad, to.x, to.index, to.alpha, to.weight, to.result, sums, problem.batch,
                 problem.channels, problem.n, problem.size());
}

// grad (B, P, H, W) -> result (B, C, H, W).
template <typename T, typename Machine>
void backward(Machine& machine, const Problem& problem, const Pointers<T>& to) {
  const Plan plan = plans::backward(problem, machine.device());
  if (plan.tile > 0) return run_columns<T, Unit<T>>(machine, plan, problem, to, nullptr);
  machine.launch(plan, owner<T>, to.grad, to.x, to.index, to.result, problem.batch, problem.channels, problem.n,
                 problem.size());
}

// How many parts the sums of expand_backward come in.
template <typename Machine>
int64_t sum_parts(Machine& machine, Problem problem) {
  problem.lead = problem.channels;
  return plans::sum_parts(problem, plans::backward(problem, machine.device()));
}

// grad (B, C + P, H, W) -> result (B, C, H, W) and sums (parts, 3, P).
template <typename T, typename Machine>
void expand_backward(Machine& machine, Problem problem, const Pointers<T>& to, const std::string& norm, Acc<T>* sums) {
  problem.lead = problem.channels;
  const Plan plan = plans::backward(problem, machine.device());
  with_norm(norm, [&](auto name) {
    if (plan.tile > 0) return run_columns<T, Slope<T, decltype(name)>>(machine, plan, problem, to, sums);
    machine.launch(plan, expand_owner<T, decltype(name)>, to.grad, to.x, to.index, to.alpha, to.weight, to.result, sums,
                   problem.batch, problem.channels, problem.n, problem.size());
  });
}

}  // namespace opbench
