// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Every CUDA kernel on every architecture that the module was built for: registers and declared shared memory within what
// that generation grants, products of warpgroups asynchronous, no argument of a kernel of a decode step copied, by ptxas's own account of the
// build (kernels/cuda/record_resources.sh). And no instruction as ptxas of CUDA 13.0 encodes it wrongly, by disassembly. Needs no GPU.

#include <QDirIterator>
#include <QProcess>
#include <QRegularExpression>
#include <QTest>

#include "kernels/gpu_limits.h"
#include "support/test_files.h"

namespace gptq::test {
namespace {

struct KernelUse {
    QString name;  // mangled
    int architecture = 0;
    int registers = -1;
    std::size_t shared = 0;
    int spilled = 0;  // bytes stored
    int local = 0;    // bytes of a thread's frame in local memory
};

std::vector<KernelUse> usesIn(const QString& report) {
    static const QRegularExpression entry("Compiling entry function '([^']+)' for 'sm_(\\d+)a?'"),
        frame("(\\d+) bytes stack frame"), spill("(\\d+) bytes spill stores"), used("Used (\\d+) registers"),
        shared("(\\d+) bytes smem");
    std::vector<KernelUse> uses;
    for (const QString& line : report.split('\n')) {
        if (const auto found = entry.match(line); found.hasMatch()) {
            uses.push_back({found.captured(1), found.captured(2).toInt()});
        } else if (!uses.empty()) {
            KernelUse& use = uses.back();
            if (const auto at = frame.match(line); at.hasMatch()) use.local = at.captured(1).toInt();
            if (const auto at = spill.match(line); at.hasMatch()) use.spilled = at.captured(1).toInt();
            if (const auto at = used.match(line); at.hasMatch()) use.registers = at.captured(1).toInt();
            if (const auto at = shared.match(line); at.hasMatch()) use.shared = at.captured(1).toULongLong();
        }
    }
    return uses;
}

// Where ptxas makes products of warpgroups wait for each other, as it does when it cannot tell that nothing reads sums under way.
QStringList serializedIn(const QString& report) {
    static const QRegularExpression said("\\(C75\\d\\d\\).*in (?:the )?function '([^']+)'");
    QStringList kernels;
    for (const QString& line : report.split('\n')) {
        if (const auto found = said.match(line); found.hasMatch()) kernels << found.captured(1);
    }
    return kernels;
}

// Descriptors of memory are pairs of uniform registers and begin at an even one. Where an asynchronous copy has a cache policy and two
// registers for its address in shared memory, ptxas takes the uniform one of these for the descriptor, plus 1
// (copyAsyncOnceByWarp): an illegal instruction.
QStringList illegalIn(const QString& disassembly) {
    static const QRegularExpression odd("[^\n]*\\bdesc\\[UR\\d*[13579]\\][^\n]*");
    QStringList lines;
    for (auto found = odd.globalMatch(disassembly); found.hasNext();) lines << found.next().captured().simplified();
    return lines;
}

QString faultOf(const KernelUse& use) {
    const std::size_t most = std::min(kStaticShared, limitsOf(use.architecture).sharedBytes);
    if (use.registers < 0) return "says nothing of its registers";
    if (use.registers > kMostRegisters) return QString("takes %1 registers").arg(use.registers);
    if (use.shared > most) return QString("declares %1 bytes of shared memory, more than %2").arg(use.shared).arg(most);
    // An argument that is read by an index which the compiler does not know is copied there first, by every thread.
    if (use.local > 0 && use.spilled == 0 && (use.name.contains("ecodeKernel") || use.name.contains("ChainKernel")))
        return QString("keeps %1 bytes in local memory that are no spilled registers").arg(use.local);
    return {};
}

}  // namespace

class CudaResourcesTest : public QObject {
    Q_OBJECT

private slots:
    void theAccountIsRead() {
        const auto uses = usesIn(
            "ptxas info    : Compiling entry function '_Z1a' for 'sm_75'\n"
            "ptxas info    : Function properties for _Z1a\n"
            "    8 bytes stack frame, 16 bytes spill stores, 4 bytes spill loads\n"
            "ptxas info    : Used 40 registers, used 1 barriers, 16384 bytes smem, 512 bytes cmem[0]\n"
            "ptxas info    : Compiling entry function '_Z1b' for 'sm_90a'\n"
            "ptxas info    : Used 255 registers, used 0 barriers\n");
        QCOMPARE(uses.size(), std::size_t{2});
        QVERIFY(uses[0].name == "_Z1a" && uses[0].architecture == 75 && uses[0].registers == 40);
        QVERIFY(uses[0].shared == 16384 && uses[0].spilled == 16 && uses[0].local == 8);
        QVERIFY(uses[1].architecture == 90 && uses[1].registers == 255 && uses[1].shared == 0);
        QVERIFY(faultOf(uses[0]).isEmpty() && faultOf(uses[1]).isEmpty());
        QVERIFY(faultOf({"_Z1c", 75, 40, (std::size_t{48} << 10) + 1, 0}).contains("shared memory"));
        QVERIFY(faultOf({"_Z1d", 75, -1, 0, 0}).contains("registers"));
        QVERIFY(faultOf({"_Z12decodeKernel", 75, 40, 0, 0, 72}).contains("local memory"));
        QVERIFY(faultOf({"_Z11aChainKernel", 75, 40, 0, 0, 72}).contains("local memory"));
        QVERIFY(faultOf({"_Z12decodeKernel", 75, 40, 0, 72, 72}).isEmpty());
    }

    void serializedProductsAreSeen() {
        QCOMPARE(serializedIn(
                     "ptxas info    : (C7514) Potential Performance Loss: wgmma.mma_async instructions are serialized "
                     "due to "
                     "non wgmma instructions reading accumulator registers of  a wgmma in the function '_Z1a'\n"
                     "ptxas info    : (C7517) warpgroup.wait is injected in around line 12 by compiler to allow use of "
                     "registers defined by GMMA in function '_Z1b'\n"
                     "ptxas info    : Compiling entry function '_Z1c' for 'sm_90a'\n"),
                 (QStringList{"_Z1a", "_Z1b"}));
    }

    void illegalInstructionsAreSeen() {
        const QString legal = " /*5a50*/ @!P4 LDGSTS.E.BYPASS.LTC128B.128 [R29+0x800], desc[UR22][R12.64] ;\n";
        const QString illegal = " /*5a00*/ @P0 LDGSTS.E.BYPASS.128 [R31+UR0], desc[UR1][R14.64] ;\n";
        QCOMPARE(illegalIn(legal + illegal + legal), QStringList{illegal.simplified()});
    }

    void noInstructionIsIllegal() {
        const QString folder = GPTQ_STUDIO_CUDA_OBJECTS, program = GPTQ_STUDIO_CUOBJDUMP;
        if (folder.isEmpty()) QSKIP("built without the CUDA module");
        if (program.isEmpty()) QSKIP("cuobjdump is not where CUDA's compiler is");
        int read = 0;
        QDirIterator objects(folder, {"packed_*.cu.o"}, QDir::Files, QDirIterator::Subdirectories);
        while (objects.hasNext()) {
            QProcess process;
            process.start(program, {"-sass", objects.next()});
            QVERIFY2(
                process.waitForFinished(-1) && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0,
                process.readAllStandardError().constData());
            const QString disassembly = QString::fromLatin1(process.readAllStandardOutput());
            if (disassembly.contains("Function :")) ++read;
            const QStringList found = illegalIn(disassembly);
            QVERIFY2(found.isEmpty(), qPrintable(objects.filePath() + ": " + found.mid(0, 5).join('\n')));
        }
        QVERIFY(read > 0);
    }

    void everyKernelKeepsToItsArchitecture() {
        const QString folder = GPTQ_STUDIO_CUDA_OBJECTS;
        if (folder.isEmpty()) QSKIP("built without the CUDA module");
        QStringList faults;
        std::map<int, int> kernels, spills;
        QDirIterator reports(folder, {"*.resources"}, QDir::Files, QDirIterator::Subdirectories);
        while (reports.hasNext()) {
            const QString report = QString::fromStdString(readFile(reports.next().toStdString()));
            for (const QString& kernel : serializedIn(report)) faults << kernel + ": its products wait for each other";
            for (const KernelUse& use : usesIn(report)) {
                ++kernels[use.architecture];
                if (use.spilled > 0) ++spills[use.architecture];
                if (const QString fault = faultOf(use); !fault.isEmpty())
                    faults << QString("%1, sm_%2: %3").arg(use.name).arg(use.architecture).arg(fault);
            }
        }
        for (const auto& [architecture, count] : kernels)
            qInfo("sm_%d: %d kernels, %d of them spill registers", architecture, count, spills[architecture]);
        QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n')));
        for (const QString& built : QString(GPTQ_STUDIO_CUDA_ARCHITECTURES).split(',', Qt::SkipEmptyParts)) {
            const int architecture = built.section('-', 0, 0).remove('a').toInt();
            if (!built.endsWith("-virtual")) QVERIFY2(kernels[architecture] > 20, qPrintable(built));
        }
    }
};

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::CudaResourcesTest)
#include "cuda_resources_test.moc"
