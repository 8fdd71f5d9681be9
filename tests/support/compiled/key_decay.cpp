#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_MEMBER(, KimiDeltaRule)
DELTANET_COMPILED_MEMBER(, GatedDeltaRule2)

}  // namespace deltanet
