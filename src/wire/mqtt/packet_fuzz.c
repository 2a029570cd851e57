/* Any bytes as a stream of packets, read as each version: decoders neither read outside nor abort,
 * and what they accept survives being encoded and decoded again. The first byte chooses the
 * version, so that a corpus file stands for one. */
#include "wire/mqtt/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size < 1 || size > ECHO_BYTES / 2)
        return 0;
    uint8_t version = (uint8_t)(MQTT_3_1 + at[0] % 3);
    struct bytes left = bytes_of(at + 1, size - 1);
    struct mqtt_frame frame;
    while (mqtt_frame_get(left, &frame) == OK) {
        (void)echo_packet(&frame, version);
        if (frame.type == MQTT_PUBLISH) {
            (void)mqtt_topic_is_valid(frame.body);
            (void)mqtt_filter_is_valid(frame.body);
        }
        left.at += frame.packet_bytes;
        left.size -= frame.packet_bytes;
    }
    return 0;
}
