// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/session.h"

namespace gptq::ui {

Session::Session(QObject* parent)
    : QObject(parent), m_engine(DeviceOptions{engineThreads()}), m_models(m_engine), m_quantization(m_engine),
      m_evaluation(m_engine), m_compare(m_engine) {}

Session::~Session() {
    m_engine.shutDown();  // then no job can reach a controller that is gone
}

void Session::findDevices() {
    const auto found = std::make_shared<DeviceSummary>();
    m_engine.submit(
        this,
        [found](Engine&, JobControl&) {
            const DeviceList list = availableDevices();
            const DeviceInfo& best = list.devices.front();
            found->gpu = best.device.kind != Device::Kind::Cpu;
            found->name = QString::fromStdString(best.description);
            found->cudaAbsence = QString::fromStdString(list.cudaAbsence);
        },
        [this, found](const JobOutcome& outcome) {
            if (outcome.kind == JobOutcome::Kind::Done) emit devicesFound(*found);
        });
}

void Session::stopAll() {
    m_quantization.stop();
    m_evaluation.stop();
    m_compare.stop();
}

}  // namespace gptq::ui
