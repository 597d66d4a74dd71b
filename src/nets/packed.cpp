// Packed matrix products of libtorch in 16 and 8 bits, which tch's generated wrappers leave out.
// No C++ exception leaves these functions: the message is copied into `error` and null is returned.
#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>

namespace {
// They warn once that they are deprecated. The version of libtorch is pinned and they are in it: the
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

// weight: [out, in] f32, contiguous, on the CPU. Writes three tensors: the weight in 8 bits, the same packed, sums of its columns;
// and the scale and zero point of its numbers. Returns whether that went well.
bool leitmotif_pack_eight(const at::Tensor *weight, at::Tensor **parts, double *scale, std::int64_t *zero, char *error,
                          std::size_t capacity) {
  try {
    c10::WarningUtils::WarningHandlerGuard guard(&silent);
    auto [quantized, offsets, weight_scale, weight_zero] = at::fbgemm_linear_quantize_weight(*weight);
    at::Tensor packed = at::fbgemm_pack_quantized_matrix(quantized);
    *scale = weight_scale;
    *zero = weight_zero;
    parts[0] = new at::Tensor(quantized);
    parts[1] = new at::Tensor(packed);
    parts[2] = new at::Tensor(offsets);
    return true;
  } catch (const std::exception &caught) {
    fail(caught.what(), error, capacity);
  } catch (...) {
    fail("unknown C++ exception", error, capacity);
  }
  return false;
}

// input: [..., in] f32, contiguous; the parts, scale and zero point as packed; bias: [out] f32. Returns [..., out] f32. The input
// is rounded to 8 bits over the range of all its numbers.
at::Tensor *leitmotif_linear_eight(const at::Tensor *input, const at::Tensor *quantized, const at::Tensor *packed,
                                   const at::Tensor *offsets, double scale, std::int64_t zero, const at::Tensor *bias,
                                   char *error, std::size_t capacity) {
  try {
    c10::WarningUtils::WarningHandlerGuard guard(&silent);
    return new at::Tensor(at::fbgemm_linear_int8_weight_fp32_activation(*input, *quantized, *packed, *offsets, scale,
                                                                         zero, *bias));
  } catch (const std::exception &caught) {
    return fail(caught.what(), error, capacity);
  } catch (...) {
    return fail("unknown C++ exception", error, capacity);
  }
}
}
