#pragma once

/// What nearly every test includes, compiled once. Sources name their own includes all the same.
#include <Eigen/Core>
#include <unsupported/Eigen/CXX11/Tensor>

#include "support/catch.hpp"
#include "support/compiled.hpp"
