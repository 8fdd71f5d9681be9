#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "deltanet/core/check.hpp"

/// Parameter lists. A `Params` struct lists its tensors once, by the names of flash-linear-attention's checkpoints:
///
///   template <Real T> struct LinearParams {
///     Matrix<T> weight;  // [Out, In]
///     Vector<T> bias;    // [Out]
///     static constexpr auto fields() {
///       return std::tuple{Field{"weight", &LinearParams::weight}, Field{"bias", &LinearParams::bias, no_weight_decay}};
///     }
///   };
///
/// A field may be a tensor, a nested Params, a layer (which stands for its params: how blocks and models hold their parts), an
/// optional or a vector of any of them, or a Weight (core/weight.hpp), for inference; optimiser, gradient check, counting and
/// checkpoints all walk this list with `for_each_tensor`. Gradients and optimiser moments are the same struct.
namespace deltanet {

/// Whether AdamW's decoupled weight decay applies to a tensor: matrices yes; gates, norms and biases no.
enum class WeightDecay { yes, no };
inline constexpr WeightDecay no_weight_decay = WeightDecay::no;

/// One entry of a parameter list: a member of a Params struct with its checkpoint name.
template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::*member;
  WeightDecay weight_decay = WeightDecay::yes;
};
template <class Owner, class Member>
Field(const char*, Member Owner::*) -> Field<Owner, Member>;
template <class Owner, class Member>
Field(const char*, Member Owner::*, WeightDecay) -> Field<Owner, Member>;

/// A Params struct: something with a list of fields.
template <class P>
concept Parameters = requires {
  std::remove_cvref_t<P>::fields();
};

/// A tensor of a parameter list, whatever its rank.
template <class T>
struct TensorSpan {
  T* data;
  std::vector<Index> shape;

  [[nodiscard]] Index size() const {
    Index product = 1;
    for (const Index extent : shape) product *= extent;
    return product;
  }
  /// All entries as one vector.
  [[nodiscard]] VectorMap<T> flat() const { return VectorMap<T>(data, size()); }
};

/// What `for_each_tensor` tells of a tensor beside its entries: its full name, such as "blocks.0.mixer.A_log".
struct TensorInfo {
  std::string name;
  WeightDecay weight_decay;
};

namespace detail {

template <class>
inline constexpr bool is_vector_of = false;
template <class Item, class Allocator>
inline constexpr bool is_vector_of<std::vector<Item, Allocator>> = true;
template <class>
inline constexpr bool is_optional_of = false;
template <class Item>
inline constexpr bool is_optional_of<std::optional<Item>> = true;

template <class M>
auto span_of(M& tensor) {
  using T = std::remove_pointer_t<decltype(tensor.data())>;
  if constexpr (requires { tensor.dimensions(); })
    return TensorSpan<T>{tensor.data(), {tensor.dimensions().begin(), tensor.dimensions().end()}};
  else if constexpr (std::remove_const_t<M>::ColsAtCompileTime == 1)
    return TensorSpan<T>{tensor.data(), {tensor.size()}};
  else
    return TensorSpan<T>{tensor.data(), {tensor.rows(), tensor.cols()}};
}

template <class F, class First, class... Rest>
void visit_tensors(const F& f, const std::string& name, WeightDecay decay, First& first, Rest&... rest) {
  using Node = std::remove_const_t<First>;
  const std::string prefix = name.empty() ? "" : name + ".";
  if constexpr (Parameters<Node>) {
    const auto visit = [&](const auto& field) {
      visit_tensors(f, prefix + std::string(field.name), field.weight_decay, first.*(field.member), rest.*(field.member)...);
    };
    std::apply([&](const auto&... field) { (visit(field), ...); }, Node::fields());
  } else if constexpr (requires { first.params; }) {
    visit_tensors(f, name, decay, first.params, rest.params...);
  } else if constexpr (is_vector_of<Node>) {
    for (std::size_t i = 0; i < first.size(); ++i) visit_tensors(f, prefix + std::to_string(i), decay, first[i], rest[i]...);
  } else if constexpr (is_optional_of<Node>) {
    if (first) visit_tensors(f, name, decay, *first, *rest...);
  } else if constexpr (requires { typename Node::Storage; }) {  // a Weight: one tensor, of the type it is kept in
    first.visit([&]<class Stored>(Stored& kept) {
      f(TensorInfo{name, decay}, span_of(kept), span_of(rest.template as<Stored>())...);
    });
  } else {
    f(TensorInfo{name, decay}, span_of(first), span_of(rest)...);
  }
}

struct Mixed;

/// The type of the entries of a list: void where there are none, Mixed where they are not all of one type.
template <class T>
struct EntryType {
  using type = T;

  template <class Other>
  constexpr auto operator+(EntryType<Other>) const {
    if constexpr (std::is_void_v<T>) {
      return EntryType<Other>{};
    } else if constexpr (std::is_void_v<Other> || std::is_same_v<T, Other>) {
      return EntryType<T>{};
    } else {
      return EntryType<Mixed>{};
    }
  }
};

template <class Node>
constexpr auto entry_type() {
  if constexpr (Parameters<Node>) {
    return std::apply([]<class... O, class... M>(const Field<O, M>&...) { return (EntryType<void>{} + ... + entry_type<M>()); },
                      Node::fields());
  } else if constexpr (requires(Node layer) { layer.params; }) {
    return entry_type<decltype(Node::params)>();
  } else if constexpr (is_vector_of<Node> || is_optional_of<Node>) {
    return entry_type<typename Node::value_type>();
  } else if constexpr (requires { typename Node::Storage; }) {
    return EntryType<Mixed>{};
  } else {
    return EntryType<std::remove_pointer_t<decltype(std::declval<Node&>().data())>>{};
  }
}

/// The tensors of a list whose entries are all T. Where this is what is walked, each part of a model is compiled once for the
/// walk, and not once for each thing that is done with its tensors.
template <class T>
struct TensorList {
  std::vector<TensorInfo> infos;
  std::vector<TensorSpan<T>> spans;

  template <class Node>
  explicit TensorList(const Node& node) {
    visit_tensors(Add{*this}, "", WeightDecay::yes, node);
  }

  /// Span i, const where the node was; it can be taken once.
  template <class Node>
  auto take(std::size_t i) {
    return TensorSpan<std::conditional_t<std::is_const_v<Node>, const T, T>>{spans[i].data, std::move(spans[i].shape)};
  }

 private:
  struct Add {
    TensorList& list;
    void operator()(const TensorInfo& info, const TensorSpan<const T>& span) const {
      list.infos.push_back(info);
      list.spans.push_back({const_cast<T*>(span.data), span.shape});  // `take` makes it const again where the list is
    }
  };
};

/// What `for_each_tensor` does, for any nodes of lists.
template <class F, class... Nodes>
void for_each_span(const F& f, Nodes&... nodes) {
  constexpr auto all = (EntryType<void>{} + ... + entry_type<std::remove_const_t<Nodes>>());
  using T = typename decltype(all)::type;
  if constexpr (std::is_same_v<T, Mixed>) {
    visit_tensors(f, "", WeightDecay::yes, nodes...);
  } else if constexpr (!std::is_void_v<T>) {
    std::tuple lists{TensorList<T>(nodes)...};
    const std::vector<TensorInfo>& infos = std::get<0>(lists).infos;
    const auto expect_same = [&](const TensorList<T>& list) {
      expect(list.infos.size() == infos.size(), "parameter lists: expected ", infos.size(), " tensors in each, got ",
             list.infos.size());
      for (std::size_t i = 0; i < infos.size(); ++i)
        expect(list.infos[i].name == infos[i].name, "parameter lists: expected ", infos[i].name, " in each, got ",
               list.infos[i].name);
    };
    std::apply([&](const auto&... list) { (expect_same(list), ...); }, lists);
    for (std::size_t i = 0; i < infos.size(); ++i)
      std::apply([&](auto&... list) { f(infos[i], list.template take<Nodes>(i)...); }, lists);
  }
}

template <class Node, class F, class Item>
void visit_nodes(const F& f, const std::string& name, Item& item) {
  using Here = std::remove_const_t<Item>;
  const std::string prefix = name.empty() ? "" : name + ".";
  if constexpr (std::is_same_v<Here, Node>) {
    f(name, item);
  } else if constexpr (Parameters<Here>) {
    const auto visit = [&](const auto& field) { visit_nodes<Node>(f, prefix + std::string(field.name), item.*(field.member)); };
    std::apply([&](const auto&... field) { (visit(field), ...); }, Here::fields());
  } else if constexpr (requires { item.params; }) {
    visit_nodes<Node>(f, name, item.params);
  } else if constexpr (is_vector_of<Here>) {
    for (std::size_t i = 0; i < item.size(); ++i) visit_nodes<Node>(f, prefix + std::to_string(i), item[i]);
  } else if constexpr (is_optional_of<Here>) {
    if (item) visit_nodes<Node>(f, name, *item);
  }
}

}  // namespace detail

/// Calls f(name, node) for each part of a parameter list that is a `Node`: for_each_node<LinearParams<float>>(f, model.params)
/// meets all linear maps.
template <class Node, class F, Parameters P>
void for_each_node(const F& f, P& params) {
  detail::visit_nodes<Node>(f, "", params);
}

/// Calls f(info, span, spans...) for each tensor of `first`, in the order of its fields, with the same tensor of each of
/// `rest`, which must have the same optional fields and sizes. f may change entries, not how many there are. Throws
/// std::invalid_argument where lists of one entry type have other tensors than the first.
template <class F, Parameters First, Parameters... Rest>
void for_each_tensor(const F& f, First& first, Rest&... rest) {
  detail::for_each_span(f, first, rest...);
}

/// The number of scalars in a parameter list.
template <Parameters P>
[[nodiscard]] Index count_parameters(const P& params) {
  Index count = 0;
  for_each_tensor([&](const TensorInfo&, const auto& tensor) { count += tensor.size(); }, params);
  return count;
}

/// The bytes of all tensors of a state, be it a parameter list, a tensor, or a list of either.
template <class State>
[[nodiscard]] Index state_bytes(const State& state) {
  Index bytes = 0;
  const auto add = [&](const TensorInfo&, const auto& tensor) {
    bytes += tensor.size() * static_cast<Index>(sizeof(*tensor.data));
  };
  detail::for_each_span(add, state);
  return bytes;
}

/// A list of the same shapes, filled with zeros: how gradients and moments begin.
template <Parameters P>
[[nodiscard]] P zeros_like(const P& params) {
  P zero = params;
  for_each_tensor([](const TensorInfo&, const auto& tensor) { tensor.flat().setZero(); }, zero);
  return zero;
}

}  // namespace deltanet
