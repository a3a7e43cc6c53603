// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files of byte-pair encodings that are not what they should be.

#include <QElapsedTimer>
#include <QTest>

#include "core/text/bpe_files.h"
#include "support/test_files.h"
#include "support/token_goldens.h"

namespace gptq::test {

class BpeBrokenFilesTest : public QObject {
    Q_OBJECT

private slots:
    void brokenDocumentsAreRefused_data();
    void brokenDocumentsAreRefused();
    void brokenComponentsAreRefused_data();
    void brokenComponentsAreRefused();
    void brokenVocabulariesAndMergesAreRefused_data();
    void brokenVocabulariesAndMergesAreRefused();
    void brokenAddedTokensOfFoldersAreRefused_data();
    void brokenAddedTokensOfFoldersAreRefused();
    void hugeFilesAreReadInTime();
};

// A sound tokenizer.json with the value at a JSON pointer replaced.
static std::string documentWith(const char* place, const char* value) {
    Json document = parseJson(R"({
        "added_tokens": [{"id": 4, "content": "<s>", "special": true}],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
        "post_processor": null,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3}, "merges": ["a b"]}})",
                              "the test");
    document[Json::json_pointer(place)] = parseJson(value, "the test");
    return document.dump();
}

static void addRow(const char* name, const char* place, const char* value, const QStringList& parts) {
    QTest::newRow(name) << QByteArray::fromStdString(documentWith(place, value)) << parts;
}

static void refuse(const QByteArray& content, const QStringList& parts) {
    const TemporaryFolder folder;
    writeFile(folder / "tokenizer.json", content.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), QStringList{"tokenizer.json"} + parts),
             QString());
}

void BpeBrokenFilesTest::brokenDocumentsAreRefused_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("empty") << QByteArray() << QStringList{"line 1, column 1", "unexpected end"};
    QTest::newRow("cut short") << QByteArray::fromStdString(documentWith("/version", "1")).chopped(9)
                               << QStringList{"line 1"};
    QTest::newRow("a list") << QByteArray("[]") << QStringList{"must be an object"};
    QTest::newRow("nothing in it") << QByteArray("{}") << QStringList{"'model' is missing"};
    QTest::newRow("a Git LFS pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\n")
                                       << QStringList{"Git LFS"};
    QTest::newRow("not UTF-8") << QByteArray(R"({"model":{"vocab":{")") + "\xff" + "\":0}}}"
                               << QStringList{"ill-formed UTF-8"};
    QTest::newRow("deep") << QByteArray("[").repeated(100) << QStringList{"nested more than 64"};
    addRow("another type", "/model/type", R"("Unigram")", {"type that is not supported", "BPE"});
    addRow("a type that is none", "/model/type", "7", {": model: 'type' must be a string"});
    addRow("no vocabulary", "/model/vocab", "null", {": model: 'vocab' must be an object"});
    addRow("an empty vocabulary", "/model/vocab", "{}", {"there are no pieces"});
    addRow("a list of pieces", "/model/vocab", R"([["a", 0.0]])", {": model: 'vocab' must be an object"});
    addRow("an id that is a string", "/model/vocab/c", R"("3")", {"the id of \"c\" must be an integer", "\"3\""});
    addRow("an id with a fraction", "/model/vocab/c", "3.5", {"the id of \"c\" must be an integer", "3.5"});
    addRow("a negative id", "/model/vocab/c", "-3", {"the id of \"c\"", "-3"});
    addRow("an id too large", "/model/vocab/c", "4194304", {"the id of \"c\"", "4194304"});
    addRow("an id beyond 64 bits", "/model/vocab/c", "18446744073709551615",
           {"the id of \"c\"", "18446744073709551615"});
    addRow("an id of two pieces", "/model/vocab/c", "2", {"\"ab\" and \"c\" have the same id 2"});
    addRow("ids with large holes", "/model/vocab/c", "4000000", {"reach 4000000", "only 4 pieces"});
    addRow("no merges", "/model/merges", "null", {": model: 'merges' must be a list"});
    addRow("merges by name", "/model/merges", R"({"a": "b"})", {": model: 'merges' must be a list"});
    addRow("a merge of one", "/model/merges/0", R"("ab")", {": model: merge 0 must be two pieces"});
    addRow("a merge of three", "/model/merges/0", R"("a b c")", {": model: merge 0 must be two pieces"});
    addRow("a list of three", "/model/merges/0", R"(["a", "b", "c"])", {": model: merge 0 must be two pieces"});
    addRow("a merge of numbers", "/model/merges/0", "[0, 1]", {": model: merge 0 must be two pieces"});
    addRow("a merge of nothing", "/model/merges/0", R"("a ")", {"merge 0", "\"\""});
    addRow("a merge of an unknown piece", "/model/merges/0", R"("a x")", {"merge 0", "\"x\"", "no piece"});
    addRow("a merge into an unknown piece", "/model/merges/0", R"("a c")", {"merge 0", "\"ac\"", "no piece"});
    addRow("a merge of a control token", "/model/merges/0", R"("a <s>")", {"merge 0", "\"<s>\"", "no piece"});
    addRow("an unknown token that is unknown", "/model/unk_token", R"("x")", {"'unk_token' \"x\" is no piece"});
    addRow("a prefix", "/model/continuing_subword_prefix", R"("##")", {"'continuing_subword_prefix' is not supported"});
    addRow("a suffix", "/model/end_of_word_suffix", R"("</w>")", {"'end_of_word_suffix' is not supported"});
    addRow("dropout", "/model/dropout", "0.1", {"'dropout' is not supported"});
    addRow("byte fallback that is a word", "/model/byte_fallback", R"("yes")",
           {"'byte_fallback' must be true or false"});
    addRow("byte fallback of bytes", "/model/byte_fallback", "true",
           {"'byte_fallback' with ByteLevel is not supported"});
}

void BpeBrokenFilesTest::brokenDocumentsAreRefused() {
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    refuse(content, parts);
}

void BpeBrokenFilesTest::brokenComponentsAreRefused_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    const auto preTokenizer = [](const char* name, const char* value, const QStringList& parts) {
        addRow(name, "/pre_tokenizer", value, parts);
    };
    addRow("added tokens that are none", "/added_tokens", "{}", {"'added_tokens' must be a list"});
    addRow("an added token without content", "/added_tokens/0", R"({"id": 4})",
           {"added_tokens[0]: 'content' is missing"});
    addRow("an added token without id", "/added_tokens/0", R"({"content": "x"})", {"added_tokens[0]: 'id' is missing"});
    addRow("an empty added token", "/added_tokens/0/content", R"("")", {"the added token 4 has no content"});
    addRow("an added token at another's id", "/added_tokens/0/id", "3", {"\"c\" and \"<s>\" have the same id 3"});
    addRow("an added token with two ids", "/added_tokens/0/content", R"("c")",
           {"\"c\" has the id 4", "vocabulary says 3"});
    addRow("an added token far away", "/added_tokens/0/id", "4194304", {"added_tokens[0]: 'id' must be", "4194304"});
    addRow("an added token twice", "/added_tokens/1", R"({"id": 4, "content": "<s>"})", {"\"<s>\" is there twice"});
    QTest::newRow("a long added token") << QByteArray::fromStdString(documentWith(
                                               "/added_tokens/0/content", ('"' + std::string(2000, 'x') + '"').c_str()))
                                        << QStringList{"the added token 4 has 2000 bytes"};
    addRow("a normalizer that is none", "/normalizer", "7", {"'normalizer' must be an object"});
    addRow("a normalizer without type", "/normalizer", "{}", {"normalizer: 'type' is missing"});
    addRow("another normalizer", "/normalizer", R"({"type": "BertNormalizer"})",
           {"normalizer: the type \"BertNormalizer\""});
    addRow("a sequence of nothing", "/normalizer", R"({"type": "Sequence"})",
           {"normalizer: 'normalizers' must be a list"});
    addRow("another one in a sequence", "/normalizer",
           R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]})",
           {"normalizer[1]: the type \"Lowercase\""});
    addRow("an expression to replace", "/normalizer",
           R"({"type": "Replace", "pattern": {"Regex": "a"}, "content": ""})",
           {"normalizer: pattern: only a \"String\""});
    addRow("nothing to replace", "/normalizer", R"({"type": "Replace", "pattern": {"String": ""}, "content": "a"})",
           {"the string is empty"});
    QTest::newRow("a text that explodes")
        << QByteArray::fromStdString(documentWith(
               "/normalizer", (R"({"type": "Prepend", "prepend": ")" + std::string(100'000, 'x') + "\"}").c_str()))
        << QStringList{"normalizer: 'prepend' has 100000 bytes"};
    preTokenizer("another pre-tokenizer", R"({"type": "Whitespace"})", {"pre_tokenizer: the type \"Whitespace\""});
    preTokenizer("a space in front that is a word", R"({"type": "ByteLevel", "add_prefix_space": "no"})",
                 {"pre_tokenizer: 'add_prefix_space' must be true or false"});
    preTokenizer(
        "bytes before the end",
        R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": false}, {"type": "Digits"}]})",
        {"pre_tokenizer[1]: nothing can follow ByteLevel"});
    preTokenizer(
        "a space in front of parts",
        R"({"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "ByteLevel", "add_prefix_space": true}]})",
        {"pre_tokenizer[1]: a space in front is supported only"});
    preTokenizer(
        "something behind Metaspace",
        R"({"type": "Sequence", "pretokenizers": [{"type": "Metaspace", "replacement": "_"}, {"type": "Digits"}]})",
        {"pre_tokenizer[1]: nothing can follow Metaspace"});
    preTokenizer("a replacement too long", R"({"type": "Metaspace", "replacement": "__"})", {"must be one character"});
    preTokenizer("another scheme", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})",
                 {"'prepend_scheme' \"last\" is not supported"});
    preTokenizer("schemes that contradict",
                 R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "add_prefix_space": false})",
                 {"does not fit 'prepend_scheme'"});
    preTokenizer("a split by nothing", R"({"type": "Split", "behavior": "Isolated"})", {"'pattern' is missing"});
    preTokenizer("another behavior", R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Glued"})",
                 {"the behavior \"Glued\""});
    preTokenizer("an empty split", R"({"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated"})",
                 {"matches nothing as well"});
    preTokenizer("a broken expression", R"({"type": "Split", "pattern": {"Regex": "[a"}, "behavior": "Isolated"})",
                 {"pre_tokenizer: the regular expression", "[a"});
    preTokenizer("a costly expression", R"({"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Isolated"})",
                 {"pre_tokenizer: the regular expression"});
    addRow("no decoder", "/decoder", "null", {"'decoder' is missing"});
    addRow("another decoder", "/decoder", R"({"type": "WordPiece"})", {"decoder: the type \"WordPiece\""});
    addRow("a decoder out of order", "/decoder",
           R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]})",
           {"decoder[1]: ByteFallback is not supported this late"});
    addRow("strips without fusing", "/decoder", R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})",
           {"decoder: Strip is supported only after Fuse"});
    addRow(
        "strips without end", "/decoder",
        R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": -1, "stop": 0}]})",
        {"decoder[1]: 'start' must be an integer", "-1"});
    addRow("another post-processor", "/post_processor", R"({"type": "BertProcessing"})",
           {"post_processor: the type \"BertProcessing\""});
    addRow("a template without list", "/post_processor", R"({"type": "TemplateProcessing"})",
           {"'single' must be a list"});
    addRow(
        "a template of two", "/post_processor",
        R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}, {"SpecialToken": {"id": "b"}}]})",
        {"more than one token in front"});
    addRow("a template without its token", "/post_processor",
           R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}], "special_tokens": {}})",
           {"post_processor: special_tokens: 'a' is missing"});
    addRow(
        "a template with an unknown id", "/post_processor",
        R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}], "special_tokens": {"a": {"ids": [99]}}})",
        {"special_tokens: a: 'ids' must be an integer from 0 to 4", "99"});
}

void BpeBrokenFilesTest::brokenComponentsAreRefused() {
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    refuse(content, parts);
}

void BpeBrokenFilesTest::brokenVocabulariesAndMergesAreRefused_data() {
    QTest::addColumn<QByteArray>("vocabulary");
    QTest::addColumn<QByteArray>("merges");
    QTest::addColumn<QStringList>("parts");
    const QByteArray sound = R"({"a":0,"b":1,"ab":2})";
    QTest::newRow("an empty vocabulary") << QByteArray() << QByteArray("a b\n") << QStringList{"vocab.json", "line 1"};
    QTest::newRow("a list") << QByteArray("[]") << QByteArray("a b\n")
                            << QStringList{"vocab.json", "must be an object"};
    QTest::newRow("no ids") << QByteArray(R"({"a":null})") << QByteArray()
                            << QStringList{"vocab.json", "\"a\"", "null"};
    QTest::newRow("equal ids") << QByteArray(R"({"a":0,"b":0})") << QByteArray()
                               << QStringList{"vocab.json", "same id 0"};
    QTest::newRow("a merge of one") << sound << QByteArray("#version: 0.2\nab\n")
                                    << QStringList{"merges.txt", "merge 0"};
    QTest::newRow("two spaces") << sound << QByteArray("a  b\n") << QStringList{"merges.txt", "merge 0"};
    QTest::newRow("an empty line") << sound << QByteArray("a b\n\na b\n") << QStringList{"merges.txt", "merge 1"};
    QTest::newRow("an unknown piece") << sound << QByteArray("a c\n") << QStringList{"vocab.json", "merge 0", "\"c\""};
    QTest::newRow("not UTF-8") << sound << QByteArray("a \xff\n") << QStringList{"vocab.json", "merge 0"};
    QTest::newRow("a Git LFS pointer") << sound << QByteArray("version https://git-lfs.github.com/spec/v1\n")
                                       << QStringList{"merges.txt", "Git LFS"};
}

static void writePair(const TemporaryFolder& folder, const QByteArray& vocabulary, const QByteArray& merges) {
    writeFile(folder / "vocab.json", vocabulary.toStdString());
    writeFile(folder / "merges.txt", merges.toStdString());
}

void BpeBrokenFilesTest::brokenVocabulariesAndMergesAreRefused() {
    QFETCH(QByteArray, vocabulary);
    QFETCH(QByteArray, merges);
    QFETCH(QStringList, parts);
    const TemporaryFolder folder;
    writePair(folder, vocabulary, merges);
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), parts), QString());
}

void BpeBrokenFilesTest::brokenAddedTokensOfFoldersAreRefused_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, const char* file, const char* content, const QStringList& parts) {
        QTest::newRow(name) << QString(file) << QByteArray(content) << parts;
    };
    row("no object", "added_tokens.json", "[1]", {"added_tokens.json", "must be an object"});
    row("no id", "added_tokens.json", R"({"x":"y"})", {"added_tokens.json: the id of \"x\""});
    row("a huge id", "added_tokens.json", R"({"x":99999999999})", {"added_tokens.json: the id of \"x\""});
    row("another's id", "added_tokens.json", R"({"x":2})", {"\"ab\" and \"x\" have the same id 2"});
    row("a key that is no id", "tokenizer_config.json", R"({"added_tokens_decoder":{"x":{"content":"y"}}})",
        {"tokenizer_config.json: added_tokens_decoder: \"x\" is no id"});
    row("a key too large", "tokenizer_config.json", R"({"added_tokens_decoder":{"99999999999":{"content":"y"}}})",
        {"is no id"});
    row("no content", "tokenizer_config.json", R"({"added_tokens_decoder":{"3":{}}})", {"3: 'content' is missing"});
    row("another class", "tokenizer_config.json", R"({"tokenizer_class":"BertTokenizer"})",
        {"\"BertTokenizer\" is not supported"});
    row("no opening token", "tokenizer_config.json", R"({"add_bos_token":true})",
        {"tokenizer_config.json: 'add_bos_token' is true"});
    row("an unknown opening token", "tokenizer_config.json", R"({"add_bos_token":true,"bos_token":"<s>"})",
        {"tokenizer_config.json: 'bos_token' \"<s>\" is no piece of", "vocab.json"});
    row("a token that is a number", "tokenizer_config.json", R"({"eos_token":3})",
        {"tokenizer_config.json: 'eos_token' must be a string"});
    row("a broken map", "special_tokens_map.json", "{", {"special_tokens_map.json: line 1"});
}

void BpeBrokenFilesTest::brokenAddedTokensOfFoldersAreRefused() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    const TemporaryFolder folder;
    writePair(folder, R"({"a":0,"b":1,"ab":2})", "a b\n");
    writeFile(folder / file.toStdString(), content.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { loadTokenizer(folder.path()); }), parts), QString());
}

void BpeBrokenFilesTest::hugeFilesAreReadInTime() {
    Json document = parseJson(documentWith("/version", "1"), "the test");
    for (int id = 5; id < 200'000; ++id)
        document["model"]["vocab"].get_ptr<Json::object_t*>()->emplace_back(text("p", id), id);
    for (int i = 0; i < 200'000; ++i) document["model"]["merges"].push_back("a b");
    const std::string content = document.dump();
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(parseTokenizerJson(content, "t", {})->size(), std::int64_t{200'000});
    QVERIFY(timer.elapsed() < 60'000);  // work in the square would take hours
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpeBrokenFilesTest)
#include "bpe_broken_files_test.moc"
