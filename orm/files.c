/* SPDX-License-Identifier: BSD-3-Clause */
/* FILE and IMAGE fields: contents that wait for their row to be saved, names out of .upload_to, and the file as templates see it.
 *
 * What waits is kept beside the instance with the name that its member got. A member that holds another text by the time of the save was
 * assigned by hand since, and the content is dropped. */
#include "instance.h"
#include <capo/files.h>
#include <capo/images.h>
#include <capo/text.h>
#include <string.h>

struct PendingFile {
    const Field *field;
    const char *name;
    FileContent content;
    PendingFile *next;
};

/* What the member was when it was asked for: a form shows the file that is there, whatever it has put into the row since. */
typedef struct FieldFile { Object object; Instance *instance; const Field *field; const char *name; } FieldFile;

/* --- the declaration --------------------------------------------------------------------------------------------------------------------- */

const char *capo_file_field_problem(const Field *field)
{
    const char *name = field->name, *of = field->model->label, *word = capo_field_kind_name(field->kind);
    const FieldRow *row = field->row;
    if (field->primary_key)
        return capo_format("%s.%s: 'primary_key' is not a valid argument for a %s.", of, name, word);
    if (field->upload_to && field->upload_to[0] == '/')
        return capo_format("%s.%s: %s's 'upload_to' argument must be a relative path, not an absolute path: remove the leading slash.", of, name, word);
    if (field->upload_to && row && row->options.file.upload_function)
        return capo_format("%s.%s: .upload_to and .upload_function exclude each other.", of, name);
    if (field->storage && row && row->options.file.storage_function)
        return capo_format("%s.%s: .storage and .storage_function exclude each other.", of, name);
    if (field->kind == FIELD_FILE && (field->width_field || field->height_field))
        return capo_format("%s.%s: .width_field and .height_field are for an IMAGE; a FILE has no size in pixels.", of, name);
    if (field->max_length < 0)
        return capo_format("%s.%s: .max_length must be positive, and is %d.", of, name, field->max_length);
    return NULL;
}

FileStorage *capo_file_storage(const Field *field)
{
    const FieldRow *row = field->row;
    return row && row->options.file.storage_function ? row->options.file.storage_function() : capo_storage(field->storage);
}

const char *capo_file_generate_name(Instance *self, const Field *field, const char *file_name)
{
    const FieldRow *row = field->row;
    if (row && row->options.file.upload_function && self->model->size) {
        const char *made = row->options.file.upload_function(self, file_name);
        if (!made)
            capo_bug("The .upload_function of %s.%s gave no name.", field->model->label, field->name);
        return capo_storage_generate_name(made);
    }
    if (!field->upload_to || !field->upload_to[0])
        return capo_storage_generate_name(file_name);
    DateParts now = capo_local(capo_now(), NULL);
    const char *folder = capo_strftime(&now, field->upload_to);
    return capo_storage_generate_name(capo_format("%s%s%s", folder, capo_ends_with(folder, "/") ? "" : "/", file_name));
}

/* --- the member -------------------------------------------------------------------------------------------------------------------------- */

static const Field *file_field(const Instance *self, const char *name)
{
    const Field *field = capo_field(self->model, name);
    if (!field || !capo_field_is_file(field->kind))
        capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no FILE or IMAGE field named '%s'.", self->model->name, name);
    return field;
}

/* NULL: no file. */
static const char *name_of(const Instance *self, const Field *field)
{
    Value value = capo_field_value(self, field);
    return capo_is_text(value) && value.size ? value.text : NULL;
}

/* No file is "" also where the column may be NULL, as in Django. */
static void store_name(Instance *self, const Field *field, const char *name)
{
    capo_field_store(self, field, capo_value_text(name));
}

/* The content that waits for this field under this name; NULL: it is written. */
static PendingFile *pending(const Instance *self, const Field *field, const char *name)
{
    for (PendingFile *file = self->state->files; file && name; file = file->next)
        if (file->field == field)
            return strcmp(file->name, name) == 0 ? file : NULL;
    return NULL;
}

/* The name, once there is a file of it. */
static const char *written(const Instance *self, const Field *field, const char *name)
{
    if (!name || !*name)
        capo_raise(ERROR_VALUE, "The '%s' attribute has no file associated with it.", field->name);
    if (pending(self, field, name))
        capo_raise(ERROR_VALUE, "The file '%s' of '%s' is not in its storage yet: it is written when the %s is saved.", name, field->name, self->model->verbose_name);
    return name;
}

static void forget_pending(Instance *self, const Field *field)
{
    for (PendingFile **at = &self->state->files; *at; )
        if ((*at)->field == field)
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

/* --- images -------------------------------------------------------------------------------------------------------------------------------- */

static size_t read_stored(void *context, int64_t offset, void *into, size_t size)
{
    size_t have = 0;
    capo_stored_seek(context, offset);
    for (size_t n; have < size && (n = capo_stored_read(context, (char *)into + have, size - have)) > 0; )
        have += n;
    return have;
}

static FileDimensions dimensions_of(const FileContent *content)
{
    ImageInfo image = { 0 };
    bool good = content->path ? capo_image_file(content->path, &image) : capo_image_info(content->bytes, content->size, &image);
    return good ? (FileDimensions){ image.width, image.height } : (FileDimensions){ 0 };
}

static FileDimensions image_named(Instance *self, const Field *field, const char *name)
{
    const PendingFile *waiting = pending(self, field, name);
    ImageInfo image = { 0 };
    if (waiting)
        return dimensions_of(&waiting->content);
    if (!capo_image_read(read_stored, capo_storage_open(capo_file_storage(field), written(self, field, name)), &image))
        return (FileDimensions){ 0 };
    return (FileDimensions){ image.width, image.height };
}

FileDimensions capo_instance_image(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    return image_named(self, field, name_of(self, field));
}

static void store_dimension(Instance *self, const char *name, int64_t pixels)
{
    const Field *field = name ? capo_field(self->model, name) : NULL;
    if (field)
        capo_field_store(self, field, pixels || !field->null ? capo_value_int(pixels) : capo_value_null());
}

static void store_dimensions(Instance *self, const Field *field, const FileContent *content)
{
    if (!field->width_field && !field->height_field)
        return;
    FileDimensions size = content ? dimensions_of(content) : (FileDimensions){ 0 };
    store_dimension(self, field->width_field, size.width);
    store_dimension(self, field->height_field, size.height);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------------- */

static void check_content(const Instance *self, const Field *field, const FileContent *content)
{
    if (!content->name || !*content->name)
        capo_bug("The content for %s.%s has no name: capo_content(\"notes.txt\", text).", self->model->label, field->name);
}

void capo_instance_set_file(Instance *self, const char *name, FileContent content)
{
    const Field *field = file_field(self, name);
    check_content(self, field, &content);
    forget_pending(self, field);
    PendingFile *file = capo_alloc_struct(PendingFile);
    *file = (PendingFile){ .field = field, .name = capo_strdup(content.name), .content = content, .next = self->state->files };
    self->state->files = file;
    store_name(self, field, file->name);
    store_dimensions(self, field, &content);
}

static void write_content(Instance *self, const Field *field, const FileContent *content)
{
    const char *wanted = capo_file_generate_name(self, field, content->name);
    store_name(self, field, capo_storage_save(capo_file_storage(field), wanted, *content, field->max_length));
}

void capo_commit_files(Instance *self, const Field *only)
{
    for (size_t i = 0; i < self->model->n_fields && self->state->files; i++) {
        const Field *field = self->model->fields[i];
        const PendingFile *file = (!only || field == only) && capo_field_is_file(field->kind) ? pending(self, field, name_of(self, field)) : NULL;
        if (!file)
            continue;
        write_content(self, field, &file->content);
        forget_pending(self, field);
    }
    if (!only)
        self->state->files = NULL;
}

void capo_instance_save_file(Instance *self, const char *name, FileContent content, bool save)
{
    const Field *field = file_field(self, name);
    check_content(self, field, &content);
    forget_pending(self, field);
    write_content(self, field, &content);
    store_dimensions(self, field, &content);
    if (save)
        capo_instance_save(self);
}

void capo_instance_clear_file(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    forget_pending(self, field);
    store_name(self, field, "");
    store_dimensions(self, field, NULL);
}

typedef struct Deletion { FileStorage *storage; const char *name; } Deletion;

static void delete_now(void *argument)
{
    const Deletion *deletion = argument;
    capo_storage_delete(deletion->storage, deletion->name);
}

void capo_instance_delete_file(Instance *self, const char *name, bool save)
{
    const Field *field = file_field(self, name);
    const char *stored = name_of(self, field);
    if (!stored)
        return;
    bool waited = pending(self, field, stored) != NULL;         /* it was never written */
    capo_instance_clear_file(self, name);
    if (save)
        capo_instance_save(self);
    if (waited)
        return;
    Deletion *deletion = capo_alloc_struct(Deletion);
    *deletion = (Deletion){ capo_file_storage(field), capo_strdup(stored) };
    capo_on_commit(delete_now, deletion);
}

/* --- asking -------------------------------------------------------------------------------------------------------------------------------- */

bool capo_instance_has_file(Instance *self, const char *name) { return name_of(self, file_field(self, name)) != NULL; }

const char *capo_instance_file_url_or_null(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    const char *stored = name_of(self, field);
    return stored && !pending(self, field, stored) ? capo_storage_url_or_null(capo_file_storage(field), stored) : NULL;
}

const char *capo_instance_file_url(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    return capo_storage_url(capo_file_storage(field), written(self, field, name_of(self, field)));
}

const char *capo_instance_file_path(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    return capo_storage_path(capo_file_storage(field), written(self, field, name_of(self, field)));
}

int64_t capo_instance_file_size(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    return capo_storage_size(capo_file_storage(field), written(self, field, name_of(self, field)));
}

StoredFile *capo_instance_open_file(Instance *self, const char *name)
{
    const Field *field = file_field(self, name);
    return capo_storage_open(capo_file_storage(field), written(self, field, name_of(self, field)));
}

/* --- in templates --------------------------------------------------------------------------------------------------------------------------- */

static const char *const names[] = { "name", "url", "path", "size", "width", "height", NULL };

static bool file_get(Object *object, const char *name, size_t size, Value *ret)
{
    const FieldFile *file = (const FieldFile *)(const void *)object;
    const Field *field = file->field;
    int which = 0;
    while (names[which] && (strlen(names[which]) != size || memcmp(names[which], name, size) != 0))
        which++;
    if (!names[which] || (which >= 4 && field->kind != FIELD_IMAGE))
        return false;
    if (which == 0) {
        *ret = file->name ? capo_value_text(file->name) : capo_value_null();
    } else if (which >= 4) {
        FileDimensions image = image_named(file->instance, field, file->name);
        *ret = capo_value_int(which == 4 ? image.width : image.height);
    } else {
        FileStorage *storage = capo_file_storage(field);
        const char *stored = written(file->instance, field, file->name);
        *ret = which == 3 ? capo_value_int(capo_storage_size(storage, stored))
                          : capo_value_text(which == 1 ? capo_storage_url(storage, stored) : capo_storage_path(storage, stored));
    }
    return true;
}

static const char *file_text(Object *object)
{
    const FieldFile *file = (const FieldFile *)(const void *)object;
    return file->name ? file->name : "";
}

static bool file_truth(Object *object) { return *file_text(object) != 0; }

static bool file_equal(Object *object, Value other)
{
    const char *text = capo_is_text(other) || capo_is_field_file(other) ? capo_to_text(other) : NULL;
    return text && strcmp(file_text(object), text) == 0;
}

static int64_t no_length(Object *object)
{
    (void)object;
    return -1;
}

static const char *const *file_names(Object *object)
{
    (void)object;
    return names;
}

static const ObjectOps file_ops = {
    .type_name = "FieldFile", .get = file_get, .text = file_text, .truth = file_truth, .equal = file_equal, .length = no_length, .names = file_names,
};

Value capo_field_file(Instance *self, const Field *field)
{
    FieldFile *file = capo_alloc_struct(FieldFile);
    *file = (FieldFile){ .object.ops = &file_ops, .instance = self, .field = field, .name = name_of(self, field) };
    return capo_value_object(file);
}

bool capo_is_field_file(Value value) { return value.kind == VALUE_OBJECT && value.object && value.object->ops == &file_ops; }

const char *capo_field_file_url(Value value)
{
    if (!capo_is_field_file(value))
        return NULL;
    const FieldFile *file = (const FieldFile *)(const void *)value.object;
    return file->name && !pending(file->instance, file->field, file->name) ? capo_storage_url_or_null(capo_file_storage(file->field), file->name) : NULL;
}

Value capo_instance_file_value(Instance *self, const Field *field)
{
    return name_of(self, field) ? capo_field_file(self, field) : capo_value_null();
}
