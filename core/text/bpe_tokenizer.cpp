// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_tokenizer.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <thread>
#include <utility>

#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kMostTextBytes = std::size_t{1} << 30;

enum class Where { InTheText, InTheNormalized };

AddedTokens tokensOf(const std::vector<AddedToken>& tokens, Where where, const BpeNormalizer& normalizer) {
    std::vector<AddedToken> chosen;
    for (const AddedToken& token : tokens) {
        if (token.isNormalized != (where == Where::InTheNormalized)) continue;
        chosen.push_back(token);
        if (token.isNormalized) chosen.back().content = normalizer.apply(token.content);
        if (chosen.back().content.empty()) chosen.pop_back();  // in no text
    }
    return AddedTokens(std::move(chosen));
}

BpeDecoder decoderOf(const BpeParts& parts) {
    std::vector<std::string> normalized(static_cast<std::size_t>(parts.vocabulary.size()));
    for (const AddedToken& token : parts.addedTokens) {
        if (token.isNormalized) normalized[static_cast<std::size_t>(token.id)] = parts.normalizer.apply(token.content);
    }
    BpeDecoder decoder(parts.decoder);
    for (TokenId id = 0; id < parts.vocabulary.size(); ++id) {
        const std::string& form = normalized[static_cast<std::size_t>(id)];
        decoder.addPiece(form.empty() ? parts.vocabulary.piece(id) : std::string_view(form));
    }
    return decoder;
}

bool isAsciiLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Runs task(0) ... task(count - 1) side by side; the first one's exception, by number, reaches the caller.
template <class Task>
void runTasks(std::size_t count, const Task& task) {
    std::vector<std::exception_ptr> failures(count);
    const auto guarded = [&](std::size_t i) {
        try {
            task(i);
        } catch (...) {
            failures[i] = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&guarded, i] { guarded(i); });
        guarded(0);
    }
    for (const std::exception_ptr& failure : failures) {
        if (failure) std::rethrow_exception(failure);
    }
}

}  // namespace

// Of a text: a token that was found in it, or a stretch to encode.
struct BpeTokenizer::Part {
    std::string_view text;  // as the pre-tokenizer wants it
    std::optional<TokenId> id;
};

// The parts of a text in order, and the texts that they look into.
class BpeTokenizer::Texts {
public:
    std::string_view keep(std::string text) { return m_texts.emplace_back(std::move(text)); }

    std::vector<Part> parts;

private:
    std::deque<std::string> m_texts;  // a deque, because they may not move
};

BpeTokenizer::BpeTokenizer(BpeParts parts, std::optional<TokenId> openingToken, std::vector<TokenId> endTokens)
    : m_name(parts.vocabulary.where()), m_size(parts.vocabulary.size()), m_model(std::move(parts.model)),
      m_addedTokens(tokensOf(parts.addedTokens, Where::InTheText, parts.normalizer)),
      m_normalizedTokens(tokensOf(parts.addedTokens, Where::InTheNormalized, parts.normalizer)),
      m_decoder(decoderOf(parts)), m_normalizer(std::move(parts.normalizer)),
      m_preTokenizer(std::move(parts.preTokenizer)), m_isSpecial(static_cast<std::size_t>(m_size)),
      m_openingToken(openingToken), m_endTokens(std::move(endTokens)) {
    for (const AddedToken& token : parts.addedTokens) m_isSpecial[static_cast<std::size_t>(token.id)] = token.isSpecial;
    std::erase_if(m_endTokens, [this](TokenId id) { return id < 0 || id >= m_size; });
    std::sort(m_endTokens.begin(), m_endTokens.end());
    m_endTokens.erase(std::unique(m_endTokens.begin(), m_endTokens.end()), m_endTokens.end());
    // What the normalizer and the pre-tokenizer make of a space between words.
    const std::string space = m_normalizer.apply("a b");
    const std::string middle = m_preTokenizer.prepared(space, false).value_or(space);
    if (const auto end = middle.find('b'); end != std::string::npos && end > 0) {
        const std::size_t bytes = codePointBefore(middle, end).bytes;
        m_spaceInStretches = middle.substr(end - bytes, bytes);
    }
    setThreads(0);
}

void BpeTokenizer::setThreads(int threads, std::size_t cutBytes) {
    m_threads = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    m_cutBytes = std::max<std::size_t>(cutBytes, 1);
}

std::string BpeTokenizer::description() const {
    const char* kind = m_model.units() == BpeUnits::Bytes ? "byte-level BPE" : "BPE";
    return text(kind, ", ", m_size, " pieces");
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text, SpecialTokens special) const {
    if (text.size() > kMostTextBytes) {
        throw Error("a text of ", text.size(), " bytes is too long to be tokenized at once; cut it below ",
                    kMostTextBytes);
    }
    if (const auto invalid = firstInvalidUtf8(text)) throw Error("the text is not UTF-8 at byte ", *invalid);
    Texts texts;
    m_addedTokens.split(text, special, [&](std::string_view part, std::optional<TokenId> id) {
        if (id) {
            texts.parts.push_back({part, id});
        } else {
            addParts(part, part.data() == text.data(), special, texts);
        }
    });

    // Neighbouring parts of about as many bytes go to each thread.
    std::size_t bytes = 0;
    for (const Part& part : texts.parts) bytes += part.text.size();
    const std::size_t threads = std::clamp<std::size_t>(bytes / m_cutBytes, 1, static_cast<std::size_t>(m_threads));
    std::vector<const Part*> bounds{texts.parts.data()};
    const Part* end = texts.parts.data() + texts.parts.size();
    std::size_t passed = 0;
    for (const Part* part = bounds[0]; part != end; ++part) {
        if (passed * threads >= bytes * bounds.size()) bounds.push_back(part);
        passed += part->text.size();
    }
    bounds.push_back(end);
    std::vector<std::vector<TokenId>> ids(bounds.size() - 1);
    runTasks(ids.size(), [&](std::size_t i) { ids[i] = encodeParts(bounds[i], bounds[i + 1]); });
    for (std::size_t i = 1; i < ids.size(); ++i) ids[0].insert(ids[0].end(), ids[i].begin(), ids[i].end());
    return std::move(ids[0]);
}

// `text` lies between tokens that were found in the text as it is.
void BpeTokenizer::addParts(std::string_view text, bool isStart, SpecialTokens special, Texts& texts) const {
    const std::string_view normalized = m_normalizer.isEmpty() ? text : texts.keep(m_normalizer.apply(text));
    m_normalizedTokens.split(normalized, special, [&](std::string_view part, std::optional<TokenId> id) {
        if (id) {
            texts.parts.push_back({part, id});
            return;
        }
        auto prepared = m_preTokenizer.prepared(part, isStart && part.data() == normalized.data());
        cut(prepared ? texts.keep(std::move(*prepared)) : part, texts.parts);
    });
}

void BpeTokenizer::cut(std::string_view text, std::vector<Part>& parts) const {
    while (text.size() > m_cutBytes) {
        const std::size_t at = cutAfter(text, m_cutBytes);
        parts.push_back({text.substr(0, at), std::nullopt});
        text.remove_prefix(at);
    }
    if (!text.empty()) parts.push_back({text, std::nullopt});
}

// A place where the text can be cut without changing its ids: between an ASCII letter and a space, where the pre-tokenizer
// or, where that leaves texts whole, the merges always part the two. The end where there is none.
std::size_t BpeTokenizer::cutAfter(std::string_view text, std::size_t from) const {
    if (!m_preTokenizer.leavesWhole() && !m_preTokenizer.separatesBeforeSpace()) return text.size();
    const std::string& space = m_preTokenizer.leavesWhole() ? m_spaceInStretches : m_preTokenizer.space();
    for (std::size_t at = text.find(space, from); at < text.size(); at = text.find(space, at + 1)) {
        if (!isAsciiLetter(text[at - 1])) continue;
        if (!m_preTokenizer.leavesWhole()) return at;
        if (m_model.separates(codePointAt(text, at - 1).value, codePointAt(text, at).value)) return at;
    }
    return text.size();
}

std::vector<TokenId> BpeTokenizer::encodeParts(const Part* begin, const Part* end) const {
    std::size_t bytes = 0;
    for (const Part* part = begin; part != end; ++part) bytes += part->text.size();
    BpeEncoder encoder(m_model, bytes);
    BpePreTokenizerRun run(m_preTokenizer, [&encoder](std::string_view stretch) { encoder.encode(stretch); });
    for (const Part* part = begin; part != end; ++part) {
        if (part->id) {
            encoder.add(*part->id);
        } else {
            run.split(part->text);
        }
    }
    return encoder.take();
}

std::string BpeTokenizer::decode(const std::vector<TokenId>& ids, SpecialText special) const {
    std::vector<TokenId> shown;
    shown.reserve(ids.size());
    for (const TokenId id : ids) {
        if (id < 0 || id >= m_size) throw Error(m_name, ": there is no token ", id, "; ids run from 0 to ", m_size - 1);
        if (special == SpecialText::Show || !m_isSpecial[static_cast<std::size_t>(id)]) shown.push_back(id);
    }
    return m_decoder.decode(shown);
}

}  // namespace gptq
