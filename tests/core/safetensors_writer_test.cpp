// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/safetensors_writer.h"

#include <QTest>
#include <numeric>

#include "core/io/json.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class SafetensorsWriterTest : public QObject {
    Q_OBJECT

private slots:
    void whatIsWrittenIsReadBack_data();
    void whatIsWrittenIsReadBack();
    void shardsFillInOrder();
    void theIndexNamesEveryTensor();
    void wideElementsGoFirstOnlyWhereTheOrderWouldMisalignThem();
    void metadataIsAdded();
    void unusualNamesSurvive();
    void wrongRequestsAreRefused_data();
    void wrongRequestsAreRefused();
};

// A tensor whose bytes are told apart from other tensors', in pieces of at most three.
static TensorToWrite tensor(const std::string& name, StoredType type, std::vector<std::int64_t> shape,
                            int surplus = 0) {
    TensorToWrite made{name, type, std::move(shape), {}};
    std::string bytes(made.bytes() + static_cast<std::size_t>(surplus), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(i * 7 + name.size() * 31 + static_cast<unsigned char>(name[0]));
    made.produce = [bytes](const auto& sink) {
        for (std::size_t at = 0; at < bytes.size(); at += 3)
            sink(std::as_bytes(std::span(bytes)).subspan(at, std::min<std::size_t>(3, bytes.size() - at)));
    };
    return made;
}

static std::string bytesOf(const TensorToWrite& tensor) {
    std::string bytes;
    tensor.produce([&bytes](std::span<const std::byte> piece) {
        bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    return bytes;
}

static QStringList filesIn(const fs::path& folder) {
    QStringList names;
    for (const auto& entry : fs::directory_iterator(folder))
        names << QString::fromStdString(entry.path().filename().string());
    names.sort();
    return names;
}

static std::string differences(const fs::path& folder, const std::vector<TensorToWrite>& tensors) {
    const SafetensorsFolder read(folder);
    if (read.entries().size() != tensors.size()) return "another number of tensors";
    for (const TensorToWrite& expected : tensors) {
        const auto* entry = read.find(expected.name);
        if (entry == nullptr) return expected.name + " is missing";
        if (entry->tensor->type != expected.type || entry->tensor->shape != expected.shape)
            return expected.name + " has another shape";
        std::string bytes(entry->tensor->bytes, '\0');
        entry->file->read(*entry->tensor, 0, std::as_writable_bytes(std::span(bytes)));
        if (bytes != bytesOf(expected)) return expected.name + " has other bytes";
        if (entry->tensor->offset % gptq::bytesOf(expected.type) != 0) return expected.name + " is not aligned";
    }
    return {};
}

static std::vector<TensorToWrite> fiveTensors() {
    return {tensor("a", StoredType::F16, {4, 3}), tensor("b", StoredType::I32, {5}),
            tensor("c", StoredType::F16, {0, 7}), tensor("d", StoredType::BF16, {2, 2, 2}),
            tensor("e", StoredType::F32, {})};
}

void SafetensorsWriterTest::whatIsWrittenIsReadBack_data() {
    QTest::addColumn<quint64>("shardBytes");
    QTest::addColumn<int>("shards");
    QTest::newRow("one file") << quint64{1000} << 1;
    QTest::newRow("just one file") << quint64{64} << 1;
    QTest::newRow("two shards") << quint64{63} << 2;
    QTest::newRow("smaller than any tensor") << quint64{1} << 5;
    QTest::newRow("no size at all") << quint64{0} << 5;
}

void SafetensorsWriterTest::whatIsWrittenIsReadBack() {
    QFETCH(quint64, shardBytes);
    QFETCH(int, shards);
    const TemporaryFolder folder;
    const auto tensors = fiveTensors();
    writeSafetensorsFolder(folder.path(), tensors, shardBytes, {});
    QCOMPARE(QString::fromStdString(differences(folder.path(), tensors)), QString());
    QCOMPARE(static_cast<int>(SafetensorsFolder(folder.path()).files().size()), shards);
}

void SafetensorsWriterTest::shardsFillInOrder() {
    const TemporaryFolder folder;
    writeSafetensorsFolder(folder.path(), fiveTensors(), 44, {});
    QCOMPARE(filesIn(folder.path()), (QStringList{"model-00001-of-00002.safetensors",
                                                  "model-00002-of-00002.safetensors", "model.safetensors.index.json"}));
    const SafetensorsFile first(openFile(folder / "model-00001-of-00002.safetensors"));
    QCOMPARE(first.tensors().size(), std::size_t{3});
    QVERIFY(first.tensors().contains("c"));
}

void SafetensorsWriterTest::theIndexNamesEveryTensor() {
    const TemporaryFolder folder;
    writeSafetensorsFolder(folder.path(), fiveTensors(), 44, {});
    const Json index = readJson(folder / "model.safetensors.index.json");
    QCOMPARE(
        index.dump(),
        std::string(
            R"({"metadata":{"total_size":64},"weight_map":{)"
            R"("a":"model-00001-of-00002.safetensors","b":"model-00001-of-00002.safetensors","c":"model-00001-of-00002.safetensors",)"
            R"("d":"model-00002-of-00002.safetensors","e":"model-00002-of-00002.safetensors"}})"));
}

void SafetensorsWriterTest::wideElementsGoFirstOnlyWhereTheOrderWouldMisalignThem() {
    const TemporaryFolder folder;
    const std::vector<TensorToWrite> even{tensor("x", StoredType::F16, {2}), tensor("y", StoredType::I32, {1})};
    writeSafetensorsFolder(folder / ".", even, 1000, {});
    const auto orderOf = [&folder](const char* before, const char* after) {
        const SafetensorsFile file(openFile(folder / "model.safetensors"));
        return file.tensors().at(before).offset < file.tensors().at(after).offset;
    };
    QVERIFY(orderOf("x", "y"));
    const std::vector<TensorToWrite> odd{tensor("x", StoredType::F16, {3}), tensor("y", StoredType::I32, {1}),
                                         tensor("z", StoredType::F16, {1})};
    writeSafetensorsFolder(folder.path(), odd, 1000, {});
    QVERIFY(orderOf("y", "x"));
    QVERIFY(orderOf("x", "z"));
    QCOMPARE(QString::fromStdString(differences(folder.path(), odd)), QString());
}

void SafetensorsWriterTest::metadataIsAdded() {
    const TemporaryFolder folder;
    writeSafetensorsFolder(folder.path(), {tensor("a", StoredType::U8, {1})}, 1000, {{"made by", "a \"test\"\n"}});
    const SafetensorsFile file(openFile(folder / "model.safetensors"));
    QCOMPARE(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"made by", "a \"test\"\n"}}));
    const std::string bytes = readFile(folder / "model.safetensors");
    QCOMPARE(static_cast<unsigned char>(bytes[0]) % 8, 0);  // the data begins at a multiple of eight
}

void SafetensorsWriterTest::unusualNamesSurvive() {
    const TemporaryFolder folder;
    const std::vector<TensorToWrite> tensors{tensor("q\"\\/{}", StoredType::U8, {1}),
                                             tensor("\xc3\xa9 \xe2\x96\x81", StoredType::U8, {1})};
    writeSafetensorsFolder(folder.path(), tensors, 1, {});
    QCOMPARE(QString::fromStdString(differences(folder.path(), tensors)), QString());
}

void SafetensorsWriterTest::wrongRequestsAreRefused_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("too many bytes") << 0
                                    << QStringList{"model.safetensors", "'a' should have 4 bytes, but 5 were produced"};
    QTest::newRow("too few bytes") << 1 << QStringList{"'a' should have 4 bytes, but 3 were produced"};
    QTest::newRow("two of a name") << 2 << QStringList{"two tensors", "'a'"};
    QTest::newRow("a size that overflows") << 3 << QStringList{"'a'", "overflows"};
    QTest::newRow("a folder that is not there") << 4 << QStringList{"none/model.safetensors cannot be created"};
}

void SafetensorsWriterTest::wrongRequestsAreRefused() {
    QFETCH(int, kind);
    QFETCH(QStringList, parts);
    const TemporaryFolder folder;
    const auto message = errorOf([&] {
        std::vector<TensorToWrite> tensors{tensor("a", StoredType::U8, {4}, kind == 0 ? 1 : kind == 1 ? -1 : 0)};
        if (kind == 2) tensors.push_back(tensors.front());
        if (kind == 3) tensors.front().shape = {1ll << 40, 1ll << 40};
        writeSafetensorsFolder(kind == 4 ? folder / "none" : folder.path(), tensors, 1000, {});
    });
    QCOMPARE(lackingIn(message, parts), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SafetensorsWriterTest)
#include "safetensors_writer_test.moc"
