// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Everything that takes the keyboard has a name, and Tab comes by it, from the left to the right and from top to bottom.

#include <QAccessible>
#include <QAccessibleInterface>
#include <QComboBox>

#include "ui/window_fixture.h"

using gptq::test::WindowFixture;

namespace {

bool takesTab(const QWidget* widget) {
    return widget->isVisible() && widget->isEnabled() && (widget->focusPolicy() & Qt::TabFocus);
}

// Its own, or that of the label whose buddy it is: assistive tools follow that relation. (A combo box's own is its choice.)
QString nameOf(QWidget* widget) {
    if (!widget->accessibleName().isEmpty()) return widget->accessibleName();
    for (const QLabel* label : widget->window()->findChildren<QLabel*>())
        if (label->buddy() == widget) return label->text();
    if (qobject_cast<QComboBox*>(widget)) return {};
    QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(widget);
    return interface ? interface->text(QAccessible::Name) : QString();
}

QString describe(const QWidget* widget) {
    return QString("%1 in %2")
        .arg(widget->metaObject()->className(),
             widget->parentWidget() ? widget->parentWidget()->metaObject()->className() : "nothing");
}

QWidgetList tabStops(QWidget& window) {
    QWidgetList stops;
    QWidget* widget = &window;
    do {
        widget = widget->nextInFocusChain();
        if (widget->window() == &window && takesTab(widget)) stops << widget;
    } while (widget != &window);
    return stops;
}

}  // namespace

class AccessibilityTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void whateverTakesTheKeyboardHasANameAndATurn() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        const QWidgetList stops = tabStops(it.window());
        int focusable = 0;
        for (QWidget* widget : it.window().findChildren<QWidget*>()) {
            if (!takesTab(widget) || widget->focusProxy()) continue;
            // The line inside a spin box is the spin box's.
            if (qobject_cast<QAbstractSpinBox*>(widget->parentWidget())) continue;
            ++focusable;
            QVERIFY2(!nameOf(widget).isEmpty(), qPrintable(describe(widget)));
            QVERIFY2(stops.contains(widget), qPrintable(describe(widget)));
        }
        QVERIFY2(focusable >= 16, qPrintable(QString::number(focusable)));
    }

    void tabGoesFromTheSetUpToTheRunToTheResult() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        const QWidgetList stops = tabStops(it.window());
        QStringList names;
        for (QWidget* widget : stops) names << nameOf(widget).remove('&');
        const QStringList expected = {"Open folder…",
                                      "Choose text…",
                                      "Samples",
                                      "Method",
                                      "Name of the new folder",
                                      "Start",
                                      "Layers",
                                      "Prompt",
                                      "Continued by the quantized model"};
        qsizetype last = -1;
        for (const QString& name : expected) {
            const qsizetype at = names.indexOf(name);
            QVERIFY2(at > last, qPrintable(QString("%1 of: %2").arg(name, names.join(", "))));
            last = at;
        }
    }
};

QTEST_MAIN(AccessibilityTest)
#include "accessibility_test.moc"
