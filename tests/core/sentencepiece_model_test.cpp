// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/sentencepiece_model.h"

#include <QTest>
#include <cstdint>
#include <vector>

#include "core/text/sentencepiece_tokenizer.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

// Small models made by hand, whole and with the lies that the library would believe.
class SentencePieceModelTest : public QObject {
    Q_OBJECT

private slots:
    void normalizationRulesWork();
    void userDefinedPiecesWork();
    void modelsThatLieAreRefused_data();
    void modelsThatLieAreRefused();
    void everyTruncationIsRefusedOrHarmless();
    void everyFlippedByteIsRefusedOrHarmless();
};

static std::string varint(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}

static std::string number(int field, std::uint64_t value) {
    return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}

static std::string block(int field, const std::string& bytes) {
    return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes;
}

enum PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4 };

static std::string piece(const std::string& text, PieceType type) {
    return block(1, block(1, text) + number(3, type));
}

static std::string trainer(std::uint64_t kind) {
    return block(2, number(3, kind));
}

static std::string pieces() {
    return piece("<unk>", kUnknown) + piece("<s>", kControl) + piece("</s>", kControl) +
           piece("\xe2\x96\x81", kNormal) + piece("a", kNormal) + piece("b", kNormal) + piece("ab", kNormal);
}

// The compiled rules: a double array of so many units, all empty, with those given, and the replacements.
struct Unit {
    std::size_t index;
    std::uint32_t value;
};

static std::string rules(std::size_t units, const std::vector<Unit>& given, const std::string& replacements) {
    std::vector<std::uint32_t> array(units, 0x80000000u);
    for (const Unit& unit : given) array[unit.index] = unit.value;
    const auto bytes = static_cast<std::uint32_t>(4 * units);
    std::string blob(reinterpret_cast<const char*>(&bytes), 4);
    blob.append(reinterpret_cast<const char*>(array.data()), bytes);
    return blob + replacements;
}

static constexpr std::uint32_t kMatch = 1u << 8;

// A unit for `label` at `index` whose children begin at `children`.
static Unit child(std::uint32_t index, unsigned char label, std::uint32_t children, std::uint32_t match) {
    return {index, (index ^ children) << 10 | match | label};
}

static std::string withRules(const std::string& blob) {
    return pieces() + trainer(2) + block(3, block(2, blob) + number(4, 0));
}

// "A" becomes "a": the root's children begin at 256, those of "A" at 512, where the match's value (0) lies.
static std::string lowerCaseRule() {
    return rules(768, {{0, 256u << 10}, child(256 ^ 'A', 'A', 512, kMatch), {512, 0x80000000u}}, std::string("a\0", 2));
}

static std::unique_ptr<SentencePieceTokenizer> tokenizerOf(const std::string& model) {
    const TemporaryFolder folder;
    writeFile(folder / "t.model", model);
    return std::make_unique<SentencePieceTokenizer>(folder / "t.model", Opening::Bos, std::vector<TokenId>{});
}

void SentencePieceModelTest::normalizationRulesWork() {
    const auto tokenizer = tokenizerOf(withRules(lowerCaseRule()));
    QCOMPARE(tokenizer->description(), std::string("SentencePiece BPE, 7 pieces"));
    QCOMPARE(tokenizer->encode("Ab"), (std::vector<TokenId>{3, 6}));
    QCOMPARE(tokenizer->encode("Ab"), tokenizer->encode("ab"));
    QCOMPARE(tokenizer->openingToken(), std::optional<TokenId>(1));
    QCOMPARE(tokenizer->endTokens(), std::vector<TokenId>{2});
}

void SentencePieceModelTest::userDefinedPiecesWork() {
    std::string model = pieces() + trainer(1);
    for (std::size_t length = 2; length <= 65; ++length) model += piece(std::string(length, 'x'), kUserDefined);
    const auto tokenizer = tokenizerOf(model);
    QCOMPARE(tokenizer->description(), std::string("SentencePiece Unigram, 71 pieces"));
    QCOMPARE(tokenizer->encode(std::string(65, 'x')).back(), TokenId{70});
}

void SentencePieceModelTest::modelsThatLieAreRefused_data() {
    QTest::addColumn<QByteArray>("model");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char* name, const std::string& model, const char* reason) {
        QTest::newRow(name) << QByteArray::fromStdString(model) << reason;
    };
    row("no pieces", trainer(2), "holds no pieces");
    row("no unknown piece", piece("a", kNormal) + trainer(2), "unk is not defined");
    row("two unknown pieces", pieces() + piece("?", kUnknown), "unk is already defined");
    row("a piece twice", pieces() + piece("a", kNormal), "already defined");
    row("an empty piece", pieces() + piece("", kNormal), "must not be empty");
    row("an unknown kind", pieces() + trainer(77), "of an unknown kind");
    row("a field without a number", pieces() + std::string("\0\0", 2), "no number");
    row("a group", pieces() + "\x0b", "a field is of an unknown kind");
    row("a field that ends too late", pieces() + block(1, "xx").substr(0, 3), "in the middle of a field");
    row("a length beyond everything", pieces() + "\x0a" + varint(~std::uint64_t{0}), "in the middle of a field");
    row("a number too long", pieces() + "\x10" + std::string(11, '\xff'), "a number is too long");
    row("a user-defined piece with a zero", pieces() + piece(std::string("x\0y", 3), kUserDefined),
        "holds a zero byte");

    std::string nested = pieces();
    for (std::size_t length = 2; length <= 66; ++length) nested += piece(std::string(length, 'x'), kUserDefined);
    row("user-defined pieces nested too deeply", nested, "more than 64 user-defined pieces begin alike");

    const std::string array = lowerCaseRule();
    const std::string end("a\0", 2);
    row("rules of three bytes", withRules("abc"), "too short");
    row("an array longer than the rules", withRules(array.substr(0, 2000)), "length of its normalization rules");
    row("an array that ends where the rules do", withRules(array.substr(0, array.size() - 2)),
        "length of its normalization rules");
    row("an array that is too long by its own length", withRules(array.substr(0, array.size() - 4)),
        "length of its normalization rules");
    row("an empty array", withRules(std::string("\0\0\0\0ab", 6)), "length of its normalization rules");
    row("a root that leads outside", withRules(rules(256, {{0, 256u << 10}}, end)), "point outside themselves");
    row("an array that is no whole block", withRules(rules(300, {{0, 256u << 10}}, end)), "point outside themselves");
    row("a child that leads outside", withRules(rules(512, {{0, 256u << 10}, child(256 ^ 'A', 'A', 512, 0)}, end)),
        "point outside themselves");
    row("a match that lies outside", withRules(rules(512, {{0, 256u << 10}, child(256 ^ 'A', 'A', 512, kMatch)}, end)),
        "point outside themselves");
    row("a replacement that lies outside",
        withRules(rules(768, {{0, 256u << 10}, child(256 ^ 'A', 'A', 512, kMatch), {512, 0x80000002u}}, end)),
        "point outside their replacements");
    row("rules that lead in a circle", withRules(rules(512, {{0, 256u << 10}, child(256 ^ 'A', 'A', 256, 0)}, end)),
        "too long");
    row("a circle of matches",
        withRules(rules(512, {{0, 256u << 10}, child(256 ^ 'A', 'A', 256, kMatch), {256, 0x80000000u}}, end)),
        "nested too deeply");
}

void SentencePieceModelTest::modelsThatLieAreRefused() {
    QFETCH(QByteArray, model);
    QFETCH(QString, reason);
    QCOMPARE(lackingIn(errorOf([&] { tokenizerOf(model.toStdString()); }),
                       {"t.model is no usable SentencePiece model: ", reason}),
             QString());
}

// What is not refused must be usable: the sanitizers watch.
static void use(const std::string& model) {
    errorOf([&] {
        const auto tokenizer = tokenizerOf(model);
        tokenizer->decode(tokenizer->encode("Aab BA\xc3\xa9 xx"));
    });
}

void SentencePieceModelTest::everyTruncationIsRefusedOrHarmless() {
    const std::string whole = piece("xx", kUserDefined) + withRules(lowerCaseRule());
    for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 1 : 7) use(whole.substr(0, size));
}

void SentencePieceModelTest::everyFlippedByteIsRefusedOrHarmless() {
    const std::string whole = piece("xx", kUserDefined) + withRules(lowerCaseRule());
    for (std::size_t at = 0; at < whole.size(); at += at < 200 || at > whole.size() - 50 ? 1 : 3) {
        for (const int bit : {0, 2, 5, 7}) {
            std::string flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
            use(flipped);
        }
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SentencePieceModelTest)
#include "sentencepiece_model_test.moc"
