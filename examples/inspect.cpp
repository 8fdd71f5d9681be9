// Shows what is in a safetensors file or a model's folder: every tensor with its type, shape and bytes, and, where a
// config.json lies beside them, how much a sequence has to remember. `inspect --help` lists the flags.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "deltanet/io/tensor_store.hpp"
#include "support/model_state.hpp"

namespace fs = std::filesystem;
using namespace deltanet;

namespace {

/// Order by name, with numbers in names by value: layers.2 before layers.10.
bool natural_less(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto number = [&](std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return std::pair(digits, static_cast<std::size_t>(end - text.begin()));
  };
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      const auto [x, x_length] = number(a);
      const auto [y, y_length] = number(b);
      if (x != y) return std::pair(x.size(), x) < std::pair(y.size(), y);
      a.remove_prefix(x_length);
      b.remove_prefix(y_length);
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

struct Totals {
  std::uint64_t tensors = 0, parameters = 0, bytes = 0;
  void add(const TensorEntry& entry) {
    ++tensors;
    bytes += entry.end - entry.begin;
    parameters += (entry.end - entry.begin) / entry.dtype.size;
  }
};

/// The tensors of a store in natural order, with what they come to, in all and by type.
struct Contents {
  std::vector<std::pair<std::string, TensorEntry>> tensors;
  std::map<std::string_view, Totals> by_type;
  Totals all;

  explicit Contents(const TensorStore& store) : tensors(store.tensors().begin(), store.tensors().end()) {
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
    for (const auto& [name, entry] : tensors) {
      by_type[entry.dtype.name].add(entry);
      all.add(entry);
    }
  }
};

std::string size_text(std::uint64_t bytes) {
  const char* unit = "bytes";
  auto size = static_cast<double>(bytes);
  for (const char* larger : {"kB", "MB", "GB"})
    if (size >= 1000) size /= 1000, unit = larger;
  char text[32];
  std::snprintf(text, sizeof(text), bytes < 1000 ? "%.0f %s" : "%.2f %s", size, unit);
  return text;
}

void print_text(const TensorStore& store, const Contents& contents, const std::optional<example::ModelState>& state) {
  std::size_t width = 4;
  for (const auto& [name, entry] : contents.tensors) width = std::max(width, detail::printable(name).size());
  std::printf("%-*s  %-7s  %12s  %12s  %s\n", static_cast<int>(width), "name", "type", "parameters", "bytes", "shape");
  for (const auto& [name, entry] : contents.tensors) {
    Totals of_this;
    of_this.add(entry);
    std::printf("%-*s  %-7s  %12llu  %12llu  %s\n", static_cast<int>(width), detail::printable(name).c_str(),
                std::string(entry.dtype.name).c_str(), static_cast<unsigned long long>(of_this.parameters),
                static_cast<unsigned long long>(of_this.bytes), detail::shape_text(entry.shape).c_str());
  }
  std::printf("\n%s, %zu file%s\n", detail::printable(store.path().string()).c_str(), store.files().size(),
              store.files().size() == 1 ? "" : "s");
  const auto print_totals = [](std::string_view name, const Totals& totals) {
    std::printf("%-7s  %llu tensors, %llu parameters, %s\n", std::string(name).c_str(),
                static_cast<unsigned long long>(totals.tensors), static_cast<unsigned long long>(totals.parameters),
                size_text(totals.bytes).c_str());
  };
  for (const auto& [type, totals] : contents.by_type) print_totals(type, totals);
  print_totals("total", contents.all);
  if (!state) return;
  std::printf("\nmodel type %s", detail::printable(state->model_type).c_str());
  for (const auto& [type, count] : state->layers)
    std::printf(", %lld %s", static_cast<long long>(count), detail::printable(type).c_str());
  std::printf("\n");
  if (!state->known) {
    std::printf("recurrent state: its size is not known for this model type\n");
    return;
  }
  std::printf(
      "recurrent state  %s a layer and sequence in float: memories %s, tokens that wait to be written %s, "
      "inputs of the convolutions %s\n",
      size_text(state->bytes_per_layer()).c_str(), detail::shape_text(state->memories).c_str(),
      detail::shape_text(state->open_chunk).c_str(), detail::shape_text(state->taps).c_str());
  std::printf("                 %s a sequence in all, whatever its length\n", size_text(state->bytes()).c_str());
  if (state->attention_bytes > 0)
    std::printf("attention        %s a token and sequence in float: keys and values\n",
                size_text(state->attention_bytes).c_str());
}

void print_json(const TensorStore& store, const Contents& contents, const std::optional<example::ModelState>& state) {
  nlohmann::ordered_json json{{"path", store.path().string()}, {"files", store.files().size()}};
  const auto totals_json = [](const Totals& totals) {
    return nlohmann::ordered_json{{"tensors", totals.tensors}, {"parameters", totals.parameters}, {"bytes", totals.bytes}};
  };
  for (const auto& [name, entry] : contents.tensors) {
    json["tensors"][name] = {{"dtype", entry.dtype.name}, {"shape", entry.shape}, {"bytes", entry.end - entry.begin}};
    if (store.files().size() > 1) json["tensors"][name]["file"] = store.file_of(name).path().filename().string();
  }
  for (const auto& [type, totals] : contents.by_type) json["types"][std::string(type)] = totals_json(totals);
  json["total"] = totals_json(contents.all);
  if (state) {
    json["model_type"] = state->model_type;
    json["layer_types"] = state->layers;
    if (state->known) {
      json["recurrent_state"] = {{"memories", state->memories},
                                 {"open_chunk", state->open_chunk},
                                 {"convolution_inputs", state->taps},
                                 {"bytes_per_layer_and_sequence", state->bytes_per_layer()},
                                 {"bytes_per_sequence", state->bytes()}};
      json["attention_bytes_per_token"] = state->attention_bytes;
    }
  }
  std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Lists the tensors of a safetensors file, or of a folder with a model of Hugging Face's layout.");
  std::string path;
  bool json = false;
  app.add_option("path", path, "A safetensors file, the index.json of several, or a folder")->required();
  app.add_flag("--json", json, "Print JSON");
  try {
    app.parse(argc, argv);
    const TensorStore store{fs::path(path)};
    const fs::path config = store.path().parent_path() / "config.json";
    std::optional<example::ModelState> state;
    if (fs::exists(config)) state.emplace(ConfigFile(config));
    (json ? print_json : print_text)(store, Contents(store), state);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
  return 0;
}
