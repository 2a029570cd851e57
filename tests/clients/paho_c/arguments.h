/* What both programs take: URI FOLDER VERSION VERB [FROM TO]. FOLDER is where Paho keeps its
 * messages.
 *
 *   qualities        sends and receives at QoS 0, 1 and 2, retained messages, and a will
 *   publish FROM TO  sends the numbers at QoS 2 on topic numbers, through any number of lost
 *                    connections, and ends when the server has taken all
 *   abandon FROM TO  the same, but ends like a crash when the last was handed to the library
 *   receive FROM TO  keeps a session, prints each number that comes at QoS 2, ends after TO
 *
 * The library and the client identifier differ, so the two programs can play with each other. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct arguments {
    const char *uri;
    const char *folder;
    int version; /* 3, 4 or 5, as MQTT counts on the wire */
    const char *verb;
    long from;
    long to;
    int window;
};

static inline struct arguments arguments_get(int count, char **words)
{
    if (count < 5) {
        fprintf(stderr, "usage: %s URI FOLDER 3|4|5 VERB [FROM TO [WINDOW]]\n", words[0]);
        exit(2);
    }
    struct arguments arguments = {words[1], words[2], atoi(words[3]), words[4], 1, 0, 20};
    if (count >= 7) {
        arguments.from = atol(words[5]);
        arguments.to = atol(words[6]);
    }
    if (count >= 8)
        arguments.window = atoi(words[7]);
    return arguments;
}

static inline void expect(bool condition, const char *what, int code)
{
    if (condition)
        return;
    printf("FAILED %s (code %d)\n", what, code);
    fflush(stdout);
    exit(1);
}

/* A line that the scenario reads at once. */
static inline void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

static inline void rest_ms(long ms)
{
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&rest, NULL);
}
