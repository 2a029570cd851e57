/* broker: what a bench measures: a Mainstem on a folder of its own, or Debian's Mosquitto with its
 * limits lifted and nothing stored, on a free port. */
#pragma once

#include "report.h"

struct broker {
    bool mosquitto;
    struct bench_server server; /* Mainstem's; of Mosquitto only folder and mqtt are used */
    struct child child;
};
/* From nothing; false after printing why. */
MUST_USE bool broker_start(struct broker *broker, const struct bench_words *words, bool mosquitto);
/* Stops it and removes its folder. */
void broker_stop(struct broker *broker);
const char *broker_address(const struct broker *broker);
uint64_t broker_cpu_ns(const struct broker *broker);
uint64_t broker_memory(const struct broker *broker);
/* Where Mosquitto is; NULL when it is not installed or --no-mosquitto was given. */
const char *broker_mosquitto(const struct bench_words *words);
