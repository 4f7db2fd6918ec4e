/* SPDX-License-Identifier: BSD-3-Clause */
/* Fixtures beside plain rows as text: rows as values, rows of models that are made from others, files that are found in folders of the settings. */
#include <capo/testing.h>
#include "../orm/family.h"
#include "query_library.h"
#include "database_under_test.h"
#include "../../cli/fixture_files.h"
#include <capo/schema.h>
#include <capo/serializers.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dumped(Query *rows, bool natural)
{
    Buffer *out = capo_alloc_struct(Buffer);
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = out, .natural_foreign = natural });
    capo_serialize(serializer, rows);
    capo_serializer_close(serializer);
    return capo_buffer_text(out);
}

/* --- values --- */

static void load_values(void *rows) { capo_load_values(rows, NULL); }

TEST(fixtures_stay_values)
{
    query_library();
    Kind *kind = capo_new(Kind);
    kind->name = "values";
    kind->moment = (DateTime){ 1767225600123456 };
    kind->hour = capo_time(23, 59, 59, 999999);
    capo_set(kind, o_length, ((Duration){ -1 }));
    capo_set(kind, o_price, ((Decimal){ "-999999.99" }));
    kind->bytes = (Bytes){ (const uint8_t *)"\0\xff", 2 };
    capo_save(kind);
    List *rows = capo_serialize_values(capo_query(Kind), NULL);
    EXPECT_INT(rows->count, 1);
    const Map *row = rows->items[0].map, *fields = capo_map_get(row, "fields")->map;
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "model")), "library.kind");
    EXPECT_INT(capo_map_get(row, "pk")->integer, kind->id);
    EXPECT_INT(capo_map_get(fields, "moment")->kind, VALUE_DATETIME);
    EXPECT_INT(capo_map_get(fields, "moment")->datetime.microseconds, 1767225600123456);
    EXPECT_INT(capo_map_get(fields, "hour")->kind, VALUE_TIME);
    EXPECT_INT(capo_map_get(fields, "o_length")->duration.microseconds, -1);
    EXPECT_INT(capo_map_get(fields, "o_price")->kind, VALUE_DECIMAL);
    EXPECT_INT(capo_map_get(fields, "bytes")->kind, VALUE_BYTES);
    EXPECT_INT(capo_map_get(fields, "o_big")->kind, VALUE_NULL);
    char *text = dumped(capo_query(Kind), false);
    capo_delete_all(Kind);
    EXPECT_INT(capo_load_values(rows, NULL), 1);
    EXPECT_TEXT(dumped(capo_query(Kind), false), text);
    /* relations, natural keys, fields of one's choice; more than a batch */
    rows = capo_serialize_values(capo_query(Book, .where = { .id = EQ(1) }), &(SerializeOptions){ .natural_foreign = true, .natural_primary = true, .fields = LIST("author", "genres") });
    EXPECT_TEXT(capo_json_text(rows->items[0], 0), capo_format("{\"model\": \"library.book\", \"fields\": {\"author\": [\"%s\"], \"genres\": [[\"fantasy\"], [\"poetry\"]]}}",
                                                               capo_get(Author, .where = { .id = EQ(1) })->email));
    Instance **genres = capo_alloc_array(2300, sizeof *genres);
    for (int i = 0; i < 2300; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("g%d", i);
        genres[i] = (Instance *)genre;
    }
    capo_delete_all(Book);
    capo_delete_all(Genre);
    capo_bulk_create(genres, 2300);
    rows = capo_serialize_values(capo_query(Genre), NULL);
    EXPECT_INT(rows->count, 2300);
    text = dumped(capo_query(Genre), false);
    capo_delete_all(Genre);
    EXPECT_INT(capo_load_values(rows, NULL), 2300);
    EXPECT_TEXT(dumped(capo_query(Genre), false), text);
    /* what is wrong is refused as in a text */
    List *bad = capo_list_new();
    capo_list_add(bad, capo_value_int(7));
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, load_values, bad)->message, "Row 1 is no map") != NULL);
    bad = capo_serialize_values(capo_query(Genre, .where = { .id = LTE(1) }), NULL);
    bad = bad->count ? bad : capo_serialize_values(capo_query(Genre, .limit = 1), NULL);
    capo_map_set(bad->items[0].map, "model", VALUE("library.gerne"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, load_values, bad)->message, "gerne") != NULL);
}

/* --- children --- */

static Trattoria *make_trattoria(const char *name, Town *town)
{
    Trattoria *trattoria = capo_new(Trattoria);
    trattoria->restaurant.place.name = name;
    trattoria->restaurant.place.town_id = town->id;
    trattoria->restaurant.seats = 4;
    trattoria->region = "Lazio";
    capo_save(trattoria);
    return trattoria;
}

/* Rows of three tables, of which each says only its own columns; in any order; none touches the others' columns. */
TEST(fixtures_of_children_are_a_row_of_each_table)
{
    family_database();
    Town *rome = make_town("Rome"), *pisa = make_town("Pisa");
    Trattoria *trattoria = make_trattoria("Da Pino", rome);
    capo_add(&trattoria->restaurant.place, "visitors", pisa->id);
    Letter *letter = capo_new(Letter);                         /* columns of an abstract base are the table's own */
    letter->title = "Dear all";
    letter->stamp.note = "n";
    letter->town_id = pisa->id;
    capo_save(letter);
    char *towns = dumped(capo_query(Town), false), *places = dumped(capo_query(Place), false), *restaurants = dumped(capo_query(Restaurant), false);
    char *trattorias = dumped(capo_query(Trattoria), false), *letters = dumped(capo_query(Letter), false);
    EXPECT_TEXT(trattorias, capo_format("[{\"model\": \"family.trattoria\", \"pk\": %lld, \"fields\": {\"region\": \"Lazio\"}}]", (long long)trattoria->restaurant.place.id));
    EXPECT(strstr(places, "\"visitors\": [") && strstr(restaurants, "\"fields\": {\"serves_pizza\": false, \"seats\": 4}") && strstr(letters, "\"note\": \"n\""));
    capo_delete_all(Letter);
    capo_delete_all(Place);
    capo_delete_all(Town);
    EXPECT(!capo_exists(Trattoria) && !capo_exists(Restaurant));
    Loader *loader = capo_loader_open();
    for (const char *const *text = LIST(trattorias, letters, restaurants, places, towns); *text; text++) {
        capo_load(loader, *text, strlen(*text), NULL);
        capo_load(loader, "", 0, NULL);
    }
    EXPECT_INT(capo_loader_close(loader), 6);
    EXPECT_TEXT(dumped(capo_query(Town), false), towns);
    EXPECT_TEXT(dumped(capo_query(Place), false), places);
    EXPECT_TEXT(dumped(capo_query(Restaurant), false), restaurants);
    EXPECT_TEXT(dumped(capo_query(Trattoria), false), trattorias);
    EXPECT_TEXT(dumped(capo_query(Letter), false), letters);
    Trattoria *again = capo_get(Trattoria, .where = { .restaurant = { .place = { .name = EQ("Da Pino") } } });
    EXPECT(again->restaurant.seats == 4 && strcmp(again->region, "Lazio") == 0);
    /* the child's row alone replaces what is the child's */
    EXPECT_INT(capo_load_text(capo_format("[{\"model\": \"family.trattoria\", \"pk\": %lld, \"fields\": {\"region\": \"Umbria\"}}]", (long long)again->restaurant.place.id), NULL), 1);
    again = capo_get(Trattoria, .where = { .region = EQ("Umbria") });
    EXPECT_TEXT(again->restaurant.place.name, "Da Pino");
    EXPECT_INT(again->restaurant.seats, 4);
    /* the counter of the parent's key goes on */
    EXPECT(make_trattoria("Next", capo_get(Town, .where = { .name = EQ("Rome") }))->restaurant.place.id > again->restaurant.place.id);
}

/* A child without its parent's row leads nowhere, and nothing is loaded. */
static void load_orphan(void *unused)
{
    (void)unused;
    capo_load_text("[{\"model\": \"family.town\", \"pk\": 70, \"fields\": {\"name\": \"Bari\"}}, "
                   "{\"model\": \"family.restaurant\", \"pk\": 71, \"fields\": {\"serves_pizza\": true, \"seats\": 1}}]", NULL);
}

TEST(fixtures_of_orphans_are_refused)
{
    family_database();
    const char *said = EXPECT_RAISES(ERROR_COMMAND, load_orphan, NULL)->message;
    EXPECT(strstr(said, "family") && strstr(said, "71"));
    EXPECT(!capo_exists(Town, .where = { .name = EQ("Bari") }));
}

/* --- folders --- */

static char folder[64], directories[3][96];
static App plain = { .name = "plainapp", .directory = directories[0] };

static void write_fixture(const char *directory, const char *name, const char *town)
{
    const char *text = capo_format("[{\"model\": \"family.town\", \"pk\": %d, \"fields\": {\"name\": \"%s\"}}]", 100 + (int)strlen(town), town);
    EXPECT_INT(capo_write_file(capo_format("%s/%s", directory, name), text, strlen(text)), 0);
}

static void clean(void *unused)
{
    (void)unused;
    if (system(capo_format("rm -r %s", folder)) != 0)
        capo_warn("%s stays.", folder);
}

static void find_towns(void *unused)
{
    (void)unused;
    fixture_find("towns", NULL, NULL);
}

static void settle(const char *const *fixture_directories)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&plain, &capo_test_family, &capo_contenttypes),
                                    .fixture_directories = fixture_directories });
}

TEST(fixtures_are_looked_for_in_folders_of_the_settings)
{
    family_database();
    strcpy(folder, "/tmp/capo-fixtures-XXXXXX");
    EXPECT(mkdtemp(folder) != NULL);
    capo_defer(clean, NULL);
    snprintf(directories[0], sizeof directories[0], "%s/app", folder);
    snprintf(directories[1], sizeof directories[1], "%s/one", folder);
    snprintf(directories[2], sizeof directories[2], "%s/two", folder);
    for (size_t i = 0; i < 3; i++)
        EXPECT_INT(mkdir(directories[i], 0700), 0);
    const char *of_app = capo_format("%s/fixtures", directories[0]);
    EXPECT_INT(mkdir(of_app, 0700), 0);
    settle(LIST(directories[1], directories[2]));
    EXPECT(!fixture_find("towns", NULL, NULL)->path);
    write_fixture(directories[2], "towns.json", "Lucca");
    write_fixture(directories[1], "towns.json", "Siena II");
    write_fixture(of_app, "towns.json", "Rome");
    /* the app's, then the settings' in their order; of one app only its own */
    Fixture *found = fixture_find("towns", NULL, NULL);
    EXPECT_TEXT(found[0].path, capo_format("%s/towns.json", of_app));
    EXPECT_TEXT(found[1].path, capo_format("%s/towns.json", directories[1]));
    EXPECT_TEXT(found[2].path, capo_format("%s/towns.json", directories[2]));
    EXPECT(!found[3].path);
    EXPECT(!fixture_find("towns", NULL, "plainapp")[1].path);
    /* by a path below any of them */
    EXPECT_INT(mkdir(capo_format("%s/deep", directories[2]), 0700), 0);
    write_fixture(capo_format("%s/deep", directories[2]), "more.json", "Ferrara");
    EXPECT_TEXT(fixture_find("deep/more", NULL, NULL)->path, capo_format("%s/deep/more.json", directories[2]));
    /* all of them are loaded, in tests too */
    capo_test_fixtures("towns", "deep/more.json");
    EXPECT_INT(capo_count(Town), 4);
    /* a folder that is looked through twice */
    settle(LIST(directories[1], directories[1]));
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, find_towns, NULL)->message, "twice") != NULL);
    settle(LIST(of_app));
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, find_towns, NULL)->message, "the fixtures of the app plainapp are looked for anyway") != NULL);
}

/* The last key of a batch outlives the batch's memory, whatever it is. */
TEST(fixtures_write_batches_by_binary_keys)
{
    enum { ROWS = 2100 };
    static const FieldRow rows[] = { { .name = "code", .kind = FIELD_BINARY, .primary_key = true }, { .name = "n", .kind = FIELD_INTEGER }, { 0 } };
    settle(NULL);
    open_empty_database();
    if (database_is("mysql"))
        return;                                     /* no key over a blob there */
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = "Coded", .app = "binary", .rows = rows };
    capo_models_resolve(&model, 1);
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, model);
    capo_schema_close(editor);
    Instance **all = capo_alloc_array(ROWS, sizeof *all);
    for (int i = 0; i < ROWS; i++) {
        all[i] = capo_instance_new(model);
        capo_field_assign(all[i], capo_field(model, "code"), capo_value_bytes(capo_memdup((const uint8_t[]){ (uint8_t)(i >> 8), 0, (uint8_t)i }, 3), 3));
        capo_field_assign(all[i], capo_field(model, "n"), capo_value_int(i));
    }
    capo_bulk_create(all, ROWS);
    const char *text = dumped(capo_query_of(model), false);
    int64_t count = 0;
    for (const char *at = text; (at = strstr(at, "\"pk\": ")) != NULL; at++) {
        EXPECT(strstr(at, capo_format("\"n\": %lld}", (long long)count)) != NULL);
        count++;
    }
    EXPECT_INT(count, ROWS);
}

static int files_in(const char *directory)
{
    int count = 0;
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void write_to(const char *path, const char *text)
{
    FixtureOutput *output = fixture_create(path);
    fixture_write(output, text, strlen(text));
    fixture_finish(output);
}

/* What is there keeps its rights and its place behind a link, and what is no file stays what it is. */
TEST(fixtures_are_written_over_what_is_there)
{
    struct stat status;
    char got[8] = "";
    strcpy(folder, "/tmp/capo-fixtures-XXXXXX");
    EXPECT(mkdtemp(folder) != NULL);
    capo_defer(clean, NULL);
    const char *path = capo_format("%s/a.json", folder), *link_to = capo_format("%s/link.json", folder), *pipe_at = capo_format("%s/pipe", folder);
    write_to(path, "[1]");
    EXPECT_INT(chmod(path, 0600), 0);
    write_to(path, "[2]");
    EXPECT(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    EXPECT_INT(symlink("a.json", link_to), 0);
    write_to(link_to, "[3]");
    EXPECT(lstat(link_to, &status) == 0 && S_ISLNK(status.st_mode));
    EXPECT_TEXT(capo_read_file(path, NULL), "[3]");
    EXPECT_INT(mkfifo(pipe_at, 0600), 0);
    int reader = open(pipe_at, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    write_to(pipe_at, "[4]");
    EXPECT(lstat(pipe_at, &status) == 0 && S_ISFIFO(status.st_mode));
    EXPECT(read(reader, got, sizeof got - 1) == 3 && strcmp(got, "[4]") == 0);
    close(reader);
    /* nothing stands beside them */
    EXPECT_INT(files_in(folder), 3);
}
