// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/job_run.h"

#include "support/model_runs.h"

namespace gptq::test {

JobScene::JobScene(const TinyModel& model) {
    model.write(folder / "model");
    writeFile(folder / "text.txt", demoText(4000));
    plan.model = folder / "model";
    plan.calibration = folder / "text.txt";
    plan.output = folder / "out";
    plan.scheme = {4, 32, true, GridKind::Uniform};
    plan.samples = {6, 32, std::nullopt};
    plan.chunkTokens = 64;
}

JobFinished JobScene::run(RecordingSink& sink, JobControl& control) const {
    return runQuantization(cpu(), plan, sink, control);
}

JobFinished JobScene::run() const {
    RecordingSink sink;
    JobControl control;
    return run(sink, control);
}

bool JobScene::nothingIsLeft() const {
    std::size_t entries = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++entries;
    return entries == 2;  // model and text
}

std::map<std::string, std::string> filesIn(const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files[entry.path().filename().string()] = readFile(entry.path());
    return files;
}

}  // namespace gptq::test
