// Half-precision packed matrix products of libtorch, which tch's generated wrappers leave out.
// No C++ exception leaves these functions: the message is copied into `error` and null is returned.
#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdio>
#include <exception>

namespace {
// Both functions warn once that they are deprecated. The version of libtorch is pinned and they are in it: the
// musician need not read that on the terminal.
struct Silent : c10::WarningHandler {
  void process(const c10::Warning &) override {}
} silent;

at::Tensor *fail(const char *what, char *error, std::size_t capacity) {
  if (capacity > 0) std::snprintf(error, capacity, "%s", what);
  return nullptr;
}
} // namespace

extern "C" {

// weight: [out, in] f32, contiguous, on the CPU. Returns an opaque packed tensor.
at::Tensor *leitmotif_pack_half(const at::Tensor *weight, char *error, std::size_t capacity) {
  try {
    c10::WarningUtils::WarningHandlerGuard guard(&silent);
    return new at::Tensor(at::fbgemm_pack_gemm_matrix_fp16(*weight));
  } catch (const std::exception &caught) {
    return fail(caught.what(), error, capacity);
  } catch (...) {
    return fail("unknown C++ exception", error, capacity);
  }
}

// input: [..., in] f32, contiguous; bias: [out] f32. Returns [..., out] f32.
at::Tensor *leitmotif_linear_half(const at::Tensor *input, const at::Tensor *packed, const at::Tensor *bias,
                                  char *error, std::size_t capacity) {
  try {
    c10::WarningUtils::WarningHandlerGuard guard(&silent);
    return new at::Tensor(at::fbgemm_linear_fp16_weight_fp32_activation(*input, *packed, *bias));
  } catch (const std::exception &caught) {
    return fail(caught.what(), error, capacity);
  } catch (...) {
    return fail("unknown C++ exception", error, capacity);
  }
}
}
