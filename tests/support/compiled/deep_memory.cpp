#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_DEEP_MEMORY(, TitansUpdate, float)
DELTANET_COMPILED_DEEP_MEMORY(, TitansUpdate, double)
DELTANET_COMPILED_DEEP_MEMORY(, TTTUpdate, float)
DELTANET_COMPILED_DEEP_MEMORY(, TTTUpdate, double)
DELTANET_COMPILED_RETRIEVE(, float)
DELTANET_COMPILED_RETRIEVE(, double)

}  // namespace deltanet
