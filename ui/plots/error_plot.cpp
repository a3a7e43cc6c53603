// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/plots/error_plot.h"

#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/text_format.h"
#include "ui/theme.h"

namespace gptq::ui {
namespace {

constexpr double kReach = 14;         // pixels from the mouse to a point
constexpr double kLeastError = 1e-9;  // an error of zero has no logarithm

// 0.01, 0.02, 0.05, 0.1: within a power of ten too, as long as there is room.
class DecadeTicker final : public QCPAxisTicker {
protected:
    QVector<double> createTickVector(double, const QCPRange& range) override {
        const int first = static_cast<int>(std::floor(std::log10(range.lower)));
        const int last = static_cast<int>(std::ceil(std::log10(range.upper)));
        const bool all = last - first <= 3;
        QVector<double> ticks;
        for (int power = first; power <= last; ++power) {
            for (const double step : {1.0, 2.0, 5.0})
                if (all || step == 1.0) ticks.append(step * std::pow(10.0, power));
        }
        return ticks;
    }
    int getSubTickCount(double) override { return 0; }
};

// A shape for each colour, so that neither is needed to tell curves apart.
QCPScatterStyle markerOf(int index, const QColor& colour, const QColor& background) {
    static const QCPScatterStyle::ScatterShape shapes[] = {QCPScatterStyle::ssDisc,
                                                           QCPScatterStyle::ssSquare,
                                                           QCPScatterStyle::ssTriangle,
                                                           QCPScatterStyle::ssDiamond,
                                                           QCPScatterStyle::ssCircle,
                                                           QCPScatterStyle::ssCross,
                                                           QCPScatterStyle::ssTriangleInverted};
    const QCPScatterStyle::ScatterShape shape = shapes[index % std::ssize(shapes)];
    const bool open = shape == QCPScatterStyle::ssCircle;
    return {shape, QPen(colour, open || shape == QCPScatterStyle::ssCross ? 1.8 : 1), open ? background : colour, 7};
}

}  // namespace

ErrorPlot::ErrorPlot(QWidget* parent) : LivePlot(parent) {
    setAccessibleName(tr("Error by layer"));
    setMouseTracking(true);
    setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    axisRect()->setRangeDrag(Qt::Horizontal);
    axisRect()->setRangeZoom(Qt::Horizontal);
    yAxis->setScaleType(QCPAxis::stLogarithmic);
    yAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    yAxis->setNumberFormat(QStringLiteral("g"));
    yAxis->setNumberPrecision(3);
    auto ticker = QSharedPointer<QCPAxisTickerFixed>::create();
    ticker->setTickStep(1);
    ticker->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    xAxis->setTicker(ticker);
    xAxis->setLabel(tr("Block"));
    connect(xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this](const QCPRange& range) {
        const QCPRange whole(-0.4, std::max(m_blocks - 1, 1) + 0.4);
        if (range.lower < whole.lower - 1e-6 || range.upper > whole.upper + 1e-6)
            xAxis->setRange(range.bounded(whole.lower, whole.upper));
    });

    placeLegendAbove();

    m_marked = addGraph();
    m_marked->setLineStyle(QCPGraph::lsNone);
    clear(1);
}

void ErrorPlot::clear(int blocks) {
    m_blocks = std::max(blocks, 1);
    m_layers.clear();
    m_marked->data()->clear();
    for (QCPGraph* graph : std::as_const(m_graphs)) {
        graph->removeFromLegend();
        removeGraph(graph);
    }
    m_graphs.clear();
    m_zoomed = false;
    requestReplot();
}

void ErrorPlot::append(const QList<LayerResult>& layers) {
    for (const LayerResult& layer : layers) {
        m_blocks = std::max(m_blocks, layer.block + 1);
        graphOf(layer.kind)->addData(layer.block, std::max(layer.error, kLeastError));
    }
    m_layers += layers;
    setAccessibleDescription(summary());
    requestReplot();
}

QString ErrorPlot::summary() const {
    if (m_layers.isEmpty()) return tr("No layer is quantized yet.");
    const auto worst = std::max_element(m_layers.begin(), m_layers.end(),
                                        [](const auto& a, const auto& b) { return a.error < b.error; });
    return tr("%n layers. The largest error is %1, in %2 of block %3.", nullptr, static_cast<int>(m_layers.size()))
        .arg(errorText(worst->error), worst->kind)
        .arg(worst->block);
}

QCPGraph* ErrorPlot::graphOf(const QString& kind) {
    if (QCPGraph* known = m_graphs.value(kind)) return known;
    QCPGraph* graph = addGraph();
    graph->setName(kind);
    graph->addToLegend();
    m_graphs.insert(kind, graph);
    styleGraph(graphCount() - 1);
    return graph;
}

// Graph 0 is the mark under the mouse.
void ErrorPlot::styleGraph(int index) {
    const Colours& colours = Theme::colours();
    const QColor colour = colours.series[(index - 1) % colours.series.size()];
    QColor line = colour;
    line.setAlphaF(0.75f);
    graph(index)->setPen(QPen(line, 1.5));
    graph(index)->setScatterStyle(markerOf(index - 1, colour, colours.panel));
}

void ErrorPlot::restyle() {
    LivePlot::restyle();
    legend->setTextColor(Theme::colours().text);
    for (int index = 1; index < graphCount(); ++index) styleGraph(index);
    m_marked->setScatterStyle({QCPScatterStyle::ssCircle, QPen(Theme::colours().text, 1.5), Qt::NoBrush, 13});
}

void ErrorPlot::prepare() {
    if (!m_zoomed) showWholeRange();
}

void ErrorPlot::showWholeRange() {
    xAxis->setRange(-0.4, std::max(m_blocks - 1, 1) + 0.4);
    double low = 1e-3, high = 1e-1;
    if (!m_layers.isEmpty()) {
        const auto [least, most] = std::minmax_element(m_layers.begin(), m_layers.end(),
                                                       [](const auto& a, const auto& b) { return a.error < b.error; });
        low = std::max(least->error, kLeastError) / 1.6;
        high = std::max(most->error, kLeastError) * 1.6;
        if (high / low < 12) low = high / 12;  // at least one power of ten to read by
    }
    yAxis->setRange(low, high);
}

const LayerResult* ErrorPlot::layerAt(QPointF position) const {
    const LayerResult* nearest = nullptr;
    double best = kReach * kReach;
    for (const LayerResult& layer : m_layers) {
        const double x = xAxis->coordToPixel(layer.block) - position.x();
        const double y = yAxis->coordToPixel(std::max(layer.error, kLeastError)) - position.y();
        if (x * x + y * y >= best) continue;
        best = x * x + y * y;
        nearest = &layer;
    }
    return nearest;
}

void ErrorPlot::mouseMoveEvent(QMouseEvent* event) {
    LivePlot::mouseMoveEvent(event);
    if (event->buttons() & Qt::LeftButton) m_zoomed = true;
    const LayerResult* layer = layerAt(event->position());
    m_marked->data()->clear();
    if (layer) {
        m_marked->addData(layer->block, std::max(layer->error, kLeastError));
        QToolTip::showText(event->globalPosition().toPoint(),
                           tr("Block %1, %2: error %3").arg(layer->block).arg(layer->kind, errorText(layer->error)),
                           this);
    } else {
        QToolTip::hideText();
    }
    requestReplot();
}

void ErrorPlot::mousePressEvent(QMouseEvent* event) {
    LivePlot::mousePressEvent(event);
    if (const LayerResult* layer = layerAt(event->position())) emit layerChosen(layer->kind, layer->block);
}

void ErrorPlot::mouseDoubleClickEvent(QMouseEvent*) {
    m_zoomed = false;
    requestReplot();
}

void ErrorPlot::leaveEvent(QEvent* event) {
    LivePlot::leaveEvent(event);
    m_marked->data()->clear();
    requestReplot();
}

}  // namespace gptq::ui
