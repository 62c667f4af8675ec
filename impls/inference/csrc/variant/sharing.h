// How the team shares a matrix product: by pixels, and by panels of outputs where pixels are few.
#pragma once

#include "product.h"

namespace opbench::OPBENCH_VARIANT {

// Pieces of a product, each some pixels times one panel or all of them.
struct Pieces {
  int64_t pixels, panels;  // of the product
  int64_t pixel_parts, panel_parts;

  // Pixels are cut where each member gets several strips of them, since weights are then read once a member.
  static Pieces of(int64_t pixels, int64_t panels, int64_t members) {
    if (members == 1) return {pixels, panels, 1, 1};
    if (pixels >= 8 * kStrip * members) return {pixels, panels, smaller(members, Team::kMostTasks), 1};
    const int64_t cut = panels % members == 0 ? 1 : smaller(members, ceil_div(pixels, kStrip));
    return {pixels, panels, larger(cut, 1), panels};
  }

  int64_t count() const { return pixel_parts * panel_parts; }
  Span pixels_of(int64_t piece) const { return share_of(pixels, piece % pixel_parts, pixel_parts); }
  Span panels_of(int64_t piece) const { return share_of(panels, piece / pixel_parts, panel_parts); }
};

// each(piece) for every piece, in as many tasks as a phase may have.
template <typename Each>
void share(Team& team, int64_t count, const Each& each) {
  const int64_t tasks = smaller(count, Team::kMostTasks);
  team.each(static_cast<int>(tasks), [&](int task) {
    const Span span = share_of(count, task, tasks);
    for (int64_t piece = span.from; piece < span.to; ++piece) each(piece);
  });
}

}  // namespace opbench::OPBENCH_VARIANT
