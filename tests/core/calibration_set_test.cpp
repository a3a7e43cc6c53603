// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/calibration/calibration_set.h"

#include <QTest>
#include <numeric>

#include "core/calibration/text_file.h"
#include "support/test_files.h"

namespace gptq::test {

class CalibrationSetTest : public QObject {
    Q_OBJECT

private slots:
    void windowsAreConsecutive();
    void aShortTextGivesWhatItHas();
    void aSeedDrawsTheSameWindowsEverywhere_data();
    void aSeedDrawsTheSameWindowsEverywhere();
    void everyWindowIsDrawnOnce();
    void notEvenOneWindowIsAnError();
    void textsAreReadWhole_data();
    void textsAreReadWhole();
    void badTextsAreRefused();
};

static std::vector<TokenId> counting(std::size_t count) {
    std::vector<TokenId> ids(count);
    std::iota(ids.begin(), ids.end(), 0);
    return ids;
}

void CalibrationSetTest::windowsAreConsecutive() {
    const CalibrationSet set = makeCalibrationSet(counting(100), {3, 8, {}}, "text");
    QCOMPARE(set.ids, counting(24));  // from the first token on, no BOS
    QCOMPARE(set.samples, std::int64_t{3});
    QCOMPARE(set.sequenceLength, std::int64_t{8});
    QCOMPARE(set.tokens(), std::int64_t{24});
}

void CalibrationSetTest::aShortTextGivesWhatItHas() {
    const CalibrationSet set = makeCalibrationSet(counting(47), {128, 10, {}}, "text");
    QCOMPARE(set.samples, std::int64_t{4});  // the last 7 tokens fill no window
    QCOMPARE(set.ids, counting(40));
    QCOMPARE(makeCalibrationSet(counting(10), {1, 10, {}}, "text").ids, counting(10));
}

void CalibrationSetTest::aSeedDrawsTheSameWindowsEverywhere_data() {
    QTest::addColumn<quint64>("seed");
    QTest::addColumn<QList<int>>("order");
    // Of ten windows; worked out apart from this program (mt19937_64, Fisher and Yates from the end, modulo).
    QTest::newRow("seed 0") << quint64{0} << QList<int>{7, 2, 0, 8, 3, 9, 6, 1, 5, 4};
    QTest::newRow("seed 42") << quint64{42} << QList<int>{1, 7, 9, 0, 3, 8, 4, 2, 5, 6};
}

void CalibrationSetTest::aSeedDrawsTheSameWindowsEverywhere() {
    QFETCH(quint64, seed);
    QFETCH(QList<int>, order);
    const CalibrationSet set = makeCalibrationSet(counting(64), {10, 6, seed}, "text");  // four tokens are left over
    QCOMPARE(set.samples, std::int64_t{10});
    for (qsizetype i = 0; i < 10; ++i) {
        for (int j = 0; j < 6; ++j) QCOMPARE(set.ids[static_cast<std::size_t>(i * 6 + j)], order[i] * 6 + j);
    }
    const CalibrationSet few = makeCalibrationSet(counting(64), {3, 6, seed}, "text");
    QCOMPARE(few.ids, std::vector<TokenId>(set.ids.begin(), set.ids.begin() + 18));
}

void CalibrationSetTest::everyWindowIsDrawnOnce() {
    CalibrationSet set = makeCalibrationSet(counting(1000), {1000, 1, 3}, "text");
    QVERIFY(set.ids != counting(1000));
    std::sort(set.ids.begin(), set.ids.end());
    QCOMPARE(set.ids, counting(1000));
}

void CalibrationSetTest::notEvenOneWindowIsAnError() {
    const auto refusal = [](std::size_t count, const CalibrationRequest& request) {
        return errorOf([&] { makeCalibrationSet(counting(count), request, "book.txt"); });
    };
    QCOMPARE(lackingIn(refusal(9, {1, 10, {}}), {"book.txt", "9 tokens", "window of 10", "longer text"}), QString());
    QCOMPARE(lackingIn(refusal(0, {1, 10, 5}), {"0 tokens"}), QString());
    QCOMPARE(lackingIn(refusal(9, {0, 3, {}}), {"at least one sample"}), QString());
    QCOMPARE(lackingIn(refusal(9, {-1, 3, {}}), {"at least one sample"}), QString());
    QCOMPARE(lackingIn(refusal(9, {1, 0, {}}), {"at least one token"}), QString());
}

void CalibrationSetTest::textsAreReadWhole_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<std::string>("text");
    const auto row = [](const char* file, const std::string& bytes, const std::string& text) {
        QTest::addRow("%s, %d bytes", file, static_cast<int>(bytes.size())) << file << bytes << text;
    };
    const std::string prose = "Es war einmal\r\n\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x99\x82\n\n";
    const std::string lines = "{\"text\": \"One \\u4e2d\\n\", \"id\": 7}\r\n\n{\"text\": \"\"}\n {\"text\": \"Two\"}";
    const std::string joined = "One \xe4\xb8\xad\n\n\nTwo";
    const std::string chat =
        "{\"messages\": [{\"role\": \"user\", \"content\": \"Who?\"}, {\"role\": \"assistant\", \"content\": \"I.\"}]}";
    row("text.txt", prose, prose);
    row("text.md", prose, prose);
    row("text", prose, prose);
    row("text.TXT.GZ", gzipOf(prose), prose);
    row("two.txt.gz", gzipOf("One, ") + gzipOf("two."), "One, two.");  // parts, as gzip -c >> leaves them
    row("text.jsonl", lines, joined);
    row("text.JSONL", "\xef\xbb\xbf" + lines, joined);
    row("lines.json", lines, joined);
    row("text.jsonl.gz", gzipOf(lines), joined);
    row("list.json", "[\n{\"text\": \"One\"},\n{\"text\": \"Two\"}\n]", "One\n\nTwo");
    row("one.json", "{\n\"text\": \"One\"\n}", "One");
    row("chat.jsonl", chat + "\n" + chat + "\n", "Who?\n\nI.\n\nWho?\n\nI.");
    row("chat.json.gz", gzipOf("[" + chat + "]"), "Who?\n\nI.");
}

void CalibrationSetTest::textsAreReadWhole() {
    QFETCH(QString, file);
    QFETCH(std::string, bytes);
    QFETCH(std::string, text);
    const TemporaryFolder folder;
    writeFile(folder / file.toStdString(), bytes);
    QCOMPARE(readText(folder / file.toStdString()), text);
}

void CalibrationSetTest::badTextsAreRefused() {
    const TemporaryFolder folder;
    const auto refusal = [&](const char* name) { return errorOf([&] { readText(folder / name); }); };
    writeFile(folder / "empty.txt", "");
    writeFile(folder / "latin1.txt", "caf\xe9 au lait");
    writeFile(folder / "cut.txt", "caf\xc3");
    QCOMPARE(lackingIn(refusal("empty.txt"), {"empty.txt", "is empty"}), QString());
    QCOMPARE(lackingIn(refusal("latin1.txt"), {"latin1.txt", "byte 3", "not UTF-8"}), QString());
    QCOMPARE(lackingIn(refusal("cut.txt"), {"byte 3", "not UTF-8"}), QString());
    QCOMPARE(lackingIn(refusal("none.txt"), {"none.txt"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { readText(folder.path()); }), {QString::fromStdString(folder.path().string())}),
             QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::CalibrationSetTest)
#include "calibration_set_test.moc"
