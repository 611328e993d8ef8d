// fetch_file.hpp: a small file that several processes may rewrite at once.
#pragma once

#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "net.hpp"

namespace example {

/// The file that a name leads to through symbolic links, also where there is none yet.
inline std::string linked_file(const std::string& name) {
    constexpr int most_links = 40; // as many as the system follows
    std::filesystem::path at = name;
    std::error_code error;
    for (int links = 0; links < most_links && std::filesystem::is_symlink(at, error); ++links) {
        at = at.parent_path() / std::filesystem::read_symlink(at, error);
    }
    return at.string();
}

/// Whether two names lead to one file, also where there is none yet.
inline bool same_file(const std::string& one, const std::string& other) {
    const auto whole = [](const std::string& name) {
        std::error_code error;
        const std::filesystem::path path = std::filesystem::absolute(linked_file(name), error);
        const std::filesystem::path found = std::filesystem::weakly_canonical(path, error);
        return error ? path.lexically_normal() : found;
    };
    std::error_code error;
    return std::filesystem::equivalent(one, other, error) || whole(one) == whole(other);
}

/// Whether the file can be written, or made where there is none. Neither makes it nor changes it: a pipe's reader would
/// see its end.
inline bool can_write(const std::string& name) {
    struct stat found {};
    if (::stat(name.c_str(), &found) == 0) {
        return !S_ISDIR(found.st_mode) && ::faccessat(AT_FDCWD, name.c_str(), W_OK, AT_EACCESS) == 0;
    }
    const int error = errno;
    const std::filesystem::path path = linked_file(name);
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    return error == ENOENT && path.has_filename() && ::stat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
           ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

/// Keeps all others that use it out, up to its end. The system lets go of it when the process dies. The file FILE.lock
/// stays: with another in its place, two processes could hold the lock at once. Its owner alone may open it: to read it
/// is enough to hold it, and so to keep all others waiting.
class file_lock {
  public:
    /// Waits for it. Throws `failure`.
    file_lock(const std::string& file, clock::time_point until)
        : lock_(::open((file + ".lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)) {
        constexpr timespec pause{0, 10'000'000}; // in nanoseconds: flock itself knows no deadline
        while (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
            if (!lock_ || (errno != EWOULDBLOCK && errno != EINTR) || clock::now() >= until) {
                throw failure(file + ".lock: " + system_text(errno) + ": cannot write " + file);
            }
            ::nanosleep(&pause, nullptr);
        }
    }

  private:
    fd lock_;
};

/// Replaces the file as a whole: a reader sees the old one or the new one, also after a crash. Its mode and group stay,
/// and its owner if we may give it away. The caller holds its `file_lock`, so what FILE.new holds is of a process that
/// died. Throws `failure`.
inline void replace_file(const std::string& file, std::string text) {
    struct stat before {};
    const bool known = ::stat(file.c_str(), &before) == 0;
    const std::string next = file + ".new";
    ::unlink(next.c_str());
    fd out(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, known ? 0600 : 0666));
    bool good = bool(out);
    if (good && known) {
        const bool same_group = ::fchown(out.get(), static_cast<uid_t>(-1), before.st_gid) == 0;
        [[maybe_unused]] const int given = ::fchown(out.get(), before.st_uid, static_cast<gid_t>(-1));
        good = ::fchmod(out.get(), before.st_mode & (same_group ? 0777 : 0707)) == 0; // not for some other group
    }
    while (good && !text.empty()) {
        const ssize_t count = ::write(out.get(), text.data(), text.size());
        good = count >= 0 || errno == EINTR;
        text.erase(0, count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    good = good && ::fsync(out.get()) == 0 && ::rename(next.c_str(), file.c_str()) == 0;
    if (!good) {
        const int error = errno;
        if (out) {
            ::unlink(next.c_str());
        }
        throw failure(system_text(error) + ": cannot write " + file);
    }
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    const fd entry(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entry) {
        ::fsync(entry.get()); // where a folder cannot be synced, a crash may bring the old file back, and no other
    }
}

} // namespace example
