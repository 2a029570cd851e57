/* Decisions against a slow oracle that reads the grants, roles and shares as they were said, over
 * every path of a small alphabet: access_may is the same, access_reach never says all or nothing
 * when it is not so, scopes see what access_may lets see. */
#include "access/test_house.h"

#define PATHS_MAX 4096
#define DEPTH 3

static struct house house;
static struct bytes paths[PATHS_MAX];
static size_t path_count;

/* ---- every path ---- */
static const char *const words[] = {"a", "b", "ab", "dev", "x1"};

static void paths_add(const char *begin, size_t depth)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%.200s%s%s", begin, *begin != '\0' ? "/" : "", words[i]);
        check(path_count < PATHS_MAX);
        paths[path_count++] = bytes_text(strdup(text));
        if (depth > 1)
            paths_add(text, depth - 1);
    }
}

static void paths_make(void)
{
    static const char *const others[] = {
        "$tenant", "$tenant/users", "$tenant/users/ann", "$server/state", "$server", "$a/b",
        "$",       "$tenantx",      "$tenant/a"};
    paths_add("", DEPTH);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        paths[path_count++] = bytes_text(strdup(others[i]));
}

static void paths_free(void)
{
    for (size_t i = 0; i < path_count; i++)
        free((void *)(uintptr_t)paths[i].at);
    path_count = 0;
}

/* ---- what was said ---- */
struct said_role {
    uint32_t tenant;
    char name[16];
    uint32_t rights[3];
    char patterns[3][64];
    size_t count;
};
struct said_grant {
    char role[16], branch[64];
};
struct said_share {
    uint32_t from, to, rights;
    char pattern[64];
    bool active;
};
static struct said_role roles[64];
static size_t role_count;
static struct said_share shares[16];
static size_t share_count;

static const char *const tenant_names[] = {"", "main", "acme", "giver", "third"};

/* ---- the oracle: patterns by recursion, on texts ---- */
static bool glob_fits(const char *glob, const char *text)
{
    if (*glob == '\0')
        return *text == '\0';
    if (*glob == '*')
        return glob_fits(glob + 1, text) || (*text != '\0' && glob_fits(glob, text + 1));
    return *text != '\0' && (*glob == '?' || *glob == *text) && glob_fits(glob + 1, text + 1);
}

static void split(const char *text, char parts[18][64], size_t *count)
{
    *count = 0;
    for (const char *at = text;;) {
        const char *slash = strchr(at, '/');
        size_t size = slash == NULL ? strlen(at) : (size_t)(slash - at);
        memcpy(parts[*count], at, size);
        parts[(*count)++][size] = '\0';
        if (slash == NULL)
            return;
        at = slash + 1;
    }
}

static bool oracle_matches(const char *pattern, const char *path)
{
    char of_pattern[18][64], of_path[18][64];
    size_t pattern_size, path_size;
    if (strcmp(pattern, "#") == 0 || strcmp(pattern, "**") == 0)
        return path[0] != '$';
    split(pattern, of_pattern, &pattern_size);
    split(path, of_path, &path_size);
    for (size_t i = 0; i < pattern_size; i++) {
        const char *part = of_pattern[i];
        if (strcmp(part, "#") == 0 || strcmp(part, "**") == 0)
            return true;
        if (i >= path_size)
            return false;
        bool marked = i == 0 && (of_path[0][0] == '$' || of_path[0][0] == '@');
        if (strcmp(part, "+") == 0
                ? marked
                : (marked && part[0] != of_path[0][0]) || !glob_fits(part, of_path[i]))
            return false;
    }
    return pattern_size == path_size;
}

static void oracle_expand(const char *pattern, const char *client, const char *name, char *text)
{
    for (; *pattern != '\0'; pattern++) {
        if (pattern[0] == '%' && (pattern[1] == 'c' || pattern[1] == 'u')) {
            strcpy(text, pattern[1] == 'c' ? client : name);
            text += strlen(text);
            pattern++;
        } else {
            *text++ = *pattern;
        }
    }
    *text = '\0';
}

struct said_account {
    uint32_t tenant;
    const char *client, *name;
    struct said_grant grants[3];
    size_t grant_count;
};

static bool oracle_own(const struct said_account *account, uint32_t right, const char *path)
{
    for (size_t i = 0; i < account->grant_count; i++) {
        const struct said_grant *grant = &account->grants[i];
        for (size_t j = 0; j < role_count; j++) {
            if (roles[j].tenant != account->tenant || strcmp(roles[j].name, grant->role) != 0)
                continue;
            for (size_t k = 0; k < roles[j].count; k++) {
                char pattern[128];
                oracle_expand(roles[j].patterns[k], account->client, account->name, pattern);
                bool branch = strcmp(grant->branch, "#") == 0 || strcmp(grant->branch, "**") == 0 ||
                              oracle_matches(grant->branch, path);
                if ((roles[j].rights[k] & right) != 0 && oracle_matches(pattern, path) && branch)
                    return true;
            }
        }
    }
    return false;
}

static bool oracle_may(const struct said_account *account, uint32_t right, uint32_t tenant,
                       const char *path)
{
    if (tenant == account->tenant)
        return oracle_own(account, right, path);
    if (path[0] == '$')
        return false;
    for (size_t i = 0; i < share_count; i++) {
        char there[128];
        if (!shares[i].active || shares[i].from != tenant || shares[i].to != account->tenant ||
            (shares[i].rights & right) == 0 || !oracle_matches(shares[i].pattern, path))
            continue;
        (void)snprintf(there, sizeof there, "@%s/%s", tenant_names[tenant], path);
        if (oracle_own(account, right, there))
            return true;
    }
    return false;
}

/* ---- random words ---- */
static const char *pick(const char *const *list, size_t count)
{
    return list[house_below(&house, count)];
}

static void random_pattern(char *text, bool templates)
{
    static const char *const parts[] = {"a",  "b", "dev", "+",  "+", "*",
                                        "a*", "?", "*b",  "x?", "ab"};
    static const char *const whole[] = {"#",         "#",          "**",         "+/dev/#",
                                        "$tenant/#", "$tenant/+",  "$server/#",  "$tenant/users",
                                        "@giver/#",  "@giver/a/#", "@third/+/b", "@giv*/a",
                                        "$tenant/u*"};
    if (house_below(&house, 3) == 0) {
        strcpy(text, pick(whole, ARRAY_COUNT(whole)));
        return;
    }
    size_t depth = 1 + house_below(&house, DEPTH);
    *text = '\0';
    for (size_t i = 0; i < depth; i++) {
        const char *part = pick(parts, ARRAY_COUNT(parts));
        if (templates && house_below(&house, 5) == 0)
            part = house_below(&house, 2) == 0 ? "%c" : "%u";
        strcat(text, i > 0 ? "/" : "");
        strcat(text, part);
    }
    if (house_below(&house, 2) == 0)
        strcat(text, "/#");
}

static void random_role(uint32_t tenant, size_t number)
{
    struct said_role *role = &roles[role_count];
    struct command command = house_command(COMMAND_ROLE_SET, tenant);
    *role = (struct said_role){.tenant = tenant, .count = 1 + house_below(&house, 3)};
    (void)snprintf(role->name, sizeof role->name, "r%zu", number);
    command.access.name = bytes_text(role->name);
    command.access.rule_count = (uint16_t)role->count;
    for (size_t i = 0; i < role->count; i++) {
        random_pattern(role->patterns[i], true);
        role->rights[i] = (uint32_t)(1 + house_below(&house, RIGHT_ALL));
        command.access.rules[i] =
            (struct access_rule){bytes_text(role->patterns[i]), role->rights[i]};
    }
    /* What the reducer does not take ("$server" elsewhere than in main) is said by nobody. */
    if (house_apply(&house, &command) == OUTCOME_DONE)
        role_count++;
}

static uint32_t random_account(struct said_account *account, uint32_t tenant)
{
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    *account = (struct said_account){.tenant = tenant, .client = "dev", .name = "dev"};
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = ACCOUNT_DEVICE;
    command.access.name = bytes_text(account->name);
    size_t wanted = 1 + house_below(&house, 3);
    for (size_t i = 0; i < wanted; i++) {
        size_t at = house_below(&house, role_count);
        struct said_grant *grant = &account->grants[account->grant_count];
        if (roles[at].tenant != tenant)
            continue;
        strcpy(grant->role, roles[at].name);
        if (house_below(&house, 2) == 0)
            strcpy(grant->branch, "#");
        else
            random_pattern(grant->branch, false);
        command.access.grants[account->grant_count] =
            (struct grant){bytes_text(grant->role), bytes_text(grant->branch)};
        account->grant_count++;
    }
    command.access.grant_count = (uint16_t)account->grant_count;
    return house_apply(&house, &command) == OUTCOME_DONE ? house.outcome.number : ACCOUNT_NONE;
}

static void random_share(uint32_t from, uint32_t to)
{
    struct said_share *share = &shares[share_count];
    char pattern[64];
    do
        random_pattern(pattern, false);
    while (pattern[0] == '$' || pattern[0] == '@');
    *share = (struct said_share){
        .from = from,
        .to = to,
        .rights = house_below(&house, 2) == 0 ? RIGHT_SEE : RIGHT_SEE | RIGHT_ACKNOWLEDGE,
        .active = true};
    strcpy(share->pattern, pattern);
    uint32_t number = house_share(&house, from, to, pattern, share->rights);
    share_count++;
    if (house_below(&house, 4) == 0) {
        share->active = false;
        house_share_end(&house, from, number);
    }
}

/* ---- comparing ---- */
static size_t asked, allowed, covered, empty;

static void compare_may(const struct principal *principal, const struct said_account *account,
                        uint32_t tenant)
{
    static const uint32_t rights[] = {RIGHT_SEE, RIGHT_WRITE, RIGHT_ACKNOWLEDGE, RIGHT_CONFIGURE,
                                      RIGHT_ADMINISTER};
    struct scope *scope = scope_create(principal, tenant);
    assert_non_null(scope);
    assert_int_equal(scope_tenant(scope), tenant);
    bool hidden = false;
    for (size_t i = 0; i < ARRAY_COUNT(rights); i++) {
        bool somewhere = false;
        for (size_t j = 0; j < path_count; j++) {
            const char *path = (const char *)paths[j].at;
            bool expected = oracle_may(account, rights[i], tenant, path);
            if (access_may(principal, (enum access_right)rights[i], tenant, paths[j]) != expected)
                fail_msg("right %u on %s of %u: expected %d", rights[i], path, tenant, expected);
            if (rights[i] == RIGHT_SEE && scope_sees(scope, paths[j]) != expected)
                fail_msg("scope: %s of %u: expected %d", path, tenant, expected);
            hidden = hidden || (rights[i] == RIGHT_SEE && path[0] != '$' && !expected);
            somewhere = somewhere || expected;
            asked++;
            allowed += expected;
        }
        if (somewhere)
            assert_true(access_may_somewhere(principal, (enum access_right)rights[i], tenant));
    }
    if (scope_sees_all(scope))
        assert_false(hidden);
    scope_release(scope);
}

static void compare_reach(const struct principal *principal, uint32_t tenant)
{
    char text[64];
    struct pattern pattern;
    do
        random_pattern(text, false);
    while (text[0] == '$' || text[0] == '@');
    assert_null(pattern_parse(bytes_text(text), &pattern));
    enum access_reach reach = access_reach(principal, RIGHT_SEE, tenant, &pattern);
    bool all = true, any = false;
    for (size_t i = 0; i < path_count; i++) {
        if (paths[i].at[0] == '$' || !pattern_matches(&pattern, paths[i]))
            continue;
        bool sees = access_may(principal, RIGHT_SEE, tenant, paths[i]);
        all = all && sees;
        any = any || sees;
    }
    if ((reach == REACH_ALL && !all) || (reach == REACH_NONE && any))
        fail_msg("%s of %u: reach %d, all %d, any %d", text, tenant, reach, all, any);
    covered += reach == REACH_ALL;
    empty += reach == REACH_NONE;
}

static void compare_tenants(const struct principal *principal, const struct said_account *account)
{
    uint32_t seen[8];
    size_t count = access_tenants_seen(house.access, principal, seen, ARRAY_COUNT(seen));
    assert_true(count >= 1 && seen[0] == account->tenant);
    for (uint32_t tenant = 1; tenant <= 4; tenant++) {
        bool listed = false, sees = false, shared = tenant == account->tenant;
        for (size_t i = 0; i < count; i++)
            listed = listed || seen[i] == tenant;
        for (size_t i = 0; i < path_count; i++)
            sees = sees || oracle_may(account, RIGHT_SEE, tenant, (const char *)paths[i].at);
        for (size_t i = 0; i < share_count; i++)
            shared = shared || (shares[i].active && shares[i].from == tenant &&
                                shares[i].to == account->tenant);
        assert_true(!sees || listed);
        char text[64];
        uint32_t found = 99;
        struct bytes rest;
        (void)snprintf(text, sizeof text, "@%s/a/+", tenant_names[tenant]);
        bool resolved = access_resolve(house.access, principal, bytes_text(text), &found, &rest);
        assert_true(resolved == shared);
        if (resolved) {
            assert_int_equal(found, tenant);
            assert_true(bytes_equal(rest, bytes_text("a/+")));
        }
        struct bytes shown = access_present(house.access, principal, tenant);
        text[strlen(text) - 3] = '\0';
        assert_true(bytes_equal(shown, bytes_text(tenant == account->tenant ? "" : text)));
    }
}

static void one_world(uint64_t seed)
{
    char token[SECRET_TOKEN_SIZE];
    struct said_account account;
    house_open(&house, NULL);
    house.seed = seed;
    role_count = share_count = 0;
    house_host(&house);
    for (uint32_t tenant = 2; tenant <= 4; tenant++)
        assert_int_equal(house_tenant(&house, tenant_names[tenant]), tenant);
    uint32_t tenant = (uint32_t)(1 + house_below(&house, 2));
    for (size_t i = 0; i < 6; i++)
        random_role(tenant, i);
    for (size_t i = house_below(&house, 5); i > 0; i--)
        random_share((uint32_t)(3 + house_below(&house, 2)), tenant);
    uint32_t number = role_count == 0 ? ACCOUNT_NONE : random_account(&account, tenant);
    if (number != ACCOUNT_NONE) {
        house_token(&house, tenant, number, token);
        house_step(&house);
        struct principal *principal = house_enter_token(&house, token, account.client);
        assert_non_null(principal);
        for (uint32_t of = 1; of <= 4; of++) {
            compare_may(principal, &account, of);
            for (size_t i = 0; i < 40; i++)
                compare_reach(principal, of);
        }
        compare_tenants(principal, &account);
        principal_release(principal);
    }
    house_close(&house);
}

static void test_as_the_oracle_says(void **state)
{
    (void)state;
    paths_make();
    for (uint64_t seed = 1; seed <= (SANITIZED ? 60 : 400); seed++)
        one_world(seed * 7919);
    print_message("%zu decisions, %zu yes; reach: %zu all, %zu none\n", asked, allowed, covered,
                  empty);
    assert_true(allowed * 50 > asked && covered > 100 && empty > 100);
    paths_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_oracle_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
