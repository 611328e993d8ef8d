// beast.cpp: the parser of Boost.Beast and the decision. It takes start lines and fields as they are complete.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "../subject.hpp"

namespace bench {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using text = boost::beast::string_view;

std::string_view view(text bytes) noexcept { return {bytes.data(), bytes.size()}; }

template <bool IsRequest> class parser final : public http::basic_parser<IsRequest> {
  public:
    parser() {
        this->header_limit(1 << 20);
        this->skip(true);
    }

    [[nodiscard]] verdict decided(role as) const noexcept {
        return IsRequest ? decide_.request(method_, target_, minor_) : decide_.response(as, status_);
    }

  private:
    void on_request_impl(http::verb, text method, text target, int version, error_code&) override {
        method_ = view(method);
        target_ = view(target);
        minor_ = version - 10;
    }
    void on_response_impl(int code, text, int, error_code&) override { status_ = static_cast<unsigned>(code); }
    void on_field_impl(http::field, text name, text value, error_code&) override {
        decide_.field(view(name), view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(text body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text body, error_code&) override { return body.size(); }
    void on_finish_impl(error_code&) override {}

    decision decide_{};
    std::string_view method_{};
    std::string_view target_{};
    int minor_ = 0;
    unsigned status_ = 0;
};

template <bool IsRequest> verdict read_as(const input& head, std::size_t piece) {
    parser<IsRequest> reader;
    std::size_t seen = 0;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        error_code error;
        seen += reader.put({bytes.data() + seen, bytes.size() - seen}, error);
        if (reader.is_header_done()) {
            return reader.decided(head.as);
        }
        return !error || error == http::error::need_more ? verdict::incomplete : verdict::bad;
    });
}

verdict read_beast(const input& head, std::size_t piece) {
    return head.is_request() ? read_as<true>(head, piece) : read_as<false>(head, piece);
}

} // namespace

void add_beast(std::vector<subject>& all) {
    all.push_back({"beast", "Boost.Beast's basic_parser, and the decision", read_beast});
}

} // namespace bench
