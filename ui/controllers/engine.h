// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the engine thread owns: the device, and the models that are open on it. Only jobs on that thread touch it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/model/device.h"

namespace gptq {
class DecoderModel;
class JobControl;
class Tokenizer;
}  // namespace gptq

namespace gptq::ui {

class OpenModel;

class Engine {
public:
    explicit Engine(const DeviceOptions& options);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    Backend& backend();  // the best device there is, opened at first use

    // The model of a folder, loaded at first use; the two used last stay open, to be compared. Throws Error, or Stopped.
    const OpenModel& model(const std::filesystem::path& folder, JobControl& control);
    void closeModels();  // gives their memory back

private:
    DeviceOptions m_options;
    std::unique_ptr<Backend> m_backend;
    std::vector<std::unique_ptr<OpenModel>> m_models;  // the one used last is last
};

// A model ready to run: its tokenizer, its weights on the device.
class OpenModel {
public:
    OpenModel(Backend& backend, const DeviceOptions& options, std::filesystem::path folder, JobControl& control);
    ~OpenModel();

    const std::filesystem::path& folder() const { return m_folder; }
    const DecoderModel& decoder() const { return *m_decoder; }
    const Tokenizer& tokenizer() const { return *m_tokenizer; }

private:
    std::filesystem::path m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer;
    std::unique_ptr<DecoderModel> m_decoder;
};

}  // namespace gptq::ui
