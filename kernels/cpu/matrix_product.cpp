// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cpu/matrix_product.h"

#include <cblas.h>

#include <algorithm>
#include <limits>

#include "kernels/cpu/blas_kernels.h"
#include "kernels/cpu/blas_memory.h"
#include "kernels/error.h"

// LAPACK, which OpenBLAS exports beside BLAS: column-major, so a row-major lower triangle is its 'U'.
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* lda, int* info, std::size_t,
             std::size_t);
}

namespace gptq {
namespace {

constexpr std::int64_t kRowsAPiece = 256;
constexpr std::int64_t kColumnsAPiece = 256;
constexpr std::int64_t kGramPanel = 128;

int blasInt(std::int64_t value) {
    if (value > std::numeric_limits<int>::max())
        throw Error("a matrix extent of ", value, " is beyond what OpenBLAS takes");
    return static_cast<int>(value);
}

// OpenBLAS's thread count for the length of one factorization.
class BlasThreads {
public:
    explicit BlasThreads(int threads) { openblas_set_num_threads(threads); }
    ~BlasThreads() { openblas_set_num_threads(1); }
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;
};

}  // namespace

MatrixProduct::MatrixProduct(ThreadPool& pool) : m_pool(pool) {
    chooseBlasKernels();
    openblas_set_num_threads(1);
    reserveBlasBuffers(pool.threads());
}

void MatrixProduct::multiplyTransposed(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn x, MatrixIn w,
                                       MatrixOut y, Accumulate accumulate) const {
    if (m == 1) {
        const float beta = accumulate == Accumulate::Yes ? 1.0f : 0.0f;
        m_pool.parallelFor(n, kColumnsAPiece, [&](std::int64_t begin, std::int64_t end) {
            cblas_sgemv(CblasRowMajor, CblasNoTrans, blasInt(end - begin), blasInt(k), 1.0f, w.data + begin * w.stride,
                        blasInt(w.stride), x.data, 1, beta, y.data + begin, 1);
        });
        return;
    }
    // Pieces of y; those that follow each other share rows of w, which is the larger matrix.
    const std::int64_t down = (m + kRowsAPiece - 1) / kRowsAPiece, across = (n + kColumnsAPiece - 1) / kColumnsAPiece;
    m_pool.parallelFor(down * across, 1, [&](std::int64_t piece, std::int64_t) {
        const std::int64_t row = piece % down * kRowsAPiece, column = piece / down * kColumnsAPiece;
        multiplyTransposedHere(std::min(kRowsAPiece, m - row), std::min(kColumnsAPiece, n - column), k,
                               {x.data + row * x.stride, x.stride}, {w.data + column * w.stride, w.stride},
                               {y.data + row * y.stride + column, y.stride}, accumulate);
    });
}

void MatrixProduct::multiplyTransposedHere(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn x, MatrixIn w,
                                           MatrixOut y, Accumulate accumulate) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, blasInt(m), blasInt(n), blasInt(k), 1.0f, x.data,
                blasInt(x.stride), w.data, blasInt(w.stride), accumulate == Accumulate::Yes ? 1.0f : 0.0f, y.data,
                blasInt(y.stride));
}

void MatrixProduct::subtractProduct(std::int64_t m, std::int64_t n, std::int64_t k, MatrixIn a, MatrixIn b,
                                    MatrixOut y) const {
    m_pool.parallelFor(m, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blasInt(end - begin), blasInt(n), blasInt(k), -1.0f,
                    a.data + begin * a.stride, blasInt(a.stride), b.data, blasInt(b.stride), 1.0f,
                    y.data + begin * y.stride, blasInt(y.stride));
    });
}

void MatrixProduct::addGram(std::int64_t m, std::int64_t k, MatrixIn x, MatrixOut h) const {
    // Panels of rows, the longest first, each up to the diagonal's end.
    const std::int64_t panels = (k + kGramPanel - 1) / kGramPanel;
    m_pool.parallelFor(panels, 1, [&](std::int64_t begin, std::int64_t) {
        const std::int64_t row = (panels - 1 - begin) * kGramPanel;
        const std::int64_t rows = std::min(kGramPanel, k - row);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, blasInt(rows), blasInt(row + rows), blasInt(m), 1.0f,
                    x.data + row, blasInt(x.stride), x.data, blasInt(x.stride), 1.0f, h.data + row * h.stride,
                    blasInt(h.stride));
    });
}

bool choleskyInPlace(double* matrix, std::int64_t n, int threads) {
    const BlasThreads scope(threads);
    const int size = blasInt(n);
    int info = 0;
    dpotrf_("U", &size, matrix, &size, &info, 1);
    return info == 0;
}

bool invertLowerInPlace(double* matrix, std::int64_t n, int threads) {
    const BlasThreads scope(threads);
    const int size = blasInt(n);
    int info = 0;
    dtrtri_("U", "N", &size, matrix, &size, &info, 1, 1);
    return info == 0;
}

}  // namespace gptq
