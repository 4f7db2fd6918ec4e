/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes, middleware, the site's settings and apps: what main.c declares.
 *
 *     static const Route urls[] = {
 *         { "",                  post_list,   "index"  },
 *         { "<slug:slug>/",      post_detail, "detail" },
 *         { "api/", .include = api_urls, .name = "api" },           // a namespace: "api:…"
 *         { 0 }
 *     };
 *
 * Converters: str (no '/'), int, slug, uuid, path, and those of settings' `.converters`. A route is compiled once, at start;
 * a mistake in one stops the program with a sentence. */
#pragma once
#include "error.h"
#include "request.h"
#include "response.h"

typedef Response *View(Request *req);

typedef struct Route {
    const char *path;               /* without a leading '/'; "" is the end of the prefix */
    View *view;
    const char *name;               /* to reverse it by; of an include: its namespace */
    const struct Route *include;    /* more routes behind this prefix */
    unsigned methods;               /* GET | POST; 0: any. HEAD goes with GET, OPTIONS is answered; others get 405 */
    bool login_required;            /* redirects to settings' login_url with ?next= */
    bool csrf_exempt;
    bool no_append_slash;
    bool non_atomic;                /* no transaction around the view, whatever settings' .atomic_requests says */
    const char *permission;         /* "blog.add_post": login, then 403 without it */
    const Var *arguments;           /* extra arguments for capo_arg, Django's kwargs: ARGUMENTS(TEXT_ARGUMENT("kind", "x")) */
    bool regex;                     /* path is a regular expression in Python's notation (re_path): "^y(?P<year>[0-9]{4})/$". Groups are
                                     * arguments by name; where none has a name, by number: capo_arg(req, "0") */
    int64_t cache_seconds;          /* keeps answers to GET in the cache "default" so long: capo_cache_page; 0: not */
    const char *app_name;           /* of an include: the app whose routes these are, where a site has them several times */
    /* Of an include with a name: further names to reverse by, each standing for a row and its first arguments, at most ALIAS_ARGUMENTS
     * ("blog_post_change" for "change" with app_label and model_name). The row's name, or NULL: it is no such name. */
    const char *(*alias)(const char *name, Var *ret_arguments);
} Route;
enum { ALIAS_ARGUMENTS = 4 };
/* Constants, as a table at file scope needs them (V() boxes at run time). */
#define ARGUMENTS(...) ((const Var[]){ __VA_ARGS__, { 0 } })
#define TEXT_ARGUMENT(name_, text_) { .name = (name_), .value = { .kind = VALUE_TEXT, .size = sizeof(text_) - 1, .text = (text_) } }
#define INT_ARGUMENT(name_, number_) { .name = (name_), .value = { .kind = VALUE_INT, .integer = (number_) } }

/* An own converter: one row in settings' `.converters`. `pattern` is a POSIX extended regular expression without groups. */
typedef struct Converter {
    const char *name, *pattern;
    bool (*accepts)(const char *text, size_t size);     /* a further check after the pattern; NULL: none */
} Converter;

/* The URL of a named route; raises ERROR_NO_REVERSE_MATCH with what there is. capo_reverse("blog:detail", V("slug", s)) */
#define capo_reverse(name, ...) capo_reverse_with((name), CAPO_VARS(__VA_ARGS__))
char *capo_reverse_with(const char *name, const Var *arguments);
/* NULL instead of raising. */
char *capo_reverse_or_null(const char *name, const Var *arguments);
/* As the tag url calls it: where a namespace of the name is an app_name, the instance that current_app names is meant
 * (capo_route_space of the request). Arguments whose name is "" are taken in order; all or none of them. */
char *capo_reverse_in(const char *name, const Var *arguments, const char *current_app);
char *capo_reverse_in_or_null(const char *name, const Var *arguments, const char *current_app);
/* Before there are values: whether a route of this name takes arguments of these names ("" for each in order; NULL at the end). NULL, or
 * a sentence about what is wrong: for checks. */
const char *capo_reverse_problem(const char *name, const char *const *arguments);
/* The namespaces of the request's route: "blog", ""; what comes before the last ':' of req->route_name. */
const char *capo_route_space(Request *req);
/* Which route a path leads to: its full name, arguments into *ret_arguments; NULL: none. */
const Route *capo_resolve(const char *path, const char **ret_name, const Var **ret_arguments);
/* Calls see(pattern, name, route, context) for each route in order, includes unfolded. */
void capo_each_route(void (*see)(const char *pattern, const char *name, const Route *route, void *context), void *context);

/* To settings' login_url with ?next= and this request's path: what .login_required does. */
Response *capo_login_redirect(Request *req);

/* --- middleware --- */

/* A layer around the view: code before, `capo_next`, code after. It may answer without calling it.
 *     Response *timing(Request *req, const Next *next)
 *     {
 *         int64_t start = capo_monotonic_us();
 *         Response *res = capo_next(req, next);
 *         capo_set_header(res, "X-Took", capo_format("%lld", (long long)(capo_monotonic_us() - start)));
 *         return res;
 *     }
 * What a view raises is a response by the time capo_next returns (Django's convert_exception_to_response). */
typedef struct Next Next;
typedef Response *Middleware(Request *req, const Next *next);
Response *capo_next(Request *req, const Next *next);
#define MIDDLEWARE(...) ((Middleware *const[]){ __VA_ARGS__, NULL })

/* The layers that core has; the default list of a site is in cli.h (with sessions and users between). */
Response *capo_security_middleware(Request *req, const Next *next);     /* HTTPS redirect, HSTS, nosniff, referrer policy, COOP */
Response *capo_common_middleware(Request *req, const Next *next);       /* host check, append slash */
Response *capo_csrf_middleware(Request *req, const Next *next);
Response *capo_messages_middleware(Request *req, const Next *next);
Response *capo_clickjacking_middleware(Request *req, const Next *next); /* X-Frame-Options: DENY */
/* The request's language (capo_language_of) for all behind it (i18n.h); Content-Language, Vary. Not in the default list. */
Response *capo_locale_middleware(Request *req, const Next *next);

/* The language of settings' .languages that suits the visitor: the cookie's, else of Accept-Language, else language_code. */
const char *capo_language_of(Request *req);
/* View: keeps the posted "language" in the cookie, where settings have it, and goes on to "next" or the page before, if they are ours.
 *     { "language/", capo_set_language, "set_language", .methods = POST }                                                      */
Response *capo_set_language(Request *req);

/* Keeps the answers of all views in the cache, as capo_cache_page does: for as long as their max-age says, else settings'
 * cache_middleware_seconds. Where it stands in the list decides what a hit leaves out: all layers behind it. Answers that the
 * session's layer marked as private are not kept, so that it belongs behind that one. */
Response *capo_cache_middleware(Request *req, const Next *next);

/* --- answers from the cache --- */

typedef struct PageCacheOptions { const char *using, *key_prefix; } PageCacheOptions;
/* The view's answer, kept for so many seconds (or its max-age, where that is less), by address and by the headers that its Vary names (Django's cache_page):
 *     static Response *post_list(Request *req) { return capo_cache_page(req, 900, make_post_list, .using = "pages"); }
 * The same for a route is .cache_seconds. Kept are answers to GET with the status 200 that set no cookie, and say neither private,
 * no-store nor no-cache, nor Vary: *; HEAD is answered from them. Never kept: streams and files; an answer for which the CSRF token
 * was asked for, a message shown or the session changed; one for which the session or a cookie was read, where the request brought
 * cookies. A request with Authorization is not answered from the cache, and its answer is not kept. Answers get Expires and max-age,
 * those from the cache an Age. While an answer that expired is made anew, others of this worker wait for it. */
#define capo_cache_page(req, seconds, view, ...) capo_cache_page_with((req), (seconds), (view), &(PageCacheOptions){ __VA_ARGS__ })
Response *capo_cache_page_with(Request *req, int64_t seconds, View *view, const PageCacheOptions *options);

/* The CSRF token for forms of this answer (64 characters, masked anew each request); sets the cookie. */
const char *capo_csrf_token(Request *req);
/* How often it, or the nonce (capo_csp_nonce), was asked for in this request: what was made meanwhile may hold them, and is for nobody else. */
unsigned capo_csrf_tokens(Request *req);
void capo_csrf_rotate(Request *req);                                    /* at login */

/* --- Content-Security-Policy (Django 6) --- */

/* A directive and its sources, one by one. A policy is some of them:
 *     CSP({ "default-src", LIST(CSP_SELF) }, { "script-src", LIST(CSP_SELF, CSP_NONCE) }, { "upgrade-insecure-requests" })
 * A source that holds a blank, ';', ',' or what is not ASCII raises ERROR_IMPROPERLY_CONFIGURED: it could begin a directive of its own. */
typedef struct CspDirective { const char *name; const char *const *sources; } CspDirective;
#define CSP(...) ((const CspDirective[]){ __VA_ARGS__, { 0 } })
#define CSP_SELF "'self'"
#define CSP_NONE "'none'"
#define CSP_NONCE "<CSP_NONCE_SENTINEL>"        /* becomes 'nonce-…' where the answer has one, else nothing is allowed by it */
#define CSP_STRICT_DYNAMIC "'strict-dynamic'"
#define CSP_REPORT_SAMPLE "'report-sample'"
#define CSP_UNSAFE_INLINE "'unsafe-inline'"
#define CSP_UNSAFE_EVAL "'unsafe-eval'"
#define CSP_UNSAFE_HASHES "'unsafe-hashes'"
#define CSP_WASM_UNSAFE_EVAL "'wasm-unsafe-eval'"

/* The layer that writes settings' .csp and .csp_report_only as headers; without them it does nothing. A header that the view set itself
 * stays as it is. In the default list. */
Response *capo_csp_middleware(Request *req, const Next *next);
/* This answer's policy instead of settings'; NULL: none. It is read at once, and need not outlive the call. */
void capo_csp_override(Response *res, const CspDirective *policy);
void capo_csp_report_only_override(Response *res, const CspDirective *policy);
/* This request's nonce: 22 letters, made at the first call, new for each request. What holds it is kept by no cache. Templates say
 * {{ csp_nonce }} or {% csp_nonce_attr %}. */
const char *capo_csp_nonce(Request *req);
bool capo_csp_has_nonce(Request *req);                  /* whether it was made already */
bool capo_csp_is_on(Request *req);                      /* whether capo_csp_middleware is around this request */
/* A policy as a header's value, with the nonce if there is one by now: for a view that sets the header itself. */
char *capo_csp_text(Request *req, const CspDirective *policy);

/* --- messages (django.contrib.messages, signed cookie) --- */

typedef enum MessageLevel {
    MESSAGE_DEBUG = 10, MESSAGE_INFO = 20, MESSAGE_SUCCESS = 25, MESSAGE_WARNING = 30, MESSAGE_ERROR = 40,
} MessageLevel;
/* Shown on the next page that iterates over `messages`. The text is escaped when shown. */
void capo_message(Request *req, MessageLevel level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The text is HTML already (made with capo_escape for its parts). */
void capo_message_html(Request *req, MessageLevel level, const char *html);
/* All waiting, and marks them as shown: objects that print as their text and have message, level, level_tag, tags. */
List *capo_messages(Request *req);
/* For the template variable `messages`: the same, but they count as shown only once the template iterates over it. */
Object *capo_messages_object(Request *req);

/* --- sessions: the interface; auth has the store in the database --- */

/* A value under a key, or null. Reading marks the answer as varying by cookie. */
Value capo_session_get(Request *req, const char *key);
void capo_session_set(Request *req, const char *key, Value value);
void capo_session_remove(Request *req, const char *key);
void capo_session_flush(Request *req);              /* empties it and takes a new key: at logout */
void capo_session_cycle_key(Request *req);          /* keeps the data, takes a new key: at login */
typedef struct SessionStore {
    /* The data of a live key as a map, or NULL: unknown or expired. */
    Map *(*load)(const char *key);
    void (*save)(const char *key, const Map *data, DateTime expires, bool must_be_new);
    void (*remove)(const char *key);
} SessionStore;
Response *capo_session_middleware_with(Request *req, const Next *next, const SessionStore *store);

/* --- signing (Django's core.signing: "value:signature", HMAC-SHA256, base64 without padding) --- */

char *capo_sign(const char *value, const char *salt);
/* NULL: the signature is wrong. Old keys of settings' secret_key_fallbacks are tried too. */
char *capo_unsign(const char *signed_value, const char *salt);
char *capo_sign_timestamped(const char *value, const char *salt);
char *capo_unsign_timestamped(const char *signed_value, const char *salt, int64_t max_age_seconds);   /* max_age 0: any */
/* A value as signed, compressed JSON in URL-safe text (signing.dumps), and back; false: tampered or too old. */
char *capo_sign_value(Value value, const char *salt);
bool capo_unsign_value(const char *text, const char *salt, int64_t max_age_seconds, Value *ret);
/* HMAC-SHA256 of the text with a key derived from salt and secret (salted_hmac); 64 hex digits. */
char *capo_salted_hmac(const char *salt, const char *text, const char *secret /* NULL: SECRET_KEY */);

/* --- apps and settings --- */

struct Model; struct ModelAdmin; struct Command; struct TagLibrary; struct FormType; struct EmbeddedFile; struct SystemCheck;
struct DatabaseFunction; struct DatabaseLookup; struct MigrationFunction; struct MigrationOperation; struct TemplateOptions; struct CacheSettings; struct DatabaseRouter; struct StorageSettings;

/* One app: a row that main.c lists. Everything may be absent but the name. */
typedef struct App {
    const char *name;                       /* label: "blog"; prefix of tables and permissions; must be unique */
    const char *verbose_name;               /* "Blog"; default: the name with a capital */
    struct Model *const *models;            /* `models` of define_models.h, NULL at the end */
    const struct ModelAdmin *admin;         /* ends with { 0 } */
    const struct Command *commands;         /* further commands of the program; ends with { 0 } */
    const struct TagLibrary *tags;          /* template tags and filters for {% load %}; ends with { 0 } */
    const struct DatabaseFunction *functions;     /* for FN(), TOTAL() and paths: expressions.h; ends with { 0 } */
    const struct DatabaseLookup *lookups;         /* for paths: expressions.h; ends with { 0 } */
    const struct MigrationFunction *migration_functions;    /* by name, for RunFunction; ends with { 0 } */
    const struct MigrationOperation *migration_operations;  /* operations of one's own: migrations.h; ends with { 0 } */
    const struct SignalReceiver *receivers;       /* signals.h: what this app wants to be told of; ends with { 0 } */
    const struct SystemCheck *checks;             /* for `check` and before serving; ends with { 0 } */
    void (*ready)(void);                    /* once, after all apps are known */
    const struct App *const *needs;         /* APPS(…) that it stands on: they join the site's apps behind it, unless listed there */
    const char *default_auto_field;         /* kind of the keys that MODEL() makes: "AutoField"; default: that of the settings */
    const char *directory;                  /* of templates/, static/, migrations/ in development; default: the name */
    const struct EmbeddedFile *files;       /* the same in a release: generated; ends with { 0 } */
} App;
#define APPS(...) ((const App *const[]){ __VA_ARGS__, NULL })

/* A file inside the program: "templates/blog/post_list.html". */
typedef struct EmbeddedFile { const char *path; const void *bytes; size_t size; } EmbeddedFile;

/* A sentence about a mistake, before serving (Django's system checks). */
typedef enum { CHECK_INFO = 20, CHECK_WARNING = 30, CHECK_ERROR = 40 } CheckLevel;
typedef struct CheckMessage { CheckLevel level; const char *id, *text, *hint, *object; } CheckMessage;
typedef struct SystemCheck { const char *name; bool deploy; void (*run)(void (*report)(const CheckMessage *)); } SystemCheck;

/* A further database of the site: databases.h says which rows it holds, and when. */
typedef struct DatabaseSettings {
    const char *alias;                      /* "stats": letters, digits and '_'; not "default", which is settings' .database */
    const char *url;                        /* (env DATABASE_URL_STATS) */
    const char *replica_of;                 /* the alias of the one that it copies: it is read, never written */
    const char *const *apps;                /* LIST("stats"): the home of these apps' models, and of no others */
} DatabaseSettings;
#define DATABASES(...) ((const struct DatabaseSettings[]){ __VA_ARGS__, { 0 } })

/* Where the migrations of an app are, if not in its own migrations/: a folder of the project, or NULL: nowhere. The app then has none, whatever its
 * files say: its tables are made as its models are now, by `migrate --run-syncdb` and for tests. */
typedef struct MigrationModule { const char *app, *folder; } MigrationModule;
#define MIGRATION_MODULES(...) ((const struct MigrationModule[]){ __VA_ARGS__, { 0 } })

/* Zero is the default. Those marked (env) are overridden by a variable of the environment or of the file .env, in capitals. */
typedef struct Settings {
    const char *name;                       /* of the site; names the program in messages */
    const App *const *apps;                 /* APPS(&capo_admin, &capo_auth, &blog); resolved: also those that these need */
    const char *default_auto_field;         /* "BigAutoField": keys of models where App has no other, and of all join tables */
    const Route *urls;
    const char *database;                   /* (env DATABASE_URL) "sqlite:db.sqlite3" */
    const DatabaseSettings *databases;      /* DATABASES({ "stats", … }): further ones, besides "default" */
    const struct DatabaseRouter *const *database_routers;   /* ROUTERS(&by_tenant): databases.h */
    const MigrationModule *migration_modules;   /* MIGRATION_MODULES({ "flatpages", "migrations/flatpages" }, { "old", NULL }) */
    bool atomic_requests;                   /* each view in a transaction, unless its route says .non_atomic */
    const char *secret_key;                 /* (env SECRET_KEY); in DEBUG one is made up and kept in .capo-secret-key */
    const char *const *secret_key_fallbacks;
    const char *const *allowed_hosts;       /* (env ALLOWED_HOSTS, commas) ".example.com", "*"; DEBUG allows localhost */
    const char *const *csrf_trusted_origins;
    Middleware *const *middleware;          /* default: capo_default_middleware (cli.h) */
    const Converter *converters;            /* ends with { 0 } */
    const char *time_zone;                  /* (env TIME_ZONE) "UTC" */
    const char *language_code;              /* "en-us": of texts and formats where nothing else is chosen (i18n.h) */
    const char *const *languages;           /* LIST("de", "fr", "pt-br"): those that visitors may have; default: all that are known */
    const char *const *locale_paths;        /* folders of catalogues besides each app's locale/; before them. Default "locale" */
    bool no_i18n;                           /* no catalogues are read: messages stay as they are */
    bool use_thousand_separator;            /* templates group digits as the language does */
    const struct LocaleFormats *formats;    /* over the languages' own: { "de", .date = "d.m.Y" }; ends with { 0 } */
    const char *language_cookie_name;       /* "django_language" */
    int64_t language_cookie_age;            /* seconds; 0: until the browser closes */
    const char *static_url;                 /* "/static/" */
    const char *const *static_directories;  /* besides each app's static/; before them. Default "static" */
    const char *media_root;                 /* (env MEDIA_ROOT) "media": the folder of the storage "default" (storage.h) */
    const char *media_url;                  /* "/media/": what the addresses of its files begin with; in DEBUG they are served there */
    const struct StorageSettings *storages; /* STORAGES({ "private", … }): storage.h; ends with { 0 } */
    const char *file_upload_temp_dir;       /* for uploads while they come in; default TMPDIR or /tmp */
    const char *const *template_directories;    /* besides each app's templates/; before them. Default "templates" */
    const char *const *fixture_directories;     /* where loaddata looks besides each app's fixtures/; behind them. Default "fixtures" */
    const struct TemplateOptions *templates;    /* loaders, libraries, context processors, …: templates.h */
    const char *login_url;                  /* "/accounts/login/", a path or a route's name */
    const char *login_redirect_url;         /* "/accounts/profile/" */
    const char *logout_redirect_url;
    int64_t session_cookie_age;             /* seconds, 1209600 */
    bool session_expire_at_browser_close;
    bool session_save_every_request;
    bool insecure_cookies;                  /* cookies without Secure outside DEBUG too: for plain-HTTP appliances */
    bool ssl_redirect;
    int64_t hsts_seconds;
    const char *proxy_ssl_header;           /* "X-Forwarded-Proto": trusted to say https; only behind a proxy that sets it */
    const char *referrer_policy;            /* "same-origin" */
    const char *x_frame_options;            /* "DENY" */
    const struct CspDirective *csp;         /* Content-Security-Policy: CSP({ "default-src", LIST(CSP_SELF) }); default: none */
    const struct CspDirective *csp_report_only;     /* the same as a policy that browsers only report on */
    int64_t data_upload_max_memory_size;    /* bytes of a body besides files, 2621440 */
    int64_t data_upload_max_number_fields;  /* 1000 */
    int64_t data_upload_max_number_files;   /* 100 */
    int64_t upload_max_size;                /* bytes of a whole multipart body, 104857600 */
    int header_timeout, body_timeout, idle_timeout, write_timeout;  /* seconds: 15, 60, 75, 60 */
    int max_connections;                    /* of a worker, 1024 */
    int graceful_timeout;                   /* seconds that a stopping worker lets requests finish, 30 */
    View *handler400, *handler403, *handler404, *handler500;    /* own error pages; templates 404.html, 500.html work too */
    const struct Command *commands;         /* further ones; ends with { 0 } */
    const struct SystemCheck *checks;
    int64_t cache_middleware_seconds;       /* 600 */
    const char *cache_middleware_alias;     /* "default": which of .caches */
    const char *cache_middleware_key_prefix;
    const struct CacheSettings *caches;     /* cache.h: CACHES({ "default", … }); default: one in the worker's memory */
    const struct EmbeddedFile *files;       /* project's own templates/ and static/ in a release */
    int64_t site_id;                        /* of <capo/sites.h>: the id of the site that this program serves; 0: by the request's host */
    const char *date_format, *datetime_format, *time_format;        /* "N j, Y" "N j, Y, P" "P" */
    bool debug;                             /* (env DEBUG=1) */
} Settings;

/* The resolved settings: defaults filled in, environment applied. Before start-up: a bug. */
const Settings *capo_settings(void);
/* Settings.debug; false before the settings are known, as in tests of the library. */
bool capo_in_debug(void);
/* Resolves and keeps them; reads `.env` beside the program's working directory. Raises ERROR_IMPROPERLY_CONFIGURED. May be called
 * again (tests do): the newest settings count, and what earlier ones pointed to stays valid. */
void capo_settings_init(const Settings *declared);
/* A variable of the environment or of .env; NULL. */
const char *capo_env(const char *name);
const App *const *capo_apps(void);
const App *capo_app(const char *name);          /* NULL: none of this name */
/* The app's default_auto_field, else (also for NULL) the settings', else "BigAutoField". */
const char *capo_default_auto_field(const App *app);
/* The settings' .database; NULL: there are none yet. */
const char *capo_default_database(void);
/* What .migration_modules says of the app; NULL: nothing. */
const MigrationModule *capo_migration_module(const App *app);
/* A file of an app or the project, embedded or from disk: kind "templates", "static", "migrations". NULL: nowhere.
 * *ret_tried, where given, is a text with all places, for messages. */
typedef struct SourceFile { const char *path; const char *text; size_t size; const App *app; int64_t changed_ns; bool embedded; } SourceFile;
const SourceFile *capo_find_file(const char *kind, const char *name, const char **ret_tried);
/* The same, only of this app (NULL: the project): migrations have the same names in each. */
const SourceFile *capo_find_app_file(const App *app, const char *kind, const char *name);
/* The same, below this folder on disk and nowhere else. */
const SourceFile *capo_find_file_below(const char *directory, const char *name);
/* The names of all files below a folder on disk, sorted; NULL at the end. */
const char **capo_list_files_below(const char *directory);
/* All names of that kind under the app (NULL: the project), sorted; NULL at the end. */
const char **capo_list_files(const char *kind, const App *app);

/* --- one request through the whole site, without a socket: the server and the test client call this --- */
Response *capo_handle(Request *req);
/* Only these layers, outermost first, and the view of the request's route behind them: for tests of a layer. */
Response *capo_run_middleware(Request *req, Middleware *const *layers);
/* What an error page (settings' handler404, templates) is being made for; NULL elsewhere. */
const Error *capo_request_error(Request *req);
/* What core asks of higher floors; cli sets it. Any entry may be NULL. */
typedef struct WebHooks {
    Response *(*error_page)(Request *req, const Error *error);      /* templates 404.html, 500.html; NULL result: core's own */
    bool (*has_permission)(Request *req, const char *permission);   /* for Route.permission and login_required ("" = any user) */
    const char *(*debug_extra)(Request *req, const Error *error);   /* HTML for the debug page: template line, SQL that ran */
    const char *(*log_extra)(const Error *error);                   /* lines for the log behind the error's own; NULL: none */
    Response *(*atomic_view)(Request *req, View *view);             /* calls it in a transaction: settings' atomic_requests */
    List *(*sql_queries)(void);                                     /* of this request so far, as maps with sql and time: in DEBUG */
} WebHooks;
extern WebHooks capo_web_hooks;

/* The URL of a static file: "/static/css/site.css". */
char *capo_static_url(const char *path);
Response *capo_serve_static(Request *req);          /* view: argument "path" */
/* View: a file of the storage "default", or of the one that the argument "storage" names, for a route of one's own outside DEBUG:
 *     { "media/<path:path>", capo_serve_media, .methods = GET },
 *     { "invoices/<path:path>", capo_serve_media, .arguments = ARGUMENTS(TEXT_ARGUMENT("storage", "invoices")), .login_required = true },
 * Files of visitors are shown for what they say they are only where no browser runs that: pictures, sound, film, plain text; all else is sent
 * as an attachment, what could hold scripts as mere bytes. With nosniff and a Content-Security-Policy that allows nothing. 404 without the
 * file, 403 where the storage signs its addresses (.signed_for) and this one's signature is missing, wrong, of another file or too old. */
Response *capo_serve_media(Request *req);
/* Log lines go to standard error: time, level, text. Control characters are shown as escapes. */
typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } LogLevel;
void capo_log(LogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));
