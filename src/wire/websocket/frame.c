/* Frames of the server: never masked, their length in the fewest bytes (RFC 6455, 5.1 and 5.2). */
#include "wire/websocket/websocket.h"

#include <string.h>

size_t websocket_head_put(uint8_t at[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode, bool last,
                          uint64_t size)
{
    size_t count = size <= 125 ? 0 : size <= UINT16_MAX ? 2 : 8;
    at[0] = (uint8_t)((last ? 0x80u : 0u) | (unsigned)opcode);
    at[1] = (uint8_t)(count == 0 ? size : count == 2 ? 126 : 127);
    for (size_t i = 0; i < count; i++)
        at[2 + i] = (uint8_t)(size >> (8 * (count - 1 - i)));
    return 2 + count;
}

size_t websocket_frame_put(uint8_t *at, size_t capacity, enum websocket_opcode opcode, bool last,
                           struct bytes payload)
{
    uint8_t head[WEBSOCKET_HEAD_MAX];
    bool control = opcode >= WEBSOCKET_OPCODE_CLOSE;
    if (control && (!last || payload.size > WEBSOCKET_CONTROL_MAX))
        return 0;
    size_t head_size = websocket_head_put(head, opcode, last, payload.size);
    if (capacity < head_size || payload.size > capacity - head_size)
        return 0;
    memcpy(at, head, head_size);
    if (payload.size > 0)
        memcpy(at + head_size, payload.at, payload.size);
    return head_size + payload.size;
}

bool websocket_code_is_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

size_t websocket_close_put(uint8_t *at, size_t capacity, unsigned code, const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_MAX];
    struct bytes text = bytes_text(reason);
    size_t size = 2;
    if (code == WEBSOCKET_NO_CODE)
        return websocket_frame_put(at, capacity, WEBSOCKET_OPCODE_CLOSE, true,
                                   bytes_of(payload, 0));
    if (!websocket_code_is_valid(code))
        return 0;
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    for (size_t i = 0, step; i < text.size; i += step) {
        step = bytes_utf8_step(text, i);
        if (step == 0) { /* left out */
            step = 1;
            continue;
        }
        if (step > sizeof payload - size)
            break;
        memcpy(payload + size, text.at + i, step);
        size += step;
    }
    return websocket_frame_put(at, capacity, WEBSOCKET_OPCODE_CLOSE, true, bytes_of(payload, size));
}
