#include "deltanet/io/checkpoint.hpp"

#include "deltanet/core/weight.hpp"
#include "io/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace deltanet;

template <Real T>
struct LeafParams {
  Matrix<T> weight;
  std::optional<Vector<T>> bias;
  static constexpr auto fields() {
    return std::tuple{Field{"weight", &LeafParams::weight}, Field{"bias", &LeafParams::bias, no_weight_decay}};
  }
};

template <Real T>
struct TreeParams {
  std::vector<LeafParams<T>> leaves;
  Tensor<T, 3> conv;
  static constexpr auto fields() { return std::tuple{Field{"leaves", &TreeParams::leaves}, Field{"conv", &TreeParams::conv}}; }
};

template <Real T>
TreeParams<T> random_tree(std::uint64_t seed, Index width = 3) {
  Random random(seed);
  TreeParams<T> tree{{{Matrix<T>(2, width), Vector<T>(2)}, {Matrix<T>(4, 2), std::nullopt}}, Tensor<T, 3>(3, 1, 4)};
  for_each_tensor(
      [&](const TensorInfo&, const auto& span) {
        for (T& x : span.flat()) x = static_cast<T>(random.normal());
      },
      tree);
  return tree;
}

template <Parameters P>
bool identical(const P& a, const P& b) {
  bool same = true;
  for_each_tensor(
      [&](const TensorInfo&, const auto& x, const auto& y) { same = same && x.shape == y.shape && x.flat() == y.flat(); }, a,
      b);
  return same;
}

}  // namespace

TEMPLATE_TEST_CASE("saved and loaded parameters are the same", "", float, double) {
  const TemporaryFolder folder;
  const auto saved = random_tree<TestType>(1);
  for (const std::string prefix : {"", "model.backbone"}) {
    auto loaded = random_tree<TestType>(2);
    save_parameters(folder / "f", saved, prefix, {{"step", "7"}});
    load_parameters(folder / "f", loaded, prefix);
    CHECK(identical(saved, loaded));
    CHECK(SafetensorsFile(folder / "f").metadata().at("step") == "7");
    CHECK(SafetensorsFile(folder / "f").tensors().contains(prefix.empty() ? "leaves.0.bias" : prefix + ".leaves.0.bias"));
  }
}

TEST_CASE("several lists, numbers and a random generator share one checkpoint") {
  const TemporaryFolder folder;
  const auto params = random_tree<float>(1), m = random_tree<float>(2);
  const auto v = random_tree<double>(3);
  Random random(4);
  random.normal();
  std::vector<SourceTensor> sources;
  append(sources, "model", params);
  append(sources, "adam.m", m);
  append(sources, "adam.v", v);
  write_safetensors(folder / "f", sources, {{"step", metadata_text(Index{12})}, {"random", metadata_text(random)}});

  auto params2 = random_tree<float>(5), m2 = random_tree<float>(6);
  auto v2 = random_tree<double>(7);
  const SafetensorsFile file(folder / "f");
  std::vector<TargetTensor> targets;
  append(targets, "model", params2);
  append(targets, "adam.m", m2);
  append(targets, "adam.v", v2);
  load_tensors(file, targets);
  CHECK(identical(params, params2));
  CHECK(identical(m, m2));
  CHECK(identical(v, v2));
  CHECK(metadata_value<Index>(file, "step") == 12);
  CHECK(metadata_value<Random>(file, "random").uniform() == random.uniform());

  auto alone = random_tree<float>(8);
  load_parameters(folder / "f", alone, "model");
  CHECK(identical(params, alone));
}

TEST_CASE("loading converts between float and double only where that is allowed") {
  const TemporaryFolder folder;
  const auto wide = random_tree<double>(1);
  save_parameters(folder / "f", wide);
  const std::string path = (folder / "f").string();

  auto narrow = random_tree<float>(2);
  CHECK_THROWS_WITH(load_parameters(folder / "f", narrow),
                    Catch::Matchers::StartsWith(path + ": leaves.0.weight: expected F32 [2, 3], found F64 [2, 3]; "));
  load_parameters(folder / "f", narrow, "", Conversion::allowed);
  CHECK(narrow.leaves[1].weight == wide.leaves[1].weight.cast<float>());

  save_parameters(folder / "f", narrow);
  auto widened = random_tree<double>(3);
  load_parameters(folder / "f", widened, "", Conversion::allowed);
  CHECK(widened.leaves[1].weight == narrow.leaves[1].weight.cast<double>());
}

TEST_CASE("loading names every tensor that does not fit and changes nothing") {
  const TemporaryFolder folder;
  save_parameters(folder / "f", random_tree<float>(1));
  const std::string path = (folder / "f").string();

  auto params = random_tree<float>(2, 5);
  params.leaves[0].bias.reset();
  params.leaves[1].bias = Vector<float>::Ones(4);
  const auto before = params;
  CHECK_THROWS_WITH(load_parameters(folder / "f", params), path +
                                                               ": leaves.0.weight: expected F32 [2, 5], found F32 [2, 3]; "
                                                               "leaves.1.bias: expected F32 [4], found none of this name; "
                                                               "leaves.0.bias: expected no tensor of this name, found F32 [2]");
  CHECK(identical(params, before));
}

TEST_CASE("a prefix ends at a dot") {
  const TemporaryFolder folder;
  const Vector<float> w = Vector<float>::Ones(2);
  const LeafParams<float> leaf{Matrix<float>::Ones(1, 1), std::nullopt};
  std::vector<SourceTensor> sources{{"model2.weight", w}, {"model.extra", w}};
  append(sources, "model", leaf);
  write_safetensors(folder / "f", sources);
  auto loaded = leaf;
  CHECK_THROWS_WITH(load_parameters(folder / "f", loaded, "model"),
                    (folder / "f").string() + ": model.extra: expected no tensor of this name, found F32 [2]");
}

TEST_CASE("a type that cannot be converted is refused") {
  const TemporaryFolder folder;
  const std::string header = R"({"weight":{"dtype":"I16","shape":[1,1],"data_offsets":[0,2]}})";
  const std::uint64_t length = header.size();
  write_text(folder / "f", std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + header + "ab");
  LeafParams<float> leaf{Matrix<float>::Ones(1, 1), std::nullopt};
  CHECK_THROWS_WITH(load_parameters(folder / "f", leaf, "", Conversion::allowed),
                    (folder / "f").string() + ": weight: expected F32 [1, 1], found I16 [1, 1]");
}

TEST_CASE("weights are saved in the type they are kept in, and load from another where that is allowed") {
  const TemporaryFolder folder;
  struct Params {
    Weight<float> weight;
    static constexpr auto fields() { return std::tuple{Field{"weight", &Params::weight}}; }
  };
  const Matrix<float> matrix = Matrix<float>::Random(2, 3);
  const Params saved{Weight<float>(matrix, Precision::bfloat16)};
  save_parameters(folder / "f", saved);
  CHECK(SafetensorsFile(folder / "f").entry("weight").dtype.name == "BF16");
  Params same{Weight<float>(2, 3, Precision::bfloat16)}, full{Weight<float>(2, 3)};
  load_parameters(folder / "f", same);
  CHECK(same.weight.widened() == saved.weight.widened());
  CHECK_THROWS_WITH(load_parameters(folder / "f", full),
                    Catch::Matchers::EndsWith("weight: expected F32 [2, 3], found BF16 [2, 3]"));
  load_parameters(folder / "f", full, "", Conversion::allowed);
  CHECK(full.weight.widened() == saved.weight.widened());
  save_parameters(folder / "f", Params{Weight<float>(matrix)});
  load_parameters(folder / "f", same, "", Conversion::allowed);
  CHECK(same.weight.widened() == saved.weight.widened());  // rounded on loading as it was on making
}

TEST_CASE("parameters load from the files of a folder, and messages tell which file") {
  const TemporaryFolder folder;
  const Matrix<float> weight = Matrix<float>::Ones(2, 2);
  const Vector<float> bias = Vector<float>::Ones(3);
  write_safetensors(folder / "1.safetensors", {{"weight", weight}});
  write_safetensors(folder / "2.safetensors", {{"bias", bias}});
  write_text(folder / "model.safetensors.index.json",
             R"({"weight_map": {"weight": "1.safetensors", "bias": "2.safetensors"}})");
  LeafParams<float> leaf{Matrix<float>::Zero(2, 2), Vector<float>::Zero(3)};
  load_parameters(folder / "", leaf);
  CHECK(leaf.weight == weight);
  CHECK(*leaf.bias == bias);
  leaf.bias->resize(2);
  CHECK_THROWS_WITH(load_parameters(folder / "", leaf), (folder / "model.safetensors.index.json").string() +
                                                            ": bias (in 2.safetensors): expected F32 [2], found F32 [3]");
}
