// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/json.h"

#include <QTest>
#include <ctime>
#include <limits>

#include "support/test_files.h"

namespace gptq::test {

class JsonTest : public QObject {
    Q_OBJECT

private slots:
    void valuesAndTheirOrderAreKept();
    void theLastOfRepeatedKeysCounts();
    void brokenTextsAreRefused_data();
    void brokenTextsAreRefused();
    void sixtyFourLevelsAreTheLimit();
    void objectsWithManyKeysAreReadInTime();
    void fieldsAreReadWithTheirTypes();
    void fallbacksServeAbsentAndNullFields();
    void wrongFieldsAreRefused_data();
    void wrongFieldsAreRefused();
    void aFileIsNamedInItsComplaints();
};

void JsonTest::valuesAndTheirOrderAreKept() {
    const std::string compact =
        R"({"z":1,"a":[true,null,-2,2.5,"\u00e9"],"m":{"y":[],"b":{}},"big":18446744073709551615})";
    QCOMPARE(parseJson(compact, "x").dump(-1, ' ', true), compact);
    QCOMPARE(parseJson("\xef\xbb\xbf 7 ", "x").dump(), std::string("7"));  // a byte order mark is no harm
}

void JsonTest::theLastOfRepeatedKeysCounts() {
    const Json json = parseJson(R"({"a":1,"b":2,"a":3,"c":{"x":1,"x":2,"x":3},"b":4})", "x");
    QCOMPARE(json.dump(), std::string(R"({"a":3,"c":{"x":3},"b":4})"));
}

void JsonTest::brokenTextsAreRefused_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("empty") << QByteArray() << QStringList{"line 1, column 1:", "unexpected end of input"};
    QTest::newRow("cut short") << QByteArray("{\"a\":\n [1, 2")
                               << QStringList{"line 2, column 7:", "unexpected end of input"};
    QTest::newRow("a comma too many") << QByteArray("{\n \"a\": 1,\n}") << QStringList{"line 3, column 1:"};
    QTest::newRow("something behind the end") << QByteArray("{} x") << QStringList{"line 1, column 4:"};
    QTest::newRow("no value") << QByteArray("nothing") << QStringList{"line 1, column 2:", "invalid literal"};
    QTest::newRow("not UTF-8") << QByteArray("{\"a\": \"\xff\"}")
                               << QStringList{"line 1, column 8:", "ill-formed UTF-8 byte"};
    QTest::newRow("a surrogate") << QByteArray("[\"\xed\xa0\x80\"]") << QStringList{"ill-formed UTF-8 byte"};
    QTest::newRow("half a surrogate pair") << QByteArray("[\"\\ud800\"]") << QStringList{"surrogate"};
    QTest::newRow("a control character") << QByteArray("[\"a\nb\"]") << QStringList{"control character"};
    QTest::newRow("not a number") << QByteArray("[NaN]") << QStringList{"line 1, column 2:"};
    QTest::newRow("a number too large") << QByteArray("[1e999]") << QStringList{"number overflow"};
    QTest::newRow("single quotes") << QByteArray("{'a': 1}") << QStringList{"line 1, column 2:"};
    QTest::newRow("a zero byte") << QByteArray("[1\0]", 4) << QStringList{"line 1, column 3:"};
}

void JsonTest::brokenTextsAreRefused() {
    QFETCH(QByteArray, text);
    QFETCH(QStringList, parts);
    const auto message = errorOf([&] { parseJson(text.toStdString(), "config.json"); });
    QCOMPARE(lackingIn(message, parts << "config.json: line"), QString());
    for (const char c : message) QVERIFY(c >= ' ' && c <= '~');
}

void JsonTest::sixtyFourLevelsAreTheLimit() {
    QVERIFY(errorOf([] { parseJson(std::string(64, '[') + std::string(64, ']'), "x"); }).empty());
    for (const std::string opening : {"[", "{\"a\":"}) {
        std::string text;
        for (int i = 0; i < 100'000; ++i) text += opening;
        QCOMPARE(lackingIn(errorOf([&] { parseJson(text, "deep.json"); }), {"deep.json: nested more than 64 levels"}),
                 QString());
    }
}

void JsonTest::objectsWithManyKeysAreReadInTime() {
    std::string text = "{\"k\":0";
    for (int i = 0; i < 200'000; ++i) text += ",\"key" + std::to_string(i) + "\":" + std::to_string(i);
    const std::clock_t begin = std::clock();  // the processor's time: others may use it too
    QCOMPARE(parseJson(text + "}", "x").size(), std::size_t{200'001});
    QVERIFY2(std::clock() - begin < 20 * CLOCKS_PER_SEC, "time grows with the square of the number of keys");
}

void JsonTest::fieldsAreReadWithTheirTypes() {
    const Json json = parseJson(R"({"i":-7,"n":2.5,"whole":3,"b":false,"s":"text","o":{"deep":1},"null":null})", "x");
    const JsonObject object(json, "config.json");
    QCOMPARE(object.integer("i", -7, 7), std::int64_t{-7});
    QCOMPARE(object.number("n", 0, 3), 2.5);
    QCOMPARE(object.number("whole", 0, 3), 3.0);
    QCOMPARE(object.boolean("b"), false);
    QCOMPARE(object.string("s"), std::string("text"));
    QCOMPARE(object.object("o").integer("deep", 0, 1), std::int64_t{1});
    QCOMPARE(object.object("o").where(), std::string("config.json: o"));
    QVERIFY(object.has("b"));
    QVERIFY(!object.has("null"));
    QVERIFY(!object.has("absent"));
}

void JsonTest::fallbacksServeAbsentAndNullFields() {
    const Json json = parseJson(R"({"null":null,"i":1,"n":1.5,"b":true,"s":"x","o":{}})", "x");
    const JsonObject object(json, "x");
    for (const char* key : {"null", "absent"}) {
        QCOMPARE(object.integerOr(key, 5, 0, 9), std::int64_t{5});
        QCOMPARE(object.numberOr(key, 5.5, 0, 9), 5.5);
        QCOMPARE(object.booleanOr(key, true), true);
        QCOMPARE(object.stringOr(key, "f"), std::string("f"));
        QVERIFY(!object.objectIfAny(key));
    }
    QCOMPARE(object.integerOr("i", 5, 0, 9), std::int64_t{1});
    QCOMPARE(object.numberOr("n", 5, 0, 9), 1.5);
    QCOMPARE(object.booleanOr("b", false), true);
    QCOMPARE(object.stringOr("s", "f"), std::string("x"));
    QVERIFY(object.objectIfAny("o"));
    QVERIFY(!errorOf([&] { object.integerOr("s", 5, 0, 9); }).empty());  // there, but wrong
}

void JsonTest::wrongFieldsAreRefused_data() {
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("message");
    const QString count = "config.json: 'x' must be an integer from 1 to 1048576, but it is ";
    QTest::newRow("a string for an integer") << "integer"
                                             << "\"abc\"" << count + "\"abc\"";
    QTest::newRow("a float for an integer") << "integer"
                                            << "3.5" << count + "3.5";
    QTest::newRow("an exponent for an integer") << "integer"
                                                << "1e3" << count + "1000.0";
    QTest::newRow("zero") << "integer"
                          << "0" << count + "0";
    QTest::newRow("negative") << "integer"
                              << "-5" << count + "-5";
    QTest::newRow("above the range") << "integer"
                                     << "1048577" << count + "1048577";
    QTest::newRow("above 63 bits") << "integer"
                                   << "9223372036854775808" << count + "9223372036854775808";
    QTest::newRow("above 64 bits") << "integer"
                                   << "99999999999999999999" << count + "1e+20";
    QTest::newRow("true for an integer") << "integer"
                                         << "true" << count + "true";
    QTest::newRow("null for an integer") << "integer"
                                         << "null" << count + "null";
    QTest::newRow("a list for an integer") << "integer"
                                           << "[1,2]" << count + "[1,2]";
    QTest::newRow("an unreadable string") << "integer"
                                          << "\"\\u001b[31m\\u00e9\"" << count + "\"\\u001b[31m\\u00e9\"";
    QTest::newRow("a long list") << "integer"
                                 << "[1,2,3,4,5,6,7,8,9]" << count + "a list of 9 values";
    QTest::newRow("a string for a number") << "number"
                                           << "\"1\""
                                           << "config.json: 'x' must be a number from 0 to 2, but it is \"1\"";
    QTest::newRow("a number out of range") << "number"
                                           << "2.5"
                                           << "config.json: 'x' must be a number from 0 to 2, but it is 2.5";
    QTest::newRow("an integer for a boolean") << "boolean"
                                              << "1"
                                              << "config.json: 'x' must be true or false, but it is 1";
    QTest::newRow("an integer for a string") << "string"
                                             << "1"
                                             << "config.json: 'x' must be a string, but it is 1";
    QTest::newRow("a string for an object") << "object"
                                            << "\"{}\""
                                            << "config.json: 'x' must be an object, but it is \"{}\"";
    QTest::newRow("nothing at all") << "absent"
                                    << "1"
                                    << "config.json: 'y' is missing; it must be an integer of at least 0";
}

void JsonTest::wrongFieldsAreRefused() {
    QFETCH(QString, type);
    QFETCH(QString, value);
    QFETCH(QString, message);
    const Json json = parseJson(("{\"x\":" + value + "}").toStdString(), "x");
    const JsonObject object(json, "config.json");
    const auto found = errorOf([&] {
        if (type == "integer") object.integer("x", 1, 1048576);
        if (type == "number") object.number("x", 0, 2);
        if (type == "boolean") object.boolean("x");
        if (type == "string") object.string("x");
        if (type == "object") object.object("x");
        if (type == "absent") object.integer("y", 0, std::numeric_limits<std::int64_t>::max());
    });
    QCOMPARE(QString::fromStdString(found), message);
}

void JsonTest::aFileIsNamedInItsComplaints() {
    const TemporaryFolder folder;
    writeFile(folder / "config.json", "{\n\"a\" 1}");
    QCOMPARE(lackingIn(errorOf([&] { readJson(folder / "config.json"); }), {"config.json: line 2, column 5"}),
             QString());
    writeFile(folder / "list.json", "[1]");
    const auto message = errorOf([&] { JsonObject(readJson(folder / "list.json"), "list.json"); });
    QCOMPARE(QString::fromStdString(message), QString("list.json must be an object, but it is [1]"));
    QCOMPARE(lackingIn(errorOf([&] { readJson(folder / "none.json"); }), {"none.json", "no such file"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::JsonTest)
#include "json_test.moc"
