// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/main_window.h"

#include <QAction>
#include <QActionGroup>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QStatusBar>
#include <QThread>

#include "ui/icons.h"

namespace gptq::ui {
namespace {

const QString kGeometryKey = QStringLiteral("window-geometry");
const QString kLayoutKey = QStringLiteral("page-layout");

struct Dropped {
    QString folder;  // of a model
    QString file;    // a text
};

// A file out of a model folder stands for the folder.
Dropped droppedBy(const QMimeData* data) {
    const QList<QUrl> urls = data->urls();
    if (urls.size() != 1 || !urls.front().isLocalFile()) return {};
    const QFileInfo info(urls.front().toLocalFile());
    if (info.isDir()) return {info.absoluteFilePath(), {}};
    const bool ofModel =
        info.suffix() == QLatin1String("safetensors") || info.fileName() == QLatin1String("config.json");
    return ofModel ? Dropped{info.absolutePath(), {}} : Dropped{{}, info.absoluteFilePath()};
}

}  // namespace

MainWindow::MainWindow(Session& session, Theme& theme, Settings& settings)
    : m_session(session), m_theme(theme), m_settings(settings), m_page(new QuantizePage(session, settings)),
      m_drop(new DropOverlay(this)), m_device(new QLabel) {
    setWindowTitle(tr("GPTQ Studio"));
    setWindowIcon(applicationIcon());
    setCentralWidget(m_page);
    setAcceptDrops(true);
    resize(1280, 800);
    m_device->setContentsMargins(10, 0, 0, 0);
    statusBar()->addWidget(m_device);
    statusBar()->setSizeGripEnabled(false);
    makeMenus();
    connect(m_page, &QuantizePage::modeChanged, this, &MainWindow::updateActions);
    connect(&session, &Session::devicesFound, this, &MainWindow::showDevice);
    restoreGeometry(settings.bytes(kGeometryKey));
    m_page->restoreLayout(settings.bytes(kLayoutKey));
    session.findDevices();
    updateActions();
}

void MainWindow::openModel(const QString& folder) {
    if (folder.isEmpty()) m_page->openDemo();
    else m_page->openModel(folder);
}

void MainWindow::makeMenus() {
    QMenu* file = menuBar()->addMenu(tr("&File"));
    m_openModel = file->addAction(tr("&Open model folder…"), QKeySequence::Open, m_page, &QuantizePage::chooseModel);
    m_openText = file->addAction(tr("Choose calibration &text…"), QKeySequence(Qt::CTRL | Qt::Key_T), m_page,
                                 &QuantizePage::chooseText);
    m_demo = file->addAction(tr("Use the &demo model"), m_page, &QuantizePage::openDemo);
    file->addSeparator();
    file->addAction(tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
    QMenu* run = menuBar()->addMenu(tr("&Run"));
    m_start = run->addAction(tr("&Start"), QKeySequence(Qt::Key_F5), m_page, &QuantizePage::start);
    m_pause = run->addAction(tr("&Pause"), QKeySequence(Qt::Key_F6), m_page, &QuantizePage::pauseOrResume);
    m_stop = run->addAction(tr("S&top"), QKeySequence(Qt::SHIFT | Qt::Key_F5), m_page, &QuantizePage::stop);
    makeThemeMenu(*menuBar()->addMenu(tr("&View")));
    menuBar()->addMenu(tr("&Help"))->addAction(tr("&About GPTQ Studio"), this, &MainWindow::about);
}

void MainWindow::makeThemeMenu(QMenu& menu) {
    auto* group = new QActionGroup(this);
    const std::pair<Theme::Choice, QString> choices[] = {{Theme::Choice::System, tr("As the &system")},
                                                         {Theme::Choice::Light, tr("&Light")},
                                                         {Theme::Choice::Dark, tr("&Dark")}};
    for (const auto& [choice, title] : choices) {
        QAction* action = menu.addAction(title);
        action->setCheckable(true);
        action->setChecked(choice == m_theme.choice());
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, choice = choice] {
            m_theme.choose(choice);
            m_settings.setTheme(choice);
        });
    }
}

void MainWindow::updateActions() {
    using Mode = RunCard::Mode;
    const Mode mode = m_page->mode();
    const bool busy = m_page->busy(), paused = mode == Mode::Pausing || mode == Mode::Paused;
    for (QAction* action : {m_openModel, m_openText, m_demo}) action->setEnabled(!busy);
    m_start->setEnabled(mode == Mode::Ready || mode == Mode::Finished);
    m_pause->setEnabled(mode == Mode::Running || paused);
    m_pause->setText(paused ? tr("&Resume") : tr("&Pause"));
    m_stop->setEnabled(mode == Mode::Running || paused || mode == Mode::Measuring);
}

void MainWindow::showDevice(const DeviceSummary& device) {
    m_device->setText(device.gpu ? device.name
                                 : tr("%1, %n of them at work", nullptr, engineThreads()).arg(device.name));
    m_device->setToolTip(device.cudaAbsence);
}

void MainWindow::about() {
    QMessageBox::about(this, tr("About GPTQ Studio"),
                       tr("<b>GPTQ Studio %1</b><p>Makes large language models small enough for one GPU.</p>"
                          "<p>Free software under the GNU General Public License, version 3 or later.</p>")
                           .arg(QLatin1String(GPTQ_STUDIO_VERSION)));
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (m_session.quantization().busy()) {
        QMessageBox question(QMessageBox::Question, tr("A run is going on"),
                             tr("If you quit now, the run is stopped and nothing is written."), QMessageBox::NoButton,
                             this);
        QPushButton* quit = question.addButton(tr("Stop and quit"), QMessageBox::DestructiveRole);
        question.setDefaultButton(question.addButton(tr("Keep running"), QMessageBox::RejectRole));
        question.exec();
        if (question.clickedButton() != quit) {
            event->ignore();
            return;
        }
    }
    m_session.stopAll();
    m_settings.setBytes(kGeometryKey, saveGeometry());
    m_settings.setBytes(kLayoutKey, m_page->saveLayout());
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const Dropped dropped = droppedBy(event->mimeData());
    if (dropped.folder.isEmpty() && dropped.file.isEmpty()) return;
    event->acceptProposedAction();
    m_drop->show(dropped.folder.isEmpty() ? tr("Drop to calibrate on this text") : tr("Drop to open this model"));
}

void MainWindow::dragLeaveEvent(QDragLeaveEvent*) {
    m_drop->hide();
}

void MainWindow::dropEvent(QDropEvent* event) {
    m_drop->hide();
    const Dropped dropped = droppedBy(event->mimeData());
    if (!dropped.folder.isEmpty()) m_page->openModel(dropped.folder);
    else if (!dropped.file.isEmpty()) m_page->openText(dropped.file);
}

}  // namespace gptq::ui
