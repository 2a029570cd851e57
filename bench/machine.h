/* machine: what the machine itself can do at this minute, measured beside each run. */
#pragma once

#include "base/base.h"
#include "client/client.h"

struct machine_limits {
    double memcpy_gbs;    /* GB copied a second, 64 MiB blocks */
    const char *mode;     /* how durable writes are done here */
    double rate;          /* writes a second that were done */
    struct latency write; /* how long each took */
};
/* Writes `bytes` (rounded up to 4 KiB) `rate` times a second for so long to a file of the folder
 * that was written once before, as the journal does, without MQTT. False after printing why. */
MUST_USE bool machine_measure(const char *folder, uint64_t bytes, double rate, double seconds,
                              struct machine_limits *ret_limits);
