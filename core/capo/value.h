/* SPDX-License-Identifier: BSD-3-Clause */
/* The one value type: what templates print, queries bind, forms clean and JSON carries.
 *
 *     V("page", page)  V("n", 3)  V("title", "Hello")      // a name and a boxed value, by _Generic
 *     VALUE(capo_now())                                     // boxed alone
 *
 * 16 bytes, passed by value; what it points to lives in the arena (or longer). Text has its size and always a NUL behind it;
 * it may hold NULs inside where it came from outside, so size counts. In C, `true` is an int: VALUE((bool)true), or
 * capo_value_bool(true), boxes a boolean. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buffer.h"
#include "time.h"

typedef enum ValueKind {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_DECIMAL,
    VALUE_TEXT,
    VALUE_SAFE,         /* text that is HTML already: autoescape leaves it (Django's SafeString) */
    VALUE_BYTES,
    VALUE_DATE,
    VALUE_TIME,
    VALUE_DATETIME,
    VALUE_DURATION,
    VALUE_UUID,
    VALUE_LIST,
    VALUE_MAP,
    VALUE_OBJECT,       /* has an operations table: model instances, queries, forms, pages, … */
} ValueKind;

typedef struct List List;
typedef struct Map Map;
typedef struct Object Object;

typedef struct Value {
    uint8_t kind;                   /* ValueKind */
    uint8_t flags;
    uint16_t tag;                   /* free for the module that made it; VALUE_DATETIME: see VALUE_FLAG_NAIVE */
    uint32_t size;                  /* bytes of text, safe, bytes */
    union {
        bool boolean;
        int64_t integer;
        double real;
        Decimal decimal;
        const char *text;
        const uint8_t *bytes;
        Date date;
        Time time;
        DateTime datetime;
        Duration duration;
        const Uuid *uuid;
        List *list;
        Map *map;
        Object *object;
    };
} Value;

enum { VALUE_FLAG_NAIVE = 1,        /* a datetime that is a wall clock's (microseconds as if in UTC), not an instant */
       VALUE_FLAG_MISSING = 2,      /* a null that stands for a variable that was not found */
       VALUE_FLAG_OWN_ZONE = 4,     /* a datetime that shows in the zone of its tag (capo_time_zone_by_id), not in the current one */
       VALUE_FLAG_TUPLE = 8,        /* a list that prints as Python's tuple */
       VALUE_FLAG_WHOLE = 16 };     /* a decimal that is a whole number past 64 bits: prints, compares and is JSON as an integer */

struct List { Value *items; size_t count, capacity; };
typedef struct MapEntry { Value key, value; } MapEntry;
struct Map { MapEntry *entries; size_t count, capacity; uint32_t *index; size_t index_size; };   /* in order of insertion */

/* What templates and JSON may ask of an object. Any entry may be NULL: the thing is not supported. They may raise. */
typedef struct ObjectOps {
    const char *type_name;                                              /* "Post", "QuerySet" */
    bool (*get)(Object *self, const char *name, size_t size, Value *ret);     /* attribute or key; false: has none */
    /* get, where finding the name costs something: *hint is any number, or what the look-up of this name left there. */
    bool (*get_hinted)(Object *self, const char *name, size_t size, uint32_t *hint, Value *ret);
    const char *(*text)(Object *self);                                  /* str() */
    bool text_is_repr;                                                  /* repr() is the same; absent: "<Post: text>" */
    bool (*html)(Object *self, Buffer *out);                            /* prints itself as safe HTML (forms, fields) */
    int64_t (*length)(Object *self);                                    /* len(), negative: has none */
    bool (*truth)(Object *self);                                        /* absent: length != 0, else true */
    /* Iteration: *state starts as NULL; false at the end. */
    bool (*next)(Object *self, void **state, Value *ret);
    bool (*at)(Object *self, int64_t index, Value *ret);
    bool (*equal)(Object *self, Value other);
    Value (*json)(Object *self);                                        /* what JSON shows instead; absent: text */
    /* `{{ object }}` calls it when it is callable, as Django does; false: leave it alone. */
    bool (*call)(Object *self, Value *ret);
    /* Items are gone when the next one is taken, and nobody knows how many will come: it is gone through once, and never collected. */
    bool one_by_one;
    /* What `get` knows, NULL at the end: for "did you mean" in messages. */
    const char *const *(*names)(Object *self);
    const char *(*type)(Object *self);                                  /* where several types share a table: the name of this one's */
} ObjectOps;

struct Object { const ObjectOps *ops; };        /* the first member of every object's struct */

/* A name and a value: what V() makes, for capo_render, capo_redirect and others. The list ends with a NULL name. */
typedef struct Var { const char *name; Value value; } Var;

/* --- boxing ---------------------------------------------------------------------------------------------------------------- */

static inline Value capo_value_null(void) { return (Value){ .kind = VALUE_NULL }; }
static inline Value capo_value_self(Value v) { return v; }
static inline Value capo_value_bool(bool b) { return (Value){ .kind = VALUE_BOOL, .boolean = b }; }
static inline Value capo_value_int(int64_t n) { return (Value){ .kind = VALUE_INT, .integer = n }; }
Value capo_value_uint(uint64_t n);
static inline Value capo_value_real(double d) { return (Value){ .kind = VALUE_REAL, .real = d }; }
Value capo_value_text(const char *text);                    /* NULL gives null; not copied */
Value capo_value_text_n(const char *text, size_t size);     /* text[size] must be NUL; not copied */
Value capo_value_copy_n(const char *text, size_t size);     /* copied */
Value capo_value_safe(const char *text);
Value capo_value_safe_n(const char *text, size_t size);
Value capo_value_bytes(const void *bytes, size_t size);
static inline Value capo_value_decimal(Decimal d) { return (Value){ .kind = VALUE_DECIMAL, .decimal = d }; }
static inline Value capo_value_date(Date d) { return (Value){ .kind = VALUE_DATE, .date = d }; }
static inline Value capo_value_time(Time t) { return (Value){ .kind = VALUE_TIME, .time = t }; }
static inline Value capo_value_datetime(DateTime t) { return (Value){ .kind = VALUE_DATETIME, .datetime = t }; }
static inline Value capo_value_duration(Duration d) { return (Value){ .kind = VALUE_DURATION, .duration = d }; }
Value capo_value_uuid(Uuid uuid);                           /* copied */
static inline Value capo_value_list(List *list) { return list ? (Value){ .kind = VALUE_LIST, .list = list } : (Value){ 0 }; }
static inline Value capo_value_map(Map *map) { return map ? (Value){ .kind = VALUE_MAP, .map = map } : (Value){ 0 }; }
/* `object` begins with an Object; NULL gives null. */
static inline Value capo_value_object(const void *object)
{
    return object ? (Value){ .kind = VALUE_OBJECT, .object = (Object *)object } : (Value){ 0 };
}
/* "a", "b", NULL as a list of texts. */
Value capo_value_strings(const char *const *strings);

struct Query; struct QueryPage; struct Form; struct Formset; struct QueryDict;

#define VALUE(x) _Generic((x),                                                                                                \
    Value: capo_value_self, bool: capo_value_bool, char: capo_value_int, signed char: capo_value_int, short: capo_value_int,  \
    int: capo_value_int, long: capo_value_int, long long: capo_value_int, unsigned char: capo_value_int,                      \
    unsigned short: capo_value_int, unsigned: capo_value_int, unsigned long: capo_value_uint,                                 \
    unsigned long long: capo_value_uint, float: capo_value_real, double: capo_value_real, char *: capo_value_text,            \
    const char *: capo_value_text, Decimal: capo_value_decimal, Date: capo_value_date, Time: capo_value_time,                 \
    DateTime: capo_value_datetime, Duration: capo_value_duration, Uuid: capo_value_uuid, List *: capo_value_list,             \
    Map *: capo_value_map, struct ValueRange *: capo_value_object, struct Query *: capo_value_object, struct QueryPage *: capo_value_object,                               \
    struct Form *: capo_value_object, struct Formset *: capo_value_object, struct QueryDict *: capo_value_object,             \
    Object *: capo_value_object)(x)
#define V(name_, x) { .name = (name_), .value = VALUE(x) }
/* A model instance or a form struct: anything whose first member is called `capo`. OBJ("post", post); NULL is null. */
#define OBJ(name_, pointer) { .name = (name_), .value = capo_value_object(&(pointer)->capo) }
/* "a", "b" as an array that ends with NULL: for options. */
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* Any number of V() and OBJ(), also none, as the argument of a function. */
#define CAPO_VARS(...) ((const Var[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } })

/* --- using -------------------------------------------------------------------------------------------------------------- */

static inline bool capo_is_null(Value v) { return v.kind == VALUE_NULL; }
static inline bool capo_is_text(Value v) { return v.kind == VALUE_TEXT || v.kind == VALUE_SAFE; }

/* Python's truth: null, false, 0, "", empty lists and maps are false. */
bool capo_truth(Value v);
/* Python's ==: 1 == 1.0 == True, text by content, lists and maps by members, objects by their equal or identity. */
bool capo_equal(Value a, Value b);
/* -1, 0, 1 into *ret; false where Python's < would raise a TypeError (text against number, null against anything). */
bool capo_compare(Value a, Value b, int *ret);
/* Python's str(), as Django prints it: "None", "True", "1.0", "[1, 'a']", "2026-11-22 08:30:00+00:00". Sized by *ret_size. */
const char *capo_to_text(Value v);
/* Appends the same; no copy for texts. A list or map within itself is [...] or {...}; more than 200 within each other raise. */
void capo_put_value(Buffer *buffer, Value v);
/* Python's repr(), used inside lists and maps. */
void capo_put_repr(Buffer *buffer, Value v);
/* The value as an integer, where it is one or is a text of one (int()); false otherwise. Out of range: false. */
bool capo_to_int(Value v, int64_t *ret);
bool capo_to_real(Value v, double *ret);
/* Whole numbers of any size, as Python's int: VALUE_INT where 64 bits hold it, else a decimal with VALUE_FLAG_WHOLE. JSON, literals
 * of templates and sums make them. At most 4,300 digits, Python's own limit. */
bool capo_is_whole(Value v);
/* Whether a decimal's text is "NaN", "Infinity" or one of their kin, which Capo makes no values of but takes where it is given one. */
bool capo_is_special(Value v);
/* int(): of numbers without what is behind the point, of texts in digits of any script ("１２", "1_000"). False: it is none. */
bool capo_to_whole(Value v, Value *ret);
Value capo_whole_add(Value a, Value b);
/* Whether number % by == 0; raises ERROR_VALUE where by is 0. */
bool capo_whole_divides(Value by, Value number);
/* In base 8, 10 or 16, small letters, "-" before a negative one. */
char *capo_whole_text(Value v, int base);
/* str() as a text value, sized; safe stays safe. */
Value capo_value_to_text(Value v);
int64_t capo_length(Value v);                                   /* len(), text in code points; negative: has none */
/* Attribute, key or index, in Django's order. False: there is none. Does not call callables. */
bool capo_lookup(Value v, const char *name, size_t size, Value *ret);
/* The same for who looks for one name in many alike values: *hint, 0 at first, is where it was the last time. It is only a guess. */
bool capo_lookup_hinted(Value v, const char *name, size_t size, uint32_t *hint, Value *ret);
/* Iterates over lists, maps (their keys), texts (characters), bytes (numbers) and objects. *state starts as NULL. */
bool capo_iterate(Value v, void **state, Value *ret);
bool capo_iterable(Value v);

/* What a function makes, one item at a time, for {% for %} in a page that is streamed. next(argument, &item) gives false at the end. It
 * runs with an arena of its own, which is emptied now and then: an item, and whatever next allocates for it, is gone when the next
 * one is taken. What next keeps from one call to the other belongs into `argument`. Can be gone through once. */
typedef bool GeneratorNext(void *argument, Value *ret);
Object *capo_generator(GeneratorNext *next, void *argument);

List *capo_list_new(void);
void capo_list_add(List *list, Value item);
/* All items of an iterable. Raises past 10 million: an object's iterator may be endless. */
List *capo_list_of(Value iterable);
Map *capo_map_new(void);
/* Adds or replaces; a text key is not copied. */
void capo_map_set(Map *map, const char *key, Value value);
void capo_map_set_value(Map *map, Value key, Value value);
/* NULL: not there. */
Value *capo_map_get(const Map *map, const char *key);
Value *capo_map_get_n(const Map *map, const char *key, size_t size);
Value *capo_map_get_value(const Map *map, Value key);
bool capo_map_remove(Map *map, const char *key);
/* A map of V()s: capo_map(V("a", 1), V("b", "x")). */
#define capo_map(...) capo_map_of(CAPO_VARS(__VA_ARGS__))
Map *capo_map_of(const Var *vars);

/* --- JSON (RFC 8259), by jansson ------------------------------------------------------------------------------------------- */

/* Depth at most 32 levels, else *ret_error. Integers may be of any size. False: *ret_error says line and column. */
bool capo_json_parse(const char *text, size_t size, Value *ret, const char **ret_error);
/* Raises where lists and maps are more than 200 within each other, or one within itself. indent 0: one line, as Python's json.dumps prints it (", " and ": " between); dates ISO as Django's DjangoJSONEncoder. */
void capo_json_put(Buffer *buffer, Value v, int indent);
/* For a script: what JSON has no number for, and capo_json_put raises ERROR_VALUE for, is NaN, Infinity or -Infinity. */
void capo_json_put_javascript(Buffer *buffer, Value v);
/* As Python's json.dumps(ensure_ascii=False) writes it, with NaN and its like; compact: (",", ": ") between. Fixtures are written so. */
void capo_json_put_fixture(Buffer *buffer, Value v, int indent, bool compact);
char *capo_json_text(Value v, int indent);
