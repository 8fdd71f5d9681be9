#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_PARTS(, float)
DELTANET_COMPILED_PARTS(, double)

}  // namespace deltanet
