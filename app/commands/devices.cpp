// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstdio>

#include "app/commands/command.h"

namespace gptq {

void addDevicesCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command = app.add_subcommand("devices", "list the devices of this machine");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "print JSON");
    command->callback([&run, json] {
        run = [json](JobControl&) {
            const DeviceList list = availableDevices();
            if (*json) {
                Json devices = Json::array();
                for (const DeviceInfo& info : list.devices)
                    devices.push_back({{"name", nameOf(info.device)},
                                       {"description", info.description},
                                       {"memory_bytes", info.memoryBytes}});
                printJson({{"devices", devices}, {"cuda_absence", list.cudaAbsence}});
                return kExitDone;
            }
            for (const DeviceInfo& info : list.devices)
                std::printf("%-8s %s, %s\n", nameOf(info.device).c_str(), info.description.c_str(),
                            bytesText(static_cast<double>(info.memoryBytes)).c_str());
            if (!list.cudaAbsence.empty()) std::printf("\n%s\n", list.cudaAbsence.c_str());
            return kExitDone;
        };
    });
}

}  // namespace gptq
