// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Small decode products and attentions that follow each other as one kernel, one token: products y_l = epilogue(W_l y_(l-1)) as in
// packed_decode.cu, attentions as in attention_decode.cu.
//
// What a small model's step consists of is over sooner than a kernel starts. Here one block stays on every multiprocessor for up to 16 of
// the model's blocks, and what a link puts out goes to the blocks of the next as letters that carry the launch's number (mail.cuh):
// between two links stands neither the end of a kernel nor a barrier of the grid.
//
//     shared memory:   links | warps' inputs | warps' sums | queries, warps' outputs | ring: o | gate, up | down | q k v | o | gate, up | ...
//
//     x -> [stage] -> multiply -> sums of warps meet -> y_0 -> letters -> [norm, stage] -> multiply -> ... -> attend -> letters -> ...
//
// Four of a block's warps ask for weights, as far ahead as there is room for them in a ring, strip by strip, pair by pair, and at an
// attention for keys and values of before. The others do the links' work: of a product (chain_product.cuh) a block makes strips of 16 outputs,
// a gate and its up together; the warps share out the inputs, pairs of tiles, 128 of them, so a warp waits for its own inputs alone, and
// some of them add up the sums of all, a strip or a gate and its up each. RMSNorm's factor is not needed before: until then a warp scales
// its inputs by a power of two. Of an attention (chain_attention.cuh) a block takes the heads that share a key, or a split of them. Every
// letter that all read is posted four times, and a fourth of the blocks reads each, since all want the same lines of L2 at the same time.
//
// All blocks must run at once, since they wait for each other: the launch is cooperative. Nothing that a block of the kernel writes is read
// by another but as letters; outputs that a later link adds to are those of the same warp, outputs that one writes over are not stored.
//
// Arguments are copied to shared memory at once: read where they are, by a link's index, they take longer.
//
// Bound: memory, weights, keys and values once; measured (docs/benchmarks.md) 9 us for a SmolLM2-135M's block, 1.8 MB, 7 % of a copy's
// bandwidth: what a block takes is its instructions, one after the other, and the way of its outputs to other multiprocessors through L2, a
// write and a read, five times. A step takes 24 % less than with a kernel for attention and for each product.
#include "kernels/cuda/chain_attention.cuh"
#include "kernels/cuda/chain_plan.h"
#include "kernels/cuda/chain_product.cuh"
#include "kernels/cuda/with_scheme.cuh"

namespace gptq {
namespace {

constexpr int kThreads = (kChainWarps + kChainAskers) * 32;

// Of a kernel's arguments, which lie in global memory as well, the i-th 16 bytes.
__device__ uint4 readArguments(const Chain& arguments, int i) {
    uint4 part;
    asm volatile("ld.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(part.x), "=r"(part.y), "=r"(part.z), "=r"(part.w)
                 : "l"(reinterpret_cast<const uint4*>(&arguments) + i));
    return part;
}

// The warps that ask: for what every link needs, when its place is free.
template <class T, class Product>
__device__ void askForAll(const Product& product) {
    const Chain& chain = product.space.chain;
    const ChainRange range(chain.attention);
    const ChainHeads heads(chain.attention, range, product.block);
#pragma unroll 1
    for (int l = 0; l < chain.count; ++l) {
        const ChainLink link = chain.links[l];
        if (link.after >= 0) product.awaitDone(link.after);
        if (link.attends()) askAttention<T>(chain.attention, link, range, heads);
        else product.ask(link);
        arriveAfterCopies(product.asked + l % kChainAhead);
    }
}

// The warps that work.
template <class T, class Product>
__device__ void workOnAll(Product& product) {
    const Chain& chain = product.space.chain;
    waitForPrevious();
    product.number = chain.launches[product.block] + 1;
    const ChainAttend<T> attend(product);
    const bool ends = threadIdx.x == kChainWarps / 2 * 32;  // of a warp that has less to do than others
    int nth = 0;                                            // of the products that this block has a part of
#pragma unroll 1
    for (int l = 0; l < chain.count; ++l) {
        const ChainLink link = chain.links[l];
        if (l == chain.count - 1) letNextStart();
        if (link.attends()) {
            attend(link);
        } else if (product.units(link) > 0) {
            auto outputs = product.outputs(link, nth);
            product.stage(link, l, nth);
            product.multiply(link, l, nth);
            meet();
            product.takeNorm(link, nth, outputs);
            product.finish(link, outputs);
            if (ends) product.endLink(l);
            ++nth;
            continue;
        }
        if (ends) {
            product.awaitAsked(l);
            product.endLink(l);
        }
    }
}

template <int bits, class T, bool symmetric, int parts>
__global__ void __launch_bounds__(kThreads, 1) packedChainKernel(const __grid_constant__ Chain arguments) {
#if __CUDA_ARCH__ >= 800  // never launched elsewhere
    extern __shared__ __align__(128) unsigned char dynamic[];
    auto& space = *reinterpret_cast<ChainSpace*>(dynamic);
    __shared__ CopyBarrier asked[kChainAhead], done[kChainAhead];
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int warp = __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x / 32), 0);  // known to be the warp's
    const bool asks = warp >= kChainWarps;
    // Arguments come to shared memory by the warps that ask.
    constexpr int kTogether = kChainAskers * 32, kMostRounds = (sizeof(Chain) / 16 + kTogether - 1) / kTogether;
    const int asker = static_cast<int>(threadIdx.x) - kChainWarps * 32;
    const int argumentParts = static_cast<int>((offsetof(Chain, links) + sizeof(ChainLink) * arguments.count) / 16);
    uint4 ofArguments[kMostRounds];
#pragma unroll
    for (int i = 0; i < kMostRounds; ++i) {
        if (asks && asker + i * kTogether < argumentParts)
            ofArguments[i] = readArguments(arguments, asker + i * kTogether);
    }
    if (threadIdx.x == 0) {
#pragma unroll
        for (int l = 0; l < kChainAhead; ++l) {
            beginBarrier(asked + l, kTogether);
            beginBarrier(done + l, 1);
        }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kMostRounds; ++i) {
        if (asks && asker + i * kTogether < argumentParts)
            reinterpret_cast<uint4*>(&space.chain)[asker + i * kTogether] = ofArguments[i];
    }
    __syncthreads();
    ChainProduct<bits, T, symmetric, parts> product{{space, asked, done, lane, warp, static_cast<int>(blockIdx.x), 0}};
    if (asks) askForAll<T>(product);
    else workOnAll<T>(product);
    __syncthreads();
    if (threadIdx.x == 0) space.chain.launches[blockIdx.x] = product.number;
#endif
}

// Calls function.template operator()<bits, T, symmetric, parts>() with what all products of a chain have in common.
template <class Function>
void withChainScheme(std::span<const ChainedOp> ops, const Function& function) {
    for (const ChainedOp& op : ops) {
        if (const auto* product = std::get_if<DecodeProduct>(&op))
            return withScheme(packedArguments(product->weight), product->weight.scheme, product->activations, function);
    }
}

}  // namespace

void packedChain(const CudaContext& context, std::span<const ChainedOp> ops, Letter* letters, unsigned* launches) {
    withChainScheme(ops, [&]<int bits, class T, bool symmetric, int parts>() {
        ChainPlan plan = *chainPlan(context, ops, letters);
        plan.chain.launches = launches;
        launchWith({.atOnce = true}, context, packedChainKernel<bits, T, symmetric, parts>,
                   static_cast<unsigned>(context.properties().multiProcessorCount), kThreads, plan.sharedBytes,
                   plan.chain);
    });
}

}  // namespace gptq
