// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cpu/thread_pool.h"

#include <QTest>
#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace gptq::test {

using Pieces = std::vector<std::pair<std::int64_t, std::int64_t>>;

class ThreadPoolTest : public QObject {
    Q_OBJECT

private slots:
    void everyPartRunsExactlyOnce_data();
    void everyPartRunsExactlyOnce();
    void theSameLoopIsCutIntoTheSamePieces();
    void anEmptyLoopCallsNothing();
    void anExceptionReachesTheCaller_data() { threadCounts(); }
    void anExceptionReachesTheCaller();
    void thePoolWorksOnAfterAnException_data() { threadCounts(); }
    void thePoolWorksOnAfterAnException();
    void manyLoopsFollowOneAnother();
    void oneThreadIsTheCallersOwn();
    void twoThreadsWorkAtTheSameTime();
    void idlePoolsEnd();

private:
    static void threadCounts() {
        QTest::addColumn<int>("threads");
        for (const int threads : {1, 2, 5}) QTest::addRow("%d threads", threads) << threads;
    }
};

// The pieces of one loop, in order of their begin.
static Pieces piecesOf(ThreadPool& pool, std::int64_t count, std::int64_t grain) {
    std::mutex mutex;
    Pieces pieces;
    pool.parallelFor(count, grain, [&](std::int64_t begin, std::int64_t end) {
        const std::lock_guard lock(mutex);
        pieces.emplace_back(begin, end);
    });
    std::sort(pieces.begin(), pieces.end());
    return pieces;
}

void ThreadPoolTest::everyPartRunsExactlyOnce_data() {
    QTest::addColumn<int>("threads");
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("grain");
    for (const int threads : {1, 2, 5}) {
        for (const auto& [count, grain] : {std::pair{1, 1}, {1, 7}, {7, 7}, {8, 7}, {100, 1}, {101, 16}, {1000, 3}})
            QTest::addRow("%d threads, %d by %d", threads, count, grain) << threads << count << grain;
    }
}

void ThreadPoolTest::everyPartRunsExactlyOnce() {
    QFETCH(int, threads);
    QFETCH(int, count);
    QFETCH(int, grain);
    ThreadPool pool(threads);
    QCOMPARE(pool.threads(), threads);
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
    pool.parallelFor(count, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (const auto& visit : visits) QCOMPARE(visit.load(), 1);
}

void ThreadPoolTest::theSameLoopIsCutIntoTheSamePieces() {
    const Pieces expected{{0, 16}, {16, 32}, {32, 48}, {48, 50}};
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        QCOMPARE(piecesOf(pool, 50, 16), expected);
    }
}

void ThreadPoolTest::anEmptyLoopCallsNothing() {
    ThreadPool pool(2);
    QCOMPARE(piecesOf(pool, 0, 4), Pieces());
    QCOMPARE(piecesOf(pool, -3, 4), Pieces());
}

void ThreadPoolTest::anExceptionReachesTheCaller() {
    QFETCH(int, threads);
    ThreadPool pool(threads);
    for (const std::int64_t failing : {0, 63, 99}) {
        const auto loop = [&] {
            pool.parallelFor(100, 1, [&](std::int64_t begin, std::int64_t) {
                if (begin == failing) throw std::out_of_range("part " + std::to_string(begin));
            });
        };
        try {
            loop();
            QFAIL("no exception came out");
        } catch (const std::out_of_range& error) {
            QCOMPARE(std::string(error.what()), "part " + std::to_string(failing));
        }
    }
}

void ThreadPoolTest::thePoolWorksOnAfterAnException() {
    QFETCH(int, threads);
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
        QVERIFY_EXCEPTION_THROWN(
            pool.parallelFor(64, 1, [](std::int64_t, std::int64_t) { throw std::logic_error("x"); }), std::logic_error);
        QCOMPARE(piecesOf(pool, 64, 1).size(), std::size_t{64});
    }
}

void ThreadPoolTest::manyLoopsFollowOneAnother() {
    ThreadPool pool(3);
    for (std::int64_t loop = 1; loop <= 5000; ++loop) {
        std::atomic<std::int64_t> sum{0};
        pool.parallelFor(9, 2, [&](std::int64_t begin, std::int64_t end) { sum += (end - begin) * loop; });
        QCOMPARE(sum.load(), 9 * loop);
    }
}

void ThreadPoolTest::oneThreadIsTheCallersOwn() {
    ThreadPool pool(1);
    std::set<std::thread::id> seen;
    pool.parallelFor(20, 3, [&](std::int64_t, std::int64_t) { seen.insert(std::this_thread::get_id()); });
    QCOMPARE(seen, (std::set<std::thread::id>{std::this_thread::get_id()}));
}

void ThreadPoolTest::twoThreadsWorkAtTheSameTime() {
    ThreadPool pool(2);
    // Each of the two parts waits for the other: one thread alone would never see both begun.
    std::atomic<int> begun{0};
    std::atomic<bool> together{true};
    pool.parallelFor(2, 1, [&](std::int64_t, std::int64_t) {
        ++begun;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (begun < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        if (begun < 2) together = false;
    });
    QVERIFY(together);
}

void ThreadPoolTest::idlePoolsEnd() {
    for (int i = 0; i < 100; ++i) {
        ThreadPool idle(4);
        ThreadPool used(2);
        QCOMPARE(piecesOf(used, 4, 1).size(), std::size_t{4});
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ThreadPoolTest)
#include "thread_pool_test.moc"
