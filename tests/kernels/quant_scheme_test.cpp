// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/quant_scheme.h"

#include <QTest>

#include "support/test_files.h"

namespace gptq::test {

class QuantSchemeTest : public QObject {
    Q_OBJECT

private slots:
    void supportedSchemesPass();
    void impossibleSchemesAreRefused_data();
    void impossibleSchemesAreRefused();
    void theLastGroupMayBeRagged();
    void codesReachFromZeroToTheTop();
    void aNameSaysBitsGroupAndSymmetry();
};

void QuantSchemeTest::supportedSchemesPass() {
    QCOMPARE(supportedBits(), (std::vector<int>{2, 3, 4, 8}));
    for (const int bits : supportedBits()) {
        for (const std::int64_t group : {-1, 8, 24, 128, 4096}) {
            for (const bool symmetric : {false, true})
                QVERIFY(errorOf([&] { checkScheme({bits, group, symmetric, GridKind::Uniform}); }).empty());
        }
    }
}

void QuantSchemeTest::impossibleSchemesAreRefused_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<QStringList>("parts");
    for (const int bits : {-4, 0, 1, 5, 6, 7, 16})
        QTest::addRow("%d bits", bits) << bits << 128 << QStringList{QString("%1 bits").arg(bits), "2, 3, 4 or 8"};
    for (const int group : {-128, -2, 0, 4, 12, 100})
        QTest::addRow("group %d", group) << 4 << group
                                         << QStringList{QString("group of %1").arg(group), "multiple of 8"};
}

void QuantSchemeTest::impossibleSchemesAreRefused() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(QStringList, parts);
    QCOMPARE(lackingIn(errorOf([&] { checkScheme({bits, group, true, GridKind::Uniform}); }), parts), QString());
}

void QuantSchemeTest::theLastGroupMayBeRagged() {
    const QuantScheme scheme{4, 128, true, GridKind::Uniform};
    QCOMPARE(scheme.groups(128), std::int64_t{1});
    QCOMPARE(scheme.groups(129), std::int64_t{2});
    QCOMPARE(scheme.groups(576), std::int64_t{5});
    QCOMPARE(scheme.groupColumns(576), std::int64_t{128});
    const QuantScheme rows{4, -1, true, GridKind::Uniform};
    QCOMPARE(rows.groups(576), std::int64_t{1});
    QCOMPARE(rows.groupColumns(576), std::int64_t{576});
}

void QuantSchemeTest::codesReachFromZeroToTheTop() {
    const std::vector<std::pair<int, int>> expected{{3, 2}, {7, 4}, {15, 8}, {255, 128}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const QuantScheme scheme{supportedBits()[i], 128, true, GridKind::Uniform};
        QCOMPARE(scheme.topCode(), expected[i].first);
        QCOMPARE(scheme.middleCode(), expected[i].second);
    }
}

void QuantSchemeTest::aNameSaysBitsGroupAndSymmetry() {
    QCOMPARE(nameOf(QuantScheme{4, 128, true, GridKind::Uniform}), std::string("4-bit, group 128, symmetric"));
    QCOMPARE(nameOf(QuantScheme{3, -1, false, GridKind::Uniform}), std::string("3-bit, whole rows, asymmetric"));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::QuantSchemeTest)
#include "quant_scheme_test.moc"
