/* Connections, and the broker's port to them. Bytes go as far as they are told to: what the broker
 * gave without a flush is never read, and what a guest wrote may be lost with the connection. */
#include "crowd.h"
#include "wire/mqtt/mqtt.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

static void reserve(uint8_t **at, size_t *capacity, size_t wanted)
{
    if (wanted <= *capacity)
        return;
    *capacity = wanted * 2;
    *at = realloc(*at, *capacity);
    check(*at != NULL);
}

/* ---- the port ---- */
static struct pipe *pipe_of(struct broker_link *link)
{
    return (struct pipe *)(void *)link;
}

static uint8_t *port_room(void *arg, struct broker_link *link, size_t size)
{
    struct pipe *pipe = pipe_of(link);
    (void)arg;
    check(size <= BROKER_ROOM);
    reserve(&pipe->out, &pipe->out_capacity, pipe->out_size + size);
    return pipe->out + pipe->out_size;
}

/* With a bug planted, a PUBREL is lost here now and then. */
static void port_used(void *arg, struct broker_link *link, size_t used)
{
    struct crowd *crowd = arg;
    struct pipe *pipe = pipe_of(link);
    check(pipe->out_size + used <= pipe->out_capacity);
    if (crowd->sabotage == CROWD_RELEASE_LOST && used > 0 &&
        pipe->out[pipe->out_size] >> 4 == MQTT_PUBREL && random_one_in(&crowd->random, 50))
        return;
    pipe->out_size += used;
}

static void port_put(void *arg, struct broker_link *link, struct bytes bytes)
{
    struct pipe *pipe = pipe_of(link);
    (void)arg;
    reserve(&pipe->out, &pipe->out_capacity, pipe->out_size + bytes.size);
    memcpy(pipe->out + pipe->out_size, bytes.at, bytes.size);
    pipe->out_size += bytes.size;
}

static void port_flush(void *arg, struct broker_link *link)
{
    (void)arg;
    pipe_of(link)->given = pipe_of(link)->out_size;
}

static size_t pipe_unsent(const struct pipe *pipe)
{
    return pipe->out_size * pipe->weight;
}

static size_t port_unsent(void *arg, struct broker_link *link)
{
    (void)arg;
    return pipe_unsent(pipe_of(link));
}

/* said: DISCONNECT has reached the broker. */
static void pipe_will_over(struct crowd *crowd, struct pipe *pipe, bool said)
{
    if (said && pipe->ends_session && pipe->will != NOTE_NONE)
        crowd->notes[pipe->will].will_delay_s = 0; /* it does not outlive the session */
    will_over(crowd, pipe->will, said && pipe->goodbye,
              pipe->deaf ? pipe->deaf_unmade : crowd->unmade,
              pipe->deaf ? pipe->deaf_ns : crowd->world->clock.boot_ns);
    pipe->will = NOTE_NONE;
}

static void port_end(void *arg, struct broker_link *link, enum cause cause)
{
    struct crowd *crowd = arg;
    struct pipe *pipe = pipe_of(link);
    if (pipe->ended)
        crowd_fail(crowd, "a connection ends twice: %s", cause_text(cause));
    pipe->given = pipe->out_size;
    pipe->ended = true;
    if (pipe->guest)
        pipe->guest->ended_ns = crowd->world->clock.boot_ns;
    crowd_tell(crowd, "the broker ends a connection of guest%u: %s", pipe->owner,
               cause_text(cause));
    pipe_will_over(crowd, pipe, cause == CAUSE_GOODBYE);
    crowd->counts->takeovers += cause == CAUSE_TAKEN_OVER;
    if (cause == CAUSE_MALFORMED || cause == CAUSE_PROTOCOL || cause == CAUSE_RECEIVE_MAXIMUM ||
        cause == CAUSE_NOT_SUPPORTED || cause == CAUSE_PACKET_SIZE)
        crowd_fail(crowd, "an honest guest is sent away: %s", cause_text(cause));
}

static void port_resume(void *arg, struct broker_link *link)
{
    (void)arg;
    pipe_of(link)->held = false;
}

static void port_allow_silence(void *arg, struct broker_link *link, int64_t allowed_ns)
{
    (void)arg;
    (void)link;
    (void)allowed_ns;
}

const struct broker_port crowd_port = {.room = port_room,
                                       .used = port_used,
                                       .put = port_put,
                                       .flush = port_flush,
                                       .unsent = port_unsent,
                                       .end = port_end,
                                       .resume = port_resume,
                                       .allow_silence = port_allow_silence};

/* ---- pipes ---- */
struct pipe *pipe_open(struct crowd *crowd, struct guest *guest)
{
    for (unsigned i = 0; i < PIPES; i++) {
        struct pipe *pipe = &crowd->pipes[i];
        if (pipe->used)
            continue;
        *pipe = (struct pipe){.link = {.peer = "a guest"},
                              .used = true,
                              .guest = guest,
                              .owner = guest->number,
                              .weight = 1};
        if (random_one_in(&crowd->random, 4))
            pipe->weight = 1u << random_below(&crowd->random, 11);
        return pipe;
    }
    return NULL;
}

void pipe_free(struct crowd *crowd, struct pipe *pipe)
{
    struct guest *guest = pipe->guest;
    pipe_will_over(crowd, pipe, pipe->deaf); /* it ends when its DISCONNECT is on the disk */
    free(pipe->in);
    free(pipe->out);
    *pipe = (struct pipe){.used = false};
    if (guest)
        guest_lost(crowd, guest);
}

void pipe_gone(struct crowd *crowd, struct pipe *pipe)
{
    if (!pipe->ended)
        broker_gone(crowd->broker, &pipe->link);
    pipe_free(crowd, pipe);
}

void pipe_write(struct crowd *crowd, struct pipe *pipe, const uint8_t *at, size_t size)
{
    (void)crowd;
    reserve(&pipe->in, &pipe->in_capacity, pipe->in_size + size);
    memcpy(pipe->in + pipe->in_size, at, size);
    pipe->in_size += size;
}

void pipe_feed(struct crowd *crowd, struct pipe *pipe, size_t bytes)
{
    size_t used = 0, wanted = 0;
    if (bytes > pipe->in_size)
        bytes = pipe->in_size;
    if (bytes == 0 || pipe->held || pipe->deaf || pipe->ended || crowd->full ||
        pipe_unsent(pipe) > BROKER_UNSENT)
        return;
    enum broker_feed feed =
        broker_feed(crowd->broker, &pipe->link, bytes_of(pipe->in, bytes), &used, &wanted);
    check(used <= bytes);
    pipe->in_size -= used;
    memmove(pipe->in, pipe->in + used, pipe->in_size);
    pipe->given = pipe->out_size; /* a transport sends what a round left behind */
    crowd->full = feed == BROKER_FULL;
    pipe->held = feed == BROKER_HOLD && !pipe->ended && !pipe->link.turn;
    pipe->deaf = feed == BROKER_END;
    pipe->deaf_unmade = crowd->unmade;
    pipe->deaf_ns = crowd->world->clock.boot_ns;
    if (pipe->ended && !pipe->deaf)
        crowd_fail(crowd, "a connection has ended, broker_feed says %d", (int)feed);
}

void pipe_read(struct crowd *crowd, struct pipe *pipe, unsigned packets)
{
    size_t read = 0;
    struct mqtt_frame frame;
    struct guest *guest = pipe->guest;
    bool choked = pipe_unsent(pipe) > BROKER_UNSENT;
    for (; packets > 0 && read < pipe->given; packets--) {
        enum err err = mqtt_frame_get(bytes_of(pipe->out + read, pipe->given - read), &frame);
        if (err != OK)
            crowd_fail(crowd, "the broker sends what is no packet");
        read += frame.packet_bytes;
        if (guest && guest->pipe == pipe)
            guest_packet(crowd, guest, &frame);
    }
    pipe->out_size -= read;
    pipe->given -= read;
    if (read > 0)
        memmove(pipe->out, pipe->out + read, pipe->out_size);
    if (choked && !pipe->ended && pipe_unsent(pipe) <= BROKER_UNSENT)
        broker_unchoked(crowd->broker, &pipe->link);
    if (pipe->ended && pipe->given == 0)
        pipe_free(crowd, pipe);
}
