// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which kernels products take, by card and tokens.

#include "kernels/product_paths.h"

#include <QTest>

#include "support/test_files.h"

namespace gptq::test {

class ProductPathsTest : public QObject {
    Q_OBJECT

private slots:
    void everyNumberOfTokensHasAPathAndMoreNeverGoBack() {
        for (const int capability : {75, 80, 86, 89, 90, 100, 120}) {
            for (const std::int64_t weights : {kSmall, kLarge}) {
                auto before = ProductPath::Decode;
                for (std::int64_t tokens = 1; tokens < 10000; ++tokens) {
                    const ProductPath path = productPath(limitsOf(capability), {}, tokens, weights);
                    QVERIFY(path >= before);
                    before = path;
                }
                QCOMPARE(productPath(limitsOf(capability), {}, 1, weights), ProductPath::Decode);
                QCOMPARE(before, ProductPath::Dense);
            }
        }
    }

    void onHopperPromptsOfSmallMatricesAreDense() {
        const GpuLimits hopper = limitsOf(90);
        QCOMPARE(productPath(hopper, {}, 2048, kSmall), ProductPath::Dense);
        QCOMPARE(productPath(hopper, {}, 512, kSmall), ProductPath::Fused);
        QCOMPARE(productPath(hopper, {}, 2048, kLarge), ProductPath::Fused);
    }

    void aWishGoesForSeveralTokensAlone() {
        const GpuLimits hopper = limitsOf(90);
        QCOMPARE(productPath(hopper, ProductPath::Dense, 2, kLarge), ProductPath::Dense);
        QCOMPARE(productPath(hopper, ProductPath::Dense, 1, kLarge), ProductPath::Decode);
        QCOMPARE(productPath(hopper, ProductPath::Fused, 4096, kSmall), ProductPath::Fused);
    }

    void wishesAreNamed() {
        QVERIFY(!wantedProductPath(nullptr) && !wantedProductPath(""));
        QCOMPARE(wantedProductPath("decode"), ProductPath::Decode);
        QCOMPARE(wantedProductPath("few"), ProductPath::Few);
        QCOMPARE(wantedProductPath("fused"), ProductPath::Fused);
        QCOMPARE(wantedProductPath("dense"), ProductPath::Dense);
        QCOMPARE(lackingIn(errorOf([] { wantedProductPath("cublas"); }),
                           {"GPTQ_STUDIO_PRODUCTS is 'cublas'", "decode, few, fused or dense"}),
                 QString());
    }

private:
    static constexpr std::int64_t kSmall = 3072 * 576, kLarge = 4096 * 4096;
};

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ProductPathsTest)
#include "product_paths_test.moc"
