// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Small decode products that follow each other as one kernel: y_l = epilogue(W_l y_(l-1)), one token, each as in packed_decode.cu.
//
// A product of a small model is over sooner than a kernel starts. Here one block stays on every multiprocessor for up to four products,
// whose weights it asks for at once, and what a product puts out goes to the blocks of the next as letters that carry the launch's number
// (mail.cuh): between two products stands neither the end of a kernel nor a barrier of the grid.
//
//     shared memory:   links | warps' inputs | warps' sums | o: strip, pair by pair | gate, up | down | q k v
//
//     x -> [stage] -> multiply -> sums of warps meet -> y_0 -> letters -> [norm, stage] -> multiply -> ... -> y_3
//
// A block makes strips of 16 outputs, a gate and its up together. Four of its warps ask for weights; the others share out the inputs, pairs of
// tiles, 128 of them, so a warp waits for its own inputs alone, and some of them add up the sums of all, a strip or a gate and its up each.
// RMSNorm's factor is not needed before: until then a warp scales its inputs by a power of two. Every letter is posted four times, and a
// fourth of the blocks reads each, since all blocks want the same lines of L2 at the same time.
//
// All blocks must run at once, since they wait for each other: the launch is cooperative. Nothing that a block of the kernel writes is read
// by another but as letters; outputs that a later product adds to are those of the same thread.
//
// Arguments are copied to shared memory at once: read where they are, by a product's index, they take longer.
//
// Bound: memory, rows * columns * bits / 8 bytes; measured (docs/benchmarks.md) about 9 us for the four products of a SmolLM2-135M's block,
// 1.8 MB, 7 % of a copy's bandwidth: what a product takes is its instructions, one after the other, and the way of its outputs to the other
// blocks through L2, a write and a read. A step takes 12 % less than with a kernel a product.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/decode_pair.cuh"
#include "kernels/cuda/mail.cuh"
#include "kernels/cuda/packed_chain.cuh"
#include "kernels/cuda/packed_piece.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 12;  // that multiply
constexpr int kAskers = 4;  // and behind them those that ask for weights
constexpr int kThreads = (kWarps + kAskers) * 32;
constexpr int kCopies = 4;  // of each letter: a warp's lanes have every output four times

struct ChainLink {
    PackedArguments w;
    ProductInput in;
    ProductOutput out;
    const Letter* from;    // null: x lies in memory
    Letter* to;            // null: nobody waits for the outputs
    int pairs;             // of tiles, that a strip consists of
    int units, moreUnits;  // of a block: strips, or a gate and its up; so many blocks have one more
    int stripBytes;
    int weightsAt;    // where they lie in shared memory
    int normAt;       // and the norm's weights, of all pairs
    float perColumn;  // 1 / columns
};

struct alignas(16) Chain {
    ChainLink links[kMostChained];
    int count;
    int copyLetters;                                              // from copy to copy of the letters
    int stagedAt, offsetsAt, magnitudesAt, partialAt, squaresAt;  // in shared memory
    int partialFloats;                                            // a product's; two take turns
    unsigned* launches;                                           // before this one, of each block
    bool chained;                                                 // to a kernel that may still run
};

// What a strip takes of shared memory.
template <int bits, bool symmetric, int parts>
constexpr int kPairBytes = 2 * static_cast<int>(wordsOfTile(bits)) * 4 + parts * 16 * (symmetric ? 2 : 3);

// Of a kernel's arguments, which lie in global memory as well, the i-th 16 bytes.
__device__ inline uint4 readArguments(const Chain& arguments, int i) {
    uint4 part;
    asm volatile("ld.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(part.x), "=r"(part.y), "=r"(part.z), "=r"(part.w)
                 : "l"(reinterpret_cast<const uint4*>(&arguments) + i));
    return part;
}

// number + 1, computed where it is written: anywhere before, a warp would wait for the number there.
__device__ inline unsigned plusOne(unsigned number) {
    unsigned sum;
    asm volatile("add.u32 %0, %1, 1;" : "=r"(sum) : "r"(number));
    return sum;
}

// The warps that multiply meet, without those that ask.
__device__ inline void meet() {
    asm volatile("bar.sync 1, %0;" ::"n"(kWarps * 32) : "memory");
}

// The largest magnitude of a warp's numbers, as a power of two that is not above it, or zero.
__device__ inline float magnitudeOf(const float4& v) {
    const float largest = fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w)));
#if __CUDA_ARCH__ >= 800
    const unsigned bits = __reduce_max_sync(kAllLanes, __float_as_uint(largest));
#else
    const unsigned bits = __float_as_uint(warpMax(largest));
#endif
    return __uint_as_float(min(bits, 0x7f000000u) & 0x7f800000u);
}
// Its reciprocal; large where it is zero.
__device__ inline float reciprocalOf(float powerOfTwo) {
    return __uint_as_float(0x7f000000u - __float_as_uint(powerOfTwo));
}

// One block's and warp's part of a chain.
template <int bits, class T, bool symmetric, int parts>
struct ChainPart {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));

    const Chain& chain;
    unsigned char* shared;
    CopyBarrier* barriers;
    int lane, warp, block;
    unsigned number;

    __device__ int units(const ChainLink& link) const { return link.units + (block < link.moreUnits ? 1 : 0); }
    __device__ int perUnit(const ChainLink& link) const { return link.out.gated ? 2 : 1; }
    // A gate's, or of `of` 1 its up's.
    __device__ int stripOf(const ChainLink& link, int unit, int of) const {
        return block + unit * static_cast<int>(gridDim.x) + of * (link.w.rows / 32);
    }
    // A strip of the block's: words [tile], scales and zeros [pair][scaled part][row].
    __device__ std::uint32_t* words(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint32_t*>(shared + link.weightsAt + turn * link.stripBytes);
    }
    __device__ Half* scales(const ChainLink& link, int turn) const {
        return reinterpret_cast<Half*>(words(link, turn) + link.pairs * kPairWords);
    }
    __device__ std::uint8_t* zeros(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint8_t*>(scales(link, turn) + link.pairs * parts * 16);
    }
    __device__ T* staged(int pair) const { return reinterpret_cast<T*>(shared + chain.stagedAt) + pair * kPairColumns; }
    __device__ float* offsets(int pair) const {
        return reinterpret_cast<float*>(shared + chain.offsetsAt) + pair * parts;
    }
    __device__ float& magnitude(int pair) const { return reinterpret_cast<float*>(shared + chain.magnitudesAt)[pair]; }
    __device__ float* norm(const ChainLink& link, int pair) const {
        return reinterpret_cast<float*>(shared + link.normAt) + pair * kPairColumns;
    }
    __device__ float* partial(int turns, int turn, int ofWarp) const {
        return reinterpret_cast<float*>(shared + chain.partialAt) + turns % 2 * chain.partialFloats +
               (turn * kWarps + ofWarp) * 16;
    }
    __device__ float* squares(int turns) const {
        return reinterpret_cast<float*>(shared + chain.squaresAt) + turns % 2 * kWarps * 32;
    }

    // Starts copying all of the block's weights of a link, strip by strip, and its norm's: 16 bytes a thread of those that ask.
    __device__ void ask(const ChainLink& link, CopyBarrier* barrier) const {
        constexpr int kTogether = kAskers * 32;
        const int thread = static_cast<int>(threadIdx.x) - kWarps * 32;
        const int stripWords = link.w.tiles * static_cast<int>(wordsOfTile(bits)), grids = link.pairs * parts * 2;
        const int turns = units(link) * perUnit(link);
#pragma unroll 1
        for (int turn = 0; turn < turns; ++turn) {
            const int strip = link.out.gated ? stripOf(link, turn / 2, turn % 2) : stripOf(link, turn, 0);
            const std::uint32_t* const from = link.w.words + static_cast<std::int64_t>(strip) * stripWords;
            std::uint32_t* const to = words(link, turn);
#pragma unroll 1
            for (int i = thread * 4; i < stripWords; i += kTogether * 4) copyAsyncOnce(to + i, from + i);
#pragma unroll 1
            for (int i = thread; i < grids; i += kTogether)
                askGrids<symmetric, parts>(link.w, strip, 0, scales(link, turn), zeros(link, turn), i);
        }
        if (link.in.norm && turns > 0) {
#pragma unroll 1
            for (int i = thread * 4; i < link.w.columns; i += kTogether * 4)
                copyAsync<16>(norm(link, 0) + i, link.in.norm + i);
        }
        arriveAfterCopies(barrier);
    }

    __device__ const Letter* lettersFrom(const ChainLink& link) const {
        return link.from + block % kCopies * chain.copyLetters;
    }
    // Four neighbours a lane of a pair of the link's inputs, of the activation type, where they are letters.
    __device__ uint2 inputs(const ChainLink& link, int column) const {
        const Letter* const from = lettersFrom(link) + column / 2;
        TwoLetters two;
        do two.read(from);
        while (!two.areOf(number));
        return two.contents();
    }
    // The same of a residual stream.
    __device__ float4 residual(const ChainLink& link, int column) const {
        const Letter* const from = lettersFrom(link) + column;
        TwoLetters low, high;
        do {
            low.read(from);
            high.read(from + 2);
        } while (!low.areOf(number) || !high.areOf(number));
        return {__uint_as_float(low.contents().x), __uint_as_float(low.contents().y),
                __uint_as_float(high.contents().x), __uint_as_float(high.contents().y)};
    }

    // The warp's inputs of a link, zeros behind the last. Of a norm's, times its weights, the size is put off until outputs are made: the
    // warp makes its own as large as the activation type likes them, by a power of two, and leaves its share of the squares. early: those
    // that lie in memory.
    __device__ void stage(const ChainLink& link, int l, int turns, const uint2& early) const {
        float sum = 0;
        for (int pair = warp; pair < link.pairs; pair += kWarps) {
            const int column = pair * kPairColumns + lane * 4;
            const bool there = column < link.w.columns;
            uint2 words{};
            if (link.in.norm) {
                float4 v{}, g{};
                if (there) v = residual(link, column);
                sum += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
                awaitBarrier(barriers + l, 0);
                if (there) g = *reinterpret_cast<const float4*>(norm(link, pair) + lane * 4);
                const float4 weighted{v.x * g.x, v.y * g.y, v.z * g.z, v.w * g.w};
                __syncwarp();
                const float size = magnitudeOf(weighted), f = reciprocalOf(size);
                if (lane == 0) magnitude(pair) = size;
                words = {packPair<T>(weighted.x * f, weighted.y * f), packPair<T>(weighted.z * f, weighted.w * f)};
            } else if (link.from) {
                if (there) words = inputs(link, column);
            } else if (pair == warp) {
                words = early;
            } else if (there) {
                words = inputsInMemory(link, column);
            }
            __syncwarp();
            putFour<bits, T, symmetric, parts>(words, staged(pair) + lane / 8 * 32, offsets(pair), lane);
        }
        __syncwarp();
        if (link.in.norm) squares(turns)[warp * 32 + lane] = sum;
    }
    // What was put off: 1 / sqrt(mean square + epsilon).
    __device__ float normFactor(const ChainLink& link, int turns) const {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < kWarps / 4; ++i) {
            const float4 four = reinterpret_cast<const float4*>(squares(turns))[i * 32 + lane];
            sum += (four.x + four.y) + (four.z + four.w);
        }
        return rsqrtf(warpSum(sum) * link.perColumn + link.in.epsilon);
    }

    // The warp's part of all the block's strips of a link, into its sums.
    __device__ void multiply(const ChainLink& link, int l, int turns) const {
        if (warp >= link.pairs) return;
        awaitBarrier(barriers + l, 0);
        const int strips = units(link) * perUnit(link);
#pragma unroll 1
        for (int turn = 0; turn < strips; ++turn) {
            float totals[2] = {};
#pragma unroll 1
            for (int pair = warp; pair < link.pairs; pair += kWarps) {
                const float size = link.in.norm ? magnitude(pair) : 1.0f;
                uint4 x[4];
#pragma unroll
                for (int h = 0; h < 4; ++h)
                    x[h] = *reinterpret_cast<const uint4*>(staged(pair) + h * 32 + lane % 4 * 8);
                float ofPair[1][2] = {};
                multiplyPair<bits, T, symmetric, parts, true, 1>(
                    ofPair, words(link, turn) + pair * kPairWords, 0, scales(link, turn) + pair * parts * 16,
                    zeros(link, turn) + pair * parts * 16, 0, x, offsets(pair), lane);
                totals[0] += ofPair[0][0] * size;
                totals[1] += ofPair[0][1] * size;
            }
            putColumn<bits, T>(partial(turns, turn, warp), totals);
        }
    }

    // Outputs, a warp a unit: lane t has rows 2 (t % 8) and the next of a strip, and of the warps' sums each fourth, or of a gate and its up
    // each second, the up's in the upper lanes.
    __device__ int row(const ChainLink& link) const {
        return stripOf(link, warp, link.out.gated ? lane / 16 : 0) * 16 + lane % 8 * 2;
    }
    // What is there already, where it is added to, and the bias.
    __device__ float2 before(const ChainLink& link) const {
        if (!link.out.accumulate || warp >= units(link)) return {};
        return *reinterpret_cast<const float2*>(static_cast<const float*>(link.out.y) + row(link));
    }
    __device__ float2 bias(const ChainLink& link) const {
        if (!link.out.bias || warp >= units(link)) return {};
        return *reinterpret_cast<const float2*>(link.out.bias + row(link));
    }
    __device__ void finish(const ChainLink& link, int turns, const float2& old, const float2& biases) const {
        if (warp >= units(link)) return;
        const int working = min(kWarps, link.pairs), shares = link.out.gated ? 2 : 4,
                  turn = link.out.gated ? warp * 2 + lane / 16 : warp;
        const float* const parted = partial(turns, turn, 0) + lane % 8 * 2;
        float2 sum{};
#pragma unroll
        for (int i = 0; i < kWarps / 2; ++i) {
            const int ofWarp = lane / 8 % shares + i * shares;
            if (ofWarp >= working) continue;
            const float2 part = *reinterpret_cast<const float2*>(parted + ofWarp * 16);
            sum.x += part.x;
            sum.y += part.y;
        }
        const float factor = link.in.norm ? normFactor(link, turns) : 1.0f;
        const auto plusOther = [&](int step) {
            sum.x += __shfl_xor_sync(kAllLanes, sum.x, step);
            sum.y += __shfl_xor_sync(kAllLanes, sum.y, step);
        };
        plusOther(8);
        if (!link.out.gated) plusOther(16);
        sum = {sum.x * factor + biases.x, sum.y * factor + biases.y};
        if (link.out.gated) {
            const float2 up{__shfl_xor_sync(kAllLanes, sum.x, 16), __shfl_xor_sync(kAllLanes, sum.y, 16)};
            sum = {siluGated(sum.x, up.x), siluGated(sum.y, up.y)};
        }
        const float2 value{old.x + sum.x, old.y + sum.y};
        // Lanes that have the outputs: all, or of a gate and its up the lower ones.
        const int at = row(link), copies = link.out.gated ? 2 : kCopies;
        const bool has = !link.out.gated || lane < 16;
        if (link.to && has) {
            for (int copy = lane / 8; copy < kCopies; copy += copies) {
                Letter* const to = link.to + copy * chain.copyLetters;
                if (link.out.toFloat) postTwo(to + at, letterOf(value.x, number), letterOf(value.y, number));
                else post(to + at / 2, letterOf(packPair<T>(value.x, value.y), number));
            }
        }
        if (lane >= 8) return;
        if (link.out.toFloat) *reinterpret_cast<float2*>(static_cast<float*>(link.out.y) + at) = value;
        else *reinterpret_cast<std::uint32_t*>(static_cast<T*>(link.out.y) + at) = packPair<T>(value.x, value.y);
    }

    // What the first link's warp takes, and the number of the launch before this one; by the arguments, wherever they are.
    __device__ uint2 readFirst(const Chain& arguments) {
        number = arguments.launches[block];
        const ChainLink& link = arguments.links[0];
        const int column = warp * kPairColumns + lane * 4;
        return column < link.w.columns ? inputsInMemory(link, column) : uint2{};
    }
    __device__ uint2 inputsInMemory(const ChainLink& link, int column) const {
        return *reinterpret_cast<const uint2*>(static_cast<const T*>(link.in.x) + column);
    }
};

template <int bits, class T, bool symmetric, int parts>
__global__ void __launch_bounds__(kThreads, 1) packedChainKernel(const __grid_constant__ Chain arguments) {
    extern __shared__ __align__(128) unsigned char dynamic[];
    __shared__ Chain chain;
    __shared__ CopyBarrier barriers[kMostChained];
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the warp's
    const bool asks = warp >= kWarps;
    ChainPart<bits, T, symmetric, parts> part{chain, dynamic, barriers, lane, warp, static_cast<int>(blockIdx.x), 0};
    // Arguments come to shared memory by the warps that ask. Where the kernel before has ended, the others ask for the first inputs
    // meanwhile.
    constexpr int kArgumentParts = sizeof(Chain) / 16;
    static_assert(sizeof(Chain) % 16 == 0 && kArgumentParts <= kAskers * 32);
    const int asker = static_cast<int>(threadIdx.x) - kWarps * 32;
    uint4 ofArguments{};
    uint2 early{};
    if (asks) {
        if (asker < kArgumentParts) ofArguments = readArguments(arguments, asker);
    } else if (!arguments.chained) {
        early = part.readFirst(arguments);
    }
    if (threadIdx.x == 0) {
#pragma unroll
        for (int l = 0; l < static_cast<int>(kMostChained); ++l) beginBarrier(barriers + l, kAskers * 32);
    }
    __syncthreads();
    if (asks && asker < kArgumentParts) reinterpret_cast<uint4*>(&chain)[asker] = ofArguments;
    __syncthreads();
    if (asks) {
#pragma unroll 1
        for (int l = 0; l < chain.count; ++l) {
            const ChainLink link = chain.links[l];
            part.ask(link, barriers + l);
        }
    } else {
        if (chain.chained) {
            waitForPrevious();
            early = part.readFirst(chain);
        }
        part.number = plusOne(part.number);
        int turns = 0;  // of products that this block has a part of
#pragma unroll 1
        for (int l = 0; l < chain.count; ++l) {
            const ChainLink link = chain.links[l];
            if (l == chain.count - 1) letNextStart();
            if (part.units(link) == 0) continue;
            const float2 old = part.before(link), biases = part.bias(link);
            part.stage(link, l, turns, early);
            part.multiply(link, l, turns);
            meet();
            part.finish(link, turns, old, biases);
            ++turns;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) chain.launches[blockIdx.x] = part.number;
}

// Of a product's outputs: a float32 each, or two neighbours.
std::size_t lettersOf(const DecodeProduct& product) {
    return static_cast<std::size_t>(product.out.toFloat ? product.outputs() : product.outputs() / 2);
}

// How a chain lies in shared memory, and how much it takes; what it reads and writes for itself is still to be said.
struct Planned {
    Chain chain;
    std::size_t sharedBytes;
};

// None where a block's weights do not fit, or a block has more outputs than its warps finish.
std::optional<Planned> planned(std::span<const DecodeProduct> products, int blocks, int pairBytes, int parts,
                               std::size_t limit) {
    Planned plan{};
    Chain& chain = plan.chain;
    int mostPairs = 0, mostStrips = 0, mostUnits = 0;
    for (const DecodeProduct& product : products) {
        ChainLink& link = chain.links[chain.count++];
        link.w = packedArguments(product.weight);
        link.in = product.in;
        link.out = product.out;
        const int perUnit = product.out.gated ? 2 : 1;
        const int units = link.w.rows / static_cast<int>(kTileRows) / perUnit;
        link.pairs = (link.w.tiles + 1) / 2;
        link.units = units / blocks;
        link.moreUnits = units % blocks;
        link.stripBytes = link.pairs * pairBytes;
        link.perColumn = 1.0f / static_cast<float>(link.w.columns);
        chain.copyLetters += static_cast<int>(lettersOf(product));
        const int unitsOfBlock = (units + blocks - 1) / blocks;
        mostPairs = std::max(mostPairs, link.pairs);
        mostStrips = std::max(mostStrips, unitsOfBlock * perUnit);
        mostUnits = std::max(mostUnits, unitsOfBlock);
    }
    const auto take = [&bytes = plan.sharedBytes](std::size_t count) {
        return static_cast<int>(std::exchange(bytes, bytes + (count + 127) / 128 * 128));
    };
    chain.partialFloats = mostStrips * kWarps * 16;
    chain.stagedAt = take(static_cast<std::size_t>(mostPairs * kPairColumns * 2));
    chain.offsetsAt = take(static_cast<std::size_t>(offsetBytes(mostPairs, parts)));
    chain.magnitudesAt = take(static_cast<std::size_t>(mostPairs) * sizeof(float));
    chain.squaresAt = take(2 * kWarps * 32 * sizeof(float));
    chain.partialAt = take(static_cast<std::size_t>(2 * chain.partialFloats) * sizeof(float));
    for (ChainLink& link : std::span(chain.links, products.size())) {
        if (link.in.norm) link.normAt = take(static_cast<std::size_t>(link.pairs * kPairColumns) * sizeof(float));
        const int strips = (link.units + (link.moreUnits > 0 ? 1 : 0)) * (link.out.gated ? 2 : 1);
        link.weightsAt = take(static_cast<std::size_t>(strips) * static_cast<std::size_t>(link.stripBytes));
    }
    if (plan.sharedBytes > limit || mostUnits > kWarps) return {};
    return plan;
}

// The bytes that a product writes.
struct Written {
    const char *begin, *end;
};
Written writtenBy(const DecodeProduct& product) {
    const auto* const begin = static_cast<const char*>(product.out.y);
    return {begin, begin + product.outputs() * (product.out.toFloat ? 4 : 2)};
}

// Calls function.template operator()<bits, T, symmetric, parts>(plan) where there is one.
template <class Function>
bool withPlan(const CudaContext& context, std::span<const DecodeProduct> products, const Function& function) {
    constexpr std::size_t kReserve = 1024 + sizeof(Chain) + sizeof(CopyBarrier[kMostChained]);
    const DecodeProduct& first = products.front();
    bool there = false;
    withScheme(packedArguments(first.weight), first.weight.scheme, first.activations,
               [&]<int bits, class T, bool symmetric, int parts>() {
                   const auto plan =
                       planned(products, context.properties().multiProcessorCount, kPairBytes<bits, symmetric, parts>,
                               parts, context.limits().sharedBytes - kReserve);
                   there = plan.has_value();
                   if (there) function.template operator()<bits, T, symmetric, parts>(*plan);
               });
    return there;
}

bool fits(const CudaContext& context, std::span<const DecodeProduct> before, const DecodeProduct& next) {
    std::vector<DecodeProduct> all(before.begin(), before.end());
    all.push_back(next);
    return withPlan(context, all, [&]<int bits, class T, bool symmetric, int parts>(const Planned&) {});
}

}  // namespace

bool chains(const CudaContext& context, std::span<const DecodeProduct> before, const DecodeProduct& next) {
    // What SmolLM2-135M has; whether larger ones gain was not measured.
    constexpr std::int64_t kMostWeights = 2 << 20;
    const PackedArguments w = packedArguments(next.weight);
    if (next.weight.rows * next.weight.columns > kMostWeights || next.in.tokens != 1 || w.groupColumns % 32 != 0 ||
        (next.out.accumulate && !next.out.toFloat) || reinterpret_cast<std::uintptr_t>(next.out.y) % 8 != 0 ||
        !context.properties().cooperativeLaunch || !context.limits().copiesAsynchronously() ||
        before.size() == kMostChained || !fits(context, before, next))
        return false;
    if (before.empty()) return !next.in.norm;
    const DecodeProduct& last = before.back();
    if (next.in.x != last.out.y || next.weight.columns != last.outputs() ||
        (next.in.norm != nullptr) != last.out.toFloat || next.activations != last.activations ||
        !(next.weight.scheme == last.weight.scheme) ||
        scalesWholePairs(w) != scalesWholePairs(packedArguments(last.weight)))
        return false;
    const Written written = writtenBy(next);
    return std::all_of(before.begin(), before.end(), [&](const DecodeProduct& other) {
        const Written others = writtenBy(other);
        const bool apart = written.end <= others.begin || others.end <= written.begin;
        const bool same = written.begin == others.begin && written.end == others.end;
        return apart || (same && next.out.accumulate && !next.out.gated && !other.out.gated);
    });
}

std::size_t chainLetters(std::span<const DecodeProduct> products) {
    std::size_t letters = 0;
    for (const DecodeProduct& product : products) letters += lettersOf(product) * kCopies;
    return letters;
}

bool packedChain(const CudaContext& context, std::span<const DecodeProduct> products, Letter* letters,
                 unsigned* launches) {
    return withPlan(context, products, [&]<int bits, class T, bool symmetric, int parts>(const Planned& plan) {
        Chain chain = plan.chain;
        for (std::size_t l = 0; l + 1 < products.size(); ++l) {
            chain.links[l].to = letters;
            chain.links[l + 1].from = letters;
            letters += lettersOf(products[l]);
        }
        chain.launches = launches;
        chain.chained = context.limits().chainsKernels();
        launchWith({.atOnce = true}, context, packedChainKernel<bits, T, symmetric, parts>,
                   static_cast<unsigned>(context.properties().multiProcessorCount), kThreads, plan.sharedBytes, chain);
    });
}

}  // namespace gptq
