// No code: CMake precompiles support/precompiled.hpp for a target that has a source to compile with it.
