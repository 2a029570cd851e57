/* The machine: a stack of values and one pass over the instructions. Cells take their samples
 * before, whatever the instructions then leap over. Why something is true is only written down if
 * somebody asks: each value on the stack then has a set of leaves (bits of trace.why) that made it.
 */
#include "condition/number.h"

#include <string.h>

#define TRACE_LEAVES 64

struct trace {
    unsigned used;
    bool more;
    uint64_t why[SLOTS_MAX];
    uint64_t points[CONDITION_REFERENCES_MAX];
    struct condition_leaf leaves[TRACE_LEAVES];
};
/* The call over a pattern that is under way; they do not stand in each other. */
struct members {
    uint64_t cursor, why;
    struct condition_sample sample;
    size_t body;
    uint32_t trues, unknowns, knowns;
    unsigned leaves_before;
    bool decided;
    struct slot sum;
};
struct machine {
    const struct condition *condition;
    const struct condition_port *port;
    const struct leaf_entry *leaves;
    int64_t now_ns;
    size_t top; /* values on the stack */
    struct trace *trace;
    struct condition_result result;
    struct members members;
    struct slot slots[SLOTS_MAX];
};

/* ---- why ---- */
static struct bytes trace_source(const struct machine *machine, uint16_t at, uint16_t size)
{
    return bytes_of(condition_part(machine->condition, (size_t)machine->condition->text_at + at),
                    size);
}

static struct condition_operand trace_operand(const struct machine *machine, struct slot slot,
                                              uint8_t is, bool span)
{
    struct condition_operand operand = {.reference = -1, .set = -1, .literal = is == LITERAL};
    static const uint8_t kinds[] = {
        [SLOT_UNKNOWN] = CONDITION_NOTHING, [SLOT_INTEGER] = CONDITION_INTEGER,
        [SLOT_REAL] = CONDITION_REAL,       [SLOT_BOOL] = CONDITION_BOOLEAN,
        [SLOT_TEXT] = CONDITION_TEXT,       [SLOT_BETWEEN] = CONDITION_BETWEEN};
    operand.kind = (enum condition_operand_kind)kinds[slot.kind];
    if (slot.kind == SLOT_REAL) {
        operand.real = slot.real;
    } else if (slot.kind == SLOT_TEXT) {
        operand.text = bytes_of(slot.text, slot.size);
    } else if (slot.kind != SLOT_UNKNOWN) {
        operand.integer = slot.integer;
        operand.integer_most = slot.kind == SLOT_BETWEEN ? slot.integer + slot.size : slot.integer;
    }
    if (span && slot.kind == SLOT_REAL)
        operand.integer = (int64_t)(slot.real > 9e18    ? 9e18
                                    : slot.real < -9e18 ? -9e18
                                                        : slot.real);
    if (span && slot.kind != SLOT_UNKNOWN)
        operand.kind = CONDITION_SPAN;
    if (is < CONDITION_REFERENCES_MAX) {
        operand.reference = is;
        operand.point = machine->trace->points[is];
    } else if ((is & SET_BIT) != 0 && is < LITERAL) {
        operand.set = is & (SET_BIT - 1);
        operand.point = machine->members.sample.point;
    }
    return operand;
}

static enum condition_truth truth_of(struct slot slot)
{
    return slot.kind == SLOT_BOOL ? slot.integer != 0 ? CONDITION_TRUE : CONDITION_FALSE
                                  : CONDITION_UNKNOWN;
}

/* The bit of a new leaf; 0: there is no room. */
static uint64_t trace_leaf(struct machine *machine, uint16_t number, struct slot result,
                           struct slot left, struct slot right)
{
    struct trace *trace = machine->trace;
    const struct leaf_entry *entry = &machine->leaves[number];
    if (trace->used == TRACE_LEAVES) {
        trace->more = true;
        return 0;
    }
    struct condition_leaf *leaf = &trace->leaves[trace->used];
    bool compares = code_is_compare(entry->code);
    *leaf = (struct condition_leaf){.truth = truth_of(result)};
    leaf->left = trace_operand(machine, left, entry->left_is, entry->spans);
    leaf->left.source = trace_source(machine, entry->left_at, entry->left_size);
    leaf->right.reference = leaf->right.set = -1;
    if (compares) {
        leaf->relation = code_names[entry->code];
        leaf->right = trace_operand(machine, right, entry->right_is, entry->spans);
        leaf->right.source = trace_source(machine, entry->right_at, entry->right_size);
    }
    return UINT64_C(1) << trace->used++;
}

/* ---- the stack ---- */
static inline void push(struct machine *machine, struct slot slot)
{
    if (UNLIKELY(machine->trace != NULL))
        machine->trace->why[machine->top] = 0;
    machine->slots[machine->top++] = slot;
}

/* A leaf that is true or false by itself. */
static void push_leaf(struct machine *machine, struct slot slot, uint16_t leaf)
{
    push(machine, slot);
    if (machine->trace != NULL)
        machine->trace->why[machine->top - 1] = trace_leaf(machine, leaf, slot, slot, slot);
}

/* The point of a reference, or the point of the set. false: there is none. */
static bool point_look(struct machine *machine, uint8_t reference,
                       struct condition_sample *ret_sample)
{
    if (reference == NONE) {
        *ret_sample = machine->members.sample;
        return true;
    }
    if (!machine->port->point(machine->port->context, reference, ret_sample))
        return false;
    if (machine->trace != NULL)
        machine->trace->points[reference] = ret_sample->point;
    return true;
}

static struct slot point_value(struct machine *machine, uint8_t reference)
{
    struct condition_sample sample;
    return point_look(machine, reference, &sample) ? slot_of_value(&sample.value) : slot_unknown();
}

static void run_truth(struct machine *machine, uint16_t leaf)
{
    struct slot *last = &machine->slots[machine->top - 1], seen = *last;
    *last = slot_truth(seen);
    if (machine->trace != NULL)
        machine->trace->why[machine->top - 1] |= trace_leaf(machine, leaf, *last, seen, seen);
}

static void run_compare(struct machine *machine, const struct instruction *instruction)
{
    struct slot *left = &machine->slots[machine->top - 2], right = left[1];
    struct slot result = slot_compare(instruction->code, *left, right);
    if (UNLIKELY(machine->trace != NULL)) {
        uint64_t *why = &machine->trace->why[machine->top - 2];
        why[0] |= why[1] | trace_leaf(machine, instruction->operand, result, *left, right);
    }
    *left = result;
    machine->top--;
}

/* Kleene: what decides is FALSE for `and`, TRUE for `or`; else unknown if one is. */
static void run_logic(struct machine *machine, bool decides)
{
    struct slot *left = &machine->slots[machine->top - 2], right = left[1], result;
    bool left_known = left->kind == SLOT_BOOL, right_known = right.kind == SLOT_BOOL;
    if ((left_known && left->integer == decides) || (right_known && right.integer == decides))
        result = slot_bool(decides);
    else
        result = left_known && right_known ? slot_bool(!decides) : slot_unknown();
    if (UNLIKELY(machine->trace != NULL)) {
        uint64_t *why = &machine->trace->why[machine->top - 2];
        why[0] = (truth_of(*left) == truth_of(result) ? why[0] : 0) |
                 (truth_of(right) == truth_of(result) ? why[1] : 0);
    }
    *left = result;
    machine->top--;
}

static void run_if(struct machine *machine)
{
    struct slot *slots = &machine->slots[machine->top - 3];
    enum condition_truth truth = truth_of(slots[0]);
    size_t chosen = truth == CONDITION_TRUE ? 1 : 2;
    if (machine->trace != NULL) {
        uint64_t *why = &machine->trace->why[machine->top - 3];
        why[0] |= truth == CONDITION_UNKNOWN ? 0 : why[chosen];
    }
    slots[0] = truth == CONDITION_UNKNOWN ? slot_unknown() : slots[chosen];
    machine->top -= 2;
}

static void run_binary(struct machine *machine, uint8_t code)
{
    struct slot *left = &machine->slots[machine->top - 2];
    *left = number_binary(code, left[0], left[1]);
    if (machine->trace != NULL)
        machine->trace->why[machine->top - 2] |= machine->trace->why[machine->top - 1];
    machine->top--;
}

static void run_clamp(struct machine *machine)
{
    struct slot *slots = &machine->slots[machine->top - 3];
    slots[0] = number_clamp(slots[0], slots[1], slots[2]);
    if (machine->trace != NULL) {
        uint64_t *why = &machine->trace->why[machine->top - 3];
        why[0] |= why[1] | why[2];
    }
    machine->top -= 2;
}

static void run_for(struct machine *machine, const struct instruction *instruction)
{
    struct slot *last = &machine->slots[machine->top - 1];
    uint16_t bit = (uint16_t)(1u << instruction->index);
    if (last->kind != SLOT_BOOL)
        return; /* the timer stays as it is */
    if (last->integer == 0) {
        machine->result.timers_stop |= bit;
        return;
    }
    machine->result.timers_run |= bit;
    if (machine->port->timer(machine->port->context, instruction->index))
        return;
    *last = slot_bool(false);
    if (machine->trace != NULL)
        machine->trace->why[machine->top - 1] =
            trace_leaf(machine, instruction->operand, *last, *last, *last);
}

/* ---- quality and time ---- */
static void wake_at(struct machine *machine, int64_t from_ns, int64_t span_ns)
{
    int64_t at;
    if (!__builtin_add_overflow(from_ns, span_ns, &at) && at > machine->now_ns &&
        at < machine->result.wake_ns)
        machine->result.wake_ns = at;
}

/* How long ago a point was heard; false: nobody knows. */
static bool age_of(struct machine *machine, const struct condition_sample *sample, int64_t *ret_ns)
{
    if (sample->heard_ns == CONDITION_TIME_NONE)
        return false;
    if (__builtin_sub_overflow(machine->now_ns, sample->heard_ns, ret_ns))
        *ret_ns = machine->now_ns > sample->heard_ns ? INT64_MAX : 0;
    if (*ret_ns < 0)
        *ret_ns = 0;
    return true;
}

static void run_quality(struct machine *machine, const struct instruction *instruction)
{
    struct condition_sample sample;
    bool there = point_look(machine, instruction->index, &sample) && sample.value.present;
    bool good = there && sample.value.quality < QUALITY_UNCERTAIN;
    bool bad = !there || sample.value.quality >= QUALITY_BAD;
    push_leaf(machine, slot_bool(instruction->code == CODE_GOOD ? good : bad),
              instruction->operand);
}

static void run_age(struct machine *machine, const struct instruction *instruction)
{
    struct condition_sample sample;
    int64_t age_ns;
    bool stale = instruction->code == CODE_STALE;
    const int64_t *numbers = condition_numbers(machine->condition);
    if (!point_look(machine, instruction->index, &sample) || !age_of(machine, &sample, &age_ns)) {
        if (stale)
            push_leaf(machine, slot_unknown(), instruction->operand);
        else
            push(machine, slot_unknown());
        return;
    }
    if (stale) {
        int64_t span_ns = numbers[machine->leaves[instruction->operand].right_at];
        wake_at(machine, sample.heard_ns, span_ns);
        push_leaf(machine, slot_bool(age_ns >= span_ns), instruction->operand);
        return;
    }
    if (instruction->operand == UINT16_MAX) {
        wake_at(machine, machine->now_ns, NS_PER_S);
    } else {
        int64_t limit_ns = numbers[instruction->operand];
        wake_at(machine, sample.heard_ns, limit_ns);
        wake_at(machine, sample.heard_ns, limit_ns + 1);
    }
    push(machine, slot_integer(age_ns));
}

/* ---- over the points of a pattern ---- */
static bool members_next(struct machine *machine, unsigned set)
{
    struct members *members = &machine->members;
    if (machine->trace != NULL)
        members->leaves_before = machine->trace->used;
    return !members->decided &&
           machine->port->member(machine->port->context, set, &members->cursor, &members->sample);
}

/* Where to go on. */
static size_t run_set(struct machine *machine, size_t at, const struct instruction *instruction)
{
    machine->members.cursor = machine->members.why = 0;
    machine->members.trues = machine->members.unknowns = machine->members.knowns = 0;
    machine->members.decided = false;
    machine->members.body = at;
    return members_next(machine, instruction->index) ? at : instruction->operand - 1u;
}

static struct slot members_result(const struct members *members, uint8_t code)
{
    switch (code) {
    case CODE_ANY:
        return members->trues > 0      ? slot_bool(true)
               : members->unknowns > 0 ? slot_unknown()
                                       : slot_bool(false);
    case CODE_ALL: /* trues counts what is FALSE */
        return members->trues > 0                              ? slot_bool(false)
               : members->unknowns > 0 || members->knowns == 0 ? slot_unknown()
                                                               : slot_bool(true);
    case CODE_COUNT:
        return members->unknowns == 0 ? slot_integer(members->trues)
                                      : (struct slot){.integer = members->trues,
                                                      .size = members->unknowns,
                                                      .kind = SLOT_BETWEEN};
    case CODE_SUM:
        return members->unknowns > 0 ? slot_unknown()
               : members->knowns > 0 ? members->sum
                                     : slot_integer(0);
    case CODE_SET_MEAN:
        return members->knowns == 0
                   ? slot_unknown()
                   : number_binary(CODE_DIVIDE, members->sum, slot_integer(members->knowns));
    default:
        return members->knowns == 0 ? slot_unknown() : members->sum;
    }
}

static void members_take_truth(struct machine *machine, uint8_t code, struct slot slot)
{
    struct members *members = &machine->members;
    bool known = slot.kind == SLOT_BOOL, hit = known && (slot.integer != 0) == (code != CODE_ALL);
    bool first_unknown = !known && members->unknowns == 0 && code != CODE_COUNT;
    members->trues += hit;
    members->knowns += known;
    members->unknowns += !known;
    members->decided = hit && code != CODE_COUNT;
    if (machine->trace == NULL)
        return;
    uint64_t why = machine->trace->why[machine->top];
    if (members->decided)
        members->why = why;
    else if (hit || first_unknown)
        members->why |= why;
    else
        machine->trace->used = members->leaves_before;
}

static void members_take_number(struct machine *machine, uint8_t code, struct slot slot)
{
    struct members *members = &machine->members;
    if (machine->trace != NULL)
        machine->trace->used = members->leaves_before;
    if (!slot_is_number(slot)) {
        members->unknowns++;
        return;
    }
    if (slot.kind == SLOT_BOOL)
        slot.kind = SLOT_INTEGER;
    uint8_t step = code == CODE_SET_MIN ? CODE_MIN : code == CODE_SET_MAX ? CODE_MAX : CODE_ADD;
    members->sum = members->knowns++ == 0 ? slot : number_binary(step, members->sum, slot);
}

/* The value of the body for one point, unless there was none; then the next point, or the result.
 */
static size_t run_members(struct machine *machine, size_t at, const struct instruction *instruction,
                          bool body)
{
    uint8_t code = instruction->code;
    if (body) {
        struct slot slot = machine->slots[--machine->top];
        if (code <= CODE_COUNT)
            members_take_truth(machine, code, slot);
        else
            members_take_number(machine, code, slot);
        if (members_next(machine, instruction->index))
            return machine->members.body;
    }
    struct slot result = members_result(&machine->members, code);
    push(machine, result);
    if (machine->trace != NULL) {
        bool own = code <= CODE_ALL && !machine->members.decided && result.kind == SLOT_BOOL;
        bool empty = code <= CODE_ALL && machine->members.why == 0;
        machine->trace->why[machine->top - 1] =
            own || empty ? trace_leaf(machine, instruction->operand, result, result, result)
                         : machine->members.why;
    }
    return at;
}

/* ---- the loop ---- */
static void run_cell(struct machine *machine, const struct instruction *instruction)
{
    const struct cell_entry *entry = &condition_cell_list(machine->condition)[instruction->index];
    struct condition_cell cell;
    struct condition_sample sample;
    struct slot slot = slot_unknown();
    if (point_look(machine, entry->reference, &sample)) {
        machine->port->cell_read(machine->port->context, instruction->index, &cell);
        (void)cell_take(entry, &cell, &sample); /* again the same if it was written */
        slot = cell_answer(instruction->code, entry, &cell, slot_of_value(&sample.value));
    }
    if (instruction->code == CODE_CHANGED)
        push_leaf(machine, slot, instruction->operand);
    else
        push(machine, slot);
}

static void run_number(struct machine *machine, const struct instruction *instruction)
{
    int64_t number = condition_numbers(machine->condition)[instruction->operand];
    struct slot slot = {.integer = number, .kind = SLOT_INTEGER};
    if (instruction->code == CODE_REAL)
        slot.kind = SLOT_REAL;
    if (instruction->code == CODE_TEXT) {
        slot.text = condition_part(machine->condition,
                                   (size_t)machine->condition->texts_at + (size_t)(number >> 16));
        slot.size = (uint32_t)(number & 0xffff);
        slot.kind = SLOT_TEXT;
    }
    push(machine, slot);
}

static void run_not(struct machine *machine)
{
    struct slot *last = &machine->slots[machine->top - 1];
    if (last->kind == SLOT_BOOL)
        last->integer = !last->integer;
}

/* What is seldom; where to go on. */
static size_t run_seldom(struct machine *machine, size_t at, const struct instruction *instruction,
                         bool body)
{
    struct slot *last = machine->slots + machine->top - (machine->top > 0);
    switch (instruction->code) {
    case CODE_BOOL:
        push(machine, slot_bool(instruction->index != 0));
        return at;
    case CODE_FOR:
        run_for(machine, instruction);
        return at;
    case CODE_IF:
        run_if(machine);
        return at;
    case CODE_MINUS:
    case CODE_ABS:
    case CODE_ROUND:
    case CODE_SQRT:
        *last = number_unary(instruction->code, *last);
        return at;
    case CODE_CLAMP:
        run_clamp(machine);
        return at;
    case CODE_GOOD:
    case CODE_BAD:
        run_quality(machine, instruction);
        return at;
    case CODE_STALE:
    case CODE_AGE:
        run_age(machine, instruction);
        return at;
    case CODE_SET:
        return run_set(machine, at, instruction);
    default:
        if (code_is_set(instruction->code))
            return run_members(machine, at, instruction, body);
        if (code_takes_point(instruction->code))
            run_cell(machine, instruction);
        else
            run_binary(machine, instruction->code);
        return at;
    }
}

static void run(struct machine *machine)
{
    const struct instruction *code =
        condition_part(machine->condition, machine->condition->instructions_at);
    bool empty = false; /* the set that was begun has no points */
    for (size_t at = 0; code[at].code != CODE_END;) {
        const struct instruction *instruction = &code[at++];
        const struct slot *last = machine->slots + machine->top - (machine->top > 0);
        switch (instruction->code) {
        case CODE_INTEGER:
        case CODE_REAL:
        case CODE_TEXT:
            run_number(machine, instruction);
            break;
        case CODE_POINT:
            push(machine, point_value(machine, instruction->index));
            break;
        case CODE_MEMBER:
            push(machine, point_value(machine, NONE));
            break;
        case CODE_EQUAL:
        case CODE_DIFFERENT:
        case CODE_LESS:
        case CODE_LESS_EQUAL:
        case CODE_MORE:
        case CODE_MORE_EQUAL:
            run_compare(machine, instruction);
            break;
        case CODE_AND:
            run_logic(machine, false);
            break;
        case CODE_OR:
            run_logic(machine, true);
            break;
        case CODE_NOT:
            run_not(machine);
            break;
        case CODE_TRUTH:
            run_truth(machine, instruction->operand);
            break;
        case CODE_JUMP_FALSE:
            if (last->kind == SLOT_BOOL && last->integer == 0)
                at = instruction->operand;
            break;
        case CODE_JUMP_TRUE:
            if (last->kind == SLOT_BOOL && last->integer != 0)
                at = instruction->operand;
            break;
        default: {
            size_t next = run_seldom(machine, at, instruction, !empty);
            empty = instruction->code == CODE_SET && next != at;
            at = next;
        }
        }
    }
}

static void take_cells(struct machine *machine)
{
    const struct condition_port *port = machine->port;
    for (unsigned i = 0; i < machine->condition->cells; i++) {
        const struct cell_entry *entry = &condition_cell_list(machine->condition)[i];
        struct condition_sample sample;
        struct condition_cell cell;
        if (!port->point(port->context, entry->reference, &sample))
            continue;
        port->cell_read(port->context, i, &cell);
        if (cell_take(entry, &cell, &sample) && port->cell_write != NULL)
            port->cell_write(port->context, i, &cell);
    }
}

static void explain_result(const struct machine *machine, struct condition_explanation *explanation)
{
    const struct trace *trace = machine->trace;
    explanation->truth = machine->result.truth;
    explanation->count = 0;
    explanation->more = trace->more;
    for (unsigned i = 0; i < trace->used; i++) {
        if ((trace->why[0] >> i & 1) == 0)
            continue;
        if (explanation->count == CONDITION_LEAVES_MAX)
            explanation->more = true;
        else
            explanation->leaves[explanation->count++] = trace->leaves[i];
    }
}

struct condition_result condition_evaluate(const struct condition *condition,
                                           const struct condition_port *port, int64_t now_ns,
                                           struct condition_explanation *ret_explanation)
{
    struct machine machine; /* the stack needs no beginning */
    machine.condition = condition;
    machine.port = port;
    machine.leaves = condition_leaf_list(condition);
    machine.now_ns = now_ns;
    machine.top = 0;
    machine.trace = NULL;
    machine.result = (struct condition_result){.wake_ns = INT64_MAX};
    if (condition->cells > 0 && port->cell_write != NULL)
        take_cells(&machine);
    if (ret_explanation == NULL) {
        run(&machine);
        machine.result.truth = truth_of(machine.slots[0]);
        return machine.result;
    }
    struct trace trace;
    trace.used = 0;
    trace.more = false;
    memset(trace.points, 0, sizeof trace.points);
    machine.trace = &trace;
    run(&machine);
    machine.result.truth = truth_of(machine.slots[0]);
    explain_result(&machine, ret_explanation);
    return machine.result;
}
