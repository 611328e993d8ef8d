// site.hpp: a folder of files.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net.hpp"

namespace example {

/// A file that is open for reading.
struct open_file {
    fd file;
    std::uint64_t left = 0; ///< octets that were not read yet
    std::string_view type;
};

/// The content's type, by the name's extension.
inline std::string_view content_type(std::string_view name) {
    constexpr std::pair<std::string_view, std::string_view> known[] = {{".html", "text/html; charset=utf-8"},
                                                                       {".txt", "text/plain; charset=utf-8"},
                                                                       {".md", "text/plain; charset=utf-8"},
                                                                       {".css", "text/css; charset=utf-8"},
                                                                       {".js", "text/javascript"},
                                                                       {".json", "application/json"},
                                                                       {".svg", "image/svg+xml"},
                                                                       {".png", "image/png"},
                                                                       {".jpg", "image/jpeg"},
                                                                       {".gif", "image/gif"},
                                                                       {".pdf", "application/pdf"}};
    for (const auto& [extension, type] : known) {
        if (name.ends_with(extension)) {
            return type;
        }
    }
    return "application/octet-stream";
}

/// The file that a normal path names, or a folder's `index.html`. Without a descriptor where there is none.
inline open_file find_file(const std::string& root, const std::string& path) {
    std::string name = root + path;
    struct stat about {};
    if (::stat(name.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) {
        name += "/index.html";
    }
    open_file found{fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), 0, content_type(name)};
    if (found.file && (::fstat(found.file.get(), &about) != 0 || !S_ISREG(about.st_mode))) {
        found.file.reset();
    }
    found.left = found.file ? static_cast<std::uint64_t>(about.st_size) : 0;
    return found;
}

/// The next part of the file. Empty before its end where it cannot be read, or has become shorter.
inline std::string read_part(open_file& from) {
    std::string part(static_cast<std::size_t>(from.left < 65536 ? from.left : 65536), '\0');
    const ssize_t count = ::read(from.file.get(), part.data(), part.size());
    part.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    from.left -= part.size();
    return part;
}

} // namespace example
