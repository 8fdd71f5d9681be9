// Compares the library with reference cases made by public implementations; tests/golden/README.md says how.

#include <iostream>

#include "golden/check.hpp"

int main(int argc, char* argv[]) {
  if (argc != 2) {
    std::cerr << "usage: golden_check FOLDER\n";
    return 2;
  }
  return golden::check_folder(argv[1], std::cout);
}
