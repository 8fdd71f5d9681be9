#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_KERNELS(, float)
DELTANET_COMPILED_KERNELS(, double)

}  // namespace deltanet
