// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// OpenBLAS's kernels fit the processor, also one that it does not know. It chooses once a process, so a choice of the user's is tried by
// a process of its own: this program with an argument.

#include "kernels/cpu/blas_kernels.h"

#include <QProcess>
#include <QTest>
#include <iostream>

#include "kernels/cpu/cpu_backend.h"

namespace gptq::test {

class BlasKernelsTest : public QObject {
    Q_OBJECT

private slots:
    void fitTheProcessor();
    void areTheUsersChoiceWhereThereIsOne();
};

static std::string chosen() {
    openCpuBackend(1);
    return blasKernels();
}

void BlasKernelsTest::fitTheProcessor() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) QSKIP("the processor has no AVX2");
    if (qEnvironmentVariableIsSet("OPENBLAS_CORETYPE")) QSKIP("OPENBLAS_CORETYPE is set");
    const std::string kernels = chosen();
    QVERIFY2(kernels != "Prescott" && kernels != "Barcelona", kernels.c_str());
#else
    QSKIP("not an x86-64 processor");
#endif
}

void BlasKernelsTest::areTheUsersChoiceWhereThereIsOne() {
#if defined(__x86_64__)
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("OPENBLAS_CORETYPE", "Prescott");
    process.setProcessEnvironment(environment);
    process.start(QCoreApplication::applicationFilePath(), {"--tell"});
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.readAllStandardOutput().trimmed(), QByteArray("Prescott"));
#else
    QSKIP("not an x86-64 processor");
#endif
}

}  // namespace gptq::test

int main(int argc, char** argv) {
    if (argc == 2 && std::string(argv[1]) == "--tell") {
        std::cout << gptq::test::chosen() << '\n';
        return 0;
    }
    QCoreApplication application(argc, argv);
    gptq::test::BlasKernelsTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "blas_kernels_test.moc"
