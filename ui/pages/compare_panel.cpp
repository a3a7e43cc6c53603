// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/compare_panel.h"

#include <QEvent>
#include <QLocale>
#include <QScrollBar>
#include <QTextBlock>
#include <algorithm>

#include "ui/icons.h"
#include "ui/theme.h"

namespace gptq::ui {

ComparePanel::ComparePanel(CompareController& controller, QWidget* parent)
    : Card(tr("Try both"), parent), m_controller(controller),
      m_prompt(new QLineEdit(tr("Once upon a time a little fox"))), m_length(new QSpinBox),
      m_go(new QPushButton(tr("&Continue"))) {
    m_prompt->setAccessibleName(tr("Prompt"));
    m_prompt->setPlaceholderText(tr("The beginning of a text"));
    m_prompt->setAcceptDrops(false);
    m_prompt->setCursorPosition(0);
    m_length->setRange(8, 2048);
    m_length->setValue(64);
    m_length->setSingleStep(16);
    m_length->setSuffix(tr(" tokens"));
    m_length->setAccessibleName(tr("Length of the continuation, in tokens"));
    m_length->setToolTip(tr("How much text each model adds, in tokens (a token is about four letters)"));
    m_go->ensurePolished();
    m_go->setMinimumWidth(m_go->sizeHint().width());  // "Stop" is shorter, and nothing may move
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    row->addWidget(m_prompt, 1);
    row->addWidget(m_length);
    row->addWidget(m_go);
    content()->addLayout(row);
    auto* panes = new QHBoxLayout;
    panes->setSpacing(10);
    panes->addLayout(makePane(m_original, tr("Original"), tr("Continued by the original model")), 1);
    panes->addLayout(makePane(m_quantized, tr("Quantized"), tr("Continued by the quantized model")), 1);
    content()->addLayout(panes, 1);

    connect(m_go, &QPushButton::clicked, this, &ComparePanel::go);
    connect(m_prompt, &QLineEdit::returnPressed, this, &ComparePanel::go);
    connect(m_prompt, &QLineEdit::textChanged, this, &ComparePanel::showState);
    connect(&controller, &CompareController::started, this, &ComparePanel::showState);
    connect(&controller, &CompareController::sideStarted, this, &ComparePanel::begin);
    connect(&controller, &CompareController::textArrived, this, &ComparePanel::append);
    connect(&controller, &CompareController::sideFinished, this, &ComparePanel::finish);
    connect(&controller, &CompareController::ended, this, &ComparePanel::end);
    connect(&controller, &CompareController::failed, this, &ComparePanel::failed);
    showState();
}

QLayout* ComparePanel::makePane(Pane& pane, const QString& title, const QString& accessibleName) {
    pane.view = new QPlainTextEdit;
    pane.view->setObjectName(QStringLiteral("pane"));
    pane.view->setReadOnly(true);
    pane.view->setAcceptDrops(false);
    pane.view->setTabChangesFocus(true);
    pane.view->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    pane.view->setAccessibleName(accessibleName);
    pane.view->setMinimumHeight(60);
    pane.detail = makeLabel({}, QStringLiteral("caption"));
    auto* head = new QHBoxLayout;
    head->addWidget(makeLabel(title, QString()));
    head->addStretch();
    head->addWidget(pane.detail);
    auto* column = new QVBoxLayout;
    column->setSpacing(4);
    column->addLayout(head);
    column->addWidget(pane.view, 1);
    return column;
}

void ComparePanel::setModels(const QString& original, const QString& quantized) {
    m_originalModel = original;
    m_quantizedModel = quantized;
    showState();
}

void ComparePanel::setBlocked(const QString& reason) {
    m_blocked = reason;
    showState();
}

void ComparePanel::showState() {
    const bool ready = !m_originalModel.isEmpty() && !m_quantizedModel.isEmpty();
    const bool busy = m_controller.busy();
    m_go->setText(busy ? tr("Stop") : tr("&Continue"));
    m_go->setEnabled(busy || (ready && m_blocked.isEmpty() && !m_prompt->text().trimmed().isEmpty()));
    m_go->setToolTip(m_blocked);
    const QString next = m_blocked.isEmpty() ? tr("Press Continue.") : m_blocked;
    m_original.view->setPlaceholderText(ready ? next
                                              : tr("Once a model is quantized, both continue your prompt here."));
    m_quantized.view->setPlaceholderText(ready ? next : QString());
}

void ComparePanel::go() {
    if (m_controller.busy()) {
        m_controller.stop();
        return;
    }
    if (!m_go->isEnabled()) return;
    m_shownPrompt = m_prompt->text();
    for (Pane* pane : {&m_original, &m_quantized}) {
        pane->text.clear();
        pane->detail->setText(pane == &m_original ? tr("loading…") : tr("waiting"));
        pane->view->setExtraSelections({});
        render(*pane);
    }
    m_controller.start(m_originalModel, m_quantizedModel, m_shownPrompt, m_length->value());
}

void ComparePanel::begin(Side side) {
    paneOf(side).detail->setText(tr("writing…"));
}

void ComparePanel::append(Side side, const QString& piece) {
    Pane& pane = paneOf(side);
    pane.text += piece;
    QTextCursor cursor(pane.view->document());
    cursor.movePosition(QTextCursor::End);
    QTextCharFormat format;
    format.setForeground(Theme::colours().text);
    cursor.insertText(piece, format);
    pane.view->verticalScrollBar()->setValue(pane.view->verticalScrollBar()->maximum());
}

void ComparePanel::finish(Side side, const Continuation& continuation) {
    const QString speed =
        QLocale().toString(continuation.tokensPerSecond, 'f', continuation.tokensPerSecond < 10 ? 1 : 0);
    paneOf(side).detail->setText(continuation.endedByModel ? tr("%1 tok/s, ended").arg(speed)
                                                           : tr("%1 tok/s").arg(speed));
    if (side == Side::Original) m_quantized.detail->setText(tr("loading…"));
    else markDifference();
}

void ComparePanel::end() {
    const QStringList unfinished = {tr("loading…"), tr("waiting"), tr("writing…")};
    for (Pane* pane : {&m_original, &m_quantized})
        if (unfinished.contains(pane->detail->text())) pane->detail->setText(tr("stopped"));
    for (Pane* pane : {&m_original, &m_quantized})
        pane->view->verticalScrollBar()->setValue(0);  // to be read side by side
    showState();
}

void ComparePanel::render(Pane& pane) {
    pane.view->clear();
    QTextCursor cursor(pane.view->document());
    QTextCharFormat format;
    format.setForeground(Theme::colours().muted);
    cursor.insertText(m_shownPrompt, format);
    format.setForeground(Theme::colours().text);
    cursor.insertText(pane.text, format);
}

// Both chose their likeliest tokens, so where the texts part is where the quantized weights first decided otherwise.
void ComparePanel::markDifference() {
    const auto parts =
        std::mismatch(m_original.text.begin(), m_original.text.end(), m_quantized.text.begin(), m_quantized.text.end());
    const auto same = parts.second - m_quantized.text.begin();
    QTextEdit::ExtraSelection rest;
    rest.format.setBackground(Theme::colours().accentSoft);
    rest.cursor = QTextCursor(m_quantized.view->document());
    rest.cursor.setPosition(static_cast<int>(m_shownPrompt.size() + same));
    rest.cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
    const bool differs = same < m_quantized.text.size();
    m_quantized.view->setExtraSelections(differs ? QList{rest} : QList<QTextEdit::ExtraSelection>{});
    setDetail(differs ? tr("shaded from the first difference on") : tr("no difference"));
}

void ComparePanel::changeEvent(QEvent* event) {
    Card::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || m_shownPrompt.isEmpty()) return;
    render(m_original);
    render(m_quantized);
    if (!m_controller.busy()) markDifference();
}

}  // namespace gptq::ui
