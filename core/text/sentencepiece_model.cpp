// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/sentencepiece_model.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "kernels/error.h"

namespace gptq {

namespace {

struct Broken {
    std::string reason;
};

// One field of a protocol buffers message (protobuf.dev, "Encoding").
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  // of a varint
    std::string_view bytes;   // of a string, byte string or message
};

class FieldReader {
public:
    explicit FieldReader(std::string_view message) : m_rest(message) {}

    std::optional<Field> next() {
        if (m_rest.empty()) return std::nullopt;
        const std::uint64_t tag = varint();
        Field field;
        field.number = tag >> 3;
        if (field.number == 0) throw Broken{"a field has no number"};
        switch (tag & 7) {
            case 0: field.value = varint(); break;
            case 1: take(8); break;
            case 2: field.bytes = take(varint()); break;
            case 5: take(4); break;
            default: throw Broken{"a field is of an unknown kind"};
        }
        return field;
    }

private:
    std::string_view take(std::uint64_t count) {
        if (count > m_rest.size()) throw Broken{"it ends in the middle of a field"};
        const std::string_view taken = m_rest.substr(0, static_cast<std::size_t>(count));
        m_rest.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1)[0]);
            value |= static_cast<std::uint64_t>(byte & 0x7fu) << shift;
            if (byte < 0x80) return value;
        }
        throw Broken{"a number is too long"};
    }

    std::string_view m_rest;
};

// The compiled normalization rules: length of a double array (darts-clone), the array, the replacements, each ended by a
// zero. The library follows the array without bounds, keeps at most 32 matches on its stack and believes each match's
// offset. So every node that some text can reach is visited here, one byte of text further a round.
void checkRules(std::string_view rules) {
    constexpr int kMostMatches = 32;              // Normalizer::kMaxTrieResultsSize
    constexpr int kLongestRule = 256;             // bytes; ends a walk in circles
    constexpr std::size_t kMostNodes = 1u << 20;  // the usual rules (nmt_nfkc) have some 60,000
    if (rules.empty()) return;
    std::uint32_t arrayBytes = 0;
    if (rules.size() <= sizeof(arrayBytes)) throw Broken{"its normalization rules are too short"};
    std::memcpy(&arrayBytes, rules.data(), sizeof(arrayBytes));
    rules.remove_prefix(sizeof(arrayBytes));
    if (arrayBytes == 0 || arrayBytes % 4 != 0 || arrayBytes >= rules.size()) {
        throw Broken{"the length of its normalization rules is wrong"};
    }
    const std::size_t units = arrayBytes / 4;
    const std::size_t replacementBytes = rules.size() - arrayBytes;
    const auto unit = [&rules, units](std::size_t index) {
        if (index >= units) throw Broken{"its normalization rules point outside themselves"};
        std::uint32_t value = 0;
        std::memcpy(&value, rules.data() + 4 * index, 4);
        return value;
    };
    const auto offset = [](std::uint32_t value) { return (value >> 10) << ((value & (1u << 9)) >> 6); };

    // Where a node's children begin, and the matches on the way there.
    std::map<std::uint32_t, int> nodes{{offset(unit(0)), 0}};
    std::size_t visited = 0;
    for (int length = 1; !nodes.empty(); ++length) {
        visited += nodes.size();
        if (length > kLongestRule || visited > kMostNodes) throw Broken{"its normalization rules are too long"};
        std::map<std::uint32_t, int> further;
        for (const auto& [base, matches] : nodes) {
            for (std::uint32_t byte = 0; byte < 256; ++byte) {
                const std::uint32_t child = base ^ byte;
                const std::uint32_t value = unit(child);
                if ((value & 0x800000ffu) != byte) continue;  // a label: no such child
                const bool isMatch = (value >> 8 & 1u) != 0;
                const std::uint32_t childBase = child ^ offset(value);
                if (isMatch && (unit(childBase) & 0x7fffffffu) >= replacementBytes) {
                    throw Broken{"its normalization rules point outside their replacements"};
                }
                int& most = further[childBase];
                most = std::max(most, matches + (isMatch ? 1 : 0));
                if (most > kMostMatches) throw Broken{"its normalization rules are nested too deeply"};
            }
        }
        nodes.swap(further);
    }
}

// The library keeps at most 64 user-defined pieces that begin alike on its stack.
void checkUserPieces(std::vector<std::string_view> pieces) {
    std::sort(pieces.begin(), pieces.end());
    std::vector<std::string_view> prefixes;  // of the current piece, itself included
    for (const std::string_view piece : pieces) {
        if (piece.find('\0') != std::string_view::npos) throw Broken{"a user-defined piece holds a zero byte"};
        while (!prefixes.empty() && piece.substr(0, prefixes.back().size()) != prefixes.back()) prefixes.pop_back();
        prefixes.push_back(piece);
        if (prefixes.size() > 64) throw Broken{"more than 64 user-defined pieces begin alike"};
    }
}

std::string kindOf(std::uint64_t number) {
    switch (number) {
        case 1: return "Unigram";
        case 2: return "BPE";
        case 3: return "word";
        case 4: return "character";
        default: throw Broken{"it is of an unknown kind"};
    }
}

// The fields that are read, by their numbers in sentencepiece_model.proto.
SentencePieceModel readModel(std::string_view bytes) {
    constexpr std::uint64_t kUserDefined = 4;
    SentencePieceModel model;
    std::vector<std::string_view> userPieces;
    bool hasPieces = false;
    FieldReader fields(bytes);
    while (const auto field = fields.next()) {
        FieldReader inner(field->bytes);
        if (field->number == 1) {  // pieces
            hasPieces = true;
            std::string_view piece;
            std::uint64_t type = 0;
            while (const auto part = inner.next()) {
                if (part->number == 1) piece = part->bytes;
                if (part->number == 3) type = part->value;
            }
            if (type == kUserDefined) userPieces.push_back(piece);
        } else if (field->number == 2) {  // trainer_spec
            while (const auto part = inner.next()) {
                if (part->number == 3) model.kind = kindOf(part->value);
            }
        } else if (field->number == 3 || field->number == 5) {  // normalizer_spec, denormalizer_spec
            while (const auto part = inner.next()) {
                if (part->number == 2) checkRules(part->bytes);
            }
        }
    }
    if (!hasPieces) throw Broken{"it holds no pieces"};
    checkUserPieces(std::move(userPieces));
    return model;
}

}  // namespace

SentencePieceModel checkSentencePieceModel(std::string_view bytes, const std::string& what) {
    try {
        return readModel(bytes);
    } catch (const Broken& broken) {
        throw Error(what, " is no usable SentencePiece model: ", broken.reason, "; download the file again");
    }
}

}  // namespace gptq
