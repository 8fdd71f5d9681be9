#pragma once

/// All of deltanet but io/, in reading order: each folder includes only from the folders above it. io/ needs nlohmann-json and
/// is included by name, with the CMake target deltanet::io.

// clang-format off
#include "deltanet/core/tensor.hpp"
#include "deltanet/core/check.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/core/threads.hpp"
#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet.hpp"
#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/product.hpp"

#include "deltanet/memory/inputs.hpp"
#include "deltanet/memory/chunk.hpp"
#include "deltanet/memory/gram.hpp"
#include "deltanet/memory/decay.hpp"
#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/scalar_decay.hpp"
#include "deltanet/memory/member.hpp"
#include "deltanet/memory/delta_rule.hpp"

#include "deltanet/recurrence/problem.hpp"
#include "deltanet/recurrence/scan.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/recurrence/blocks.hpp"
#include "deltanet/recurrence/panel.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/chunked_backward.hpp"
#include "deltanet/recurrence/step.hpp"

#include "deltanet/layers/layer.hpp"

#include "deltanet/blocks/residual.hpp"

#include "deltanet/models/language_model.hpp"
#include "deltanet/models/generate.hpp"

#include "deltanet/training/pieces.hpp"
#include "deltanet/training/cross_entropy.hpp"
#include "deltanet/training/adamw.hpp"
#include "deltanet/training/clip.hpp"
#include "deltanet/training/schedule.hpp"
#include "deltanet/training/gradient_check.hpp"
#include "deltanet/training/trainer.hpp"
// clang-format on
