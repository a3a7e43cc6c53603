// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/devices.h"

#include <QTest>

#include "support/test_files.h"

namespace gptq::test {

class DevicesTest : public QObject {
    Q_OBJECT

private slots:
    void namesOfDevicesAreRead_data();
    void namesOfDevicesAreRead();
    void otherNamesAreRefused_data();
    void otherNamesAreRefused();
    void aDeviceIsNamedAsItIsRead();
    void theCpuIsAlwaysThereAndLast();
    void theAbsenceOfCudaIsExplained();
    void absentDevicesAreRefusedWithTheReason();
    void withoutAWishTheFirstDeviceIsOpened();
};

void DevicesTest::namesOfDevicesAreRead_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("index");
    QTest::newRow("cpu") << static_cast<int>(Device::Kind::Cpu) << 0;
    QTest::newRow("cuda") << static_cast<int>(Device::Kind::Cuda) << 0;
    QTest::newRow("cuda:0") << static_cast<int>(Device::Kind::Cuda) << 0;
    QTest::newRow("cuda:1") << static_cast<int>(Device::Kind::Cuda) << 1;
    QTest::newRow("cuda:15") << static_cast<int>(Device::Kind::Cuda) << 15;
}

void DevicesTest::namesOfDevicesAreRead() {
    QFETCH(int, kind);
    QFETCH(int, index);
    const Device device = parseDevice(QTest::currentDataTag());
    QCOMPARE(static_cast<int>(device.kind), kind);
    QCOMPARE(device.index, index);
}

void DevicesTest::otherNamesAreRefused_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"", "CPU", "gpu", "cpu:0", "cpu ", " cpu", "cuda:", "cuda:x", "cuda:1x", "cuda: 1",
                             "cuda:-1", "cuda:+1", "cuda:1.0", "cuda1", "cudas", "cuda:99999999999999999999"})
        QTest::addRow("'%s'", name) << QString(name);
}

void DevicesTest::otherNamesAreRefused() {
    QFETCH(QString, name);
    const auto message = errorOf([&] { parseDevice(name.toStdString()); });
    QCOMPARE(lackingIn(message, {"'" + name + "'", "cpu, cuda:0"}), QString());
}

void DevicesTest::aDeviceIsNamedAsItIsRead() {
    for (const char* name : {"cpu", "cuda:0", "cuda:3"}) QCOMPARE(nameOf(parseDevice(name)), std::string(name));
}

void DevicesTest::theCpuIsAlwaysThereAndLast() {
    const DeviceList list = availableDevices();
    QVERIFY(!list.devices.empty());
    for (std::size_t i = 0; i < list.devices.size(); ++i) {
        const bool last = i + 1 == list.devices.size();
        QCOMPARE(list.devices[i].device.kind, last ? Device::Kind::Cpu : Device::Kind::Cuda);
        QVERIFY(!list.devices[i].description.empty());
        QVERIFY(list.devices[i].memoryBytes > std::size_t{1} << 20);
    }
    QCOMPARE(lackingIn(list.devices.back().description, {"threads"}), QString());
}

void DevicesTest::theAbsenceOfCudaIsExplained() {
    const DeviceList list = availableDevices();
    if (list.devices.size() > 1) {
        QCOMPARE(list.cudaAbsence, std::string());
        return;
    }
    QVERIFY2(list.cudaAbsence.size() > 20, list.cudaAbsence.c_str());
    QCOMPARE(lackingIn(list.cudaAbsence, {"CUDA", "CPU"}), QString());
}

void DevicesTest::absentDevicesAreRefusedWithTheReason() {
    const DeviceList list = availableDevices();
    const Device absent{Device::Kind::Cuda, static_cast<int>(list.devices.size()) - 1};
    const auto message = errorOf([&] { openDevice(absent); });
    QCOMPARE(lackingIn(message, {QString::fromStdString(nameOf(absent)), QString::fromStdString(list.cudaAbsence)}),
             QString());
}

void DevicesTest::withoutAWishTheFirstDeviceIsOpened() {
    QVERIFY(openDevice({})->device() == availableDevices().devices.front().device);
    QVERIFY(openDevice(Device{})->device() == Device{});
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::DevicesTest)
#include "devices_test.moc"
