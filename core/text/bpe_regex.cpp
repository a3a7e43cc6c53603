// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_regex.h"

#include <ctime>
#include <utility>

#include "kernels/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace gptq {

namespace {

constexpr std::size_t kLongestPattern = 16384;    // bytes; the longest known has some 500
constexpr std::uint32_t kMatchLimit = 20u << 20;  // steps of one match: a run of spaces takes one for each
constexpr std::uint32_t kHeapLimitKiB = 256u << 10;
constexpr std::size_t kStartsPerCall = 128;  // places that one call tries; the clock is looked at in between
constexpr int kCallsPerLook = 64;            // where each call finds a match
constexpr std::size_t kJitStackBytes = 1u << 20;
// A useful expression leaves 10 MB/s or more, forty times this, with all that is done to what it splits.
constexpr double kGraceSeconds = 4;
constexpr double kLeastBytesPerSecond = 256 << 10;

std::string pcre2Reason(int code) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(code, message, sizeof(message));
    return reinterpret_cast<const char*>(message);
}

double threadSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <auto release>
struct Release {
    template <class T>
    void operator()(T* owned) const {
        release(owned);
    }
};

using CodePointer = std::unique_ptr<pcre2_code, Release<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Release<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Release<pcre2_jit_stack_free>>;

template <class Owner>
Owner made(Owner owner) {
    if (!owner) throw std::bad_alloc();
    return owner;
}

}  // namespace

struct Regex::Code {
    std::string where;
    CodePointer compiled;
};

struct RegexScanner::State {
    const Regex::Code* code = nullptr;
    JitStack stack;  // before the context that borrows it
    MatchContext context;
    MatchData data;
    int looks = 0;  // matches since the clock was looked at
    double started = 0;
    std::size_t scanned = 0;  // bytes
};

Regex::Regex(std::string_view pattern, std::string where) : m_code(std::make_unique<Code>()) {
    m_code->where = std::move(where);
    if (pattern.size() > kLongestPattern) {
        throw Error(m_code->where, ": the expression has ", pattern.size(), " bytes; at most ", kLongestPattern,
                    " are expected");
    }
    const auto context = made(CompileContext(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    // The text may hold anything, so nothing in the pattern may turn these off: "(*" does not pass the translation.
    constexpr std::uint32_t kOptions =
        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_UTF_CHECK | PCRE2_USE_OFFSET_LIMIT;
    int error = 0;
    PCRE2_SIZE offset = 0;
    m_code->compiled.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), kOptions, &error,
                                         &offset, context.get()));
    if (!m_code->compiled) {
        throw Error(m_code->where, ": the expression cannot be used: ", pcre2Reason(error), " (at ", offset, " in ",
                    pattern.substr(0, 200), ")");
    }
    std::uint32_t matchesEmpty = 0;
    pcre2_pattern_info(m_code->compiled.get(), PCRE2_INFO_MATCHEMPTY, &matchesEmpty);
    if (matchesEmpty != 0)
        throw Error(m_code->where, ": the expression matches nothing as well; that is not supported");
    // Where there is no just-in-time compiler, pcre2_match interprets: slower, with the same result.
    pcre2_jit_compile(m_code->compiled.get(), PCRE2_JIT_COMPLETE);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

RegexScanner::RegexScanner(const Regex& regex) : m_state(std::make_unique<State>()) {
    m_state->code = regex.m_code.get();
    m_state->context = made(MatchContext(pcre2_match_context_create(nullptr)));
    m_state->data = made(MatchData(pcre2_match_data_create_from_pattern(m_state->code->compiled.get(), nullptr)));
    pcre2_set_match_limit(m_state->context.get(), kMatchLimit);
    pcre2_set_heap_limit(m_state->context.get(), kHeapLimitKiB);
    m_state->stack.reset(pcre2_jit_stack_create(32u << 10, kJitStackBytes, nullptr));  // none without the compiler
    if (m_state->stack) pcre2_jit_stack_assign(m_state->context.get(), nullptr, m_state->stack.get());
    m_state->started = threadSeconds();
}

RegexScanner::~RegexScanner() = default;
RegexScanner::RegexScanner(RegexScanner&&) noexcept = default;

std::optional<RegexMatch> RegexScanner::next(std::string_view text, std::size_t from) {
    for (;;) {
        const std::size_t lastStart = from + kStartsPerCall;
        pcre2_set_offset_limit(m_state->context.get(), lastStart);
        const int found =
            pcre2_match(m_state->code->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                        PCRE2_NO_UTF_CHECK, m_state->data.get(), m_state->context.get());
        if (found > 0) break;
        if (found != PCRE2_ERROR_NOMATCH) {
            throw Error(m_state->code->where, ": the expression is too costly for this text: ", pcre2Reason(found));
        }
        if (lastStart >= text.size()) return std::nullopt;
        const std::size_t start = from;
        from = lastStart + 1;
        while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80) ++from;
        watchTime(from - start, kCallsPerLook);
    }
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(m_state->data.get());
    const RegexMatch match{offsets[0], offsets[1]};
    if (match.begin < from || match.end <= match.begin) {
        throw Error(m_state->code->where, ": the expression matches behind its place; that is not supported");
    }
    watchTime(match.end - from, 1);
    return match;
}

// One attempt takes about as many steps as the text has characters at most, so the attempts together may take their square.
void RegexScanner::watchTime(std::size_t scanned, int looks) {
    m_state->scanned += scanned;
    m_state->looks += looks;
    if (m_state->looks < kCallsPerLook) return;
    m_state->looks = 0;
    const double allowed = kGraceSeconds + static_cast<double>(m_state->scanned) / kLeastBytesPerSecond;
    if (threadSeconds() - m_state->started > allowed) {
        throw Error(m_state->code->where, ": the expression is too costly for this text: it took more than ",
                    static_cast<int>(allowed), " seconds for ", m_state->scanned, " bytes");
    }
}

}  // namespace gptq
