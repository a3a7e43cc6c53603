// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/plots/memory_plot.h"

#include <QLocale>
#include <algorithm>

#include "ui/text_format.h"
#include "ui/theme.h"

namespace gptq::ui {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr double kShortestSpan = 4;  // seconds that the axis shows at least

// Ticks at whole minutes or seconds: "0:30".
class DurationTicker final : public QCPAxisTickerFixed {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return durationText(tick); }
};

QString memoryText(double bytes) {
    return QLocale().formattedDataSize(static_cast<qint64>(bytes), bytes < 1e9 ? 0 : 1, QLocale::DataSizeIecFormat);
}

double tickStepFor(double seconds) {
    for (const double step : {1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0}) {
        if (seconds / step <= 4.5) return step;
    }
    return 7200;
}

QVector<double> column(const QList<QPointF>& points, bool y) {
    QVector<double> values;
    values.reserve(points.size());
    for (const QPointF& point : points) values.append(y ? point.y() / kMebibyte : point.x());
    return values;
}

}  // namespace

MemoryPlot::MemoryPlot(QWidget* parent)
    : LivePlot(parent), m_process(tr("Program")), m_device(tr("Model data")), m_processGraph(addGraph()),
      m_deviceGraph(addGraph()), m_capacity(new QCPItemLine(this)) {
    setAccessibleName(tr("Memory over time"));
    xAxis->setTicker(QSharedPointer<DurationTicker>::create());
    xAxis->setLabel(tr("Time"));
    yAxis->ticker()->setTickCount(4);
    m_capacity->setVisible(false);
    m_processGraph->setName(m_process.name());
    m_deviceGraph->setName(m_device.name());
    m_processGraph->addToLegend();
    m_deviceGraph->addToLegend();
    placeLegendAbove();
}

void MemoryPlot::clear() {
    m_process.clear();
    m_device.clear();
    m_deviceTotal = 0;
    emit summaryChanged({});
    requestReplot();
}

void MemoryPlot::append(const MemoryPoint& point) {
    m_process.append({point.seconds, point.processBytes});
    m_device.append({point.seconds, point.deviceBytes});
    if (point.ownMemory) m_deviceTotal = point.deviceTotal;
    m_deviceGraph->setName(point.ownMemory ? tr("GPU") : m_device.name());
    setAccessibleDescription(summary());
    emit summaryChanged(summary());
    requestReplot();
}

QString MemoryPlot::summary() const {
    if (isEmpty()) return {};
    if (m_deviceTotal > 0)
        return tr("peak %1 RAM, %2 of %3 GPU")
            .arg(memoryText(m_process.peak()), memoryText(m_device.peak()), memoryText(m_deviceTotal));
    return tr("peak %1").arg(memoryText(m_process.peak()));
}

void MemoryPlot::prepare() {
    m_processGraph->setData(column(m_process.points(), false), column(m_process.points(), true), true);
    m_deviceGraph->setData(column(m_device.points(), false), column(m_device.points(), true), true);
    const double seconds = isEmpty() ? 0 : m_process.points().back().x();
    xAxis->setRange(0, std::max(seconds, kShortestSpan));
    static_cast<DurationTicker*>(xAxis->ticker().data())->setTickStep(tickStepFor(std::max(seconds, kShortestSpan)));

    double top = std::max({m_process.peak(), m_device.peak(), 64 * kMebibyte}) * 1.15 / kMebibyte;
    const double capacity = m_deviceTotal / kMebibyte;
    m_capacity->setVisible(capacity > 0 && capacity < 4 * top);
    if (m_capacity->visible()) top = std::max(top, capacity * 1.05);
    m_capacity->start->setCoords(0, capacity);
    m_capacity->end->setCoords(xAxis->range().upper, capacity);
    const bool large = top > 4096;
    yAxis->setLabel(large ? tr("GiB") : tr("MiB"));
    if (large) {
        top /= 1024;
        for (QCPGraph* graph : {m_processGraph, m_deviceGraph})
            for (auto point = graph->data()->begin(); point != graph->data()->end(); ++point) point->value /= 1024;
        m_capacity->start->setCoords(0, capacity / 1024);
        m_capacity->end->setCoords(xAxis->range().upper, capacity / 1024);
    }
    yAxis->setRange(0, top);
}

void MemoryPlot::restyle() {
    LivePlot::restyle();
    const Colours& colours = Theme::colours();
    legend->setTextColor(colours.text);
    const auto fill = [](QCPGraph* graph, QColor colour) {
        graph->setPen(QPen(colour, 1.6));
        colour.setAlphaF(0.18f);
        graph->setBrush(colour);
    };
    fill(m_processGraph, colours.series[0]);
    fill(m_deviceGraph, colours.series[4]);
    m_capacity->setPen(QPen(colours.errorText, 1.2, Qt::DashLine));
}

}  // namespace gptq::ui
