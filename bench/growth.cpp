// growth.cpp: does the cost of an octet depend on how much there is, how it is cut, how many fields it makes, or in
// which order they come? Heads of 1 to 64 KiB, and inputs that were made to be expensive.
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "rows.hpp"
#include "subject.hpp"

namespace bench {

void add_subjects(std::vector<row>& rows, const std::string& group, const input& head);

namespace {

constexpr std::string_view offer = "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n";

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: www.example.com\r\n" + fields + "\r\n"; }

std::string line(std::size_t size) {
    std::string made = "X-Forwarded-Context: ";
    while (made.size() < size - 2) {
        made += "the gateway of the third floor said this; "[made.size() % 42];
    }
    return made + "\r\n";
}

// A head of so many octets, in lines of 512; a limit of tlsup's ends the longest of them one octet below 64 KiB.
std::string sized(std::size_t size) {
    std::string fields;
    const std::size_t fixed = get(std::string(offer)).size();
    while (fixed + fields.size() + 1024 <= size) {
        fields += line(512);
    }
    return get(fields + line(size - fixed - fields.size()) + std::string(offer));
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string made;
    for (std::size_t at = 0; at < times; ++at) {
        made += text;
    }
    return made;
}

const std::deque<input>& heads() {
    static const std::deque<input> all = [] {
        std::deque<input> made;
        const auto add = [&made](const std::string& name, const std::string& bytes) {
            made.push_back({name, "", role::request, bytes});
        };
        for (std::size_t kibibytes = 1; kibibytes <= 64; kibibytes *= 2) {
            add("size-" + std::to_string(kibibytes), sized(kibibytes == 64 ? 65535 : kibibytes * 1024));
        }
        for (const std::size_t count : {30U, 60U, 120U, 240U}) {
            add("tiny-fields-" + std::to_string(count), get(repeated("a:b\r\n", count) + std::string(offer)));
        }
        for (const std::size_t kibibytes : {1U, 4U, 16U, 32U}) {
            const std::string name(kibibytes * 1024, 'n');
            add("long-name-" + std::to_string(kibibytes), get(name + ": v\r\n" + std::string(offer)));
            add("long-value-" + std::to_string(kibibytes), get("n: " + name + "\r\n" + std::string(offer)));
        }
        for (const std::size_t members : {2U, 8U, 31U}) {
            add("list-" + std::to_string(members),
                get("Connection: " + repeated("member, ", members) +
                    "Upgrade\r\nUpgrade: " + repeated("other/1, ", members) + "TLS/1.2\r\n"));
        }
        const std::string others = repeated("X-Field: of no interest\r\n", 100);
        add("offer-first", get(std::string(offer) + others));
        add("offer-last", get(others + std::string(offer)));
        return made;
    }();
    return all;
}

// Chunks of one octet, all of them at once or in pieces: what was seen as framing or content leaves the buffer.
void read_chunks(std::string_view bytes, std::size_t piece) {
    tlsup::detail::body_reader reader(tlsup::framing::chunked, 0, false);
    std::size_t taken = 0;
    std::size_t have = 0;
    while (true) {
        const auto found = reader.next(bytes.substr(taken, have - taken), {});
        if (found.what == tlsup::detail::body_piece::kind::end) {
            return;
        }
        if (found.what == tlsup::detail::body_piece::kind::more) {
            if (have == bytes.size()) {
                wrong("the chunks have no end");
            }
            have = piece < bytes.size() - have ? have + piece : bytes.size();
        } else if (found.what == tlsup::detail::body_piece::kind::failed) {
            wrong("the chunks are refused");
        } else {
            reader.took(found.size);
            taken += found.size;
        }
    }
}

void add_chunks(std::vector<row>& rows, std::size_t count) {
    const std::string bytes = repeated("1\r\nx\r\n", count) + "0\r\n\r\n";
    const std::string name = "chunks-" + std::to_string(count);
    for (const std::size_t piece : {whole, std::size_t{16}, std::size_t{1}}) {
        const char* const mode = piece == whole ? "whole" : piece == 16 ? "16" : "1";
        rows.push_back({"growth", "machine", name, mode, bytes.size(), [bytes, piece] { read_chunks(bytes, piece); }});
    }
}

// A server that never comes to its final response: the limit ends it.
void read_interim(std::string_view bytes, std::size_t count) {
    static char text[256];
    static const tlsup::client_options options = [] {
        tlsup::client_options made;
        made.need = tlsup::requirement::any;
        made.request = tlsup::write_request(text, {"GET", "/", "www.example.com", {}, {}}).head;
        made.interim_responses = 255;
        return made;
    }();
    tlsup::client machine;
    (void)machine.wrote(machine.next({}, options).bytes.size());
    std::size_t seen = 0;
    for (tlsup::step step = machine.next(bytes, options); step.what == tlsup::action::drop; ++seen) {
        (void)machine.took(step.bytes.size());
        bytes.remove_prefix(step.bytes.size());
        step = machine.next(bytes, options);
    }
    if (seen != count) {
        wrong("the client saw " + std::to_string(seen) + " interim responses");
    }
}

void add_interim(std::vector<row>& rows, std::size_t count, std::size_t seen) {
    const std::string bytes = repeated("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", count);
    rows.push_back({"growth", "machine", "interim-" + std::to_string(count), "whole", bytes.size() / count * seen,
                    [bytes, seen] { read_interim(bytes, seen); }});
}

} // namespace

void add_growth(std::vector<row>& rows) {
    for (const input& each : heads()) {
        add_subjects(rows, "growth", each);
    }
    for (const std::size_t count : {100U, 1000U, 10000U}) {
        add_chunks(rows, count);
    }
    add_interim(rows, 16, 16);
    add_interim(rows, 64, 64);
    add_interim(rows, 1024, 255);
}

} // namespace bench
