// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The product of packed_hopper.cu for float16.
#include "kernels/cuda/hopper_product.cuh"

namespace gptq {

template void launchHopper<Half>(const CudaContext&, const QuantScheme&, const HopperShape&, const HopperArguments&,
                                 int, const ProductOutput&);

}  // namespace gptq
