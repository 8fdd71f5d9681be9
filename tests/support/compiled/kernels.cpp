#include "support/compiled.hpp"

template class Eigen::ThreadPoolTempl<Eigen::StlThreadEnvironment>;

namespace deltanet {

DELTANET_COMPILED_KERNELS(, float)
DELTANET_COMPILED_KERNELS(, double)

}  // namespace deltanet
