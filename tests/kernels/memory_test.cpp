// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What every backend does with memory: allocation and its account, copies between types, strides and places, recorded steps.

#include <QTest>
#include <numeric>

#include "kernels/convert_floats.h"
#include "kernels/cpu/cpu_backend.h"
#include "support/backend_fixture.h"
#include "support/test_files.h"

#ifdef __SANITIZE_ADDRESS__
// The address sanitizer else ends the program where memory is not to be had, instead of saying so.
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
    return "allocator_may_return_null=1";
}
#endif

namespace gptq::test {

class MemoryTest : public QObject {
    Q_OBJECT

private slots:
    void anUploadComesBackAsItWas_data() { addTargetRows(m_targets); }
    void anUploadComesBackAsItWas();
    void aCopyToAnotherTypeRounds_data() { addTargetRows(m_targets); }
    void aCopyToAnotherTypeRounds();
    void hostMemoryOfAnotherTypeIsConvertedOnTheWay_data() { addTargetRows(m_targets); }
    void hostMemoryOfAnotherTypeIsConvertedOnTheWay();
    void aRangeOfColumnsIsCopiedWithoutItsSurroundings_data() { addTargetRows(m_targets); }
    void aRangeOfColumnsIsCopiedWithoutItsSurroundings();
    void aCopyOfMoreDimensionsKeepsTheirOrder_data() { addTargetRows(m_targets); }
    void aCopyOfMoreDimensionsKeepsTheirOrder();
    void copiesThatCannotBeAreRefused_data() { addTargetRows(m_targets); }
    void copiesThatCannotBeAreRefused();
    void theCpuDoesNotTouchMemoryOfAnotherDevice();
    void fillZeroKeepsToItsView_data() { addTargetRows(m_targets); }
    void fillZeroKeepsToItsView();
    void theAccountFollowsAllocationAndRelease_data() { addTargetRows(m_targets); }
    void theAccountFollowsAllocationAndRelease();
    void aBufferMayOutliveItsBackend();
    void memoryThatIsNotThereIsRefused_data() { addTargetRows(m_targets); }
    void memoryThatIsNotThereIsRefused();
    void aBudgetHolds_data() { addTargetRows(m_targets); }
    void aBudgetHolds();
    void aRecordedStepReplaysWithWhatItsBuffersHoldThen_data() { addTargetRows(m_targets); }
    void aRecordedStepReplaysWithWhatItsBuffersHoldThen();
    void workIsDoneOnceWhenItIsTimed_data() { addTargetRows(m_targets); }
    void workIsDoneOnceWhenItIsTimed();

private:
    std::vector<OpTarget> m_targets = openTargets();
};

void MemoryTest::anUploadComesBackAsItWas() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    const Matrix numbers = randomMatrix(17, 33, 1);
    for (const DType type : {DType::Float32, DType::Float16, DType::BFloat16}) {
        const Tensor tensor = uploaded(backend, numbers, type);
        QVERIFY(tensor.dtype() == type && tensor.view().device() == backend.device());
        QCOMPARE(differenceOf(downloaded(backend, tensor.view()), roundedTo(type, numbers), 0), QString());
    }
    const Matrix codes = randomCodes(17, 33, 2, 256);
    QCOMPARE(differenceOf(downloaded(backend, uploadedCodes(backend, codes).view()), codes, 0), QString());
    const Tensor ints = uploadedInts(backend, {-7, 0, 2147483647});
    QCOMPARE(downloaded(backend, ints.view()).values, (std::vector<double>{-7, 0, 2147483647}));
    const std::vector<std::uint32_t> words{0xffffffffu, 1u};
    const Tensor uploadedWords = backend.upload(hostView(words.data(), {2}), DType::UInt32);
    QCOMPARE(downloaded(backend, uploadedWords.view()).values, (std::vector<double>{4294967295.0, 1}));
}

void MemoryTest::aCopyToAnotherTypeRounds() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    const Matrix numbers = randomMatrix(5, 7, 3, 100);
    for (const DType from : {DType::Float32, DType::Float16, DType::BFloat16}) {
        for (const DType to : {DType::Float32, DType::Float16, DType::BFloat16}) {
            const Tensor source = uploaded(backend, numbers, from);
            Tensor copy = backend.allocate(to, {5, 7});
            backend.copy(source.view(), copy.view());
            const Matrix expected = roundedTo(to, roundedTo(from, numbers));
            QCOMPARE(differenceOf(downloaded(backend, copy.view()), expected, 0), QString());
        }
    }
}

void MemoryTest::hostMemoryOfAnotherTypeIsConvertedOnTheWay() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    const Matrix numbers = randomMatrix(5, 7, 3, 100);
    const std::vector<float> values(numbers.values.begin(), numbers.values.end());
    for (const DType onHost : {DType::Float32, DType::Float16, DType::BFloat16}) {
        std::vector<std::byte> host(values.size() * bytesOf(onHost)), back(host.size());
        convertFloats(DType::Float32, reinterpret_cast<const std::byte*>(values.data()), onHost, host.data(),
                      values.size());
        for (const DType there : {DType::Float32, DType::Float16, DType::BFloat16}) {
            Tensor copy = backend.allocate(there, {5, 7});
            backend.copy(ConstTensorView(host.data(), onHost, {5, 7}, Device{}), copy.view());
            const Matrix expected = roundedTo(there, roundedTo(onHost, numbers));
            QCOMPARE(differenceOf(downloaded(backend, copy.view()), expected, 0), QString());
            backend.copy(copy.view(), TensorView(back.data(), onHost, {5, 7}, Device{}));
            std::vector<float> returned(values.size());
            convertFloats(onHost, back.data(), DType::Float32, reinterpret_cast<std::byte*>(returned.data()),
                          returned.size());
            const Matrix again = roundedTo(onHost, expected);
            QVERIFY(std::equal(returned.begin(), returned.end(), again.values.begin(),
                               [](float a, double b) { return static_cast<double>(a) == b; }));
        }
    }
}

void MemoryTest::aRangeOfColumnsIsCopiedWithoutItsSurroundings() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    const Matrix numbers = randomMatrix(9, 20, 4);
    for (const DType type : {DType::Float32, DType::Float16}) {  // the same type and another
        const Tensor source = uploaded(backend, numbers, DType::Float32);
        Tensor copy = filled(backend, type, 9, 20, -5);
        backend.copy(source.view().columnRange(3, 6), copy.view().columnRange(10, 6));
        Matrix expected(9, 20, -5);
        for (std::int64_t r = 0; r < 9; ++r) {
            for (std::int64_t c = 0; c < 6; ++c) expected.at(r, 10 + c) = numbers.at(r, 3 + c);
        }
        QCOMPARE(differenceOf(downloaded(backend, copy.view()), roundedTo(type, expected), 0), QString());
    }
}

void MemoryTest::aCopyOfMoreDimensionsKeepsTheirOrder() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    std::vector<float> host(2 * 3 * 5);
    std::iota(host.begin(), host.end(), 1.0f);
    const Tensor tensor = backend.upload(hostView(host.data(), {2, 3, 5}), DType::Float16);
    std::vector<float> back(host.size());
    backend.copy(tensor.view(), hostView(back.data(), {2, 3, 5}));
    QCOMPARE(back, host);
}

void MemoryTest::copiesThatCannotBeAreRefused() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    Tensor numbers = filled(backend, DType::Float32, 2, 3, 1);
    Tensor turned = backend.allocate(DType::Float32, {3, 2}), codes = backend.allocate(DType::UInt8, {2, 3});
    QCOMPARE(lackingIn(errorOf([&] { backend.copy(numbers.view(), turned.view()); }), {"copy", "(2, 3)", "(3, 2)"}),
             QString());
    QCOMPARE(lackingIn(errorOf([&] { backend.copy(numbers.view(), codes.view()); }), {"uint8"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { backend.copy(codes.view(), numbers.view()); }), {"uint8"}), QString());
}

void MemoryTest::theCpuDoesNotTouchMemoryOfAnotherDevice() {
    const auto backend = openCpuBackend(1);
    float value = 0;
    const TensorView here = hostView(&value, {1});
    const TensorView there(reinterpret_cast<std::byte*>(&value), DType::Float32, {1}, {Device::Kind::Cuda, 0});
    QCOMPARE(lackingIn(errorOf([&] { backend->copy(there, here); }), {"copy", "cuda:0"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { backend->copy(here, there); }), {"copy", "cuda:0"}), QString());
}

void MemoryTest::fillZeroKeepsToItsView() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    for (const DType type : {DType::Float32, DType::Float16}) {
        Tensor tensor = filled(backend, type, 6, 10, 3);
        backend.fillZero(tensor.view().columnRange(2, 5).rowRange(1, 3));
        Matrix expected(6, 10, 3);
        for (std::int64_t r = 1; r < 4; ++r) {
            for (std::int64_t c = 2; c < 7; ++c) expected.at(r, c) = 0;
        }
        QCOMPARE(differenceOf(downloaded(backend, tensor.view()), expected, 0), QString());
        backend.fillZero(tensor.view());
        QCOMPARE(differenceOf(downloaded(backend, tensor.view()), Matrix(6, 10), 0), QString());
    }
}

void MemoryTest::theAccountFollowsAllocationAndRelease() {
    QFETCH(int, target);
    const auto backend = openDevice(m_targets[static_cast<std::size_t>(target)].backend->device());
    const MemoryUse before = backend->memory();
    constexpr std::size_t large = std::size_t{3} << 20, small = std::size_t{1} << 20;
    {
        const Buffer first = backend->allocateBytes(large);
        QVERIFY(backend->memory().used >= before.used + large);
        const Buffer second = backend->allocateBytes(small);
        QVERIFY(backend->memory().used >= before.used + large + small);
        // A device may round up; not without bound.
        QVERIFY(backend->memory().used <= before.used + 2 * (large + small));
    }
    QCOMPARE(backend->memory().used, before.used);
    const MemoryUse after = backend->memory();
    QVERIFY(after.peak >= before.used + large + small);
    const Buffer again = backend->allocateBytes(small);
    QCOMPARE(backend->memory().peak, after.peak);  // less than before: the peak stays
    QVERIFY(after.total > 0 && after.free <= after.total);
}

void MemoryTest::aBufferMayOutliveItsBackend() {
    Tensor tensor;
    {
        const auto backend = openCpuBackend(2);
        tensor = filled(*backend, DType::Float32, 2, 2, 7);
    }
    QCOMPARE(tensor.view().as<float>()[3], 7.0f);
    tensor = {};
}

void MemoryTest::memoryThatIsNotThereIsRefused() {
    QFETCH(int, target);
    Backend& backend = *m_targets[static_cast<std::size_t>(target)].backend;
    const MemoryUse before = backend.memory();
    QCOMPARE(lackingIn(errorOf([&] { backend.allocateBytes(std::size_t{1} << 60); }), {"memory", "MiB"}), QString());
    QCOMPARE(backend.memory().used, before.used);
    QCOMPARE(backend.memory().peak, before.peak);
}

void MemoryTest::aBudgetHolds() {
    QFETCH(int, target);
    const Device device = m_targets[static_cast<std::size_t>(target)].backend->device();
    constexpr std::size_t budget = std::size_t{6} << 30, first = std::size_t{512} << 20, more = first / 4;
    const auto backend = openDevice(device, {.cpuThreads = 1, .vramBytes = budget});
    if (device.kind == Device::Kind::Cpu) {  // no GPU's memory is taken
        QCOMPARE(backend->memory().devicePeak, std::size_t{0});
        return;
    }
    for (int round = 0; round < 6; ++round) {  // of different sizes: the pool cannot use again what it keeps
        const std::size_t bytes = first + static_cast<std::size_t>(round) * more;
        const Buffer buffer = backend->allocateBytes(bytes);
        const MemoryUse use = backend->memory();
        QVERIFY(use.used >= bytes && use.devicePeak >= bytes);
        QVERIFY2(use.devicePeak <= budget + (std::size_t{64} << 20), qPrintable(QString::number(use.devicePeak)));
        QVERIFY(use.free <= budget - bytes);
    }
    QCOMPARE(
        lackingIn(errorOf([&] { backend->allocateBytes(budget); }), {"budget of 6144 MiB", "6144 MiB more", "--vram"}),
        QString());
    const Buffer still = backend->allocateBytes(first);
}

void MemoryTest::aRecordedStepReplaysWithWhatItsBuffersHoldThen() {
    QFETCH(int, target);
    const OpTarget& on = m_targets[static_cast<std::size_t>(target)];
    Backend& backend = *on.backend;
    Tensor x = filled(backend, on.activation, 4, 32, 1), residual = filled(backend, DType::Float32, 4, 32, 0);
    const auto step = backend.record([&backend, &x, &residual] {
        backend.addResidual(x.view(), residual.view());
        backend.addResidual(x.view(), residual.view());
    });
    double expected = 0;
    // Recording may have run the step already.
    backend.copy(filled(backend, DType::Float32, 4, 32, 0).view(), residual.view());
    for (const double input : {1.0, 1.0, 8.0, -0.5}) {
        backend.copy(filled(backend, DType::Float32, 4, 32, input).view(), x.view());
        step->replay();
        backend.synchronize();
        expected += 2 * input;
        QCOMPARE(differenceOf(downloaded(backend, residual.view()), Matrix(4, 32, expected), 0), QString());
    }
}

void MemoryTest::workIsDoneOnceWhenItIsTimed() {
    QFETCH(int, target);
    const OpTarget& on = m_targets[static_cast<std::size_t>(target)];
    const Tensor x = filled(*on.backend, on.activation, 256, 1024, 1);
    Tensor residual = filled(*on.backend, DType::Float32, 256, 1024, 0);
    const double seconds = on.backend->time([&] { on.backend->addResidual(x.view(), residual.view()); });
    QCOMPARE(differenceOf(downloaded(*on.backend, residual.view()), Matrix(256, 1024, 1), 0), QString());
    // A megabyte is read and two are moved: no machine does it in less than 100 ns, and none takes a minute.
    QVERIFY2(seconds > 1e-7 && seconds < 60, qPrintable(QString::number(seconds)));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::MemoryTest)
#include "memory_test.moc"
