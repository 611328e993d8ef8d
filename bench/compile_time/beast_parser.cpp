// beast_parser.cpp: Boost.Beast's HTTP, and its parser used once for requests and once for responses.
#include <boost/beast/http.hpp>

namespace http = boost::beast::http;

std::size_t one_request(boost::asio::const_buffer unread, http::request_parser<http::empty_body>& parser,
                        boost::beast::error_code& error) {
    return parser.put(unread, error);
}
std::size_t one_response(boost::asio::const_buffer unread, http::response_parser<http::empty_body>& parser,
                         boost::beast::error_code& error) {
    return parser.put(unread, error);
}
