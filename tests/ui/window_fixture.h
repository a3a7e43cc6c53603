// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The real window with the real engine, and ways to find what a user would look for.
#pragma once

#include <QAbstractButton>
#include <QApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <algorithm>
#include <memory>
#include <vector>

#include "ui/main_window.h"

namespace gptq::test {

// Times hold for a program as users get it.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
inline constexpr bool kTimesCount = true;
#else
inline constexpr bool kTimesCount = false;
#endif

inline constexpr int kPatienceMilliseconds = kTimesCount ? 90'000 : 250'000;

class WindowFixture {
public:
    explicit WindowFixture(ui::Theme::Choice choice = ui::Theme::Choice::Light) : m_theme(*qApp, choice) {
        m_window.show();
        resultName()->setText(resultFolder());
        emit resultName()->textEdited(resultFolder());
    }

    ui::Session& session() { return m_session; }
    ui::MainWindow& window() { return m_window; }
    ui::RunCard::Mode mode() { return m_window.page().mode(); }
    QString resultFolder() const { return m_home.path() + QStringLiteral("/new/result"); }

    bool reaches(ui::RunCard::Mode wanted) {
        return saysWhyNot(QTest::qWaitFor([&] { return mode() == wanted; }, kPatienceMilliseconds));
    }
    bool openDemo() {
        m_window.openModel({});
        return reaches(ui::RunCard::Mode::Ready);
    }

    // The field that a label names.
    template <class Field>
    Field* field(const QString& label) {
        for (QLabel* candidate : m_window.findChildren<QLabel*>())
            if (candidate->text().remove('&') == label) return qobject_cast<Field*>(candidate->buddy());
        return nullptr;
    }
    QAbstractButton* button(const QString& text) {
        for (QAbstractButton* candidate : m_window.findChildren<QAbstractButton*>())
            if (candidate->text().remove('&') == text && candidate->isVisible()) return candidate;
        return nullptr;
    }
    template <class Child>
    Child* child() {
        return m_window.findChild<Child*>();
    }
    void click(const QString& text) {
        QAbstractButton* target = button(text);
        QVERIFY2(target, qPrintable(text));
        QTest::mouseClick(target, Qt::LeftButton);
    }
    int layersDone() { return child<QTableView>()->model()->rowCount(); }
    bool finishesLayers(int count) {
        return saysWhyNot(QTest::qWaitFor([&] { return layersDone() >= count; }, kPatienceMilliseconds));
    }

private:
    bool saysWhyNot(bool reached) {
        if (!reached)
            qWarning() << "the window says:" << child<ui::RunCard>()->title() << child<ui::Banner>()->title()
                       << child<ui::Banner>()->text() << layersDone() << "layers";
        return reached;
    }

    QLineEdit* resultName() {
        for (QLineEdit* candidate : m_window.findChildren<QLineEdit*>())
            if (candidate->accessibleName() == QLatin1String("Name of the new folder")) return candidate;
        return nullptr;
    }

    QTemporaryDir m_home;
    ui::Settings m_settings;
    ui::Theme m_theme;
    ui::Session m_session;
    ui::MainWindow m_window{m_session, m_theme, m_settings};
};

// A timer on the window's thread that notes how long it had to wait for each of its turns.
class Heartbeat {
public:
    Heartbeat() {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { m_gaps.push_back(m_watch.restart()); });
        m_watch.start();
        m_timer.start(5);
    }

    qint64 longest() const { return *std::max_element(m_gaps.begin(), m_gaps.end()); }
    qint64 percentile99() const {
        std::vector<qint64> sorted = m_gaps;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() * 99 / 100];
    }
    std::size_t beats() const { return m_gaps.size(); }

private:
    QTimer m_timer;
    QElapsedTimer m_watch;
    std::vector<qint64> m_gaps;
};

}  // namespace gptq::test
