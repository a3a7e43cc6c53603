// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/token_goldens.h"

#include <QCryptographicHash>

#include "core/io/gzip.h"
#include "core/text/bpe_files.h"
#include "core/text/utf8.h"
#include "support/test_files.h"

namespace gptq::test {

Json textGolden(const std::string& name) {
    return readJson(goldenFile("text/" + name + ".json"));
}

Json smolLm2Document() {
    const auto file = openFile(goldenFile("text/smollm2_tokenizer.json.gz"));
    return parseJson(readGzip(*file, 16u << 20), "smollm2");
}

std::unique_ptr<BpeTokenizer> tokenizerOf(const Json& document) {
    auto tokenizer = parseTokenizerJson(document.dump(), "tokenizer.json", {});
    return std::unique_ptr<BpeTokenizer>(&dynamic_cast<BpeTokenizer&>(*tokenizer.release()));
}

std::string sha256Of(const std::vector<TokenId>& ids) {
    return sha256Of(std::string_view(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(TokenId)));
}

std::string sha256Of(std::string_view bytes) {
    const QByteArray content(bytes.data(), static_cast<qsizetype>(bytes.size()));
    return QCryptographicHash::hash(content, QCryptographicHash::Sha256).toHex().toStdString();
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
    StreamingDecoder decoder(tokenizer, {});
    std::string all;
    for (const TokenId id : ids) {
        const std::string piece = decoder.push(id);
        if (firstInvalidUtf8(piece)) throw Error("half a character was emitted");
        all += piece;
    }
    return all + decoder.finish();
}

QString firstDifference(const Tokenizer& tokenizer, const Json& golden, SpecialTokens special) {
    for (const Json& entry : golden.at("cases")) {
        const auto name = QString::fromStdString(entry.at("name").get<std::string>());
        const auto ids = entry.at("ids").get<std::vector<TokenId>>();
        if (tokenizer.encode(entry.at("text").get<std::string>(), special) != ids) return "ids of: " + name;
        if (tokenizer.decode(ids, SpecialText::Show) != entry.at("decoded").get<std::string>())
            return "text of: " + name;
        if (streamed(tokenizer, ids) != tokenizer.decode(ids)) return "stream of: " + name;
    }
    return golden.at("cases").size() > 100 ? QString() : QString("there are too few cases");
}

}  // namespace gptq::test
