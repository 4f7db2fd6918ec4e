/* SPDX-License-Identifier: BSD-3-Clause */
/* makemessages: the texts of C sources and templates below the working folder go into the catalogues that translators write. Each file's
 * texts belong to the nearest folder above it that has a locale/, else to the first of settings' .locale_paths. */
#include "../core/i18n/po.h"
#include <capo.h>
#include <capo/i18n.h>
#include "cli_internal.h"
#include "extract_messages.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Target { const char *folder; FoundTexts found; struct Target *next; } Target;
typedef struct Work { Target *targets; int n_failed; } Work;

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static Target *target_of(Work *work, const char *path)
{
    const char *folder = capo_settings()->locale_paths[0] ? capo_settings()->locale_paths[0] : "locale";
    for (size_t size = strlen(path); size > 0; size--)
        if (path[size] == '/' && is_folder(capo_format("%.*s/locale", (int)size, path))) {
            folder = capo_format("%.*s/locale", (int)size, path);
            break;
        }
    for (Target *target = work->targets; target; target = target->next)
        if (strcmp(target->folder, folder) == 0)
            return target;
    Target *target = capo_alloc_struct(Target);
    *target = (Target){ .folder = folder, .next = work->targets };
    return work->targets = target;
}

/* Not what is built, hidden or brought by others. */
static bool is_passed_over(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (*at == '.' || capo_starts_with(at, "build/") || capo_starts_with(at, "build-") || capo_starts_with(at, "node_modules/") || capo_starts_with(at, "subprojects/"))
            return true;
    return false;
}

static bool ends_in(const char *path, const char *const *endings)
{
    for (; *endings; endings++)
        if (capo_ends_with(path, *endings))
            return true;
    return false;
}

typedef struct TemplateFile { const char *path, *text; FoundTexts *found; } TemplateFile;

static void see_message(const TemplateMessage *message, void *argument)
{
    TemplateFile *file = argument;
    found_add(file->found, message->context, message->one, message->many, file->path, message->line);
}

static void read_template(void *argument)
{
    TemplateFile *file = argument;
    capo_template_messages(file->path, file->text, see_message, file);
}

static void see_file(Work *work, const char *path)
{
    static const char *const sources[] = { ".c", ".h", ".def", NULL }, *const templates[] = { ".html", ".txt", ".xml", NULL };
    bool source = ends_in(path, sources), template = ends_in(path, templates) && (strstr(path, "/templates/") || capo_starts_with(path, "templates/"));
    size_t size;
    char *text = source || template ? capo_read_file(path, &size) : NULL;
    if (!text)
        return;
    FoundTexts *found = &target_of(work, path)->found;
    if (source) {
        extract_from_c(found, path, text, size);
        return;
    }
    const Error *error = capo_try(read_template, &(TemplateFile){ path, text, found });
    if (error) {
        fprintf(stderr, "%s: it is left out: %s\n", path, error->message);
        work->n_failed++;
    }
}

/* --- catalogues --------------------------------------------------------------------------------------------------------------------- */

/* The rule of plurals that a new catalogue begins with. */
static const char *plural_rule(const char *language)
{
    static const struct { const char *languages, *rule; } rules[] = {
        { " id ja ko ms th vi zh ", "nplurals=1; plural=0;" },
        { " fr hy kab pt-br tr ", "nplurals=2; plural=(n > 1);" },
        { " be bs hr ru sr uk ", "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);" },
        { " pl ", "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);" },
        { " cs sk ", "nplurals=3; plural=(n==1 ? 0 : n>=2 && n<=4 ? 1 : 2);" },
        { " lt ", "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);" },
        { " lv ", "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);" },
        { " ro ", "nplurals=3; plural=(n==1 ? 0 : n==0 || (n%100>0 && n%100<20) ? 1 : 2);" },
        { " sl ", "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);" },
        { " ar ", "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);" },
        { " ga ", "nplurals=5; plural=(n==1 ? 0 : n==2 ? 1 : n<7 ? 2 : n<11 ? 3 : 4);" },
    };
    const char *whole = capo_format(" %s ", language), *generic = capo_format(" %.*s ", (int)strcspn(language, "-"), language);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strstr(rules[i].languages, whole) || strstr(rules[i].languages, generic))
            return rules[i].rule;
    return "nplurals=2; plural=(n != 1);";
}

static const char *new_header(const char *language)
{
    return capo_format("msgid \"\"\nmsgstr \"\"\n\"Language: %s\\n\"\n\"MIME-Version: 1.0\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n"
                       "\"Content-Transfer-Encoding: 8bit\\n\"\n\"Plural-Forms: %s\\n\"\n", capo_to_locale(language), plural_rule(language));
}

static void write_catalogue(Work *work, const Target *target, const char *language)
{
    const char *folder = capo_format("%s/%s/LC_MESSAGES", target->folder, capo_to_locale(language)), *path = capo_format("%s/django.po", folder), *why;
    size_t size = 0;
    int line;
    char *old = capo_read_file(path, &size);
    Buffer compiled = { 0 }, made = { 0 };
    if (old && !po_compile(old, size, &compiled, &line, &why)) {
        fprintf(stderr, "%s:%d: %s. It is left as it is.\n", path, line, why);
        work->n_failed++;
        return;
    }
    po_merge(old ? old : "", old ? size : 0, new_header(language), target->found.texts, target->found.count, &made);
    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;)
        mkdir(capo_strndup(path, (size_t)(slash - path)), 0777);
    bool same = old && size == made.size && memcmp(old, made.data, size) == 0;
    int error = same ? 0 : capo_write_file(path, made.data, made.size);
    if (error) {
        fprintf(stderr, "%s: it cannot be written: %s.\n", path, strerror(-error));
        work->n_failed++;
        return;
    }
    capo_say("%s: %zu text%s%s", path, target->found.count, target->found.count == 1 ? "" : "s", same ? ", nothing new" : "");
}

static void close_folder(void *folder)
{
    closedir(folder);
}

/* Those that have a folder in this one already. */
static const char *const *languages_in(const char *folder)
{
    List *all = capo_list_new();
    DIR *dir = opendir(folder);
    if (dir)
        capo_defer(close_folder, dir);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' && is_folder(capo_format("%s/%s/LC_MESSAGES", folder, entry->d_name)))
            capo_list_add(all, capo_value_text(capo_to_language(capo_strdup(entry->d_name))));
    const char **names = capo_alloc_array(all->count + 1, sizeof *names);
    for (size_t i = 0; i < all->count; i++)
        names[i] = all->items[i].text;
    return names;
}

int cli_makemessages(void)
{
    Work work = { 0 };
    for (const char **path = capo_list_files_below("."); *path; path++)
        if (!is_passed_over(*path))
            see_file(&work, *path);
    const char *const *asked = capo_option_values("language");
    int n_written = 0;
    for (Target *target = work.targets; target; target = target->next)
        for (const char *const *language = asked && *asked ? asked : languages_in(target->folder); target->found.count && *language; language++, n_written++)
            write_catalogue(&work, target, *language);
    if (!n_written && !work.n_failed)
        fprintf(stderr, "Nothing was written. Say the languages for a first catalogue: %s makemessages de fr\n", cli_program());
    return work.n_failed || !n_written;
}
