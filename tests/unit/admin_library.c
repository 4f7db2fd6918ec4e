/* SPDX-License-Identifier: BSD-3-Clause */
/* The library of the admin's tests: models, admin rows, a database in memory. */
#include "../admin/library.h"
#include <capo/schema.h>
#include "../../orm/internal.h"
#include "../../cli/embedded_site.h"
#include <string.h>

const char *book_url(const void *book)
{
    return capo_format("/books/%s/", ((const Book *)book)->slug);
}

Value empty_map(void) { return VALUE(capo_map_new()); }

#define CAPO_MODELS "../tests/admin/models.def"
#include <capo/define_models.h>

static Value is_long(void *instance) { return VALUE((bool)(((Book *)instance)->pages > 300)); }
static Value shout(void *instance) { return VALUE(capo_format("<%s>", ((Book *)instance)->title)); }

static void lend(Request *req, Query *chosen)
{
    int64_t n = capo_update(Book, .query = chosen, .set = { .lent = TO((bool)true) });
    capo_message(req, MESSAGE_SUCCESS, "%lld books are lent.", (long long)n);
}

static Query *by_length(Request *req, Query *query, const char *value)
{
    (void)req;
    return capo_query_filter(query, strcmp(value, "long") == 0 ? Q("pages__gt", 300) : Q("pages__lte", 300));
}

/* A shelf's code cannot be changed once it is there. */
static const char *const *shelf_read_only(Request *req, void *shelf)
{
    (void)req;
    static const char *const code[] = { "code", NULL };
    return shelf ? code : NULL;
}

static const Fieldset *shelf_fieldsets(Request *req, void *shelf)
{
    static const char *const all[] = { "code", "place", NULL }, *const place[] = { "place", "code", NULL };
    static const Fieldset adding[] = { { "New shelf", all }, { 0 } }, changing[] = { { "Shelf", place }, { 0 } };
    (void)req;
    return shelf ? changing : adding;
}

static int n_bulk_deletions;
int library_bulk_deletions(void) { return n_bulk_deletions; }

static void remove_shelves(Request *req, Query *chosen)
{
    (void)req;
    n_bulk_deletions++;
    capo_query_delete(chosen);
}

static const ModelAdmin library_admin[] = {
    ADMIN(Book,
        .list_display = LIST("title", "author", "author__born", "published", "cover", "lent", "long", "shout"),
        .list_filter = LIST("lent", "cover", "published", "genres", "author", "length", "author__active"),
        .search_fields = LIST("title", "^slug", "author__name", "genres__name"),
        .date_hierarchy = "published",
        .list_per_page = 5,
        .prepopulated_fields = { { "slug", LIST("title") } },
        .autocomplete_fields = LIST("author"),
        .readonly_fields = LIST("long"),
        .columns = COLUMNS({ "long", "is long", is_long, .ordering = "pages", .boolean = true }, { "shout", .value = shout }),
        .filters = ADMIN_FILTERS({ "length", "length", CHOICES({ "long", "Long" }, { "short", "Short" }), by_length }),
        .fieldsets = FIELDSETS({ NULL, LIST("title", "slug", "author", "genres") },
                               { "Publication", LIST("published,lent", "cover", "pages", "long"), "When and how.", .aside = true },
                               { "Notes", LIST("note"), .collapse = true }),
        .inlines = { { INLINE(Chapter), .extra = 1, .style = TABULAR }, { INLINE(Loan), .style = STACKED } },
        .actions = { { "lend", "Lend selected books", lend, .permission = "change" },
                     { "lend_asking", "Lend after a question", lend, .permission = "change", .confirm = true } },
        .export_fields = LIST("id", "title", "author__name", "genres", "cover", "lent", "published", "pages", "shout"),
        .save_as = true),
    ADMIN(Lexicon, .list_display = LIST("name", "volumes", "editor"), .search_fields = LIST("name", "editor__name"), .list_filter = LIST("name"), .list_editable = LIST("volumes")),
    ADMIN(Author, .search_fields = LIST("name"), .list_display = LIST("name", "site", "active", "portrait"), .list_editable = LIST("active", "portrait")),
    ADMIN(Genre),
    ADMIN(Loan, .raw_id_fields = LIST("book"), .list_display = LIST("reader", "book__title", "book"), .list_filter = LIST("book"), .radio_fields = LIST("kind"),
          .overrides = FIELD_OVERRIDES({ "reader", .label = "Lent to", .help_text = "A name." })),
    ADMIN(Shelf, .get_readonly_fields = shelf_read_only, .get_fieldsets = shelf_fieldsets, .delete_queryset = remove_shelves),
    { 0 }
};

const App library = { .name = "library", .models = models, .admin = library_admin };

static Response *show_report(Request *req)
{
    if (!capo_has_permission(capo_user(req), "library.view_book"))
        capo_raise(403, "You may not see the report.");
    return capo_admin_render(req, "Report", "admin/403.html", CAPO_VARS(V("reason", capo_format("%lld books", (long long)capo_count(Book)))));
}

static Response *report(Request *req) { return capo_admin_view(req, show_report); }

static const Route urls[] = {
    { "admin/report/", report, "report" },
    { "admin/", .include = capo_admin_urls },
    { 0 }
};

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static void create_tables(void)
{
    size_t count;
    Model *const *all = capo_all_models(&count);
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
}

static Book *add_book(const char *title, Author *author, Genre *genre, int64_t pages)
{
    Book *book = capo_new(Book);
    book->title = title;
    book->slug = capo_slugify(title, false);
    book->author_id = author->id;
    book->pages = pages;
    capo_save(book);
    if (genre)
        capo_add(book, "genres", genre->id);
    return book;
}

Library library_open(void)
{
    capo_settings_init(&(Settings){ .name = "library", .secret_key = "a secret key of forty characters or more", .urls = urls, .debug = false,
        .allowed_hosts = LIST("*"), .insecure_cookies = true, .apps = APPS(&capo_admin, &capo_auth, &library), .middleware = capo_default_middleware,
        .database = "sqlite::memory:" });
    capo_models_prepare(capo_apps());
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
    create_tables();
    for (const App *const *app = capo_apps(); *app; app++)
        if ((*app)->ready)
            (*app)->ready();
    cli_wire_pages();
    capo_auth_create_permissions();
    Library all = { .client = capo_client() };
    all.root = capo_create_superuser("root", "root@example.com", NULL);
    capo_client_login(all.client, all.root);
    all.ann = capo_new(Author);
    all.ann->name = "Ann";
    capo_save(all.ann);
    all.bob = capo_new(Author);
    all.bob->name = "Bob";
    capo_save(all.bob);
    all.crime = capo_new(Genre);
    all.crime->name = "crime";
    capo_save(all.crime);
    all.poetry = capo_new(Genre);
    all.poetry->name = "poetry";
    capo_save(all.poetry);
    all.first = add_book("Ashes", all.ann, all.crime, 320);
    all.second = add_book("Birds", all.bob, all.poetry, 80);
    all.third = add_book("Clay", all.ann, NULL, 200);
    capo_set(all.first, published, capo_now());
    capo_save(all.first);
    all.second->lent = true;
    capo_save(all.second);
    return all;
}

Client *library_staff(const char *name, const char *const *permissions)
{
    User *user = capo_create_user(name, "", NULL);
    user->is_staff = true;
    capo_save(user);
    for (; permissions && *permissions; permissions++) {
        const char *codename = strchr(*permissions, '.') + 1;
        const char *app = capo_strndup(*permissions, (size_t)(codename - 1 - *permissions));
        Permission *permission = capo_get(Permission, .where = { .codename = EQ(codename), .content_type = HAS(ContentType, .app_label = EQ(app)) });
        capo_add(user, "user_permissions", permission->id);
    }
    Client *client = capo_client();
    capo_client_login(client, user);
    return client;
}
