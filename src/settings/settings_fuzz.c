/* Any bytes as a settings file: they are read or refused with a sentence; what was read prints and
 * reads back as the same; what was refused changed nothing. */
#include "settings/table.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings, initial, again;
    char fault[SETTINGS_FAULT_SIZE] = "", value[SETTING_VALUE_SIZE];
    settings_default(&settings);
    initial = settings;
    if (settings_read_text(&settings, bytes_of(data, size), "fuzz", fault) != OK) {
        check(memcmp(&settings, &initial, sizeof settings) == 0);
        check(strncmp(fault, "fuzz:", 5) == 0 && strlen(fault) > 8);
        return 0;
    }
    settings_default(&again);
    for (size_t i = 0; i < setting_count; i++) {
        setting_print(&setting_table[i], &settings, value);
        check(setting_parse(&setting_table[i], bytes_text(value), &again, fault));
    }
    check(memcmp(&settings, &again, sizeof settings) == 0);
    return 0;
}
