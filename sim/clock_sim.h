/* clock_sim: a clock that moves when it is told to. */
#pragma once

#include "os/os.h"

struct clock_sim {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
    int64_t tick_ns; /* each look at boot_ns moves both clocks by this much: time passes in work */
};
void clock_sim_init(struct clock_sim *clock, int64_t wall_ns);
void clock_sim_advance(struct clock_sim *clock, int64_t ns); /* both */
void clock_sim_jump_wall(struct clock_sim *clock, int64_t ns);
void clock_sim_reboot(struct clock_sim *clock, int64_t off_ns); /* boot starts again at 0 */
