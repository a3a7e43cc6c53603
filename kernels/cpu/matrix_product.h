// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of float32 matrices: OpenBLAS, one thread a call, shared out over the backend's own threads. One place sets
// OpenBLAS's thread count, and pieces of fixed size make results independent of the number of threads.
#pragma once

#include <cstdint>

#include "kernels/cpu/thread_pool.h"

namespace gptq {

// Row-major, rows `stride` elements apart.
struct MatrixIn {
    const float* data;
    std::int64_t stride;
};
struct MatrixOut {
    float* data;
    std::int64_t stride;
};

enum class Accumulate : std::uint8_t { No, Yes };

class MatrixProduct {
public:
    explicit MatrixProduct(ThreadPool& pool);

    // y = x w^T (or y += ...): x (m, k), w (n, k), y (m, n).
    void multiplyTransposed(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn x, MatrixIn w, MatrixOut y,
                            Accumulate accumulate) const;
    // The same on the calling thread alone, a piece of what it shares out itself.
    static void multiplyTransposedHere(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn x, MatrixIn w,
                                       MatrixOut y, Accumulate accumulate);
    // y -= a b: a (m, k), b (k, n), y (m, n).
    void subtractProduct(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn a, MatrixIn b, MatrixOut y) const;
    // The lower triangle of h += x^T x: x (m, k), h (k, k).
    void addGram(std::int64_t m, std::int64_t k, MatrixIn x, MatrixOut h) const;

private:
    ThreadPool& m_pool;
};

// Lower Cholesky factor in place of the lower triangle of a row-major matrix, and the inverse of such a factor. False where
// the matrix is not positive definite or singular. `threads` of OpenBLAS's own.
bool choleskyInPlace(double* matrix, std::int64_t n, int threads);
bool invertLowerInPlace(double* matrix, std::int64_t n, int threads);

}  // namespace gptq
