// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/safetensors.h"

#include <QTest>

#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class SafetensorsTest : public QObject {
    Q_OBJECT

private slots:
    void aFileIsReadTensorByTensor();
    void emptyTensorsAndAnEmptyFileAreFine();
    void everyTypeHasItsSize();
    void headersThatLieAreRefused_data();
    void headersThatLieAreRefused();
    void filesThatAreNoneAreRefused_data();
    void filesThatAreNoneAreRefused();
    void readsPastATensorAreRefused();
    void everyTruncationIsRefused();

    void oneFileIsAFolder();
    void shardsAreJoinedByTheirIndex();
    void aShardMayBeALink();
    void brokenFoldersAreRefused_data();
    void brokenFoldersAreRefused();
    void theDemoModelIsRead();
};

// Two tensors of 4 + 6 bytes.
static const char* const kHeader =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
    R"("b":{"dtype":"U8","shape":[2,3],"data_offsets":[4,10]}})";

static SafetensorsFile open(const std::string& bytes) {
    return SafetensorsFile(bytesInMemory("m.safetensors", bytes));
}

static std::string contentOf(const SafetensorsFile& file, const StoredTensor& tensor) {
    std::string bytes(tensor.bytes, '?');
    file.read(tensor, 0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

void SafetensorsTest::aFileIsReadTensorByTensor() {
    const SafetensorsFile file = open(safetensorsBytes(kHeader, "0123456789"));
    QCOMPARE(file.tensors().size(), std::size_t{2});
    const StoredTensor& b = file.tensors().at("b");
    QCOMPARE(b.type, StoredType::U8);
    QCOMPARE(b.shape, (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(b.bytes, std::uint64_t{6});
    QCOMPARE(contentOf(file, file.tensors().at("a")), std::string("0123"));
    QCOMPARE(contentOf(file, b), std::string("456789"));
    std::string part(2, '?');
    file.read(b, 3, std::as_writable_bytes(std::span(part)));
    QCOMPARE(part, std::string("78"));
    QCOMPARE(file.metadata().at("format"), std::string("pt"));
}

void SafetensorsTest::emptyTensorsAndAnEmptyFileAreFine() {
    QVERIFY(open(safetensorsBytes("{}", "")).tensors().empty());
    const auto header =
        R"({"e":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[4,4]},)"
        R"("s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}   )";
    const SafetensorsFile file = open(safetensorsBytes(header, "1234"));
    QCOMPARE(file.tensors().at("e").bytes, std::uint64_t{0});
    QCOMPARE(contentOf(file, file.tensors().at("s")), std::string("1234"));
}

void SafetensorsTest::everyTypeHasItsSize() {
    const std::vector<std::pair<std::string, std::uint64_t>> types{{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},
                                                                   {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                                                                   {"U8", 1},  {"BOOL", 1}};
    for (const auto& [name, bytes] : types) {
        const std::string header =
            R"({"t":{"dtype":")" + name + R"(","shape":[3],"data_offsets":[0,)" + std::to_string(3 * bytes) + "]}}";
        const SafetensorsFile file = open(safetensorsBytes(header, std::string(3 * bytes, 'x')));
        QCOMPARE(std::string(nameOf(file.tensors().at("t").type)), name);
        QCOMPARE(bytesOf(file.tensors().at("t").type), bytes);
    }
    QCOMPARE(dtypeOf(StoredType::BF16), DType::BFloat16);
    QCOMPARE(lackingIn(errorOf([] { dtypeOf(StoredType::I64); }), {"I64"}), QString());
}

// One tensor "t" of four bytes of data, described in a wrong way.
void SafetensorsTest::headersThatLieAreRefused_data() {
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, const QByteArray& header, const QStringList& parts) {
        QTest::newRow(name) << header << parts;
    };
    const auto tensor = [&row](const char* name, const QByteArray& fields, const QStringList& parts) {
        row(name, "{\"t\":{" + fields + "}}", QStringList(parts) << "tensor 't'");
    };
    row("no JSON", "this is no header", {"header: line 1"});
    row("a list", "[]", {"header must be an object"});
    row("cut short", "{\"t\":{", {"header: line 1", "unexpected end of input"});
    row("nested too deeply", "{\"t\":" + QByteArray(100, '['), {"nested more than 64 levels"});
    row("not UTF-8", "{\"\xff\":{}}", {"ill-formed UTF-8"});
    row("a tensor that is a number", "{\"t\":5}", {"tensor 't' must be an object, but it is 5"});
    row("metadata that is no text", R"({"__metadata__":{"n":1},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
        {"__metadata__: 'n' must be a string"});
    row("metadata that is a list", R"({"__metadata__":[]})", {"__metadata__ must be an object"});

    row("a name with a control character", R"({"t\u001b[2J":{}})", {"control character", "t\\u001b[2J"});

    tensor("no type", R"("shape":[1],"data_offsets":[0,4])", {"'dtype' is missing"});
    tensor("a type of another kind", R"("dtype":5,"shape":[1],"data_offsets":[0,4])", {"'dtype' must be a string"});
    tensor("an unknown type", R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])",
           {"of type \"F8_E4M3\", which is not supported", "BF16"});
    tensor("no shape", R"("dtype":"F32","data_offsets":[0,4])", {"'shape' must be a list"});
    tensor("a shape that is a number", R"("dtype":"F32","shape":1,"data_offsets":[0,4])", {"'shape' must be a list"});
    tensor("a negative extent", R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])",
           {"'shape' must hold integers from 0", "-1"});
    tensor("an extent that is no integer", R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])",
           {"'shape' must hold integers", "1.0"});
    tensor("an extent above 63 bits", R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])",
           {"'shape' must hold integers"});
    tensor("a product that overflows", R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4])",
           {"4294967296, 4294967296", "overflows"});
    tensor("a product that wraps to the right size",
           R"("dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4])", {"overflows"});
    tensor("a product that overflows before a zero",
           R"("dtype":"U8","shape":[4611686018427387904,4,0],"data_offsets":[0,0])", {"overflows"});
    tensor("bytes that overflow", R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,4])", {"overflows"});
    tensor("no offsets", R"("dtype":"F32","shape":[1])", {"'data_offsets' must be a list"});
    tensor("one offset", R"("dtype":"F32","shape":[1],"data_offsets":[4])", {"a begin and an end"});
    tensor("three offsets", R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])", {"a begin and an end"});
    tensor("a negative offset", R"("dtype":"F32","shape":[1],"data_offsets":[-4,0])",
           {"'data_offsets' must hold integers", "-4"});
    tensor("an end before its begin", R"("dtype":"F32","shape":[1],"data_offsets":[4,0])",
           {"ends at 0, before it begins at 4"});
    tensor("a shape larger than its bytes", R"("dtype":"F32","shape":[2],"data_offsets":[0,4])",
           {"shape (2) of type F32 takes 8 bytes", "span 4"});
    tensor("a shape smaller than its bytes", R"("dtype":"F16","shape":[1],"data_offsets":[0,4])",
           {"takes 2 bytes", "span 4"});
    tensor("an empty shape with bytes", R"("dtype":"F32","shape":[0],"data_offsets":[0,4])",
           {"takes 0 bytes", "span 4"});

    row("past the end", R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
        {"is cut short", "its header describes", "'t' passes the end", "download the file again"});
    row("far past the end",
        R"({"t":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}})",
        {"is cut short"});
    row("begins past the end",
        R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}})",
        {"no tensor owns the bytes"});
    row("a hole at the begin", R"({"t":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}})",
        {"no tensor owns the bytes", "'t'"});
    row("a hole between",
        R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"u":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
        {"no tensor owns the bytes", "'u'"});
    row("bytes behind the last tensor", R"({"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
        {"1 bytes follow the last tensor"});
    row("an overlap",
        R"({"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"u":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
        {"'t' and 'u' overlap"});
    row("the same bytes twice",
        R"({"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"u":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
        {"'t' and 'u' overlap"});
    row("an empty tensor within another",
        R"({"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"u":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
        {"'t' and 'u' overlap"});
    row("a repeated name",
        R"({"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"t":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
        {"no tensor owns the bytes", "'t'"});
}

void SafetensorsTest::headersThatLieAreRefused() {
    QFETCH(QByteArray, header);
    QFETCH(QStringList, parts);
    const auto message = errorOf([&] { open(safetensorsBytes(header.toStdString(), "1234")); });
    QCOMPARE(lackingIn(message, parts << "m.safetensors"), QString());
}

void SafetensorsTest::filesThatAreNoneAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("empty") << QByteArray() << QStringList{"has only 0 bytes"};
    QTest::newRow("seven bytes") << QByteArray(7, '\0') << QStringList{"has only 7 bytes"};
    QTest::newRow("a length and no header")
        << QByteArray("\x02\0\0\0\0\0\0\0", 8) << QStringList{"header should have 2 bytes, but the file has only 8"};
    QTest::newRow("no header at all") << QByteArray(8, '\0') << QStringList{"header: line 1"};
    QTest::newRow("the longest length") << QByteArray(64, '\xff')
                                        << QStringList{"header should have 18446744073709551615 bytes"};
    QTest::newRow("a web page") << QByteArray("<!doctype html><html><body>404</body></html>")
                                << QStringList{"cut short or no safetensors file"};
    QTest::newRow("a Git LFS pointer")
        << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
        << QStringList{"only a Git LFS pointer", "git lfs pull"};
}

void SafetensorsTest::filesThatAreNoneAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QStringList, parts);
    QCOMPARE(lackingIn(errorOf([&] { open(bytes.toStdString()); }), parts << "m.safetensors"), QString());
}

void SafetensorsTest::readsPastATensorAreRefused() {
    const SafetensorsFile file = open(safetensorsBytes(kHeader, "0123456789"));
    std::string bytes(5, '?');
    const auto a = file.tensors().at("a");
    QVERIFY(!errorOf([&] { file.read(a, 0, std::as_writable_bytes(std::span(bytes))); }).empty());
    QVERIFY(!errorOf([&] { file.read(a, 5, {}); }).empty());
    QVERIFY(!errorOf([&] { file.read(a, ~std::uint64_t{0}, std::as_writable_bytes(std::span(bytes))); }).empty());
}

void SafetensorsTest::everyTruncationIsRefused() {
    const std::string whole = safetensorsBytes(kHeader, "0123456789");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        if (errorOf([&] { open(whole.substr(0, size)); }).empty())
            QFAIL(qPrintable(QString("cut to %1 bytes").arg(size)));
    }
}

static std::string oneTensor(const std::string& name, const std::string& data) {
    const std::string size = std::to_string(data.size());
    return safetensorsBytes(
        R"({")" + name + R"(":{"dtype":"U8","shape":[)" + size + R"(],"data_offsets":[0,)" + size + "]}}", data);
}

static void writeShards(const fs::path& folder) {
    writeFile(folder / "model-00001-of-00002.safetensors", oneTensor("a", "aaaa"));
    writeFile(folder / "model-00002-of-00002.safetensors", oneTensor("b", "bb"));
    writeFile(folder / "model.safetensors.index.json",
              R"({"metadata":{"total_size":6},"weight_map":)"
              R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})");
}

void SafetensorsTest::oneFileIsAFolder() {
    const TemporaryFolder folder;
    writeFile(folder / "model.safetensors", oneTensor("a", "aaaa"));
    const SafetensorsFolder opened(folder.path());
    QCOMPARE(opened.files(), std::vector<fs::path>{folder / "model.safetensors"});
    QVERIFY(opened.find("a") != nullptr);
    QVERIFY(opened.find("b") == nullptr);
    QCOMPARE(contentOf(*opened.find("a")->file, *opened.find("a")->tensor), std::string("aaaa"));
}

void SafetensorsTest::shardsAreJoinedByTheirIndex() {
    const TemporaryFolder folder;
    writeShards(folder.path());
    SafetensorsFolder first(folder.path());
    const SafetensorsFolder opened = std::move(first);  // entries stay valid
    QCOMPARE(opened.files().size(), std::size_t{2});
    QCOMPARE(opened.entries().size(), std::size_t{2});
    QCOMPARE(contentOf(*opened.find("b")->file, *opened.find("b")->tensor), std::string("bb"));
}

void SafetensorsTest::aShardMayBeALink() {
    const TemporaryFolder folder;
    writeShards(folder / "snapshot");
    fs::create_directory(folder / "blobs");
    fs::rename(folder / "snapshot" / "model-00001-of-00002.safetensors", folder / "blobs" / "1234");
    fs::create_symlink("../blobs/1234", folder / "snapshot" / "model-00001-of-00002.safetensors");
    QCOMPARE(SafetensorsFolder(folder / "snapshot").entries().size(), std::size_t{2});
}

void SafetensorsTest::brokenFoldersAreRefused_data() {
    QTest::addColumn<QString>("file");  // replaced in a folder of two good shards; removed where the content is null
    QTest::addColumn<QString>("content");
    QTest::addColumn<QStringList>("parts");
    const QString index = "model.safetensors.index.json";
    const QString second = "model-00002-of-00002.safetensors";
    const auto naming = [](const QString& shard) { return "{\"weight_map\":{\"a\":\"" + shard + "\"}}"; };
    QTest::newRow("a missing shard") << second << QString()
                                     << QStringList{second + " is missing", index, "download the model again"};
    QTest::newRow("a shard cut short") << second << "1234" << QStringList{second, "has only 4 bytes"};
    QTest::newRow("a tensor that is not in its shard")
        << second << QString::fromStdString(oneTensor("c", "cc")) << QStringList{second, "\"b\" is missing", index};
    QTest::newRow("no index") << index << QString()
                              << QStringList{"has no weights", "model.safetensors", "download the index"};
    QTest::newRow("an index that is no JSON") << index << "{" << QStringList{index + ": line 1"};
    QTest::newRow("an index without a map") << index << "{}" << QStringList{index, "'weight_map' is missing"};
    QTest::newRow("a map that is a list")
        << index << R"({"weight_map":[]})" << QStringList{"'weight_map' must be an object"};
    QTest::newRow("an empty map") << index << R"({"weight_map":{}})" << QStringList{"weight_map is empty"};
    QTest::newRow("a shard that is a number")
        << index << R"({"weight_map":{"a":1}})" << QStringList{"\"a\" must be a string, but it is 1"};
    QTest::newRow("a folder above") << index << naming("../secret.safetensors")
                                    << QStringList{index, "\"a\"", "../secret.safetensors", "no plain file name"};
    QTest::newRow("an absolute path") << index << naming("/etc/passwd")
                                      << QStringList{"/etc/passwd", "no plain file name"};
    QTest::newRow("a folder below") << index << naming("sub/model.safetensors") << QStringList{"no plain file name"};
    QTest::newRow("a backslash") << index << naming("..\\\\secret") << QStringList{"no plain file name"};
    QTest::newRow("two dots") << index << naming("..") << QStringList{"no plain file name"};
    QTest::newRow("an empty name") << index << naming("") << QStringList{"no plain file name"};
    QTest::newRow("a name with a zero") << index << naming("model-00001-of-00002.safetensors\\u0000x")
                                        << QStringList{"no plain file name"};
    QTest::newRow("the folder's own file that is no shard")
        << index << naming("model.safetensors.index.json") << QStringList{index, "header should have"};
}

void SafetensorsTest::brokenFoldersAreRefused() {
    QFETCH(QString, file);
    QFETCH(QString, content);
    QFETCH(QStringList, parts);
    const TemporaryFolder folder;
    writeShards(folder.path());
    if (content.isNull()) fs::remove(folder / file.toStdString());
    else writeFile(folder / file.toStdString(), content.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { SafetensorsFolder opened(folder.path()); }), parts), QString());
}

void SafetensorsTest::theDemoModelIsRead() {
    const SafetensorsFolder demo(demoModel());
    const auto* entry = demo.find("model.embed_tokens.weight");
    QVERIFY(entry != nullptr);
    QCOMPARE(entry->tensor->shape, (std::vector<std::int64_t>{4096, 256}));
    QCOMPARE(entry->tensor->type, StoredType::F16);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SafetensorsTest)
#include "safetensors_test.moc"
