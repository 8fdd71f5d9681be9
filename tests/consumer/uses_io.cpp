#include "deltanet/io/safetensors.hpp"

int main() { return 0; }
