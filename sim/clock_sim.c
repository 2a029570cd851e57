/* Boot and wall clock of the imagined machine. */
#include "clock_sim.h"

static int64_t sim_boot_ns(struct clock *port)
{
    struct clock_sim *clock = (struct clock_sim *)port;
    clock->boot_ns += clock->tick_ns;
    clock->wall_ns += clock->tick_ns;
    return clock->boot_ns;
}

static int64_t sim_wall_ns(struct clock *port)
{
    return ((struct clock_sim *)port)->wall_ns;
}

void clock_sim_init(struct clock_sim *clock, int64_t wall_ns)
{
    *clock = (struct clock_sim){.port = {.boot_ns = sim_boot_ns, .wall_ns = sim_wall_ns},
                                .boot_ns = NS_PER_S,
                                .wall_ns = wall_ns};
}

void clock_sim_advance(struct clock_sim *clock, int64_t ns)
{
    check(ns >= 0);
    clock->boot_ns += ns;
    clock->wall_ns += ns;
}

void clock_sim_jump_wall(struct clock_sim *clock, int64_t ns)
{
    clock->wall_ns += ns;
}

void clock_sim_reboot(struct clock_sim *clock, int64_t off_ns)
{
    clock->boot_ns = NS_PER_S;
    clock->wall_ns += off_ns;
}
