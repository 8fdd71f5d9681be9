#include <cmath>

#include "compare/test_data.hpp"
#include "compare/tests.hpp"

namespace compare {

namespace {

using deltanet::rows;
using deltanet::Vector;

/// Predictions of all sequences, some at a time.
Numbers predict_all(const Predict& predict, const deltanet::RegressionBatch& batch) {
  const Index B = batch.inputs.dimension(0), T = batch.inputs.dimension(1), D = batch.inputs.dimension(2);
  Numbers all(batch.targets.dimensions());
  for (Index b = 0; b < B; b += sequences_at_a_time(T)) {
    const Index some = std::min(B - b, sequences_at_a_time(T));
    Numbers inputs(some, T, D);
    rows(inputs) = rows(batch.inputs).middleRows(b * T, some * T);
    rows(all).middleRows(b * T, some * T) = rows(std::get<Numbers>(predict(inputs)));
  }
  return all;
}

/// Errors by position: each point is the mean of an eighth as many positions as lie before it, and of one at least, so that
/// they are about as far apart on a logarithmic axis.
std::vector<ErrorPoint> thinned(const Vector<double>& errors, double noise_floor) {
  std::vector<ErrorPoint> points;
  for (Index begin = 0; begin < errors.size();) {
    const Index count = std::min(errors.size() - begin, std::max<Index>(1, begin / 8));
    const double place = static_cast<double>(begin) + static_cast<double>(count + 1) / 2;  // the middle, counted from 1
    points.push_back({place, errors.segment(begin, count).mean() / noise_floor});
    begin += count;
  }
  return points;
}

/// Errors by the steps since a jump: 0 is the step whose prediction cannot know of it yet.
std::vector<ErrorPoint> recovery(const Vector<double>& curve, double noise_floor) {
  std::vector<ErrorPoint> points;
  for (Index step = 0; step < curve.size(); ++step) points.push_back({static_cast<double>(step), curve[step] / noise_floor});
  return points;
}

}  // namespace

ErrorCurves error_curves(const Predict& predict, const Task& task, const RunSetting& setting) {
  if (task.vocab_size > 0) return {};
  constexpr Index most_positions = Index(1) << 17, steps_after_jump = 48;
  const Index length = greatest_length(setting);
  const Index sequences = std::min(setting.test_sequences, std::max<Index>(1, most_positions / length));
  deltanet::Random random(test_seed);
  const auto batch = std::get<deltanet::RegressionBatch>(task.generate(random, sequences, length));
  const Numbers predictions = predict_all(predict, batch);
  const auto after_jump = [&](bool returning) {
    return recovery(deltanet::recovery_curve(predictions, batch, steps_after_jump, returning), task.noise_floor);
  };
  return {thinned(deltanet::squared_error_by_position(predictions, batch.targets), task.noise_floor), after_jump(false),
          after_jump(true)};
}

}  // namespace compare
