// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which of a model folder's files make its tokenizer, and what the files beside them say of it.

#include <QTest>

#include "core/io/resources.h"
#include "support/test_files.h"
#include "support/token_goldens.h"

namespace gptq::test {

namespace fs = std::filesystem;

class BpeFoldersTest : public QObject {
    Q_OBJECT

private slots:
    void tokenizerJsonComesFirst();
    void otherKindsLeaveItToTokenizerModel();
    void settingsAreHeeded_data();
    void settingsAreHeeded();
    void templatesOpenATextAsLlama3s();
    void gpt2sFilesAreEnough();
    void qwen2sFilesAreEnough();
    void foldersAddTokens();
    void controlPiecesOfSentencePieceAreParsed();
};

static fs::path demoFolder() {
    return resourceFolder() / "demo";
}

// A small tokenizer.json in SentencePiece's style: <unk> 0, <s> 1, </s> 2.
static Json smallDocument() {
    return textGolden("bpe_variants").at("small");
}

// GPT-2's pieces for all bytes, "ab" and a control token.
static void writeByteFiles(const TemporaryFolder& folder) {
    Json vocabulary = Json::object();
    for (int byte = 0; byte < 256; ++byte) {
        std::string piece;
        const char32_t c = byteLevelCharacter(static_cast<unsigned char>(byte));
        if (c < 0x80) {
            piece += static_cast<char>(c);
        } else {
            piece += static_cast<char>(0xc0 | c >> 6);
            piece += static_cast<char>(0x80 | (c & 0x3f));
        }
        vocabulary[piece] = byte;
    }
    vocabulary["ab"] = 256;
    vocabulary["<|endoftext|>"] = 257;
    writeFile(folder / "vocab.json", vocabulary.dump());
    writeFile(folder / "merges.txt", "#version: 0.2\r\na b\r\n\r\n");
}

void BpeFoldersTest::tokenizerJsonComesFirst() {
    const TemporaryFolder folder;
    fs::copy_file(demoFolder() / "tokenizer.model", folder / "tokenizer.model");
    writeByteFiles(folder);
    QCOMPARE(loadTokenizer(folder.path())->description(), std::string("SentencePiece BPE, 4096 pieces"));
    writeFile(folder / "tokenizer.json", smallDocument().dump());
    QCOMPARE(loadTokenizer(folder.path())->description(), std::string("BPE, 1000 pieces"));
    writeFile(folder / "tokenizer.json", "{");  // broken is not absent
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), {"tokenizer.json: line 1"}), QString());
}

void BpeFoldersTest::otherKindsLeaveItToTokenizerModel() {
    const TemporaryFolder folder;
    writeFile(folder / "tokenizer.json", R"({"model":{"type":"Unigram","vocab":[["a",0.0]]}})");
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), {"tokenizer.json", "tokenizer.model"}),
             QString());
    fs::copy_file(demoFolder() / "tokenizer.model", folder / "tokenizer.model");
    QCOMPARE(loadTokenizer(folder.path())->description(), std::string("SentencePiece BPE, 4096 pieces"));
}

void BpeFoldersTest::settingsAreHeeded_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("content");
    QTest::addColumn<int>("opening");  // -1: none
    QTest::addColumn<QList<int>>("ends");
    const auto row = [](const char* name, const char* file, const char* content, int opening, const QList<int>& ends) {
        QTest::newRow(name) << QString(file) << QString(content) << opening << ends;
    };
    row("nothing said", "unrelated.json", "{}", 1, {});
    row("no BOS", "tokenizer_config.json", R"({"add_bos_token":false,"bos_token":"<s>"})", -1, {});
    row("BOS", "tokenizer_config.json", R"({"add_bos_token":true})", 1, {});
    row("another BOS", "tokenizer_config.json", R"({"add_bos_token":true,"bos_token":"</s>"})", 2, {});
    row("BOS as an object", "tokenizer_config.json", R"({"add_bos_token":true,"bos_token":{"content":"</s>"}})", 2, {});
    row("null is nothing", "tokenizer_config.json", R"({"add_bos_token":null,"eos_token":null})", 1, {});
    row("EOS by name", "tokenizer_config.json", R"({"eos_token":"</s>"})", 1, {2});
    row("EOS by name as an object", "special_tokens_map.json", R"({"eos_token":{"content":"</s>"}})", 1, {2});
    row("EOS that is no piece", "tokenizer_config.json", R"({"eos_token":"<end>"})", 1, {});
    row("EOS by id", "config.json", R"({"eos_token_id":2})", 1, {2});
    row("several", "generation_config.json", R"({"eos_token_id":[7,2,7,100000]})", 1, {2, 7});
}

void BpeFoldersTest::settingsAreHeeded() {
    QFETCH(QString, file);
    QFETCH(QString, content);
    QFETCH(int, opening);
    QFETCH(QList<int>, ends);
    const TemporaryFolder folder;
    Json document = smallDocument();
    document["post_processor"] = parseJson(R"({"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}})",
                                           "the test");
    writeFile(folder / "tokenizer.json", document.dump());
    writeFile(folder / file.toStdString(), content.toStdString());
    const auto tokenizer = loadTokenizer(folder.path());
    QCOMPARE(tokenizer->openingToken().value_or(-1), opening);
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>(ends.begin(), ends.end()));
}

void BpeFoldersTest::templatesOpenATextAsLlama3s() {
    Json document = smolLm2Document();
    document["post_processor"] = parseJson(R"({"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
         "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [1], "tokens": ["<|im_start|>"]}}}]})",
                                           "the test");
    const auto tokenizer = tokenizerOf(document);
    QCOMPARE(tokenizer->openingToken(), std::optional<TokenId>(1));
    QVERIFY(tokenizer->encode("a").front() != 1);  // without it
}

void BpeFoldersTest::gpt2sFilesAreEnough() {
    const TemporaryFolder folder;
    writeByteFiles(folder);
    const auto tokenizer = loadTokenizer(folder.path());
    QCOMPARE(tokenizer->description(), std::string("byte-level BPE, 258 pieces"));
    QCOMPARE(tokenizer->encode("ab A"), (std::vector<TokenId>{256, ' ', 'A'}));
    QCOMPARE(tokenizer->encode("<|endoftext|>", SpecialTokens::Parse), std::vector<TokenId>{257});
    QCOMPARE(tokenizer->encode("<|endoftext|>").size(), std::size_t{13});
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>{257});
    QCOMPARE(tokenizer->decode({256, 0xf0, 0x9f, 0x98, 0x80, 257, 0xf0}),
             std::string("ab\xf0\x9f\x98\x80\xef\xbf\xbd"));
    writeFile(folder / "tokenizer_config.json", R"({"tokenizer_class":"GPT2TokenizerFast","add_prefix_space":true})");
    QCOMPARE(loadTokenizer(folder.path())->encode("ab"), (std::vector<TokenId>{' ', 256}));
}

void BpeFoldersTest::qwen2sFilesAreEnough() {
    const TemporaryFolder folder;
    writeByteFiles(folder);
    writeFile(folder / "tokenizer_config.json", R"({"tokenizer_class":"Qwen2Tokenizer","eos_token":"<|im_end|>",
        "added_tokens_decoder":{"258":{"content":"<|im_end|>","special":true},"259":{"content":"<tool>","special":false}}})");
    const auto tokenizer = loadTokenizer(folder.path());
    QCOMPARE(tokenizer->encode("e\xcc\x81"), (std::vector<TokenId>{0xc3, 0xa9}));  // composed
    QCOMPARE(tokenizer->encode("<|im_end|><tool>", SpecialTokens::Parse), (std::vector<TokenId>{258, 259}));
    QCOMPARE(tokenizer->encode("<tool>"), std::vector<TokenId>{259});  // a word like any other, but for its writing
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>{258});
    QCOMPARE(tokenizer->size(), std::int64_t{260});
}

void BpeFoldersTest::foldersAddTokens() {
    const TemporaryFolder folder;
    writeByteFiles(folder);
    writeFile(folder / "added_tokens.json", R"({"<pad>":258,"<x>":259})");
    writeFile(folder / "special_tokens_map.json", R"({"pad_token":"<pad>"})");
    const auto tokenizer = loadTokenizer(folder.path());
    QCOMPARE(tokenizer->encode("<x>"), std::vector<TokenId>{259});
    QCOMPARE(tokenizer->encode("<pad>").size(), std::size_t{5});
    QCOMPARE(tokenizer->encode("<pad>", SpecialTokens::Parse), std::vector<TokenId>{258});
    QCOMPARE(tokenizer->decode({258, 259}), std::string("<x>"));
}

void BpeFoldersTest::controlPiecesOfSentencePieceAreParsed() {
    const auto tokenizer = loadTokenizer(demoFolder());
    const auto text = tokenizer->encode("the sea");
    std::vector<TokenId> expected{1};
    expected.insert(expected.end(), text.begin(), text.end());
    expected.push_back(2);
    QCOMPARE(tokenizer->encode("<s>the sea</s>", SpecialTokens::Parse), expected);
    QVERIFY(tokenizer->encode("<s>the sea</s>").front() != 1);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpeFoldersTest)
#include "bpe_folders_test.moc"
