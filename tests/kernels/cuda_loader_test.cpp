// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The CUDA module is found, or its absence explained, in staged systems of fake libraries (tests/kernels/fakes). What a process has
// once loaded stays loaded, so each case is a process of its own: this program with a stage as its argument.

#include "kernels/cuda_loader.h"

#include <QProcess>
#include <QTest>
#include <iostream>

#include "support/test_files.h"

namespace gptq::test {
namespace {

namespace fs = std::filesystem;

const QStringList kLibraries{"libcublasLt.so.13", "libcublas.so.13", "libnvJitLink.so.13", "libcusparse.so.12",
                             "libcusolver.so.12"};

// A system: `app` is the module's folder, `user` the folder that the user named, the rest as in /.
class Stage {
public:
    // A fake into a folder, under its own name.
    void put(const QString& fake, const QString& folder) {
        const fs::path from = programFolder() / "fakes" / fake.toStdString();
        const fs::path to = m_root / folder.toStdString();
        fs::create_directories(to);
        fs::copy_file(from, to / from.filename());
    }
    void putLibraries(const QString& folder) {
        for (const QString& library : kLibraries) put("libraries/" + library, folder);
    }
    void write(const QString& file, const char* text) { writeFile(m_root / file.toStdString(), text); }
    void set(const QString& variable, const QString& value) { m_environment.insert(variable, value); }

    // Everything there and in its usual place.
    void complete() {
        put("module/libgptq_cuda.so", "app");
        put("driver/libcuda.so.1", "usr/lib/x86_64-linux-gnu");
        putLibraries("usr/local/cuda/lib64");
    }
    void completeBut(const QString& missing) {
        complete();
        for (const auto& entry : fs::recursive_directory_iterator(m_root.path())) {
            if (entry.path().filename() == missing.toStdString()) {
                fs::remove(entry.path());
                return;
            }
        }
    }

    // What the loader says of it: the device's name, or why there is none.
    QString verdict() {
        QProcess child;
        child.setProcessEnvironment(m_environment);
        child.setProcessChannelMode(QProcess::MergedChannels);
        child.start("/proc/self/exe", {QString::fromStdString(m_root.path().string())});
        if (!child.waitForFinished(60'000) || child.exitStatus() != QProcess::NormalExit) return "the child crashed";
        return QString::fromUtf8(child.readAll());
    }

private:
    TemporaryFolder m_root;
    QProcessEnvironment m_environment;
};

struct Case {
    const char* name;
    void (*arrange)(Stage&);
    QStringList words;
};

// Places for libraries, besides the usual ones of Stage::complete().
void withLibrariesIn(Stage& stage, const QString& folder) {
    stage.put("module/libgptq_cuda.so", "app");
    stage.put("driver/libcuda.so.1", "usr/lib64");
    stage.putLibraries(folder);
}

const std::vector<Case>& cases() {
    static const QStringList found{"Fake GPU"};
    static const QString wheels = "lib/python3.12/site-packages/nvidia/";
    static const std::vector<Case> all{
        {"no module", [](Stage& s) { s.completeBut("libgptq_cuda.so"); }, {"no CUDA module", "Work runs on the CPU"}},
        {"no driver", [](Stage& s) { s.completeBut("libcuda.so.1"); }, {"No NVIDIA driver", "install", "on the CPU"}},
        {"an old driver",
         [](Stage& s) {
             s.completeBut("libcuda.so.1");
             s.put("old-driver/libcuda.so.1", "usr/lib64");
         },
         {"too old", "CUDA 12.4", "13.0", "update the driver", "on the CPU"}},
        {"a damaged driver",
         [](Stage& s) {
             s.completeBut("libcuda.so.1");
             s.write("usr/lib64/libcuda.so.1", "not a library");
         },
         {"driver cannot be loaded", "libcuda.so.1", "on the CPU"}},
        {"no cuBLAS",
         [](Stage& s) { s.completeBut("libcublas.so.13"); },
         {"libcublas.so.13", "was not found", "nvidia-cublas", "GPTQ_STUDIO_CUDA_LIBRARIES", "on the CPU"}},
        {"no cuBLASLt", [](Stage& s) { s.completeBut("libcublasLt.so.13"); }, {"libcublasLt.so.13", "was not found"}},
        {"no cuSOLVER", [](Stage& s) { s.completeBut("libcusolver.so.12"); }, {"libcusolver.so.12", "was not found"}},
        {"no cuSPARSE", [](Stage& s) { s.completeBut("libcusparse.so.12"); }, {"libcusparse.so.12", "was not found"}},
        {"no nvJitLink",
         [](Stage& s) { s.completeBut("libnvJitLink.so.13"); },
         {"libnvJitLink.so.13", "was not found"}},
        {"a damaged library",
         [](Stage& s) {
             s.completeBut("libcusolver.so.12");
             s.write("usr/local/cuda/lib64/libcusolver.so.12", "not a library");
         },
         {"libcusolver.so.12 cannot be loaded", "usr/local/cuda/lib64", "on the CPU"}},
        {"a module of another version",
         [](Stage& s) {
             s.completeBut("libgptq_cuda.so");
             s.put("other-module/libgptq_cuda.so", "app");
         },
         {"another version", "one package", "on the CPU"}},
        {"a damaged module",
         [](Stage& s) {
             s.completeBut("libgptq_cuda.so");
             s.write("app/libgptq_cuda.so", "not a library");
         },
         {"module cannot be loaded", "on the CPU"}},
        {"NVIDIA's installer", [](Stage& s) { s.complete(); }, found},
        {"several toolkits", [](Stage& s) { withLibrariesIn(s, "usr/local/cuda-13.1/lib64"); }, found},
        {"a distribution's packages", [](Stage& s) { withLibrariesIn(s, "usr/lib/x86_64-linux-gnu"); }, found},
        {"Fedora's folders", [](Stage& s) { withLibrariesIn(s, "usr/lib64"); }, found},
        {"Arch's folders", [](Stage& s) { withLibrariesIn(s, "opt/cuda/lib64"); }, found},
        {"beside the program", [](Stage& s) { withLibrariesIn(s, "app"); }, found},
        {"the user's folder", [](Stage& s) { withLibrariesIn(s, "user"); }, found},
        {"CUDA_HOME",
         [](Stage& s) {
             withLibrariesIn(s, "srv/toolkit/lib64");
             s.set("CUDA_HOME", "/srv/toolkit");
         },
         found},
        {"wheels of a user",
         [](Stage& s) {
             withLibrariesIn(s, "home/ada/.local/" + wheels + "cu13/lib");
             s.set("HOME", "/home/ada");
         },
         found},
        {"wheels of an environment",
         [](Stage& s) {
             withLibrariesIn(s, "srv/env/" + wheels + "cu13/lib");
             s.set("VIRTUAL_ENV", "/srv/env");
         },
         found},
        {"wheels of the system",
         [](Stage& s) { withLibrariesIn(s, "usr/local/lib/python3.11/dist-packages/nvidia/cu13/lib"); }, found},
        {"wheels each in its folder",
         [](Stage& s) {
             s.put("module/libgptq_cuda.so", "app");
             s.put("driver/libcuda.so.1", "usr/lib64");
             const QStringList names{"cublas", "cublas", "nvjitlink", "cusparse", "cusolver"};
             for (int i = 0; i < kLibraries.size(); ++i)
                 s.put("libraries/" + kLibraries[i], "srv/env/" + wheels + names[i] + "/lib");
             s.set("VIRTUAL_ENV", "/srv/env");
         },
         found},
        {"conda",
         [](Stage& s) {
             withLibrariesIn(s, "srv/conda/lib");
             s.set("CONDA_PREFIX", "/srv/conda");
         },
         found},
        {"WSL",
         [](Stage& s) {
             s.completeBut("libcuda.so.1");
             s.put("driver/libcuda.so.1", "usr/lib/wsl/lib");
         },
         found},
    };
    return all;
}

}  // namespace

class CudaLoaderTest : public QObject {
    Q_OBJECT

private slots:
    void aSystemIsUnderstood_data() {
        QTest::addColumn<int>("index");
        for (int i = 0; const Case& one : cases()) QTest::newRow(one.name) << i++;
    }
    void aSystemIsUnderstood() {
        QFETCH(int, index);
        const Case& one = cases()[static_cast<std::size_t>(index)];
        Stage stage;
        one.arrange(stage);
        QCOMPARE(lackingIn(stage.verdict().toStdString(), one.words), QString());
    }

    void theProgramsOwnFolderComesFirstAndTheUsersNext() {
        const TemporaryFolder root;
        const CudaSearch search{root / "app", root / "user", root.path()};
        for (const char* folder : {"app", "user", "usr/local/cuda/lib64"}) fs::create_directories(root / folder);
        const std::vector<fs::path> expected{root / "app", root / "user", root / "usr/local/cuda/lib64"};
        QVERIFY(cudaLibraryFolders(search) == expected);
    }
};

// The child's part.
static int tellVerdict(const fs::path& root) {
    const CudaProbe probe = openCuda({root / "app", root / "user", root});
    std::cout << (probe.module ? probe.module->devices().front().description : probe.absence) << "\n";
    return 0;
}

}  // namespace gptq::test

int main(int count, char** arguments) {
    if (count == 2 && arguments[1][0] == '/') return gptq::test::tellVerdict(arguments[1]);
    gptq::test::CudaLoaderTest test;
    return QTest::qExec(&test, count, arguments);
}

#include "cuda_loader_test.moc"
