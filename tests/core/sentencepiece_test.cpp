// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <QCryptographicHash>
#include <QTest>
#include <set>

#include "core/io/json.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "core/text/tokenizer.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class SentencePieceTest : public QObject {
    Q_OBJECT

private slots:
    void idsAndTextsAreTheReferenceLibrarys_data();
    void idsAndTextsAreTheReferenceLibrarys();
    void aLargeTextHasTheReferenceLibrarysIds_data();
    void aLargeTextHasTheReferenceLibrarysIds();
    void theDemoTokenizerDescribesItself();
    void textsThatAreNoneAreRefused();
    void unknownIdsAreRefused();
    void configurationFilesAreHeeded_data();
    void configurationFilesAreHeeded();
    void brokenFoldersAreRefused_data();
    void brokenFoldersAreRefused();

private:
    void eachGolden() const;
};

struct Golden {
    Json json;
    std::unique_ptr<Tokenizer> tokenizer;  // none where it is not on this machine
};

static Golden load(const QString& name) {
    const bool isDemo = name == "demo_sentencepiece";
    const fs::path folder = isDemo ? demoModel() : foreignData("tokenizers/llama2");
    Golden golden{readJson(goldenFile("text/" + name.toStdString() + ".json")), nullptr};
    if (fs::exists(folder / "tokenizer.model")) golden.tokenizer = loadTokenizer(folder);
    return golden;
}

void SentencePieceTest::eachGolden() const {
    QTest::addColumn<QString>("golden");
    QTest::newRow("demo") << "demo_sentencepiece";
    QTest::newRow("Llama 2") << "llama2_sentencepiece";
}

void SentencePieceTest::idsAndTextsAreTheReferenceLibrarys_data() {
    eachGolden();
}

void SentencePieceTest::idsAndTextsAreTheReferenceLibrarys() {
    QFETCH(QString, golden);
    const Golden expected = load(golden);
    if (!expected.tokenizer) QSKIP("this tokenizer.model is not part of the repository, and not on this machine");
    int cases = 0;
    for (const Json& entry : expected.json.at("cases")) {
        const auto name = entry.at("name").get<std::string>();
        const auto ids = entry.at("ids").get<std::vector<TokenId>>();
        if (expected.tokenizer->encode(entry.at("text").get<std::string>()) != ids) QFAIL(("ids of: " + name).c_str());
        if (expected.tokenizer->decode(ids) != entry.at("decoded").get<std::string>())
            QFAIL(("text of: " + name).c_str());
        ++cases;
    }
    QVERIFY(cases > 100);
}

void SentencePieceTest::aLargeTextHasTheReferenceLibrarysIds_data() {
    eachGolden();
}

void SentencePieceTest::aLargeTextHasTheReferenceLibrarysIds() {
    QFETCH(QString, golden);
    const fs::path text = foreignData("wikitext2/wiki.valid.raw");
    const Golden expected = load(golden);
    if (!expected.tokenizer || !fs::exists(text)) QSKIP("this tokenizer.model or WikiText-2 is not on this machine");
    const Json& large = expected.json.at("wikitext2_1mb");
    const std::string begin = readFile(text).substr(0, large.at("bytes").get<std::size_t>());
    const auto ids = expected.tokenizer->encode(begin);
    QCOMPARE(ids.size(), large.at("ids").get<std::size_t>());
    const QByteArray bytes(reinterpret_cast<const char*>(ids.data()),
                           static_cast<qsizetype>(ids.size() * sizeof(TokenId)));
    const QByteArray hash = QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex();
    QCOMPARE(hash, QByteArray::fromStdString(large.at("sha256").get<std::string>()));
    QCOMPARE(expected.tokenizer->decode(ids), begin);
}

void SentencePieceTest::theDemoTokenizerDescribesItself() {
    const auto tokenizer = loadTokenizer(demoModel());
    QCOMPARE(tokenizer->description(), std::string("SentencePiece BPE, 4096 pieces"));
    QCOMPARE(tokenizer->size(), std::int64_t{4096});
    QCOMPARE(tokenizer->openingToken(), std::optional<TokenId>(1));
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>{2});
    QVERIFY(tokenizer->encode("").empty());
    QCOMPARE(tokenizer->decode({}), std::string());
    QCOMPARE(tokenizer->decode({1, 2}), std::string());  // control tokens have no text
    const std::string zeros("a\0b\0", 4);
    QCOMPARE(tokenizer->decode(tokenizer->encode(zeros)), zeros);
}

void SentencePieceTest::textsThatAreNoneAreRefused() {
    const auto tokenizer = loadTokenizer(demoModel());
    QCOMPARE(lackingIn(errorOf([&] { tokenizer->encode("caf\xe9"); }), {"not UTF-8 at byte 3"}), QString());
    const std::string huge((64u << 20) + 1, 'x');
    QCOMPARE(lackingIn(errorOf([&] { tokenizer->encode(huge); }), {"67108865 bytes is too long"}), QString());
}

void SentencePieceTest::unknownIdsAreRefused() {
    const auto tokenizer = loadTokenizer(demoModel());
    for (const TokenId id : {-1, 4096}) {
        const auto message = errorOf([&] { tokenizer->decode({5, id}); });
        QCOMPARE(lackingIn(message, {"tokenizer.model", "no token " + QString::number(id), "0 to 4095"}), QString());
    }
}

void SentencePieceTest::configurationFilesAreHeeded_data() {
    QTest::addColumn<QString>("tokenizerConfig");  // empty: no such file
    QTest::addColumn<QString>("generationConfig");
    QTest::addColumn<QString>("config");
    QTest::addColumn<bool>("opens");
    QTest::addColumn<QList<int>>("ends");
    QTest::newRow("no files") << ""
                              << ""
                              << "" << true << QList{2};
    QTest::newRow("no BOS") << R"({"add_bos_token":false})"
                            << ""
                            << "" << false << QList{2};
    QTest::newRow("BOS said to be null") << R"({"add_bos_token":null})"
                                         << ""
                                         << "" << true << QList{2};
    QTest::newRow("one more end") << ""
                                  << R"({"eos_token_id":7})"
                                  << "" << true << QList{2, 7};
    QTest::newRow("a list of ends") << ""
                                    << R"({"eos_token_id":[9,2,7,9]})"
                                    << "" << true << QList{2, 7, 9};
    QTest::newRow("the model's ends") << ""
                                      << ""
                                      << R"({"eos_token_id":8})" << true << QList{2, 8};
    QTest::newRow("generation before model") << ""
                                             << R"({"eos_token_id":7})"
                                             << R"({"eos_token_id":8})" << true << QList{2, 7};
    QTest::newRow("model where generation is silent") << ""
                                                      << R"({"eos_token_id":null})"
                                                      << R"({"eos_token_id":8})" << true << QList{2, 8};
    QTest::newRow("an end that the tokenizer has not") << ""
                                                       << R"({"eos_token_id":[4096,4095]})"
                                                       << "" << true << QList{2, 4095};
}

void SentencePieceTest::configurationFilesAreHeeded() {
    QFETCH(QString, tokenizerConfig);
    QFETCH(QString, generationConfig);
    QFETCH(QString, config);
    QFETCH(bool, opens);
    QFETCH(QList<int>, ends);
    const TemporaryFolder folder;
    fs::copy_file(demoModel() / "tokenizer.model", folder / "tokenizer.model");
    if (!tokenizerConfig.isEmpty()) writeFile(folder / "tokenizer_config.json", tokenizerConfig.toStdString());
    if (!generationConfig.isEmpty()) writeFile(folder / "generation_config.json", generationConfig.toStdString());
    if (!config.isEmpty()) writeFile(folder / "config.json", config.toStdString());
    const auto tokenizer = loadTokenizer(folder.path());
    QCOMPARE(tokenizer->openingToken().has_value(), opens);
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>(ends.begin(), ends.end()));
}

void SentencePieceTest::brokenFoldersAreRefused_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    const QByteArray demo = QByteArray::fromStdString(readFile(demoModel() / "tokenizer.model"));
    QTest::newRow("nothing") << "unrelated.txt" << QByteArray()
                             << QStringList{"has no tokenizer", "tokenizer.model", "tokenizer.json"};
    QTest::newRow("another kind") << "tokenizer.json" << QByteArray("{}")
                                  << QStringList{"tokenizer.json", "'model' is missing"};
    QTest::newRow("an empty file") << "tokenizer.model" << QByteArray()
                                   << QStringList{"tokenizer.model is no usable SentencePiece model",
                                                  "holds no pieces"};
    QTest::newRow("a file cut short") << "tokenizer.model" << demo.left(1000)
                                      << QStringList{"tokenizer.model is no usable", "download the file again"};
    QTest::newRow("a text") << "tokenizer.model" << QByteArray("IQ== 0\nIg== 1\n")
                            << QStringList{"tokenizer.model is no usable SentencePiece model"};
    QTest::newRow("zeros") << "tokenizer.model" << QByteArray(1000, '\0')
                           << QStringList{"tokenizer.model is no usable SentencePiece model"};
    QTest::newRow("a Git LFS pointer") << "tokenizer.model"
                                       << QByteArray("version https://git-lfs.github.com/spec/v1\n")
                                       << QStringList{"Git LFS pointer"};
    QTest::newRow("a broken configuration")
        << "tokenizer_config.json" << QByteArray("{") << QStringList{"tokenizer_config.json: line 1"};
    QTest::newRow("a wrong type in it")
        << "tokenizer_config.json" << QByteArray(R"({"add_bos_token":"yes"})")
        << QStringList{"tokenizer_config.json: 'add_bos_token' must be true or false, but it is \"yes\""};
    QTest::newRow("an end that is a string")
        << "generation_config.json" << QByteArray(R"({"eos_token_id":"</s>"})")
        << QStringList{"generation_config.json: 'eos_token_id' must be an integer from 0"};
    QTest::newRow("a negative end") << "config.json" << QByteArray(R"({"eos_token_id":-1})")
                                    << QStringList{"config.json: 'eos_token_id'", "-1"};
    QTest::newRow("a list with a float") << "config.json" << QByteArray(R"({"eos_token_id":[2,2.5]})")
                                         << QStringList{"config.json: 'eos_token_id'", "2.5"};
}

void SentencePieceTest::brokenFoldersAreRefused() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    const TemporaryFolder folder;
    if (file.endsWith("config.json")) fs::copy_file(demoModel() / "tokenizer.model", folder / "tokenizer.model");
    writeFile(folder / file.toStdString(), content.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), parts), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SentencePieceTest)
#include "sentencepiece_test.moc"
