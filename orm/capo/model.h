/* SPDX-License-Identifier: BSD-3-Clause */
/* Models at run time: the rows that models.def becomes, and what ORM, forms, admin and migrations read of them.
 *
 * A declaration has two lives. The *row* (FieldRow, in read-only memory) is what the words of models.def wrote. At start
 * capo_models_prepare() turns each into a *Field*: defaults applied, names made, relations resolved both ways. Everything
 * behind that point reads Field and Model only, so that the historical models of a migration, which have no rows and no C
 * struct, are models like any other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <capo/value.h>
#include "choices.h"
#include "postgresql_fields.h"

typedef struct Model Model;
struct ModelReader;
typedef struct Field Field;
typedef struct Instance Instance;
typedef struct Query Query;
typedef struct Condition Condition;
typedef struct Expression Expression;

/* What a BINARY member holds. */
typedef struct Bytes { const uint8_t *data; size_t size; } Bytes;

/* Every field kind, Django's class in the comment. model.c has the table of what each is. */
typedef enum FieldKind {
    FIELD_NONE,
    FIELD_AUTO, FIELD_BIG_AUTO, FIELD_SMALL_AUTO,               /* AutoField, BigAutoField, SmallAutoField */
    FIELD_CHAR, FIELD_TEXT, FIELD_SLUG, FIELD_EMAIL, FIELD_URL, /* CharField, TextField, SlugField, EmailField, URLField */
    FIELD_FILE_PATH, FIELD_IP_ADDRESS,                          /* FilePathField, GenericIPAddressField */
    FIELD_FILE, FIELD_IMAGE,                                    /* FileField, ImageField */
    FIELD_INTEGER, FIELD_BIG_INTEGER, FIELD_SMALL_INTEGER,
    FIELD_POSITIVE_INTEGER, FIELD_POSITIVE_BIG_INTEGER, FIELD_POSITIVE_SMALL_INTEGER,
    FIELD_FLOAT, FIELD_DECIMAL, FIELD_BOOLEAN,
    FIELD_DATE, FIELD_TIME, FIELD_DATETIME, FIELD_DURATION,
    FIELD_UUID, FIELD_BINARY, FIELD_JSON,
    FIELD_FOREIGN_KEY, FIELD_ONE_TO_ONE, FIELD_MANY_TO_MANY,
    FIELD_ARRAY, FIELD_HSTORE, FIELD_SEARCH_VECTOR,             /* PostgreSQL's: postgresql_fields.h */
    FIELD_INTEGER_RANGE, FIELD_BIG_INTEGER_RANGE, FIELD_DECIMAL_RANGE, FIELD_DATE_RANGE, FIELD_DATETIME_RANGE,
    FIELD_COMPOSITE_KEY,                                        /* CompositePrimaryKey: "pk", which MODEL_KEYS() makes; it has no column */
    FIELD_META,                                                 /* not a field: the row that META() writes */
    FIELD_KINDS
} FieldKind;

/* What happens to a row whose target is deleted (Django's on_delete). The collector does it, in one transaction. */
typedef enum OnDelete {
    ON_DELETE_UNSET,            /* not written: a compile-time or start-up error, as in Django */
    CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, DO_NOTHING,
    SET_VALUE,                  /* Django's SET(): what .set_to gives, a key */
    DB_CASCADE, DB_SET_NULL, DB_SET_DEFAULT,    /* the database does it: no hooks of the rows run. DB_SET_DEFAULT: its db_default; not on MariaDB */
} OnDelete;

/* A default: DEFAULT(0), DEFAULT("x"), DEFAULT(1.5), DEFAULT(true); or a function: .default_function = make_token. What the database
 * computes: .db_default = EXPRESSION(FN(Now)), a word of models.def alone. */
typedef struct FieldDefault {
    enum { DEFAULT_NONE, DEFAULT_INT, DEFAULT_REAL, DEFAULT_TEXT, DEFAULT_EXPRESSION } kind;
    int64_t integer; double real; const char *text;
    Expression *expression;
} FieldDefault;
#define DEFAULT(x) { .kind = _Generic((x), char *: DEFAULT_TEXT, const char *: DEFAULT_TEXT, float: DEFAULT_REAL,              \
                                      double: DEFAULT_REAL, default: DEFAULT_INT),                                             \
                     .integer = _Generic((x), char *: 0, const char *: 0, float: 0, double: 0, default: (x)),                   \
                     .real = _Generic((x), char *: 0, const char *: 0, default: (x)),                                          \
                     .text = _Generic((x), char *: (x), const char *: (x), default: NULL) }

/* Returns when the value is good; otherwise capo_invalid("code", "This is odd."). */
typedef void Validator(Value value);
#define VALIDATORS(...) ((Validator *const[]){ __VA_ARGS__, NULL })
_Noreturn void capo_invalid(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A limit, .minimum = LIMIT(0): wrapped, so that zero can be told from nothing. */
typedef struct FieldLimit { bool set; double value; } FieldLimit;
#define LIMIT(x) { .set = true, .value = (x) }

/* A kind of field of one's own: a kind that there is, whose C member it keeps, with some of its work done otherwise (Django's custom
 * fields). Every function may be NULL: as the kind does it.
 *     const CustomField cents = { .name = "shop.Cents", .db_type = bigint, .to_db = to_cents, .from_db = from_cents };
 *     DECIMAL(price, .max_digits = 10, .decimal_places = 2, .custom = &cents)
 * Migrations keep the name, and find the functions by it as long as a model has such a field. */
typedef struct CustomField {
    const char *name;                                               /* "app.Name" */
    const char *(*db_type)(const Field *field, const char *vendor); /* of the column; vendor "sqlite", "postgresql", "mysql"; NULL: the kind's */
    Value (*to_db)(const Field *field, Value value);                /* get_prep_value: what is bound; never given null */
    Value (*from_db)(const Field *field, Value raw);                /* from_db_value: of the cell as the driver gives it; never null */
    Value (*to_python)(const Field *field, Value value);            /* of what forms, fixtures and code give, before the kind's own */
    const char *widget;                                             /* of its form field: a row of forms/widgets.c */
} CustomField;

#define CAPO_COMMON_OPTIONS                                                                                                    \
    const char *verbose_name;       /* "published at"; default: the name with spaces */                                        \
    const char *label;              /* in forms; default: the verbose name with a capital */                                   \
    const char *help_text;                                                                                                     \
    bool blank;                     /* forms accept it empty; OPTIONAL implies it */                                           \
    bool unique, db_index, no_db_index;                                                                                        \
    const CustomField *custom;      /* a kind of one's own */                                                                  \
    bool not_editable;              /* left out of model forms and the admin */                                                \
    const char *db_column;                                                                                                     \
    const FieldChoice *choices;     /* choices.h */                                                                            \
    const FieldChoice *(*choices_function)(void);   /* gives them anew each time that they are asked for; migrations know nothing of them */ \
    FieldDefault default_value;                                                                                                     \
    Value (*default_function)(void);                                                                                           \
    FieldDefault db_default;        /* the database's: DEFAULT(0), EXPRESSION(FN(Now)); of rows written without the field */   \
    const char *db_comment;         /* kept with the column; not on SQLite */                                                  \
    const char *db_tablespace;      /* of the field's index; PostgreSQL */                                                     \
    const char *unique_for_date, *unique_for_month, *unique_for_year;   /* a date of the model: no two rows of its day have the value */ \
    bool db_persist;                /* GENERATED(…): stored with the row, else computed whenever it is read */                 \
    Validator *const *validators;                                                                                              \
    const char *const *error_messages;      /* pairs: code, message */                                                         \
    /* forms.def only: */                                                                                                      \
    const char *widget;             /* "textarea", "password", "radio", "hidden", …: a row of forms/widgets.c */               \
    const char *initial;                                                                                                       \
    bool optional                   /* the form field is not required (models: use OPTIONAL or .blank) */

typedef struct CommonOptions { CAPO_COMMON_OPTIONS; } CommonOptions;
typedef struct TextOptions { CAPO_COMMON_OPTIONS; int max_length, min_length; const char *db_collation; bool allow_unicode; bool no_strip; } TextOptions;
typedef struct IntegerOptions { CAPO_COMMON_OPTIONS; FieldLimit minimum, maximum; } IntegerOptions;
typedef struct FloatOptions { CAPO_COMMON_OPTIONS; FieldLimit minimum, maximum; } FloatOptions;
typedef struct DecimalOptions { CAPO_COMMON_OPTIONS; int max_digits, decimal_places; FieldLimit minimum, maximum; } DecimalOptions;
typedef struct BooleanOptions { CAPO_COMMON_OPTIONS; } BooleanOptions;
typedef struct DateOptions { CAPO_COMMON_OPTIONS; bool auto_now, auto_now_add; } DateOptions;
typedef struct PlainOptions { CAPO_COMMON_OPTIONS; } PlainOptions;
typedef struct ArrayOptions {
    CAPO_COMMON_OPTIONS;
    FieldKind base;                     /* the kind of each member */
    int max_length, max_digits, decimal_places;     /* of each member */
    int size;                           /* at most so many members, in each dimension; 0: any number */
    int dimensions;                     /* 2: a list of lists that are equally long; default: 1 */
} ArrayOptions;
typedef struct IpOptions { CAPO_COMMON_OPTIONS; const char *protocol; bool unpack_ipv4; } IpOptions;
typedef struct PathOptions { CAPO_COMMON_OPTIONS; const char *path, *match; bool recursive, allow_folders; int max_length; } PathOptions;
/* files.h. upload_to: the folder in the storage, with the day in it by strftime's letters ("covers/%Y/%m"); or a function that makes the
 * whole name of the object (as far as it is filled by then: a new one has no key yet) and of the visitor's name for the file. */
struct FileStorage;
typedef struct FileOptions {
    CAPO_COMMON_OPTIONS;
    const char *upload_to;
    const char *(*upload_function)(void *instance, const char *file_name);
    const char *storage;                            /* an alias of settings' .storages; default: "default" */
    struct FileStorage *(*storage_function)(void);  /* or what this gives, asked whenever it is needed */
    const char *const *extensions;                  /* LIST("pdf", "txt"): what a new file's name may end with */
    const char *width_field, *height_field;         /* IMAGE: fields of the model that follow the picture's size */
    int max_length;                                 /* of the name, 100: longer ones are cut */
} FileOptions;
typedef struct RelationOptions {
    CAPO_COMMON_OPTIONS;
    OnDelete on_delete;
    Value (*set_to)(void);              /* of SET_VALUE */
    const char *related_name;           /* "posts"; "+" for none; default: comment_set, and `comment` in queries */
    const char *related_query_name;
    const char *to_field;
    bool no_db_constraint;
    bool parent_link;                   /* historical models: the key of a child to its parent's row */
    bool not_swappable;                 /* migrations name the target itself, also where it is the site's user model */
    bool any_key;                       /* the member has room for a key of any kind: AnyUser (auth.h) */
    const char *limit_choices_to;       /* as in a query string: "is_active=1&kind=a" */
} RelationOptions;
typedef struct ManyToManyOptions {
    CAPO_COMMON_OPTIONS;
    const char *related_name, *related_query_name;
    const char *db_table;
    Model *through;                     /* &Membership_model */
    const char *const *through_fields;
    bool not_symmetrical;               /* to itself: a follows b does not make b follow a */
    bool not_swappable;                 /* as of a key */
    const char *limit_choices_to;
} ManyToManyOptions;

/* One column of an index that is computed, by words of models.def: PARTS(PART(FN(Lower, F("title"))), PART(F("pages"), .descending = true)). */
typedef struct IndexPart { Value of; bool descending; const char *opclass, *collation; } IndexPart;

/* Django's Index and, with .method, PostgreSQL's HashIndex, GinIndex, … What a database lacks is left out there, with a warning of
 * `check`: conditions, parts and .include on MariaDB, .include on SQLite, and .method, .opclasses, .storage everywhere but PostgreSQL. */
typedef struct IndexOptions {
    const char *name;                   /* at most 30 characters; default: Django's made name; required with .parts and .condition */
    const char *const *fields;          /* LIST("author", "-published") */
    const IndexPart *parts;             /* or expressions */
    Condition *condition;               /* only of rows that meet it: Q("published__isnull", false) */
    const char *const *include;         /* further columns that the index carries */
    const char *const *opclasses;       /* one for each of .fields: LIST("varchar_pattern_ops") */
    const char *db_tablespace;
    const char *method;                 /* "hash" "gin" "gist" "spgist" "brin" "bloom"; default: a tree */
    const char *storage;                /* "fillfactor = 70, fastupdate = off": what stands in WITH (…) */
} IndexOptions;
#define INDEXES(...) ((const IndexOptions[]){ __VA_ARGS__, { 0 } })

/* When a unique constraint is looked at: with each statement, or at the commit unless (or only if) a transaction asks otherwise. */
typedef enum Deferrable { NOT_DEFERRABLE, INITIALLY_DEFERRED, INITIALLY_IMMEDIATE } Deferrable;
typedef struct ConstraintOptions ConstraintOptions;
/* A kind of constraint of one's own (Django's BaseConstraint): what it adds to the table, and what full_clean asks before the database does.
 *     static const char *sql(const Model *model, const ConstraintOptions *one, const char *vendor)
 *     {
 *         return capo_format("CHECK (%s = lower(%s))", capo_column(model, one->fields[0]), capo_column(model, one->fields[0]));
 *     }
 *     const OwnConstraint lower_case = { .name = "shop.LowerCase", .sql = sql, .fails = has_capitals };
 *     META(.constraints = CONSTRAINTS({ .name = "item_code_lower", .own = &lower_case, .fields = LIST("code") }))
 * Migrations keep the name, and find the functions by it as long as a model has such a constraint. */
typedef struct OwnConstraint {
    const char *name;                   /* "app.Name" */
    /* A clause of CREATE TABLE without a name: "CHECK (…)", "UNIQUE (…)", "EXCLUDE …", "FOREIGN KEY …". Vendor as of a CustomField; NULL: it is left
     * out there, which `check` says. Built of the model's names and the site's code alone: nothing from a visitor may get into it. */
    const char *(*sql)(const Model *model, const ConstraintOptions *one, const char *vendor);
    bool (*fails)(Instance *self, const ConstraintOptions *one);            /* NULL: only the database knows. Not asked where a field is excluded */
    const char *(*problem)(const Model *model, const ConstraintOptions *one);   /* for `check`: a sentence; NULL: nothing is wrong */
} OwnConstraint;
/* The column of a field, quoted, for .sql; raises ERROR_FIELD for what is none. */
const char *capo_column(const Model *model, const char *field);
/* CheckConstraint: .check. UniqueConstraint: .unique or .unique_parts. ExclusionConstraint (PostgreSQL): .exclude. Checked by full_clean
 * and by model forms before the database. Where the database lacks an option the constraint is left out there, as Django does. */
struct ConstraintOptions {
    const char *name;                   /* required */
    Condition *check;                   /* Q("views__gte", 0): may name columns of the row only */
    const char *check_sql;              /* the same as SQL by hand over column names, for what the words lack */
    const char *const *unique;          /* LIST("author", "slug") */
    const IndexPart *unique_parts;      /* PARTS(PART(FN(Lower, F("title")))) */
    Condition *condition;               /* unique, excluded: among the rows that meet it */
    const char *const *include, *const *opclasses;      /* as of an index; unique over fields */
    Deferrable deferrable;              /* PostgreSQL */
    bool nulls_not_distinct;            /* two NULLs are equal; PostgreSQL 15 */
    const IndexPart *exclude;           /* no two rows for which all .operators hold between them */
    const char *const *operators;       /* LIST("=", "&&"), one for each of .exclude */
    const char *method;                 /* of .exclude: "gist" (the default), "spgist" */
    const OwnConstraint *own;           /* a kind of one's own */
    const char *const *fields;          /* of .own: those that it is about */
    const char *violation_code, *violation_message;
};
#define CONSTRAINTS(...) ((const ConstraintOptions[]){ __VA_ARGS__, { 0 } })
typedef struct PermissionOptions { const char *codename, *name; } PermissionOptions;
#define PERMISSIONS(...) ((const PermissionOptions[]){ __VA_ARGS__, { 0 } })

/* A manager is a function from rows to rows (orm.h): MANAGERS({ "objects", live_posts }, { "everything", all_posts }) */
typedef Query *Manager(Query *rows);
typedef struct NamedManager {
    const char *name;
    Manager *rows;                      /* NULL: all rows */
} NamedManager;
#define MANAGERS(...) ((const NamedManager[]){ __VA_ARGS__, { 0 } })

/* A list that is added here is also copied in orm/meta.c: those of models.def stand in a function that returns. */
/* Two fields that point to a row of any model (generic.h): GENERIC_KEYS({ "subject", "content_type", "object_id" }) */
typedef struct GenericKey {
    const char *name;                   /* what templates and capo_generic_object call it */
    const char *type, *key;             /* a FOREIGN_KEY to ContentType, and the field that holds the other's key */
} GenericKey;
#define GENERIC_KEYS(...) ((const GenericKey[]){ __VA_ARGS__, { 0 } })
/* The other side: GENERIC_RELATIONS({ "tags", &TaggedItem_model }) */
typedef struct GenericRelation {
    const char *name;                   /* an accessor, and a name in look-ups, like a related_name */
    Model *model;                       /* the one with the generic key */
    const char *generic_key;            /* which of them; default: its first */
} GenericRelation;
#define GENERIC_RELATIONS(...) ((const GenericRelation[]){ __VA_ARGS__, { 0 } })

/* A relation over several columns, to a model with a key of several, say (Django's ForeignObject):
 *     FOREIGN_OBJECTS({ "seat", &Seat_model, LIST("hall", "seat_number"), LIST("hall", "number"), .related_name = "tickets" })
 * It is a name in look-ups, orders, .select_related and .prefetch, and the object is capo_instance_related(&ticket->capo, "seat"), in templates {{ ticket.seat }};
 * NULL where there is none. The other side is that of a foreign key: capo_related_query(seat, "tickets"), Q("tickets__price__gt", 10), .prefetch = LIST("tickets");
 * but rows are not added to it or removed, since there is no one key to set. The relation has no column and no constraint of its own. */
typedef struct ForeignObject {
    const char *name;
    Model *model;
    const char *const *from, *const *to;                /* fields of this model, and those of the other that they are equal to */
    const char *related_name, *related_query_name;      /* as of a foreign key: "tickets"; "+" for none; default: ticket_set, and `ticket` in queries */
    OnDelete on_delete;                                 /* CASCADE, PROTECT, RESTRICT; default: DO_NOTHING */
} ForeignObject;
#define FOREIGN_OBJECTS(...) ((const ForeignObject[]){ __VA_ARGS__, { 0 } })

/* One term of an order by expressions (expressions.h has the words): ORDERS(ORDER(FN(Lower, F("name"))), ORDER(F("views"), .descending = true)) */
typedef enum OrderNulls { NULLS_ANYWHERE, NULLS_FIRST, NULLS_LAST } OrderNulls;     /* the first: where the database puts them */
typedef struct OrderPart { Value of; bool descending; OrderNulls nulls; } OrderPart;

typedef struct MetaOptions {
    const char *verbose_name, *verbose_name_plural;
    const char *const *ordering;                        /* "-published", "views nulls last" */
    const OrderPart *ordering_by;                       /* the same by expressions, instead */
    const char *display;                                /* the field that stands for the object: __str__ */
    const char *(*display_function)(const void *instance);
    const char *(*absolute_url)(const void *instance);  /* get_absolute_url */
    /* Further names that templates know of an object: what is a method or property of the class in Django. False: none such. */
    bool (*property)(void *instance, const char *name, Value *ret);
    void (*clean)(void *instance);                      /* Model.clean: capo_invalid or capo_invalid_field */
    const char *db_table, *db_table_comment, *db_tablespace;
    /* What labels, permissions, content types and migrations call it, where a C type of that name would be in the way: "Session". */
    const char *model_name;
    const char *app_label;                              /* another of the site's apps that it belongs to: its table, its permissions, its migrations */
    /* Migrations make its table on these databases alone: "sqlite", "postgresql", "mysql"; those that have all of LIST("can_distinct_on_fields"). */
    const char *required_db_vendor;
    const char *const *required_db_features;            /* Django's names: capo_database_has() */
    void (*from_db)(void *instance);                    /* behind each row that is read, before anybody sees it */
    const char *const *const *unique_together;          /* UNIQUE_TOGETHER(LIST("a", "b")) */
    const IndexOptions *indexes;
    const ConstraintOptions *constraints;
    const PermissionOptions *permissions;
    const char *const *default_permissions;             /* default: add change delete view; LIST(NULL): none */
    const char *get_latest_by;
    /* Signals: called inside the transaction of the save or the delete. */
    void (*pre_save)(void *instance, bool created);
    void (*post_save)(void *instance, bool created);
    void (*pre_delete)(void *instance);
    void (*post_delete)(void *instance);
    /* Managers (orm.h): the first is the default one, where default_manager_name names no other. */
    const NamedManager *managers;
    const char *default_manager_name, *base_manager_name;
    const GenericKey *generic_keys;
    const GenericRelation *generic_relations;
    const ForeignObject *foreign_objects;
    const char *default_related_name;                   /* for keys and many-to-many fields of this model that name none */
    const char *order_with_respect_to;                  /* by the word ORDER_WITH_RESPECT_TO(field) alone, which makes the column too */
    const char *parent_link;                            /* the name of a CHILD_MODEL's key; default: place_ptr */
    const char *const *natural_key;                     /* LIST("username"): serializers.h */
    const char *swappable;                              /* "AUTH_USER_MODEL": the choice that puts another model in its place (auth.h) */
    const char *username_field, *email_field;           /* of a user model: the field by which a user logs in, and the address */
    const char *const *required_fields;                 /* of a user model: what createsuperuser asks besides */
    /* Switches stand behind all others: Meta of bases is laid over by that (model_meta.c). */
    bool unmanaged;                                     /* Django's managed = False: migrations leave its table alone */
    bool select_on_save;                                /* asks whether the row is there before it says UPDATE */
} MetaOptions;
#define ORDER_FIELD "_order"            /* the column that ORDER_WITH_RESPECT_TO makes */
#define UNIQUE_TOGETHER(...) ((const char *const *const[]){ __VA_ARGS__, NULL })

/* One word of models.def. */
typedef struct FieldRow {
    const char *name;
    FieldKind kind;
    bool null;                          /* written in OPTIONAL() */
    Model *target;
    const char *to;                     /* historical models: the target's label, "blog.Post", where `target` is NULL */
    bool primary_key;                   /* historical models; in models.def it is the first row */
    bool generated;
    Value expression;                   /* historical models: of a generated column */
    bool default_key;                   /* the id that MODEL() makes: its kind is the app's default_auto_field */
    const char *key_names;              /* of a composite key: "hall, number" */
    union {
        CommonOptions common;           /* first in each: may be read whatever the kind, but for META */
        TextOptions text; IntegerOptions integer; FloatOptions real; DecimalOptions decimal; BooleanOptions boolean;
        DateOptions date; PlainOptions plain; ArrayOptions array; IpOptions ip; PathOptions path; FileOptions file; RelationOptions relation;
        ManyToManyOptions many; MetaOptions meta;
    } options;
} FieldRow;

/* Where a field is in the C structs. -1: not there. */
typedef struct FieldLayout { int value, present, object, lookup, related_lookup, change; } FieldLayout;

/* A field, resolved. */
struct Field {
    Model *model;
    const char *name;                   /* "author" */
    const char *attname;                /* "author_id" for keys, else the name */
    const char *column;                 /* NULL for many-to-many */
    FieldKind kind;
    int position;                       /* in model->fields */
    int slot;                           /* its value among those of a historical instance: a child's key is its parent's */
    bool null, blank, unique, db_index, primary_key, editable, auto_created;
    bool auto_now, auto_now_add, unique_together_hint;
    const char *verbose_name, *label, *help_text;
    int max_length, min_length;         /* 0: none */
    int max_digits, decimal_places;
    FieldLimit minimum, maximum;             /* with those of the column type */
    bool allow_unicode, strip;
    const char *protocol; bool unpack_ipv4;
    const char *db_collation;
    const char *path, *match; bool recursive, allow_folders;
    const char *upload_to, *storage, *width_field, *height_field;      /* files.h; their functions: row->options.file */
    Field *base;                        /* of an array's members, of a range's ends; NULL: no such field */
    int size;                           /* of an array; 0: any */
    const char *unique_for_date, *unique_for_month, *unique_for_year;
    const FieldChoice *choices;         /* as written; with those of a function: capo_field_choices() */
    const FieldChoice *(*choices_function)(void);
    bool has_default;
    Value default_value;                /* where has_default and no function */
    Value (*default_function)(void);
    bool has_db_default, generated, db_persist;         /* what of: capo_field_expression() */
    const char *db_comment, *db_tablespace;
    Validator *const *validators;
    const char *const *error_messages;
    /* relations */
    Model *target;                      /* resolved; NULL for plain fields */
    const char *target_name;            /* "blog.Post", also where unresolved */
    Field *target_field;                /* the field of the target that the column refers to */
    OnDelete on_delete;
    const char *related_name;           /* accessor on the target: "posts", "comment_set"; NULL: hidden */
    const char *related_query_name;     /* in look-ups: "posts", "comment"; never NULL, ends with '+' where hidden */
    bool db_constraint, symmetrical, hidden_relation;
    bool parent_link;                   /* the key of a child to its parent's row */
    bool in_key;                        /* the primary key, or a part of a composite one */
    Field **parts; size_t n_parts;      /* of a composite key: the fields that it is made of; of a relation over several columns: this model's */
    Field **target_parts;               /* and the other's */
    const char *limit_choices_to;
    Model *through;                     /* many-to-many: the join model, made where not given */
    Field *through_source, *through_target;
    const char *db_table;               /* many-to-many */
    const FieldRow *row;                /* what was written; relations: their names as written */
    const CustomField *custom;
    const Field *generic_type;          /* of what stands for a generic relation: the field beside the key that says which model is meant */
    const Field *inherited;             /* of a child or a proxy: the base's field that this stands for; it has no column of its own */
    FieldLayout layout;
    uint8_t known_storage;              /* 1 + its Storage, once the models are resolved; 0: capo_field_storage() finds it out */
};

/* Resolved: every one has its name. Their conditions and parts live in the running unit: capo_model_indexes(), capo_model_constraints(). */
typedef IndexOptions IndexInfo;
typedef ConstraintOptions ConstraintInfo;

/* How a model stands to its base. */
typedef enum Inheritance {
    INHERITS_NOTHING,
    INHERITS_COLUMNS,                   /* EXTENDED_MODEL: the base's fields are its own, in its own table */
    INHERITS_TABLE,                     /* CHILD_MODEL: the base's row goes with each of its rows */
    INHERITS_ALL,                       /* PROXY_MODEL: the base's table is its table */
} Inheritance;

/* A model, resolved. What the declaration sets comes first; capo_models_prepare fills the rest. */
struct Model {
    const char *name;                                   /* "Post" */
    const FieldRow *rows;                               /* ends with { 0 } */
    const FieldLayout *(*layout)(void);
    void (*declare)(struct ModelReader *reader);        /* what models.def says by expressions: Meta, defaults of the database */
    size_t size;                                        /* of the C struct; 0: historical */
    int where_offset, exclude_offset, set_offset, create_set_offset;    /* in struct Post_query */
    Model *base; Inheritance inheritance;               /* what it is made from */
    Model *swapped;                                     /* the site's own model that stands in its place (Meta's .swappable); NULL: none */
    bool abstract;                                      /* in no list of models; never an instance's */
    /* resolved */
    const char *app;                                    /* "blog" */
    const char *label;                                  /* "blog.Post" */
    const char *label_lower;                            /* "blog.post" */
    const char *name_lower;                             /* "post" */
    const char *table;
    const char *verbose_name, *verbose_name_plural;
    Field **fields; size_t n_fields;                    /* with a column, those of the base first, then in order of declaration; the key
                                                         * first where automatic. Django's concrete_fields; local: !field->inherited */
    Field **many; size_t n_many;                        /* many-to-many */
    Field **foreign; size_t n_foreign;                  /* Meta's .foreign_objects: relations over several columns, which have none themselves */
    Field **reverse; size_t n_reverse;                  /* relation fields of other models that point here */
    Field *pk;                                          /* of MODEL_KEYS() one of kind FIELD_COMPOSITE_KEY, which is not in .fields */
    const char *const *ordering;
    const MetaOptions *meta;                            /* never NULL */
    size_t n_indexes, n_constraints;                    /* Meta's: capo_model_indexes(), capo_model_constraints() */
    const char *const *const *unique_together;
    bool managed, auto_created;                         /* auto_created: the join table of a many-to-many */
    Field *parent_link;                                 /* of a CHILD_MODEL: its key, which is one to one with the parent's row */
    Model *concrete;                                    /* whose table it is: of a PROXY_MODEL the base below all proxies, else itself */
    void *names;                                        /* hash of names, model.c */
};

/* The first member of each instance. */
struct Instance {
    const struct ObjectOps *ops;
    Model *model;
    struct InstanceState *state;                        /* saved?, original values, caches of relations; instance.c */
};

/* Resolves all models of these apps (settings' apps); raises ERROR_IMPROPERLY_CONFIGURED in a sentence for a name used twice,
 * two reverse accessors of one name, a relation without on_delete, … Idempotent. */
struct App;
void capo_models_prepare(const struct App *const *apps);
/* Resolves further models by hand, for tests and migration states: models whose name, app and rows are set (size 0 where there is
 * no C struct). Their relations lead to each other only; models outside the list do not learn of them. Lives in the running arena. */
void capo_models_resolve(Model **models, size_t count);
/* All models in order of apps, with automatic join models behind their owner. */
Model *const *capo_all_models(size_t *ret_count);
/* Whether migrations make the model's table on the running unit's database: it is managed, and the database has what Meta requires. */
bool capo_model_is_migrated(const Model *model);
/* Whether the running unit's database has what Django calls so: "supports_partial_indexes", "has_select_for_update", … A name that is none raises
 * ERROR_VALUE with "did you mean". */
bool capo_database_has(const char *feature);
/* "blog.Post", case-blind; NULL. */
Model *capo_model(const char *label);
Model *capo_model_of(const char *app, const char *name_lower);
/* Whether a row of `model` is one of `wanted` too: the same table, or a parent's. */
bool capo_model_is(const Model *model, const Model *wanted);
/* The label of the model that the site has for a choice ("AUTH_USER_MODEL": "accounts.User"), NULL for one that is none. The user model is
 * what the site's program was compiled for (auth.h), else auth.User. */
const char *capo_swappable_label(const char *choice);
/* What a program that was compiled for a user model of its own defines; auth.h does. */
extern Model *const capo_site_user_model __attribute__((weak));
/* The model that the site has in this one's place (Meta's .swappable), or this one. */
static inline Model *capo_model_in_use(Model *model) { return model->swapped ? model->swapped : model; }
/* A key is made of one column or, where it is composite, of several: how many, which, and what each has of a value of the key, which is then
 * a list. Null for what is no list of that size. */
static inline size_t capo_key_size(const Field *key) { return key->kind == FIELD_COMPOSITE_KEY ? key->n_parts : 1; }
static inline const Field *capo_key_part(const Field *key, size_t i) { return key->kind == FIELD_COMPOSITE_KEY ? key->parts[i] : key; }
Value capo_key_part_value(const Field *key, Value value, size_t i);
/* This model's field for one of its base (or of the model that it is a proxy for); `field` itself where it is its own; NULL: neither. */
Field *capo_own_field(const Model *model, const Field *field);
/* By name or attname ("author", "author_id", "pk"), columns and many-to-many; NULL. */
Field *capo_field(const Model *model, const char *name);
/* Reverse relation by its query name ("posts") or accessor; NULL. */
Field *capo_reverse_field(const Model *model, const char *name);
/* One of Meta's .foreign_objects by its name; NULL. */
Field *capo_foreign_object(const Model *model, const char *name);
/* Meta's, n_indexes and n_constraints of them, with their names, conditions and expressions: in the running unit's memory. */
const IndexInfo *capo_model_indexes(const Model *model);
const ConstraintInfo *capo_model_constraints(const Model *model);
bool capo_field_has_choices(const Field *field);
/* The list of .choices, or what .choices_function gives now; NULL: none. */
const FieldChoice *capo_field_choices(const Field *field);
/* What the database computes for the field: the expression of a GENERATED column, or its db_default (a literal is one too). NULL: neither.
 * In the running unit's memory. */
Expression *capo_field_expression(const Field *field);
/* For define_models.h. */
typedef struct ModelReader ModelReader;
void capo_read_meta(ModelReader *reader, const MetaOptions *meta);
void capo_read_expression(ModelReader *reader, const char *field, Expression *expression);
static inline void capo_read_default(ModelReader *reader, const char *field, FieldDefault db_default)
{
    if (db_default.kind == DEFAULT_EXPRESSION)
        capo_read_expression(reader, field, db_default.expression);
}
/* A custom field that some model has, by its name; NULL. */
const CustomField *capo_custom_field(const char *name);
/* The same of constraints of one's own. */
const OwnConstraint *capo_own_constraint(const char *name);
/* "CharField", … as Django's classes are called; and back (FIELD_NONE). */
const char *capo_field_kind_name(FieldKind kind);
FieldKind capo_field_kind(const char *name);
bool capo_field_is_text(FieldKind kind);                /* stored as text: char, text, slug, email, url, … */
bool capo_field_is_integer(FieldKind kind);
bool capo_field_is_relation(FieldKind kind);
static inline bool capo_field_is_file(FieldKind kind) { return kind == FIELD_FILE || kind == FIELD_IMAGE; }
/* How many stand on each side of a relation, seen from the model that declares it or from its target (Django's many_to_one, one_to_many,
 * one_to_one and many_to_many). What else Django tells of a field is a member of it: concrete is `column`, hidden `hidden_relation`,
 * is_relation `target`, and auto_created, editable, null, blank, unique are called as there. */
typedef enum Cardinality { NOT_RELATED, ONE_TO_ONE_SIDE, MANY_TO_ONE_SIDE, ONE_TO_MANY_SIDE, MANY_TO_MANY_SIDE } Cardinality;
Cardinality capo_field_cardinality(const Field *field, bool from_target);
/* "blog_post_author_id_1a2b3c4d" and, with suffix "_uniq", the like: Django's names, cut to what the database allows (SQLite: 200). */
char *capo_index_name(const char *table, const char *const *columns, const char *suffix);
