// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Calls that are spoilt in one place, and what the complaint must name.
#pragma once

#include <QStringList>
#include <QTest>
#include <functional>
#include <vector>

#include "support/backend_fixture.h"
#include "support/test_files.h"

namespace gptq::test {

struct Refusal {
    QString label;
    QStringList parts;  // of the message
    std::function<void(const OpTarget&)> call;

    QString name() const { return label; }
};

// For the one test of such calls, whose rows addRows() made.
inline void checkRefusal(const std::vector<OpTarget>& targets) {
    QFETCH(int, target);
    QFETCH(Refusal, shape);
    const auto message = errorOf([&] { shape.call(targets[static_cast<std::size_t>(target)]); });
    QVERIFY2(!message.empty(), "it was not refused");
    QCOMPARE(lackingIn(message, shape.parts), QString());
}

}  // namespace gptq::test
