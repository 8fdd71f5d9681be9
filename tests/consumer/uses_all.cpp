#include "deltanet/deltanet.hpp"

int main() {
  const auto state = deltanet::zeros<float>(1, 2, 3, 4);
  return state.size() == 24 ? 0 : 1;
}
