// The one main() of every test program; Catch2 version 2 is compiled here, version 3 is a library.
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

int main(int argc, char* argv[]) { return Catch::Session().run(argc, argv); }
