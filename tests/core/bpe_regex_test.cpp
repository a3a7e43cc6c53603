// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_regex.h"

#include <QElapsedTimer>
#include <QTest>

#include "core/text/bpe_patterns.h"
#include "support/test_files.h"

namespace gptq::test {

class BpeRegexTest : public QObject {
    Q_OBJECT

private slots:
    void expressionsAreTranslated_data();
    void expressionsAreTranslated();
    void unknownPartsAreRefused_data();
    void unknownPartsAreRefused();
    void uselessExpressionsAreRefused_data();
    void uselessExpressionsAreRefused();
    void matchesAreFoundOneByOne();
    void literalsMatchThemselves();
    void expressionsThatMayTakeTooLongAreRefused_data();
    void expressionsThatMayTakeTooLongAreRefused();
    void costlyExpressionsEndInAnError_data();
    void costlyExpressionsEndInAnError();
    void longRunsOfSpaceAreNoCostlyText();
};

static Regex compiled(const std::string& pattern) {
    return Regex(pcre2FromOniguruma(pattern, "t.json: pre_tokenizer"), "t.json: pre_tokenizer");
}

static QStringList matchesOf(const Regex& regex, const std::string& text) {
    RegexScanner scanner(regex);
    QStringList matches;
    for (std::size_t at = 0;;) {
        const auto match = scanner.next(text, at);
        if (!match) return matches;
        matches << QString::fromStdString(text.substr(match->begin, match->end - match->begin));
        at = match->end;
    }
}

void BpeRegexTest::expressionsAreTranslated_data() {
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("translated");
    const auto row = [](const char* name, const char* pattern, const char* translated) {
        QTest::newRow(name) << QString::fromUtf8(pattern) << QString::fromUtf8(translated);
    };
    row("plain", "abc|d.", "abc|d.");
    row("groups", "(?:a)(?=b)(?!c)(?<=d)(?<!e)(?>f)(?i:g)(h)", "(?:a)(?=b)(?!c)(?<=d)(?<!e)(?>f)(?i:g)(?:h)");
    row("quantifiers", "a*|b+|c?d*?|e++|f?+g{2}h{1,3}|i{2,}", "a*|b+|c?d*?|e++|f?+g{2}h{1,3}|i{2,}");
    row("categories", R"(\p{L}\P{Nd}\p{^Lu}[\p{L}\p{N}])", R"(\p{L}\P{Nd}\p{^Lu}[\p{L}\p{N}])");
    row("scripts", R"(\p{Han}\p{^Latin})", R"(\p{sc:Han}\p{^sc:Latin})");
    row("digits", R"(\d\D[\d])", R"(\p{Nd}\P{Nd}[\p{Nd}])");
    row("numbers of characters", R"(\u4e00[\u4e00-\u9fa5]\x{1F600})", R"(\x{4e00}[\x{4e00}-\x{9fa5}]\x{1F600})");
    row("a vertical tab", R"(\v[\v])", R"(\x{b}[\x{b}])");
    row("punctuation", R"(\.\-[\]\[\\\-a-z])", R"(\.\-[\]\[\\\-a-z])");
    row("brackets alone", "a]b}", R"(a\]b\})");
    row("a hyphen behind a set", R"([\d-z])", R"([\p{Nd}\-z])");
    row("a hyphen before a set", R"([+-\d])", R"([+\-\p{Nd}])");
}

void BpeRegexTest::expressionsAreTranslated() {
    QFETCH(QString, pattern);
    QFETCH(QString, translated);
    QCOMPARE(QString::fromStdString(pcre2FromOniguruma(pattern.toStdString(), "t")), translated);
}

void BpeRegexTest::unknownPartsAreRefused_data() {
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QString>("part");
    const auto row = [](const char* name, const QByteArray& pattern, const char* part) {
        QTest::newRow(name) << pattern << QString(part);
    };
    row("a begin of lines", "^a", R"("^" at byte 0)");
    row("a word character", R"(a\w)", R"("\\w" at byte 1)");
    row("a word's edge", R"(\bx)", R"("\\b" at byte 0)");
    row("a hexadecimal digit", R"(\h)", R"("\\h" at byte 0)");
    row("a reference back", R"((a)\1)", R"("\\1" at byte 3)");
    row("a match that begins anew", R"(a\Kb)", R"("\\K" at byte 1)");
    row("quotation", R"(\Qa)", R"("\\Q" at byte 0)");
    row("a backslash at the end", "a\\", R"("\\" at byte 1)");
    row("a verb", "(*UTF)a", R"("(*" at byte 0)");
    row("a name", "(?<n>a)", R"("(?<n" at byte 0)");
    row("a switch", "(?i)a", R"x("(?i)" at byte 0)x");
    row("recursion", "a(?R)", R"x("(?R)" at byte 1)x");
    row("a conditional", "(?(1)a)", R"("(?(1" at byte 0)");
    row("a class in a class", "[a[b]]", R"("[b" at byte 2)");
    row("an intersection", "[a&&b]", R"("&&" at byte 2)");
    row("a class of POSIX", "[[:alpha:]]", R"("[:" at byte 1)");
    row("a class that begins with its end", "[]a]", R"("]" at byte 1)");
    row("a class without end", "x[ab", R"("[ab" at byte 1)");
    row("a lazy count", "a{2}?", R"("?" at byte 4)");
    row("a possessive count", "a{2}+", R"("+" at byte 4)");
    row("a count from nothing", "a{,3}", R"("{,3" at byte 1)");
    row("a brace", "a{b", R"("{b" at byte 1)");
    row("quantified twice", "a+++", R"("+" at byte 3)");
    row("a property without braces", R"(\pL)", R"("\\pL" at byte 0)");
    row("a property without end", R"(\p{L)", R"("\\p{" at byte 0)");
    row("an odd property", R"(\p{L&})", R"("\\p{L&}" at byte 0)");
    row("a byte", R"(\xE4)", R"("\\xE4" at byte 0)");
    row("half a number", R"(\u12)", R"("\\u12" at byte 0)");
    row("a number that is none", R"(\x{12g})", R"("\\x{12g}" at byte 0)");
    row("an open group", "a(b", R"("(b" at byte 1)");
    row("a long number", "a{100000}", R"("{10000" at byte 1)");
    row("a count backwards", "a{3,2}", R"("{3,2}" at byte 1)");
    row("deep groups", QByteArray("(").repeated(1000), R"x("((((" at byte 33)x");
    row("not UTF-8", "a\xff", "not UTF-8");
}

void BpeRegexTest::unknownPartsAreRefused() {
    QFETCH(QByteArray, pattern);
    QFETCH(QString, part);
    const auto message = errorOf([&] { pcre2FromOniguruma(pattern.toStdString(), "t.json: pre_tokenizer"); });
    QCOMPARE(lackingIn(message, {"t.json: pre_tokenizer: the regular expression", part}), QString());
}

void BpeRegexTest::uselessExpressionsAreRefused_data() {
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("part");
    QTest::newRow("empty") << ""
                           << "matches nothing as well";
    QTest::newRow("optional") << "a*"
                              << "matches nothing as well";
    QTest::newRow("one empty branch") << "a|"
                                      << "matches nothing as well";
    QTest::newRow("a look alone") << "(?=a)"
                                  << "matches nothing as well";
    QTest::newRow("unbalanced") << "a)"
                                << "parenthes";
    QTest::newRow("an unknown property") << R"(\p{Foo})"
                                         << "unknown property";
    QTest::newRow("an unknown category") << R"(\p{Qq})"
                                         << "unknown property";
    QTest::newRow("a surrogate") << R"(\x{d800})"
                                 << "cannot be used";
    QTest::newRow("a number beyond Unicode") << R"(\x{110000})"
                                             << "cannot be used";
    QTest::newRow("a range backwards") << "[z-a]"
                                       << "out of order";
    QTest::newRow("a count too large") << "a{65536}"
                                       << "cannot be used";
    QTest::newRow("long") << QString("a").repeated(100'000) << "100000 bytes";
    QTest::newRow("a look behind without bounds") << "(?<=a+)b"
                                                  << "lookbehind";
}

void BpeRegexTest::uselessExpressionsAreRefused() {
    QFETCH(QString, pattern);
    QFETCH(QString, part);
    const auto message = errorOf([&] { compiled(pattern.toStdString()); });
    QCOMPARE(lackingIn(message, {"t.json: pre_tokenizer: the expression", part}), QString());
}

void BpeRegexTest::matchesAreFoundOneByOne() {
    const Regex gpt2 = compiled(std::string(kGpt2Pattern));
    QCOMPARE(matchesOf(gpt2, "I've  2 caf\xc3\xa9s!"), (QStringList{"I", "'ve", " ", " 2", " caf\xc3\xa9s", "!"}));
    const Regex llama3 = compiled(std::string(kLlama3Pattern));
    QCOMPARE(matchesOf(llama3, "IT'S 12345\n\n x"), (QStringList{"IT", "'S", " ", "123", "45", "\n\n", " x"}));
    QCOMPARE(matchesOf(compiled(R"(\s+)"),
                       "a\xe1\xa0\x8e"
                       "b\xe2\x80\x83\xc2\x85"
                       "c"),
             (QStringList{"\xe2\x80\x83\xc2\x85"}));
    QCOMPARE(matchesOf(compiled(R"([\S]+)"),
                       "a\xe1\xa0\x8e"
                       "b c"),
             (QStringList{"a\xe1\xa0\x8e"
                          "b",
                          "c"}));
    QCOMPARE(matchesOf(compiled("b"), "aaa"), QStringList());
    QCOMPARE(matchesOf(compiled("."), std::string("\0a\n", 3)).size(), 2);
}

void BpeRegexTest::literalsMatchThemselves() {
    for (const char* literal : {"a.b", "(*UTF)", "\\E", "[x", "\xe2\x96\x81", " ", "\n", "{2}", "a#b"}) {
        const Regex regex(pcre2Literal(literal), "t");
        QCOMPARE(matchesOf(regex, std::string("-") + literal + literal + "-"), (QStringList{literal, literal}));
    }
}

void BpeRegexTest::expressionsThatMayTakeTooLongAreRefused_data() {
    QTest::addColumn<QString>("pattern");
    QTest::newRow("one in another") << "(a+)+b";
    QTest::newRow("alternatives repeated") << "(a|aa)*b";
    QTest::newRow("counted groups") << "(a|a){30}b";
    QTest::newRow("a group repeated possessively") << "(?:a+)++b";
    QTest::newRow("one behind another") << "a[^c]*[^c]*c";
    QTest::newRow("groups behind each other") << "(?:a|b+)(?:c|b+)d";
    QTest::newRow("a long look from each place") << "x*(?!y+)";
    QTest::newRow("a look that is repeated") << "(?=a)*b";
    QTest::newRow("long counts") << "a{0,9999}a{0,9999}a{0,9999}b";
    QTest::newRow("many that may be there") << QString("a?").repeated(40) + QString("a").repeated(40);
    QTest::newRow("many choices") << QString("(a|a)").repeated(40) + "b";
}

void BpeRegexTest::expressionsThatMayTakeTooLongAreRefused() {
    QFETCH(QString, pattern);
    const auto message = errorOf([&] { compiled(pattern.toStdString()); });
    QCOMPARE(lackingIn(message, {"t.json: pre_tokenizer: the regular expression"}), QString());
}

void BpeRegexTest::costlyExpressionsEndInAnError_data() {
    QTest::addColumn<QString>("pattern");
    QTest::newRow("little is found from every place") << R"(a\p{L}*\p{Nd}|.)";
}

void BpeRegexTest::costlyExpressionsEndInAnError() {
    QFETCH(QString, pattern);
    const Regex regex = compiled(pattern.toStdString());
    const auto message = errorOf([&] { matchesOf(regex, std::string(2u << 20, 'a')); });
    QCOMPARE(lackingIn(message, {"t.json: pre_tokenizer: the expression is too costly for this text"}), QString());
}

void BpeRegexTest::longRunsOfSpaceAreNoCostlyText() {
    for (const std::string_view pattern : {kGpt2Pattern, kLlama3Pattern, kQwen2Pattern}) {
        const std::string text = "a" + std::string(4u << 20, ' ') + "b";
        QCOMPARE(matchesOf(compiled(std::string(pattern)), text).size(), 3);
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpeRegexTest)
#include "bpe_regex_test.moc"
