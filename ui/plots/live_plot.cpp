// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/plots/live_plot.h"

#include "ui/theme.h"

namespace gptq::ui {

constexpr int kRedrawMilliseconds = 100;

LivePlot::LivePlot(QWidget* parent)
    : QCustomPlot(parent), m_redraw(kRedrawMilliseconds, [this] { redraw(); }), m_emptyText(new QCPItemText(this)) {
    setAutoAddPlottableToLegend(false);
    setPlottingHint(QCP::phCacheLabels, true);
    setFocusPolicy(Qt::NoFocus);
    m_emptyText->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_emptyText->position->setCoords(0.5, 0.5);
    m_emptyText->setTextAlignment(Qt::AlignCenter);
    m_emptyText->setPositionAlignment(Qt::AlignCenter);
    m_emptyText->setPadding(QMargins(8, 4, 8, 4));
    axisRect()->setMinimumMargins(QMargins(8, 8, 12, 4));
}

void LivePlot::setEmptyText(const QString& text) {
    m_emptyText->setText(text);
    requestReplot();
}

void LivePlot::placeLegendAbove() {
    auto* row = new QCPLayoutGrid;
    plotLayout()->insertRow(0);
    plotLayout()->addElement(0, 0, row);
    plotLayout()->setRowStretchFactor(0, 0.001);
    plotLayout()->setRowSpacing(0);
    row->addElement(0, 0, legend);
    row->addElement(0, 1, new QCPLayoutElement(this));
    row->setColumnStretchFactor(0, 0.001);
    legend->setFillOrder(QCPLegend::foColumnsFirst);
    legend->setMargins(QMargins(0, 0, 0, 0));
    legend->setColumnSpacing(16);
    legend->setVisible(true);
}

void LivePlot::requestReplot() {
    m_stale = true;
    if (isVisible()) m_redraw.request();
}

void LivePlot::redraw() {
    if (!isVisible() || !m_stale) return;
    m_stale = false;
    ++m_replots;
    m_emptyText->setVisible(isEmpty());
    legend->setVisible(!isEmpty());
    prepare();
    replot(QCustomPlot::rpQueuedReplot);
}

void LivePlot::restyle() {
    const Colours& colours = Theme::colours();
    setBackground(QBrush(colours.panel));
    m_emptyText->setColor(colours.muted);
    m_emptyText->setBrush(colours.panel);
    m_emptyText->setFont(font());
    for (QCPAxis* axis : {xAxis, yAxis}) {
        axis->setBasePen(QPen(colours.fieldBorder));
        axis->setTickPen(Qt::NoPen);
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelColor(colours.muted);
        axis->setLabelColor(colours.muted);
        axis->setTickLabelFont(font());
        axis->setLabelFont(font());
        axis->setTickLabelPadding(5);
        axis->grid()->setPen(QPen(colours.grid));
        axis->grid()->setZeroLinePen(Qt::NoPen);
        axis->grid()->setSubGridVisible(false);
    }
    yAxis->setBasePen(Qt::NoPen);
    legend->setBrush(Qt::NoBrush);
    legend->setBorderPen(Qt::NoPen);
    legend->setTextColor(colours.muted);
    legend->setFont(font());
    legend->setIconSize(18, fontMetrics().height() + 2);
}

void LivePlot::changeEvent(QEvent* event) {
    QCustomPlot::changeEvent(event);
    if (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange) return;
    restyle();
    requestReplot();
}

void LivePlot::showEvent(QShowEvent* event) {
    QCustomPlot::showEvent(event);
    restyle();
    requestReplot();
}

void LivePlot::resizeEvent(QResizeEvent* event) {
    QCustomPlot::resizeEvent(event);
    requestReplot();
}

}  // namespace gptq::ui
