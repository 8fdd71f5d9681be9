#pragma once

#include <fstream>
#include <vector>

#include "support/compressors.hpp"
#include "support/options.hpp"

namespace example {

/// The loss over the steps, kept in FOLDER/loss.tsv and drawn to FOLDER/loss.svg.
class LossCurve {
 public:
  /// Begins a new curve, or goes on with the one in the folder up to `step`. Throws UsageError if the folder cannot be written.
  LossCurve(const std::filesystem::path& folder, Index step) : folder_(folder) {
    std::ifstream before(folder / "loss.tsv");
    std::string header;
    Point point{};
    std::getline(before, header);
    while (before >> point.step >> point.bits && point.step <= step) points_.push_back(point);
    write();
  }

  /// Counts one step; every tenth becomes a point, the mean of ten.
  void count(Index step, double bits) {
    sum_ += bits;
    if (++steps_ < 10) return;
    points_.push_back({step, sum_ / 10});
    sum_ = 0, steps_ = 0;
  }

  void write() const {
    std::ofstream file(folder_ / "loss.tsv");
    file << "step\tbits_per_byte\n";
    for (const Point& point : points_) file << point.step << '\t' << point.bits << '\n';
    if (!file.flush()) throw UsageError("--out: cannot write " + (folder_ / "loss.tsv").string());
  }

  /// Draws the curve with gnuplot, the held-out result beside it. Returns where it is, or why it is not.
  [[nodiscard]] std::string draw(std::optional<double> held_out) const {
    if (points_.empty()) return "not drawn: fewer than 10 steps";
    const std::string picture = (folder_ / "loss.svg").string();
    std::ostringstream script;
    script << "set terminal svg size 800,480 background 'white'\nset output '" << picture
           << "'\nset xlabel 'step'\nset ylabel 'bits per byte'\nset yrange [0:]\nset grid\nplot '"
           << (folder_ / "loss.tsv").string() << "' every ::1 using 1:2 with lines title 'training'";
    if (held_out) script << ", " << *held_out << " with lines dashtype 2 title 'held out'";
    script << '\n';
    return feed("gnuplot", script.str()) ? picture : "not drawn: gnuplot was not found";
  }

 private:
  struct Point {
    Index step;
    double bits;
  };

  std::filesystem::path folder_;
  std::vector<Point> points_;
  double sum_ = 0;
  int steps_ = 0;
};

}  // namespace example
