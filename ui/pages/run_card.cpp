// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/run_card.h"

#include <QLocale>

#include "ui/icons.h"
#include "ui/text_format.h"

namespace gptq::ui {

constexpr int kProgressSteps = 1000;

RunCard::RunCard(QWidget* parent)
    : Card({}, parent), m_title(makeLabel({}, QStringLiteral("title"))), m_detail(new ElidedLabel(Qt::ElideMiddle)),
      m_progress(new QProgressBar), m_start(new QPushButton(glyphIcon(Glyph::Play, GlyphTone::OnAccent), tr("&Start"))),
      m_pause(new QPushButton(glyphIcon(Glyph::Pause), tr("&Pause"))),
      m_stop(new QPushButton(glyphIcon(Glyph::Stop), tr("Sto&p"))),
      m_openResult(new QPushButton(tr("Show &in folder"))),
      m_perplexity(new MetricTile(tr("Perplexity, original → quantized"))),
      m_error(new MetricTile(tr("Mean layer error"))), m_bits(new MetricTile(tr("Bits per weight"))),
      m_size(new MetricTile(tr("Size on disk"))), m_time(new MetricTile(tr("Time"))) {
    m_detail->setProperty("role", QStringLiteral("muted"));
    m_start->setProperty("role", QStringLiteral("primary"));
    m_openResult->setProperty("role", QStringLiteral("link"));
    m_progress->setRange(0, kProgressSteps);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress"));
    m_perplexity->setToolTip(tr("How surprised the model is by the text: lower is better"));
    content()->setSpacing(10);
    content()->addLayout(makeHead());
    content()->addWidget(m_progress);
    content()->addLayout(makeTiles());
    connect(m_start, &QPushButton::clicked, this, &RunCard::startRequested);
    connect(m_pause, &QPushButton::clicked, this, &RunCard::pauseRequested);
    connect(m_stop, &QPushButton::clicked, this, &RunCard::stopRequested);
    connect(m_openResult, &QPushButton::clicked, this, &RunCard::openResultRequested);
    setMode(Mode::NotReady);
}

QLayout* RunCard::makeHead() {
    auto* words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(m_title);
    words->addWidget(m_detail);
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addLayout(words, 1);
    head->addWidget(m_openResult);
    head->addWidget(m_start);
    head->addWidget(m_pause);
    head->addWidget(m_stop);
    return head;
}

QLayout* RunCard::makeTiles() {
    auto* tiles = new QHBoxLayout;
    tiles->setSpacing(24);
    tiles->addWidget(m_perplexity, 5);
    tiles->addWidget(m_error, 3);
    tiles->addWidget(m_bits, 3);
    tiles->addWidget(m_size, 3);
    tiles->addWidget(m_time, 2);
    return tiles;
}

void RunCard::setMode(Mode mode) {
    m_mode = mode;
    const bool steerable = mode == Mode::Running || mode == Mode::Pausing || mode == Mode::Paused;
    const bool paused = mode == Mode::Pausing || mode == Mode::Paused;
    const bool startable = mode == Mode::Ready || mode == Mode::Finished;
    const bool focused = m_start->hasFocus() || m_pause->hasFocus() || m_stop->hasFocus();
    m_start->setEnabled(startable);
    m_pause->setEnabled(steerable);
    m_stop->setEnabled(steerable || mode == Mode::Measuring);
    // The focus stays with these buttons: one that is disabled would hand it to whatever comes behind them.
    if (focused && !(steerable && m_stop->hasFocus()))
        for (QPushButton* button : {m_stop, m_pause, m_start})
            if (button->isEnabled()) button->setFocus();
    m_pause->setText(paused ? tr("&Resume") : tr("&Pause"));
    m_pause->setIcon(glyphIcon(paused ? Glyph::Play : Glyph::Pause));
    m_stop->setText(mode == Mode::Stopping ? tr("Stopping…") : tr("Sto&p"));
    m_openResult->setVisible(mode == Mode::Finished || mode == Mode::Measuring);
    setRole(m_progress, "state", paused ? QStringLiteral("paused") : QString());
}

void RunCard::setWords(const QString& title, const QString& detail) {
    m_title->setText(title);
    m_detail->setFullText(detail);
}

void RunCard::setProgress(double done) {
    m_progress->setValue(static_cast<int>(done * kProgressSteps));
}

void RunCard::focusStart() {
    m_start->setFocus();
}

void RunCard::clearResults(qint64 originalBytes) {
    setProgress(0);
    for (MetricTile* tile : {m_perplexity, m_error, m_bits, m_size, m_time}) tile->setPending(QStringLiteral("–"));
    m_perplexity->setPending(QStringLiteral("–"), tr("measured after the run"));
    if (originalBytes > 0)
        m_size->setPending(QStringLiteral("–"), tr("now %1").arg(fileSizeText(static_cast<double>(originalBytes))));
}

void RunCard::showResult(const RunResult& result, qint64 originalBytes) {
    const QLocale locale;
    setProgress(1);
    m_error->setValue(errorText(result.meanError), result.remedied > 0
                                                       ? tr("%n layers needed help", nullptr, result.remedied)
                                                       : tr("over %n layers", nullptr, result.layers));
    m_bits->setValue(locale.toString(result.bitsPerWeight, 'f', 2), tr("in quantized layers"));
    m_size->setValue(
        fileSizeText(static_cast<double>(result.outputBytes)),
        originalBytes > 0 ? tr("from %1").arg(fileSizeText(static_cast<double>(originalBytes))) : QString());
    m_time->setValue(durationText(result.seconds), tr("to quantize"));
}

void RunCard::showMeasuring(double done) {
    m_perplexity->setPending(tr("measuring…"), tr("%1 % done").arg(static_cast<int>(done * 100)));
}

void RunCard::showPerplexity(const EvaluationResult& result) {
    const QLocale locale;
    const auto figure = [&](double perplexity) { return locale.toString(perplexity, 'f', perplexity < 1000 ? 2 : 0); };
    const QString sign = result.change() >= 0 ? QStringLiteral("+") : QString();
    m_perplexity->setValue(
        QStringLiteral("%1 → %2").arg(figure(result.original), figure(result.quantized)),
        tr("%1%2 % on %3 tokens; lower is better")
            .arg(sign, locale.toString(100 * result.change(), 'f', 1), locale.toString(result.tokens)));
}

void RunCard::showNoPerplexity(const QString& reason) {
    m_perplexity->setPending(tr("not measured"), reason);
}

}  // namespace gptq::ui
