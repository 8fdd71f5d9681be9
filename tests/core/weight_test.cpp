#include "deltanet/core/weight.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

constexpr std::array precisions{Precision::full, Precision::bfloat16, Precision::float16};

struct TwoWeights {
  Weight<float> first;
  std::optional<Weight<float>> second;
  static constexpr auto fields() {
    return std::tuple{Field{"first", &TwoWeights::first}, Field{"second", &TwoWeights::second}};
  }
};

}  // namespace

TEST_CASE("a weight keeps the nearest numbers of its precision in its bytes", "[core]") {
  const Matrix<float> matrix = random_matrix<float>(5, 7, 1);
  const Weight<float> full(matrix), bf16(matrix, Precision::bfloat16), f16(matrix, Precision::float16);
  CHECK(full.bytes() == 140);
  CHECK(bf16.bytes() == 70);
  CHECK(f16.bytes() == 70);
  CHECK(full.widened() == matrix);
  const auto largest = [&](const Weight<float>& weight) {
    return ((weight.widened() - matrix).array() / matrix.array()).abs().maxCoeff();
  };
  CHECK(largest(bf16) <= 1 / 256.f);
  CHECK(largest(bf16) > 0);
  CHECK(largest(f16) <= 1 / 2048.f);
  CHECK(largest(f16) > 0);
  for (const Precision precision : precisions) {
    const Weight<float> zero(3, 4, precision);
    CHECK(zero.precision() == precision);
    CHECK((zero.rows() == 3 && zero.cols() == 4));
    CHECK(zero.widened() == Matrix<float>::Zero(3, 4));
    const Weight<float> weight(matrix, precision);
    Vector<float> row(7);
    weight.copy_row(2, row.data());
    CHECK(row == weight.widened().row(2).transpose());
  }
}

TEMPLATE_TEST_CASE("a weight's product is that of its widened entries", "[core]", float, double) {
  using T = TestType;
  for (const Precision precision : precisions)
    for (const Index M : {0, 1, 2, 3, 5, 8, 40})
      for (const Index In : {1, 15, 16, 33, 300})
        for (const Index Out : {1, 3, 4, 70}) {
          const Matrix<T> x = random_matrix<T>(M, In, 1);
          const Weight<T> W(random_matrix<T>(Out, In, 2), precision);
          Matrix<T> y = Matrix<T>::Constant(M, Out, std::numeric_limits<T>::quiet_NaN());
          multiply_transposed<T>(x, W, y);
          CAPTURE(static_cast<int>(precision), M, In, Out);
          CHECK(relative_error(y, Matrix<T>(x * W.widened().transpose())) < rounding<T>(In));
        }
}

TEST_CASE("a token's product does not depend on other tokens or on threads", "[core]") {
  const int before = num_threads();
  const Matrix<float> x = random_matrix<float>(11, 333, 1);
  for (const Precision precision : precisions) {
    const Weight<float> W(random_matrix<float>(600, 333, 2), precision);
    Matrix<float> one_by_one(11, 600), together(11, 600);
    set_num_threads(1);
    for (Index t = 0; t < 11; ++t) multiply_transposed<float>(x.row(t), W, one_by_one.row(t));
    set_num_threads(3);
    multiply_transposed<float>(x, W, together);
    CHECK(identical(one_by_one, together));
  }
  set_num_threads(before);
}

TEST_CASE("a weight is one tensor of a parameter list, in the type it is kept in", "[core]") {
  TwoWeights params{Weight<float>(2, 3, Precision::bfloat16), Weight<float>(random_matrix<float>(4, 2, 1), Precision::float16)};
  CHECK(count_parameters(params) == 14);
  std::vector<std::string> names;
  std::size_t bytes = 0;
  for_each_tensor(
      [&]<class Stored>(const TensorInfo& info, const TensorSpan<Stored>& span, const TensorSpan<Stored>& same) {
        names.push_back(info.name);
        bytes += static_cast<std::size_t>(span.size()) * sizeof(Stored);
        CHECK(span.data == same.data);
      },
      params, params);
  CHECK(names == std::vector<std::string>{"first", "second"});
  CHECK(bytes == 28);
  CHECK(zeros_like(params).second->widened() == Matrix<float>::Zero(4, 2));
}

}  // namespace deltanet::test
