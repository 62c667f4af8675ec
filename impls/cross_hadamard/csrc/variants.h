// Which variant of the kernels is in use. Never included by a variant: what is compiled there may not run everywhere.
#pragma once

#include "cpu.h"
#include "processor.h"

namespace opbench {

// The widest that this processor has, until it is told otherwise.
Choice<Variant>& choice();

}  // namespace opbench
