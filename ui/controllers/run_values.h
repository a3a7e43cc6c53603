// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What controllers and views tell each other about a run: plain values.
#pragma once

#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>
#include <cstdint>

namespace gptq::ui {

struct RunSettings {
    QString model;        // a folder
    QString calibration;  // a text file
    QString output;       // a folder that is not there yet
    QString method;       // a row of core's table: "gptq"
    int bits = 4;
    int groupSize = 128;  // -1: the whole row
    double damping = 0.01;
    bool symmetric = true;
    bool actOrder = false;
    int samples = 128;
    int sequenceLength = 512;
};

struct RunStart {
    QString device;
    int blocks = 0;
    int modules = 0;
    qint64 samples = 0;
    qint64 sequenceLength = 0;
};

// A finished layer: one linear module.
struct LayerResult {
    enum class Remedy : std::uint8_t { None, MoreDamping, DiagonalFloor, RoundedToNearest };

    int block = 0;
    QString name;  // "model.layers.3.mlp.down_proj"
    QString kind;  // "down": what it is called in every block
    qint64 rows = 0;
    qint64 columns = 0;
    int bits = 0;
    double error = 0;  // relative, of its output
    double damping = 0;
    Remedy remedy = Remedy::None;
    int deadColumns = 0;
    double seconds = 0;
};

enum class RunPhase : std::uint8_t { Reading, Quantizing, Writing };

struct RunProgress {
    RunPhase phase = RunPhase::Reading;
    double done = 0;          // share of the work, 0 to 1
    double seconds = 0;       // at work, pauses left out
    double secondsLeft = -1;  // negative: not known yet
    int layersDone = 0;
    int layers = 0;
    QString lastLayer;
};

struct MemoryPoint {
    double seconds = 0;  // since the run began
    double processBytes = 0;
    double deviceBytes = 0;  // held by the engine on its device
    double deviceTotal = 0;
    bool ownMemory = false;  // the device has memory of its own: a GPU
};

struct RunResult {
    QString output;
    double meanError = 0;
    double bitsPerWeight = 0;
    double seconds = 0;
    qint64 outputBytes = 0;
    int layers = 0;
    int remedied = 0;  // layers that needed more damping or fell back
    qint64 tokensUsed = 0;
};

struct ModelSummary {
    QString folder;
    QString name;
    bool demo = false;
    QString problem;  // why it cannot be quantized; the rest may then be empty
    QString architecture;
    QString dtype;
    QString tokenizer;
    QString quantization;  // of one that is quantized already
    qint64 parameters = 0;
    qint64 weightBytes = 0;
    int layers = 0;
    int hidden = 0;
    int context = 0;
    int modules = 0;    // linear layers of the blocks
    int keptFloat = 0;  // of these, left as they are

    bool usable() const { return problem.isEmpty() && quantization.isEmpty() && !folder.isEmpty(); }
};

}  // namespace gptq::ui

Q_DECLARE_METATYPE(gptq::ui::RunSettings)
Q_DECLARE_METATYPE(gptq::ui::RunStart)
Q_DECLARE_METATYPE(gptq::ui::LayerResult)
Q_DECLARE_METATYPE(gptq::ui::RunProgress)
Q_DECLARE_METATYPE(gptq::ui::MemoryPoint)
Q_DECLARE_METATYPE(gptq::ui::RunResult)
Q_DECLARE_METATYPE(gptq::ui::ModelSummary)
