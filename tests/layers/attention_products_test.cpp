#include "deltanet/layers/attention_products.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

template <Real T>
detail::HeadRows<T> head_rows_of(const Matrix<T>& x, Index first, Index count) {
  return {x.row(first).data(), count, x.cols(), Eigen::OuterStride<>(x.cols())};
}

}  // namespace

TEMPLATE_TEST_CASE("scores are Q K^T, for narrow heads and wide ones, and the same for a query alone", "[layers]", float,
                   double) {
  using T = TestType;
  const Index K = GENERATE(1, 8, 16, 17, 33, 100), rows = GENERATE(1, 2, 7, 64), keys = GENERATE(1, 16, 37, 128);
  CAPTURE(K, rows, keys);
  const Matrix<T> q = random_matrix<T>(rows, K, 1), k = random_matrix<T>(keys, K, 2);
  const auto scores_of = [&](const Matrix<T>& queries) {
    Matrix<T> scores = Matrix<T>::Zero(queries.rows(), 128 + Lanes<T>::panel);
    detail::AttentionQueries<T>(queries).multiply(head_rows_of(k, 0, keys), scores.data(), scores.cols());
    return Matrix<T>(scores.leftCols(keys));
  };
  const Matrix<T> scores = scores_of(q);
  CHECK(relative_error(scores, Matrix<T>(q * k.transpose())) < rounding<T>(K));
  CHECK(identical(scores_of(q.bottomRows(1)), scores.bottomRows(1).eval()));
}

TEST_CASE("blocks of keys add up to softmax(Q K^T) V, and a query alone reads the same", "[layers]") {
  const Index K = GENERATE(5, 16, 40, 70);
  CAPTURE(K);
  const Matrix<double> q = random_matrix<double>(9, K, 1), k = random_matrix<double>(200, K, 2),
                       v = random_matrix<double>(200, K, 3);
  const auto read = [&](const Matrix<double>& queries) {
    const detail::AttentionQueries<double> asking(queries);
    detail::AttentionProducts<double> products(queries.rows(), K);
    products.add(asking, head_rows_of(k, 0, 118), head_rows_of(v, 0, 118), 10, [](Index) {
      return std::pair<Index, Index>{0, 118};
    });
    products.add(asking, head_rows_of(k, 118, 82), head_rows_of(v, 118, 82), 0, [](Index) {
      return std::pair<Index, Index>{0, 82};
    });
    return Matrix<double>(products.sum.cwiseInverse().asDiagonal() * products.o.leftCols(K));
  };
  const Matrix<double> o = read(q);
  Matrix<double> weights = (q * k.transpose()).array().exp();
  weights.array().colwise() /= weights.rowwise().sum().array().eval();
  CHECK(relative_error(o, Matrix<double>(weights * v)) < rounding<double>(200));
  CHECK(identical(read(q.bottomRows(1)), o.bottomRows(1).eval()));
}

}  // namespace deltanet::test
