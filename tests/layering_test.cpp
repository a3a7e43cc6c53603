// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// No include of the project runs upward; and the checker that says so finds each kind of breach where one is planted.

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

#include "support/layering.h"

using gptq::test::checkLayering;
using gptq::test::LayeringReport;

namespace {

// A file of a planted tree, written as "path: text".
void plant(const QString& root, const QString& file) {
    const QString path = root + "/" + file.section(": ", 0, 0);
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile target(path);
    QVERIFY(target.open(QIODevice::WriteOnly));
    target.write((file.section(": ", 1) + "\n").toUtf8());
}

const char* const kWhatOnlyLooksLikeIncludes =
    "app/commented.cpp: // #include \"nothing.h\"\n/*\n#include \"nothing.h\"\n*/\n"
    "const char* text = \"/*\";\nchar mark = '\"';\nconst char* raw = R\"x(\n#include \"nothing.h\"\n)x\";";

// Enough of a project for a breach to have something to reach.
const QStringList kSoundTree = {
    "kernels/tensor.h: #include <vector>",
    "kernels/devices.cpp: #include \"kernels/cpu/cpu_backend.h\"",
    "kernels/cpu/cpu_backend.h: #include \"../tensor.h\"",
    "kernels/cpu/cpu_backend.cpp: #include \"cpu_backend.h\"\n#include <cblas.h>",
    "kernels/cuda/check.cuh: #include <cuda_runtime.h>",
    "kernels/cuda/hessian.cu: #include \"check.cuh\"\n#include \"kernels/tensor.h\"\n#include <cublas_v2.h>",
    "core/io/json.h: #include <nlohmann/json.hpp>\n#include <quadmath.h>",
    "core/text/utf8.h: #include \"core/io/json.h\"",
    "core/model/linear.h: #include \"kernels/tensor.h\"\n#include \"../text/utf8.h\"",
    "core/chat/session.h: #include \"core/model/linear.h\"",
    "core/evaluation/perplexity.h: #include \"core/model/linear.h\"",
    "ui/window.h: #include <QWidget>\n#include \"core/model/linear.h\"",
    "ui/window.cpp: #include \"window.h\"\n#include \"window.moc\"",
    "app/main.cpp: #include \"ui/window.h\"\n#include \"core/io/json.h\"\n#include \"kernels/tensor.h\"",
    kWhatOnlyLooksLikeIncludes,
};

}  // namespace

class LayeringTest : public QObject {
    Q_OBJECT

private slots:
    void noIncludeOfTheProjectBreaksTheLayering() {
        const LayeringReport report = checkLayering(GPTQ_STUDIO_SOURCE_DIR);
        QVERIFY2(report.files > 20, qPrintable(QString("only %1 files were found").arg(report.files)));
        QVERIFY(report.includes > report.files);
        QStringList violations;
        for (const std::string& violation : report.violations) violations << QString::fromStdString(violation);
        QVERIFY2(violations.isEmpty(), qPrintable("\n" + violations.join("\n")));
    }

    void aSoundTreeHasNoViolation() {
        QTemporaryDir tree;
        for (const QString& file : kSoundTree) plant(tree.path(), file);
        const LayeringReport report = checkLayering(tree.path().toStdString());
        QCOMPARE(report.files, static_cast<int>(kSoundTree.size()));
        QVERIFY2(report.violations.empty(), report.violations.empty() ? "" : report.violations.front().c_str());
    }

    void aPlantedBreachIsFound_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("fault");  // a part of the one violation that is expected

        const auto row = [](const char* name, const char* file, const char* fault) {
            QTest::newRow(name) << QString(file) << QString(fault);
        };
        row("kernels to core", "kernels/bad.h: #include \"core/io/json.h\"",
            "kernels/bad.h:1: core/io/json.h is in a higher");
        row("kernels to ui", "kernels/bad.cpp: #include \"ui/window.h\"", "higher folder");
        row("kernels to app", "kernels/bad.cpp: #include \"app/main.cpp\"", "higher folder");
        row("core to ui", "core/io/bad.h: #include \"ui/window.h\"", "higher folder");
        row("core to app", "core/io/bad.h: #include \"app/main.cpp\"", "higher folder");
        row("ui to app", "ui/bad.cpp: #include \"app/main.cpp\"", "higher folder");
        row("ui to kernels", "ui/bad.cpp: #include \"kernels/tensor.h\"", "through core");
        row("a relative path upward", "kernels/cpu/bad.cpp: #include \"../../core/io/json.h\"", "higher folder");
        row("angle brackets upward", "kernels/bad.cpp: #include <core/io/json.h>", "higher folder");
        row("a header of the tests", "core/io/bad.cpp: #include \"../../tests/x.h\"", "outside kernels, core");
        row("a file beside the project", "core/io/bad.cpp: #include \"../../../beside.h\"", "outside the project");

        row("core to the CPU backend", "core/model/bad.cpp: #include \"kernels/cpu/cpu_backend.h\"", "private");
        row("app to the CPU backend", "app/bad.cpp: #include \"kernels/cpu/cpu_backend.h\"", "private");
        row("kernels to the CPU backend", "kernels/bad.cpp: #include \"cpu/cpu_backend.h\"", "private");
        row("kernels to the CUDA backend", "kernels/bad.cpp: #include \"kernels/cuda/check.cuh\"", "private");
        row("CUDA to the CPU backend", "kernels/cuda/bad.cu: #include \"../cpu/cpu_backend.h\"", "private");

        row("a floor up", "core/io/bad.h: #include \"core/text/utf8.h\"", "higher floor");
        row("a floor up, relative", "core/text/bad.h: #include \"../model/linear.h\"", "higher floor");
        row("beside on the top floor", "core/chat/bad.h: #include \"core/evaluation/perplexity.h\"", "beside");
        row("a room without a floor", "core/cellar/bad.h: #include <vector>", "no floor");
        row("a file outside the rooms", "core/bad.h: #include <vector>", "no floor");

        row("CUDA in the CPU backend", "kernels/cpu/bad.cpp: #include <cuda_fp16.h>", "CUDA");
        row("cuBLAS in kernels", "kernels/bad.cpp: #include <cublas_v2.h>", "CUDA");
        row("cuSOLVER in core", "core/quantization/bad.cpp: #include <cusolverDn.h>", "CUDA");
        row("CUDA in ui", "ui/bad.cpp: #include <cuda/std/array>", "CUDA");
        row("CUDA in app", "app/bad.cpp: #include \"cuda_runtime.h\"", "CUDA");
        row("Qt in kernels", "kernels/bad.h: #include <QString>", "Qt");
        row("Qt in core", "core/io/bad.h: #include <QtCore/QString>", "Qt");
        row("Qt by an old name", "core/io/bad.h: #include <qstring.h>", "Qt");
        row("JSON in kernels", "kernels/bad.h: #include <nlohmann/json.hpp>", "JSON");
        row("JSON in app", "app/bad.cpp: #include <nlohmann/json.hpp>", "JSON");

        row("nothing there", "core/io/bad.h: #include \"core/io/missing.h\"", "not a file of the project");
        row("nothing there, by angle brackets", "app/bad.cpp: #include <core/missing.h>", "not a file of the project");
        row("a generated Qt file in core", "core/io/bad.cpp: #include \"bad.moc\"", "not a file of the project");
        row("a macro for a name", "core/io/bad.h: #include HEADER", "names no file");
        row("a continued line", "kernels/bad.h: #  include \\\n  \"core/io/json.h\"", "higher folder");
        row("behind a comment", "kernels/bad.h: /* a */ #include /* b */ \"core/io/json.h\"", "higher folder");
        row("after other lines", "kernels/bad.h: // one\n/* two\n*/\n\n#include \"ui/window.h\"", "kernels/bad.h:5:");
    }
    void aPlantedBreachIsFound() {
        QFETCH(QString, file);
        QFETCH(QString, fault);
        QTemporaryDir parent;
        const QString root = parent.path() + "/project";
        for (const QString& sound : kSoundTree) plant(root, sound);
        plant(root, "tests/x.h: ");
        plant(root, "../beside.h: ");
        plant(root, file);
        const LayeringReport report = checkLayering(root.toStdString());
        QCOMPARE(report.violations.size(), std::size_t{1});
        const QString found = QString::fromStdString(report.violations.front());
        QVERIFY2(found.contains(fault), qPrintable(found));
    }
};

QTEST_GUILESS_MAIN(LayeringTest)
#include "layering_test.moc"
