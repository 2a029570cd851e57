#include "cli/load_print.h"

#include "cli/terminal.h"

#include "os/os.h"

#include <jansson.h>
#include <string.h>

#define BAR 12

/* ---- the plan
 * ------------------------------------------------------------------------------------ */

static void plan_pace(const struct load_options *options)
{
    char text[NUMBER_SIZE], pause[NUMBER_SIZE];
    const char *plural = options->burst == 1 ? "" : "s";
    if (options->rate > 0)
        printf("%s messages/s, bursts of %u", number_group(options->rate, text), options->burst);
    else if (options->qos == 0)
        printf("as fast as the sockets take it");
    else if (options->in_flight == 1)
        printf("one message at a time on each connection");
    else if (options->in_flight > 0)
        printf("%u in flight on each connection", options->in_flight);
    else if (options->think_s > 0)
        printf("%u message%s at a time, %s after the last was acknowledged", options->burst, plural,
               number_duration((int64_t)(options->think_s * 1e9), pause));
    else
        printf("%u message%s at a time, the next when acknowledged", options->burst, plural);
    if (options->ahead > 0)
        printf(", at most %s ahead of the subscribers", number_group(options->ahead, text));
}

static void plan_payload(const struct load_options *options)
{
    char text[2][NUMBER_SIZE];
    if (options->values > 0 && options->single)
        printf("one metric a topic, %s topics", number_group(options->points, text[0]));
    else if (options->values > 0)
        printf("%u metrics a message as JSON, %s points", options->values,
               number_group(options->points, text[0]));
    else if (options->payload_count > 0)
        printf("%u given payload%s, %s topic%s", options->payload_count,
               options->payload_count == 1 ? "" : "s", number_group(options->topics, text[0]),
               options->topics == 1 ? "" : "s");
    else
        printf("%u bytes, %s topic%s", options->payload_bytes,
               number_group(options->topics, text[0]), options->topics == 1 ? "" : "s");
}

void load_print_plan(const struct load_view *view)
{
    const struct load_options *options = view->options;
    char text[NUMBER_SIZE];
    printf("%smainstem load%s  %s, MQTT %s, %u thread%s\n", paint(PAINT_BOLD), paint(PAINT_NONE),
           options->address, options->version == MQTT_5 ? "5" : "3.1.1", options->threads,
           options->threads == 1 ? "" : "s");
    if (options->connections > 0) {
        printf("  %s publisher%s  QoS %u, ", number_group(options->connections, text),
               options->connections == 1 ? "" : "s", options->qos);
        plan_pace(options);
        printf("; ");
        plan_payload(options);
        printf("\n");
    }
    if (options->subscribers > 0)
        printf("  %s subscriber%s  QoS %u%s%s%s%s\n", number_group(options->subscribers, text),
               options->subscribers == 1 ? "" : "s", options->subscriber_qos,
               options->share != NULL ? ", sharing as " : "",
               options->share != NULL ? options->share : "",
               options->filter_count > 0 ? ", " : ", everything that is published",
               options->filter_count > 0 ? options->filters[0] : "");
    if (options->idle > 0)
        printf("  %s idle connection%s\n", number_group(options->idle, text),
               options->idle == 1 ? "" : "s");
    fflush(stdout);
}

/* ---- progress
 * ------------------------------------------------------------------------------------ */

void load_print_clear(const struct load_view *view)
{
    if (view->live)
        printf("\r\033[K");
}

void load_print_connecting(const struct load_view *view, uint32_t connected, uint32_t all)
{
    char text[2][NUMBER_SIZE];
    if (!view->live)
        return;
    load_print_clear(view);
    printf("  connecting %s of %s", number_group(connected, text[0]), number_group(all, text[1]));
    fflush(stdout);
}

static double cores(uint64_t ns, double seconds)
{
    return seconds > 0 ? (double)ns / 1e9 / seconds : 0;
}

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

static void progress_draw(const struct load_view *view, const struct load_second *second)
{
    char text[3][NUMBER_SIZE], line[256];
    double share = view->duration_s > 0 ? second->seconds / view->duration_s : 1;
    int done = share >= 1 ? BAR : (int)(share * BAR);
    const struct load_counts *counts = &second->counts;
    uint64_t errors = counts->refused + counts->lost + counts->out_of_order;
    int size = snprintf(line, sizeof line, " %.0f/%.0f s", second->seconds, view->duration_s);
    if (errors > 0)
        size += snprintf(line + size, sizeof line - (size_t)size, "  %s errors",
                         number_group(errors, text[2]));
    if (view->options->connections > 0)
        size += snprintf(line + size, sizeof line - (size_t)size, "  acked %s/s p99 %.1f ms",
                         number_rate(per_second(counts->acked, second->length), text[0]),
                         latency_share_ms(&second->acks, 0.99));
    if (view->options->subscribers > 0)
        snprintf(line + size, sizeof line - (size_t)size, "  received %s/s p99 %.1f ms",
                 number_rate(per_second(counts->received, second->length), text[1]),
                 latency_share_ms(&second->deliveries, 0.99));
    unsigned columns, rows;
    terminal_size(&columns, &rows);
    char fit[300];
    load_print_clear(view);
    printf("%s", paint(PAINT_GREEN));
    for (int i = 0; i < BAR; i++)
        fputs(i < done ? "\u2588" : "\u2591", stdout);
    printf("%s%s%s%s", paint(PAINT_NONE), errors > 0 ? paint(PAINT_RED) : "",
           text_fit(line, columns > BAR + 1 ? columns - BAR - 1 : 40, fit, sizeof fit),
           paint(PAINT_NONE));
    fflush(stdout);
}

void load_csv_head(FILE *csv)
{
    fputs("seconds,sent,acked,acked_values,received,refused,lost_connections,out_of_order,"
          "ack_p50_ms,ack_p99_ms,ack_max_ms,delivery_p50_ms,delivery_p99_ms,generator_cores,"
          "server_cores,server_bytes\n",
          csv);
}

static void csv_line(struct load_view *view, const struct load_second *second,
                     double generator_cores, double server_cores)
{
    struct child server = {.pid = view->server_pid};
    const struct load_counts *counts = &second->counts;
    fprintf(view->csv, "%.3f,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,",
            second->seconds, (unsigned long long)counts->sent, (unsigned long long)counts->acked,
            (unsigned long long)counts->acked_values, (unsigned long long)counts->received,
            (unsigned long long)counts->refused, (unsigned long long)counts->lost,
            (unsigned long long)counts->out_of_order, latency_share_ms(&second->acks, 0.5),
            latency_share_ms(&second->acks, 0.99), latency_share_ms(&second->acks, 0.9999999),
            latency_share_ms(&second->deliveries, 0.5), latency_share_ms(&second->deliveries, 0.99),
            generator_cores);
    if (view->server_pid > 0)
        fprintf(view->csv, "%.3f,%llu\n", server_cores,
                (unsigned long long)child_memory_bytes(&server));
    else
        fputs(",\n", view->csv);
    fflush(view->csv);
}

void load_print_second(struct load_view *view, const struct load_second *second)
{
    struct child server = {.pid = view->server_pid};
    uint64_t cpu_ns = os_cpu_ns(), server_ns = child_cpu_ns(&server);
    if (view->csv != NULL && second->length > 0.05)
        csv_line(view, second, cores(cpu_ns - view->cpu_ns, second->length),
                 cores(server_ns - view->server_cpu_ns, second->length));
    view->cpu_ns = cpu_ns;
    view->server_cpu_ns = server_ns;
    if (view->live)
        progress_draw(view, second);
}

/* ---- the result
 * ---------------------------------------------------------------------------------- */

struct load_verdict load_judge(const struct load_view *view, const struct load_counts *total)
{
    const struct load_options *options = view->options;
    bool stamped = options->values == 0 && options->payload_count == 0 &&
                   options->payload_bytes >= LOAD_STAMP_BYTES;
    uint64_t received = stamped ? total->stamped : total->received;
    struct load_verdict verdict = {.expected = load_expected(view->load)};
    if (verdict.expected != UINT64_MAX && options->subscribers > 0)
        verdict.missing = verdict.expected > received ? verdict.expected - received : 0;
    bool promised = options->qos > 0 && options->subscriber_qos > 0;
    verdict.good = total->refused == 0 && total->lost == 0 && total->out_of_order == 0 &&
                   total->acked == total->sent && (verdict.missing == 0 || !promised);
    return verdict;
}

static void result_count(struct table *table, const char *name, uint64_t count, double rate,
                         const char *remark)
{
    char text[2][NUMBER_SIZE];
    table_cell(table, "%s", name);
    table_cell(table, "%s", number_group(count, text[0]));
    table_cell(table, "%s", rate > 0 ? number_rate(rate, text[1]) : "");
    table_cell(table, "%s", remark);
}

static void result_counts(const struct load_view *view, const struct load_result *result,
                          const struct load_counts *total, const struct load_verdict *verdict)
{
    const struct load_options *options = view->options;
    const struct load_counts *counts = &result->counts;
    char text[NUMBER_SIZE], remark[128] = "";
    double seconds = result->seconds;
    if (options->connections + options->subscribers == 0) {
        printf("  %s connections were held\n", number_group(load_connected(view->load), text));
        return;
    }
    struct table *table = table_create("|>messages|>a second|");
    if (options->connections > 0) {
        result_count(table, "sent", counts->sent, per_second(counts->sent, seconds), "");
        if (options->values > 0)
            snprintf(remark, sizeof remark, "%s values/s",
                     number_rate(per_second(counts->acked_values, seconds), text));
        table_paint(table, PAINT_BOLD);
        result_count(table, options->qos == 0 ? "handed to the sockets" : "acknowledged",
                     counts->acked, per_second(counts->acked, seconds), remark);
    }
    if (options->subscribers > 0) {
        snprintf(remark, sizeof remark, "%s/s of payloads",
                 number_bytes((uint64_t)per_second(counts->received_bytes, seconds), text));
        table_paint(table, PAINT_BOLD);
        result_count(table, "delivered", counts->received, per_second(counts->received, seconds),
                     remark);
    }
    if (verdict->missing > 0) {
        table_paint(table, verdict->good ? PAINT_YELLOW : PAINT_RED);
        result_count(table, "missing", verdict->missing, 0,
                     verdict->good ? "QoS 0 may lose messages; --ahead keeps step with subscribers"
                                   : "not delivered");
    }
    const struct {
        const char *name, *remark;
        uint64_t count;
    } faults[] = {{"refused", "acknowledged with an error", total->refused},
                  {"unacknowledged", "", total->sent - total->acked},
                  {"out of order", "or delivered twice", total->out_of_order},
                  {"connections lost", "", total->lost}};
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        if (faults[i].count == 0)
            continue;
        table_paint(table, PAINT_RED);
        result_count(table, faults[i].name, faults[i].count, 0, faults[i].remark);
    }
    table_print(table, "  ");
}

static void result_latency(struct table *table, const char *name, const struct latency *latency)
{
    if (latency->count == 0)
        return;
    const double shares[] = {0.5, 0.9, 0.99, 0.999};
    table_cell(table, "%s", name);
    for (size_t i = 0; i < ARRAY_COUNT(shares); i++)
        table_cell(table, "%.2f", latency_share_ms(latency, shares[i]));
    table_cell(table, "%.2f", (double)latency->max_us / 1000);
}

static void result_latencies(const struct load_view *view, const struct load_result *result)
{
    static const char *const names[] = {"", "sent to PUBACK", "sent to PUBCOMP"};
    if (result->acks.count + result->deliveries.count == 0)
        return;
    struct table *table = table_create("ms|>p50|>p90|>p99|>p99.9|>longest");
    result_latency(table, names[view->options->qos], &result->acks);
    result_latency(table, "sent to subscriber", &result->deliveries);
    printf("\n");
    table_print(table, "  ");
    printf("  %s%s%s\n", paint(PAINT_DIM),
           view->options->rate > 0
               ? "counted from when a message was due by the rate: waiting for a slow server counts"
               : "counted from when a message was allowed to go; with --rate from when it was due",
           paint(PAINT_NONE));
}

static void result_machine(const struct load_view *view, const struct load_result *result)
{
    char text[3][NUMBER_SIZE];
    uint64_t messages = result->counts.acked + result->counts.received;
    double server = cores(view->server_cpu_all_ns, result->seconds);
    struct table *table = table_create(messages > 0 ? "CPU|>cores|>a message" : "CPU|>cores|");
    const struct {
        const char *name;
        uint64_t ns;
    } rows[] = {{"generator", result->cpu_ns}, {"server", view->server_cpu_all_ns}};
    printf("\n");
    for (size_t i = 0; i < (view->server_pid > 0 ? 2 : 1); i++) {
        table_cell(table, "%s", rows[i].name);
        table_cell(table, "%.2f", i == 0 ? cores(result->cpu_ns, result->seconds) : server);
        table_cell(table, "%s",
                   messages == 0 ? "" : number_duration((int64_t)(rows[i].ns / messages), text[0]));
    }
    table_print(table, "  ");
    uint32_t connections = load_connected(view->load);
    if (view->server_pid > 0 && view->memory[1] > view->memory[0] && connections > 0)
        printf("  server memory: %s before, %s with %u connections (%s each), %s at the end\n",
               number_bytes(view->memory[0], text[0]), number_bytes(view->memory[1], text[1]),
               connections,
               number_bytes((view->memory[1] - view->memory[0]) / connections, text[2]),
               number_bytes(view->memory[2], (char[NUMBER_SIZE]){0}));
}

void load_print_result(const struct load_view *view, const struct load_result *result,
                       const struct load_counts *total, const struct load_verdict *verdict)
{
    load_print_clear(view);
    printf("\n%s%.1f s%s\n", paint(PAINT_BOLD), result->seconds, paint(PAINT_NONE));
    result_counts(view, result, total, verdict);
    result_latencies(view, result);
    result_machine(view, result);
    const char *fault = load_fault(view->load);
    bool checked = view->options->subscribers > 0 && total->stamped > 0;
    if (!verdict->good)
        printf("\n  %snot all is well%s%s%s\n", paint(PAINT_RED), paint(PAINT_NONE),
               fault[0] != 0 ? ": " : "", fault);
    else if (checked && verdict->missing == 0 && verdict->expected != UINT64_MAX)
        printf("\n  %severy message arrived, once and in order%s\n", paint(PAINT_GREEN),
               paint(PAINT_NONE));
    else if (checked)
        printf("\n  %swhat arrived came in order%s\n", paint(PAINT_GREEN), paint(PAINT_NONE));
    else if (view->options->qos > 0 && total->sent > 0)
        printf("\n  %severy message was acknowledged%s\n", paint(PAINT_GREEN), paint(PAINT_NONE));
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------- */

static json_t *json_latency(const struct latency *latency)
{
    return json_pack("{s:I,s:f,s:f,s:f,s:f,s:f}", "count", (json_int_t)latency->count, "p50",
                     latency_share_ms(latency, 0.5), "p90", latency_share_ms(latency, 0.9), "p99",
                     latency_share_ms(latency, 0.99), "p99.9", latency_share_ms(latency, 0.999),
                     "max", (double)latency->max_us / 1000);
}

static json_t *json_counts(const struct load_counts *counts)
{
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "sent", (json_int_t)counts->sent, "acked",
        (json_int_t)counts->acked, "acked_values", (json_int_t)counts->acked_values, "refused",
        (json_int_t)counts->refused, "received", (json_int_t)counts->received, "received_bytes",
        (json_int_t)counts->received_bytes, "checked", (json_int_t)counts->stamped, "out_of_order",
        (json_int_t)counts->out_of_order, "lost_connections", (json_int_t)counts->lost);
}

void load_print_json(const struct load_view *view, const struct load_result *result,
                     const struct load_counts *total, const struct load_verdict *verdict)
{
    json_t *object =
        json_pack("{s:b,s:f,s:o,s:o,s:I,s:o,s:o,s:f}", "good", verdict->good, "seconds",
                  result->seconds, "run", json_counts(&result->counts), "all", json_counts(total),
                  "missing", (json_int_t)verdict->missing, "ack_ms", json_latency(&result->acks),
                  "delivery_ms", json_latency(&result->deliveries), "generator_cores",
                  cores(result->cpu_ns, result->seconds));
    check(object != NULL);
    if (view->server_pid > 0) {
        json_object_set_new(object, "server_cores",
                            json_real(cores(view->server_cpu_all_ns, result->seconds)));
        json_object_set_new(object, "server_bytes",
                            json_pack("[I,I,I]", (json_int_t)view->memory[0],
                                      (json_int_t)view->memory[1], (json_int_t)view->memory[2]));
    }
    if (load_fault(view->load)[0] != 0)
        json_object_set_new(object, "fault", json_string(load_fault(view->load)));
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', stdout);
    json_decref(object);
}
