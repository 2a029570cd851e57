/* crowd: imagined MQTT clients around the broker of an imagined house, and the model of what they
 * were promised.
 *
 *   guest   one MQTT client: honest, with a memory of its own that outlives connections and crashes
 *           of the house (QoS 1 and 2 both ways, subscriptions, its last will)
 *   pipe    a connection: bytes both ways, slow or broken as the seed says
 *   note    a message with a number that stands in its payload, so that whoever gets it can tell
 *   due     what one guest is still owed, and was given, of one note
 *
 * A guest that was told a session is kept is owed every note that its subscriptions matched when
 * the note was first sent, once its publisher was acknowledged, or anybody saw it: what is seen is
 * durable. All choices come from a random of the crowd's own. */
#pragma once

#include "broker/broker.h"
#include "random.h"

#define GUESTS 12u
#define GUESTS_FAITHFUL 5u /* the first so many keep their session for ever */
#define NOTES_MAX 8192u
#define PIPES 48u
#define SENDINGS 8u
#define HELD_MAX 1024u
#define ALIASES 8u
#define NOTE_BYTES_MAX 4096u
#define NOTE_NONE 0u

/* Topics of a guest: m/G/0..2 plain (0 is a reading), r/G/0..1 retained, s/G/0..1 shared, w/G its
 * will. */
#define TOPICS_OF_GUEST 8u
#define TOPICS (GUESTS * TOPICS_OF_GUEST)
enum topic_kind { TOPIC_PLAIN, TOPIC_RETAINED, TOPIC_SHARED, TOPIC_WILL };
#define FILTERS 10u
#define FILTER_GROUP_KEPT 6u /* of faithful guests alone: nothing given to it may be lost */
#define FILTER_GROUP_MIXED 7u

enum knowledge { NO, PERHAPS, SURE };

/* A bug of the test's own, to see that it would be found. */
enum crowd_sabotage { CROWD_HONEST, CROWD_RELEASE_LOST, CROWD_HELD_FORGOTTEN };

enum note_state { NOTE_SENT, NOTE_ACKNOWLEDGED, NOTE_REFUSED };
enum will_state { WILL_ASKED, WILL_HELD, WILL_DUE, WILL_DROPPED, WILL_VOID, WILL_PERHAPS };
struct note {
    uint8_t publisher, topic, qos;
    bool retain, clear; /* clear: an empty payload, which takes the retained message away */
    bool is_will, expires;
    bool settled, group_sure, group_came; /* to a group of faithful guests */
    bool group_queued;                    /* for one of them */
    uint8_t repeats; /* of QoS 2: in another session than it was first sent in, perhaps */
    uint8_t state;
    uint8_t will; /* enum will_state */
    uint16_t size;
    uint16_t sent;         /* how often it left its publisher */
    uint16_t group_got[2]; /* by FILTER_GROUP_KEPT and _MIXED */
    uint32_t unmade;       /* WILL_DROPPED: of the crowd by then; WILL_DUE: its upheavals */
    uint32_t will_delay_s;
    int64_t due_ns; /* WILL_DUE: boot clock */
};
struct due {
    uint8_t sure;     /* its subscriptions match for sure: QoS + 1 */
    uint8_t owed;     /* QoS; 0: nothing */
    uint8_t in_order; /* the same, for the order of what comes with that QoS; 0: any */
    bool queued;
    uint16_t got, fresh; /* fresh: of them those that were no repetition */
};

struct pipe {
    struct broker_link link; /* first */
    bool used, held, ended;
    int64_t deaf_ns;      /* boot clock, when it became deaf */
    uint32_t deaf_unmade; /* of the crowd, when it became deaf */
    bool deaf;            /* what is still written to it is of no interest */
    bool goodbye;         /* DISCONNECT that drops the will was written */
    bool ends_session;    /* DISCONNECT that ends the session was */
    struct guest *guest;  /* NULL: it has gone away, which the broker does not know yet */
    unsigned owner;       /* the guest's number, when it has gone too */
    uint32_t will;        /* note; NOTE_NONE */
    uint32_t weight;      /* each unsent byte counts as so many: a narrow pipe */
    uint8_t *in, *out;    /* to the broker, from it */
    size_t in_size, in_capacity, out_size, out_capacity;
    size_t given; /* of out: flushed, the guest may read it */
};

enum sending_state { SENDING_FREE, SENDING_PUBLISH, SENDING_RELEASE };
struct sending {
    uint8_t state;
    bool release_told;
    uint16_t packet_id;
    uint32_t note;
    uint64_t order, wire; /* of its making; of its PUBLISH on this connection, 0: none */
};
struct held { /* QoS 2, without PUBREL */
    uint16_t packet_id;
    uint32_t note;
};
struct answer {
    uint8_t type;
    uint16_t packet_id;
};
struct subscribed {
    enum knowledge state;
    bool possible; /* asked for since the session began */
    bool retain_as_published, no_local;
    uint8_t qos;
};
struct guest {
    unsigned number;
    char id[16];
    uint8_t version;
    bool faithful;
    bool packets_small; /* it takes no large ones */
    struct pipe *pipe;  /* NULL: not connected */
    bool up;            /* CONNACK came */
    bool kept, clean;   /* of this connection */
    bool begins_anew;   /* it has forgotten its session, and does not know whether the broker has */
    uint32_t expiry_s;
    enum knowledge session, expected;
    int64_t ended_ns;      /* when the broker ended the connection; 0: it did not */
    int64_t kept_until_ns; /* boot clock */
    uint32_t lost_upheavals;
    uint32_t will;
    /* Topic aliases of this connection, topic + 1 by alias - 1; 0: not set */
    uint8_t aliases_in[ALIASES], aliases_out[ALIASES];
    uint16_t alias_max, server_alias_max;
    uint32_t packet_max;
    uint16_t receive_max, server_receive_max, unacknowledged;
    /* as a publisher */
    struct sending sendings[SENDINGS];
    uint64_t order, wire, answered;
    uint16_t next_id;
    /* as a subscriber */
    struct held held[HELD_MAX];
    size_t held_count;
    struct answer answers[HELD_MAX];
    size_t answer_count;
    struct subscribed subscriptions[FILTERS];
    uint32_t retained_asked; /* SUBSCRIBEs that may have brought retained messages */
    struct {
        uint8_t type; /* MQTT_SUBSCRIBE, MQTT_UNSUBSCRIBE; 0: none is under way */
        uint8_t qos;
        uint16_t packet_id;
        unsigned filter;
        bool retain_as_published, no_local, retained;
    } request;
    uint16_t requests;
    uint32_t wanted[TOPICS];     /* a retained note that a new subscription must bring */
    uint32_t floor[TOPICS];      /* none older may come with the retain flag */
    uint32_t last[TOPICS][3][3]; /* note, by QoS it was published and delivered with */
    struct due *dues;            /* by note */
};

struct crowd_counts {
    uint64_t notes, acknowledged, refused, deliveries, wills, connects, losses, takeovers, dropped,
        rests;
};
struct world;
struct crowd {
    struct world *world;
    struct random random;
    struct settings settings;
    struct budget memory;
    struct broker *broker;
    enum crowd_sabotage sabotage;
    bool full;         /* the engine says wait */
    bool gathering;    /* whoever has no connection makes one */
    bool farewell;     /* nobody leaves a will */
    bool alone;        /* there is no other traffic */
    bool memory_small; /* things may be dropped at any place */
    bool store_small;  /* wills may find no room in it */
    struct guest guests[GUESTS];
    struct pipe pipes[PIPES];
    struct note *notes; /* by number; 0 is not used */
    uint32_t note_count;
    uint32_t retained_acknowledged[TOPICS]; /* note: acknowledged, or seen by somebody */
    uint32_t unmade;    /* crashes and failed writes: what was not durable is no more */
    uint32_t upheavals; /* crashes and jumps of the clock */
    uint64_t lost_generation;
    uint64_t dropped_before; /* by the queues' limits, in former lives of the broker */
    uint64_t missing;        /* owed, not there: the limits are to blame */
    struct crowd_counts *counts;
};

/* ---- crowd.c: life, choices ---- */
void crowd_init(struct crowd *crowd, struct world *world, uint64_t seed,
                enum crowd_sabotage sabotage);
void crowd_done(struct crowd *crowd);
void crowd_open(struct crowd *crowd); /* a broker on the engine that has just started */
void crowd_stop(struct crowd *crowd, bool crash);
void crowd_act(struct crowd *crowd);
void crowd_retry(struct crowd *crowd); /* before engine_step */
void crowd_step(struct crowd *crowd);  /* after it */
bool crowd_is_idle(const struct crowd *crowd);
/* All is read and answered until nothing moves; what is owed to those who are connected must have
 * come. */
void crowd_rest(struct crowd *crowd);
/* Everybody comes back, gets what is owed to it, and leaves for good: nothing may be left. */
void crowd_finish(struct crowd *crowd);

/* ---- crowd_verify.c: what the sessions hold after a recovery, or at rest ---- */
void crowd_verify(struct crowd *crowd);
void crowd_verify_connected(struct crowd *crowd);

/* ---- crowd_pipe.c ---- */
extern const struct broker_port crowd_port;
struct pipe *pipe_open(struct crowd *crowd, struct guest *guest); /* NULL: all are used */
void pipe_write(struct crowd *crowd, struct pipe *pipe, const uint8_t *at, size_t size);
/* The first `bytes` of what was written reach the broker. */
void pipe_feed(struct crowd *crowd, struct pipe *pipe, size_t bytes);
/* The guest reads up to so many packets. */
void pipe_read(struct crowd *crowd, struct pipe *pipe, unsigned packets);
/* The broker learns that the connection is gone. */
void pipe_gone(struct crowd *crowd, struct pipe *pipe);
void pipe_free(struct crowd *crowd, struct pipe *pipe);

/* ---- crowd_guest.c ---- */
void guest_connect(struct crowd *crowd, struct guest *guest, bool clean, bool kept);
void guest_disconnect(struct crowd *crowd, struct guest *guest);
void guest_lost(struct crowd *crowd, struct guest *guest); /* the connection, for the guest */
void guest_publish(struct crowd *crowd, struct guest *guest);
void guest_subscribe(struct crowd *crowd, struct guest *guest);
void guest_answer(struct crowd *crowd, struct guest *guest); /* one of those withheld, by chance */
void guest_release(struct crowd *crowd, struct guest *guest);
struct mqtt_frame;
void guest_packet(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame);

/* ---- crowd_model.c ---- */
size_t topic_text(unsigned topic, char *text, size_t size);
enum topic_kind topic_kind(unsigned topic);
const char *filter_text(unsigned filter);
bool filter_finds(unsigned filter, unsigned topic);
uint32_t note_make(struct crowd *crowd, const struct guest *publisher, unsigned topic, uint8_t qos,
                   bool is_will);
size_t note_payload(const struct crowd *crowd, uint32_t number, char *text);
/* NOTE_NONE: nobody wrote it. */
uint32_t note_parse(const struct crowd *crowd, struct bytes payload);
void note_sent(struct crowd *crowd, uint32_t number);
void note_acknowledged(struct crowd *crowd, uint32_t number);
void note_refused(struct crowd *crowd, uint32_t number);
void note_settle(struct crowd *crowd, uint32_t number);
/* A guest gets one. */
struct delivered {
    struct bytes topic, payload;
    uint8_t qos;
    bool dup, retain, grouped[2];
};
void note_delivered(struct crowd *crowd, struct guest *guest, const struct delivered *delivered,
                    uint32_t *ret_number);
/* The guest is owed nothing more of what the filter finds; FILTERS: of anything. */
void dues_waive(struct crowd *crowd, struct guest *guest, unsigned filter);
/* Something owed did not come: only what the limits of queues dropped may be missing. */
void due_missing(struct crowd *crowd, struct guest *guest, uint32_t number, const char *where);
/* goodbye: it was said when the crowd's unmade was so many. */
void will_over(struct crowd *crowd, uint32_t number, bool goodbye, uint32_t unmade,
               int64_t over_ns);
/* All that was taken is done; rested: for long enough for delayed wills as well. */
void wills_settle(struct crowd *crowd, bool rested);
void wills_crash(struct crowd *crowd);
/* Is the guest's session kept for sure, as far as the guest can know? */
bool guest_has_session(const struct crowd *crowd, const struct guest *guest);
/* For a seed told in full. */
void crowd_tell(const struct crowd *crowd, const char *format, ...) PRINTF_LIKE(2, 3);
_Noreturn void crowd_fail(struct crowd *crowd, const char *format, ...) PRINTF_LIKE(2, 3);
