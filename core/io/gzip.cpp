// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

class Inflater {
public:
    explicit Inflater(const ByteSource& file) : m_file(file), m_piece(kPieceBytes) {
        constexpr int kGzip = 16 + MAX_WBITS;
        if (inflateInit2(&m_stream, kGzip) != Z_OK) throw std::bad_alloc();
    }
    ~Inflater() { inflateEnd(&m_stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    std::string run(std::uint64_t limit) {
        std::string content;
        std::vector<Bytef> output(kPieceBytes);
        if (m_file.size() == 0) throw Error(m_file.name(), " is empty; gzip files are not");
        do {
            fill();
            m_stream.next_out = output.data();
            m_stream.avail_out = static_cast<uInt>(output.size());
            const int result = inflate(&m_stream, Z_NO_FLUSH);
            if (result != Z_OK && result != Z_STREAM_END) refuse(result);
            const std::size_t made = output.size() - m_stream.avail_out;
            if (made > limit - content.size()) {
                throw Error(m_file.name(), ": its content is larger than ", limit, " bytes; cut it into smaller files");
            }
            content.append(reinterpret_cast<const char*>(output.data()), made);
            if (result == Z_STREAM_END) {
                m_isOpen = false;
                fill();
                if (m_stream.avail_in > 0) inflateReset(&m_stream);  // another part follows
                m_isOpen = m_stream.avail_in > 0;
            }
        } while (m_isOpen);
        return content;
    }

private:
    void fill() {
        if (m_stream.avail_in > 0) return;
        const std::size_t count =
            static_cast<std::size_t>(std::min<std::uint64_t>(m_piece.size(), m_file.size() - m_offset));
        m_file.read(m_offset, std::as_writable_bytes(std::span(m_piece).first(count)));
        m_offset += count;
        m_stream.next_in = m_piece.data();
        m_stream.avail_in = static_cast<uInt>(count);
    }
    [[noreturn]] void refuse(int result) const {
        const std::uint64_t at = m_offset - m_stream.avail_in;
        if (result == Z_BUF_ERROR) {  // no progress: there is nothing more to read
            throw Error(m_file.name(), " ends in the middle of its compressed data, at byte ", m_offset,
                        "; get it again");
        }
        throw Error(m_file.name(), " is no gzip file, or a damaged one: at byte ", at, ": ",
                    m_stream.msg != nullptr ? m_stream.msg : zError(result));
    }

    const ByteSource& m_file;
    std::uint64_t m_offset = 0;  // of what was read
    std::vector<Bytef> m_piece;
    z_stream m_stream{};
    bool m_isOpen = true;
};

}  // namespace

std::string readGzip(const ByteSource& file, std::uint64_t limit) {
    return Inflater(file).run(limit);
}

}  // namespace gptq
