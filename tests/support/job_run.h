// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A quantization of a tiny model, and all that it tells.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/quantization/job.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

class RecordingSink final : public ProgressSink {
public:
    void receive(const ProgressEvent& event) override {
        events.push_back(event);
        if (onEvent) onEvent(event);
    }
    template <class Event>
    std::vector<Event> of() const {
        std::vector<Event> found;
        for (const ProgressEvent& event : events) {
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        }
        return found;
    }

    std::vector<ProgressEvent> events;
    std::function<void(const ProgressEvent&)> onEvent;
};

// A folder with a tiny model and a text; the plan reads them and writes OUT in it. 4 bits, groups of 32, 6 x 32 tokens.
struct JobScene {
    explicit JobScene(const TinyModel& model = {});

    JobFinished run(RecordingSink& sink, JobControl& control) const;
    JobFinished run() const;
    bool nothingIsLeft() const;  // neither output nor a part of it

    TemporaryFolder folder;
    QuantizationPlan plan;
};

std::map<std::string, std::string> filesIn(const std::filesystem::path& folder);  // names and bytes

}  // namespace gptq::test
