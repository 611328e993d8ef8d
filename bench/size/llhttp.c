/* llhttp.c: the parser as a device would use it: fields and content are handed over. */
#include "llhttp.h"

#include <stddef.h>

extern volatile unsigned peer_sink;
volatile unsigned peer_sink;

llhttp_t ram_of_llhttp;

static int keep(llhttp_t* parser, const char* at, size_t size) {
    (void)parser;
    peer_sink = (unsigned)(size_t)at + (unsigned)size;
    return 0;
}

static int ended(llhttp_t* parser) {
    (void)parser;
    peer_sink = 0;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = keep,
    .on_header_field = keep,
    .on_header_value = keep,
    .on_headers_complete = ended,
    .on_body = keep,
    .on_message_complete = ended,
};

/* What a device has instead of the library's. */
void abort(void);
void abort(void) {
    while (1) {
    }
}

void run_llhttp(void);
void run_llhttp(void) {
    llhttp_init(&ram_of_llhttp, HTTP_BOTH, &settings);
    peer_sink = (unsigned)llhttp_execute(&ram_of_llhttp, (const char*)(size_t)peer_sink, peer_sink);
    peer_sink = (unsigned)llhttp_finish(&ram_of_llhttp);
}
