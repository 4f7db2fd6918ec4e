/* SPDX-License-Identifier: BSD-3-Clause */
/* FILE and IMAGE fields on the database under test: what is written when, under which name, what the row says, forms over them. */
#include "../orm/files.h"
#include "files_fixture.h"
#include "database_under_test.h"
#include "../../migrations/migration.h"
#include "../../orm/internal.h"
#include "../../cli/cli_internal.h"
#include <capo/expressions.h>
#include <capo/schema.h>
#include <capo/serializers.h>
#include <capo/server.h>
#include <capo/templates.h>
#include <string.h>
#include <unistd.h>

#define CAPO_MODELS "../../tests/orm/files.def"
#include <capo/define_models.h>
#define CAPO_FORMS "unit/test_files_forms.def"
#include <capo/declare_forms.h>
#define CAPO_FORMS "unit/test_files_forms.def"
#include <capo/define_forms.h>
static const App files_app = { .name = "files", .models = models };

const char *booklet_name(void *album, const char *file_name)
{
    return capo_format("booklets/%s/%s", ((Album *)album)->title, file_name);
}

FileStorage *sounds(void)
{
    static const StorageSettings row = { .name = "sounds", .backend = &capo_memory_storage };
    return capo_storage_of(&row);
}

void only_ogg(Value value)
{
    if (!capo_ends_with(capo_to_text(value), ".ogg"))
        capo_invalid("no_ogg", "Send an Ogg file.");
}

/* The folder of the storage "default". */
static const char *open_albums(void)
{
    size_t count;
    const char *folder = files_storages();
    capo_models_prepare(APPS(&files_app));
    open_empty_database();
    Model *const *all = capo_all_models(&count);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "files"))
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
    return folder;
}

static Album *new_album(const char *title)
{
    Album *album = capo_new(Album);
    album->title = title;
    return album;
}

static FileContent picture(const char *name, unsigned width, unsigned height)
{
    Picture *made = capo_alloc_struct(Picture);
    *made = png_of(width, height);
    return capo_content_bytes(name, made->bytes, made->size);
}

static const char *today(const char *format)
{
    DateParts parts = capo_local(capo_now(), NULL);
    return capo_strftime(&parts, format);
}

static bool is_stored(const char *name) { return capo_storage_exists(capo_storage(NULL), name); }

typedef struct Part { const char *name, *file, *bytes; size_t size; } Part;
#define TEXT_PART(name_, text_) { name_, NULL, text_, sizeof(text_) - 1 }

static Request *posted(const Part *parts)
{
    Buffer body = { 0 };
    for (; parts->name; parts++) {
        capo_put_format(&body, "--XX\r\nContent-Disposition: form-data; name=\"%s\"", parts->name);
        if (parts->file)
            capo_put_format(&body, "; filename=\"%s\"\r\nContent-Type: image/png", parts->file);
        capo_put(&body, "\r\n\r\n");
        capo_put_bytes(&body, parts->bytes, parts->size);
        capo_put(&body, "\r\n");
    }
    capo_put(&body, "--XX--\r\n");
    return capo_request_make(&(RawRequest){ .method = "POST", .target = "/", .n_headers = 1, .body = body.data, .body_size = body.size,
        .headers = (const struct QueryItem[]){ { "Content-Type", "multipart/form-data; boundary=XX" } } });
}

static Form *album_form(const Part *parts, Album *album)
{
    Request *req = parts ? posted(parts) : NULL;
    return capo_model_form_new(&Album_model, LIST("title", "cover", "booklet"), NULL, req ? capo_post_dict(req) : NULL, req,
                               &(FormOptions){ .instance = album ? &album->capo : NULL });
}

TEST(files_are_written_with_their_row)
{
    const char *folder = open_albums();
    Album *album = new_album("First");
    EXPECT(!capo_has_file(album, cover));
    EXPECT_TEXT(album->cover, "");
    capo_set_file(album, cover, picture("My Boat.png", 30, 20));
    EXPECT(capo_has_file(album, cover));
    EXPECT_TEXT(album->cover, "My Boat.png");
    EXPECT_INT(capo_file_width(album, cover), 30);
    EXPECT(access(folder, F_OK) != 0);                              /* nothing is written yet */
    capo_save(album);
    EXPECT_TEXT(album->cover, today("covers/%Y/%m/My_Boat.png"));
    Album *found = capo_get(Album);
    EXPECT_TEXT(found->cover, album->cover);
    EXPECT_INT(capo_file_size(found, cover), 45);
    EXPECT_TEXT(capo_file_url(found, cover), capo_format("/media/%s", found->cover));
    EXPECT_TEXT(capo_file_path(found, cover), capo_format("%s/%s", folder, found->cover));
    EXPECT_INT(capo_file_height(found, cover), 20);
    char bytes[8];
    EXPECT_INT(capo_stored_read(capo_file_open(found, cover), bytes, 8), 8);
    EXPECT(memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
    EXPECT_QUERIES(0, capo_save(found));                            /* nothing changed */
    EXPECT(capo_exists(Album, .where = { .cover = ENDSWITH("Boat.png") }));
    EXPECT_TEXT(capo_values_flat(capo_query(Album), "cover")->items[0].text, album->cover);
}

TEST(files_dimensions_are_kept_in_fields)
{
    open_albums();
    Album *album = new_album("Sized");
    capo_set_file(album, cover, picture("a.png", 640, 480));
    capo_save(album);
    Album *found = capo_get(Album, .where = { .cover_width = EQ(640), .cover_height = EQ(480) });
    capo_set_file(found, cover, picture("b.png", 3, 4));
    EXPECT_INT(found->cover_width.value, 3);
    capo_save(found);
    EXPECT(capo_exists(Album, .where = { .cover_width = EQ(3), .cover_height = EQ(4) }));
    capo_set_file(found, cover, capo_content("c.png", "no picture"));
    EXPECT(!found->cover_width.present && !found->cover_height.present);
    capo_clear_file(found, cover);
    capo_save(found);
    capo_refresh(album);
    EXPECT_TEXT(album->cover, "");
    EXPECT(!album->cover_width.present);
}

static void name_with_dots(void *album)
{
    capo_file_generate_name(album, capo_field(&Album_model, "cover"), "..\\..\\Evil Name.png");
}

TEST(files_names_are_made_by_upload_to)
{
    open_albums();
    Album *album = new_album("Sea & Sand");
    capo_file_save(album, booklet, capo_content("notes.txt", "words"));
    EXPECT_TEXT(album->booklet, "booklets/Sea & Sand/notes.txt");
    EXPECT_TEXT(capo_get(Album)->booklet, album->booklet);          /* the row was saved too */
    EXPECT(capo_storage_exists(capo_storage("private"), album->booklet));
    EXPECT(!is_stored(album->booklet));
    EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, name_with_dots, album);
}

static void save_album(void *album) { capo_save((Album *)album); }

TEST(files_sec340_upload_to_cannot_lead_out)
{
    open_albums();
    static const char *const titles[] = { "..", "../..", "a/../../..", "/etc", "..\\..", ".", "a\nb", NULL };
    for (const char *const *title = titles; *title; title++) {
        Album *album = new_album(*title);
        capo_set_file(album, booklet, capo_content("x.txt", "x"));
        if (strcmp(*title, "/etc") == 0 || strcmp(*title, ".") == 0) {
            capo_save(album);                                       /* "booklets//etc/x.txt" is below all the same */
            EXPECT(capo_starts_with(album->booklet, "booklets/"));
        } else {
            EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, save_album, album);
        }
    }
    EXPECT_INT(capo_count(Album), 2);
}

TEST(files_names_fit_the_column)
{
    open_albums();
    Album *album = new_album("Long");
    capo_set_file(album, booklet, capo_content(capo_format("%s.txt", capo_random_string(200, "abc")), "x"));
    capo_save(album);
    EXPECT_INT(strlen(album->booklet), 60);
    EXPECT(capo_ends_with(album->booklet, ".txt"));
    EXPECT_TEXT(capo_get(Album)->booklet, album->booklet);
}

TEST(files_of_one_name_are_two)
{
    open_albums();
    Album *a = new_album("A"), *b = new_album("B");
    capo_set_file(a, cover, picture("same.png", 1, 1));
    capo_set_file(b, cover, picture("same.png", 2, 2));
    capo_bulk_create((Instance *[]){ &a->capo, &b->capo }, 2);
    EXPECT(strcmp(a->cover, b->cover) != 0);
    EXPECT_INT(capo_file_width(a, cover), 1);
    EXPECT_INT(capo_file_width(b, cover), 2);
    Album *stored = capo_get(Album, .where = { .title = EQ("B") });
    capo_set_file(stored, cover, picture("same.png", 5, 5));
    capo_bulk_update((Instance *[]){ &stored->capo }, 1, LIST("cover"));
    capo_refresh(stored);
    EXPECT_INT(capo_file_width(stored, cover), 5);
}

static void save_then_fail(void *album)
{
    capo_begin();
    capo_save((Album *)album);
    EXPECT(is_stored(((Album *)album)->cover));
    capo_raise(500, "too late");
}

TEST(files_a_failed_transaction_leaves_no_row_without_its_file)
{
    open_albums();
    Album *album = new_album("Kept"), *lost = new_album("Lost");
    capo_set_file(album, cover, picture("kept.png", 1, 1));
    capo_save(album);
    capo_set_file(lost, cover, picture("lost.png", 2, 2));
    EXPECT_RAISES(500, save_then_fail, lost);
    EXPECT_INT(capo_count(Album), 1);
    EXPECT(is_stored(lost->cover));                                 /* an orphan, and no more */
    /* Deleting the file waits for the commit. */
    const char *name = album->cover;
    capo_begin();
    capo_file_delete(album, cover);
    EXPECT(is_stored(name) && !capo_has_file(album, cover));
    capo_rollback();
    EXPECT(is_stored(name));
    capo_refresh(album);
    EXPECT_TEXT(album->cover, name);
    capo_file_delete(album, cover);
    EXPECT(!is_stored(name));
    EXPECT_TEXT(capo_get(Album)->cover, "");
}

TEST(files_stay_when_rows_go)
{
    open_albums();
    Album *album = new_album("Gone");
    capo_set_file(album, cover, picture("stay.png", 1, 1));
    capo_save(album);
    const char *name = album->cover;
    capo_set_file(album, cover, picture("next.png", 1, 1));
    capo_save_fields(album, "cover");
    EXPECT(is_stored(name) && is_stored(album->cover));
    capo_delete(album);
    EXPECT(is_stored(name));
}

TEST(files_assigned_by_hand_or_left_alone)
{
    open_albums();
    Album *album = new_album("Hand");
    capo_set_file(album, cover, picture("never.png", 1, 1));
    album->cover = "covers/old.png";                                /* takes the content back */
    capo_save(album);
    EXPECT_TEXT(capo_get(Album)->cover, "covers/old.png");
    EXPECT(!is_stored(today("covers/%Y/%m/never.png")));
    capo_set_file(album, cover, picture("waits.png", 1, 1));
    album->title = "Other";
    capo_save_fields(album, "title");                               /* of the title alone */
    EXPECT_TEXT(capo_get(Album)->cover, "covers/old.png");
    capo_save(album);
    EXPECT(capo_ends_with(capo_get(Album)->cover, "waits.png"));
}

static void url_of(void *album) { capo_file_url((Album *)album, cover); }
static void no_such_file(void *album) { capo_instance_has_file(&((Album *)album)->capo, "title"); }
static void missing_on_disk(void *album) { capo_file_size((Album *)album, cover); }

TEST(files_without_one_say_so)
{
    open_albums();
    Album *album = new_album("None");
    const Error *error = EXPECT_RAISES(ERROR_VALUE, url_of, album);
    EXPECT_TEXT(error->message, "The 'cover' attribute has no file associated with it.");
    capo_set_file(album, cover, picture("x.png", 1, 1));
    error = EXPECT_RAISES(ERROR_VALUE, url_of, album);
    EXPECT(strstr(error->message, "is not in its storage yet"));
    EXPECT_RAISES(ERROR_FIELD_DOES_NOT_EXIST, no_such_file, album);
    album->cover = "covers/nowhere.png";
    EXPECT_RAISES(404, missing_on_disk, album);
}

static const char *rendered(const char *source, Album *album)
{
    Buffer out = { 0 };
    const Template *template = capo_template_from_string(source, NULL);
    capo_template_render(template, capo_context_of(template, NULL, capo_map(OBJ("album", album))), &out);
    return capo_buffer_text(&out);
}

TEST(files_extensions_of_names)
{
    open_albums();
    static const struct { const char *name; bool good; } names[] = { { "a.txt", true }, { "a.PDF", true }, { "a.tar.pdf", true }, { "a.exe", false }, { "a.pdf.exe", false },
                                                                   { "pdf", false }, { ".pdf", false }, { "a.", false } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Album *album = new_album("E");
        capo_set_file(album, booklet, capo_content(names[i].name, "x"));
        const ValidationError *error = capo_instance_full_clean(&album->capo, NULL);
        EXPECT((error == NULL) == names[i].good);
        if (error)
            EXPECT_TEXT(error->code, "invalid_extension");
    }
    Form *form = album_form((Part[]){ TEXT_PART("title", "T"), { "booklet", "a.exe", "x", 1 }, { 0 } }, NULL);
    EXPECT_TEXT(capo_form_errors(form, "booklet")[0], "File extension “exe” is not allowed. Allowed extensions are: txt, pdf.");
}

TEST(files_that_may_be_null)
{
    open_albums();
    Album *album = new_album("Null");
    EXPECT(!album->sleeve && !capo_has_file(album, sleeve));
    capo_save(album);
    EXPECT_INT(capo_count(Album, .where = { .sleeve = IS_NULL(true) }), 1);
    capo_set_file(album, sleeve, capo_content("s.txt", "x"));
    capo_save(album);
    EXPECT_TEXT(capo_get(Album)->sleeve, "sleeves/s.txt");
    capo_file_delete(album, sleeve);
    EXPECT_TEXT(capo_get(Album)->sleeve, "");                        /* as Django: not NULL again */
}

TEST(files_of_a_child_and_its_parent)
{
    open_albums();
    VideoSingle *single = capo_new(VideoSingle);
    single->album.title = "Both";
    capo_set_file(&single->album, booklet, capo_content("b.txt", "words"));
    capo_set_file(single, video, capo_content("v.mp4", "pictures"));
    capo_save(single);
    EXPECT_TEXT(single->album.booklet, "booklets/Both/b.txt");
    VideoSingle *found = capo_get(VideoSingle);
    EXPECT_TEXT(found->video, "videos/v.mp4");
    EXPECT_TEXT(found->album.booklet, single->album.booklet);
    EXPECT_TEXT(capo_get(Album)->booklet, single->album.booklet);
    EXPECT(is_stored("videos/v.mp4"));
}

TEST(files_in_queries)
{
    open_albums();
    static const char *const titles[] = { "A", "B", NULL };
    for (const char *const *title = titles; *title; title++) {
        Album *album = new_album(*title);
        capo_set_file(album, cover, picture(capo_format("Photo-%s.PNG", *title), 1, 1));
        capo_save(album);
    }
    capo_save(new_album("C"));
    Album *b = capo_get(Album, .where = { .title = EQ("B") });
    EXPECT_INT(capo_count(Album, .where = { .cover = EQ("") }), 1);
    EXPECT_INT(capo_count(Album, .exclude = { .cover = EQ("") }), 2);
    EXPECT_INT(capo_count(Album, .where = { .cover = IENDSWITH("photo-b.png") }), 1);
    EXPECT_INT(capo_count(Album, .where = { .cover = IN(VALUES(b->cover, "x")) }), 1);
    EXPECT_INT(capo_count(Album, .where = { .cover = GT(b->cover) }), 0);
    Query *lower = capo_query(Album, .where = { .id = EQ(b->id) }, .annotate = EXPRESSIONS(AS("small", FN(Lower, F("cover")))));
    EXPECT_TEXT(capo_values_flat(lower, "small")->items[0].text, capo_lower(b->cover));
    EXPECT_INT(capo_update(Album, .where = { .id = EQ(b->id) }, .set = { .cover = TO("covers/other.png") }), 1);
    Album *only = capo_get(Album, .where = { .id = EQ(b->id) }, .only = LIST("title"));
    EXPECT_TEXT(capo_file_url(only, cover), "/media/covers/other.png");             /* a column that was not loaded is read */
    capo_set_file(only, cover, picture("n.png", 1, 1));
    capo_save(only);
    EXPECT(capo_ends_with(capo_get(Album, .where = { .id = EQ(b->id) })->cover, "/n.png"));
}

TEST(files_in_templates)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&files_app) });
    open_albums();
    Album *album = new_album("Shown");
    EXPECT_TEXT(rendered("{{ album.cover }}|{% if album.cover %}yes{% else %}no{% endif %}|{{ album.cover.name }}", album), "|no|None");
    capo_set_file(album, cover, picture("boat.png", 30, 20));
    capo_save(album);
    EXPECT_TEXT(rendered("{% if album.cover %}{{ album.cover.url }} {{ album.cover.size }} {{ album.cover.width }}x{{ album.cover.height }}{% endif %}", album),
                today("/media/covers/%Y/%m/boat.png 45 30x20"));
    EXPECT_TEXT(rendered("{{ album.cover }}", album), album->cover);
    EXPECT_TEXT(rendered("{% if album.cover == \"x\" %}same{% else %}other{% endif %}", album), "other");
}

TEST(files_storage_by_function)
{
    open_albums();
    Album *album = new_album("Loud");
    capo_save(album);
    Clip *track = capo_new(Clip);
    track->album_id = album->id;
    capo_set_file(track, sound, capo_content("a.ogg", "la"));
    capo_save(track);
    EXPECT_TEXT(track->sound, "a.ogg");
    EXPECT_TEXT(capo_storage_read(sounds(), "a.ogg", NULL), "la");
    EXPECT(capo_instance_full_clean(&track->capo, NULL) == NULL);
    capo_set_file(track, sound, capo_content("a.mp3", "la"));
    EXPECT_TEXT(capo_instance_full_clean(&track->capo, NULL)->code, "no_ogg");
}

/* --- declarations, migrations, fixtures ------------------------------------------------------------------------------------------- */

TEST(files_in_migrations)
{
    open_albums();
    FieldState *cover = model_state_field(model_state_of(&Album_model), "cover");
    EXPECT_TEXT(capo_field_kind_name(cover->kind), "ImageField");
    EXPECT_TEXT(capo_json_text(capo_value_map(cover->options), 0),
                "{\"upload_to\": \"covers/%Y/%m/\", \"width_field\": \"cover_width\", \"height_field\": \"cover_height\", \"blank\": true}");
    FieldState *booklet = model_state_field(model_state_of(&Album_model), "booklet");
    EXPECT_TEXT(capo_json_text(capo_value_map(booklet->options), 0), "{\"max_length\": 60, \"storage\": \"private\", \"blank\": true}");
    FieldRow row;
    field_state_to_row(cover, &row);
    EXPECT_TEXT(row.options.file.upload_to, "covers/%Y/%m/");
    EXPECT_TEXT(capo_dialect()->column_type(capo_field(&Album_model, "cover")), "varchar(100)");
}

static void prepare(void *app) { capo_models_prepare((const App *[]){ app, NULL }); }

static const char *problem_of(const FieldRow *rows)
{
    static Model model;
    model = (Model){ .name = "Wrong", .rows = rows };
    static Model *const list[] = { &model, NULL };
    static const App wrong = { .name = "wrong", .models = list };
    const Error *error = capo_try(prepare, (void *)&wrong);
    return error ? error->message : "";
}

TEST(files_in_fixtures_are_their_names)
{
    open_albums();
    Album *album = new_album("Dumped");
    capo_set_file(album, cover, picture("d.png", 7, 8));
    capo_save(album);
    const char *name = album->cover;
    Buffer out = { 0 };
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out });
    capo_serialize(serializer, capo_query(Album));
    capo_serializer_close(serializer);
    EXPECT(strstr(capo_buffer_text(&out), capo_format("\"cover\": \"%s\"", name)));
    capo_delete(album);
    EXPECT_INT(capo_load_text(capo_buffer_text(&out), NULL), 1);
    Album *loaded = capo_get(Album);
    EXPECT_TEXT(loaded->cover, name);
    EXPECT_INT(loaded->cover_width.value, 7);
    EXPECT_INT(capo_file_width(loaded, cover), 7);
}

TEST(files_wrong_declarations)
{
#define ID_ROW { .name = "id", .kind = FIELD_BIG_AUTO, .default_key = true }
    static const FieldRow absolute[] = { ID_ROW, { .name = "f", .kind = FIELD_FILE, .options.file = { .upload_to = "/srv" } }, { 0 } };
    static const FieldRow both[] = { ID_ROW, { .name = "f", .kind = FIELD_FILE, .options.file = { .upload_to = "a", .upload_function = booklet_name } }, { 0 } };
    static const FieldRow sized[] = { ID_ROW, { .name = "f", .kind = FIELD_FILE, .options.file = { .width_field = "id" } }, { 0 } };
    static const FieldRow unknown[] = { ID_ROW, { .name = "f", .kind = FIELD_IMAGE, .options.file = { .width_field = "wide" } }, { 0 } };
    static const FieldRow text[] = { ID_ROW, { .name = "t", .kind = FIELD_TEXT }, { .name = "f", .kind = FIELD_IMAGE, .options.file = { .height_field = "t" } }, { 0 } };
    EXPECT(strstr(problem_of(absolute), "must be a relative path"));
    EXPECT(strstr(problem_of(both), "exclude each other"));
    EXPECT(strstr(problem_of(sized), "are for an IMAGE"));
    EXPECT(strstr(problem_of(unknown), "wide"));
    EXPECT(strstr(problem_of(text), "holds no whole numbers"));
    capo_models_prepare(APPS(&files_app));
}

/* How many errors `check` finds. */
static int checked(const char *media_root, const StorageSettings *storages)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&files_app), .media_root = media_root, .storages = storages });
    return cli_run_checks(false, true);
}

TEST(files_checks_of_storages)
{
    const char *folder = open_albums(), *private = capo_format("%s/private", folder);
    int others = checked(folder, STORAGES({ "private", .location = private }));
    EXPECT_INT(checked(folder, NULL) - others, 1);                                              /* no storage "private" */
    static const char *const bad[] = { "templates", "static/uploads", "./static", ".", "/", NULL };
    for (const char *const *root = bad; *root; root++)
        EXPECT(checked(*root, STORAGES({ "private", .location = private })) - others > 0);
    EXPECT_INT(checked("statics", STORAGES({ "private", .location = private })) - others, 0);
}

/* --- forms ------------------------------------------------------------------------------------------------------------------------------ */

static const char *html_of(Form *form, const char *field)
{
    Buffer out = { 0 };
    capo_form_put_field(form, field, NULL, &out);
    return capo_buffer_text(&out);
}

TEST(files_forms_add_replace_keep_and_clear)
{
    open_albums();
    Picture small = png_of(3, 2), large = png_of(30, 20);
    Form *form = album_form(NULL, NULL);
    EXPECT(capo_form_is_multipart(form));
    EXPECT_TEXT(html_of(form, "cover"), "<input type=\"file\" name=\"cover\" accept=\"image/*\" id=\"id_cover\">");
    EXPECT_TEXT(html_of(form, "booklet"), "<input type=\"file\" name=\"booklet\" id=\"id_booklet\">");

    form = album_form((Part[]){ TEXT_PART("title", "T"), { "cover", "small.png", small.bytes, small.size }, { 0 } }, NULL);
    EXPECT(capo_form_is_valid(form));
    Album *album = (Album *)capo_form_save(form);
    const char *first = album->cover;
    EXPECT_TEXT(first, today("covers/%Y/%m/small.png"));
    EXPECT_INT(album->cover_width.value, 3);

    album = capo_get(Album);                                        /* nothing sent: it stays */
    form = album_form((Part[]){ TEXT_PART("title", "T2"), { 0 } }, album);
    EXPECT(capo_form_is_valid(form));
    EXPECT_TEXT(capo_join(capo_form_changed_data(form), " "), "title");
    capo_form_save(form);
    EXPECT_TEXT(capo_get(Album)->cover, first);
    EXPECT_TEXT(html_of(album_form(NULL, album), "cover"), capo_format("Currently: <a href=\"/media/%s\">%s</a>\n"
        "<input type=\"checkbox\" name=\"cover-clear\" id=\"cover-clear_id\">\n<label for=\"cover-clear_id\">Clear</label><br>\nChange:\n"
        "<input type=\"file\" name=\"cover\" accept=\"image/*\" id=\"id_cover\">", first, first));

    form = album_form((Part[]){ TEXT_PART("title", "T2"), { "cover", "large.png", large.bytes, large.size }, { 0 } }, album);
    EXPECT_TEXT(capo_join(capo_form_changed_data(form), " "), "cover");
    capo_form_save(form);
    album = capo_get(Album);
    EXPECT_TEXT(album->cover, today("covers/%Y/%m/large.png"));
    EXPECT_INT(album->cover_width.value, 30);
    EXPECT(is_stored(first));                                       /* the old one stays in the storage */

    form = album_form((Part[]){ TEXT_PART("title", ""), { "cover", "again.png", small.bytes, small.size }, { 0 } }, album);
    EXPECT(!capo_form_is_valid(form));                              /* shown again: with the file that is there, not the one that failed */
    EXPECT(strstr(html_of(form, "cover"), "large.png</a>") && !strstr(html_of(form, "cover"), "again.png"));

    album = capo_get(Album);
    form = album_form((Part[]){ TEXT_PART("title", "T"), TEXT_PART("cover-clear", "on"), { "cover", "small.png", small.bytes, small.size }, { 0 } }, album);
    EXPECT_TEXT(capo_form_errors(form, "cover")[0], "Please either submit a file or check the clear checkbox, not both.");
    album = capo_get(Album);
    capo_form_save(album_form((Part[]){ TEXT_PART("title", "T"), TEXT_PART("cover-clear", "on"), { 0 } }, album));
    album = capo_get(Album);
    EXPECT_TEXT(album->cover, "");
    EXPECT(!album->cover_width.present);
}

TEST(files_forms_without_addresses_show_the_name)
{
    open_albums();
    Album *album = new_album("P");
    capo_file_save(album, booklet, capo_content("a<b.txt", "x"));
    EXPECT(capo_starts_with(html_of(album_form(NULL, album), "booklet"), "Currently: booklets/P/ab.txt\n<input type=\"checkbox\""));
}

TEST(files_forms_sec115_images_by_content)
{
    open_albums();
    Picture good = png_of(3, 2), bomb = png_of(100000, 100000);
    const char html[] = "<html><script>alert(1)</script>", svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    char polyglot[128] = { 0 };
    memcpy(polyglot, html, sizeof html);
    memcpy(polyglot + sizeof html, good.bytes, good.size);
    const char *invalid = "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";
    const struct { const char *file, *bytes; size_t size; const char *error; } cases[] = {
        { "good.png", good.bytes, good.size, NULL }, { "good.JPG", good.bytes, good.size, NULL },
        { "page.png", html, sizeof html - 1, invalid }, { "drawing.png", svg, sizeof svg - 1, invalid }, { "drawing.svg", svg, sizeof svg - 1, invalid },
        { "bomb.png", bomb.bytes, bomb.size, invalid }, { "cut.png", good.bytes, 20, invalid }, { "poly.png", polyglot, sizeof polyglot, invalid },
        { "empty.png", "", 0, "The submitted file is empty." },
        { "good.html", good.bytes, good.size, "File extension “html” is not allowed. Allowed extensions are: png, apng, jpg, jpeg, jpe, jfif, gif, webp, bmp, dib." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Form *form = album_form((Part[]){ TEXT_PART("title", "T"), { "cover", cases[i].file, cases[i].bytes, cases[i].size }, { 0 } }, NULL);
        const char *error = capo_form_errors(form, "cover")[0];
        EXPECT_TEXT(error ? error : "none", cases[i].error ? cases[i].error : "none");
    }
    /* SEC-114: of two files for one field the last is the field's, and it is the one that was looked at. */
    Form *form = album_form((Part[]){ TEXT_PART("title", "T"), { "cover", "good.png", good.bytes, good.size }, { "cover", "bad.png", html, sizeof html - 1 }, { 0 } }, NULL);
    EXPECT_TEXT(capo_form_errors(form, "cover")[0], invalid);
    form = album_form((Part[]){ TEXT_PART("title", "T"), { "cover", "bad.png", html, sizeof html - 1 }, { "cover", "good.png", good.bytes, good.size }, { 0 } }, NULL);
    EXPECT(capo_form_is_valid(form));
    EXPECT(capo_ends_with(((Album *)capo_form_save(form))->cover, "/good.png"));
}

TEST(files_forms_names_that_are_too_long)
{
    open_albums();
    Form *form = album_form((Part[]){ TEXT_PART("title", "T"), { "booklet", "0123456789012345678901234567890123456789012345678901234567890.txt", "x", 1 }, { 0 } }, NULL);
    EXPECT_TEXT(capo_form_errors(form, "booklet")[0], "Ensure this filename has at most 60 characters (it has 65).");
}

TEST(files_in_declared_forms)
{
    Picture good = png_of(3, 2);
    PhotoForm *form = capo_form(PhotoForm, posted((Part[]){ TEXT_PART("title", "T"), { "photo", "a.png", good.bytes, good.size }, { "paper", "p.txt", "words", 5 }, { 0 } }));
    EXPECT(capo_is_valid(form));
    EXPECT_TEXT(form->photo->name, "a.png");
    EXPECT_INT(form->photo->size, good.size);
    EXPECT_TEXT(form->paper->name, "p.txt");
    form = capo_form(PhotoForm, posted((Part[]){ TEXT_PART("title", "T"), { "photo", "a.png", "no picture", 10 }, { "paper", "p.exe", "words", 5 }, { 0 } }));
    EXPECT(!capo_is_valid(form));
    EXPECT_TEXT(capo_form_errors(form->capo, "photo")[0], "Upload a valid image. The file you uploaded was either not an image or a corrupted image.");
    EXPECT_TEXT(capo_form_errors(form->capo, "paper")[0], "File extension “exe” is not allowed. Allowed extensions are: txt.");
    form = capo_form(PhotoForm, posted((Part[]){ TEXT_PART("title", "T"), { 0 } }));
    EXPECT_TEXT(capo_form_errors(form->capo, "photo")[0], "This field is required.");
    EXPECT(form->paper == NULL);
}
