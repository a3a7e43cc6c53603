// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// OpenBLAS's kernels fit the processor, also one that it does not know. It chooses once a process, when it is loaded, so each case is a
// process of its own that was made to take Prescott's: this program with an argument.

#include "kernels/cpu/blas_kernels.h"

#include <QProcess>
#include <QTest>
#include <iostream>

#include "kernels/cpu/cpu_backend.h"

namespace gptq::test {
namespace {

constexpr const char* kVariable = "OPENBLAS_CORETYPE";

// What a backend multiplies with where OpenBLAS took Prescott's kernels when it was loaded: as the user's choice, or, once that is
// forgotten, as it does for a processor that it does not know.
QByteArray kernelsAfterPrescott(const QString& argument) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(kVariable, "Prescott");
    process.setProcessEnvironment(environment);
    process.start(QCoreApplication::applicationFilePath(), {argument});
    return process.waitForFinished() ? process.readAllStandardOutput().trimmed() : process.errorString().toUtf8();
}

int tell(bool forget) {
    if (forget) unsetenv(kVariable);
    openCpuBackend(1);
    std::cout << blasKernels() << '\n';
    return 0;
}

}  // namespace

class BlasKernelsTest : public QObject {
    Q_OBJECT

private slots:
    void fitTheProcessor();
    void areTheUsersChoiceWhereThereIsOne();
};

void BlasKernelsTest::fitTheProcessor() {
#if defined(__x86_64__)
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) QSKIP("the processor has no AVX2");
    QCOMPARE(kernelsAfterPrescott("--forget"), QByteArray(wide ? "SkylakeX" : "Haswell"));
#else
    QSKIP("not an x86-64 processor");
#endif
}

void BlasKernelsTest::areTheUsersChoiceWhereThereIsOne() {
#if defined(__x86_64__)
    QCOMPARE(kernelsAfterPrescott("--tell"), QByteArray("Prescott"));
#else
    QSKIP("not an x86-64 processor");
#endif
}

}  // namespace gptq::test

int main(int count, char** arguments) {
    if (count == 2 && std::string(arguments[1]) == "--forget") return gptq::test::tell(true);
    if (count == 2 && std::string(arguments[1]) == "--tell") return gptq::test::tell(false);
    QCoreApplication application(count, arguments);
    gptq::test::BlasKernelsTest test;
    return QTest::qExec(&test, count, arguments);
}

#include "blas_kernels_test.moc"
