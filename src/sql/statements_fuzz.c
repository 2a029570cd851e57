/* Fuzzer: a statement, and what the server answers its virtual tables, as any bytes, in the
 * process' own code: plans, filters, cursors, functions. Two bytes say how long the statement is;
 * the frames stand behind it. Whatever comes, the process says a last word or finds that the server
 * is gone. */
#include "sql/worker.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIME_NS (NS_PER_S / 5)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void body_put(struct frame_writer *body, struct bytes text)
{
    frame_put_u64(body, (uint64_t)(INT64_C(1772352000) * NS_PER_S));
    frame_put_u64(body, (uint64_t)TIME_NS);
    frame_put_u64(body, 1000);
    frame_put_text(body, text);
    frame_put_u32(body, 2);
    frame_put_integer(body, 7);
    frame_put_words(body, bytes_text("plant/*"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sql_worker worker;
    static bool open;
    struct frame_writer body = {.at = NULL};
    struct timeval time = {.tv_usec = 1000};
    int pair[2];
    size_t text = size >= 2 ? load_u16(data) : 0;
    if (size < 2 || text > size - 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    if (!open) {
        (void)sqlite3_hard_heap_limit64((sqlite3_int64)64 << 20);
        check(worker_open(&worker));
        open = true;
    }
    worker.fd = pair[0];
    worker.gone = false;
    worker.out.size = 0;
    worker.out.failed = false;
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    ssize_t n = send(pair[1], data + 2 + text, size - 2 - text, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)n;
    (void)shutdown(pair[1], SHUT_WR);
    body_put(&body, bytes_of(data + 2, text));
    if (!body.failed)
        (void)!worker_run(&worker, bytes_of(body.at, body.size));
    check(worker.cursors == 0);
    frame_writer_done(&body);
    close(pair[0]);
    close(pair[1]);
    return 0;
}
