/* completion: scripts that make a shell's Tab key complete verbs, options and, from a running
 * server, paths of points. They are made from the verbs' own lists, so that they never lag behind.
 */
#include "cli/terminal.h"
#include "cli/words.h"

#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

#define VERB "completion"

/* ---- what there is
 * ------------------------------------------------------------------------------- */

/* Calls each for every option of a verb, also those it judges itself; value NULL: a flag. */
struct option_walk {
    void (*each)(void *arg, const char *name, const char *value, const char *help);
    void *arg;
};

/* A line of --help: "  --name VALUE  what it means", where a flag has no VALUE and more spaces;
 * further lines of the text are indented. */
static void walk_line(void *arg, const char *line)
{
    const struct option_walk *walk = arg;
    char name[64], value[32] = "";
    if (strncmp(line, "  --", 4) != 0 || sscanf(line + 4, "%63s", name) != 1)
        return;
    const char *at = line + 4 + strlen(name);
    bool flag = at[0] != ' ' || at[1] == ' ' || sscanf(at, " %31s", value) != 1;
    walk->each(walk->arg, name, flag ? NULL : value, "setting");
}

static void walk_options(const struct verb *verb, struct option_walk walk)
{
    for (size_t i = 0; i < verb->option_count; i++)
        walk.each(walk.arg, verb->options[i].name, verb->options[i].value, verb->options[i].help);
    if (verb->loose)
        settings_print_options(walk_line, &walk);
    walk.each(walk.arg, "help", NULL, "what the verb says of itself");
}

/* Verbs whose arguments are paths of points, or patterns of them. */
static bool takes_paths(const char *verb)
{
    static const char *const names[] = {"get", "set", "points", "live"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(verb, names[i]) == 0)
            return true;
    return false;
}

/* Words after an option, where they are few. */
static const struct {
    const char *option, *words;
} choices[] = {
    {"type", "float64 int64 bool string"},
    {"quality", "good uncertain bad"},
    {"state", "low_low low normal high high_high none"},
    {"qos", "0 1 2"},
    {"will-qos", "0 1 2"},
};

/* First arguments, where they are few: a verb's "a|b|c [..]" says them itself. Returns how many
 * bytes of it they are; 0: none. */
static size_t actions_size(const struct verb *verb)
{
    size_t size = strcspn(verb->arguments, " ");
    bool small = strspn(verb->arguments, "abcdefghijklmnopqrstuvwxyz-|") >= size;
    return small && memchr(verb->arguments, '|', size) != NULL ? size : 0;
}

static void put_actions(const struct verb *verb)
{
    for (size_t i = 0; i < actions_size(verb); i++)
        putchar(verb->arguments[i] == '|' ? ' ' : verb->arguments[i]);
}

/* In single quotes, as all three shells read them; fish knows \' inside, the others do not. */
static void put_quoted(const char *text, bool fish)
{
    putchar('\'');
    for (; *text != 0; text++) {
        if (*text == '\'')
            fputs(fish ? "\\'" : "'\\''", stdout);
        else if (*text == '\\' && fish)
            fputs("\\\\", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

/* ---- bash
 * ---------------------------------------------------------------------------------------- */

static void bash_put_option(void *arg, const char *name, const char *value, const char *help)
{
    (void)arg, (void)help, (void)value;
    printf(" --%s", name);
}

static void bash_put_valued(void *arg, const char *name, const char *value, const char *help)
{
    const char **between = arg;
    (void)help;
    if (value == NULL)
        return;
    printf("%s--%s", *between, name);
    *between = "|";
}

static void bash_put_verbs(void)
{
    size_t count;
    const struct verb *const *verbs = verbs_all(&count);
    printf("    verbs='");
    for (size_t i = 0; i < count; i++)
        printf("%s ", verbs[i]->name);
    printf("help'\n    case $verb in\n");
    for (size_t i = 0; i < count; i++) {
        const char *between = "        [[ $before == @(";
        printf("    %s)\n        options='", verbs[i]->name);
        walk_options(verbs[i], (struct option_walk){bash_put_option, NULL});
        printf("'\n");
        walk_options(verbs[i], (struct option_walk){bash_put_valued, &between});
        printf("%s", between[0] == '|' ? ") ]] && valued=1\n" : "");
        if (actions_size(verbs[i]) > 0) {
            printf("        actions='");
            put_actions(verbs[i]);
            printf("'\n");
        }
        printf("        ;;\n");
    }
    printf("    esac\n");
}

static void bash_print(void)
{
    printf("# bash completion of mainstem. For one shell: source <(mainstem completion bash)\n"
           "# For all: mainstem completion bash >/etc/bash_completion.d/mainstem\n"
           "_mainstem() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local verb=${COMP_WORDS[1]} verbs options= actions= valued= line at\n"
           "    local -a server=()\n"
           "    COMPREPLY=()\n");
    bash_put_verbs();
    printf("    if ((COMP_CWORD == 1)) || [[ $verb == help ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$verbs\" -- \"$current\"))\n"
           "        return\n"
           "    fi\n"
           "    case $before in\n");
    for (size_t i = 0; i < ARRAY_COUNT(choices); i++)
        printf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$current\")); return ;;\n",
               choices[i].option, choices[i].words);
    printf("    --data) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n"
           "    esac\n"
           "    if [[ $current == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
           "        return\n"
           "    fi\n"
           "    if [[ -n $valued ]]; then\n"
           "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
           "        return\n"
           "    fi\n"
           "    if ((COMP_CWORD == 2)) && [[ -n $actions ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$actions\" -- \"$current\"))\n"
           "        return\n"
           "    fi\n"
           "    case $verb in\n"
           "    get|set|points|live)\n"
           "        # bash cuts words at colons: what stands behind --http is put together again.\n"
           "        for ((at = 2; at < COMP_CWORD; at++)); do\n"
           "            [[ ${COMP_WORDS[at]} == --http ]] || continue\n"
           "            server=(--http \"${COMP_WORDS[at+1]}\")\n"
           "            [[ ${COMP_WORDS[at+2]} == : ]] && server[1]+=:${COMP_WORDS[at+3]}\n"
           "        done\n"
           "        while IFS= read -r line; do\n"
           "            COMPREPLY+=(\"$(printf %%q \"$line\")\")\n"
           "        done < <(\"${COMP_WORDS[0]}\" points --complete \"${current//\\\\/}\" "
           "\"${server[@]}\" 2>/dev/null)\n"
           "        [[ ${COMPREPLY[0]-} == */ ]] && compopt -o nospace 2>/dev/null\n"
           "        ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
           "    esac\n"
           "}\n"
           "complete -F _mainstem mainstem\n");
}

/* ---- zsh
 * ----------------------------------------------------------------------------------------- */

/* NAME:HELP for _describe, where a colon in the help needs no escape. */
static void zsh_put_option(void *arg, const char *name, const char *value, const char *help)
{
    char text[256];
    (void)arg, (void)value;
    snprintf(text, sizeof text, "--%s:%s", name, help);
    printf("            ");
    put_quoted(text, false);
    putchar('\n');
}

static void zsh_print(void)
{
    size_t count;
    const struct verb *const *verbs = verbs_all(&count);
    printf("#compdef mainstem\n"
           "# zsh completion of mainstem. For one shell: source <(mainstem completion zsh)\n"
           "# For all: mainstem completion zsh >\"${fpath[1]}/_mainstem\"\n"
           "_mainstem() {\n"
           "    local -a verbs options found server\n"
           "    local at verb=${words[2]}\n"
           "    verbs=(\n");
    for (size_t i = 0; i < count; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s:%s", verbs[i]->name, verbs[i]->summary);
        printf("        ");
        put_quoted(text, false);
        putchar('\n');
    }
    printf("        'help:what a verb says of itself'\n"
           "    )\n"
           "    if ((CURRENT == 2)) || [[ $verb == help ]]; then\n"
           "        _describe verb verbs\n"
           "        return\n"
           "    fi\n"
           "    case ${words[CURRENT-1]} in\n");
    for (size_t i = 0; i < ARRAY_COUNT(choices); i++)
        printf("        --%s) compadd -- %s; return ;;\n", choices[i].option, choices[i].words);
    printf("    esac\n"
           "    case $verb in\n");
    for (size_t i = 0; i < count; i++) {
        printf("        %s) options=(\n", verbs[i]->name);
        walk_options(verbs[i], (struct option_walk){zsh_put_option, NULL});
        printf("        )\n");
        if (actions_size(verbs[i]) > 0) {
            printf("        actions='");
            put_actions(verbs[i]);
            printf("'\n");
        }
        printf("        ;;\n");
    }
    printf("    esac\n"
           "    if [[ $PREFIX == -* ]]; then\n"
           "        _describe option options\n"
           "        return\n"
           "    fi\n"
           "    if ((CURRENT == 3)) && [[ -n $actions ]]; then\n"
           "        compadd -- ${=actions}\n"
           "        return\n"
           "    fi\n"
           "    case $verb in\n"
           "        get|set|points|live)\n"
           "            at=${words[(i)--http]}\n"
           "            ((at < CURRENT - 1)) && server=(--http ${(Q)words[at+1]})\n"
           "            found=(${(f)\"$(${words[1]} points --complete ${(Q)PREFIX} $server "
           "2>/dev/null)\"})\n"
           "            compadd -S '' -- $found\n"
           "            ;;\n"
           "        *) _files ;;\n"
           "    esac\n"
           "}\n"
           "if [[ ${funcstack[1]-} == _mainstem ]]; then\n"
           "    _mainstem \"$@\"\n"
           "else\n"
           "    compdef _mainstem mainstem\n"
           "fi\n");
}

/* ---- fish
 * ---------------------------------------------------------------------------------------- */

static const char *fish_choices(const char *option)
{
    for (size_t i = 0; i < ARRAY_COUNT(choices); i++)
        if (strcmp(choices[i].option, option) == 0)
            return choices[i].words;
    return NULL;
}

static void fish_put_option(void *arg, const char *name, const char *value, const char *help)
{
    printf("complete -c mainstem -n '__fish_seen_subcommand_from %s' -l %s", (const char *)arg,
           name);
    if (value != NULL)
        printf(fish_choices(name) != NULL ? " -x" : " -r");
    if (value != NULL && fish_choices(name) != NULL)
        printf(" -a '%s'", fish_choices(name));
    printf(" -d ");
    put_quoted(help, true);
    putchar('\n');
}

static void fish_print(void)
{
    size_t count;
    const struct verb *const *verbs = verbs_all(&count);
    printf("# fish completion of mainstem. For one shell: mainstem completion fish | source\n"
           "# For all: mainstem completion fish >~/.config/fish/completions/mainstem.fish\n"
           "function __mainstem_paths\n"
           "    set -l words (commandline -opc)\n"
           "    set -l server\n"
           "    if set -l at (contains -i -- --http $words)\n"
           "        set server --http $words[(math $at + 1)]\n"
           "    end\n"
           "    $words[1] points --complete (commandline -ct) $server 2>/dev/null\n"
           "end\n");
    for (size_t i = 0; i < count; i++) {
        const char *name = verbs[i]->name;
        printf("complete -c mainstem -n __fish_use_subcommand -f -a %s -d ", name);
        put_quoted(verbs[i]->summary, true);
        putchar('\n');
        walk_options(verbs[i], (struct option_walk){fish_put_option, (void *)(uintptr_t)name});
        if (actions_size(verbs[i]) > 0) {
            printf("complete -c mainstem -n '__fish_seen_subcommand_from %s' -f -a '", name);
            put_actions(verbs[i]);
            printf("'\n");
        }
        if (takes_paths(name))
            printf("complete -c mainstem -n '__fish_seen_subcommand_from %s' -f -a "
                   "'(__mainstem_paths)'\n",
                   name);
    }
    printf("complete -c mainstem -n __fish_use_subcommand -f -a help -d 'What a verb says of "
           "itself'\n");
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int completion_run(const struct words *words)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", bash_print}, {"zsh", zsh_print}, {"fish", fish_print}};
    for (size_t i = 0; i < ARRAY_COUNT(shells); i++)
        if (strcmp(words->arguments[0], shells[i].shell) == 0) {
            shells[i].print();
            return EXIT_DONE;
        }
    fail(VERB, "there is no script for \"%s\"; allowed: bash zsh fish", words->arguments[0]);
    return EXIT_USAGE;
}

const struct verb verb_completion = {
    .name = VERB,
    .arguments = "bash|zsh|fish",
    .summary = "Print a script that lets a shell complete verbs, options and paths.",
    .about =
        "Paths of points come from the server that --http or MAINSTEM_HTTP names, a level at a\n"
        "time, as with files.",
    .example = "  source <(mainstem completion bash)\n"
               "  mainstem completion fish > ~/.config/fish/completions/mainstem.fish",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = completion_run,
};
