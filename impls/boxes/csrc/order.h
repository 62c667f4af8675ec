// Boxes in order of score, class by class: radix sort, which beside suppression by vectors is what still counts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace opbench {

template <typename Key>
struct Keyed {
  Key key;
  uint32_t index;
};

// Elements below which comparing is quicker than counting digits.
constexpr size_t kCompared = 256;

// Ascending by key; equal keys stay in their order. Digits that are alike in all keys cost no pass.
template <typename Key>
void radix_sort(std::vector<Keyed<Key>>& items) {
  if (items.size() < kCompared) {
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return;
  }
  constexpr int kBits = 11, kDigits = (8 * sizeof(Key) + kBits - 1) / kBits;
  constexpr size_t kValues = size_t{1} << kBits;
  std::vector<std::array<uint32_t, kValues>> counts(kDigits);
  const auto digit = [](Key key, int which) { return static_cast<size_t>(key >> (which * kBits)) & (kValues - 1); };
  for (const auto& item : items) {
    for (int which = 0; which < kDigits; ++which) ++counts[which][digit(item.key, which)];
  }
  std::vector<Keyed<Key>> sorted(items.size());
  for (int which = 0; which < kDigits; ++which) {
    auto& starts = counts[which];
    if (starts[digit(items[0].key, which)] == items.size()) continue;
    uint32_t before = 0;
    for (auto& each : starts) {
      const uint32_t count = each;
      each = before;
      before += count;
    }
    for (const auto& item : items) sorted[starts[digit(item.key, which)]++] = item;
    items.swap(sorted);
  }
}

// A key that ascends where scores descend; NaN before all, -0 as 0.
template <typename T>
auto descending_key(T score) {
  using Key = std::conditional_t<sizeof(T) == sizeof(uint32_t), uint32_t, uint64_t>;
  if (score != score) return Key{0};
  score += T(0);
  Key bits;
  std::memcpy(&bits, &score, sizeof(T));
  constexpr Key sign = Key{1} << (8 * sizeof(T) - 1);
  return static_cast<Key>(~(bits & sign ? ~bits : bits | sign));
}

// Indices by descending score, the lower first where scores are equal.
template <typename T>
std::vector<uint32_t> by_score(const T* scores, int64_t count) {
  std::vector<Keyed<decltype(descending_key(T()))>> items(count);
  for (int64_t k = 0; k < count; ++k) items[k] = {descending_key(scores[k]), static_cast<uint32_t>(k)};
  radix_sort(items);
  std::vector<uint32_t> order(count);
  for (int64_t k = 0; k < count; ++k) order[k] = items[k].index;
  return order;
}

// Boxes of one class beside each other, in the order in which they come; `ends`: where each class ends.
struct Groups {
  std::vector<uint32_t> order;
  std::vector<int64_t> ends;
};

// classes: null where all boxes are of one.
inline Groups by_class(const std::vector<uint32_t>& order, const int64_t* classes) {
  const auto count = static_cast<int64_t>(order.size());
  if (classes == nullptr || count == 0) return {order, {count}};
  std::vector<Keyed<uint64_t>> items(count);
  for (int64_t k = 0; k < count; ++k) items[k] = {static_cast<uint64_t>(classes[order[k]]), order[k]};
  radix_sort(items);
  Groups groups;
  groups.order.resize(count);
  for (int64_t k = 0; k < count; ++k) {
    groups.order[k] = items[k].index;
    if (k + 1 == count || items[k + 1].key != items[k].key) groups.ends.push_back(k + 1);
  }
  return groups;
}

}  // namespace opbench
