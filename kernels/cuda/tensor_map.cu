// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cuda/tensor_map.h"

#include <cudaTypedefs.h>

#include "kernels/cuda/check.h"

namespace gptq {
namespace {

// From the driver that is loaded: the module is not linked to one.
PFN_cuTensorMapEncodeTiled_v12000 encoder() {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult found{};
    CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found));
    if (found != cudaDriverEntryPointSuccess) throw Error("CUDA: the driver has no cuTensorMapEncodeTiled");
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

}  // namespace

CUtensorMap tensorMap(CUtensorMapDataType type, int elementBytes, const void* data, MatrixExtent matrix, BoxExtent box,
                      bool exchanged) {
    static const auto encode = encoder();
    const cuuint64_t extents[2] = {matrix.columns, matrix.rows},
                     rowBytes[1] = {(matrix.stride ? matrix.stride : matrix.columns) * elementBytes};
    const cuuint32_t boxExtents[2] = {box.columns, box.rows}, steps[2] = {1, 1};
    CUtensorMap map{};
    const CUresult status =
        encode(&map, type, 2, const_cast<void*>(data), extents, rowBytes, boxExtents, steps,
               CU_TENSOR_MAP_INTERLEAVE_NONE, exchanged ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_NONE,
               CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (status != CUDA_SUCCESS)
        throw Error("CUDA: cuTensorMapEncodeTiled: status ", static_cast<int>(status), " for a matrix of ", matrix.rows,
                    " rows of ", matrix.columns * elementBytes, " bytes");
    return map;
}

}  // namespace gptq
