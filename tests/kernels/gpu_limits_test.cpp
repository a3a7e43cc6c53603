// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What generations of GPUs grant, and a card that is used as if it were older.

#include "kernels/gpu_limits.h"

#include <QTest>

#include "support/test_files.h"

namespace gptq::test {

class GpuLimitsTest : public QObject {
    Q_OBJECT

private slots:
    void aBlockMayHaveWhatItsGenerationGrants() {
        for (const auto& [capability, kilobytes] :
             {std::pair{75, 64}, {80, 163}, {86, 99}, {89, 99}, {90, 227}, {120, 99}})
            QCOMPARE(limitsOf(capability).sharedBytes, static_cast<std::size_t>(kilobytes) << 10);
        QCOMPARE(limitsOf(121).sharedBytes, limitsOf(120).sharedBytes);  // not known yet
        QCOMPARE(lackingIn(errorOf([] { limitsOf(70); }), {"sm_70", "too old", "sm_75"}), QString());
    }

    void generationsDifferInWhatTheyCan() {
        QVERIFY(!limitsOf(75).multipliesBFloat16() && limitsOf(80).multipliesBFloat16());
        QVERIFY(!limitsOf(75).copiesAsynchronously() && limitsOf(80).copiesAsynchronously());
        QVERIFY(!limitsOf(89).chainsKernels() && limitsOf(90).chainsKernels() && limitsOf(120).chainsKernels());
        QVERIFY(limitsOf(90).isHopper() && !limitsOf(100).isHopper() && !limitsOf(89).isHopper());
    }

    void aCardIsWhatItIsWithoutAWish() {
        for (const char* none : {static_cast<const char*>(nullptr), ""}) {
            QCOMPARE(limitsAsIf(90, none).capability, 90);
            QCOMPARE(limitsAsIf(120, none).capability, 120);
        }
    }

    void aCardPlaysAnOlderOne() {
        QCOMPARE(limitsAsIf(90, "75").capability, 75);
        QCOMPARE(limitsAsIf(90, "75").sharedBytes, std::size_t{64} << 10);
        QCOMPARE(limitsAsIf(90, "90").capability, 90);
        QVERIFY(limitsAsIf(90, "90").isHopper() && !limitsAsIf(100, "90").isHopper());
        QCOMPARE(limitsAsIf(120, "80").sharedBytes, std::size_t{99} << 10);  // more than it has is not granted
    }

    void otherWishesAreRefused() {
        for (const char* wish : {"7", "77", "sm_80", "80 ", "800", "120"})
            QCOMPARE(lackingIn(errorOf([wish] { limitsAsIf(90, wish); }),
                               {QString("GPTQ_STUDIO_SM is '%1'").arg(wish), "75, 80, 86, 89 or 90"}),
                     QString());
        QCOMPARE(lackingIn(errorOf([] { limitsAsIf(86, "90"); }), {"GPTQ_STUDIO_SM is 90", "older", "sm_86"}),
                 QString());
    }
};

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GpuLimitsTest)
#include "gpu_limits_test.moc"
