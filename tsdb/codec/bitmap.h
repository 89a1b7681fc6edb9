// An owned roaring bitmap. Only files that include <roaring/roaring.h> can look inside.
#pragma once

#include <memory>

struct roaring_bitmap_s;

namespace silverback::tsdb {

struct BitmapDelete {
  void operator()(roaring_bitmap_s* bitmap) const;
};
using Bitmap = std::unique_ptr<roaring_bitmap_s, BitmapDelete>;

}  // namespace silverback::tsdb
