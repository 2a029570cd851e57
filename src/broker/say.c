/* What the server itself says to a topic: notices of alarms. */
#include "broker/room.h"

enum admit broker_say(struct broker *broker, uint32_t tenant, struct bytes topic,
                      struct bytes payload)
{
    struct admitted admitted;
    broker->say_publisher.tenant = tenant;
    const struct publication publication = {.topic = topic,
                                            .payload = payload,
                                            .qos = 1,
                                            .publisher = &broker->say_publisher,
                                            .number = SESSION_NONE,
                                            .message_only = true};
    enum admit admit = publication_admit(broker, &publication, &admitted);
    if (admit == ADMIT_DONE)
        broker->last_ticket = admitted.ticket;
    return admit;
}
