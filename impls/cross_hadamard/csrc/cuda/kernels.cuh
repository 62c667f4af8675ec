// Every kernel: what NVRTC is given, and what the launches include.
#pragma once

#include "backward.cuh"
#include "blocked.cuh"
#include "expand_owner.cuh"
#include "flat.cuh"
#include "forward.cuh"
